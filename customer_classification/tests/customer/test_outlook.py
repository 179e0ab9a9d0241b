from datetime import timedelta

from odoo.tests import Form, tagged

from ..common import AS_OF
from .test_explanation import ExplanationCase


class OutlookCase(ExplanationCase):
    def _outlook(self, partner, name, user=None):
        return self._text(self._profile(partner), name, user)


@tagged("post_install", "-at_install")
class TestOutlook(OutlookCase):
    """Sentences on reaching and keeping a tier, and on changes to come.

    The day is the 30th of June 2025; VIP from 10,000, High from 5,000, Medium from
    1,000.
    """

    def test_to_reach_and_to_keep(self):
        customer = self._regular("High", 600)
        self._recompute()
        self.assertEqual(
            self._outlook(customer, "tier_reach_text"),
            "To reach VIP: 2,800.00 € more, about 5 orders of the usual size.",
        )
        # 7,200 less 600 a month: the fifth order leaves the window on 12/02/2025, and
        # 30 days later, when grace ends, the sixth.
        self.assertEqual(
            self._outlook(customer, "tier_keep_text"),
            "High is kept down to 4,500.00 €. Without a purchase it becomes Medium on "
            "01/01/2026. To keep High: 900.00 € (about 2 orders) by 12/31/2025.",
        )
        self.assertEqual(
            self._outlook(customer, "tier_reach_text", self.seller),
            "To reach VIP: about 5 orders of the usual size more.",
        )
        self.assertEqual(
            self._outlook(customer, "tier_keep_text", self.seller),
            "Without a purchase it becomes Medium on 01/01/2026. To keep High: about 2 "
            "orders of the usual size by 12/31/2025.",
        )

    def test_the_day_that_was_told_comes(self):
        customer = self._regular("High", 600)
        self._recompute()
        day = self._profile(customer).tier_change_date
        below = day - timedelta(self.policy.grace_days)
        for as_of in (below - timedelta(1), below, day - timedelta(1), day):
            self._recompute(as_of)
            profile = self._profile(customer)
            expected = "medium" if as_of == day else "high"
            self.assertEqual(profile.value_tier_id.code, expected, as_of)
            since = below if below <= as_of < day else False
            self.assertEqual(profile.tier_below_since, since, as_of)
            if as_of < day:
                self.assertEqual(profile.tier_change_date, day, as_of)

    def test_what_is_said_to_keep_it_keeps_it(self):
        customer = self._regular("High", 600)
        self._recompute()
        day = self._profile(customer).tier_change_date
        self._purchase(customer, day - timedelta(1), 900)
        self._recompute(day - timedelta(self.policy.grace_days))
        self._recompute(day)
        self.assertEqual(self._profile(customer).value_tier_id.code, "high")

    def test_a_cent_less_does_not(self):
        customer = self._regular("High", 600)
        self._recompute()
        day = self._profile(customer).tier_change_date
        self._purchase(customer, day - timedelta(1), 899.99)
        self._recompute(day - timedelta(self.policy.grace_days))
        self._recompute(day)
        self.assertEqual(self._profile(customer).value_tier_id.code, "medium")

    def test_best_and_lowest(self):
        best, lowest = self._regular("Best", 2_000), self._regular("Lowest", 10)
        self._recompute()
        self.assertEqual(self._outlook(best, "tier_reach_text"), "")
        self.assertIn("VIP is kept down to", self._outlook(best, "tier_keep_text"))
        self.assertEqual(self._outlook(lowest, "tier_keep_text"), "")
        self.assertEqual(
            self._outlook(lowest, "tier_reach_text"),
            "To reach Medium: 880.00 € more.",
        )

    def test_stage_and_risk(self):
        customer = self._regular("Silent", 100)
        self._recompute()
        self.assertEqual(
            self._outlook(customer, "stage_outlook_text"),
            "Without a purchase: Dormant on 09/28/2025, Lost on 12/27/2025.",
        )
        self.assertEqual(
            self._outlook(customer, "risk_outlook_text"),
            "Without a purchase: Medium from 08/14/2025 on.",
        )
        for days, stage, risk in (
            (44, "loyal", "low"),
            (45, "loyal", "medium"),
            (89, "loyal", "medium"),
            (90, "dormant", "high"),
            (179, "dormant", "high"),
            (180, "lost", False),
        ):
            self._recompute(AS_OF + timedelta(days))
            profile = self._profile(customer)
            self.assertEqual(profile.lifecycle_stage_id.code, stage, days)
            self.assertEqual(profile.churn_risk, risk, days)
        self.assertEqual(
            self._outlook(customer, "stage_outlook_text"),
            "The next purchase wins the customer back.",
        )

    def test_who_has_nothing_to_lose(self):
        never, returned = self._customer("Never"), self._customer("Returned")
        self._opportunity(never, 100, created=AS_OF - timedelta(5))
        self._purchase(returned, AS_OF - timedelta(9), -50)
        lapsed = self._regular("Lapsed", 10, until=AS_OF - timedelta(500))
        self._recompute()
        for partner in (never, returned):
            for name in ("tier_reach", "tier_keep", "stage_outlook", "risk_outlook"):
                self.assertEqual(self._outlook(partner, f"{name}_text"), "", name)
        self.assertEqual(
            self._outlook(lapsed, "tier_reach_text"),
            "To reach Medium: 1,000.00 € more.",
        )

    def test_too_new(self):
        customer = self._customer("New")
        self._purchase(customer, AS_OF - timedelta(12), 1_500)
        self._recompute()
        self.assertEqual(
            self._outlook(customer, "tier_reach_text"),
            "Rated on 07/18/2025, as Medium if nothing more is bought.",
        )

    def test_a_refund_leaves_the_window(self):
        customer = self._regular("Refunded", 350, times=11)
        self._purchase(customer, AS_OF - timedelta(350), -2_000)
        self._purchase(customer, AS_OF - timedelta(5), 3_000)
        self._recompute()
        self.assertIn(
            "High comes on 07/15/2025 without a purchase.",
            self._outlook(customer, "tier_keep_text"),
        )

    def test_decided_by_a_person(self):
        """The outlook is that of the numbers, and says so: VIP is not shown."""
        customer = self._decided_customer()
        self.assertRegex(
            self._outlook(customer, "tier_keep_text"),
            r"^A person decided until .*\d\. By the numbers: VIP is kept down to",
        )
        self.assertNotIn("decided", self._outlook(customer, "stage_outlook_text"))

    def test_decided_as_the_numbers_are(self):
        """The decision keeps the tier until it ends, so no earlier day is told."""
        today = self.policy._today()
        customer = self._regular("High", 600, until=today)
        self._recompute(as_of_date=today)
        profile = self._profile(customer)
        change = profile.tier_change_date
        decision = self.env["classification.override"].create(
            {
                "partner_id": customer.id,
                "company_id": self.company.id,
                "tier_id": profile.value_tier_id.id,
                "end_date": change + timedelta(20),
                "reason": "Promised.",
            }
        )
        profile.invalidate_recordset()
        self.assertEqual(profile.tier_change_date, change + timedelta(21))
        self.assertIn("A person decided until", profile.tier_keep_text)
        decision.end_date = change - timedelta(20)
        profile.invalidate_recordset()
        self.assertEqual(profile.tier_change_date, change)

    def test_what_is_said_to_reach_a_tier_that_a_person_decided(self):
        """Buying it changes what the numbers say, and not what is shown."""
        today = self.policy._today()
        customer = self._regular("High", 600, until=today)
        self._recompute(as_of_date=today)
        self.env["classification.override"].create(
            {
                "partner_id": customer.id,
                "company_id": self.company.id,
                "tier_id": self._tier("low").id,
                "reason": "Does not pay.",
            }
        )
        text = self._outlook(customer, "tier_reach_text")
        self.assertIn("By the numbers: To reach VIP: 2,800.00 € more", text)
        self._purchase(customer, today, 2_800)
        self._recompute(as_of_date=today)
        profile = self._profile(customer)
        self.assertEqual(profile.shadow_tier_id, self._tier("vip"))
        self.assertEqual(profile.value_tier_id, self._tier("low"))

    def test_rules_that_do_not_hold_any_more(self):
        """A profile by invalid rules can be read, without its outlook."""
        customer = self._regular("High", 600)
        self._recompute()
        self.env.cr.execute(
            "UPDATE classification_policy SET window_months = 0 WHERE id = %s",
            [self.policy.id],
        )
        self.policy.invalidate_recordset()
        self.env.registry.clear_cache()  # published rules are read once
        form = Form(self._profile(customer))
        self.assertFalse(form.tier_keep_text)
        self.assertEqual(form.document_count, 0)

    def test_form_and_archived(self):
        customer = self._regular("Reached", 1_000)
        customer.active = False
        self._recompute()
        form = Form(self._profile(customer))
        self.assertIn("VIP is kept", form.tier_keep_text.replace("\xa0", " "))
        self.assertEqual(form.value_trend, "steady")

    def test_queries_of_a_form(self):
        """The form's unstored fields take a fixed number of queries.

        Odoo does not count the two COPY that read facts and purchases.
        """
        customer = self._regular("High", 600)
        self._order(customer, AS_OF, 50)
        self._recompute()
        names = [
            *("tier_explanation", "stage_explanation", "risk_explanation"),
            *("tier_reach_text", "tier_keep_text", "tier_change_date"),
            *("stage_outlook_text", "risk_outlook_text", "value_trend"),
            *("value_trend_text", "last_document", "document_count"),
        ]
        profile = self._profile(customer)
        profile.read(names)
        self.env.invalidate_all()
        with self.assertQueryCount(36):  # three are of the rules and their segments
            profile.read(names)

    def test_many_cost_no_more_queries(self):
        for number in range(1, 6):
            self._regular(f"Customer {number}", 300 * number)
        self._recompute()
        profiles = self.env["customer.profile"].search(
            [("company_id", "=", self.company.id)]
        )
        counts = []
        for records in (profiles[:1], profiles):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            records.mapped("tier_keep_text")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0])
        self.assertTrue(all(profiles.mapped("stage_outlook_text")))


