from odoo import fields, models

from .customer_profile import MONEY_GROUP, RISK_SELECTION


class ClassificationRunResult(models.Model):
    """How many customers, with how much revenue, a run found in a cell of tier,
    stage and risk."""

    _name = "classification.run.result"
    _description = "Result of a Classification Run"
    _order = "run_id desc, id"

    run_id = fields.Many2one(
        "classification.run", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="run_id.company_id", store=True)
    as_of_date = fields.Date(related="run_id.as_of_date", store=True)
    kind = fields.Selection(related="run_id.kind", store=True)
    currency_id = fields.Many2one(related="run_id.company_id.currency_id")
    value_tier_id = fields.Many2one("customer.value.tier", ondelete="restrict")
    lifecycle_stage_id = fields.Many2one(
        "customer.lifecycle.stage", ondelete="restrict"
    )
    value_tier_color = fields.Integer(
        related="value_tier_id.color", string="Value Tier Color"
    )
    lifecycle_stage_color = fields.Integer(
        related="lifecycle_stage_id.color", string="Lifecycle Stage Color"
    )
    churn_risk = fields.Selection(RISK_SELECTION)
    customer_count = fields.Integer(string="Customers")
    revenue = fields.Monetary(groups=MONEY_GROUP)
    lifetime_revenue = fields.Monetary(string="Revenue in All", groups=MONEY_GROUP)
