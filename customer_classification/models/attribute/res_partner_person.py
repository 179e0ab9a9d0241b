from odoo import api, fields, models
from odoo.tools import SQL

from ..common.searched_values import asks_for_none, searched_by_sql, values_among
from ..customer.res_partner import USER_GROUP


class Age(fields.Integer):
    """An age that may be unknown, which is no age of 0: *under 18* finds children.

    Odoo's integers are 0 where they are unknown, also in ``filtered_domain``.
    """

    falsy_value = None

    def filter_function(self, records, field_expr, operator, value):
        compare = super().filter_function(records, field_expr, operator, value)
        if operator == "in":
            known, none = values_among(self, value), asks_for_none(value)
            return lambda one: one[self.name] in known if one.birthdate_date else none
        return lambda one: bool(one.birthdate_date) and compare(one)


class ResPartner(models.Model):
    """Who a person is.

    ``birthdate_date`` and ``gender`` are named, and the values of the latter are, as in
    OCA's ``partner_contact_birthdate`` and ``partner_contact_gender``: with them
    installed too, there is one field, and no data to carry over.
    """

    # One file for each idea of a contact.
    _inherit = "res.partner"  # pylint: disable=consider-merging-classes-inherited

    birthdate_date = fields.Date(
        string="Birth Date",
        groups=USER_GROUP,
        help="Of this person, not of the company.",
    )
    customer_age = Age(
        string="Age",
        compute="_compute_customer_age",
        search="_search_customer_age",
        groups=USER_GROUP,
        aggregator=None,
        help="In completed years, today.",
    )
    gender = fields.Selection(
        [("male", "Male"), ("female", "Female"), ("other", "Other")],
        groups=USER_GROUP,
        help="Of this person, as they say.",
    )

    @api.depends("birthdate_date")
    def _compute_customer_age(self):
        today = fields.Date.context_today(self)
        for partner in self:
            born = partner.birthdate_date
            partner.customer_age = born and (
                today.year
                - born.year
                - ((today.month, today.day) < (born.month, born.day))
            )

    @api.model
    def _search_customer_age(self, operator, value):
        return searched_by_sql(self, "customer_age", operator, value)

    @api.model
    def _customer_sql_fields(self):
        return {
            **super()._customer_sql_fields(),
            "customer_age": self._customer_age_sql,
        }

    @api.model
    def _customer_age_sql(self, alias, query):
        return SQL(
            "EXTRACT(YEAR FROM AGE(%s::date, %s))::int",
            fields.Date.context_today(self),
            self._field_to_sql(alias, "birthdate_date", query),
        )
