from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged, users

from ..common import ClassificationCase


@tagged("post_install", "-at_install")
class TestApproval(ClassificationCase):
    policy_values = {
        "approval_customer_percent": 20,
        "approval_revenue_percent": 50,
        "approval_min_customers": 10,
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = cls.policy._today()
        cls.manager = cls._user("boss", "sales_team.group_sale_manager")
        cls.officer = cls._user("officer", "customer_classification.group_officer")
        cls.policy.published_by_id = cls.manager
        cls.customers = [
            cls._regular(f"Customer {number}", 10, times=4, until=cls.today)
            for number in range(10)
        ]
        cls._recompute(cls.today)

    def _lift(self, number, amount=2_000):
        for customer in self.customers[:number]:
            self._purchase(customer, self.today, amount)

    def _wait(self):
        self._lift(3)
        run = self.policy.recompute(as_of_date=self.today)
        self.assertEqual(run.state, "waiting", run.error)
        return run

    def test_first_classification_waits_for_nobody(self):
        self.assertEqual(self.policy.last_run_id.state, "done")

    def test_asked_in_words_of_who_answers(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.manager.lang = "zh_CN"
        [activity] = self._wait().activity_ids
        self.assertEqual(activity.user_id, self.manager)
        self.assertRegex(activity.summary, r"[\u4e00-\u9fff]")
        self.assertNotIn("customers", activity.note)

    def test_up_to_the_limit_it_passes(self):
        self._lift(2)
        self.env["classification.policy"].flush_model()
        run = self.policy.recompute(as_of_date=self.today)
        self.assertEqual(run.moved_percent, 20)
        self.assertEqual(
            run.state, "waiting" if run.moved_revenue_percent > 50 else "done"
        )

    def test_above_it_nothing_is_written_and_the_movers_are_kept(self):
        run = self._wait()
        self.assertEqual(run.moved_percent, 30)
        tiers = run.move_ids.filtered(lambda move: move.axis == "value_tier")
        self.assertEqual(
            set(tiers.mapped("partner_id.name")),
            {f"Customer {number}" for number in range(3)},
        )
        for customer in self.customers:
            self.assertEqual(self._profile(customer).value_tier_id, self._tier("low"))
        self.assertFalse(run.change_ids)
        self.assertFalse(run.watermark)

    def test_manager_gets_an_activity(self):
        run = self._wait()
        self.assertEqual(run.activity_ids.user_id, self.manager)
        self.assertIn("30.0 %", run.activity_ids.note)

    @users("boss")
    def test_approved(self):
        run = self._wait().with_user(self.env.user)
        run.action_approve()
        self.assertEqual(run.state, "queued")
        run.sudo()._execute()
        self.assertEqual(run.state, "done")
        self.assertEqual(run.approved_by_id, self.manager)
        self.assertFalse(run.activity_ids)
        self.assertEqual(
            self._profile(self.customers[0]).value_tier_id, self._tier("medium")
        )
        self.assertEqual(run.sudo().change_ids.run_id, run)

    @users("boss")
    def test_rejected(self):
        run = self._wait().with_user(self.env.user)
        run.action_reject()
        self.assertEqual(run.state, "rejected")
        self.assertFalse(run.activity_ids)
        with self.assertRaisesRegex(UserError, "does not wait"):
            run.action_approve()
        self.assertEqual(
            self._profile(self.customers[0]).value_tier_id, self._tier("low")
        )

    @users("officer")
    def test_officer_may_not_approve(self):
        with self.assertRaises(AccessError):
            self._wait().with_user(self.env.user).action_approve()

    def test_later_run_takes_the_place(self):
        first = self._wait()
        second = self.policy.recompute(as_of_date=self.today)
        self.assertEqual((first.state, second.state), ("rejected", "waiting"))
        self.assertFalse(first.activity_ids)
        self.assertEqual(len(second.activity_ids), 1)

    def test_hourly_run_waits_too(self):
        self._lift(3)
        run = self.policy.refresh()
        self.assertEqual((run.scope, run.state), ("changed", "waiting"))
        self.assertEqual(run.moved_percent, 30)
        self.assertFalse(run.change_ids)

    def test_chosen_customers_are_a_persons_wish(self):
        self._lift(3)
        run = self.policy.recompute(partner_ids=[c.id for c in self.customers])
        self.assertEqual(run.state, "done")

    def test_share_of_the_revenue(self):
        self._lift(1, 100_000)
        run = self.policy.recompute(as_of_date=self.today)
        self.assertEqual(run.moved_percent, 10)
        self.assertGreater(run.moved_revenue_percent, 99)
        self.assertEqual(run.state, "waiting")

    def test_few_customers_need_no_approval(self):
        draft = self.policy.copy({"approval_min_customers": 11})
        draft._publish()
        self._lift(10)
        run = draft.recompute(as_of_date=self.today)
        self.assertEqual(run.state, "done")

    def test_decisions_of_people_need_no_approval(self):
        for customer in self.customers[:5]:
            self.env["classification.override"].create(
                {
                    "partner_id": customer.id,
                    "company_id": self.company.id,
                    "tier_id": self._tier("vip").id,
                    "reason": "Decided",
                }
            )
        run = self.policy.recompute(as_of_date=self.today)
        self.assertEqual((run.state, run.moved_percent), ("done", 0))

    def test_approved_equals_what_waited(self):
        run = self._wait()

        def ends(move):
            return (move.partner_id, move.axis, move.to_label, move.cause)

        waited = set(map(ends, run.move_ids))
        run.sudo().write({"approved_by_id": self.env.uid, "state": "queued"})
        run._execute()
        self.assertEqual(set(map(ends, run.change_ids)), waited)
