from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import AS_OF
from ..playbook_common import DAY, PlaybookCase

TASK_MODULE = "odoo.addons.customer_classification.models.playbook"


@tagged("post_install", "-at_install")
class TestPlaybookWork(PlaybookCase):
    """Steps are handed out within what people can do, each once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ann, cls.bob = cls._salespeople(2)
        cls.company.customer_playbook_limit = 2
        cls.people = [cls._regular(f"P{n}", 300, user_id=cls.ann.id) for n in range(5)]
        cls.big, *__ = cls.people

    def setUp(self):
        super().setUp()
        self.enterContext(self._on(AS_OF))
        self._recompute(as_of_date=AS_OF - DAY)

    def _enter_all(self):
        """All become VIP; the first buys most."""
        for number, one in enumerate(self.people):
            self._purchase(one, AS_OF, 90_000 - number)
        self._enter()

    def _done(self, activity):
        activity.with_user(activity.user_id).action_feedback("Spoke to them")

    # Activities

    def test_the_salesperson_gets_the_activity(self):
        playbook = self._playbook(
            steps=[{"name": "Call them", "note": "<p>Ask how it goes</p>", "cost": 7}]
        )
        self._enter(self.big)
        self._work()
        case = self._case(self.big)
        activity = self._activities(case)
        self.assertEqual(activity.user_id, self.ann)
        self.assertEqual(activity.summary, "Call them")
        self.assertIn("Ask how it goes", activity.note)
        self.assertEqual(activity.date_deadline, AS_OF)
        self.assertEqual(activity.create_uid, playbook.responsible_id)
        self.assertEqual((case.status, case.start_date), ("running", AS_OF))
        self.assertEqual((case.task_ids.state, case.task_ids.cost), ("open", 7))
        self.assertIn(case, self.cases.with_user(self.ann).search([]))

    def test_the_responsible_acts_where_there_is_no_salesperson(self):
        self._playbook()
        self.big.user_id = False
        self.people[1].user_id = self.bob
        self.bob.active = False
        self._enter(self.big, self.people[1])
        self._work()
        cases = self._case(self.big) | self._case(self.people[1])
        self.assertEqual(self._activities(cases).user_id, self.manager)

    def test_the_most_valuable_first_and_the_rest_waits(self):
        self._playbook()
        self._enter_all()
        self._work()
        cases = [self._case(one) for one in self.people]
        self.assertEqual(
            [case.status for case in cases], ["running"] * 2 + ["waiting"] * 3
        )
        self.assertEqual(cases[2].wait_reason, "limit")
        self.assertEqual(cases[2].waiting_since, AS_OF)
        self.assertIn("06/30/2025", cases[2].wait_text)
        self._work()
        self.assertEqual(cases[2].status, "waiting")
        self._work(AS_OF + DAY)
        self.assertEqual([case.status for case in cases], ["running"] * 4 + ["waiting"])
        self.assertFalse(cases[2].wait_reason)
        self.assertEqual(cases[4].waiting_since, AS_OF)

    def test_the_limit_is_for_all_playbooks_of_a_person(self):
        self._playbook()
        self._playbook(daily_limit=1)
        self._enter_all()
        self._work()
        made = self._activities(self.cases.search([("playbook_id", "!=", False)]))
        self.assertEqual(len(made.filtered(lambda one: one.user_id == self.ann)), 2)

    def test_the_limit_of_one_playbook(self):
        playbook = self._playbook(daily_limit=1)
        self._enter_all()
        self._work()
        cases = self.cases.search([("playbook_id", "=", playbook.id)])
        self.assertEqual(len(self._activities(cases)), 1)

    def test_what_was_begun_goes_on_first(self):
        """The second step counts from the day on which the case really began."""
        self._playbook(steps=[{"name": "One"}, {"name": "Two", "delay_days": 2}])
        self._enter_all()
        for day in range(3):
            self._work(AS_OF + day * DAY)
        cases = [self._case(one) for one in self.people]
        states = [case.task_ids.mapped("state") for case in cases]
        self.assertEqual(states[:2], [["open", "open"]] * 2)
        self.assertEqual(states[2:4], [["open", "planned"]] * 2)
        self.assertEqual(states[4], ["planned", "planned"])
        self._work(AS_OF + 3 * DAY)
        self.assertEqual(cases[2].task_ids.mapped("state"), ["open", "open"])

    def test_a_plan_is_one_activity_a_line(self):
        plan = self.env["mail.activity.plan"].create(
            {
                "name": "Welcome",
                "res_model": "customer.playbook.case",
                "template_ids": [
                    Command.create({"summary": "Greet", "delay_count": 0}),
                    Command.create(
                        {
                            "summary": "Ask",
                            "delay_count": 1,
                            "delay_unit": "weeks",
                            "delay_from": "after_plan_date",
                            "responsible_type": "other",
                            "responsible_id": self.bob.id,
                        }
                    ),
                ],
            }
        )
        self._playbook(
            steps=[{"name": "Plan", "kind": "plan", "plan_id": plan.id}],
        )
        self._enter(self.big)
        self._work()
        case = self._case(self.big)
        self.assertEqual(self._activities(case).summary, "Greet")
        self._work(AS_OF + 7 * DAY)
        made = self._activities(case).sorted("id")
        self.assertEqual(made.mapped("summary"), ["Greet", "Ask"])
        self.assertEqual(made[1].user_id, self.bob)

    def test_what_people_do_is_noted(self):
        self._playbook(steps=[{"name": "One"}, {"name": "Two"}])
        self._enter(self.big)
        self._work()
        case = self._case(self.big)
        first, second = self._activities(case).sorted("id")
        self._done(first)
        second.with_user(self.ann).unlink()
        tasks = case.task_ids
        self.assertEqual(tasks.mapped("state"), ["done", "cancelled"])
        self.assertTrue(case.touch_date)
        self.assertEqual((case.done_count, case.task_count), (1, 2))
        self.assertIn("Spoke to them", case.message_ids[0].body)

    def test_an_activity_given_to_somebody_else(self):
        self._playbook()
        self._enter(self.big)
        self._work()
        case = self._case(self.big)
        self._activities(case).with_user(self.ann).user_id = self.bob
        self.assertEqual(case.task_ids.user_id, self.bob)

    # Killed and begun again

    def test_killed_at_each_batch_nothing_is_doubled_or_lost(self):
        """A transaction that dies takes back its batch, and the next goes on."""
        self.company.customer_playbook_limit = 4
        self._playbook(
            steps=[
                {"name": "Give", "kind": "assign", "user_ids": self.ann.ids},
                {"name": "One"},
                {"name": "Two"},
            ]
        )
        self._enter_all()
        for survived in range(12):
            steps = iter(range(survived))

            def commit(count, steps=steps):
                if next(steps, None) is None:
                    raise KeyboardInterrupt
                self.env.flush_all()
                return True

            with (
                self.subTest(survived=survived),
                patch(f"{TASK_MODULE}.customer_playbook_task.BATCH", 1),
            ):
                try:
                    with self.env.cr.savepoint():
                        self.env["customer.playbook"]._work(commit)
                except KeyboardInterrupt:
                    self.env.invalidate_all(flush=False)
        self.env["customer.playbook"]._work()
        made = self._activities(self.cases.search([]))
        self.assertEqual(len(made), 4)
        self.assertEqual(len(made.filtered(lambda one: one.user_id == self.ann)), 4)
        per_task = self.tasks.search([("state", "=", "open")])
        self.assertEqual(per_task.activity_id, made)

    # Other steps

    def test_salespeople_in_turn(self):
        both = self.ann | self.bob
        self._playbook(
            steps=[
                {"name": "Give", "kind": "assign", "user_ids": both.ids},
                {"name": "Call them"},
            ]
        )
        for one in self.people[:4]:
            one.user_id = False
        self._enter_all()
        self._work()
        given = [one.user_id for one in self.people[:4]]
        self.assertEqual(sorted(given.count(one) for one in both), [2, 2])
        self.assertEqual(self.people[4].user_id, self.ann)
        case = self._case(self.people[0])
        self.assertEqual(case.user_id, given[0])

    def _template(self, **values):
        return self.env["mail.template"].create(
            {
                "name": "Offer",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "subject": "An offer for {{ object.name }}",
                "body_html": "<p>Come back</p>",
                "partner_to": "{{ object.id }}",
                "user_id": False,
                **values,
            }
        )

    def _email_step(self, **values):
        template = self._template(**values)
        return {"name": "Write", "kind": "email", "mail_template_id": template.id}

    def _mails(self):
        return self.env["mail.mail"].search([("subject", "like", "An offer for%")])

    def test_an_email_is_queued_once(self):
        self.big.email = "big@example.com"
        self._playbook(steps=[self._email_step()])
        self._enter(self.big)
        self._work()
        self._work()
        mail = self._mails()
        self.assertEqual(mail.subject, "An offer for P0")
        self.assertEqual(mail.state, "outgoing")
        case = self._case(self.big)
        self.assertEqual((case.task_ids.state, case.touch_date), ("done", AS_OF))

    def test_a_step_that_fails_stops_nothing_else(self):
        """Without an address there is no e-mail; all others get theirs."""
        for one in self.people[1:]:
            one.email = f"{one.name}@example.com"
        self._playbook(steps=[self._email_step(), {"name": "Call them"}])
        self._enter_all()
        with mute_logger(f"{TASK_MODULE}.customer_playbook_task"):
            self._work()
        self.assertEqual(len(self._mails()), 4)
        case = self._case(self.big)
        self.assertEqual(case.task_ids.mapped("state"), ["failed", "open"])
        self.assertEqual(case.error, "Write: P0 has no e-mail address.")
        row = self.env["classification.to.fix"].search([("kind", "=", "task")])
        self.assertEqual((row.res_id, row.partner_id), (case.id, self.big))
        self.big.email = "p0@example.com"
        case.with_user(self.manager).action_try_again()
        self._work()
        self.assertEqual(len(self._mails()), 5)
        self.assertFalse(case.error)

    def test_a_template_that_somebody_else_may_change(self):
        step = self._email_step(user_id=self.seller.id)
        playbook = self._playbook(state="draft")
        with self.assertRaisesRegex(AccessError, "belongs to play_seller"):
            self.env["customer.playbook.step"].with_user(self.manager).create(
                {**step, "playbook_id": playbook.id}
            )

    def test_a_template_given_to_somebody_else_later_is_not_sent(self):
        self.big.email = "big@example.com"
        step = self._email_step()
        self._playbook(steps=[step])
        self._enter(self.big)
        template = self.env["mail.template"].browse(step["mail_template_id"])
        template.user_id = self.seller
        self._work()
        self.assertFalse(self._mails())
        self.assertEqual(self._case(self.big).task_ids.state, "failed")

    def _action(self, **values):
        return self.env["ir.actions.server"].create(
            {
                "name": "Note",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "state": "code",
                "code": "records.write({'comment': env.user.name})",
                **values,
            }
        )

    def test_a_server_action_runs_with_the_rights_of_the_responsible(self):
        action = self._action()
        self._playbook(
            steps=[{"name": "Note", "kind": "action", "server_action_id": action.id}]
        )
        self._enter(self.big)
        self._work()
        self.assertIn("play_manager", self.big.comment)

    def test_a_server_action_that_the_responsible_may_not_run(self):
        action = self._action(group_ids=self.env.ref("base.group_system").ids)
        self._playbook(
            steps=[{"name": "Note", "kind": "action", "server_action_id": action.id}]
        )
        self._enter(self.big)
        self._work()
        self.assertFalse(self.big.comment)
        self.assertIn("may not run", self._case(self.big).error)

    def test_a_paused_playbook_does_nothing(self):
        playbook = self._playbook()
        self._enter(self.big)
        playbook.with_user(self.manager).action_pause()
        self._work()
        case = self._case(self.big)
        self.assertEqual(case.status, "waiting")
        self.assertEqual(case.wait_text, "The playbook is paused.")

    def test_the_control_group_is_left_alone(self):
        self.big.email = "big@example.com"
        self._playbook(steps=[self._email_step(), {"name": "Call them"}])
        self._enter(self.big)
        case = self._case(self.big)
        case.is_control = True
        self._work()
        self.assertFalse(self._mails() or self._activities(case))
        with self.assertRaises(UserError):
            case.with_user(self.seller).action_stop()

    # Cost

    def test_queries_do_not_grow_with_customers(self):
        """Run as many statements for five customers as for one."""
        self.company.customer_playbook_limit = 0
        playbook = self._playbook()
        self._enter(self.big)
        counts = []
        for others in ([], self.people[1:]):
            self._enter(*others)
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._work()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(
            len(
                self._activities(self.cases.search([("playbook_id", "=", playbook.id)]))
            ),
            5,
        )
        self.assertLessEqual(counts[1], counts[0] + 3)