@tagged("post_install", "-at_install")
class TestOutlookByShares(OutlookCase):
    tier_method = "top_percent"
    limits = {"vip": 10, "high": 30, "medium": 60, "low": 100}

    def test_a_share_is_above_its_limit(self):
        customers = [self._regular(f"Customer {n}", 10 * n) for n in range(1, 12)]
        self._recompute()
        tenth = customers[9]  # is the limit of VIP
        self.assertEqual(self._profile(tenth).value_tier_id.code, "high")
        self.assertEqual(
            self._outlook(tenth, "tier_reach_text"),
            "To reach VIP: 0.01 € more, about 1 order of the usual size.",
        )
        self.assertIn(", at today's limits.", self._outlook(tenth, "tier_keep_text"))


@tagged("post_install", "-at_install")
class TestOutlookByScore(OutlookCase):
    limits = {"vip": 80, "high": 60, "medium": 40, "low": 0}
    policy_values = {"value_metric": "score", "grace_days": 10}

    def test_a_score_falls_with_time(self):
        for number in range(1, 51):
            until = AS_OF - timedelta(number)
            self._regular(f"Customer {number}", 10 * number, until=until)
        best = self._regular("Best", 900, times=13)
        self._recompute()
        profile = self._profile(best)
        day = profile.tier_change_date
        self.assertGreater(day, AS_OF)
        text = self._text(profile, "tier_keep_text")
        self.assertIn("VIP is kept down to 72.0.", text)
        self.assertNotIn("€", text)
        edges = self.env["classification.run"]._last_full_run(self.policy).edges
        self.assertTrue(edges["recency"])
        codes = []
        for as_of in (day - timedelta(10), day - timedelta(1), day):
            self._recompute(as_of, partner_ids=best.ids)  # by the limits of today
            codes.append(self._profile(best).value_tier_id.code)
        self.assertEqual(codes, ["vip", "vip", "high"])


