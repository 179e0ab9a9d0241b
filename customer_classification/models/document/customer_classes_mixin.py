from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..classified.kind import CUSTOMER
from ..classified.profile_fields import (
    ProfileChar,
    ProfileInteger,
    ProfileMany2one,
    ProfileSelection,
)
from ..common.access_groups import USER_GROUP
from ..common.called_records import check_one


class CustomerClassesMixin(models.AbstractModel):
    """Documents and reports that show the classes of their customer.

    The classes of today in the company of the document, or in the current one if it has
    no company. Nothing is stored: a run over a million customers writes no document.
    Lists, filters, groups and sorts go through one join.

    Record rules on contacts and profiles hold: documents of a customer that the reader
    may not see show no class, are found by none and counted under none. So the fields
    are read with the rights of the reader (``related_sudo``).
    """

    _name = "customer.classes.mixin"
    _inherit = "classification.classified.mixin"
    _description = "Record With the Classes of Its Customer"

    # Field with the contact; whether it always is the commercial partner itself.
    _customer_field = "partner_id"
    _customer_is_commercial = False

    customer_profile_id = fields.Many2one(
        "customer.profile",
        string="Customer Profile",
        compute="_compute_customer_profile_id",
        search="_search_customer_profile_id",
        groups=USER_GROUP,
        help="What is known of the customer today, in the company of this record.",
    )
    customer_value_tier_id = ProfileMany2one(
        related="customer_profile_id.value_tier_id",
        related_sudo=False,
        string="Value Tier",
        groups=USER_GROUP,
    )
    customer_lifecycle_stage_id = ProfileMany2one(
        related="customer_profile_id.lifecycle_stage_id",
        related_sudo=False,
        string="Lifecycle Stage",
        groups=USER_GROUP,
    )
    customer_churn_risk = ProfileSelection(
        related="customer_profile_id.churn_risk",
        related_sudo=False,
        string="Churn Risk",
        groups=USER_GROUP,
    )

    customer_tier_color = ProfileInteger(
        related="customer_profile_id.value_tier_id.color",
        related_sudo=False,
        string="Value Tier Color",
        groups=USER_GROUP,
        aggregator=None,
    )
    customer_stage_color = ProfileInteger(
        related="customer_profile_id.lifecycle_stage_id.color",
        related_sudo=False,
        string="Lifecycle Stage Color",
        groups=USER_GROUP,
        aggregator=None,
    )
    customer_risk_color = fields.Integer(
        related="customer_profile_id.churn_risk_color",
        related_sudo=False,
        string="Churn Risk Color",
        groups=USER_GROUP,
        aggregator=None,
    )
    customer_is_unrated = fields.Boolean(
        related="customer_profile_id.value_tier_id.is_unrated",
        related_sudo=False,
        string="Customer Not Rated",
        groups=USER_GROUP,
    )
    customer_summary = ProfileChar(
        related="customer_profile_id.summary",
        related_sudo=False,
        string="Customer in One Line",
        groups=USER_GROUP,
    )

    @api.model
    def _shown_kinds(self):
        return (*super()._shown_kinds(), CUSTOMER)

    @api.depends(lambda self: self._customer_dependencies())
    @api.depends_context("uid", "su", "company", "allowed_company_ids")
    def _compute_customer_profile_id(self):
        """Find the profiles that the reader may see: one query."""
        self._show_profiles(CUSTOMER)

    @api.model
    def _customer_dependencies(self):
        if self._abstract:
            return []
        return [name for name in self._customer_columns() if name in self._fields]

    @api.model
    def _customer_columns(self):
        """Return the fields that decide whose profile is shown."""
        return (self._customer_field, "company_id")

    @api.model
    def _search_customer_profile_id(self, operator, value):
        return self._search_profile(CUSTOMER, operator, value)

    @api.model
    def _classified_search_field(self, kind):
        if kind is CUSTOMER:
            return self._customer_field
        return super()._classified_search_field(kind)

    def _classified_subjects(self, kind):
        if kind is not CUSTOMER:
            return super()._classified_subjects(kind)
        return self.sudo()[self._customer_field].commercial_partner_id

    def _classified_companies(self):
        return self.sudo().company_id | self.env.company

    def _classified_key(self, kind):
        company = self.sudo().company_id or self.env.company
        if kind is not CUSTOMER:
            return super()._classified_key(kind)[0], company.with_env(self.env)
        customer = self.sudo()[self._customer_field].commercial_partner_id
        return customer._origin.with_env(self.env), company.with_env(self.env)

    # SQL

    @api.model
    def _classified_rows(self, kind):
        """Return the profiles that the reader may see; PostgreSQL merges the two."""
        profiles = self.env[kind.profile_model].with_context(active_test=False)
        if self.env.su or not profiles.has_access("read"):
            return super()._classified_rows(kind)
        query = profiles._search([], order="id")
        query.order = None
        return SQL("(%s)", query.select(SQL("%s.*", SQL.identifier(profiles._table))))

    @api.model
    def _classified_join_condition(self, kind, alias, joined, query):
        return SQL(
            "%s = %s AND %s = %s",
            SQL.identifier(joined, kind.subject),
            self._classified_subject_sql(kind, alias, query),
            SQL.identifier(joined, "company_id"),
            self._classified_company_sql(alias, query),
        )

    @api.model
    def _classified_company_sql(self, alias, query):
        """Return the SQL of the company whose classes are shown."""
        company = self._field_to_sql(alias, "company_id", query)
        return SQL("COALESCE(%s, %s)", company, self.env.company.id)

    @api.model
    def _classified_subject_sql(self, kind, alias, query):
        """Return the SQL of the customer of a record."""
        contact = self._field_to_sql(alias, self._customer_field, query)
        if self._customer_is_commercial:
            return contact
        joined = query.make_alias(alias, "customer_contact")
        condition = SQL("%s = %s", SQL.identifier(joined, "id"), contact)
        query.add_join("LEFT JOIN", joined, "res_partner", condition)
        return SQL.identifier(joined, "commercial_partner_id")

    def action_open_customer_profile(self):
        """Open the profile of the customer.

        :raises UserError: the customer has none that the user may see
        """
        check_one(self)
        if not self.customer_profile_id:
            raise UserError(
                self.env._("This customer is not classified in this company.")
            )
        return self.customer_profile_id.get_formview_action()
