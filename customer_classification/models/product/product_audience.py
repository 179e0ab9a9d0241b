from odoo import fields, models
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..common.called_records import check_one, one_id
from ..common.exchange_rates import at_rate_of_company, with_rates

# Largest ids of companies, and of tiers, stages or tags, in the id of a row: in all,
# within the exact integers of JavaScript.
_COMPANIES = 4096
_CLASSES = 65536
# In the order of the last digit of that id.
_AXES = ("value_tier", "lifecycle_stage", "tag")


class ProductAudience(models.Model):
    """Buyers of a product by value tier, lifecycle stage and tag.

    Their share of its revenue, against their share of all revenue.

    A customer has one tier and one stage, and as many tags as there are: shares of tags
    do not add up to one. A customer with a tag counts for the tags above it, too.

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
        [
            ("value_tier", "Value tier"),
            ("lifecycle_stage", "Lifecycle stage"),
            ("tag", "Tag"),
        ]
    )
    tier_id = fields.Many2one("customer.value.tier", string="Value Tier")
    stage_id = fields.Many2one("customer.lifecycle.stage", string="Lifecycle Stage")
    tag_id = fields.Many2one("res.partner.category", string="Tag")
    # Each purchase counts once in every axis, and a customer in the row of each tag.
    customer_count = fields.Integer(
        string="Customers", aggregator=None, help="Different customers who bought it."
    )
    revenue = fields.Monetary(groups=MONEY_GROUP, aggregator=None)
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
        "it is not meant for buys as little as expected. Of tags, only those that it "
        "is meant for have one: the others overlap with them.",
    )

    @property
    def _table_query(self):
        return SQL(" UNION ALL ").join(map(self._axis_query, _AXES))

    def _axis_query(self, axis):
        """Return SQL of the rows of one axis: purchases, and target audience."""
        columns = {
            name: SQL("d.class_id") if name == axis else SQL("NULL::integer")
            for name in _AXES
        }
        return SQL(
            """
            SELECT ((d.product_tmpl_id::bigint * %(companies)s + d.company_id)
                    * %(classes)s + d.class_id) * %(axes)s + %(place)s AS id,
                   d.product_tmpl_id, d.company_id, %(axis)s AS axis,
                   %(value_tier)s AS tier_id, %(lifecycle_stage)s AS stage_id,
                   %(tag)s AS tag_id,
                   d.customer_count, d.revenue, d.share, u.share AS usual_share,
                   100 * d.share / NULLIF(u.share, 0) AS buying_index,
                   d.is_target,
                   CASE WHEN NOT d.has_target THEN NULL
                        WHEN d.is_target AND d.share >= COALESCE(u.share, 0)
                             AND d.share > 0 THEN 'reached'
                        WHEN d.is_target THEN 'missed'
                        WHEN %(is_exclusive)s AND d.share > COALESCE(u.share, 0)
                        THEN 'unexpected'
                   END AS gap
              FROM (%(shares)s) d
              LEFT JOIN (%(usual)s) u
                ON u.company_id = d.company_id AND u.class_id = d.class_id
            """,
            **columns,
            companies=_COMPANIES,
            classes=_CLASSES,
            axes=len(_AXES),
            place=_AXES.index(axis),
            axis=axis,
            is_exclusive=axis != "tag",
            shares=self._share_query(axis),
            usual=self._usual_query(axis),
        )

    def _share_query(self, axis):
        """Return the SQL of each class's purchases and share of a product."""
        whole = SQL("sum(GREATEST(sum(b.amount), 0)) OVER w")
        totals = SQL("")
        if axis == "tag":
            # Tags overlap: the whole is the purchases of everybody.
            whole = SQL("max(v.amount)")
            totals = SQL(
                """
                LEFT JOIN (SELECT product_tmpl_id, company_id, sum(amount) AS amount
                             FROM (%s) every GROUP BY product_tmpl_id, company_id) v
                  ON v.product_tmpl_id = b.product_tmpl_id
                 AND v.company_id = b.company_id
                """,
                self._bought_query(self._class_column("value_tier")),
            )
        return SQL(
            """
            SELECT b.product_tmpl_id, b.company_id, b.class_id,
                   count(DISTINCT b.partner_id) FILTER (WHERE b.amount > 0)::integer
                   AS customer_count,
                   COALESCE(sum(b.amount), 0) AS revenue,
                   bool_or(b.is_target) AS is_target,
                   bool_or(bool_or(b.is_target)) OVER w AS has_target,
                   COALESCE(GREATEST(sum(b.amount), 0) / NULLIF(
                       GREATEST(%(whole)s, 0), 0), 0) AS share
              FROM (%(bought)s UNION ALL %(meant)s) b
              %(totals)s
             GROUP BY b.product_tmpl_id, b.company_id, b.class_id
            WINDOW w AS (PARTITION BY b.product_tmpl_id, b.company_id)
            """,
            whole=whole,
            totals=totals,
            bought=self._bought_query(self._class_column(axis), axis),
            meant=self._meant_query(axis),
        )

    def _class_column(self, axis):
        if axis == "tag":
            return SQL.identifier("g", "tag_id")
        return SQL.identifier("f", f"{axis}_id")

    def _carried_join(self, axis):
        """Return SQL that joins the tags of a customer, with those above them."""
        if axis != "tag":
            return SQL("")
        return SQL(
            """
            JOIN (SELECT DISTINCT r.partner_id, a.tag_id
                    FROM res_partner_res_partner_category_rel r
                    JOIN res_partner_category c ON c.id = r.category_id AND c.active,
                         unnest(string_to_array(
                             rtrim(c.parent_path, '/'), '/')::integer[]) a(tag_id)
                 ) g ON g.partner_id = f.partner_id
            """
        )

    def _bought_query(self, class_column, axis=None):
        """Lines of the products with the customer and the class today."""
        return SQL(
            """
            SELECT p.product_tmpl_id, l.company_id, %(class)s AS class_id,
                   f.partner_id, l.amount, l.day, FALSE AS is_target
              FROM (%(lines)s) l
              JOIN product_product p ON p.id = l.product_id
              JOIN res_partner c ON c.id = l.partner_id
              JOIN customer_profile f
                ON f.partner_id = c.commercial_partner_id
               AND f.company_id = l.company_id
              %(carried)s
             WHERE %(class)s IS NOT NULL
            """,
            **{"class": class_column},
            lines=self._sold_lines(),
            carried=self._carried_join(axis),
        )

    def _sold_lines(self):
        """Return the SQL of the lines in the window of each company.

        By the documents that its policy counts: product, company, contact, amount,
        quantity and day.
        """
        return with_rates(SQL(" UNION ALL ").join(self._line_queries()))

    def _line_queries(self):
        """Return the selects of :meth:`_sold_lines`; glue addons add some."""
        return [self._order_lines(), self._invoice_lines()]

    def _order_lines(self):
        return SQL(
            """
            SELECT l.product_id, o.company_id, o.partner_id, %(amount)s AS amount,
                   l.product_uom_qty AS quantity,
                   (o.date_order AT TIME ZONE 'UTC' AT TIME ZONE w.tz)::date AS day
              FROM sale_order_line l
              JOIN sale_order o ON o.id = l.order_id
              JOIN res_company company ON company.id = o.company_id
              JOIN (%(windows)s) w ON w.company_id = o.company_id
             WHERE w.revenue_source = 'sale' AND o.state = 'sale'
               AND o.date_order >= w.first_day AND o.date_order < w.last_day + 1
               AND %(is_sold)s
            """,
            amount=at_rate_of_company(
                SQL("l.price_subtotal"),
                SQL("l.price_subtotal"),
                SQL("o.currency_id"),
                SQL("o.date_order::date"),
            ),
            is_sold=self.env["classification.source"]._is_sold(SQL("l")),
            windows=self._windows(),
        )

    def _invoice_lines(self):
        """Return the SQL of invoice lines.

        A credit note counts as a run counts it, except for later corrections: where its
        order or the invoice that it reverses counts.
        """
        return SQL(
            """
            SELECT l.product_id, m.company_id, m.partner_id, %(amount)s AS amount,
                   l.quantity * CASE WHEN m.move_type = 'out_refund' THEN -1 ELSE 1 END,
                   m.invoice_date
              FROM account_move_line l
              JOIN account_move m ON m.id = l.move_id
              JOIN res_company company ON company.id = m.company_id
              JOIN (%(windows)s) w ON w.company_id = m.company_id
             WHERE (w.revenue_source = 'invoice'
                    AND m.move_type IN ('out_invoice', 'out_refund', 'out_receipt')
                    OR w.subtract_credit_notes AND m.move_type = 'out_refund')
               AND m.state = 'posted'
               AND m.invoice_date BETWEEN w.first_day AND w.last_day
               AND %(is_invoiced)s AND NOT %(undoes)s
               AND NOT EXISTS (
                   SELECT FROM account_move again
                    WHERE m.move_type = 'out_refund'
                      AND again.reversed_entry_id = m.id AND again.state = 'posted'
                      AND again.move_type IN ('out_invoice', 'out_receipt')
                      AND again.amount_untaxed >= m.amount_untaxed)
               AND (m.move_type <> 'out_refund'
                    OR w.revenue_source = 'sale' AND EXISTS (
                       SELECT FROM sale_order_line_invoice_rel r
                         JOIN sale_order_line s ON s.id = r.order_line_id
                        WHERE r.invoice_line_id = l.id AND s.state = 'sale')
                    OR w.revenue_source = 'invoice' AND EXISTS (
                       SELECT FROM account_move i
                        WHERE i.id = m.reversed_entry_id AND i.state = 'posted')
                    OR w.subtract_unlinked_credit_notes AND m.reversed_entry_id IS NULL
                       AND NOT EXISTS (
                       SELECT FROM sale_order_line_invoice_rel r
                        WHERE r.invoice_line_id = l.id))
            """,
            amount=at_rate_of_company(
                SQL("-l.balance"),
                SQL("-l.amount_currency"),
                SQL("m.currency_id"),
                SQL("m.invoice_date"),
            ),
            is_invoiced=self.env["classification.source"]._is_invoiced(SQL("l")),
            undoes=self.env["classification.source.credit"]._undoes(SQL("m")),
            windows=self._windows(),
        )

    def _windows(self):
        """Return first and last day of the window of each company.

        As of its last run over products, other than chosen ones; before the first one,
        as of today.
        """
        return SQL(
            """
            SELECT y.company_id, y.revenue_source, y.count_point_of_sale,
                   y.subtract_credit_notes, y.subtract_unlinked_credit_notes,
                   COALESCE(y.tz, 'UTC') AS tz,
                   COALESCE(max(r.as_of_date), %(today)s) AS last_day,
                   (COALESCE(max(r.as_of_date), %(today)s)
                    - make_interval(months => y.window_months))::date + 1 AS first_day
              FROM classification_policy y
              LEFT JOIN classification_run r ON r.company_id = y.company_id
                    AND r.kind = 'product' AND r.scope <> 'some'
                    AND r.state = 'done'
             WHERE y.state = 'published'
             GROUP BY y.id
            """,
            today=fields.Date.context_today(self),
        )

    def _meant_query(self, axis):
        """A row without money for each class that a product is meant for."""
        table, column = {
            "value_tier": ("product_target_tier_rel", "tier_id"),
            "lifecycle_stage": ("product_target_stage_rel", "stage_id"),
            "tag": ("product_target_tag_rel", "tag_id"),
        }[axis]
        return SQL(
            """
            SELECT t.product_tmpl_id, r.company_id, t.%(column)s AS class_id,
                   NULL::integer AS partner_id, 0::numeric AS amount,
                   NULL::date AS day, TRUE AS is_target
              FROM %(table)s t
              JOIN product_profile r ON r.product_tmpl_id = t.product_tmpl_id
            """,
            table=SQL.identifier(table),
            column=SQL.identifier(column),
        )

    def _usual_query(self, axis):
        """Return SQL of each class's share of the revenue, in the window.

        The revenue of all customers.
        """
        return SQL(
            """
            SELECT f.company_id, %(class)s AS class_id,
                   sum(GREATEST(f.revenue, 0)) / NULLIF(max(w.revenue), 0) AS share
              FROM customer_profile f
              JOIN (SELECT company_id, sum(GREATEST(revenue, 0)) AS revenue
                      FROM customer_profile GROUP BY company_id) w
                ON w.company_id = f.company_id
              %(carried)s
             WHERE %(class)s IS NOT NULL
             GROUP BY f.company_id, %(class)s
            """,
            **{"class": self._class_column(axis)},
            carried=self._carried_join(axis),
        )

    # Customers

    def action_open_customers(self):
        """Open the customers of this class who bought the product.

        The subject of the row is in its id: reading a row of a view by its id
        would compute all the others.
        """
        product_id, company_id, class_id, axis = _unpack(one_id(self))
        product = self.env["product.template"].browse(product_id)
        check_one(product)
        return self._open_buyers(
            product,
            SQL("b.company_id = %s AND b.class_id = %s", company_id, class_id),
            axis,
        )

    def _open_buyers(self, product, condition=None, axis="value_tier"):
        """Open the customers who bought a product in the window.

        Of the enabled companies, and of contacts that the reader may read. One query.

        :param condition: SQL on ``b``, a line of :meth:`_bought_query`
        """
        self.browse().check_access("read")
        product.check_access("read")
        partners = self.env["res.partner"]._search([], active_test=False)
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT b.partner_id, b.company_id FROM (%(bought)s) b
                 WHERE b.product_tmpl_id = %(product)s AND b.amount > 0
                   AND b.company_id = ANY(%(companies)s)
                   AND b.partner_id IN %(partners)s AND %(condition)s
                """,
                bought=self._bought_query(self._class_column(axis), axis),
                product=product.id,
                companies=self.env.companies.ids,
                partners=partners.subselect(),
                condition=condition or SQL("TRUE"),
            )
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Who Buys %s", product.display_name),
            "res_model": "customer.profile",
            "view_mode": "list,kanban,form",
            "domain": [
                ("partner_id", "in", [partner for partner, __ in rows]),
                ("company_id", "in", list({company for __, company in rows})),
                ("active", "in", (True, False)),
            ],
        }


def _unpack(number):
    """Ids of product, company and class, and the axis, of the id of a row."""
    rest, place = divmod(number, len(_AXES))
    rest, class_id = divmod(rest, _CLASSES)
    product_id, company_id = divmod(rest, _COMPANIES)
    return product_id, company_id, class_id, _AXES[place]
