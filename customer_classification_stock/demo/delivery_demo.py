from datetime import timedelta

from odoo import api, models

# Days between the promised and the delivered day of the last orders of a customer each,
# the newest first; None where nothing has been delivered yet.
_DAYS_LATE = (
    (0, -1, 0, 0, 0, 0),
    (None, 3, 0, 6, 2, 0),
    (0, 0, 1, 0, 0, 0),
    (0, 4, 0, 0, 0, -1),
)
# Of which of these orders the goods came back.
_RETURNED = ((), (3,), (), (0, 2))
_DAYS_PROMISED = 3
_DAYS_KEPT = 5


class ClassificationDemo(models.AbstractModel):
    """Deliveries of goods not kept in stock, some late, some returned."""

    _name = "classification.demo"
    _inherit = ["classification.demo"]

    @api.model
    def _load_deliveries(self):
        """Deliver the last orders of the customers who bought most often."""
        lines = self.env["sale.order.line"].search(
            [
                ("state", "=", "sale"),
                ("company_id", "=", self.env.ref("base.main_company").id),
                ("product_id.type", "=", "consu"),
                ("product_id.is_storable", "=", False),
                ("order_id.date_order", ">=", "today -300d"),
                ("order_id.date_order", "<", "today -10d"),
                ("move_ids", "=", False),
            ],
            order="order_id desc, id",
        )
        by_customer = lines.grouped("order_partner_id")
        often = sorted(by_customer.values(), key=lambda one: (-len(one), one[0].id))
        for own, days, returned in zip(often, _DAYS_LATE, _RETURNED, strict=False):
            for place, (line, late) in enumerate(zip(own, days, strict=False)):
                self._deliver(line, late, place in returned)

    def _deliver(self, line, late, returned):
        """Deliver a line by so many days late, and perhaps take it back."""
        promised = line.order_id.date_order + timedelta(days=_DAYS_PROMISED)
        out = self._transfer(line, "out_type_id", promised)
        if late is None:
            return
        done = promised + timedelta(days=late)
        self._finish(out, done)
        if returned:
            back = self._transfer(line, "in_type_id", False)
            self._finish(back, done + timedelta(days=_DAYS_KEPT))

    def _transfer(self, line, kind, deadline):
        """Create a transfer to the customer, or from it."""
        company = line.company_id
        warehouse = self.env["stock.warehouse"].search(
            [("company_id", "=", company.id)], limit=1
        )
        places = [
            warehouse.lot_stock_id,
            self.env.ref("stock.stock_location_customers"),
        ]
        source, target = places if kind == "out_type_id" else reversed(places)
        return self.env["stock.move"].create(
            {
                "product_id": line.product_id.id,
                "product_uom_qty": line.product_uom_qty,
                "product_uom": line.product_uom_id.id,
                "location_id": source.id,
                "location_dest_id": target.id,
                "sale_line_id": line.id,
                "company_id": company.id,
                "date_deadline": deadline,
                "state": "confirmed",
                "picking_id": self.env["stock.picking"]
                .create(
                    {
                        "partner_id": line.order_partner_id.id,
                        "picking_type_id": warehouse[kind].id,
                        "location_id": source.id,
                        "location_dest_id": target.id,
                        "origin": line.order_id.name,
                    }
                )
                .id,
            }
        )

    def _finish(self, move, moment):
        move.quantity = move.product_uom_qty
        move.picked = True
        move._action_done()
        move.date = moment
        move.picking_id.date_done = moment
