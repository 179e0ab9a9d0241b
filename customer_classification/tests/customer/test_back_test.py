from datetime import date, timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from ...models.customer.back_test import BackTest
from ...models.customer.verdict import Verdict
from ..common import AS_OF, ClassificationCase

AFTER = AS_OF + timedelta(days=10)


@tagged("post_install", "-at_install")
class TestBackTest(ClassificationCase):
    """Four customers with earlier purchases, and one with later ones alone.

    ======== ====== ======== ============ ==========
    customer tier   risk     bought after  last year
    ======== ====== ======== ============ ==========
    Big      VIP    low      6,000         12,000
    Steady   Low    low      200           120
    Silent   Low    high     nothing       120
    Fading   Medium medium   nothing       2,400
    Late     -      -        800           nothing
    ======== ====== ======== ============ ==========
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.big = cls._regular("Big", 1_000)
        cls.steady = cls._regular("Steady", 10)
        cls.silent = cls._regular("Silent", 10, until=AS_OF - timedelta(days=95))
        cls.fading = cls._regular("Fading", 200, until=AS_OF - timedelta(days=50))
        cls.late = cls._customer("Late")
        cls._purchase(cls.big, AFTER, 3_500)
        cls._purchase(cls.big, AFTER + timedelta(days=90), 2_500)
        cls._purchase(cls.steady, AFTER, 250)
        cls._purchase(cls.steady, AFTER, -50)
        cls._purchase(cls.late, AFTER, 800)

    @classmethod
    def _back_test(cls, horizon_days=180, **values):
        return cls._recompute(kind="back_test", horizon_days=horizon_days, **values)

    def _line(self, run, axis, name):
        lines = run.back_test_line_ids.filtered(lambda line: line.axis == axis)
        return lines.filtered(lambda line: name in (line.name, line.warning))

    def test_tiers(self):
        run = self._back_test()
        vip = self._line(run, "value_tier", "VIP")
        self.assertEqual((vip.customer_count, vip.buyer_count), (1, 1))
        self.assertEqual(vip.revenue, 6_000)
        self.assertAlmostEqual(vip.measures["revenue_share"], 6_000 / 6_200)
        self.assertAlmostEqual(vip.measures["spend_share"], 6_000 / 6_200)
        self.assertAlmostEqual(vip.measures["revenue_lift"], 6_000 / (6_200 / 4))
        low = self._line(run, "value_tier", "Low")
        self.assertEqual((low.customer_count, low.buyer_count), (2, 1))
        self.assertEqual(low.measures["loss_rate"], 0.5)
        whole = run.back_test_tier_ids.filtered("is_total")
        self.assertEqual((whole.customer_count, whole.revenue), (4, 6_200))

    def test_money_stands_in_no_json(self):
        run = self._back_test()
        for measures in (run.back_test, *run.back_test_line_ids.mapped("measures")):
            self.assertNotIn("6000", str(measures))
            self.assertNotIn("6200", str(measures))

    def test_warnings(self):
        run = self._back_test()
        medium = self._line(run, "warning", "medium").measures
        self.assertEqual((medium["warned"], medium["hits"], medium["lost"]), (2, 2, 2))
        self.assertEqual(medium, run.back_test["warnings"]["medium"])
        high = self._line(run, "warning", "high")
        self.assertEqual((high.customer_count, high.precision_text), (1, "100\xa0%"))
        self.assertEqual(high.recall_text, "50\xa0%")
        fixed = run.back_test["warnings"]["fixed_days"]
        self.assertEqual((fixed["warned"], fixed["hits"]), (1, 1))
        # The two lowest spenders spent the same: both are warned of.
        spend = run.back_test["warnings"]["low_spend"]
        self.assertEqual((spend["warned"], spend["hits"]), (2, 1))

    def test_newcomer(self):
        run = self._back_test()
        self.assertEqual(run.back_test["newcomer_count"], 1)
        self.assertAlmostEqual(run.back_test["newcomer_share"], 800 / 7_000)

    def test_only_the_horizon_counts(self):
        short = self._back_test(horizon_days=10)
        self.assertEqual(self._line(short, "value_tier", "VIP").revenue, 3_500)
        shorter = self._back_test(horizon_days=9)
        self.assertEqual(self._line(shorter, "value_tier", "VIP").revenue, 0)
        self.assertEqual(
            self._line(shorter, "value_tier", "VIP").revenue_lift_text, "–"
        )

    def test_cells_of_the_result(self):
        run = self._back_test()
        cells = run.result_ids
        self.assertEqual(sum(cells.mapped("next_revenue")), 6_200)
        self.assertEqual(sum(cells.mapped("next_buyer_count")), 2)
        self.assertEqual(sum(cells.mapped("next_order_count")), 3)
        production = self._recompute()
        self.assertEqual(sum(production.result_ids.mapped("next_order_count")), 0)

    def test_contact_and_company_are_one(self):
        contact = self._customer("Buyer of Big", parent_id=self.big.id)
        self._purchase(contact, AFTER, 100)
        vip = self._line(self._back_test(), "value_tier", "VIP")
        self.assertEqual(vip.revenue, 6_100)

    def test_limits_of_the_last_run_are_not_known(self):
        """A back-test of some customers finds its own limits."""
        self.policy = self._policy(
            self._company("By shares"),
            tier_method="top_percent",
            min_customers=1,
            tier_ids=self._limit_commands({"vip": 50, "low": 100}),
        )
        self.company = self.policy.company_id
        self.env.user.company_ids |= self.company
        first, second = (
            self.env["res.partner"].create({"name": name}) for name in "AB"
        )
        for partner, amount in ((first, 10), (second, 20)):
            for days in (50, 5):
                self._purchase(
                    partner,
                    AS_OF - timedelta(days=days),
                    amount,
                    company_id=self.company.id,
                )
                self._purchase(partner, AFTER, 99 * amount, company_id=self.company.id)
        self._recompute(policy=self.policy, as_of_date=AFTER)
        run = self._recompute(
            policy=self.policy, kind="back_test", partner_ids=second.ids
        )
        self.assertEqual(run.edges["population_gap_days"], 45)
        self.assertEqual(run.edges["buyer_count"], 1)

    # The day and the days afterwards

    def test_today_and_later_are_refused(self):
        today = self.policy._today()
        for day in (today, today - timedelta(days=1), today + timedelta(days=9), None):
            with self.assertRaisesRegex(UserError, "day in the past"):
                self.policy.recompute(as_of_date=day, kind="back_test")

    def test_days_that_are_not_over_are_left_out_and_told(self):
        day = self.policy._today() - timedelta(days=31)
        self._purchase(self.big, self.policy._today(), 77)
        run = self._back_test(as_of_date=day)
        self.assertEqual((run.horizon_days, run.asked_horizon_days), (30, 180))
        self.assertIn("Only 30 of the 180 days", run.back_test_verdict)
        self.assertFalse(sum(run.result_ids.mapped("next_revenue")))

    def test_no_days_are_refused(self):
        with self.assertRaisesRegex(UserError, "at least one day"):
            self._back_test(horizon_days=0)

    def test_default_horizon(self):
        run = self._recompute(kind="back_test")
        self.assertEqual(run.horizon_days, 180)
        self.assertEqual(run.horizon_date, AS_OF + timedelta(days=180))

    def test_text_for_the_day(self):
        run = self._back_test(as_of_date="2025-06-30")
        self.assertEqual(run.as_of_date, date(2025, 6, 30))

    # Little to compare

    def test_before_the_first_purchase(self):
        run = self._back_test(as_of_date=date(2000, 1, 1))
        self.assertIn("Nobody had bought", run.back_test_verdict)
        self.assertEqual(self._line(run, "value_tier", "VIP").loss_rate_text, "–")
        self.assertEqual(self._line(run, "value_tier", "VIP").mean_revenue_text, "–")

    def test_nobody_bought_again(self):
        run = self._back_test(horizon_days=5)
        self.assertIn("nobody bought again", run.back_test_verdict)

    def test_few_warned_prove_nothing(self):
        self.assertIn("prove nothing", self._back_test().back_test_verdict)

    # Rights and arguments

    def test_no_class_changes(self):
        self._recompute()
        before = self._profile(self.big).read()
        self._back_test(as_of_date=AS_OF - timedelta(days=100))
        self.env.invalidate_all()
        self.assertEqual(self._profile(self.big).read(), before)

    def test_draft(self):
        draft = self.policy.copy()
        run = self._back_test(policy=draft)
        self.assertEqual(run.state, "done")
        self.assertTrue(run.back_test_verdict)

    def test_queries(self):
        self._back_test()
        self.env.flush_all()
        with self.assertQueryCount(16):
            self._back_test()
            self.env.flush_all()

    def test_two_companies(self):
        other = self._company("Other Ltd")
        self._policy(other)
        self.env.user.company_ids |= other
        self._purchase(self.big, AFTER, 10_000, company_id=other.id)
        self.assertEqual(
            self._line(self._back_test(), "value_tier", "VIP").revenue, 6_000
        )

    def test_failure_is_told(self):
        broken = ValueError("broken")
        with patch.object(BackTest, "read_outcome", side_effect=broken):
            run = self.policy.recompute(as_of_date=AS_OF, kind="back_test")
        self.assertEqual(run.state, "failed")
        self.assertIn("broken", run.error)
        self.assertFalse(run.back_test_verdict)

    def test_wizard_of_an_officer(self):
        officer = self._user("officer", "customer_classification.group_officer")
        wizard = Form(
            self.env["classification.back.test"]
            .with_user(officer)
            .with_context(default_policy_id=self.policy.id)
        )
        self.assertEqual(wizard.as_of_date, self.policy._today() - timedelta(days=181))
        wizard.as_of_date = AS_OF
        wizard.horizon_days = 10
        action = wizard.save().action_run()
        run = self.env["classification.run"].browse(action["res_id"])
        self.assertEqual((run.as_of_date, run.horizon_days), (AS_OF, 10))
        [(view_id, __)] = action["views"]
        read = run.with_user(officer).web_read(
            {"back_test_verdict": {}, "back_test_tier_ids": {"fields": {"name": {}}}}
        )
        self.assertTrue(read[0]["back_test_tier_ids"])
        Form(run.with_user(officer), view=self.env["ir.ui.view"].browse(view_id))

    def test_users_may_not(self):
        user = self._user("user", "customer_classification.group_user")
        with self.assertRaises(AccessError):
            self.policy.with_user(user).recompute(as_of_date=AS_OF, kind="back_test")
        with self.assertRaises(AccessError):
            self.env["classification.back.test"].with_user(user).create(
                {"policy_id": self.policy.id}
            )

    def test_money_is_for_those_who_may_see_all_sales(self):
        run = self._back_test()
        user = self._user("user", "customer_classification.group_user")
        line = self._line(run, "value_tier", "VIP").with_user(user)
        self.assertEqual(line.purchase_rate_text, "100\xa0%")
        for name in ("revenue", "mean_revenue_text"):
            with self.assertRaises(AccessError):
                line.read([name])

    def test_portal_sees_nothing(self):
        run = self._back_test()
        portal = self._user("portal", "base.group_portal")
        with self.assertRaises(AccessError):
            run.back_test_line_ids.with_user(portal).read(["name"])

    def test_buttons(self):
        run = self._back_test()
        self.assertEqual(run.action_open_back_test()["res_id"], run.id)
        action = run.action_open_back_test_pivot()
        cells = self.env["classification.run.result"].search(action["domain"])
        self.assertEqual(cells, run.result_ids)


@tagged("post_install", "-at_install")
class TestBackTestVerdict(ClassificationCase):
    """The sentences, from numbers given."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._regular("Big", 1_000)
        cls.run_of_nothing = cls.policy.recompute(
            as_of_date=AS_OF, kind="back_test", horizon_days=1
        )

    def _verdict(self, medium, fixed_days, low_spend, customers=1000, lost=300):
        """Verdict of warnings given as (warned, hits)."""
        from ...engine.customers.back_test import warning_measures

        run = self.run_of_nothing
        pairs = {"medium": medium, "fixed_days": fixed_days, "low_spend": low_spend}
        run.back_test = {
            "warnings": {
                name: warning_measures(*pair, lost, customers)
                for name, pair in pairs.items()
            },
            "newcomer_share": 0.25,
        }
        return Verdict(run)._warning_sentences()

    def _lost_sentence(self, dormant, lost):
        """Return the warning for (buyers, customers) of two stages."""
        run = self.run_of_nothing
        for code, (buyers, customers) in (("dormant", dormant), ("lost", lost)):
            line = run.back_test_stage_ids.filtered(
                lambda one, code=code: one.lifecycle_stage_id.code == code
            )
            rate = 1 - buyers / customers if customers else None
            line.measures = {
                **line.measures,
                **{"buyers": buyers, "customers": customers, "loss_rate": rate},
            }
        return Verdict(run)._lost_sentence()

    def test_lost_come_back_more_often_than_dormant(self):
        sentence = self._lost_sentence((100, 1000), (300, 1000))
        self.assertIn("too early", sentence)
        self.assertIn("70\xa0% did not, against 90\xa0%", sentence)
        self.assertIn("may be chance", self._lost_sentence((1, 10), (2, 10)))

    def test_lost_stay_away(self):
        for dormant, lost in (
            ((300, 1000), (100, 1000)),
            ((1, 10), (1, 10)),
            ((0, 0), (5, 10)),
            ((5, 10), (0, 0)),
        ):
            self.assertEqual(self._lost_sentence(dormant, lost), "")

    def test_better_than_both(self):
        sentences = self._verdict((200, 160), (200, 100), (200, 90))
        self.assertIn("80\xa0% of the 200 customers", sentences[0])
        self.assertIn("30\xa0% of all", sentences[0])
        self.assertIn("53\xa0% of those", sentences[0])
        self.assertEqual(sentences[1], "")
        self.assertIn("for more than 90 days", sentences[2])
        self.assertIn("50\xa0% right", sentences[2])
        self.assertIn("It is better than warning", sentences[3])

    def test_found_more_by_warning_of_more(self):
        """A few points less precision, within chance, are visible to the reader.

        As on Online Retail.
        """
        sentences = self._verdict((1158, 505), (805, 373), (1158, 540), 2791, 847)
        self.assertIn("right more often, but found fewer", sentences[2])
        self.assertIn("about as good", sentences[3])

    def test_worse_than_both(self):
        sentences = self._verdict((200, 100), (200, 160), (200, 150))
        self.assertIn("would have been better", sentences[2])
        self.assertIn("would have been better", sentences[3])

    def test_as_good(self):
        sentences = self._verdict((200, 100), (200, 101), (200, 99))
        self.assertIn("about as good", sentences[2])
        self.assertIn("about as good", sentences[3])

    def test_sure_or_wide(self):
        sure = self._verdict((100, 80), (500, 240), (100, 80))[2]
        self.assertIn("found more, but been right less often", sure)
        wide = self._verdict((500, 240), (100, 80), (500, 240))[2]
        self.assertIn("right more often, but found fewer", wide)

    def test_no_better_than_chance(self):
        self.assertIn("at random", self._verdict((200, 62), (9, 9), (200, 62))[1])

    def test_nobody_warned_or_lost(self):
        self.assertIn("Nobody was warned", self._verdict((0, 0), (5, 1), (0, 0))[0])
        everybody = self._verdict((30, 0), (5, 0), (30, 0), lost=0)
        self.assertIn("bought again", everybody[0])

    def test_tier_beside_last_years_spend(self):
        run = self.run_of_nothing
        line = run.back_test_tier_ids[0]
        for share, spend, words in (
            (0.5, 0.495, "as much as"),
            (0.5, 0.4, "more than"),
            (0.4, 0.5, "less than"),
        ):
            line.measures = {
                **line.measures,
                "revenue_share": share,
                "spend_share": spend,
                "revenue_lift": 7.4,
            }
            sentence = Verdict(run)._tier_sentence({"days": 180, "day": "30 June"})
            self.assertIn("VIP customers bought 7.4 times as much", sentence)
            self.assertIn(words, sentence)

    def test_last_years_spend_is_not_compared_with_itself(self):
        run = self.run_of_nothing
        self.assertTrue(Verdict(run)._is_last_years_spend())
        line = run.back_test_tier_ids[0]
        same = {"revenue_share": 0.5, "spend_share": 0.5, "revenue_lift": 7.4}
        line.measures = {**line.measures, **same}
        period = {"days": 180, "day": "30 June"}
        self.assertIn("no better than it", Verdict(run)._tier_sentence(period))
        run.policy_id = self.policy.copy({"value_metric": "score"})
        self.assertIn("as the same number", Verdict(run)._tier_sentence(period))

    def test_in_the_language_of_the_reader(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        line = self.run_of_nothing.back_test_tier_ids[0].with_context(lang="fr_FR")
        self.assertEqual(line._lift_text(7.44), "7,4")

    def test_newcomers(self):
        self._verdict((30, 9), (5, 0), (30, 9))
        self.assertIn("25\xa0%", Verdict(self.run_of_nothing)._newcomer_sentence())
