from odoo import fields, models
from odoo.tools import SQL

from .customer_profile import MONEY_GROUP

# Of the peers, so many have to buy what is told to be missing.
PEER_SHARE = 0.2


class CustomerProduct(models.Model):
    """One product and one customer: how often and for how much it was bought, and how
    many of the peers buy it.

    Peers are the customers of the same value tier and industry. Over the window of
    the policy, as :class:`ProductAudience`. The customer, an id of a commercial
    partner, comes by the context; without one there are no rows: of all customers,
    they would be more than anybody reads.
    """

    _name = "customer.product"
    _description = "Product of a Customer"
    _auto = False
    _order = "times_bought desc, peer_share desc, id"

    partner_id = fields.Many2one("res.partner", string="Customer")
    company_id = fields.Many2one("res.company")
    currency_id = fields.Many2one(related="company_id.currency_id")
    product_tmpl_id = fields.Many2one("product.template", string="Product")
    categ_id = fields.Many2one("product.category", string="Category")
    times_bought = fields.Integer(help="Lines of orders or invoices in the window.")
    revenue = fields.Monetary(groups=MONEY_GROUP)
    peer_count = fields.Integer(
        string="Peers Who Buy It",
        aggregator=None,
        help="Customers of the same value tier and industry who bought it.",
    )
    peer_share = fields.Float(
        string="Share of the Peers", digits=(5, 4), aggregator=None
    )
    is_missing = fields.Boolean(
        string="Never Bought",
        help="Many peers buy it, and this customer does not.",
    )

    @property
    def _table_query(self):
        audience = self.env["product.audience"]
        return SQL(
            """
            WITH me AS (
                SELECT f.partner_id, f.value_tier_id, p.industry_id
                  FROM customer_profile f
                  JOIN res_partner p ON p.id = f.partner_id
                 WHERE f.company_id = %(company)s AND f.partner_id = %(partner)s
            ), peer AS (
                -- The customer too, for what the customer buys.
                SELECT f.partner_id, count(*) FILTER (
                           WHERE f.partner_id <> me.partner_id) OVER () AS number
                  FROM me
                  JOIN customer_profile f
                    ON f.company_id = %(company)s
                   AND f.value_tier_id = me.value_tier_id AND f.order_count > 0
                  JOIN res_partner p ON p.id = f.partner_id
                 WHERE p.industry_id IS NOT DISTINCT FROM me.industry_id
                    OR p.id = me.partner_id
            ), found AS (
                SELECT b.product_tmpl_id, max(peer.number) AS number,
                       count(*) FILTER (
                           WHERE b.amount > 0 AND b.partner_id = %(partner)s
                       ) AS times_bought,
                       COALESCE(sum(b.amount) FILTER (
                           WHERE b.partner_id = %(partner)s), 0) AS revenue,
                       count(DISTINCT b.partner_id) FILTER (
                           WHERE b.amount > 0 AND b.partner_id <> %(partner)s
                       ) AS peer_count
                  FROM peer
                  JOIN (%(bought)s) b
                    ON b.partner_id = peer.partner_id AND b.company_id = %(company)s
                 GROUP BY b.product_tmpl_id
            )
            SELECT t.id, %(partner)s AS partner_id, %(company)s AS company_id,
                   t.id AS product_tmpl_id, t.categ_id,
                   d.times_bought::integer, d.revenue, d.peer_count::integer,
                   COALESCE(d.peer_count::float8 / NULLIF(d.number, 0), 0)
                   AS peer_share,
                   d.times_bought = 0 AS is_missing
              FROM found d
              JOIN product_template t ON t.id = d.product_tmpl_id
             WHERE d.times_bought > 0
                OR t.active AND t.sale_ok
                   AND d.peer_count >= %(share)s * GREATEST(d.number, 1)
            """,
            company=self.env.company.id,
            partner=self.env.context.get("customer_product_partner_id") or 0,
            bought=audience._bought_query(audience._class_column("value_tier")),
            share=PEER_SHARE,
        )


class CustomerProfile(models.Model):
    """What a customer likes best."""

    # One file for each idea of a profile.
    _inherit = "customer.profile"  # pylint: disable=consider-merging-classes-inherited

    favourite_category_id = fields.Many2one(
        "product.category",
        string="Bought Most Often",
        compute="_compute_favourite_categories",
        help="The category with most lines in the window.",
    )
    favourite_value_category_id = fields.Many2one(
        "product.category",
        string="Bought for Most",
        compute="_compute_favourite_categories",
        help="The category with most revenue in the window.",
    )

    def _compute_favourite_categories(self):
        """By lines and by revenue; of equal ones, the older category. One query."""
        audience = self.env["product.audience"]
        rows = self.env.execute_query(
            SQL(
                """
                SELECT b.partner_id, b.company_id, t.categ_id,
                       count(*) FILTER (WHERE b.amount > 0), sum(b.amount)
                  FROM (%s) b
                  JOIN product_template t ON t.id = b.product_tmpl_id
                 WHERE b.partner_id = ANY(%s) AND b.company_id = ANY(%s)
                   AND t.categ_id IS NOT NULL
                 GROUP BY b.partner_id, b.company_id, t.categ_id
                 ORDER BY t.categ_id DESC
                """,
                audience._bought_query(audience._class_column("value_tier")),
                self.partner_id.ids,
                self.company_id.ids,
            )
        )
        often, value = {}, {}
        for partner, company, category, number, amount in rows:
            key = partner, company
            often[key] = max(often.get(key, (1, 0)), (number, category), key=_size)
            value[key] = max(value.get(key, (0, 0)), (amount, category), key=_size)
        for profile in self:
            key = profile.partner_id.id, profile.company_id.id
            profile.favourite_category_id = often.get(key, (0, False))[1]
            profile.favourite_value_category_id = value.get(key, (0, False))[1]

    def action_open_customer_products(self):
        """Open what this customer buys, and what the peers buy beside it."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.customer_product_action"
        )
        action["context"] = {
            "customer_product_partner_id": self.partner_id.id,
            "allowed_company_ids": self.company_id.ids,
        }
        action["name"] = self.env._("What %s Buys", self.partner_id.display_name)
        return action


def _size(pair):
    """By the number, and of equal ones the smaller id; 0 is no category."""
    number, category = pair
    return number, -category if category else float("-inf")
