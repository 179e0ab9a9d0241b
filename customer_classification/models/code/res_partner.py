from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..common.access_groups import USER_GROUP
from ..common.searched_values import asks_for_none, values_among

POSITIVE_TEXT_OPERATORS = ("ilike", "like", "=ilike", "=like", "=")


class Code(fields.Char):
    """A code, equal in capitals and small letters."""

    def filter_function(self, records, field_expr, operator, value):
        if operator == "in":
            codes = records.env["customer.code"]
            value = {codes._normalized(one) if one else one for one in value}
        return super().filter_function(records, field_expr, operator, value)


class ResPartner(models.Model):
    """Contacts with the code of their commercial partner.

    Customers are found by their codes.
    """

    _name = "res.partner"
    _inherit = ["res.partner"]

    customer_code_ids = fields.One2many(
        "customer.code",
        "partner_id",
        string="Customer Codes",
        groups=USER_GROUP,
        help="Current and old codes of this customer.",
    )
    customer_code = Code(
        compute="_compute_customer_code",
        search="_search_customer_code",
        compute_sudo=True,
        groups=USER_GROUP,
        help="The current code of the customer's company in your current company.",
    )

    @api.depends("commercial_partner_id")
    @api.depends_context("company")
    def _compute_customer_code(self):
        """One query."""
        codes = self.env["customer.code"].search(
            [
                ("partner_id", "in", self._shown_customers().ids),
                ("company_id", "=", self.env.company.id),
                ("is_current", "=", True),
            ]
        )
        by_partner = {one.partner_id: one.code for one in codes}
        for partner in self:
            partner.customer_code = by_partner.get(partner.commercial_partner_id)

    @api.model
    def _search_customer_code(self, operator, value):
        """Search by the current code; ``=ilike`` finds by its beginning."""
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        field = self._fields["customer_code"]
        if operator != "in":
            found = Domain("code", operator, value)
            known = values_among(field, [value])
            return self._customer_code_domain(found if known else Domain.FALSE)
        codes = [one for one in values_among(field, value) if one]
        known = [self.env["customer.code"]._normalized(one) for one in codes]
        domain = self._customer_code_domain([("code", "in", known)])
        if asks_for_none(value) or "" in value:
            domain |= ~self._customer_code_domain([])
        return domain

    @api.model
    def _customer_code_domain(self, domain):
        codes = Domain(domain) & Domain(
            [("company_id", "=", self.env.company.id), ("is_current", "=", True)]
        )
        return self._customer_guard("customer_code") & Domain(
            "commercial_partner_id", "any!", Domain("customer_code_ids", "any!", codes)
        )

    @api.model
    def _search_display_name(self, operator, value):
        """Search also by the beginning of a code, current or old.

        Wherever a contact is chosen.
        """
        domain = Domain(super()._search_display_name(operator, value))
        if operator not in POSITIVE_TEXT_OPERATORS or not isinstance(value, str):
            return domain
        if not value.strip() or not (self.env.su or self.env.user._is_internal()):
            return domain
        codes = self.env["customer.code"]
        return domain | Domain(
            "customer_code_ids",
            "any!",
            [
                ("company_id", "in", self.env.companies.ids),
                ("code", "=like", codes._pattern_of_prefix(value.strip("%"))),
            ],
        )

    @api.model
    def _customer_sql_fields(self):
        return {
            **super()._customer_sql_fields(),
            "customer_code": self._customer_code_sql,
        }

    @api.model
    def _customer_code_sql(self, alias, query):
        joined = query.make_alias(alias, "customer_code")
        query.add_join(
            "LEFT JOIN",
            joined,
            "customer_code",
            SQL(
                "%s = %s AND %s = %s AND %s",
                SQL.identifier(joined, "partner_id"),
                self._field_to_sql(alias, "commercial_partner_id", query),
                SQL.identifier(joined, "company_id"),
                self.env.company.id,
                SQL.identifier(joined, "is_current"),
            ),
        )
        return SQL.identifier(joined, "code")