@tagged("post_install", "-at_install")
class TestTrend(OutlookCase):
    """The direction of a customer's value, and the reason."""

    def _assert_trend(self, partner, trend, text):
        profile = self._profile(partner)
        self.assertEqual(profile.value_trend, trend)
        self.assertEqual(self._text(profile, "value_trend_text"), text)

    def test_directions(self):
        steady = self._regular("Steady", 100)
        rising, falling = self._regular("Rising", 100), self._regular("Falling", 100)
        for age in (10, 20):
            self._purchase(rising, AS_OF - timedelta(age), 600)
            self._purchase(falling, AS_OF - timedelta(age + 250), 600)
        few = self._customer("Few")
        self._purchase(few, AS_OF - timedelta(40), 50)
        never, new = self._customer("Never"), self._regular("New", 100, times=6)
        self._opportunity(never, 100, created=AS_OF - timedelta(5))
        self._recompute()
        self._assert_trend(new, False, "Too new to tell a direction.")
        months = "in the last 6 months than in the time before."
        self._assert_trend(steady, "steady", "No clear direction: 40 % more " + months)
        self._assert_trend(rising, "rising", "280 % more " + months)
        self._assert_trend(falling, "falling", "59 % less " + months)
        self._assert_trend(few, False, "Too few orders to tell a direction.")
        self._assert_trend(never, False, "")

    def test_below_the_limit(self):
        customer = self._regular("High", 420)
        self._recompute()
        self._purchase(customer, AS_OF + timedelta(1), -1_040)
        self._recompute(AS_OF + timedelta(1))
        self._assert_trend(
            customer, "falling", "Below what keeps High since 07/01/2025."
        )

    def test_silent(self):
        customer = self._customer("Silent")
        for age in (150, 160):
            self._purchase(customer, AS_OF - timedelta(age), 50)
        self._recompute()
        self._assert_trend(customer, "falling", "No purchase for 150 days.")
