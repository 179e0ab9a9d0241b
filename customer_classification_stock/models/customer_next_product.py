from odoo import api, models
from odoo.tools import SQL


class CustomerNextProduct(models.Model):
    """Products that are sold out are not offered.

    Of products that are kept in stock; of others nobody knows a quantity.
    """

    _inherit = "customer.next.product"

    @api.model
    def _offered_condition(self, template, company):
        return SQL(
            """
            %(condition)s AND (%(t)s.is_storable IS NOT TRUE OR 0 < (
                SELECT sum(q.quantity - q.reserved_quantity)
                  FROM product_product p
                  JOIN stock_quant q ON q.product_id = p.id
                  JOIN stock_location l ON l.id = q.location_id
                 WHERE p.product_tmpl_id = %(t)s.id AND l.usage = 'internal'
                   AND q.company_id = %(company)s))
            """,
            condition=super()._offered_condition(template, company),
            t=template,
            company=company,
        )

    def _offered_query(self):
        self.env["stock.quant"].flush_model()
        self.env["product.template"].flush_model(["is_storable"])
        return super()._offered_query()
