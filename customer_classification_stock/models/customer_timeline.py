from odoo import api, fields, models
from odoo.tools import SQL

_LINE = """
    SELECT v.partner_id, v.company_id, v.day, 'delivery'::varchar AS what,
           %(detail)s::varchar AS detail, %(direction)s::varchar AS direction,
           NULL::float8 AS score, %(model)s::varchar AS res_model, v.res_id
      FROM (%(rows)s) v (partner_id, company_id, day, res_id)
"""


class CustomerTimeline(models.Model):
    """Shows the day on which an order was late, and goods that came back."""

    _inherit = "customer.timeline"

    what = fields.Selection(selection_add=[("delivery", "Delivery or Return")])
    detail = fields.Selection(
        selection_add=[
            ("late_delivery", "Late Delivery"),
            ("return", "Returned Goods"),
        ]
    )

    @api.model
    def _line_queries(self, contact_ids, zones):
        source = self.env["classification.delivery.source"].sudo()
        late = source._late_query(contact_ids)
        returned = source._return_query(contact_ids)
        return [
            *super()._line_queries(contact_ids, zones),
            _line("late_delivery", "out", "sale.order", late),
            _line("return", "in", "stock.picking", returned),
        ]


def _line(detail, direction, model, rows):
    return SQL(_LINE, detail=detail, direction=direction, model=model, rows=rows)
