from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..common.searched_values import asks_for_none, ids_among, searched_by_sql
from ..customer.res_partner import USER_GROUP


class ResPartner(models.Model):
    """Where a customer is, seen from the current company.

    All fields read the address of the commercial partner: a customer is in one market,
    whatever the addresses that its contacts have.
    """

    # One file for each idea of a contact.
    _inherit = "res.partner"  # pylint: disable=consider-merging-classes-inherited

    customer_market = fields.Selection(
        [
            ("local", "Local"),
            ("domestic", "Domestic"),
            ("international", "International"),
        ],
        string="Market",
        compute="_compute_customer_market",
        search="_search_customer_market",
        compute_sudo=True,
        groups=USER_GROUP,
        help="Local: in the same state as your company, or in the same city where one "
        "of them has no state. Domestic: in the same country. By the address of the "
        "customer's company; empty where a country is missing.",
    )
    customer_country_group_ids = fields.Many2many(
        "res.country.group",
        string="Regions",
        compute="_compute_customer_country_group_ids",
        search="_search_customer_country_group_ids",
        compute_sudo=True,
        groups=USER_GROUP,
        help="The country groups of the country of the customer's company.",
    )
    customer_region_id = fields.Many2one(
        "res.country.group",
        string="Region",
        compute="_compute_customer_country_group_ids",
        search="_search_customer_region_id",
        compute_sudo=True,
        groups=USER_GROUP,
        help="The first of the regions by their sequence: a customer counts in one.",
    )

    @api.depends(
        "commercial_partner_id.country_id",
        "commercial_partner_id.state_id",
        "commercial_partner_id.city",
    )
    @api.depends_context("company")
    def _compute_customer_market(self):
        home = self.env.company.partner_id
        shown = self._shown_customers()
        for partner in self:
            customer = partner._customer_among(shown)
            partner.customer_market = customer._market_from(home)

    @api.depends(
        "commercial_partner_id.country_id.country_group_ids.customer_region_sequence"
    )
    def _compute_customer_country_group_ids(self):
        shown = self._shown_customers()
        for partner in self:
            groups = partner._customer_among(shown).country_id.country_group_ids
            partner.customer_country_group_ids = groups
            partner.customer_region_id = groups._as_region()

    def _customer_among(self, shown):
        """The customer behind a contact, if it is not saved yet or among others."""
        customer = self.commercial_partner_id
        return customer.filtered(lambda one: not one._origin or one._origin in shown)

    @api.model
    def _search_customer_country_group_ids(self, operator, value):
        """By the groups of the country; who has no country is in none."""
        path = "commercial_partner_id.country_id.country_group_ids"
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        found = Domain(path, operator, value)
        if operator == "in":
            found = Domain(path, "in", ids_among(value))
            if asks_for_none(value):
                found |= ~Domain(path, "any", Domain.TRUE)
        return self._customer_guard("customer_country_group_ids") & found

    def _market_from(self, home):
        """The market in which this customer is for who is at home."""
        if not self.country_id or not home.country_id:
            return False
        if self.country_id != home.country_id:
            return "international"
        if self.state_id and home.state_id:
            return "local" if self.state_id == home.state_id else "domestic"
        city = (self.city or "").strip().lower()
        same = city and city == (home.city or "").strip().lower()
        return "local" if same else "domestic"

    @api.model
    def _search_customer_market(self, operator, value):
        return searched_by_sql(self, "customer_market", operator, value)

    @api.model
    def _customer_sql_fields(self):
        return {
            **super()._customer_sql_fields(),
            "customer_market": self._customer_market_sql,
            "customer_region_id": self._customer_region_sql,
        }

    @api.model
    def _search_customer_region_id(self, operator, value):
        return searched_by_sql(self, "customer_region_id", operator, value)

    @api.model
    def _customer_region_sql(self, alias, query):
        self.env["res.country.group"].flush_model(["customer_region_sequence"])
        customer = self._customer_commercial_join(alias, query)
        joined = query.make_alias(alias, "customer_region")
        query.add_join(
            "LEFT JOIN",
            joined,
            _REGIONS,
            SQL(
                "%s = %s",
                SQL.identifier(joined, "country_id"),
                self._field_to_sql(customer, "country_id", query),
            ),
        )
        return SQL.identifier(joined, "region_id")

    @api.model
    def _customer_market_sql(self, alias, query):
        home = self.env.company.sudo().partner_id
        if not home.country_id:
            return SQL("NULL::varchar")
        joined = self._customer_commercial_join(alias, query)
        country, state, city = (
            self._field_to_sql(joined, name, query)
            for name in ("country_id", "state_id", "city")
        )
        return SQL(
            """CASE WHEN %(country)s IS NULL THEN NULL
                    WHEN %(country)s <> %(home_country)s THEN 'international'
                    WHEN %(state)s = %(home_state)s THEN 'local'
                    WHEN (%(state)s IS NULL OR %(home_state)s IS NULL)
                         AND LOWER(TRIM(%(city)s)) = %(home_city)s THEN 'local'
                    ELSE 'domestic' END""",
            country=country,
            state=state,
            city=city,
            home_country=home.country_id.id,
            home_state=SQL("%s::int", home.state_id.id or None),
            home_city=(home.city or "").strip().lower() or None,
        )


# The region of each country.
_REGIONS = SQL(
    """(SELECT DISTINCT ON (r.res_country_id)
               r.res_country_id AS country_id, g.id AS region_id
          FROM res_country_res_country_group_rel r
          JOIN res_country_group g ON g.id = r.res_country_group_id
         ORDER BY r.res_country_id, g.customer_region_sequence, g.id)"""
)
