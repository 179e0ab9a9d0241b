from odoo import fields, models

from .templates import TEMPLATE_SELECTION


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = "res.company"

    customer_first_steps = fields.Boolean(
        string="First Steps of Classification",
        help="Managers begin with the page of first steps.",
    )
    customer_template = fields.Selection(
        TEMPLATE_SELECTION, string="Template of Classification", readonly=True
    )
    customer_template_policy_id = fields.Many2one(
        "classification.policy",
        string="Policy of the Template",
        ondelete="set null",
        readonly=True,
        groups="customer_classification.group_manager",
    )

    def _create_first_customer_policy(self):
        """Have companies with their first policy begin with the first steps.

        Companies from before an upgrade keep their rules and their first page.
        """
        policies = super()._create_first_customer_policy()
        policies.company_id.customer_first_steps = True
        return policies
