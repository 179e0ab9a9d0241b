from odoo.exceptions import AccessError
from odoo.tests import tagged

from ...engine.campaigns.lift import lift
from ..common import AS_OF
from ..playbook_common import DAY, PlaybookCase


@tagged("post_install", "-at_install")
class TestPlaybookResult(PlaybookCase):
    """Effect of a playbook against its control group."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.playbook = cls._playbook(control_share=25, goal_days=10)
        cls.playbook.step_ids.cost = 3
        cls.people = [cls._regular(f"P{n}", 300) for n in range(40)]

    def setUp(self):
        super().setUp()
        self.company.customer_playbook_limit = 0
        self.enterContext(self._on(AS_OF))
        self._recompute(as_of_date=AS_OF - DAY)

    def _round(self, people):
        """Cases of one round, of which most treated customers buy."""
        self._enter(*people)
        self._work()
        cases = self.cases.search([("playbook_id", "=", self.playbook.id)])
        treated = cases.filtered(lambda one: not one.is_control)
        control = cases - treated
        for one in (*treated[:25], *control[:1]):
            self._purchase(one.partner_id, AS_OF + 2 * DAY, 100)
        self._activities(treated)[:15].action_feedback()
        return treated, control

    def _result(self, scope="all"):
        return self.env["customer.playbook.result"].search(
            [("playbook_id", "=", self.playbook.id), ("scope", "=", scope)]
        )

    def test_nothing_is_told_before_the_time_is_over(self):
        self._round(self.people)
        self._work(AS_OF + 10 * DAY)
        self.assertFalse(self._result().treated_count)

    def test_the_effect(self):
        """30 treated, of whom 25 buy, against 10 left out, of whom one does."""
        self._round(self.people)
        self._work(AS_OF + 11 * DAY)
        one = self._result()
        self.assertEqual((one.treated_count, one.control_count), (30, 10))
        self.assertEqual((one.goal_count, one.control_goal_count), (25, 1))
        expected = lift(25, 30, 1, 10)
        self.assertAlmostEqual(one.lift, 100 * expected.difference, 1)
        self.assertAlmostEqual(one.lift_low, 100 * expected.low, 1)
        self.assertAlmostEqual(one.lift_high, 100 * expected.high, 1)
        self.assertEqual(one.verdict, "works")
        self.assertIn("83 of 100", one.verdict_text)
        self.assertEqual(self.playbook.proof_text, one.verdict_text)
        self.assertEqual((one.revenue, one.cost), (2_500, 90))
        self.assertAlmostEqual(one.average_revenue, 83.33, 2)
        self.assertEqual(one.control_average_revenue, 10)
        self.assertEqual((one.reach_rate, one.task_count), (100, 30))
        self.assertEqual(one.done_rate, 50)

    def test_too_few_to_tell(self):
        self._round(self.people[:8])
        self._work(AS_OF + 11 * DAY)
        one = self._result()
        self.assertEqual((one.treated_count, one.control_count), (6, 2))
        self.assertEqual(one.verdict, "unclear")
        self.assertIn("Too small to tell", one.verdict_text)
        self.assertIn(f"about {one.more_count} more", one.verdict_text)

    def test_without_a_control_group_nothing_is_claimed(self):
        self.playbook.control_share = 0
        self._round(self.people[:8])
        self._work(AS_OF + 11 * DAY)
        self.assertEqual(self._result().verdict, "no_control")
        self.assertIn("nobody knows", self._result().verdict_text)

    def test_who_was_stopped_counts_as_meant(self):
        """To leave out whom the steps did not reach would flatter the playbook."""
        treated, __ = self._round(self.people)
        treated.filtered(lambda one: not one.close_date)[:5]._close("left", AS_OF)
        self._work(AS_OF + 11 * DAY)
        self.assertEqual(self._result().treated_count, 30)

    def test_by_tier_and_stage_after_two_rounds(self):
        self._round(self.people[:20])
        self._work(AS_OF + 11 * DAY)
        self.assertFalse(self._result("class"))
        later = AS_OF + 20 * DAY
        with self._on(later):
            for one in self.people[20:]:
                self._purchase(one, later, 50_000)
            self._recompute(as_of_date=later)
            self._deliver()
        self._work(later + 11 * DAY)
        lines = self._result("class")
        self.assertEqual(sum(lines.mapped("treated_count")), 30)
        self.assertEqual(lines.value_tier_id, self._tier("vip"))
        self.assertTrue(all(lines.mapped("verdict")))

    def test_measured_again_without_doubles(self):
        self._round(self.people[:8])
        for days in (11, 12):
            self._work(AS_OF + days * DAY)
        self.assertEqual(len(self._result()), 1)

    def test_amounts_are_for_who_sees_all_sales(self):
        self._round(self.people[:8])
        self._work(AS_OF + 11 * DAY)
        officer = self._user("play_result", "customer_classification.group_officer")
        own = self._result().with_user(officer)
        self.assertTrue(own.verdict_text)
        for name in ("revenue", "cost", "average_revenue"):
            with self.assertRaises(AccessError):
                own.read([name])
