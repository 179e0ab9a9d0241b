from unittest.mock import patch

from psycopg2 import DataError

from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ..common import AS_OF
from ..playbook_common import DAY, PlaybookCase


@tagged("post_install", "-at_install")
class TestPlaybookPoison(PlaybookCase):
    """One playbook, or one company, that cannot be worked on stops no other."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.big = cls._regular("Big", 300, user_id=cls.seller.id)

    def setUp(self):
        super().setUp()
        self.enterContext(self._on(AS_OF))
        self._recompute(as_of_date=AS_OF - DAY)

    def _elsewhere(self):
        """Return a running playbook of another company, with a case in it."""
        other = self._company("Other Ltd")
        self._policy(other)
        for user in (self.manager, self.seller):
            user.company_ids |= other
        playbook = self._playbook(company_id=other.id, stops_on_leaving=False)
        playbook._open_cases(SQL("SELECT %s, %s::date", self.big.id, AS_OF))
        return playbook

    def _to_fix(self, playbook):
        rows = self.env["classification.to.fix"].with_user(self.manager)
        domain = [("res_model", "=", playbook._name), ("res_id", "=", playbook.id)]
        return rows.search(domain)

    def test_filter_of_a_company_that_cannot_be_read(self):
        """Its playbooks rest with the sentence until it can; others go on."""
        here, elsewhere = self._playbook(), self._elsewhere()
        paused = self._playbook(state="paused", name="Paused")
        self._enter(self.big)
        self.env.flush_all()
        query = "UPDATE classification_policy SET sale_domain = %s WHERE id = %s"
        self.env.cr.execute(SQL(query, "[('gone', '=', 1)]", self.policy.id))
        self.env.invalidate_all()
        self._work()
        self.assertEqual(self._case(self.big, elsewhere).status, "running")
        self.assertEqual(self._case(self.big, here).status, "waiting")
        self.assertIn("no field “gone” any more", here.error)
        row = self._to_fix(here)
        self.assertEqual((row.reason, row.user_id), (here.error, self.manager))
        self.assertFalse(paused.error)
        self.env.cr.execute(SQL(query, "[]", self.policy.id))
        self.env.invalidate_all()
        self._work()
        self.assertFalse(here.error)
        self.assertEqual(self._case(self.big, here).status, "running")

    def test_condition_that_fails_in_the_database(self):
        """One that fails row by row rests, without the text of the statement."""
        poisoned = self._playbook(name="Poisoned")
        healthy = self._playbook()
        self._enter(self.big)
        playbooks = type(healthy)
        in_class = playbooks._in_class

        def failing(playbook):
            if playbook == poisoned:
                return SQL("1 / (p.id - p.id) = 1")
            return in_class(playbook)

        with (
            patch.object(playbooks, "_in_class", failing),
            mute_logger("odoo.sql_db"),
        ):
            self._work()
            self.assertEqual(self._case(self.big, healthy).status, "running")
            for __ in range(2):  # it stays known from hour to hour
                self.assertIn("Something went wrong that", poisoned.error)
                self.assertNotIn("p.id", poisoned.error)
                self._work()
        self.assertEqual(self._case(self.big, poisoned).status, "waiting")
        self._work(AS_OF + DAY)
        self.assertFalse(poisoned.error, "it is tried again each day")

    def test_reasons_quote_no_statement(self):
        """The kind of an error is kept, and its words unless it is a statement."""
        playbook = self._playbook(stops_on_leaving=False)
        self._enter(self.big)
        tasks = self._case(self.big, playbook).task_ids
        for error, shown in (
            (DataError("syntax error in SELECT secret"), "(DataError)"),
            (ValueError("Too far"), "(ValueError: Too far)"),
        ):
            with patch.object(type(tasks), "_make_activities", side_effect=error):
                self._work()
            self.assertEqual(tasks.state, "failed")
            self.assertIn(shown, tasks.error)
            self.assertNotIn("secret", tasks.error)
            tasks.write({"state": "planned", "error_reason": False})
