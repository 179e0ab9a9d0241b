from odoo import api, fields, models
from odoo.tools import SQL

from ..classified.kind import CUSTOMER
from ..classified.profile_fields import (
    ProfileChar,
    ProfileDate,
    ProfileFloat,
    ProfileInteger,
    ProfileMany2one,
    ProfileMonetary,
    ProfileSelection,
)
from ..common.access_groups import MONEY_GROUP, USER_GROUP
from ..common.called_records import check_one, check_records

# Numbers of a customer, which contacts show, too.
COUNTED_ONCE = frozenset(
    (
        *("customer_order_count", "customer_revenue", "customer_value_score"),
        "customer_revenue_share",
        *("customer_employee_count", "customer_turnover"),
        *("customer_purchase_probability", "customer_revenue_at_risk"),
    )
)
UNKNOWN_IF_ZERO = frozenset(("customer_employee_count", "customer_turnover"))


class ResPartner(models.Model):
    """Contacts show the profile of their commercial partner."""

    _name = "res.partner"
    _inherit = [
        "res.partner",
        "classification.classified.mixin",
        "classification.counted.once.mixin",
        "customer.bought.mixin",
    ]
    _classified_kind = CUSTOMER
    # Contacts show the numbers of their customer.
    _counted_by = ("commercial_partner_id",)
    _counted_once = COUNTED_ONCE
    _unknown_if_zero = UNKNOWN_IF_ZERO

    # Used by the hourly runs over changed records.
    _customer_write_date_index = models.Index("(write_date)")
    # Used by the usual record rule: the salesperson's own contacts.
    _customer_user_index = models.Index("(user_id) WHERE user_id IS NOT NULL")

    customer_profile_id = fields.Many2one(
        "customer.profile",
        compute="_compute_classified_profile",
        search="_search_classified_profile",
        compute_sudo=True,
        help="What is known of this customer in the current company.",
        groups=USER_GROUP,
    )
    customer_value_tier_id = ProfileMany2one(
        related="customer_profile_id.value_tier_id",
        string="Value Tier",
        groups=USER_GROUP,
    )
    customer_lifecycle_stage_id = ProfileMany2one(
        related="customer_profile_id.lifecycle_stage_id",
        string="Lifecycle Stage",
        groups=USER_GROUP,
    )
    customer_churn_risk = ProfileSelection(
        related="customer_profile_id.churn_risk",
        string="Churn Risk",
        groups=USER_GROUP,
    )
    customer_value_score = ProfileFloat(
        related="customer_profile_id.value_score",
        string="Value Score",
        groups=USER_GROUP,
    )
    customer_rfm_code = ProfileChar(
        related="customer_profile_id.rfm_code",
        string="RFM",
        groups=USER_GROUP,
    )
    customer_segment_id = ProfileMany2one(
        related="customer_profile_id.segment_id",
        string="Segment",
        groups=USER_GROUP,
    )
    customer_segment_color = ProfileInteger(
        related="customer_profile_id.segment_id.color",
        string="Segment Color",
        groups=USER_GROUP,
        aggregator=None,
    )
    # Deprecated: kept for one release for existing clients and saved filters.
    customer_rfm_segment = ProfileChar(
        related="customer_profile_id.segment_id.code",
        string="Segment Code (Deprecated)",
        groups=USER_GROUP,
        help="Use the segment instead.",
    )
    customer_tier_color = ProfileInteger(
        related="customer_profile_id.value_tier_id.color",
        string="Value Tier Color",
        groups=USER_GROUP,
        aggregator=None,
    )
    customer_stage_color = ProfileInteger(
        related="customer_profile_id.lifecycle_stage_id.color",
        string="Lifecycle Stage Color",
        groups=USER_GROUP,
        aggregator=None,
    )
    customer_risk_color = fields.Integer(
        related="customer_profile_id.churn_risk_color",
        string="Churn Risk Color",
        groups=USER_GROUP,
        aggregator=None,
    )
    customer_currency_id = ProfileMany2one(
        related="customer_profile_id.currency_id",
        string="Classification Currency",
        groups=USER_GROUP,
    )
    customer_revenue = ProfileMonetary(
        related="customer_profile_id.revenue",
        currency_field="customer_currency_id",
        string="Revenue in the Window",
        groups=MONEY_GROUP,
    )
    customer_revenue_share = ProfileFloat(
        related="customer_profile_id.revenue_share",
        string="Share of Revenue",
        groups=MONEY_GROUP,
    )
    customer_order_count = ProfileInteger(
        related="customer_profile_id.order_count",
        string="Orders in the Window",
        groups=USER_GROUP,
    )
    customer_last_purchase_date = ProfileDate(
        related="customer_profile_id.last_purchase_date",
        string="Last Purchase",
        groups=USER_GROUP,
    )
    customer_expected_purchase_date = ProfileDate(
        related="customer_profile_id.expected_purchase_date",
        string="Next Purchase Expected",
        groups=USER_GROUP,
    )
    customer_dormant_date = ProfileDate(
        related="customer_profile_id.dormant_date",
        string="Dormant On",
        groups=USER_GROUP,
    )
    customer_lost_date = ProfileDate(
        related="customer_profile_id.lost_date",
        string="Lost On",
        groups=USER_GROUP,
    )
    customer_tier_fall_date = ProfileDate(
        related="customer_profile_id.tier_fall_date",
        string="Falls a Tier On",
        groups=USER_GROUP,
    )
    customer_dormant_days = ProfileInteger(
        related="customer_profile_id.dormant_days",
        string="Days Until Dormant",
        groups=USER_GROUP,
        aggregator=None,
    )
    customer_lost_days = ProfileInteger(
        related="customer_profile_id.lost_days",
        string="Days Until Lost",
        groups=USER_GROUP,
        aggregator=None,
    )
    customer_tier_fall_days = ProfileInteger(
        related="customer_profile_id.tier_fall_days",
        string="Days Until It Falls a Tier",
        groups=USER_GROUP,
        aggregator=None,
    )
    customer_tier_explanation = ProfileChar(
        related="customer_profile_id.tier_explanation",
        string="Why This Tier",
        groups=USER_GROUP,
    )
    customer_stage_explanation = ProfileChar(
        related="customer_profile_id.stage_explanation",
        string="Why This Stage",
        groups=USER_GROUP,
    )
    customer_risk_explanation = ProfileChar(
        related="customer_profile_id.risk_explanation",
        string="Why This Risk",
        groups=USER_GROUP,
    )
    customer_segment_explanation = ProfileChar(
        related="customer_profile_id.segment_explanation",
        string="Why This Segment",
        groups=USER_GROUP,
    )
    customer_segment_action = fields.Text(
        related="customer_profile_id.segment_id.action",
        string="Suggested Action",
        groups=USER_GROUP,
    )
    customer_as_of_date = ProfileDate(
        related="customer_profile_id.as_of_date",
        string="Classified As Of",
        groups=USER_GROUP,
    )
    customer_prediction_text = ProfileChar(
        related="customer_profile_id.prediction_text",
        string="What to Expect",
        groups=USER_GROUP,
    )
    customer_purchase_probability = ProfileFloat(
        related="customer_profile_id.purchase_probability",
        string="Purchase Probability",
        groups=USER_GROUP,
    )
    customer_revenue_at_risk = ProfileMonetary(
        related="customer_profile_id.revenue_at_risk",
        currency_field="customer_currency_id",
        string="Revenue at Risk",
        groups=MONEY_GROUP,
    )
    customer_change_count = fields.Integer(
        related="customer_profile_id.change_count",
        string="Class Changes",
        groups=USER_GROUP,
        aggregator=None,
    )

    def write(self, vals):
        """Mark partners that change their customer to be looked at again.

        They take their documents along. Another company of the database puts the
        totals of the profiles in doubt.
        """
        if {"parent_id", "is_company"} & set(vals):
            self.check_access("write")
            self.env["classification.dirty"].sudo()._mark(self)
        if "company_id" in vals:
            self.check_access("write")
            self.env["customer.profile.total"].sudo()._doubt_customers(self.ids)
        return super().write(vals)

    def unlink(self):
        """Doubt the totals of profiles, which go with their customers."""
        self.check_access("unlink")
        self.env["customer.profile.total"].sudo()._doubt_customers(self.ids)
        return super().unlink()

    @api.depends("commercial_partner_id")
    @api.depends_context("company")
    def _compute_classified_profile(self):
        return super()._compute_classified_profile()

    def _classified_key(self, kind):
        return self.commercial_partner_id, self.env.company

    @api.model
    def _classified_join_condition(self, kind, alias, joined, query):
        return SQL(
            "%s = %s AND %s = %s",
            SQL.identifier(joined, "partner_id"),
            self._field_to_sql(alias, "commercial_partner_id", query),
            SQL.identifier(joined, "company_id"),
            self.env.company.id,
        )

    def _classified_subjects(self, kind):
        return self._shown_customers()

    def _shown_customers(self):
        """Return the customers behind these contacts that the reader may see.

        A contact on a form that is not saved may name anybody as its company: there,
        the reader's access decides, at the price of one more query.
        """
        customers = self.commercial_partner_id
        if all(self._ids):
            return customers
        saved = customers._origin.with_env(self.env(su=False))
        return saved._filtered_access("read").with_env(self.env)

    def action_recompute_customer(self):
        """Recompute the classes of these customers in the current company."""
        check_records(self)
        return self.env["classification.run"]._recompute_now(self, self.env.company)

    def action_open_customer_profile(self):
        """Open the profile of this customer."""
        check_one(self)
        return self._open_classified_profile()

    def action_open_customer_changes(self):
        """Open the history of this customer's classes."""
        check_one(self)
        return self.customer_profile_id.action_open_changes()
