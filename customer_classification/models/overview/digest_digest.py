from odoo import fields, models
from odoo.exceptions import AccessError

from ..common.access_groups import INSIGHT_GROUP

CHANGE = "classification.change"
# Changes that documents of an earlier time brought belong to no period.
CURRENT = [("is_correction", "=", False)]


class DigestDigest(models.Model):
    """Digests tell how the customers moved, to who may read them."""

    _inherit = "digest.digest"

    kpi_customer_new = fields.Boolean("New Customers")
    kpi_customer_new_value = fields.Integer(compute="_compute_kpi_customer_new_value")
    kpi_customer_better = fields.Boolean("Customers in a Better Tier")
    kpi_customer_better_value = fields.Integer(
        compute="_compute_kpi_customer_better_value"
    )
    kpi_customer_lost = fields.Boolean("Customers Lost")
    kpi_customer_lost_value = fields.Integer(compute="_compute_kpi_customer_lost_value")

    def _compute_kpi_customer_new_value(self):
        """Count who bought for the first time: two queries."""
        self._check_customer_kpis()
        self._calculate_company_based_kpi(
            "customer.profile",
            "kpi_customer_new_value",
            date_field="first_purchase_date",
        )

    def _compute_kpi_customer_better_value(self):
        """Count the moves to a better value tier: two queries."""
        self._check_customer_kpis()
        self._calculate_company_based_kpi(
            CHANGE,
            "kpi_customer_better_value",
            date_field="valid_date",
            additional_domain=[
                *CURRENT,
                ("axis", "=", "value_tier"),
                ("direction", "=", "up"),
            ],
        )

    def _compute_kpi_customer_lost_value(self):
        """Count the moves to the lifecycle stage Lost: two queries."""
        self._check_customer_kpis()
        self._calculate_company_based_kpi(
            CHANGE,
            "kpi_customer_lost_value",
            date_field="valid_date",
            additional_domain=[
                *CURRENT,
                ("axis", "=", "lifecycle_stage"),
                ("to_stage_id.code", "=", "lost"),
            ],
        )

    def _check_customer_kpis(self):
        """Raise for who may not see customers: Odoo then leaves the number out."""
        if not self.env.user.has_group(INSIGHT_GROUP):
            raise AccessError(
                self.env._("You may not see the classes of customers: left out.")
            )

    def _compute_kpis_actions(self, company, user):
        actions = super()._compute_kpis_actions(company, user)
        menu = self.env.ref("customer_classification.customer_classification_menu").id
        customers = f"customer_classification.customer_profile_action?menu_id={menu}"
        return {
            **actions,
            "kpi_customer_new": customers,
            "kpi_customer_better": customers,
            "kpi_customer_lost": customers,
        }
