from odoo import fields, models
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..common.called_records import check_one, one_id

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
    view, worked out when it is read.
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
        string="Difference",
        help="Empty where the product is meant for everybody, or where a class that "
        "it is not meant for buys as little as expected. Of tags, only those that it "
        "is meant for have one: the others overlap with them.",
    )

    @property
    def _table_query(self):
        policies = self.env["classification.policy"].sudo()
        companies = policies.search([("state", "=", "published")]).company_id
        lines = self.env["classification.product.facts"]._window_lines(companies)
        return SQL(" UNION ALL ").join(self._axis_query(axis, lines) for axis in _AXES)

    def _axis_query(self, axis, lines):
        """Return SQL of the rows of one axis: purchases, and target audience.

        :param lines: SQL of the lines that were bought
        """
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
            shares=self._share_query(axis, lines),
            usual=self._usual_query(axis),
        )

    def _share_query(self, axis, lines):
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
                self._bought_query(lines, self._class_column("value_tier")),
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
            bought=self._bought_query(lines, self._class_column(axis), axis),
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

    def _bought_query(self, lines, class_column, axis=None):
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
            lines=lines,
            carried=self._carried_join(axis),
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

    def _variants(self, product):
        return product.sudo().with_context(active_test=False).product_variant_ids

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

        Of the enabled companies, and of contacts that the reader may read.

        :param condition: SQL on ``b``, a line of :meth:`_bought_query`
        """
        self.browse().check_access("read")
        product.check_access("read")
        partners = self.env["res.partner"]._search([], active_test=False)
        lines = self.env["classification.product.facts"]._window_lines(
            self.env.companies, variant_ids=self._variants(product).ids
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT b.partner_id, b.company_id FROM (%(bought)s) b
                 WHERE b.product_tmpl_id = %(product)s AND b.amount > 0
                   AND b.company_id = ANY(%(companies)s)
                   AND b.partner_id IN %(partners)s AND %(condition)s
                """,
                bought=self._bought_query(lines, self._class_column(axis), axis),
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
