from odoo import api, fields, models

from ..classified.kind import CUSTOMER
from ..common.access_groups import MONEY_GROUP
from ..common.keyless_many2one import KeylessMany2one
from .selections import RISK_COLORS, RISK_SELECTION

# Fields with the class before and after, by axis.
CLASS_FIELDS = {
    "value_tier": {"from": "from_tier_id", "to": "to_tier_id"},
    "lifecycle_stage": {"from": "from_stage_id", "to": "to_stage_id"},
    "churn_risk": {"from": "from_risk", "to": "to_risk"},
}


class ClassificationMoveMixin(models.AbstractModel):
    """A customer goes from one class to another on one axis."""

    _name = "classification.move.mixin"
    _inherit = "classification.class.move.mixin"
    _description = "Move Between Classes"
    _classified_kind = CUSTOMER

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
        aggregator="count_distinct",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")
    axis = fields.Selection(
        [
            ("value_tier", "Value tier"),
            ("lifecycle_stage", "Lifecycle stage"),
            ("churn_risk", "Churn risk"),
        ],
        required=True,
        readonly=True,
    )
    from_tier_id = KeylessMany2one(
        "customer.value.tier", readonly=True, ondelete="restrict"
    )
    to_tier_id = KeylessMany2one(
        "customer.value.tier", readonly=True, ondelete="restrict"
    )
    from_stage_id = KeylessMany2one(
        "customer.lifecycle.stage", readonly=True, ondelete="restrict"
    )
    to_stage_id = KeylessMany2one(
        "customer.lifecycle.stage", readonly=True, ondelete="restrict"
    )
    from_risk = fields.Selection(RISK_SELECTION, readonly=True)
    to_risk = fields.Selection(RISK_SELECTION, readonly=True)
    from_label = fields.Char(string="From", compute="_compute_labels")
    to_label = fields.Char(string="To", compute="_compute_labels")
    from_color = fields.Integer(compute="_compute_colors")
    to_color = fields.Integer(compute="_compute_colors")
    direction = fields.Selection(
        [
            ("up", "Better"),
            ("down", "Worse"),
            ("first", "First time"),
            ("other", "Neutral"),
        ],
        readonly=True,
    )
    revenue = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        aggregator=None,  # a customer changes more than once
        help="Net revenue in the window at the time of the change.",
    )

    @api.depends(
        *("axis", "from_tier_id", "to_tier_id", "from_stage_id", "to_stage_id"),
        *("from_risk", "to_risk"),
    )
    @api.depends_context("lang")
    def _compute_labels(self):
        risks = dict(self._fields["to_risk"]._description_selection(self.env))
        for change in self:
            change.from_label, change.to_label = (
                tier.name or stage.name or risks.get(risk) or "-"
                for tier, stage, risk in (
                    (change.from_tier_id, change.from_stage_id, change.from_risk),
                    (change.to_tier_id, change.to_stage_id, change.to_risk),
                )
            )

    @api.depends(
        *("from_tier_id.color", "to_tier_id.color", "from_stage_id.color"),
        *("to_stage_id.color", "from_risk", "to_risk"),
    )
    def _compute_colors(self):
        """Colours of the labels: a change has a tier, a stage or a risk."""
        for change in self:
            change.from_color, change.to_color = (
                tier.color or stage.color or RISK_COLORS.get(risk, 0)
                for tier, stage, risk in (
                    (change.from_tier_id, change.from_stage_id, change.from_risk),
                    (change.to_tier_id, change.to_stage_id, change.to_risk),
                )
            )

    @api.depends("partner_id.display_name", "from_label", "to_label")
    @api.depends_context("lang")
    def _compute_display_name(self):
        return super()._compute_display_name()

    def _end_labels(self):
        return [(move.from_label, move.to_label) for move in self]
