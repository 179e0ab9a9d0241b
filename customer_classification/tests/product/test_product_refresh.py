import random
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from ...models.product.pipeline import ProductPipeline
from ..common import AS_OF, AccountingCase
from .common import ProductCase

WRITTEN = (
    *("sale_order", "account_move", "product_template", "product_product", "uom_uom"),
)
VOLATILE = {"id", "run_id", "write_date", "write_uid", "create_date", "create_uid"}


class ProductRefreshCase(AccountingCase, ProductCase):
    """A run over the products that changed, beside one over all."""

    policy_values = {
        **ProductCase.policy_values,
        "subtract_unlinked_credit_notes": True,
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = AS_OF
        cls.crown = cls.env.ref("base.NOK")
        cls.crown.active = True
        cls.crown.rate_ids.unlink()
        cls.pricelist = cls.env["product.pricelist"].create(
            {
                "name": "Abroad",
                "currency_id": cls.crown.id,
                "company_id": cls.company.id,
            }
        )
        cls.categories = cls.env["product.category"].create(
            [{"name": "One"}, {"name": "Other"}]
        )
        cls.products = cls.env["product.template"].concat(
            *(
                cls._product(
                    f"Product {number}",
                    price=5 + 3 * number,
                    categ_id=cls.categories[number % 2].id,
                    invoice_policy="order",
                )
                for number in range(8)
            )
        )
        cls.orders = cls.env["sale.order"]
        for number, product in enumerate(cls.products[:6]):
            for month in range(1, 6):
                day = AS_OF - timedelta(days=20 * month + number)
                cls.orders += cls._sell(product, day, 10 * 3**number, month)
        cls._prepare_documents()
        cls._classify(AS_OF)
        cls._age()

    @classmethod
    def _prepare_documents(cls):
        """Hook for documents that precede the first run."""

    def setUp(self):
        super().setUp()
        policy_class = type(self.env["classification.policy"])
        self.startPatcher(patch.object(policy_class, "_today", lambda __: self.today))

    @classmethod
    def _age(cls):
        """Backdate all writes so far.

        Within the one transaction of a test the clock of the database does not move.
        """
        cls.env.flush_all()
        for table in WRITTEN:
            cls.env.cr.execute(
                SQL("UPDATE %s SET write_date = '2000-01-01'", SQL.identifier(table))
            )
        cls.env.cr.execute(
            "UPDATE classification_rate_change SET recorded_at = '2000-01-01'"
        )
        cls.env.invalidate_all()

    def _refresh(self):
        runs = self.env["classification.run"]
        execution = runs._prepare_of_kind(
            self.policy, "product", self.today, scope="changed"
        )
        run = execution.execute()
        self.assertEqual(run.state, "done", run.error)
        self._age()
        return run

    def _contents(self):
        """``{product: content of the profile}`` and ``{variant: its classes}``."""
        found = []
        for table, key in (
            ("product_profile", "product_tmpl_id"),
            ("product_variant_class", "product_id"),
        ):
            self.env.flush_all()
            self.env.cr.execute(
                SQL(
                    "SELECT * FROM %s WHERE company_id = %s",
                    *(SQL.identifier(table), self.company.id),
                )
            )
            rows = self.env.cr.dictfetchall()
            found.append(
                {
                    row[key]: {n: v for n, v in row.items() if n not in VOLATILE}
                    for row in rows
                }
            )
        return found

    @contextmanager
    def _undone(self):
        """Take back the block's writes."""
        try:
            with self.env.cr.savepoint(flush=True) as savepoint:
                yield
                self.env.flush_all()
                savepoint.rollback()
        finally:
            self.env.invalidate_all()

    def _full_contents(self):
        """Return the contents after a run over all products by the same limits."""
        from ...engine import ProductEdges

        last = self.env["classification.run"]._last_full_product_run(self.policy)
        edges = ProductEdges.from_json(last.edges)
        same = patch.object(ProductPipeline, "given_edges", lambda __: edges)
        with self._undone(), same:
            self._classify(self.today)
            return self._contents()

    def assertAsFull(self):
        self.maxDiff = None
        mine, full = self._contents(), self._full_contents()
        for own, others in zip(mine, full, strict=True):
            self.assertEqual(own, others)


@tagged("post_install", "-at_install")
class TestProductRefresh(ProductRefreshCase):
    def test_nothing_new(self):
        self.env.flush_all()
        with self.assertQueryCount(46):
            run = self._refresh()
        self.assertEqual((run.scope, run.looked_at_count), ("changed", 0))

    def test_looks_only_at_what_was_sold(self):
        before = self._contents()[0]
        self._sell(self.products[2], AS_OF, 7)
        run = self._refresh()
        self.assertEqual((run.looked_at_count, run.written_count), (1, 1))
        after = self._contents()[0]
        differing = [key for key in after if after[key] != before[key]]
        self.assertEqual(differing, self.products[2].ids)

    def test_limits_of_the_last_run_over_all_stand(self):
        best, small = self.products[5], self.products[0]
        self.assertEqual(self._class_of(best).abc_class, "a")
        self._sell(small, AS_OF, 100_000)
        self._refresh()
        self.assertEqual(self._class_of(small).abc_class, "a")
        self.assertEqual(self._class_of(best).abc_class, "a")
        self._classify(AS_OF)
        self.assertNotEqual(self._class_of(best).abc_reason, "limit")

    def test_one_run_keeps_limits(self):
        runs = self.env["classification.run"]
        first = runs._last_full_product_run(self.policy)
        second = self._classify(AS_OF)
        self.assertFalse(first.edges)
        self.assertTrue(second.sudo().edges)

    def test_days_that_went_by_concern_all(self):
        self.today = AS_OF + timedelta(days=1)
        self.assertEqual(self._refresh().scope, "all")

    def test_units_concern_all(self):
        self.env.ref("uom.product_uom_dozen").relative_factor = 13
        self.assertEqual(self._refresh().scope, "all")

    def test_other_rules_concern_all(self):
        self.env["classification.run"]._last_full_product_run(
            self.policy
        ).watermark = False
        self.assertEqual(self._refresh().scope, "all")

    def test_queued_every_hour_after_a_run_of_today(self):
        runs = self.env["classification.run"]
        domain = [("policy_id", "=", self.policy.id), ("state", "=", "queued")]
        runs._queue_due(self.policy, "changed")
        queued = runs.search([*domain, ("kind", "=", "product")])
        self.assertEqual(queued.scope, "changed")
        queued.state = "rejected"
        self.today = AS_OF + timedelta(days=1)
        runs._queue_due(self.policy, "changed")
        self.assertFalse(runs.search([*domain, ("kind", "=", "product")]))
        runs._queue_due(self.policy, "all")
        self.assertEqual(runs.search([*domain, ("kind", "=", "product")]).scope, "all")

    def test_chosen_products(self):
        chosen = self.products[1]
        for product in self.products[1:3]:
            self._sell(product, AS_OF, 50)
        run = self.policy.recompute_products(AS_OF, product_ids=chosen.ids)
        self.assertEqual((run.scope, run.looked_at_count), ("some", 1))
        self.assertEqual(self._class_of(chosen).line_count, 6)
        self.assertEqual(self._class_of(self.products[2]).line_count, 5)
        self.assertEqual(self._refresh().looked_at_count, 2)
        self.assertAsFull()

    def test_chosen_products_before_any_run_over_all(self):
        contents = self._contents()[0]
        self.env["product.profile"].search([]).unlink()
        self.env.cr.execute("UPDATE classification_run SET watermark = NULL")
        self.env.invalidate_all()
        self.policy.recompute_products(AS_OF, product_ids=self.products[4].ids)
        self.assertEqual(
            self._contents()[0], {self.products[4].id: contents[self.products[4].id]}
        )

    def test_who_may_choose_products(self):
        seller = self._user("refresh_seller", "sales_team.group_sale_salesman")
        policy = self.policy.with_user(seller)
        run = policy.recompute_products(AS_OF, product_ids=self.products[:1].ids)
        self.assertEqual(run.sudo().state, "done")
        with self.assertRaises(AccessError):
            policy.recompute_products(AS_OF)
        for wrong in ("1", [0], [True], {"a": 1}):
            with self.subTest(wrong), self.assertRaises(UserError):
                policy.recompute_products(AS_OF, product_ids=wrong)

    def test_a_line_that_is_free(self):
        """The amount of the order stays, so that the order itself is not written."""
        order = self.orders[0]
        line = order.order_line.copy({"order_id": order.id, "price_unit": 0})
        self._refresh()
        self._age()
        line.product_uom_qty = 77
        self._refresh()
        self.assertEqual(self._class_of(self.products[0]).quantity, 15 + 77)
        self.assertAsFull()


@tagged("post_install", "-at_install")
class TestProductRefreshApproval(ProductRefreshCase):
    policy_values = {
        **ProductRefreshCase.policy_values,
        "approval_customer_percent": 20,
        "approval_revenue_percent": 0,
        "approval_min_customers": 1,
    }

    def test_share_of_all_products(self):
        self._sell(self.products[0], AS_OF, 50_000)
        self.assertEqual(round(self._refresh().moved_percent, 1), 16.7)  # one of six

    def test_too_many(self):
        for product in self.products[:3]:
            self._sell(product, AS_OF, 50_000)
        runs = self.env["classification.run"]
        run = runs._prepare_of_kind(
            self.policy, "product", self.today, scope="changed"
        ).execute()
        self.assertEqual((run.state, run.moved_percent), ("waiting", 50))
        self.assertEqual(self._class_of(self.products[0]).abc_class, "c")
        run.action_approve()
        run._execute()
        self.assertEqual(run.state, "done", run.error)
        self.assertEqual(self._class_of(self.products[0]).abc_class, "a")


@tagged("post_install", "-at_install")
class TestProductRefreshEqualsFull(ProductRefreshCase):
    """Runs over changed products find all changes, in any order of events."""

    EVENTS = (
        *("sell", "sell", "edit", "swap", "add", "drop_line", "cancel", "drop"),
        *("abroad", "rate", "rate", "invoice", "credit", "refund", "reset", "undo"),
        *("rename", "name", "price", "cost", "archive", "category", "new", "variant"),
        *("decide", "end", "look"),
    )

    def _play(self, events, seed=0):
        dice = random.Random(seed)
        with self._undone():
            self.played = self.env["sale.order"].concat(*self.orders[::4])
            self.goods = list(self.products)
            for event in [*events, "look"]:
                getattr(self, f"_event_{event}")(dice)

    def _some_order(self, dice, *states):
        orders = [one for one in self.played.exists() if one.state in states]
        return dice.choice(orders) if orders else self.env["sale.order"]

    def _some_moves(self, *types):
        moves = self.env["account.move"].search(
            [("company_id", "=", self.company.id), ("move_type", "in", types)],
            order="id",
        )
        return [move for move in moves if move.state == "posted"]

    def _event_look(self, dice):
        self._refresh()
        self.assertAsFull()

    def _event_sell(self, dice):
        day = self.today - timedelta(days=dice.choice((0, 0, 5, 40, 300, 500)))
        amount, quantity = dice.choice((0, 20, 4_000)), dice.choice((1, 6))
        self.played += self._sell(dice.choice(self.goods), day, amount, quantity)

    def _event_abroad(self, dice):
        self.played += self._sell(
            dice.choice(self.goods), self.today, 90, pricelist_id=self.pricelist.id
        )

    def _event_rate(self, dice):
        day = self.today - timedelta(days=dice.choice((0, 10, 300)))
        if day not in self.crown.rate_ids.mapped("name"):
            values = {"name": day, "rate": dice.choice((0.5, 3, 12))}
            values["company_id"] = self.company.id
            self.crown.rate_ids = [Command.create(values)]
        else:
            self.crown.rate_ids[:1].rate = dice.choice((0.25, 7))

    def _event_edit(self, dice):
        order = self._some_order(dice, "sale")
        order.order_line.write({"price_unit": dice.choice((0, 1, 900))})

    def _event_swap(self, dice):
        """Another product on the line, where Odoo lets a program do it."""
        order = self._some_order(dice, "sale", "cancel")
        product = dice.choice(self.goods).product_variant_ids[:1]
        if order and product and not order.invoice_ids:
            order.order_line[:1].product_id = product

    def _event_add(self, dice):
        order = self._some_order(dice, "sale")
        product = dice.choice(self.goods).product_variant_ids[:1]
        if order and product:
            line = {"product_id": product.id, "price_unit": dice.choice((0, 30))}
            order.order_line = [Command.create(line)]

    def _event_drop_line(self, dice):
        """Cancel, take a line off and confirm again."""
        order = self._some_order(dice, "sale")
        if order and not order.invoice_ids:
            order._action_cancel()
            order.action_draft()
            order.order_line[:1].unlink()
            day = order.date_order
            order.action_confirm()
            order.date_order = day

    def _event_cancel(self, dice):
        self._some_order(dice, "sale")._action_cancel()

    def _event_drop(self, dice):
        self._some_order(dice, "cancel").filtered(
            lambda one: not one.invoice_ids
        ).unlink()

    def _event_invoice(self, dice):
        order = self._some_order(dice, "sale")
        if order.invoice_status == "to invoice":
            self._invoice_of(order, self.today)

    def _event_credit(self, dice):
        moves = self._some_moves("out_invoice")
        if moves:
            self._credit(dice.choice(moves), self.today)

    def _event_undo(self, dice):
        moves = self._some_moves("out_refund")
        if moves:
            self._credit(dice.choice(moves), self.today)

    def _event_refund(self, dice):
        product = dice.choice(self.goods).product_variant_ids[:1]
        line = {"product_id": product.id, "quantity": 2, "price_unit": 15}
        line["tax_ids"] = False
        self._invoice(
            *(self.customer, self.today, 0),
            move_type=dice.choice(("out_refund", "out_invoice")),
            invoice_line_ids=[Command.create(line)],
        )

    def _event_name(self, dice):
        order, product = self._some_order(dice, "sale"), dice.choice(self.goods)
        variant = product.product_variant_ids[:1]
        if order and variant:
            line = {"product_id": variant.id, "quantity": 1, "price_unit": 8}
            line["tax_ids"] = False
            self._invoice(
                *(self.customer, self.today, 0),
                move_type="out_refund",
                invoice_origin=order.name,
                invoice_line_ids=[Command.create(line)],
            )

    def _event_rename(self, dice):
        order = self._some_order(dice, "sale", "cancel")
        if order:
            order.name = f"{order.name}-{dice.randrange(99)}"

    def _event_reset(self, dice):
        moves = self._some_moves("out_invoice", "out_refund")
        if moves:
            move = dice.choice(moves)
            move.button_draft()
            if dice.random() < 0.5 and not move.invoice_line_ids.sale_line_ids:
                move.unlink()

    def _event_price(self, dice):
        dice.choice(self.goods).list_price = dice.choice((0, 4, 99))

    def _event_cost(self, dice):
        product = dice.choice(self.goods).with_company(self.company)
        product.standard_price = dice.choice((0, 2.5))

    def _event_archive(self, dice):
        product = dice.choice(self.goods)
        product.active = not product.active

    def _event_category(self, dice):
        dice.choice(self.goods).categ_id = dice.choice(self.categories)

    def _event_new(self, dice):
        self.goods.append(self._product(f"New {len(self.goods)}"))

    def _event_variant(self, dice):
        size = self.env["product.attribute"].create(
            {
                "name": "Size",
                "value_ids": [Command.create({"name": name}) for name in ("S", "L")],
            }
        )
        product = self._product(
            "Sized",
            attribute_line_ids=[
                Command.create(
                    {
                        "attribute_id": size.id,
                        "value_ids": [Command.set(size.value_ids.ids)],
                    }
                )
            ],
        )
        self.goods.append(product)
        self.played += self._sell(product, self.today, 60)

    def _event_decide(self, dice):
        self.env["product.class.override"].create(
            {
                "product_tmpl_id": dice.choice(self.goods).id,
                "company_id": self.company.id,
                "axis": "abc",
                "abc_class": dice.choice(("a", "b", "c")),
                "reason": "Because",
                "start_date": AS_OF,
                "end_date": self.today + timedelta(days=dice.choice((0, 5))),
            }
        )

    def _event_end(self, dice):
        decisions = self.env["product.class.override"].search(
            [("company_id", "=", self.company.id), ("status", "!=", "ended")], limit=1
        )
        if decisions:
            decisions.action_end()

    def test_seeded_sequences(self):
        for seed in range(12):
            dice = random.Random(seed)
            events = dice.choices(self.EVENTS, k=10)
            with self.subTest(seed=seed, events=events):
                self._play(events, seed)


@tagged("post_install", "-at_install")
@tagged("post_install", "-at_install")
class TestProductRefreshOfInvoices(TestProductRefreshEqualsFull):
    """Runs over changed products equal full ones, counting invoices."""

    policy_values = {
        **TestProductRefreshEqualsFull.policy_values,
        "revenue_source": "invoice",
    }

    @classmethod
    def _prepare_documents(cls):
        for order in cls.orders[::3]:
            cls._invoice_of(order, order.date_order.date())
