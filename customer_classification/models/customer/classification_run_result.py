from odoo import fields, models

from ..common.access_groups import MONEY_GROUP
from ..common.run_kinds import RUN_KINDS
from .selections import RISK_SELECTION


class ClassificationRunResult(models.Model):
    """A cell of a run's result: one combination of tier, stage and risk.

    It holds the number of customers that the run found there, and their revenue.
    """

    _name = "classification.run.result"
    _inherit = "classification.counted.once.mixin"
    _description = "Result of a Classification Run"
    _order = "run_id desc, id"
    # Each run counts all customers.
    _added_within = dict.fromkeys(
        (
            *("customer_count", "revenue", "lifetime_revenue"),
            *("next_revenue", "next_order_count", "next_buyer_count"),
        ),
        "run_id",
    )

    run_id = fields.Many2one(
        "classification.run", required=True, ondelete="cascade", index=True
    )
    # Copies, not related fields, which would be written in a second statement.
    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    as_of_date = fields.Date(string="As Of", required=True)
    kind = fields.Selection(RUN_KINDS, required=True)
    currency_id = fields.Many2one("res.currency", required=True)
    value_tier_id = fields.Many2one("customer.value.tier", ondelete="restrict")
    lifecycle_stage_id = fields.Many2one(
        "customer.lifecycle.stage", ondelete="restrict"
    )
    value_tier_color = fields.Integer(
        related="value_tier_id.color", string="Value Tier Color", aggregator=None
    )
    lifecycle_stage_color = fields.Integer(
        related="lifecycle_stage_id.color",
        string="Lifecycle Stage Color",
        aggregator=None,
    )
    churn_risk = fields.Selection(RISK_SELECTION)
    customer_count = fields.Integer(string="Customers")
    revenue = fields.Monetary(groups=MONEY_GROUP)
    lifetime_revenue = fields.Monetary(string="Revenue in All", groups=MONEY_GROUP)
    # Of a back-test.
    next_revenue = fields.Monetary(string="Revenue Afterwards", groups=MONEY_GROUP)
    next_order_count = fields.Integer(string="Orders Afterwards")
    next_buyer_count = fields.Integer(string="Bought Afterwards")
