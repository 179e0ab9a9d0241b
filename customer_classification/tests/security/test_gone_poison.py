"""Removed languages, circles and broken steps stop only themselves."""

from datetime import timedelta
from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo import fields
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ...models.common.classification_reason_mixin import plain_reason
from ..common import AS_OF
from ..playbook_common import DAY, PlaybookCase

REMOVED = "xx_XX"
TREES = (
    *("res.partner.industry", "customer.complaint.category", "customer.lost.reason"),
    *("campaign.type", "product.category", "res.partner.category", "product.tag"),
    "utm.tag",
)


@tagged("post_install", "-at_install")
class TestRemovedLanguage(PlaybookCase):
    """A language that was removed stops nobody else.

    Odoo refuses to work in one, and lets one go that only people in the archive have.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.big = cls._regular("Big", 300, user_id=cls.seller.id)
        cls.big.email = "big@gone.example"
        cls.gone = cls._user("gone_person", "sales_team.group_sale_manager")
        cls.gone.email = "gone@gone.example"

    def setUp(self):
        super().setUp()
        self.enterContext(self._on(AS_OF))

    def _remove_language(self, *partners):
        """Give contacts a language that is not there."""
        self.env.flush_all()
        ids = [partner.id for partner in partners]
        query = "UPDATE res_partner SET lang = %s WHERE id = ANY(%s)"
        self.env.cr.execute(SQL(query, REMOVED, ids))
        self.env.invalidate_all()

    def test_playbooks(self):
        self._recompute(as_of_date=AS_OF - DAY)
        playbook = self._playbook()
        playbook.responsible_id = self.gone
        self._remove_language(self.gone.partner_id, self.seller.partner_id)
        self._enter(self.big)
        self._work()
        self.assertFalse(playbook.error)
        self.assertEqual(self._case(self.big, playbook).task_ids.state, "open")

    def test_care(self):
        self._recompute()
        occasion = self.env["customer.care.occasion"].create(
            {"name": "Day", "kind": "holiday", "company_id": self.company.id}
            | {"month": AS_OF.month, "day": AS_OF.day}
        )
        occasion.write({"responsible_id": self.gone.id, "state": "on"})
        self._remove_language(self.big, self.gone.partner_id, self.seller.partner_id)
        occasion._care()
        care = self.env["customer.care"].search([("partner_id", "=", self.big.id)])
        self.assertFalse(occasion.error)
        self.assertEqual(care.state, "open")

    def _rule(self, person, name, domain):
        tag = self.env["res.partner.category"].create({"name": name})
        values = {"kind": "partner", "partner_tag_id": tag.id, "domain": domain}
        rule = self.env["classification.tag.rule"].create(
            {**values, "company_id": self.company.id}
        )
        rule.write({"responsible_id": person.id, "state": "running"})
        return rule

    def test_smart_tags(self):
        domain = f"[('id', '=', {self.big.id})]"
        rule = self._rule(self.gone, "By who left", domain)
        left = self._rule(self.gone, "By who is in the archive", domain)
        left.responsible_id = self._user("gone_left", "sales_team.group_sale_manager")
        left.responsible_id.active = False
        self._remove_language(self.gone.partner_id, left.responsible_id.partner_id)
        self.env["classification.tag.rule"]._run()
        self.assertIn(rule.partner_tag_id, self.big.category_id)
        self.assertFalse(rule.error)
        self.assertIn("does not work here any more", left.error)
        tag = rule.partner_tag_id
        tag.write({"tag_owner_id": self.gone.id, "tag_review_date": "2020-01-01"})
        tag._remind_owners()
        self.assertTrue(tag.tag_reminded_date)

    def test_campaigns(self):
        campaign = self.env["utm.campaign"].create(
            {
                "title": "Live",
                "company_id": self.company.id,
                "campaign_start_date": AS_OF - 9 * DAY,
                "campaign_audience_mode": "live",
                "campaign_target_domain": f"[('id', '=', {self.big.id})]",
            }
        )
        campaign.campaign_targeted_by_id = self.gone
        self._remove_language(self.gone.partner_id)
        self.policy.recompute_campaigns(AS_OF)
        self.assertEqual(campaign.campaign_participant_ids.partner_id, self.big)
        reason = plain_reason("unexpected_error", reason="Nothing")
        campaign._set_campaign_error(reason)
        self.assertEqual(campaign.campaign_error_reason, reason)

    def test_runs_and_reports(self):
        """Failures are told to who is there, and reports and letters go on."""
        schedule = self.env["customer.report.schedule"].create(
            {"company_id": self.company.id, "user_ids": self.gone.ids}
            | {"start_date": "2020-01-01"}
        )
        self._recompute(AS_OF)
        self.company.partner_id.lang = False
        self._remove_language(self.gone.partner_id, self.company.partner_id, self.big)
        schedule._send()
        self.assertEqual(schedule.sending_ids.mapped("state"), ["sent"])
        self.company.customer_notes_moves = True
        self._enter(self.big)
        self.policy.responsible_id = self.gone
        self.gone.active = False
        pipelines = self.env["classification.run"]._pipelines()
        with (
            patch.object(
                pipelines["production"], "collect", side_effect=ValueError("Broken")
            ),
            mute_logger("odoo.addons.customer_classification.models.run.execution"),
        ):
            run = self.policy.recompute()
        self.assertEqual(run.state, "failed")
        told = run.activity_ids.user_id
        self.assertTrue(told and told != self.gone)
        letters = self.env["customer.class.letter"]._letters(
            self.big, self.company, False
        )
        self.assertIn(self.big, letters)


@tagged("post_install", "-at_install")
class TestCircles(PlaybookCase):
    """Trees that are a circle in the database are shown, searched and counted."""

    def test_trees(self):
        for name in TREES:
            model = self.env[name]
            top = model.create({"name": "Circle A"})
            below = model.create({"name": "Circle B", "parent_id": top.id})
            self.env.flush_all()
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET parent_id = %s WHERE id = %s",
                    SQL.identifier(model._table),
                    *(below.id, top.id),
                )
            )
            self.env.invalidate_all()
            with self.subTest(name):
                self.assertIn("Circle B", below.display_name)
                self.assertIn(below, model.search([("display_name", "ilike", "B")]))
                self.assertIn(below, model.search([("id", "child_of", below.id)]))
                if hasattr(model, "_refresh_usage"):
                    model._refresh_usage()

    def test_complaints_of_a_circle(self):
        category = self.env["customer.complaint.category"].create({"name": "A"})
        below = category.create({"name": "B", "parent_id": category.id})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE customer_complaint_category SET parent_id = %s WHERE id = %s",
            [below.id, category.id],
        )
        self.env.invalidate_all()
        deadline = self.env["customer.complaint.deadline"].create(
            {"category_id": category.id, "company_id": self.company.id}
            | {"response_hours": 3, "solution_hours": 9}
        )
        complaint = self.env["customer.complaint"].create(
            {
                "name": "Broken",
                "partner_id": self._customer().id,
                "company_id": self.company.id,
                "category_id": below.id,
            }
        )
        self.assertEqual(complaint.response_limit, deadline.response_hours)


@tagged("post_install", "-at_install")
class TestBrokenSteps(PlaybookCase):
    """A step that cannot be done any more stops only itself, and says why."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.big = cls._regular("Big", 300, user_id=cls.seller.id)
        cls.big.write({"email": "big@steps.example", "ref": "Breaks it"})
        cls.template = cls.env["mail.template"].create(
            {
                "name": "Broken",
                "model_id": cls.env["ir.model"]._get_id("res.partner"),
                "subject": "Hello",
                "partner_to": "{{ object.id }}",
                "email_from": "us@steps.example",
                "body_html": "<t t-if='object.ref'><t t-out='1 / 0'/></t>Hello",
                "user_id": False,
            }
        )

    def setUp(self):
        super().setUp()
        self.enterContext(self._on(AS_OF))
        self._recompute(as_of_date=AS_OF - DAY)

    def _fails(self, playbook, healthy):
        """Work on both, and return why the tasks of the one failed."""
        self._enter(self.big)
        with mute_logger("odoo.addons.mail.models.mail_render_mixin"):
            self._work()
        self.assertEqual(self._case(self.big, healthy).task_ids.state, "open")
        task = self._case(self.big, playbook).task_ids
        self.assertEqual(task.state, "failed")
        found = self.env["classification.to.fix"].search(
            [("kind", "=", "task"), ("res_id", "=", task.case_id.id)]
        ) or self.env["classification.to.fix"].search([("kind", "=", "task")])
        self.assertEqual(found.reason, task.error)
        self.assertTrue(found.user_id)
        return task.error

    def test_template_that_cannot_be_rendered(self):
        step = {"name": "Write", "kind": "email", "mail_template_id": self.template.id}
        error = self._fails(self._playbook(steps=[step]), self._playbook())
        self.assertEqual(
            error,
            "The text of the template cannot be filled in (ZeroDivisionError: division "
            "by zero). Mend the placeholders in it.",
        )

    def test_salespeople_who_left(self):
        step = {"name": "Give", "kind": "assign", "user_ids": self.seller.ids}
        playbook = self._playbook(steps=[step])
        self.big.user_id = False
        self.seller.active = False
        error = self._fails(playbook, self._playbook())
        self.assertIn("None of the salespeople is there any more", error)

    def test_actor_who_left(self):
        """The responsible acts instead of a person who left."""
        person = self._user("steps_person", "sales_team.group_sale_salesman")
        step = {"name": "Call", "actor": "user", "user_id": person.id}
        playbook = self._playbook(steps=[step])
        person.active = False
        self._enter(self.big)
        self._work()
        activity = self._activities(self._case(self.big, playbook))
        self.assertEqual(activity.user_id, self.manager)

    def test_what_steps_need_is_not_deleted(self):
        kind = self.env["mail.activity.type"].create({"name": "Needed"})
        action = self.env["ir.actions.server"].create(
            {
                "name": "Needed",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "state": "code",
                "code": "pass",
            }
        )
        plan = self.env["mail.activity.plan"].create(
            {"name": "Needed", "res_model": "customer.playbook.case"}
        )
        self._playbook(
            steps=[
                {"name": "A", "activity_type_id": kind.id},
                {"name": "B", "kind": "action", "server_action_id": action.id},
                {"name": "C", "kind": "email", "mail_template_id": self.template.id},
                {"name": "D", "kind": "plan", "plan_id": plan.id},
            ]
        )
        for record in (kind, action, self.template, plan):
            with (
                self.subTest(record._name),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.env.cr.savepoint(),
            ):
                record.unlink()

    def test_archived_activity_type(self):
        kind = self.env["mail.activity.type"].create({"name": "Archived"})
        playbook = self._playbook(steps=[{"name": "A", "activity_type_id": kind.id}])
        kind.active = False
        self._enter(self.big)
        self._work()
        self.assertEqual(self._case(self.big, playbook).task_ids.state, "open")

    def test_report_that_fails_in_words(self):
        """One receiver's failure quotes no statement, and others get theirs."""
        people = self._salespeople(2)
        for person in people:
            person.email = f"{person.login}@steps.example"
        schedule = self.env["customer.report.schedule"].create(
            {
                "company_id": self.company.id,
                "user_ids": [person.id for person in people],
                "start_date": fields.Date.today() - timedelta(days=900),
            }
        )
        model = type(schedule)
        values = model._mail_values

        def failing(schedule, user, *period):
            if user == people[0]:
                schedule.env.cr.execute("SELECT nope FROM res_users")
            return values(schedule, user, *period)

        with patch.object(model, "_mail_values", failing), mute_logger("odoo.sql_db"):
            schedule._send()
        states = {row.user_id: row.state for row in schedule.sending_ids}
        self.assertEqual(states, {people[0]: "failed", people[1]: "sent"})
        self.assertIn("Something went wrong", schedule.problem_text)
        self.assertNotIn("nope", schedule.problem_text)
