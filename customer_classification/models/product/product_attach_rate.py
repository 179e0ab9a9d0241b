from odoo import fields, models
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..common.exchange_rates import at_rate_of_company, with_rates
from ..common.profiling import OBJECTING


class ProductAttachRate(models.Model):
    """Confirmed order with a product that has an associated one.

    With the other product sold or, if it was not, the missed revenue.

    Only the same order counts: a customer who buys the service a week later has bought
    it without being asked. A view, worked out when it is read.
    """

    _name = "product.attach.rate"
    _inherit = "classification.counted.once.mixin"
    _description = "Attach Rate"
    _auto = False
    _order = "order_date desc, id"
    # A product missing on an order counts once, whichever products require it.
    _counted_by = ("order_id", "other_tmpl_id")
    _counted_once = frozenset(("missed_revenue",))

    product_tmpl_id = fields.Many2one("product.template", string="Product")
    other_tmpl_id = fields.Many2one("product.template", string="Other Product")
    kind = fields.Selection(
        [
            ("requires", "requires"),
            ("recommends", "recommends"),
            ("includes", "includes"),
        ]
    )
    order_id = fields.Many2one("sale.order")
    order_date = fields.Datetime()
    company_id = fields.Many2one("res.company")
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one("res.users", string="Salesperson")
    partner_id = fields.Many2one("res.partner", string="Customer")
    tier_id = fields.Many2one("customer.value.tier", string="Value Tier")
    # An order is in many pairs: their sums would count it as often.
    sold_with = fields.Integer(
        aggregator=None, help="Orders on which the other product stands as well."
    )
    sold_without = fields.Integer(aggregator=None, help="Orders on which it does not.")
    attach_rate = fields.Float(
        aggregator="avg", digits=(5, 4), help="Share of the orders with both."
    )
    other_revenue = fields.Monetary(
        string="Revenue of the Other",
        groups=MONEY_GROUP,
        aggregator=None,
        help="What the other product brought on these orders, untaxed, in company "
        "currency.",
    )
    missed_revenue = fields.Monetary(
        groups=MONEY_GROUP,
        help="Orders without the other product, at its sales price. Where several "
        "products of an order ask for it, totals have it once.",
    )

    @property
    def _table_query(self):
        """Orders of linked products alone are read."""
        query = SQL(
            """
            WITH linked AS (
                SELECT product_tmpl_id AS id FROM product_association
                 UNION SELECT other_tmpl_id FROM product_association
            ), sold AS (
                -- One row an order and linked product
                SELECT l.order_id, p.product_tmpl_id, sum(l.product_uom_qty) AS units,
                       sum(l.price_subtotal) AS amount
                  FROM linked
                  JOIN product_product p ON p.product_tmpl_id = linked.id
                  JOIN sale_order_line l ON l.product_id = p.id
                 WHERE l.state = 'sale' AND %(is_sold)s AND l.product_uom_qty > 0
                 GROUP BY l.order_id, p.product_tmpl_id
            )
            SELECT a.id::bigint * 2147483648 + o.id AS id,
                   a.product_tmpl_id, a.other_tmpl_id, a.kind,
                   o.id AS order_id, o.date_order AS order_date, o.company_id,
                   o.user_id, c.commercial_partner_id AS partner_id,
                   f.value_tier_id AS tier_id,
                   (w.order_id IS NOT NULL)::integer AS sold_with,
                   (w.order_id IS NULL)::integer AS sold_without,
                   (w.order_id IS NOT NULL)::integer::float8 AS attach_rate,
                   COALESCE(%(amount)s, 0) AS other_revenue,
                   CASE WHEN w.order_id IS NULL THEN COALESCE(r.list_price, 0) *
                        CASE a.quantity_by WHEN 'unit' THEN s.units ELSE 1 END
                        ELSE 0 END AS missed_revenue
              FROM product_association a
              JOIN sold s ON s.product_tmpl_id = a.product_tmpl_id
              JOIN sale_order o ON o.id = s.order_id
              JOIN res_company company ON company.id = o.company_id
              JOIN res_partner c ON c.id = o.partner_id
              LEFT JOIN sold w
                ON w.order_id = s.order_id AND w.product_tmpl_id = a.other_tmpl_id
              LEFT JOIN customer_profile f
                ON f.partner_id = c.commercial_partner_id
               AND f.company_id = o.company_id
              LEFT JOIN product_profile r
                ON r.product_tmpl_id = a.other_tmpl_id AND r.company_id = o.company_id
             WHERE a.kind <> 'includes'
               AND (c.commercial_partner_id IN %(objecting)s) IS NOT TRUE
            """,
            amount=at_rate_of_company(
                SQL("w.amount"),
                SQL("w.amount"),
                SQL("o.currency_id"),
                SQL("o.date_order::date"),
            ),
            is_sold=self.env["classification.source"]._is_sold(SQL("l")),
            objecting=OBJECTING,
        )
        return with_rates(SQL("SELECT * FROM (%s) attached", query))
