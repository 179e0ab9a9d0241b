import sys
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ...models.customer.pipeline import CustomerPipeline
from ..common import AS_OF, ClassificationCase


@tagged("post_install", "-at_install")
class TestRun(ClassificationCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vip = cls._regular("Very Important", 1_000)
        cls.small = cls._regular("Small", 10)

    def test_done_and_counted(self):
        run = self._recompute()
        self.assertEqual(run.looked_at_count, 2)
        self.assertEqual(run.written_count, 2)
        self.assertEqual(run.tier_change_count, 2)
        self.assertEqual(sum(run.result_ids.mapped("customer_count")), 2)
        self.assertAlmostEqual(sum(run.result_ids.mapped("revenue")), 12 * 1010)
        self.assertEqual(run.progress, 100)

    def test_classes_written(self):
        self._recompute()
        profile = self._profile(self.vip)
        self.assertEqual(profile.value_tier_id, self._tier("vip"))
        self.assertEqual(profile.lifecycle_stage_id, self._stage("loyal"))
        self.assertEqual(profile.churn_risk, "low")
        self.assertEqual(profile.revenue, 12_000)
        self.assertEqual(profile.order_count, 12)
        self.assertEqual(profile.expected_gap_days, 30)
        self.assertEqual(profile.as_of_date, AS_OF)
        self.assertEqual(profile.recency_days, 0)

    def test_second_run_changes_nothing(self):
        self._recompute()
        again = self._recompute()
        self.assertEqual(again.written_count, 0)
        self.assertEqual((again.tier_change_count, again.stage_change_count), (0, 0))

    def test_new_and_changed_customers_in_one_run(self):
        self._recompute()
        newcomer = self._regular("Newcomer", 50)
        self._purchase(self.vip, AS_OF, 500)
        run = self._recompute()
        self.assertEqual(run.written_count, 2)
        self.assertEqual(self._profile(self.vip).revenue, 12_500)
        self.assertEqual(self._profile(newcomer).run_id, run)
        self.assertEqual(self._profile(self.vip).run_id, run)

    def test_usual_gap_stands_while_the_median_is_near(self):
        self._recompute()
        for number in range(3):
            self._regular(f"Every 31 days {number}", 10, every=31)
        near = self._recompute()
        self.assertEqual(near.written_count, 3)
        self.assertEqual(near.edges["population_gap_days"], 30)
        for number in range(6):
            self._regular(f"Every 40 days {number}", 10, every=40)
        far = self._recompute()
        self.assertEqual(far.edges["population_gap_days"], 40)
        back_test = self._recompute(kind="back_test")
        self.assertEqual(back_test.edges["population_gap_days"], 40)

    def test_second_run_queries(self):
        self._recompute()
        self.env.flush_all()
        # Two of them are a savepoint. Odoo does not count five COPY beside them: 20
        # questions to the database.
        with self.assertQueryCount(15):
            self._recompute()
            self.env.flush_all()

    def test_a_run_that_moves_nobody_wakes_no_listener(self):
        self._recompute()
        with patch.object(
            type(self.env["classification.event"]), "_note_moves"
        ) as note:
            self._recompute()
            note.assert_not_called()
            self._regular("Newcomer", 70_000)
            self._recompute()
            note.assert_called_once()

    def test_published_rules_are_read_once(self):
        first = self.policy._parameters()
        self.env.invalidate_all()
        # The policy, its rules, their company and its currency; no lines.
        with self.assertQueryCount(4):
            again = self.policy._parameters()
        self.assertEqual(again, first)

    def test_drafts_are_read_each_time(self):
        draft = self.policy.copy()
        draft._parameters()
        draft.tier_ids.sorted("tier_sequence")[0].limit = 20_000
        self.assertEqual(draft._parameters().tiers[0].limit, 20_000)

    def test_no_file_of_other_kinds(self):
        """A run over customers executes nothing of products and campaigns."""
        self._recompute()
        self._purchase(self.small, AS_OF, 20_000)
        seen = set()

        def note(frame, event, argument):
            path = Path(frame.f_code.co_filename)
            if event == "call" and path.parent.name in ("product", "campaign"):
                seen.add((path.name, frame.f_code.co_name))

        sys.setprofile(note)
        try:
            run = self._recompute()
        finally:
            sys.setprofile(None)
        self.assertEqual(run.written_count, 1)
        # The list of excluded records is ordered by customer, product and campaign.
        order = {("product_template.py", "_field_to_sql")}
        self.assertEqual(seen - order, {("classification_run.py", "_pipelines")})

    def test_one_customer_equals_all(self):
        self._recompute()
        self._purchase(self.small, AS_OF, 20_000)
        self._recompute(partner_ids=self.small.ids)
        one = self._profile(self.small).read()[0]
        self._recompute()
        everybody = self._profile(self.small).read()[0]
        one.pop("run_id"), everybody.pop("run_id")
        self.assertEqual(one, everybody)

    def test_some_leave_others_alone(self):
        self._recompute()
        self._purchase(self.vip, AS_OF, 50_000)
        run = self._recompute(partner_ids=self.small.ids)
        self.assertEqual(run.looked_at_count, 1)
        self.assertEqual(self._profile(self.vip).revenue, 12_000)

    def test_time_moves_stages(self):
        self._recompute()
        run = self._recompute(as_of_date=AS_OF + timedelta(days=100))
        self.assertEqual(
            self._profile(self.vip).lifecycle_stage_id, self._stage("dormant")
        )
        change = run.change_ids.filtered(
            lambda c: c.partner_id == self.vip and c.axis == "lifecycle_stage"
        )
        self.assertEqual(change.from_stage_id, self._stage("loyal"))
        self.assertEqual(change.cause, "time")
        self.assertEqual(change.direction, "down")
        self.assertEqual(change.valid_date, AS_OF + timedelta(days=100))

    def test_preview_and_back_test_write_no_class(self):
        for kind in ("preview", "back_test"):
            run = self._recompute(kind=kind)
            self.assertEqual(run.looked_at_count, 2)
            self.assertTrue(run.result_ids)
            self.assertFalse(self._profile(self.vip))
            self.assertFalse(run.change_ids)

    def test_draft_may_be_previewed_not_run(self):
        self.policy.action_new_version()
        draft = self.env["classification.policy"].search(
            [("company_id", "=", self.company.id), ("state", "=", "draft")]
        )
        self.assertEqual(self._recompute(policy=draft, kind="preview").state, "done")
        with self.assertRaisesRegex(UserError, "Publish"):
            draft.recompute()

    def test_one_run_at_a_time(self):
        with self.registry.cursor() as other:
            self.env["classification.run"].with_env(self.env(cr=other))._lock(
                self.company, "transaction"
            )
            with self.assertRaisesRegex(UserError, "being recomputed"):
                self.policy.recompute()
            other.rollback()
        self._recompute()

    def test_failure_is_told_and_undone(self):
        self._recompute()
        self._purchase(self.small, AS_OF, 20_000)
        broken = patch.object(
            CustomerPipeline, "_write_rows", side_effect=ValueError("disk")
        )
        with broken:
            run = self.policy.recompute(as_of_date=AS_OF)
        self.assertEqual(run.state, "failed")
        self.assertIn("disk", run.error)
        self.assertEqual(self._profile(self.small).revenue, 120)
        self._recompute()
        self.assertEqual(self._profile(self.small).revenue, 20_120)

    def test_scheduled_action(self):
        self._purchase(self.small, self.policy._today(), 5)
        cron = self.env.ref("customer_classification.ir_cron_recompute")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        run = self.policy.last_run_id
        self.assertEqual(run.state, "done")
        self.assertEqual(run.as_of_date, self.policy._today())
        self.assertTrue(self._profile(self.small))

    def test_queue_twice_waits_once(self):
        first = self.env["classification.run"]._queue(self.policy)
        self.assertEqual(first.state, "queued")
        self.assertEqual(self.env["classification.run"]._queue(self.policy), first)

    def test_killed_run_is_called_interrupted(self):
        dead = self.env["classification.run"].create(
            {"policy_id": self.policy.id, "as_of_date": AS_OF, "state": "running"}
        )
        self.env["classification.run"]._queue(self.policy)
        cron = self.env.ref("customer_classification.ir_cron_recompute")
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(dead.state, "interrupted")
        self.assertEqual(self.policy.last_run_id.state, "done")

    def test_user_recomputes_some_officer_all(self):
        user = self._user("plain", "customer_classification.group_user")
        policy = self.policy.with_user(user)
        self.assertEqual(policy.recompute(partner_ids=self.vip.ids).state, "done")
        with self.assertRaises(AccessError):
            policy.recompute()

    def test_gone_customer_loses_the_profile(self):
        self._recompute()
        parent = self._customer("Parent", is_company=True)
        self.small.parent_id = parent
        self._recompute()
        self.assertFalse(self._profile(self.small))
        self.assertEqual(self._profile(parent).order_count, 12)
