from odoo import fields, models
from odoo.tools import SQL

from .customer_profile import MONEY_GROUP

# Ids of companies and of classes that the id of a row has room for.
_ROOM = 4096


class ProductAudience(models.Model):
    """Who buys a product: the share of its revenue that a value tier or a lifecycle
    stage makes, against the share that it makes of everything.

    Over the window of the policy, up to the day of the last run over products, by the
    documents that the policy counts, with the classes that customers have today. A
    view, worked out when it is read; asked for one product, it reads its lines alone.
    """

    _name = "product.audience"
    _description = "Audience of a Product"
    _auto = False
    _order = "product_tmpl_id, axis, share desc, id"

    product_tmpl_id = fields.Many2one("product.template", string="Product")
    company_id = fields.Many2one("res.company")
    currency_id = fields.Many2one(related="company_id.currency_id")
    axis = fields.Selection(
        [("value_tier", "Value tier"), ("lifecycle_stage", "Lifecycle stage")]
    )
    tier_id = fields.Many2one("customer.value.tier", string="Value Tier")
    stage_id = fields.Many2one("customer.lifecycle.stage", string="Lifecycle Stage")
    customer_count = fields.Integer(
        string="Customers", help="Different customers who bought it."
    )
    revenue = fields.Monetary(groups=MONEY_GROUP)
    share = fields.Float(
        string="Share of the Product",
        digits=(5, 4),
        aggregator="avg",
        help="Of the revenue of this product.",
    )
    usual_share = fields.Float(
        digits=(5, 4),
        aggregator="avg",
        help="The share of the revenue of all products.",
    )
    buying_index = fields.Float(
        string="Index",
        digits=(12, 0),
        aggregator="avg",
        help="100: this class buys as much of it as of everything; 200: twice as much.",
    )
    is_target = fields.Boolean(string="Meant For")
    gap = fields.Selection(
        [
            ("reached", "Meant for and reached"),
            ("missed", "Meant for, buys less than usual"),
            ("unexpected", "Not meant for, buys more than usual"),
        ],
        help="Empty where the product is meant for everybody, or where a class that "
        "it is not meant for buys as little as expected.",
    )

    @property
    def _table_query(self):
        return SQL(
            "%s UNION ALL %s",
            self._axis_query("value_tier"),
            self._axis_query("lifecycle_stage"),
        )

    def _axis_query(self, axis):
        """The rows of one axis: what was bought, and for whom it is meant."""
        is_tier = axis == "value_tier"
        return SQL(
            """
            SELECT ((d.product_tmpl_id::bigint * %(room)s + d.company_id) * %(room)s
                    + d.class_id) * 2 + %(is_stage)s AS id,
                   d.product_tmpl_id, d.company_id, %(axis)s AS axis,
                   %(tier)s AS tier_id, %(stage)s AS stage_id,
                   d.customer_count, d.revenue, d.share, u.share AS usual_share,
                   100 * d.share / NULLIF(u.share, 0) AS buying_index,
                   d.is_target,
                   CASE WHEN NOT d.has_target THEN NULL
                        WHEN d.is_target AND d.share >= COALESCE(u.share, 0)
                             AND d.share > 0 THEN 'reached'
                        WHEN d.is_target THEN 'missed'
                        WHEN d.share > COALESCE(u.share, 0) THEN 'unexpected'
                   END AS gap
              FROM (
                    SELECT b.product_tmpl_id, b.company_id, b.class_id,
                           count(DISTINCT b.partner_id)::integer AS customer_count,
                           COALESCE(sum(b.amount), 0) AS revenue,
                           bool_or(b.is_target) AS is_target,
                           bool_or(bool_or(b.is_target)) OVER w AS has_target,
                           COALESCE(GREATEST(sum(b.amount), 0) / NULLIF(
                               sum(GREATEST(sum(b.amount), 0)) OVER w, 0), 0) AS share
                      FROM (%(bought)s UNION ALL %(meant)s) b
                     GROUP BY b.product_tmpl_id, b.company_id, b.class_id
                    WINDOW w AS (PARTITION BY b.product_tmpl_id, b.company_id)
                   ) d
              LEFT JOIN (%(usual)s) u
                ON u.company_id = d.company_id AND u.class_id = d.class_id
            """,
            room=_ROOM,
            is_stage=int(not is_tier),
            axis=axis,
            tier=SQL("d.class_id") if is_tier else SQL("NULL::integer"),
            stage=SQL("NULL::integer") if is_tier else SQL("d.class_id"),
            bought=self._bought_query(self._class_column(axis)),
            meant=self._meant_query(axis),
            usual=self._usual_query(self._class_column(axis)),
        )

    def _class_column(self, axis):
        return SQL.identifier("f", f"{axis}_id")

    def _bought_query(self, class_column):
        """Lines of the products with the customer and the class today."""
        return SQL(
            """
            SELECT p.product_tmpl_id, l.company_id, %(class)s AS class_id,
                   f.partner_id, l.amount, FALSE AS is_target
              FROM (%(orders)s UNION ALL %(invoices)s) l
              JOIN product_product p ON p.id = l.product_id
              JOIN res_partner c ON c.id = l.partner_id
              JOIN customer_profile f
                ON f.partner_id = c.commercial_partner_id
               AND f.company_id = l.company_id
             WHERE %(class)s IS NOT NULL
            """,
            **{"class": class_column},
            orders=self._order_lines(),
            invoices=self._invoice_lines(),
        )

    def _order_lines(self):
        return SQL(
            """
            SELECT l.product_id, o.company_id, o.partner_id,
                   l.price_subtotal / COALESCE(NULLIF(o.currency_rate, 0), 1)::numeric
                   AS amount
              FROM sale_order_line l
              JOIN sale_order o ON o.id = l.order_id
              JOIN (%(windows)s) w ON w.company_id = o.company_id
             WHERE w.revenue_source = 'sale' AND o.state = 'sale'
               AND o.date_order >= w.first_day AND o.date_order < w.last_day + 1
               AND l.display_type IS NULL AND l.is_downpayment IS NOT TRUE
            """,
            windows=self._windows(),
        )

    def _invoice_lines(self):
        return SQL(
            """
            SELECT l.product_id, m.company_id, m.partner_id, -l.balance AS amount
              FROM account_move_line l
              JOIN account_move m ON m.id = l.move_id
              JOIN (%(windows)s) w ON w.company_id = m.company_id
             WHERE (w.revenue_source = 'invoice'
                    AND m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
                    OR w.subtract_credit_notes AND m.move_type = 'out_refund')
               AND m.state = 'posted'
               AND m.invoice_date BETWEEN w.first_day AND w.last_day
               AND l.display_type = 'product' AND l.is_downpayment IS NOT TRUE
            """,
            windows=self._windows(),
        )

    def _windows(self):
        """First and last day of the window of each company, as of its last run over
        products."""
        return SQL(
            """
            SELECT y.company_id, y.revenue_source, y.subtract_credit_notes,
                   max(r.as_of_date) AS last_day,
                   (max(r.as_of_date) - make_interval(months => y.window_months)
                   )::date + 1 AS first_day
              FROM classification_policy y
              JOIN classification_run r ON r.company_id = y.company_id
             WHERE y.state = 'published' AND r.kind = 'product' AND r.state = 'done'
             GROUP BY y.id
            """
        )

    def _meant_query(self, axis):
        """A row without money for each class that a product is meant for."""
        table, column = {
            "value_tier": ("product_target_tier_rel", "tier_id"),
            "lifecycle_stage": ("product_target_stage_rel", "stage_id"),
        }[axis]
        return SQL(
            """
            SELECT t.product_tmpl_id, r.company_id, t.%(column)s AS class_id,
                   NULL::integer AS partner_id, 0::numeric AS amount,
                   TRUE AS is_target
              FROM %(table)s t
              JOIN product_profile r ON r.product_tmpl_id = t.product_tmpl_id
            """,
            table=SQL.identifier(table),
            column=SQL.identifier(column),
        )

    def _usual_query(self, class_column):
        """Share of each class of the revenue of all customers, in the window."""
        return SQL(
            """
            SELECT f.company_id, %(class)s AS class_id,
                   sum(GREATEST(f.revenue, 0)) / NULLIF(
                       sum(sum(GREATEST(f.revenue, 0))) OVER (
                           PARTITION BY f.company_id), 0) AS share
              FROM customer_profile f
             WHERE %(class)s IS NOT NULL
             GROUP BY f.company_id, %(class)s
            """,
            **{"class": class_column},
        )

    def action_open_customers(self):
        """Open the customers of this class who bought the product.

        What the row is about stands in its id: reading a row of a view by its id
        would work out all the others.
        """
        self.ensure_one()
        self.browse().check_access("read")
        product_id, company_id, class_id, is_stage = _unpack(self.id)
        column = self._class_column("lifecycle_stage" if is_stage else "value_tier")
        rows = self.env.execute_query(
            SQL(
                "SELECT DISTINCT b.partner_id FROM (%s) b WHERE b.product_tmpl_id = %s"
                " AND b.company_id = %s AND b.class_id = %s",
                self._bought_query(column),
                product_id,
                company_id,
                class_id,
            )
        )
        product = self.env["product.template"].browse(product_id)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Who Buys %s", product.display_name),
            "res_model": "customer.profile",
            "view_mode": "list,kanban,form",
            "domain": [
                ("partner_id", "in", [partner for (partner,) in rows]),
                ("company_id", "=", company_id),
            ],
        }


def _unpack(number):
    """Ids of product, company and class, and whether that is a stage, of the id of a
    row."""
    rest, is_stage = divmod(number, 2)
    rest, class_id = divmod(rest, _ROOM)
    product_id, company_id = divmod(rest, _ROOM)
    return product_id, company_id, class_id, bool(is_stage)
