from odoo import api, fields, models

from ..classified.kind import CAMPAIGN
from ..common.access_groups import MONEY_GROUP
from .campaign_profile import PERFORMANCE_SELECTION


class CampaignClassMoveMixin(models.AbstractModel):
    """A campaign goes from one performance class to another."""

    _name = "campaign.class.move.mixin"
    _inherit = "classification.class.move.mixin"
    _description = "Move of a Campaign Between Classes"
    _classified_kind = CAMPAIGN

    campaign_id = fields.Many2one(
        "utm.campaign", required=True, readonly=True, ondelete="cascade", index=True
    )
    from_class = fields.Selection(PERFORMANCE_SELECTION, string="From", readonly=True)
    to_class = fields.Selection(PERFORMANCE_SELECTION, string="To", readonly=True)
    cause = fields.Selection(
        [
            ("data", "The data changed"),
            ("rules", "The rules changed"),
            ("time", "Time passed, or the peers moved"),
            ("person", "A person decided"),
        ]
    )
    ratio = fields.Float(
        string="Of the Target (%)",
        readonly=True,
        digits=(12, 1),
        aggregator=None,
        groups=MONEY_GROUP,
        help="What was reached of the target, or of the median of the peers, at the "
        "time of the change.",
    )

    @api.depends("campaign_id.display_name", "from_class", "to_class")
    @api.depends_context("lang")
    def _compute_display_name(self):
        return super()._compute_display_name()
