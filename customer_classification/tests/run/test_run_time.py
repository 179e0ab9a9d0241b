from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..common import ClassificationCase


@tagged("post_install", "-at_install")
class TestRunTime(ClassificationCase):
    """Durations are shown before the button, and while a run is under way."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._regular("Ann", 100)
        cls.runs = cls.env["classification.run"]

    def _took(self, seconds, **values):
        run = self._recompute(**values)
        run.duration = seconds
        return run

    def _rules(self):
        return self.policy.customer_rules_id

    def test_before_the_first_run(self):
        self.assertIn("after the first one", self._rules().run_time_text)

    def test_words(self):
        for seconds, words in (
            (0.4, "less than a second"),
            (1, "about 1 s"),
            (89, "about 89 s"),
            (90, "about 2 min"),
            (3_600, "about 60 min"),
            (9_000, "about 2.5 h"),
        ):
            self.assertEqual(self.runs._time_words(seconds), words)

    def test_by_the_last_run_over_all(self):
        self._took(200)
        self._took(40)
        self._took(1, partner_ids=self.env["res.partner"].search([], limit=1).ids)
        self.assertIn("about 40 s", self._rules().run_time_text)

    def test_a_draft_asks_its_previews_first(self):
        self._took(40)
        draft = self._rules().browse(self._rules().action_new_version()["res_id"])
        self.assertIn("about 40 s", draft.run_time_text)
        self._took(12, policy=draft._draft_policy(), kind="preview")
        draft.invalidate_recordset()
        self.assertIn("about 12 s", draft.run_time_text)

    def test_of_another_company_nothing_is_said(self):
        self._took(40)
        other = self._company("Elsewhere")
        policy = self._policy(other)
        self.assertIn("after the first one", policy.customer_rules_id.run_time_text)

    def test_time_left(self):
        last = self._took(100)
        run = last.copy({"state": "running", "progress": 50})
        run.start_date = fields.Datetime.now() - timedelta(seconds=40)
        self.assertRegex(run.remaining_text, r"^about (59|60) s left")
        run.start_date = fields.Datetime.now() - timedelta(seconds=140)
        self.assertEqual(run.remaining_text, "It takes longer than the last one.")
        run.state = "done"
        self.assertFalse(run.remaining_text)
