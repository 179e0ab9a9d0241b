from odoo import api, fields, models
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..common.called_records import check_one

# Purchases in the window from which a product is bought often.
OFTEN = 3
# Share of the peers that must buy a product for it to be reported as missing.
PEER_SHARE = 0.2


class CustomerProduct(models.Model):
    """One product and one customer: purchases, and those of the peers.

    Peers are the customers of the same value tier and industry. Over the window of
    the policy, as :class:`ProductAudience`. The customer, an id of a commercial
    partner, comes by the context, and so may the company; without a customer there are
    no rows: those of all customers would be more than anybody reads.
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
    is_frequent = fields.Boolean(
        string="Bought Often",
        help="Three times in the window, or more.",
    )
    last_purchase_date = fields.Date(string="Last Bought")
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
        help="Bought by many peers, or by those who buy the same, and not by this "
        "customer in the window.",
    )

    next_product_id = fields.Many2one("customer.next.product", string="Next Product")
    next_kind = fields.Selection(related="next_product_id.kind", string="Next")
    next_reason = fields.Char(related="next_product_id.reason", string="Why Next")

    @property
    def _table_query(self):
        partner = self._asked_partner_id()
        return SQL(
            """
            WITH me AS (
                SELECT f.partner_id, f.value_tier_id, p.industry_id
                  FROM customer_profile f
                  JOIN res_partner p ON p.id = f.partner_id
                 WHERE f.company_id = %(company)s AND f.partner_id = %(partner)s
                   AND f.partner_id IN %(readable)s
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
            ), found AS (%(found)s
            ), next AS (
                SELECT n.id, n.product_tmpl_id
                  FROM customer_next_product n
                  JOIN me ON me.partner_id = n.partner_id
                 WHERE n.company_id = %(company)s AND n.id IN (%(offered)s)
            )
            SELECT t.id, %(partner)s AS partner_id, %(company)s AS company_id,
                   t.id AS product_tmpl_id, t.categ_id,
                   COALESCE(d.times_bought, 0)::integer AS times_bought,
                   COALESCE(d.revenue, 0) AS revenue,
                   COALESCE(d.peer_count, 0)::integer AS peer_count,
                   COALESCE(d.times_bought, 0) >= %(often)s AS is_frequent,
                   d.last_purchase_date, n.id AS next_product_id,
                   COALESCE(d.peer_count::float8 / NULLIF(d.number, 0), 0)
                   AS peer_share,
                   COALESCE(d.times_bought, 0) = 0 AS is_missing
              FROM found d
              FULL JOIN next n ON n.product_tmpl_id = d.product_tmpl_id
              JOIN product_template t
                ON t.id = COALESCE(d.product_tmpl_id, n.product_tmpl_id)
             WHERE d.times_bought > 0 OR n.id IS NOT NULL
                OR t.active AND t.sale_ok
                   AND d.peer_count >= %(share)s * GREATEST(d.number, 1)
            """,
            company=self._asked_company_id(),
            partner=partner,
            readable=self._readable(partner).subselect(),
            found=self._found_query(partner),
            share=PEER_SHARE,
            often=OFTEN,
            offered=self.env["customer.next.product"]._offered_query(),
        )

    @api.model
    def _found_query(self, partner_id):
        """Return SQL of what the customer and the peers bought, by product."""
        audience = self.env["product.audience"]
        company = self._asked_company_id()
        lines = self.env["classification.product.facts"]._window_lines(
            self.env["res.company"].browse(company)
        )
        return SQL(
            """
            SELECT b.product_tmpl_id, max(peer.number) AS number,
                   count(*) FILTER (
                       WHERE b.amount > 0 AND b.partner_id = %(partner)s
                   ) AS times_bought,
                   COALESCE(sum(b.amount) FILTER (
                       WHERE b.partner_id = %(partner)s), 0) AS revenue,
                   max(b.day) FILTER (
                       WHERE b.amount > 0 AND b.partner_id = %(partner)s
                   ) AS last_purchase_date,
                   count(DISTINCT b.partner_id) FILTER (
                       WHERE b.amount > 0 AND b.partner_id <> %(partner)s
                   ) AS peer_count
              FROM peer
              JOIN (%(bought)s) b
                ON b.partner_id = peer.partner_id AND b.company_id = %(company)s
             GROUP BY b.product_tmpl_id
            """,
            partner=partner_id,
            company=company,
            bought=audience._bought_query(lines, audience._class_column("value_tier")),
        )

    def _asked_partner_id(self):
        """Return the id of the customer in the context, 0 for an invalid one."""
        asked = self.env.context.get("customer_product_partner_id")
        return asked if type(asked) is int else 0

    def _readable(self, partner_id):
        """Query of the customer, where the reader may read the contact."""
        partners = self.env["res.partner"]
        return partners._search([("id", "=", partner_id)], active_test=False)

    def _asked_company_id(self):
        """The company that the context names, where it is switched on."""
        asked = self.env.context.get("customer_product_company_id")
        is_known = type(asked) is int and asked in self.env.companies.ids
        return asked if is_known else self.env.company.id


class CustomerProfile(models.Model):
    """Favourite categories of a customer."""

    _name = "customer.profile"
    _inherit = ["customer.profile"]

    favourite_categ_id = fields.Many2one(
        "product.category",
        string="Favourite Category",
        compute="_compute_favourite_categories",
        help="The category on which most was spent in the window.",
    )
    frequent_categ_id = fields.Many2one(
        "product.category",
        string="Bought Most Often",
        compute="_compute_favourite_categories",
        help="The category bought most often in the window.",
    )

    def _compute_favourite_categories(self):
        """Compute as on the contacts, each in its company.

        Two queries a company, besides those that read its policy.
        """
        partners = self.env["res.partner"].sudo()
        for company, profiles in self.grouped("company_id").items():
            found = partners.with_company(company)._customer_favourites(
                profiles.partner_id.ids
            )
            for profile in profiles:
                favourite, frequent = found.get(profile.partner_id.id, (False, False))
                profile.favourite_categ_id = favourite
                profile.frequent_categ_id = frequent

    def action_open_next_products(self):
        """Open the products that this customer may buy next."""
        check_one(self)
        rows = self.env["customer.next.product"]
        return rows._open_of(self.partner_id, self.company_id)

    def action_open_customer_products(self):
        """Open the products that this customer or the peers buy."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.customer_product_action"
        )
        action["context"] = {
            "customer_product_partner_id": self.partner_id.id,
            # Not by the companies of the context: those are the browser's.
            "customer_product_company_id": self.company_id.id,
        }
        name = self.env._("What %s Buys", self.partner_id.display_name)
        action |= {"name": name, "display_name": name}
        return action
