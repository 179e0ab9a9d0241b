from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ...engine import Learnt
from ..common import AS_OF, ClassificationCase
from .predicted_world import PredictedCase


class WorkListCase(ClassificationCase):
    """Reads the work list as the web client does."""

    def _listed(self, action, env=None, **values):
        """Return the customers in the order of the list that an action opens."""
        env = env or self.env
        arch = env["customer.profile"].get_view(action["views"][0][0], "list")["arch"]
        order = arch.split('default_order="')[1].split('"')[0]
        return env["customer.profile"].search(action["domain"], order=order, **values)

    def _list(self, env=None):
        return (env or self.env)["customer.profile"].action_open_work_list()

    def _reason(self, env=None):
        return (env or self.env)["customer.profile"].get_work_list_reason()

    def _learn(self, run, **values):
        """Have a run have found other shares."""
        proof = {**run.prediction["proof"], **values}
        run.prediction = {**run.prediction, "proof": proof}


@tagged("post_install", "-at_install")
class TestWorkList(WorkListCase, PredictedCase):
    """The order is the one that held most on the company's own past."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.full = cls._recompute()
        cls.env.flush_all()

    def test_best_order_of_the_own_past(self):
        proof = Learnt.from_json(self.full.prediction).proof
        fields = {
            "revenue_at_risk": "revenue_at_risk",
            "overdue": "overdue_ratio",
            "spend": "revenue",
        }
        best = max(proof.lists, key=proof.lists.get)
        self.assertEqual(best, proof.best_list)
        values = self._listed(self._list()).mapped(fields[best])
        self.assertEqual(values, sorted(values, reverse=True))
        self.assertIn(f"{100 * proof.lists[best]:.0f}\xa0%", self._reason())

    def test_each_order(self):
        """Customers come in the order that the sentence names."""
        for name, field in (
            ("revenue_at_risk", "revenue_at_risk"),
            ("overdue", "overdue_ratio"),
            ("spend", "revenue"),
        ):
            lists = dict.fromkeys(("revenue_at_risk", "overdue", "spend"), 0.1)
            self._learn(self.full, lists={**lists, name: 0.9})
            found = self._listed(self._list())
            values = found.mapped(field)
            self.assertEqual(values, sorted(values, reverse=True), name)
            self.assertIn("90\xa0%", self._reason())
            self.assertIn("10\xa0%", self._reason())

    def test_customers_among_whom_it_was_compared(self):
        since = AS_OF - timedelta(days=60)
        profiles = self.env["customer.profile"].search(
            [("company_id", "=", self.company.id)]
        )
        live = profiles.filtered(lambda one: one.last_purchase_date >= since)
        self.assertEqual(set(self._listed(self._list()).ids), set(live.ids))
        self.assertLess(len(live), len(profiles))

    def test_without_prediction_last(self):
        """Customers without a number are sorted as the 0 that is shown."""
        one = self._profile(self.customers[0])
        self.env.cr.execute(
            "UPDATE customer_profile SET revenue_at_risk = NULL WHERE id = %s",
            [one.id],
        )
        own = [("company_id", "=", self.company.id)]
        profiles = self.env["customer.profile"]
        falling = profiles.search(own, order="revenue_at_risk desc, id")
        rising = profiles.search(own, order="revenue_at_risk, id")
        self.assertEqual(rising[0], one)
        self.assertNotEqual(falling[0], one)

    def test_spend_is_last_year(self):
        """Where the window is another, customers are not sorted by it."""
        lists = {"revenue_at_risk": 0.1, "overdue": 0.2, "spend": 0.9}
        self._learn(self.full, lists=lists)
        draft = self.policy.copy({"window_months": 24})
        draft._publish()
        run = self._recompute(policy=draft)
        self._learn(run, lists=lists)
        self.assertIn("by overdue", self._reason())
        self.assertNotIn("90", self._reason())

    def test_not_proved(self):
        """Revenue at risk is no order where there is none."""
        lists = {"revenue_at_risk": 0.9, "overdue": 0.2, "spend": 0.1}
        self._learn(self.full, lists=lists, reason="no_skill")
        self.assertIn("by overdue", self._reason())
        self.assertNotIn("90\xa0%", self._reason())

    def test_who_does_not_see_amounts(self):
        """The order of amounts is for those who see all sales."""
        seller = self._user(
            "seller_of_own",
            "sales_team.group_sale_salesman,customer_classification.group_user",
        )
        self.customers.user_id = seller
        env = self.env(user=seller)
        lists = {"revenue_at_risk": 0.9, "overdue": 0.2, "spend": 0.1}
        self._learn(self.full, lists=lists)
        values = self._listed(self._list(env), env).mapped("overdue_ratio")
        self.assertEqual(values, sorted(values, reverse=True))
        self.assertIn("all sales", self._reason(env))
        self.assertEqual(self._list(env)["context"], {"search_default_my_customers": 1})
        with self.assertRaises(AccessError):
            self._listed(self._list(), env)

    def test_overdue_as_shown(self):
        """The SQL of the ratio gives the order of what is shown."""
        own = [("company_id", "=", self.company.id)]
        profiles = self.env["customer.profile"].search(own, order="overdue_ratio, id")
        self.assertEqual(
            profiles, profiles.sorted(lambda one: (one.overdue_ratio, one.id))
        )

    def test_portal(self):
        portal = self._user("portal", "base.group_portal")
        for method in ("action_open_work_list", "get_work_list_reason"):
            with self.assertRaises(AccessError):
                getattr(self.env["customer.profile"].with_user(portal), method)()

    def test_queries(self):
        self.env.invalidate_all()
        with self.assertQueryCount(15):
            self._reason()


@tagged("post_install", "-at_install")
class TestWorkListOfFew(WorkListCase):
    """Without a trial on the own past, the most overdue come first."""

    def test_no_run(self):
        self.assertIn("most overdue first", self._reason())
        self.assertFalse(self._listed(self._list()))

    def test_few(self):
        late = self._regular("Late", 10, until=AS_OF - timedelta(days=60))
        good = self._regular("Good", 1_000)
        self._customer("Prospect")
        self._recompute()
        self.assertIn("too few customers", self._reason())
        found = self._listed(self._list())
        self.assertEqual(found.partner_id.ids, [late.id, good.id])

    def test_other_company(self):
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        policy = self._policy(other)
        customer = self._customer("Of the Other")
        self._purchase(customer, AS_OF, 10, company_id=other.id)
        self._recompute(policy=policy)
        self.assertFalse(self._listed(self._list()))
        env = self.env(context={"allowed_company_ids": other.ids})
        self.assertEqual(self._listed(self._list(env), env).partner_id, customer)
