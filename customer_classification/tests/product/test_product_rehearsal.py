from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged, users

from ..common import AS_OF
from .common import ProductCase

DAY = date(2025, 3, 10)


@tagged("post_install", "-at_install")
class TestProductRehearsal(ProductCase):
    """Previews of products change nothing; runs with too many moves wait."""

    policy_values = {
        **ProductCase.policy_values,
        "approval_customer_percent": 20,
        "approval_revenue_percent": 90,
        "approval_min_customers": 3,
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._user("product_boss", "sales_team.group_sale_manager")
        cls.officer = cls._user(
            "product_officer", "customer_classification.group_officer"
        )
        cls.policy.responsible_id = cls.manager
        cls.best, cls.second, cls.third, cls.fourth = (
            cls._product(name) for name in ("1", "2", "3", "4")
        )
        cls.products = cls.best + cls.second + cls.third + cls.fourth
        cls._order_of(
            [(cls.best, 1, 800), (cls.second, 1, 100), (cls.third, 1, 60)]
            + [(cls.fourth, 1, 40)],
            DAY,
        )
        cls._classify()

    def _draft(self, **values):
        return self.env["classification.policy"].create(
            {
                "name": "Draft",
                "company_id": self.company.id,
                "tz": "UTC",
                "product_min_months": 3,
                "product_new_days": 0,
                **values,
            }
        )

    def _preview(self, policy):
        run = policy.recompute_products(as_of_date=AS_OF, kind="preview")
        self.assertEqual((run.kind, run.state), ("product_preview", "done"), run.error)
        return run

    def _classes(self):
        return [self._class_of(product).abc_class for product in self.products]

    def _matrix(self, run, axis="abc"):
        [found] = [one for one in run.rehearsal_view["axes"] if one["name"] == axis]
        return found["matrix"]

    # Previews

    def test_preview_of_a_draft(self):
        before = self._classes()
        self.assertEqual(before, ["a", "b", "b", "c"])
        draft = self._draft(product_a_percent=50, product_b_percent=85)
        run = self._preview(draft)
        self.assertEqual(self._classes(), before)
        moves = run.product_move_ids.filtered(lambda move: move.axis == "abc")
        self.assertEqual(
            [(move.product_tmpl_id, move.from_class, move.to_class) for move in moves],
            [(self.third, "b", "c")],
        )
        self.assertEqual(moves.cause, "rules")
        self.assertEqual(
            moves.reason_text,
            "Only tolerance or grace by the rules before kept B.",
        )
        self.assertEqual(moves.revenue, 60)
        self.assertFalse(run.product_change_ids)
        self.assertEqual(run.written_count, 0)
        last = self.env["classification.run"]._last_run_of_kind(self.company, "product")
        self.assertNotEqual(last, run)

    def test_before_and_after(self):
        draft = self._draft(product_a_percent=50, product_b_percent=85)
        run = self._preview(draft)
        self.assertEqual(
            [one["name"] for one in run.rehearsal_view["axes"]],
            ["abc", "xyz", "price_band", "sales_lifecycle"],
        )
        matrix = self._matrix(run)
        names = [head["name"] for head in matrix["columns"]]
        self.assertEqual(names, ["A", "B", "C"])
        cells = {
            (
                matrix["rows"][cell["row"]]["key"],
                matrix["columns"][cell["column"]]["key"],
            ): (cell["count"], cell["revenue"])
            for cell in matrix["cells"]
        }
        self.assertEqual(
            cells,
            {
                ("a", "a"): (1, 800),
                ("b", "b"): (1, 100),
                ("b", "c"): (1, 60),
                ("c", "c"): (1, 40),
            },
        )
        action = run.action_open_movers("abc", {"from": "b", "to": "c"})
        moves = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(moves.product_tmpl_id, self.third)
        found = moves.action_open_profile()
        self.assertEqual(found["res_model"], "product.profile")

    def test_preview_of_new_products(self):
        new = self._product("New")
        run = self._preview(self.policy)
        matrix = self._matrix(run)
        self.assertEqual(
            [cell["count"] for cell in matrix["cells"] if not cell["row"]], [1]
        )
        self.assertFalse(self._class_of(new))

    def test_money_for_who_may_see_it(self):
        run = self._preview(self._draft(product_a_percent=50))
        seller = self._user("preview_seller", "sales_team.group_sale_salesman")
        matrix = self._matrix(run.with_user(seller))
        self.assertFalse(matrix["currency_id"])
        self.assertFalse(any("revenue" in cell for cell in matrix["cells"]))
        with self.assertRaises(AccessError):
            run.product_move_ids.with_user(seller).read(["revenue"])
        with self.assertRaises(AccessError):
            self.policy.with_user(seller).recompute_products(kind="preview")

    def test_draft_does_not_classify(self):
        draft = self._draft()
        with self.assertRaisesRegex(UserError, "Publish"):
            draft.recompute_products(as_of_date=AS_OF)
        with self.assertRaisesRegex(UserError, "no choice"):
            draft.recompute_products(as_of_date=AS_OF, kind="back_test")

    def test_button(self):
        action = self._draft().action_preview_products()
        run = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual(run.kind, "product_preview")
        action = run.action_open_moves()
        self.assertEqual(action["res_model"], "product.class.move")

    # Approval

    def _wait(self):
        self._order_of([(self.third, 1, 1_000)], DAY)
        run = self.policy.recompute_products(as_of_date=AS_OF)
        self.assertEqual(run.state, "waiting", run.error)
        return run

    def test_above_the_limit_it_waits(self):
        before = self._classes()
        run = self._wait()
        self.assertEqual(self._classes(), before)
        self.assertEqual(run.moved_percent, 25)
        self.assertEqual(
            set(run.product_move_ids.product_tmpl_id.mapped("name")), {"3"}
        )
        self.assertFalse(run.product_change_ids)
        self.assertEqual(run.activity_ids.user_id, self.manager)
        self.assertIn("25.0 % of the products", run.activity_ids.note)

    @users("product_boss")
    def test_approved(self):
        run = self._wait().with_user(self.env.user)
        run.action_approve()
        self.assertFalse(run.sudo().product_move_ids)
        run.sudo()._execute()
        self.assertEqual(run.state, "done", run.sudo().error)
        self.assertEqual(self._class_of(self.third).abc_class, "a")
        self.assertEqual(run.sudo().product_change_ids.run_id, run)

    @users("product_boss")
    def test_rejected(self):
        run = self._wait().with_user(self.env.user)
        run.action_reject()
        self.assertEqual(run.state, "rejected")
        self.assertEqual(self._class_of(self.third).abc_class, "b")

    def test_officer_may_not_approve(self):
        with self.assertRaises(AccessError):
            self._wait().with_user(self.officer).action_approve()

    def test_later_run_takes_the_place_of_one_over_products_alone(self):
        first = self._wait()
        customers = self.policy.recompute(as_of_date=AS_OF)
        self.assertEqual(first.state, "waiting", customers.error)
        second = self.policy.recompute_products(as_of_date=AS_OF)
        self.assertEqual((first.state, second.state), ("rejected", "waiting"))

    def test_new_products_ask_nobody(self):
        for number in range(10):
            self._product(f"More {number}")
        run = self.policy.recompute_products(as_of_date=AS_OF)
        self.assertEqual((run.state, run.moved_percent), ("done", 0))
