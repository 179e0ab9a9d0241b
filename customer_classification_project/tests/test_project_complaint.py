from datetime import date, datetime, timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged
from odoo.tools import SQL

from odoo.addons.customer_classification.tests.complaint.common import ComplaintCase


@tagged("post_install", "-at_install")
class TestProjectComplaint(ComplaintCase):
    """Tasks of a chosen project as complaints."""

    policy_values = {"tz": "Europe/Berlin"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.loud = cls._regular("Loud Ltd", 100, is_company=True)
        cls.clerk = cls._customer("Clerk", parent_id=cls.loud.id)
        cls.open_stage, cls.closed_stage = cls.env["project.task.type"].create(
            [{"name": "Open"}, {"name": "Solved", "fold": True}]
        )
        cls.project = cls._project("Support", customer_has_complaints=True)
        cls._recompute()

    @classmethod
    def _project(cls, name, **values):
        return cls.env["project.project"].create(
            {
                "name": name,
                "company_id": cls.company.id,
                "type_ids": [(6, 0, (cls.open_stage | cls.closed_stage).ids)],
                **values,
            }
        )

    def _task(self, **values):
        return self.env["project.task"].create(
            {
                "name": "Broken",
                "project_id": self.project.id,
                "stage_id": self.open_stage.id,
                "partner_id": self.clerk.id,
                **values,
            }
        )

    def _seen(self):
        self.env.flush_all()
        profile = self._profile(self.loud)
        profile.invalidate_recordset()
        return profile

    def test_open_and_overdue(self):
        self._task()
        yesterday = fields.Datetime.now() - timedelta(days=1)
        late = self._task(date_deadline=yesterday)
        profile = self._seen()
        self.assertEqual(profile.complaint_count, 2)
        self.assertEqual(profile.open_complaint_count, 2)
        self.assertEqual(profile.overdue_complaint_count, 1)
        late.state = "1_done"
        profile = self._seen()
        self.assertEqual(profile.complaint_count, 2)
        self.assertEqual(profile.open_complaint_count, 1)
        self.assertFalse(profile.overdue_complaint_count)
        self.assertFalse(profile.complaint_hours)

    def test_closed_by_the_stage_with_hours(self):
        task = self._task()
        task.stage_id = self.closed_stage
        task.flush_recordset()
        self.env.cr.execute(
            "UPDATE project_task SET working_hours_close = 6.5 WHERE id = %s", [task.id]
        )
        profile = self._seen()
        self.assertFalse(profile.open_complaint_count)
        self.assertAlmostEqual(profile.complaint_hours, 6.5)
        task.state = "1_canceled"
        self.assertFalse(self._seen().complaint_hours)

    def test_what_does_not_count(self):
        task = self._task()
        self._task(parent_id=task.id)
        self._task(is_template=True)
        self._task(partner_id=False)
        self._task(active=False)
        self._task(project_id=self._project("Building").id)
        self._task(partner_id=self.seller.partner_id.id)
        self.assertEqual(self._seen().complaint_count, 1)
        task.write({"state": "1_done"})
        task.active = False
        self.assertEqual(self._seen().complaint_count, 1)
        self.project.customer_has_complaints = False
        self.assertFalse(self._seen().complaint_count)

    def test_other_companies_apart(self):
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        project = self._project(
            "Elsewhere", customer_has_complaints=True, company_id=other.id
        )
        self._task(project_id=project.id)
        self.assertFalse(self._seen().complaint_count)

    def test_form(self):
        project = self._project("Help")
        with Form(project) as form:
            form.customer_has_complaints = True
        self._task(project_id=project.id)
        self.assertEqual(self._seen().complaint_count, 1)

    def test_readers_see_numbers_only(self):
        self.project.privacy_visibility = "followers"
        task = self._task(name="Secret")
        profile = self._seen().with_user(self.seller)
        self.assertEqual(profile.complaint_count, 1)
        self.assertNotIn("Secret", profile.voice_text)
        with self.assertRaises(AccessError):
            task.with_user(self.seller).read(["name"])
        with self.assertRaises(AccessError):
            self.project.with_user(self.seller).customer_has_complaints = False

    def test_day_of_the_rules(self):
        """A task of 23:30 UTC is of the next day in Berlin."""
        task = self._task()
        self._created(task, datetime(2025, 6, 10, 23, 30))
        self.env.flush_all()
        source = self.env["classification.feedback.source"].sudo()
        queries = source._queries(fields.Datetime.now(), self.clerk.ids)
        [row] = self.env.execute_query(SQL(" UNION ALL ").join(queries))
        self.assertEqual(row[2], date(2025, 6, 11))
