from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from ..common import AS_OF
from ..playbook_common import DAY, PlaybookCase


@tagged("post_install", "-at_install")
class TestPlaybookHeard(PlaybookCase):
    """Playbooks that begin by what customers say, or that they are silent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.big = cls._regular("Big", 300, email="big@big.example")
        cls.small = cls._regular("Small", 10, email="small@small.example")
        cls.mute = cls._regular("Mute", 10)

    def setUp(self):
        super().setUp()
        self.enterContext(self._on(AS_OF))
        self._recompute(as_of_date=AS_OF - DAY)

    def _heard_playbook(self, axis, **values):
        playbook = self._playbook(
            **{"axis": axis, "tier_ids": False, "goal_days": 30, **values}
        )
        playbook.since_date = AS_OF - 10 * DAY
        return playbook

    def _solved(self, customer, days):
        complaint = self.env["customer.complaint"].create(
            {
                "name": "Broken",
                "partner_id": customer.id,
                "company_id": self.company.id,
                "open_date": self._moment(AS_OF - (days + 1) * DAY),
                "result": "solved",
            }
        )
        complaint.action_solve()
        complaint.solved_date = self._moment(AS_OF - days * DAY)
        return complaint

    def _say(self, customer, answer, days, **values):
        return self.env["customer.feedback"].create(
            {
                "partner_id": customer.id,
                "company_id": self.company.id,
                "date": AS_OF - days * DAY,
                "original_score": answer,
                **values,
            }
        )

    def _mail(self, customer, days):
        self.env["mail.message"].create(
            {
                "model": "res.partner",
                "res_id": customer.id,
                "message_type": "email",
                "author_id": customer.id,
                "date": self._moment(AS_OF - days * DAY),
            }
        )

    def _opened(self, playbook):
        return self.cases.search([("playbook_id", "=", playbook.id)]).partner_id

    # Ways in

    def test_complaint(self):
        playbook = self._heard_playbook("complaint")
        self._solved(self.big, 5)
        self._solved(self.small, 20)  # before the playbook began
        open_one = self._solved(self.mute, 3)
        open_one.state = "in_progress"
        self._work()
        self.assertEqual(self._opened(playbook), self.big)
        case = self._case(self.big, playbook)
        self.assertEqual(case.entered_date, AS_OF - 5 * DAY)
        self.assertEqual(playbook.when_text, "A complaint is solved")

    def test_day_of_a_complaint_is_that_of_the_rules(self):
        """Solved at 20:00 UTC, that is in the morning of the next day in Shanghai."""
        self._policy(self.company, tz="Asia/Shanghai")
        playbook = self._heard_playbook("complaint")
        complaint = self._solved(self.big, 5)
        complaint.solved_date = complaint.solved_date.replace(hour=20)
        self._work()
        self.assertEqual(self._case(self.big, playbook).entered_date, AS_OF - 4 * DAY)

    def test_some_days_after_a_complaint(self):
        playbook = self._heard_playbook("complaint", trigger="stays", stay_days=3)
        self._solved(self.big, 3)
        self._solved(self.small, 2)
        self._work()
        self.assertEqual(self._opened(playbook), self.big)
        self.assertEqual(playbook.when_text, "A complaint is solved, for 3 days")

    def test_bad_answer(self):
        playbook = self._heard_playbook("answer", score_below=50)
        self._say(self.big, 2, 3)  # 25 of 100
        self._say(self.small, 1, 4)
        self._say(self.small, 5, 3)
        self._say(self.mute, 3, 2)  # 50 of 100
        self._say(self.mute, 1, 2, kind="complaint")
        self._work()
        self.assertEqual(self._opened(playbook), self.big)

    def test_the_worst_answer_of_a_day_counts(self):
        playbook = self._heard_playbook("answer")
        self._say(self.big, 5, 1)
        self._say(self.big, 1, 1)
        self._work()
        self.assertEqual(self._opened(playbook), self.big)

    def test_a_better_answer_ends_it(self):
        playbook = self._heard_playbook("answer")
        self._say(self.big, 1, 3)
        self._work()
        self._say(self.big, 5, 0)
        self._work(AS_OF + DAY)
        self.assertEqual(self._case(self.big, playbook).status, "stopped")

    def _bought_long_ago(self):
        """Let profiles say that nobody bought in the last hundred days."""
        self.env["customer.profile"].search(
            [("company_id", "=", self.company.id)]
        ).last_purchase_date = AS_OF - 100 * DAY
        self.env.flush_all()

    def test_silence(self):
        """The own rhythm is 30 days: silent from the 60th day on."""
        playbook = self._heard_playbook("silence")
        self._bought_long_ago()
        self._mail(self.big, 60)
        self._mail(self.small, 59)
        self._work()
        self.assertEqual(self._opened(playbook), self.big)
        self._work(AS_OF + DAY)
        self.assertEqual(self._opened(playbook), self.big | self.small)

    def test_who_was_silent_before_comes_by_option_only(self):
        self._bought_long_ago()
        self._mail(self.big, 90)
        playbook = self._heard_playbook("silence")
        self._work()
        self.assertFalse(self._opened(playbook))
        playbook.state = "paused"
        manager = playbook.with_user(self.manager)
        action = manager.action_preview()
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(wizard.present_count, 1)
        wizard = wizard.with_user(self.manager)
        wizard.takes_present = True
        wizard.action_switch_on()
        self.assertEqual(self._opened(playbook), self.big)

    def test_the_same_complaint_opens_once(self):
        playbook = self._heard_playbook("complaint", cooldown_days=0)
        self._solved(self.big, 5)
        self._work()
        case = self._case(self.big, playbook)
        case.with_user(self.manager).action_stop()
        case.close_date = AS_OF
        self._work(AS_OF + DAY)
        self.assertEqual(len(self.cases.search([("playbook_id", "=", playbook.id)])), 1)
        complaint = self._solved(self.big, 0)
        complaint.solved_date = self._moment(AS_OF + DAY)
        self._work(AS_OF + 2 * DAY)
        self.assertEqual(len(self.cases.search([("playbook_id", "=", playbook.id)])), 2)

    def test_other_companies_apart(self):
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        playbook = self._heard_playbook("answer")
        self._say(self.big, 1, 3, company_id=other.id)
        self._work()
        self.assertFalse(self._opened(playbook))

    def test_objectors_apart(self):
        person = self._regular("Ada", 100)
        self._recompute(as_of_date=AS_OF - DAY)
        playbook = self._heard_playbook("complaint")
        self._solved(person, 1)
        person.customer_objects_profiling = True
        self._work()
        self.assertFalse(self._opened(playbook))

    def test_form(self):
        """No class is needed, and words tell when it begins."""
        with Form(self.env["customer.playbook"].with_user(self.manager)) as form:
            form.name = "Calls"
            form.axis = "answer"
            form.score_below = 40
        self.assertEqual(form.record.when_text, "The last answer is below 40 of 100")

    # Requests for feedback

    def _asking(self, **values):
        step = {"name": "Ask", "kind": "feedback", "activity_type_id": False}
        return self._heard_playbook("complaint", steps=[step], **values)

    def _requests(self):
        return self.env["customer.feedback.request"].search(
            [("company_id", "=", self.company.id)]
        )

    def test_step_asks_about_the_solution(self):
        playbook = self._asking()
        complaint = self._solved(self.big, 5)
        self._work()
        asked = self._requests()
        self.assertEqual(asked.partner_id, self.big)
        self.assertEqual(asked.complaint_id, complaint)
        self.assertTrue(asked.sent_date)
        self.assertEqual(asked.user_id, self.manager)
        mails = self.env["mail.mail"].search(
            [("model", "=", asked._name), ("res_id", "in", asked.ids)]
        )
        self.assertEqual(len(mails), 1)
        case = self._case(self.big, playbook)
        self.assertEqual(case.task_ids.state, "done")

    def test_who_cannot_be_asked_is_told(self):
        playbook = self._asking()
        self._solved(self.big, 5)
        self._solved(self.mute, 5)
        self._work()
        self.assertEqual(self._requests().partner_id, self.big)
        task = self._case(self.mute, playbook).task_ids
        self.assertEqual(task.state, "failed")
        self.assertEqual(task.error, "Mute has no e-mail address.")

    def test_nobody_is_asked_twice(self):
        self._asking()
        self._asking()
        self._solved(self.big, 5)
        self._work()
        self.assertEqual(len(self._requests()), 1)
        with self.assertRaisesRegex(UserError, "asked already"):
            self._requests().copy()._send()

    def test_queries(self):
        """Ask any number by the same number of queries, but for the mails."""
        counts = []
        for number in (1, 6):
            customers = [
                self._regular(f"Q{number}{one}", 1, email=f"q{number}{one}@q.example")
                for one in range(number)
            ]
            requests = self.env["customer.feedback.request"].create(
                [
                    {"partner_id": one.id, "company_id": self.company.id}
                    for one in customers
                ]
            )
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            requests._check_may_send()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertLessEqual(counts[1], counts[0] + 1)
