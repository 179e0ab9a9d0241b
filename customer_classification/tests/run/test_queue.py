from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ...models.customer.pipeline import CustomerPipeline
from ..common import AS_OF, ClassificationCase


@tagged("post_install", "-at_install")
class TestQueue(ClassificationCase):
    """Waiting runs, the action that executes them, and their messages."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._regular("Buys", 1_000)
        cls.cron = cls.env.ref("customer_classification.ir_cron_recompute")

    def _runs(self, **values):
        return self.env["classification.run"].search(
            [("company_id", "=", self.company.id)]
            + [(name, "=", value) for name, value in values.items()]
        )

    def _trigger(self):
        with self.enter_registry_test_mode():
            self.cron.method_direct_trigger()
        self.env.invalidate_all()

    def test_button_of_the_policy_queues_and_shows_the_run(self):
        action = self.policy.action_recompute()
        run = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(
            (run.state, run.kind, run.scope),
            ("queued",)
            + (
                "production",
                "all",
            ),
        )
        self.assertFalse(self._profile(self.customer))
        self._trigger()
        self.assertEqual(run.state, "done")
        self.assertTrue(self._profile(self.customer))
        self.assertEqual(self.policy.last_run_id, run)
        self.assertEqual(self.policy.last_run_state, "done")
        self.assertIn("1", self.policy.last_run_text)

    def test_one_run_a_day(self):
        self._trigger()
        first = self._runs(kind="production", scope="all")
        self._trigger()
        self.assertEqual(self._runs(kind="production", scope="all"), first)
        with freeze_time(datetime.now() + timedelta(days=1)):
            self._trigger()
        self.assertEqual(len(self._runs(kind="production", scope="all")), 2)

    def test_today_is_a_day_of_the_policy(self):
        """Ten in the evening in London is tomorrow in Shanghai."""
        draft = self.policy.copy({"tz": "Asia/Shanghai"})
        with freeze_time("2025-06-30 22:00:00"):
            self.assertEqual(str(draft._today()), "2025-07-01")
            self.assertEqual(str(self.policy._today()), "2025-06-30")

    def test_officer_queues_user_does_not(self):
        officer = self._user("queue_officer", "customer_classification.group_officer")
        user = self._user("queue_user", "customer_classification.group_user")
        self.policy.with_user(officer).action_recompute()
        with self.assertRaises(AccessError):
            self.policy.with_user(user).action_recompute()

    def test_draft_is_not_queued(self):
        draft = self.policy.copy()
        with self.assertRaises(UserError):
            draft.action_recompute()

    def test_failed_run_tells_why_and_the_next_one_heals(self):
        self.policy.action_recompute()
        with patch.object(
            CustomerPipeline, "run_phases", side_effect=ValueError("the disk is full")
        ):
            self._trigger()
        failed = self.policy.last_run_id
        self.assertEqual(failed.state, "failed")
        self.assertIn("the disk is full", failed.error)
        self.assertIn("the disk is full", self.policy.last_run_text)
        self.assertTrue(failed.end_date)
        self.assertFalse(self._profile(self.customer))
        self._trigger()
        self.assertEqual(self.policy.last_run_id.state, "done")
        self.assertTrue(self._profile(self.customer))

    def test_one_failing_company_does_not_stop_the_others(self):
        other = self._company("Other Ltd")
        other_policy = other._get_customer_policy()
        phases = CustomerPipeline.run_phases

        def fails_here(pipeline):
            if pipeline.company == self.company:
                raise ValueError("here only")
            return phases(pipeline)

        with patch.object(CustomerPipeline, "run_phases", fails_here):
            self._trigger()
        self.assertEqual(self.policy.last_run_id.state, "failed")
        self.assertEqual(other_policy.last_run_id.state, "done")

    def test_button_on_customers_says_what_came_of_it(self):
        self._recompute()
        message = self.customer.action_recompute_customer()["params"]
        self.assertEqual(message["type"], "success")
        self._purchase(self.customer, self.policy._today(), 50_000)
        message = self.customer.action_recompute_customer()["params"]
        self.assertEqual(message["type"], "success")
        self.assertTrue(message["message"])

    def test_button_tells_a_failure_in_red(self):
        broken = ValueError("broken")
        with patch.object(CustomerPipeline, "run_phases", side_effect=broken):
            message = self.customer.action_recompute_customer()["params"]
        self.assertEqual(message["type"], "danger")
        self.assertIn("broken", message["message"])

    def test_button_without_a_policy(self):
        self.policy.sudo().state = "retired"
        message = self.customer.action_recompute_customer()["params"]
        self.assertIn("polic", message["message"].lower())
        self.assertFalse(self._runs())

    def test_selection_of_customers(self):
        others = self._customer("No customer") + self._customer("Nobody")
        self._recompute()
        (self.customer + others).action_recompute_customer()
        run = self._runs()[:1]
        self.assertEqual((run.scope, run.state), ("some", "done"))
        self.assertEqual(run.looked_at_count, 1)

    def test_remarks_of_a_run_are_sentences(self):
        """Remarks of a run are sentences, as about fewer bins.

        Few customers get fewer bins.
        """
        run = self._recompute()
        self.assertTrue(run.notes)
        for line in run.notes_text.splitlines():
            self.assertRegex(line, r"^[A-Z].*\.$")
            self.assertNotIn("%(", line)
        self.assertIn(str(AS_OF), run.display_name)

    def test_results_open_what_they_count(self):
        run = self._recompute()
        self.assertEqual(run.change_count, len(run.change_ids))
        action = run.action_open_changes()
        found = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(found, run.change_ids)
        action = self.policy.action_open_runs()
        self.assertIn(run, self.env[action["res_model"]].search(action["domain"]))
        self.assertEqual(self.policy.run_count, len(self._runs()))
