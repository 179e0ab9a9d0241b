"""Builders of counter sales for the tests."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tools import SQL

from odoo.addons.customer_classification.tests.common import AS_OF, AccountingCase

DAY = AS_OF - timedelta(30)
WRITTEN = (
    *("pos_order", "sale_order", "account_move", "res_partner", "product_template"),
    *("product_product", "uom_uom"),
)


class PosCase(AccountingCase):
    """A company with an open till."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._customer("Buyer")
        cls.has_sales = "sale_order_origin_id" in cls.env["pos.order.line"]._fields
        cls.till = cls._till("Till")
        if cls.has_sales:
            cls.till.down_payment_product_id = cls.env["product.product"].create(
                {"name": "Down payment", "type": "service", "taxes_id": False}
            )

    @classmethod
    def _till(cls, name, **values):
        till = cls.env["pos.config"].create({"name": name, **values})
        till.open_ui()
        return till

    @classmethod
    def _counter(cls, partner, day, amount, till=None, lines=None, **values):
        """A paid order of the point of sale, of one line unless others are given.

        :param lines: ``[{field: value}]`` of the lines
        """
        lines = lines or [{"price_unit": amount}]
        total = sum(one.get("qty", 1) * one.get("price_unit", 0) for one in lines)
        return cls.env["pos.order"].create(
            {
                "partner_id": partner.id if partner else False,
                "session_id": (till or cls.till).current_session_id.id,
                "company_id": cls.company.id,
                "date_order": cls._moment(day),
                "state": "paid",
                "amount_total": total,
                "amount_tax": 0,
                "amount_paid": total,
                "amount_return": 0,
                "lines": [
                    fields.Command.create(cls._counter_line(one)) for one in lines
                ],
                **values,
            }
        )

    @classmethod
    def _counter_line(cls, values):
        line = {"product_id": cls.product.id, "qty": 1, "price_unit": 0, **values}
        amount = line["qty"] * line["price_unit"]
        return {"price_subtotal": amount, "price_subtotal_incl": amount, **line}

    @classmethod
    def _take_back(cls, order, day, share=1, signed=True, **values):
        """A refund of each line of an order at the counter.

        :param signed: whether the amounts of the lines are negative, as Odoo's server
            writes them, or not, as its till does
        """
        lines = [
            {
                "qty": -line.qty * share,
                "price_unit": line.price_unit,
                "refunded_orderline_id": line.id,
                "price_subtotal": line.price_subtotal * share * (-1 if signed else 1),
                "product_id": line.product_id.id,
            }
            for line in order.lines
        ]
        values = {"is_refund": True, "partner_id": order.partner_id.id, **values}
        return cls._counter(None, day, 0, lines=lines, **values)

    @classmethod
    def _settle(cls, order, day, **values):
        """Settle a sales order at the counter, line by line."""
        lines = [
            {
                "qty": line.product_uom_qty,
                "price_unit": line.price_unit,
                "product_id": line.product_id.id,
                "sale_order_origin_id": order.id,
                "sale_order_line_id": line.id,
            }
            for line in order.order_line
            if not line.display_type
        ]
        return cls._counter(order.partner_id, day, 0, lines=lines, **values)

    @classmethod
    def _prepay(cls, order, day, amount):
        """A down payment on a sales order at the counter."""
        line = {
            "price_unit": amount,
            "product_id": cls.till.down_payment_product_id.id,
            "sale_order_origin_id": order.id,
        }
        return cls._counter(order.partner_id, day, 0, lines=[line])

    @classmethod
    def _invoice_counter(cls, order, day=None):
        """Invoice an order of the counter as Odoo does, and post on a day."""
        order_class = type(order)
        prepare = order_class._prepare_invoice_vals

        def dated(orders):
            return {**prepare(orders), "invoice_date": day or DAY}

        with patch.object(order_class, "_prepare_invoice_vals", dated):
            order.with_context(generate_pdf=False)._generate_pos_order_invoice()
        return order.account_move

    @classmethod
    def _cancel(cls, move):
        """Cancel an invoice of the counter while the till is open.

        Odoo lets nobody do that by the form.
        """
        sessions = move.pos_order_ids.session_id
        sessions.state = "closed"
        move.button_draft()
        move.button_cancel()
        sessions.state = "opened"

    def _numbers(self, partner=None, **values):
        """Revenue and number of purchases after a run."""
        self._recompute(**values)
        profile = self._profile(partner or self.customer)
        return profile.revenue, profile.order_count

    # Runs over what changed

    @classmethod
    def _age(cls):
        """Date all that is written so far back by a long time.

        Within the one transaction of a test the clock of the database does not move.
        """
        cls.env.flush_all()
        for table in WRITTEN:
            cls.env.cr.execute(
                SQL("UPDATE %s SET write_date = '2000-01-01'", SQL.identifier(table))
            )
        cls.env.invalidate_all()

    def _refresh(self, policy=None, kind="customer"):
        """A run over what changed since the last one."""
        policy, runs = policy or self.policy, self.env["classification.run"]
        if kind == "customer":
            execution = runs._prepare(policy, as_of_date=AS_OF, scope="changed")
        else:
            execution = runs._prepare_of_kind(policy, kind, AS_OF, scope="changed")
        run = execution.execute()
        self.assertEqual(run.state, "done", run.error)
        self._age()
        return run
