from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.customer_classification.models.common.searched_values import (
    searched_by_sql,
)

# Field: the column of the carts by customer and company.
COLUMNS = {
    "abandoned_cart_count": "number",
    "abandoned_cart_date": "day",
    "abandoned_cart_age": "age",
}
# As `is_abandoned_cart` of Odoo: a draft with lines, of a known customer, that nobody
# touched for as long as the website says.
CARTS = """
    SELECT c.commercial_partner_id AS partner_id, o.company_id, count(*) AS number,
           max(o.day) AS day, %(today)s - max(o.day) AS age
      FROM (SELECT o.partner_id, o.company_id,
                   (o.date_order AT TIME ZONE 'UTC' AT TIME ZONE %(tz)s)::date AS day
              FROM website w
              JOIN res_users u ON u.id = w.user_id
              JOIN sale_order o ON o.website_id = w.id
             WHERE o.state = 'draft' AND o.partner_id <> u.partner_id
               AND o.date_order <= %(now)s
                   - COALESCE(NULLIF(w.cart_abandoned_delay, 0), 1) * interval '1 hour'
               AND EXISTS (SELECT FROM sale_order_line l WHERE l.order_id = o.id)) o
      JOIN res_partner c ON c.id = o.partner_id
     WHERE %(condition)s
     GROUP BY c.commercial_partner_id, o.company_id
"""


class CustomerProfile(models.Model):
    """Carts that a customer left in the web shop.

    Nothing is stored: a cart is left by the passing of time alone, and its age grows
    every day. The fields are read, searched, sorted and grouped through one join with
    the carts.
    """

    _inherit = "customer.profile"

    abandoned_cart_count = fields.Integer(
        string="Abandoned Carts",
        compute="_compute_abandoned_carts",
        search="_search_abandoned_cart_count",
        compute_sudo=True,
        help="Carts of the web shop that nobody touched for as long as the website "
        "says. They are no open quotations.",
    )
    abandoned_cart_date = fields.Date(
        string="Cart Left On",
        compute="_compute_abandoned_carts",
        search="_search_abandoned_cart_date",
        compute_sudo=True,
        help="The day on which the latest abandoned cart was touched last.",
    )
    abandoned_cart_age = fields.Integer(
        string="Days Since the Cart Was Left",
        compute="_compute_abandoned_carts",
        search="_search_abandoned_cart_age",
        compute_sudo=True,
        aggregator=None,
        help="Age of the latest abandoned cart. 0 also where there is none.",
    )

    @api.depends("partner_id", "company_id")
    @api.depends_context("tz")
    def _compute_abandoned_carts(self):
        """All fields of all profiles: one query."""
        carts = self._cart_query(
            SQL(
                "c.commercial_partner_id = ANY(%s) AND o.company_id = ANY(%s)",
                self.partner_id.ids,
                self.company_id.ids,
            )
        )
        found = {
            (partner, company): numbers
            for partner, company, *numbers in self.env.execute_query(carts)
        }
        for profile in self:
            key = profile.partner_id.id, profile.company_id.id
            values = found.get(key, (0, False, 0))
            profile.update(dict(zip(COLUMNS, values, strict=True)))

    @api.model
    def _cart_query(self, condition):
        """SQL of customer, company, number of carts, day and age of the latest."""
        self.env["sale.order"].flush_model(
            ["website_id", "state", "partner_id", "date_order", "company_id"]
        )
        self.env["sale.order.line"].flush_model(["order_id"])
        self.env["res.partner"].flush_model(["commercial_partner_id"])
        self.env["website"].flush_model(["cart_abandoned_delay", "user_id"])
        return SQL(
            CARTS,
            today=fields.Date.context_today(self),
            tz=self.env.tz.zone,
            now=fields.Datetime.now(),
            condition=condition,
        )

    def _cart_join(self, alias, query):
        """Join the carts to a query on profiles, once; return their alias."""
        joined = query.make_alias(alias, "abandoned_cart")
        query.add_join(
            "LEFT JOIN",
            joined,
            SQL("(%s)", self._cart_query(SQL("TRUE"))),
            SQL(" AND ").join(
                SQL("%s = %s", SQL.identifier(joined, key), SQL.identifier(alias, key))
                for key in ("partner_id", "company_id")
            ),
        )
        return joined

    def _field_to_sql(self, alias, field_expr, query=None):
        """The carts by that join; no cart is 0 carts, of age 0."""
        column = COLUMNS.get(field_expr)
        if column is None or query is None:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        value = SQL.identifier(self._cart_join(alias, query), column)
        if self._fields[field_expr].type == "date":
            return value
        return SQL("COALESCE(%s, 0)::integer", value)

    @api.model
    def _search_abandoned_cart_count(self, operator, value):
        return searched_by_sql(self, "abandoned_cart_count", operator, value)

    @api.model
    def _search_abandoned_cart_date(self, operator, value):
        return searched_by_sql(self, "abandoned_cart_date", operator, value)

    @api.model
    def _search_abandoned_cart_age(self, operator, value):
        return searched_by_sql(self, "abandoned_cart_age", operator, value)
