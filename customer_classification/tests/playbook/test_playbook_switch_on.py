from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from ..common import AS_OF
from ..playbook_common import DAY, PlaybookCase


@tagged("post_install", "-at_install")
class TestPlaybookSwitchOn(PlaybookCase):
    """A playbook is made of a template, looked at, switched on and changed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann, cls.bob = cls._salespeople(2)
        cls.people = [
            cls._regular(f"P{n}", 300, user_id=(cls.ann if n else cls.bob).id)
            for n in range(6)
        ]
        cls.company.customer_playbook_limit = 2

    def setUp(self):
        super().setUp()
        self.enterContext(self._on(AS_OF))
        self._recompute(as_of_date=AS_OF - 40 * DAY)
        for one in self.people:
            self._purchase(one, AS_OF - 10 * DAY, 50_000)
        self._recompute(as_of_date=AS_OF - 10 * DAY)
        self.events.search([]).unlink()
        self.draft = self._playbook(state="draft").with_user(self.manager)

    def _start(self, playbook=None):
        action = (playbook or self.draft).action_preview()
        return (
            self.env[action["res_model"]]
            .with_user(self.manager)
            .browse(action["res_id"])
        )

    def _open(self):
        return self.cases.search([("playbook_id", "=", self.draft.id)])

    # Preview

    def test_preview(self):
        """Count who would get a case, and what each person would get."""
        self.draft.control_share = 50
        start = self._start()
        self.assertEqual((start.present_count, start.control_count), (6, 3))
        self.assertEqual(start.entered_count, 6)
        lines = [
            (
                line.user_id,
                line.customer_count,
                line.first_day_count,
                line.waiting_count,
                line.day_count,
            )
            for line in start.line_ids
        ]
        self.assertEqual(lines[0], (self.ann, 3, 2, 1, 2))
        self.assertFalse(self._open())
        self.assertFalse(
            self.env["mail.activity"].search_count(
                [("res_model", "=", "customer.playbook.case")]
            )
        )

    def test_preview_of_a_stay(self):
        self.draft.write({"trigger": "stays", "stay_days": 11})
        self.assertEqual(self._start().present_count, 0)
        self.draft.stay_days = 10
        self.assertEqual(self._start().present_count, 6)

    def test_preview_with_a_condition(self):
        self.draft.domain = repr([("name", "in", ["P1", "P2"])])
        self.assertEqual(self._start().present_count, 2)

    # Switching on

    def test_from_now_on(self):
        self._start().action_switch_on()
        self.assertEqual(self.draft.state, "running")
        self.assertEqual(self.draft.responsible_id, self.manager)
        self._work()
        self.assertFalse(self._open())
        late = self._regular("Late", 300)
        self._recompute(as_of_date=AS_OF - DAY)
        self._enter(late)
        self.assertEqual(self._open().partner_id, late)

    def test_also_who_is_in_the_class_now(self):
        start = self._start()
        start.takes_present = True
        start.action_switch_on()
        self.assertEqual(len(self._open()), 6)
        self.assertEqual(self._open()[0].entered_date, AS_OF - 10 * DAY)

    def test_a_second_time_opens_no_second_case(self):
        for __ in range(2):
            start = self._start()
            start.takes_present = True
            start.action_switch_on()
            self.draft.action_pause()
        self.assertEqual(len(self._open()), 6)

    def test_without_a_step_there_is_nothing_to_switch_on(self):
        start = self._start()
        self.draft.step_ids.unlink()
        with self.assertRaisesRegex(UserError, "at least one step"):
            start.action_switch_on()

    # Changes

    def _running(self):
        start = self._start()
        start.takes_present = True
        start.action_switch_on()
        return self.draft

    def test_a_running_playbook_is_not_changed(self):
        playbook = self._running()
        for vals in (
            {"goal_days": 5},
            {"domain": "[('name', '=', 'x')]"},
            {"step_ids": [Command.create({"name": "More"})]},
            {"step_ids": [Command.update(playbook.step_ids.id, {"name": "New"})]},
        ):
            with self.subTest(vals=vals), self.assertRaisesRegex(UserError, "running"):
                playbook.write(vals)
        with self.assertRaisesRegex(UserError, "running"):
            playbook.step_ids.name = "New"

    def _changed(self, follow):
        """Change the step of a playbook with open cases; return their tasks."""
        playbook = self._running()
        self._work()
        playbook.action_pause()
        playbook.step_ids.name = "Write a letter"
        playbook.write({"step_ids": [Command.create({"name": "Visit"})]})
        start = self._start()
        self.assertEqual(start.open_case_count, 6)
        start.follow_current = follow
        start.action_switch_on()
        return self._open().task_ids

    def test_cases_under_way_go_on_as_they_began(self):
        tasks = self._changed("new")
        self.assertEqual(len(tasks), 6)
        self.assertEqual(
            set(tasks.filtered(lambda one: one.state == "planned").mapped("name")),
            {"Call them"},
        )
        self._work(AS_OF + DAY)
        self.assertIn("Call them", self._activities(self._open()).mapped("summary"))

    def test_cases_under_way_follow(self):
        """Keep what was handed out, and plan all else as the steps say now."""
        tasks = self._changed("all")
        planned = tasks.filtered(lambda one: one.state == "planned").mapped("name")
        self.assertEqual(len(tasks.filtered(lambda one: one.state == "open")), 3)
        self.assertEqual(planned.count("Visit"), 6)
        self.assertEqual(planned.count("Write a letter"), 3)
        self.assertNotIn("Call them", planned)

    def test_a_deleted_step_stays_for_its_cases(self):
        playbook = self._running()
        playbook.action_pause()
        step = playbook.step_ids
        step.unlink()
        self.assertTrue(step.exists())
        self.assertFalse(playbook.step_ids)
        self.assertEqual(len(self._open().task_ids), 6)

    def test_who_changes_it_answers_for_it(self):
        other = self._user("play_other", "sales_team.group_sale_manager")
        self.draft.with_user(other).step_ids.name = "Other"
        self.assertEqual(self.draft.responsible_id, other)
        self.draft.goal_days = 7
        self.assertEqual(self.draft.responsible_id, self.manager)

    # What it may say

    def test_checks(self):
        for vals in (
            {"tier_ids": [Command.clear()]},
            {"axis": "lifecycle_stage"},
            {"goal_kind": "tier"},
            {"goal_days": 0},
            {"control_share": 51},
            {"control_share": float("nan")},
            {"domain": "[('nothing', '=', 1)]"},
        ):
            with self.subTest(vals=vals), self.assertRaises(ValidationError):
                self.draft.write(vals)

    def test_the_state_is_the_programs(self):
        for vals in (
            {"state": "running"},
            {"responsible_id": self.env.user.id},
            {"since_date": AS_OF},
        ):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                self.draft.write(vals)

    # Templates

    def _templates(self):
        return self.env["customer.playbook"].search([("state", "=", "template")])

    def test_each_template_can_be_used(self):
        """Make a playbook of each, preview it and switch it on."""
        self.assertGreaterEqual(len(self._templates()), 11)
        for template in self._templates():
            with self.subTest(template=template.name):
                self.assertTrue(template.description)
                action = template.with_user(self.manager).action_use_template()
                own = self.draft.browse(action["res_id"])
                self.assertEqual(own.company_id, self.company)
                self.assertEqual(own.responsible_id, self.manager)
                self.assertEqual(
                    own.step_ids.mapped("name"), template.step_ids.mapped("name")
                )
                if own.step_ids.filtered(lambda one: one.kind == "assign"):
                    own.step_ids.user_ids = self.ann
                start = self._start(own)
                start.takes_present = True
                start.action_switch_on()
                self.assertEqual(own.state, "running")

    def test_templates_are_not_changed(self):
        template = self._templates()[0].with_user(self.manager)
        for call in (
            lambda: template.write({"goal_days": 5}),
            lambda: template.step_ids.write({"name": "Own"}),
            lambda: template.unlink(),
            lambda: template.action_preview(),
        ):
            with self.assertRaises(UserError):
                call()

    def test_templates_do_nothing(self):
        self._work()
        self.assertFalse(
            self.cases.search([("playbook_id", "in", self._templates().ids)])
        )
