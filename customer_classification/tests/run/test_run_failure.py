from unittest.mock import patch

from psycopg2.errors import (
    DeadlockDetected,
    NumericValueOutOfRange,
    SerializationFailure,
)

from odoo import api
from odoo.exceptions import UserError
from odoo.sql_db import db_connect
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.customer.pipeline import CustomerPipeline
from ...models.run.execution import Execution
from ..common import AS_OF, ClassificationCase


class FailureCase(ClassificationCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._user(
            "fa_manager", "customer_classification.group_manager,base.group_user"
        )
        cls.seller = cls._user("fa_seller", "sales_team.group_sale_salesman")
        cls.policy.responsible_id = cls.manager
        cls._regular("Good", 100)

    def _fail(self, error, **values):
        """Run with phases that raise an error."""

        def phases(pipeline):
            raise error

        with patch.object(CustomerPipeline, "run_phases", phases):
            run = self.policy.recompute(as_of_date=AS_OF, **values)
        self.assertEqual(run.state, "failed")
        return run

    def _activities(self):
        return self.env["mail.activity"].search(
            [
                ("res_model", "=", "classification.run"),
                ("user_id", "=", self.manager.id),
            ]
        )

    def _to_fix(self, user=None):
        self.env.flush_all()
        model = self.env["classification.to.fix"].with_user(user or self.manager)
        return model.with_context(allowed_company_ids=self.company.ids).search([])


@tagged("post_install", "-at_install")
class TestRunFailure(FailureCase):
    """A failed run is reported in words, once a cause until it works again."""

    def test_told_once_a_cause(self):
        self._fail(UserError("The tier Gold is gone."))
        self._fail(UserError("The tier Gold is gone."))
        activity = self._activities()
        self.assertEqual(len(activity), 1)
        self.assertIn("The tier Gold is gone.", activity.note)
        self.assertIn("Mend", activity.note)
        self._fail(UserError("The tier Silver is gone."))
        self.assertEqual(len(self._activities()), 2)

    def test_not_again_when_ticked_off_and_not_mended(self):
        self._fail(UserError("Order 17 is broken."))
        self._activities().action_done()
        self._fail(UserError("Order 18 is broken."))
        self.assertFalse(self._activities())

    def test_done_by_itself_when_it_works_and_told_anew(self):
        self._fail(UserError("The tier Gold is gone."))
        self._recompute()
        self.assertFalse(self._activities())
        self._fail(UserError("The tier Gold is gone."))
        self.assertEqual(len(self._activities()), 1)

    def test_other_kinds_are_told_apart(self):
        self._fail(UserError("Broken."))
        self.policy.recompute_campaigns(as_of_date=AS_OF)
        self.assertEqual(len(self._activities()), 1)

    def test_previews_and_single_customers_are_not_told(self):
        customer = self._customer()
        self._fail(UserError("Broken."), kind="preview")
        self._fail(UserError("Broken."), partner_ids=customer.ids)
        self.assertFalse(self._activities())

    def test_text_of_an_error_is_no_markup(self):
        self._fail(UserError("<b>bold</b>"))
        self.assertIn("&lt;b&gt;bold", self._activities().note)

    def test_no_statement_reaches_people(self):
        error = NumericValueOutOfRange("SELECT secret FROM res_users LINE 1: overflow")
        run = self._fail(error)
        self.assertNotIn("SELECT", run.error)
        self.assertIn("administrator", run.error)
        self.assertIn("log", run.error)

    def test_list_and_first_screen(self):
        self.assertFalse(self._alert(self.manager))
        run = self._fail(UserError("The tier Gold is gone."))
        [row] = self._to_fix()
        self.assertEqual(
            (row.kind, row.reason, row.user_id, row.company_id),
            ("run", "The tier Gold is gone.", self.manager, self.company),
        )
        self.assertEqual(row.action_open()["res_id"], run.id)
        self.assertEqual(self._alert(self.manager)["reason"], row.reason)
        alert = self._alert(self.seller)
        self.assertIn(self.company.name, alert["text"])
        self.assertFalse(alert["reason"])
        self.assertFalse(self._to_fix(self.seller))
        self._recompute()
        self.assertFalse(self._to_fix())
        self.assertFalse(self._alert(self.manager))

    def _alert(self, user):
        self.env.flush_all()
        model = self.env["classification.to.fix"].with_user(user)
        return model.with_context(allowed_company_ids=self.company.ids).get_alert()

    def test_since_the_first_failure(self):
        first = self._fail(UserError("One."))
        self._fail(UserError("Two."))
        [row] = self._to_fix()
        self.assertEqual((row.reason, row.since), ("Two.", first.end_date))

    def test_killed_run_is_marked_by_the_next_hourly_action(self):
        """A killed run is marked even if no other run of the company is due."""
        run = self.env["classification.run"].create(
            {"policy_id": self.policy.id, "as_of_date": AS_OF, "state": "running"}
        )
        with self.enter_registry_test_mode():
            self.env.ref(
                "customer_classification.ir_cron_refresh"
            ).method_direct_trigger()
        run.invalidate_recordset()
        self.assertEqual(run.state, "interrupted")
        self.assertIn(run.id, self._to_fix().mapped("res_id"))


@tagged("post_install", "-at_install")
class TestConcurrency(FailureCase):
    """Another transaction comes in between.

    In a caller's transaction, it is for Odoo to repeat the request.
    """

    def test_reaches_the_caller(self):
        for kind in (SerializationFailure, DeadlockDetected):
            with (
                self.subTest(kind.__name__),
                patch.object(
                    CustomerPipeline, "run_phases", side_effect=kind("in between")
                ),
                self.assertRaises(kind),
            ):
                self.policy.recompute(as_of_date=AS_OF)

    def test_reaches_the_caller_from_behind_another_error(self):
        def phases(pipeline):
            try:
                raise SerializationFailure("in between")
            except SerializationFailure as error:
                message = pipeline.env._("The classes are up to date.")
                raise UserError(message) from error

        with (
            patch.object(CustomerPipeline, "run_phases", phases),
            self.assertRaises(SerializationFailure),
        ):
            self.policy.recompute(as_of_date=AS_OF)

    def test_two_transactions(self):
        """One reads, the other changes and commits, the first one writes."""

        def phases(pipeline):
            pipeline.env.cr.execute("UPDATE res_partner SET ref = ref WHERE id = 1")

        database = db_connect(self.env.cr.dbname)
        with database.cursor() as mine, database.cursor() as theirs:
            env = api.Environment(mine, self.env.uid, {})
            draft = env["classification.policy"].create({"name": "Draft"})
            theirs.execute("UPDATE res_partner SET ref = ref WHERE id = 1")
            theirs.commit()
            with (
                patch.object(CustomerPipeline, "run_phases", phases),
                mute_logger("odoo.sql_db"),
                self.assertRaises(SerializationFailure),
            ):
                draft.recompute(as_of_date=AS_OF, kind="preview")
            mine.rollback()
            mine.execute("SELECT 1")  # not in a failed transaction

    def test_scheduled_run_tries_again(self):
        calls = []

        def phases(pipeline):
            calls.append(pipeline)
            raise SerializationFailure("in between")

        run = self.env["classification.run"].create(
            {"policy_id": self.policy.id, "as_of_date": AS_OF}
        )
        with (
            patch.object(CustomerPipeline, "run_phases", phases),
            patch.object(Execution, "commit", lambda execution: None),
            patch.object(self.env.cr, "rollback", lambda: None),
        ):
            Execution(run, commits=True).execute()
        self.assertEqual((len(calls), run.state), (3, "failed"))
        self.assertIn("next run", run.error)
