from ast import literal_eval
from datetime import date, timedelta

from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import freeze_time, tagged

from ..common import AS_OF, ClassificationCase


@tagged("post_install", "-at_install")
class TestComing(ClassificationCase):
    """Days on which classes are lost, as fields, and shares of all revenue.

    The day is the 30th of June 2025; High from 5,000, kept down to 4,500, 30 days of
    grace.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = cls._user("coming_seller", "sales_team.group_sale_salesman")
        cls.high = cls._regular("High", 600)
        cls.low = cls._regular("Low", 150, every=10, times=8)
        cls.prospect = cls._customer("Prospect")
        cls._opportunity(cls.prospect)
        cls._recompute()

    def test_days_are_those_that_the_outlook_tells(self):
        for customer in (self.high, self.low):
            profile = self._profile(customer)
            [told] = (
                profile.sudo()
                ._outlook(self.policy, AS_OF, self._run_of(profile).edges)
                .values()
            )
            self.assertEqual(profile.tier_fall_date, told.tier_date)
            self.assertEqual(profile.dormant_date, told.dormant_date)
            self.assertEqual(profile.lost_date, told.lost_date)
        self.assertEqual(self._profile(self.high).tier_fall_date, date(2026, 1, 1))

    def _run_of(self, profile):
        return self.env["classification.run"]._last_full_run(self.policy)

    def test_who_never_bought_has_none(self):
        profile = self._profile(self.prospect)
        self.assertFalse(profile.dormant_date or profile.lost_date)
        self.assertFalse(profile.tier_fall_date or profile.lost_days)

    def test_the_day_that_is_stored_comes(self):
        day = self._profile(self.high).tier_fall_date
        below = day - timedelta(self.policy.grace_days)
        for as_of in (below, day - timedelta(1), day):
            self._recompute(as_of)
            tier = self._profile(self.high).value_tier_id.code
            self.assertEqual(tier, "medium" if as_of == day else "high", as_of)

    def test_days_stand(self):
        """No run rewrites a profile because of them."""
        names = ["dormant_date", "lost_date", "tier_fall_date"]
        profiles = self._profile(self.high) + self._profile(self.low)
        before = profiles.read(names)
        for ahead in (1, 20, 45):
            self._recompute(AS_OF + timedelta(ahead))
            self.assertEqual(profiles.read(names), before, ahead)
        self._recompute(AS_OF + timedelta(400))
        self.assertEqual(profiles[0].lifecycle_stage_id.code, "lost")
        self.assertEqual(profiles[0].lost_date, before[0]["lost_date"])

    def test_a_purchase_moves_the_days(self):
        before = self._profile(self.high)
        days = before.lost_date, before.tier_fall_date
        self._purchase(self.high, AS_OF + timedelta(30), 600)
        self._recompute(AS_OF + timedelta(30))
        after = self._profile(self.high)
        self.assertGreater(after.lost_date, days[0])
        self.assertGreater(after.tier_fall_date, days[1])

    def test_tiers_by_score_fall_on_no_known_day(self):
        limits = {"vip": 90, "high": 60, "medium": 20, "low": 0}
        draft = self._policy(
            self.company, value_metric="score", tier_ids=self._limit_commands(limits)
        )
        self._recompute(policy=draft)
        profile = self._profile(self.high)
        self.assertEqual(profile.policy_id, draft)
        self.assertFalse(profile.tier_fall_date)
        self.assertTrue(profile.lost_date)

    # Decided by a person

    def _decide(self, tier, end):
        return self.env["classification.override"].create(
            {
                "partner_id": self.high.id,
                "company_id": self.company.id,
                "tier_id": self._tier(tier).id,
                "start_date": AS_OF,
                "end_date": end,
                "reason": "Promised.",
            }
        )

    def test_no_fall_before_a_decision_ends(self):
        """By the numbers, High falls to Medium on New Year."""
        self.enterContext(freeze_time("2025-06-30 12:00"))
        for tier, end, day in (
            ("vip", date(2025, 9, 30), date(2025, 10, 1)),
            ("high", date(2025, 9, 30), date(2026, 1, 1)),
            ("high", date(2025, 12, 31), date(2026, 1, 1)),
            ("high", date(2026, 2, 10), date(2026, 2, 11)),
            ("low", date(2025, 9, 30), date(2026, 1, 1)),
            ("low", date(2026, 2, 10), False),
        ):
            with self.subTest(tier=tier, end=end):
                self._decide(tier, end)
                profile = self._profile(self.high)
                self.assertEqual(profile.value_tier_id, self._tier(tier))
                self.assertEqual(profile.tier_fall_date, day)
                self.high.invalidate_recordset()
                self.assertEqual(self.high.customer_tier_fall_date, day)

    def test_the_day_of_a_decided_tier_comes(self):
        with freeze_time("2025-06-30 12:00"):
            self._decide("high", date(2026, 2, 10))
        day = self._profile(self.high).tier_fall_date
        below = date(2026, 1, 1) - timedelta(self.policy.grace_days)
        for as_of, tier in (
            *((below, "high"), (day - timedelta(1), "high"), (day, "medium")),
        ):
            self._recompute(as_of)
            self.assertEqual(self._profile(self.high).value_tier_id.code, tier)

    def test_the_filter_finds_nobody_whom_a_decision_keeps(self):
        profile = self._profile(self.high)
        with freeze_time("2025-12-15 12:00"):
            self.assertIn(
                profile, self._filtered("customer.profile", "tier_falls_soon")
            )
        with freeze_time("2025-06-30 12:00"):
            self._decide("high", date(2026, 2, 10))
        for today, is_found in (("2025-12-15 12:00", False), ("2026-01-20", True)):
            with freeze_time(today):
                for model, prefix, record in (
                    ("customer.profile", "", profile),
                    ("res.partner", "customer_", self.high),
                ):
                    found = self._filtered(model, prefix + "tier_falls_soon")
                    self.assertEqual(record in found, is_found, (model, today))

    def test_an_ended_decision_gives_the_day_of_the_numbers_back(self):
        with freeze_time("2025-06-30 12:00"):
            decision = self._decide("vip", date(2026, 2, 10))
            decision.action_end()
        self.assertEqual(self._profile(self.high).tier_fall_date, date(2026, 1, 1))

    def _decide_stage(self, stage, end):
        return self.env["classification.override"].create(
            {
                "partner_id": self.high.id,
                "company_id": self.company.id,
                "axis": "lifecycle_stage",
                "stage_id": self._stage(stage).id,
                "start_date": AS_OF,
                "end_date": end,
                "reason": "On parental leave.",
            }
        )

    def test_not_lost_before_a_decision_about_the_stage_ends(self):
        profile = self._profile(self.high)
        dormant, lost = profile.dormant_date, profile.lost_date
        self.assertLess(dormant, lost)
        between = dormant + timedelta(3)
        late = lost + timedelta(9)
        self.enterContext(freeze_time("2025-06-30 12:00"))
        for stage, end, days in (
            ("loyal", dormant - timedelta(9), (dormant, lost)),
            ("loyal", between, (between + timedelta(1), lost)),
            ("loyal", late, (False, late + timedelta(1))),
            ("dormant", between, (dormant, lost)),
            ("lost", late, (dormant, lost)),
        ):
            with self.subTest(stage=stage, end=end):
                decision = self._decide_stage(stage, end)
                profile = self._profile(self.high)
                self.assertEqual(profile.lifecycle_stage_id, self._stage(stage))
                self.assertEqual((profile.dormant_date, profile.lost_date), days)
                decision.action_end()
        profile = self._profile(self.high)
        self.assertEqual((profile.dormant_date, profile.lost_date), (dormant, lost))

    # Days until

    def test_days_until_are_counted_from_today(self):
        profile = self._profile(self.high)
        with freeze_time(profile.lost_date - timedelta(12)):
            profile.invalidate_recordset()
            self.assertEqual(profile.lost_days, 12)
            self.assertEqual(self.high.customer_lost_days, 12)
            found = self.env["customer.profile"].search(
                [("lost_days", "=", 12), ("company_id", "=", self.company.id)]
            )
            self.assertEqual(found, profile)

    def test_filters(self):
        """Each predefined filter finds the customers of the days that it names."""
        profile = self._profile(self.high)
        for name, day in (
            ("lost_soon", profile.lost_date),
            ("tier_falls_soon", profile.tier_fall_date),
        ):
            for before, expected in ((0, True), (30, True), (31, False), (-1, False)):
                with freeze_time(day - timedelta(before)):
                    for model, prefix, record in (
                        ("customer.profile", "", profile),
                        ("res.partner", "customer_", self.high),
                    ):
                        found = self._filtered(model, prefix + name)
                        self.assertEqual(record in found, expected, (name, before))

    def _filtered(self, model, name):
        """Records that a filter of the search view finds."""
        arch = etree.fromstring(self.env[model].get_view(view_type="search")["arch"])
        [node] = arch.xpath(f"//filter[@name='{name}']")
        return self.env[model].search(literal_eval(node.get("domain")))

    def test_months_are_groups(self):
        day = self._profile(self.high).lost_date.replace(day=1)
        for model, name, domain in (
            ("customer.profile", "lost_date", [("partner_id", "=", self.high.id)]),
            ("res.partner", "customer_lost_date", [("id", "=", self.high.id)]),
        ):
            found = self.env[model]._read_group(domain, [f"{name}:month"], ["__count"])
            self.assertEqual(found, [(day, 1)])

    def test_sorted(self):
        domain = [("id", "in", (self.high + self.low).ids)]
        for name in ("customer_lost_days", "customer_lost_date"):
            found = self.env["res.partner"].search(domain, order=name)
            self.assertEqual(found, self.low + self.high)

    # Shares

    def test_share_of_revenue(self):
        shares = [self._profile(one).revenue_share for one in (self.high, self.low)]
        self.assertAlmostEqual(shares[0], 7_200 / 8_400)
        self.assertAlmostEqual(sum(shares), 1)
        self.assertEqual(self._profile(self.prospect).revenue_share, 0)

    def test_the_share_of_a_group_is_the_sum(self):
        """Also of contacts, of which those of one customer count once."""
        self._customer("Contact", parent_id=self.high.id)
        profiles = [("company_id", "=", self.company.id)]
        contacts = [("commercial_partner_id", "in", (self.high + self.low).ids)]
        for model, prefix, domain in (
            ("customer.profile", "", profiles),
            ("res.partner", "customer_", contacts),
        ):
            tier, share = f"{prefix}value_tier_id", f"{prefix}revenue_share"
            field = self.env[model]._fields[share]
            self.assertEqual(field._description_aggregator(self.env), "sum")
            found = dict(
                self.env[model]._read_group(
                    [*domain, (tier + ".code", "in", ("high", "medium"))],
                    [tier],
                    [f"{share}:sum"],
                )
            )
            self.assertAlmostEqual(found[self._tier("high")], 7_200 / 8_400)
            self.assertAlmostEqual(found[self._tier("medium")], 1_200 / 8_400)
            [(whole,)] = self.env[model]._read_group(domain, [], [f"{share}:sum"])
            self.assertAlmostEqual(whole, 1)

    def test_share_by_the_last_full_run(self):
        """Later purchases are in the customer's part, not in the whole."""
        self._purchase(self.low, AS_OF, 800)
        self.policy.recompute(AS_OF, self.low.ids)
        self.assertAlmostEqual(self._profile(self.low).revenue_share, 2_000 / 8_400)

    def test_amounts_are_for_those_who_see_all_sales(self):
        profile = self._profile(self.high).with_user(self.seller)
        self.assertTrue(profile.lost_date and profile.tier_fall_date)
        with self.assertRaises(AccessError):
            profile.read(["revenue_share"])
        with self.assertRaises(AccessError):
            profile.search([("revenue_share", ">", 0.5)])
        with self.assertRaises(AccessError):
            self.high.with_user(self.seller).search(
                [("customer_revenue_share", ">", 0)]
            )
