from datetime import datetime

from odoo.fields import Command
from odoo.tests import tagged

from ..common import AS_OF
from ..playbook_common import DAY, PlaybookCase


@tagged("post_install", "-at_install")
class TestPlaybookOutcome(PlaybookCase):
    """Outcome of cases, and why they end."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.big = cls._regular("Big", 300)

    def setUp(self):
        super().setUp()
        self.enterContext(self._on(AS_OF))
        self._recompute(as_of_date=AS_OF - DAY)

    def _opened(self, **values):
        """Return the case of a playbook, whose first step is handed out."""
        playbook = self._playbook(**values)
        self._enter(self.big)
        self._work()
        return self._case(self.big, playbook)

    # Goals

    def test_an_order(self):
        case = self._opened(goal_days=10)
        self._purchase(self.big, AS_OF + 3 * DAY, 100)
        self._work(AS_OF + 4 * DAY)
        self.assertEqual((case.status, case.goal_date), ("reached", AS_OF + 3 * DAY))
        self.assertEqual((case.revenue, case.close_date), (100, AS_OF + 4 * DAY))
        self.assertEqual(case.task_ids.state, "cancelled")
        self.assertFalse(self._activities(case))
        self.assertEqual(case.episode, case.id)

    def test_what_was_bought_on_the_first_day_is_no_outcome(self):
        case = self._opened()
        self.assertEqual((case.status, case.revenue), ("running", 0))

    def test_the_revenue_of_the_window_is_net(self):
        """The last day counts, the day after does not; returns are taken off."""
        case = self._opened(goal_kind="answer", goal_days=10)
        for day, amount in ((1, 500), (10, 70), (11, 9_000), (2, -100)):
            self._purchase(self.big, AS_OF + day * DAY, amount)
        self._work(AS_OF + 10 * DAY)
        self.assertEqual((case.status, case.revenue), ("running", 470))
        self.assertFalse(case.measured_date)
        self._work(AS_OF + 11 * DAY)
        self.assertEqual((case.status, case.revenue), ("missed", 470))
        self.assertEqual(case.measured_date, AS_OF + 11 * DAY)
        self._purchase(self.big, AS_OF + DAY, 1)
        self._work(AS_OF + 12 * DAY)
        self.assertEqual(case.revenue, 470)

    def test_a_case_that_ended_early_is_measured_to_the_end(self):
        case = self._opened(goal_days=10)
        case.with_user(self.manager).action_stop()
        self._purchase(self.big, AS_OF + 5 * DAY, 100)
        self._work(AS_OF + 11 * DAY)
        self.assertEqual((case.status, case.stop_reason), ("stopped", "person"))
        self.assertEqual((case.goal_date, case.revenue), (AS_OF + 5 * DAY, 100))

    def test_one_tier_up(self):
        playbook = self._playbook(
            tier_ids=self._tier("high").ids, goal_kind="tier_up", goal_days=20
        )
        self._enter(self.big, amount=5_500)
        case = self._case(self.big, playbook)
        self._work()
        self.assertEqual(case.status, "running")
        with self._on(AS_OF + 5 * DAY):
            self._enter(self.big, day=AS_OF + 5 * DAY)
        self._work(AS_OF + 5 * DAY)
        self.assertEqual((case.status, case.goal_date), ("reached", AS_OF + 5 * DAY))

    def test_a_fall_is_no_tier_up(self):
        case = self._opened(goal_kind="tier_up", stops_on_leaving=False)
        with self._on(AS_OF + 800 * DAY):
            for days in (500, 800):
                self._recompute(as_of_date=AS_OF + days * DAY)
        case.window_end = AS_OF + 900 * DAY
        self._work(AS_OF + 800 * DAY)
        self.assertEqual(case.status, "running")

    def test_a_tier_is_reached(self):
        playbook = self._playbook(
            tier_ids=self._tier("high").ids,
            goal_kind="tier",
            goal_tier_ids=[Command.set(self._tier("vip").ids)],
        )
        self._enter(self.big, amount=5_500)
        with self._on(AS_OF + DAY):
            self._enter(self.big, day=AS_OF + DAY)
        self._work(AS_OF + DAY)
        self.assertEqual(self._case(self.big, playbook).status, "reached")

    def test_a_stage_and_a_risk_are_reached(self):
        stage = self._playbook(
            goal_kind="stage",
            goal_stage_ids=[Command.set(self._stage("dormant").ids)],
            stops_on_leaving=False,
            goal_days=300,
        )
        risk = self._playbook(
            goal_kind="risk", goal_risk="high", stops_on_leaving=False, goal_days=300
        )
        self._enter(self.big)
        for days in (100, 200):
            with self._on(AS_OF + days * DAY):
                self._recompute(as_of_date=AS_OF + days * DAY)
        profile = self._profile(self.big)
        self._work(AS_OF + 200 * DAY)
        self.assertEqual(
            (profile.lifecycle_stage_id.code, self._case(self.big, stage).status),
            ("lost", "reached"),
        )
        self.assertEqual(self._case(self.big, risk).status, "reached")

    def test_an_answer_noted_by_a_person(self):
        case = self._opened(goal_kind="answer")
        case.with_user(self.manager).action_answered()
        self.assertEqual(case.status, "reached")
        self.assertTrue(case.goal_date)

    def test_an_answer_by_email(self):
        case = self._opened(goal_kind="answer")
        person = self._customer("Person", parent_id=self.big.id)
        message = self.env["mail.message"].create(
            {
                "message_type": "email",
                "author_id": person.id,
                "model": "res.partner",
                "res_id": self.big.id,
                "body": "Thank you",
            }
        )
        message.date = self._moment(AS_OF + 2 * DAY)
        self._work(AS_OF + 2 * DAY)
        self.assertEqual((case.status, case.goal_date), ("reached", AS_OF + 2 * DAY))

    def test_an_answer_is_on_the_day_of_the_rules(self):
        """Each window begins and ends by the calendar of the rules.

        It is the day after the first one in Shanghai from 16:00 UTC on.
        """
        self.env.cr.execute(
            "UPDATE classification_policy SET tz = 'Asia/Shanghai' WHERE id = %s",
            self.policy.ids,
        )
        self.policy.invalidate_recordset(["tz"])
        for first, last, expected in (
            (datetime(2025, 6, 30, 15, 59), None, None),
            (datetime(2025, 6, 30, 16, 0), None, AS_OF + DAY),
            (
                datetime(2025, 6, 30, 15, 59),
                datetime(2025, 7, 5, 15, 59),
                AS_OF + 5 * DAY,
            ),
            (datetime(2025, 7, 5, 16, 0), None, None),
        ):
            with self.subTest(first), self.env.cr.savepoint() as savepoint:
                case = self._opened(goal_kind="answer", goal_days=5)
                for moment in filter(None, (first, last)):
                    self.env["mail.message"].create(
                        {
                            "message_type": "email",
                            "author_id": self.big.id,
                            "model": "res.partner",
                            "res_id": self.big.id,
                            "body": "Thank you",
                        }
                    ).date = moment
                self._work(AS_OF + 6 * DAY)
                self.assertEqual(case.goal_date or None, expected)
                savepoint.rollback()
            self.env.invalidate_all()

    # Ends

    def test_who_leaves_the_audience(self):
        case, stays = self._opened(), self._playbook(stops_on_leaving=False)
        self._enter(self.big)
        self.env["classification.override"].create(
            {
                "partner_id": self.big.id,
                "company_id": self.company.id,
                "axis": "value_tier",
                "tier_id": self._tier("low").id,
                "reason": "Known",
                "start_date": AS_OF,
                "end_date": AS_OF + 90 * DAY,
            }
        )
        self._work()
        self.assertEqual((case.status, case.stop_reason), ("stopped", "left"))
        self.assertFalse(self._case(self.big, stays).close_date)

    def test_archived_and_blacklisted(self):
        playbook = self._playbook()
        other = self._regular("Other", 300, email="o@example.com")
        self._recompute(as_of_date=AS_OF - DAY)
        self._enter(self.big, other)
        self.big.active = False
        self.env["mail.blacklist"]._add("o@example.com")
        self._work()
        self.assertEqual(self._case(self.big, playbook).stop_reason, "archived")
        self.assertEqual(self._case(other, playbook).stop_reason, "blacklisted")

    def test_an_objection_stops_at_once_and_is_kept_apart(self):
        case = self._opened()
        id_ = case.id
        activities = self._activities(case)
        self.big.customer_objects_profiling = True
        self.assertFalse(activities.exists())
        self.assertFalse(case.exists())
        self.assertFalse(self.tasks.search([("case_id", "=", id_)]))
        self.big.customer_objects_profiling = False
        back = self.cases.browse(id_)
        self.assertEqual((back.status, back.stop_reason), ("stopped", "objects"))
        self.assertEqual(back.task_ids.state, "cancelled")

    def test_who_waited_for_the_whole_window(self):
        case = self._opened(steps=[{"name": "Late", "delay_days": 30}], goal_days=20)
        self._work(AS_OF + 21 * DAY)
        self.assertEqual((case.status, case.stop_reason), ("stopped", "window"))

    def test_merged_contacts_keep_one_open_case(self):
        playbook = self._playbook()
        other = self._regular("Other", 300)
        self._recompute(as_of_date=AS_OF - DAY)
        self._enter(self.big, other)
        self._work()
        mine, gone = self._case(self.big, playbook), self._case(other, playbook)
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge([self.big.id, other.id], self.big)
        self.assertEqual((mine | gone).partner_id, self.big)
        self.assertEqual((gone.status, gone.stop_reason), ("stopped", "merged"))
        self.assertEqual(mine.status, "running")

    def test_a_deleted_contact_leaves_nothing(self):
        case = self._opened()
        activities, tasks = self._activities(case), case.task_ids
        self.big.unlink()
        self.assertFalse((case.exists(), tasks.exists(), activities.exists())[0])
        self.assertFalse(tasks.exists())
        self.assertFalse(activities.exists())
