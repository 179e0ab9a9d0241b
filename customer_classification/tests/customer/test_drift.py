from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import html2plaintext

from ...models.customer.drift import Drift
from ..common import AS_OF, ClassificationCase


class DriftCase(ClassificationCase):
    """Forty small customers: too many for a jump by chance."""

    # Large moves are under test.
    policy_values = {"approval_min_customers": 10**6}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customers = cls.env["res.partner"].create(
            [{"name": f"Customer {number}"} for number in range(40)]
        )
        cls._buy(cls.customers, 50, range(0, 400, 28))

    @classmethod
    def _buy(cls, customers, amount, days_ago, company=None, **values):
        company = company or cls.company
        return cls.env["customer.purchase"].create(
            [
                {
                    "partner_id": customer.id,
                    "company_id": company.id,
                    "currency_id": company.currency_id.id,
                    "date": AS_OF - timedelta(days=days),
                    "amount": amount,
                    **values,
                }
                for customer in customers
                for days in days_ago
            ]
        )

    def _activities(self, company=None):
        """Open activities about runs of a company."""
        runs = self.env["classification.run"].search(
            [("company_id", "=", (company or self.company).id)]
        )
        return runs.activity_ids


@tagged("post_install", "-at_install")
class TestDrift(DriftCase):
    def _jump(self, number=20):
        self._buy(self.customers[:number], 20_000, [1])

    def test_first_run_has_nothing_to_compare_with(self):
        run = self._recompute()
        self.assertEqual(run.drift["measures"], {})
        self.assertEqual(run.drift["runs"], 0)
        self.assertIn("no earlier run", run.drift_table)
        self.assertFalse(self._activities())

    def test_distribution(self):
        run = self._recompute()
        low = str(self._tier("low").id)
        self.assertEqual(run.distribution["value_tier"], {low: 40})
        self.assertEqual(run.distribution["lifecycle_stage"], {"loyal": 40})
        # 14 purchases of 50: 700 is from 512 to 1,024, 14 from 8 to 16.
        self.assertEqual(run.distribution["revenue"], {"10": 40})
        self.assertEqual(run.distribution["order_count"], {"4": 40})
        self.assertEqual(run.distribution["recency_days"], {"0": 40})

    def test_no_jump(self):
        self._recompute()
        run = self._recompute()
        self.assertEqual(run.drift["runs"], 1)
        self.assertEqual(run.drift["measures"]["value_tier"]["psi"], 0)
        self.assertFalse(run.drift["jumped"])
        self.assertFalse(self._activities())

    def test_jump(self):
        self._recompute()
        self._jump()
        run = self._recompute()
        self.assertIn("value_tier", run.drift["jumped"])
        self.assertIn("revenue", run.drift["jumped"])
        self.assertNotIn("lifecycle_stage", run.drift["jumped"])
        activity = self._activities()
        self.assertEqual(len(activity), 1)
        self.assertEqual(activity.res_id, run.id)
        self.assertEqual(activity.user_id, self.policy._responsible_user())
        note = html2plaintext(activity.note)
        self.assertIn("Value tier, VIP: from 0\xa0% to 50\xa0% of the customers", note)
        self.assertIn("Revenue in the window: the customers are spread", note)
        self.assertNotIn("16,384", note)
        self.assertIn("by the same rules", note)

    def _drift_by_limit(self, limit):
        self.policy.state = "retired"
        policy = self._policy(self.company, drift_limit=limit)
        self._recompute(policy=policy)
        self._jump(8)
        return self._recompute(policy=policy)

    def test_limit_of_the_policy(self):
        """A fifth of the customers jump: an index of about 0.7."""
        run = self._drift_by_limit(2)
        self.assertGreater(run.drift["measures"]["value_tier"]["psi"], 0.25)
        self.assertFalse(self._activities())
        self.assertIn("above 2.00", run.drift_table)

    def test_no_limit_no_alarm(self):
        run = self._drift_by_limit(0)
        self.assertTrue(run.drift["measures"])
        self.assertFalse(self._activities())
        self.assertIn("manager is not told", run.drift_table)

    def test_jump_is_told_once(self):
        self._recompute()
        self._jump()
        self._recompute()
        again = self._recompute()
        self.assertTrue(again.drift["jumped"])
        self.assertEqual(len(self._activities()), 1)
        with self.assertQueryCount(0):  # the run has what was known before it
            Drift(again).alert()

    def _calm_run(self):
        """A run after which nothing seems to have jumped."""
        run = self._recompute()
        run.drift = {**run.drift, "jumped": []}

    def test_jump_again_is_told_once_the_activity_is_done(self):
        self._recompute()
        self._jump()
        self._recompute()
        self._calm_run()
        self._recompute()
        self.assertEqual(len(self._activities()), 1)
        self._activities().action_feedback()
        self._calm_run()
        self._jump(40)
        run = self._recompute()
        self.assertEqual(self._activities().res_id, run.id)

    def test_another_measure_is_told_of_its_own(self):
        self._recompute()
        self._jump()
        first = self._recompute()
        self._recompute(as_of_date=AS_OF + timedelta(days=200))
        second = self._activities().filtered(lambda one: one.res_id != first.id)
        self.assertEqual(len(second), 1)
        self.assertIn("Lifecycle stage", second.note)
        self.assertNotIn("Value tier, VIP", second.note)

    def test_compared_with_five_runs_at_most(self):
        for __ in range(7):
            run = self._recompute()
        self.assertEqual(run.drift["runs"], 5)

    def test_few_customers_are_no_news(self):
        """One of three becomes VIP: a third of the customers, and chance."""
        self.env["customer.purchase"].search(
            [("partner_id", "in", self.customers[3:].ids)]
        ).unlink()
        self._recompute()
        self._jump(1)
        run = self._recompute()
        self.assertGreater(run.drift["measures"]["value_tier"]["psi"], 0.25)
        self.assertFalse(self._activities())

    def test_imported_prospects_are_a_matter_of_the_stages_only(self):
        self.policy = self._policy_of_everybody()
        self._recompute(policy=self.policy)
        self.env["res.partner"].create(
            [{"name": f"Prospect {number}"} for number in range(60)]
        )
        run = self._recompute(policy=self.policy)
        self.assertEqual(run.drift["jumped"], ["lifecycle_stage"])

    def _policy_of_everybody(self):
        self.policy.state = "retired"
        return self._policy(self.company, prospect_scope="contact")

    def test_other_rules_are_told(self):
        self._recompute()
        self.policy.state = "retired"
        policy = self._policy(
            self.company,
            tier_ids=self._limit_commands({"vip": 100, "low": 0}),
        )
        run = self._recompute(policy=policy)
        self.assertEqual(run.drift["jumped"], ["value_tier"])
        self.assertIn("by other rules", self._activities().note)

    def test_two_companies_apart(self):
        other = self._company("Other Ltd")
        policy = self._policy(other)
        self.env.user.company_ids |= other
        self._buy(self.customers, 20_000, range(0, 400, 28), other)
        self._recompute()
        run = self._recompute(policy=policy)
        self.assertEqual(run.drift["runs"], 0)
        self._jump()
        self._recompute(policy=policy)
        self.assertFalse(self._activities(other))
        self._recompute()
        self.assertEqual(len(self._activities()), 1)
        self.assertFalse(self._activities(other))

    def test_previews_back_tests_and_single_customers_do_not_count(self):
        self._recompute()
        self._jump()
        for values in (
            {"kind": "preview"},
            {"kind": "back_test"},
            {"partner_ids": self.customers[:3].ids},
        ):
            run = self._recompute(**values)
            self.assertFalse(run.distribution)
            self.assertFalse(run.drift)
        self.assertFalse(self._activities())

    def test_manager_is_told_once_a_run_is_approved(self):
        self.policy.state = "retired"
        policy = self._policy(self.company, approval_min_customers=1)
        self._recompute(policy=policy)
        self._jump()
        run = policy.recompute(as_of_date=AS_OF)
        self.assertEqual(run.state, "waiting")
        self.assertTrue(run.drift["jumped"])
        self.assertEqual(self._activities().summary, "Approve new classes")
        run.action_approve()
        with self.enter_registry_test_mode():
            self.env.ref(
                "customer_classification.ir_cron_recompute"
            ).method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(run.state, "done")
        self.assertIn("VIP", html2plaintext(run.activity_ids.note))

    def test_queries(self):
        """Two more than without: the runs before, and the purchases lately."""
        self._recompute()
        run = self._recompute()
        self.env.flush_all()
        with self.assertQueryCount(2):
            Drift(run).find(run.distribution)

    def test_shown_in_words(self):
        self._recompute()
        self._jump()
        table = self._recompute().drift_table
        for words in ("Value tier", "VIP", "Jump", "Steady", "Imported Purchases"):
            self.assertIn(words, table)

    def test_all_classes_have_words(self):
        run = self._recompute()
        for measure, names in {
            "value_tier": ["0", str(self._tier("vip").id)],
            "lifecycle_stage": ["none", "prospect", "won_back"],
            "churn_risk": ["none", "low", "medium", "high"],
            "revenue": ["0", "1", "20"],
        }.items():
            for name in names:
                self.assertTrue(Drift(run).class_label(measure, name))
        for measure, name, words in (
            ("recency_days", "0", "0"),
            ("recency_days", "1", "1"),
            ("recency_days", "3", "4 to 7"),
            ("revenue", "1", "below 2"),
            ("revenue", "3", "4 to 8"),
        ):
            self.assertEqual(Drift(run).class_label(measure, name), words)

    def test_counts_by_revenue_are_for_those_who_may_see_all_sales(self):
        run = self._recompute()
        user = self._user("user", "customer_classification.group_user")
        self.assertTrue(run.with_user(user).drift_table)
        for name in ("distribution", "drift", "edges"):
            with self.assertRaises(AccessError):
                run.with_user(user).read([name])

    def test_classes_of_the_revenue_are_for_those_who_may_see_all_sales(self):
        self._recompute()
        self._jump()
        run = self._recompute()
        user = self._user("user", "customer_classification.group_user")
        self.assertIn("16,384", html2plaintext(run.drift_table))
        shown = html2plaintext(run.with_user(user).drift_table)
        self.assertIn("VIP", shown)
        self.assertNotIn("16,384", shown)

    def test_portal_sees_nothing(self):
        self._recompute()
        self._jump()
        run = self._recompute()
        portal = self._user("portal", "base.group_portal")
        for records, name in ((run, "drift"), (run.activity_ids, "note")):
            with self.assertRaises(AccessError):
                records.with_user(portal).read([name])

    def test_in_the_language_of_the_manager(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.policy._responsible_user().lang = "fr_FR"
        self._recompute()
        self._jump()
        run = self._recompute()
        self.assertIn("50\xa0%", html2plaintext(self._activities().note))
        shown = run.with_context(lang="fr_FR").drift_table
        self.assertIn("16\xa0384", html2plaintext(shown))


@tagged("post_install", "-at_install")
class TestDriedUp(DriftCase):
    """Purchases by the web shop stop."""

    def _shop(self, days_ago, channel="Web shop"):
        self._buy(self.customers[:10], 5, days_ago, channel=channel)

    def _source(self, run, channel):
        [source] = [x for x in run.drift["sources"] if x["channel"] == channel]
        return source

    def test_source_dried_up(self):
        self._shop([30, 60, 90, 120, 150, 180])
        run = self._recompute()
        source = self._source(run, "Web shop")
        self.assertEqual((source["recent"], source["usual"]), (0, 10))
        self.assertEqual(source["last_day"], str(AS_OF - timedelta(days=30)))
        self.assertEqual(len(self._activities()), 1)
        note = self._activities().note
        self.assertIn("Imported Purchases (Web shop): none since 05/31/2025", note)
        self.assertIn("10 in 28 days are usual", note)
        self.assertIn("Dried Up", run.drift_table)

    def test_told_once(self):
        self._shop([30, 60, 90, 120, 150, 180])
        self._recompute()
        self._recompute()
        self.assertEqual(len(self._activities()), 1)
        self._activities().action_feedback()
        self._recompute()
        self.assertFalse(self._activities())

    def test_a_few_still_come(self):
        self._shop([30, 60, 90, 120, 150, 180])
        self._buy(self.customers[:1], 5, [3], channel="Web shop")
        self._recompute()
        self.assertIn("only 1 in the last 28 days", self._activities().note)

    def test_a_fifth_of_the_usual_is_enough(self):
        self._shop([30, 60, 90, 120, 150, 180])
        self._buy(self.customers[:2], 5, [3], channel="Web shop")
        self._recompute()
        self.assertFalse(self._activities())

    def test_too_few_to_tell(self):
        self._buy(self.customers[:9], 5, [30, 60, 90, 120, 150, 180], channel="Fair")
        self._recompute()
        self.assertFalse(self._activities())

    def test_periods_are_whole(self):
        """27 days ago is lately, 28 days ago is before, 196 days ago is too old."""
        self._shop([27, 28, 195, 196])
        source = self._source(self._recompute(), "Web shop")
        self.assertEqual((source["recent"], source["usual"] * 6), (10, 20))

    def test_refunds_are_no_purchases(self):
        self._shop([30, 60, 90, 120, 150, 180])
        self._buy(self.customers[:10], -5, [3], channel="Web shop")
        self._recompute()
        self.assertEqual(len(self._activities()), 1)

    def test_orders_in_the_time_zone_of_the_policy(self):
        self._order(self.customers[0], AS_OF - timedelta(days=2), 10)
        run = self._recompute()
        [source] = [
            one
            for one in run.drift["sources"]
            if one["source"] == "classification.source.sale"
        ]
        self.assertEqual(source["recent"], 1)
        self.assertIn("Purchases from Sales Orders", run.drift_table)

    def test_other_company_goes_on(self):
        other = self._company("Other Ltd")
        self._policy(other)
        self._shop([30, 60, 90, 120, 150, 180])
        self._buy(self.customers[:10], 5, [3], other, channel="Web shop")
        self._recompute()
        self.assertEqual(len(self._activities()), 1)


@tagged("post_install", "-at_install")
class TestDriedUpInvoices(DriftCase):
    policy_values = {**DriftCase.policy_values, "revenue_source": "invoice"}

    def test_posted_invoices(self):
        run = self._recompute()
        self.assertEqual(
            {one["source"] for one in run.drift["sources"]},
            {"classification.source.import"},
        )
