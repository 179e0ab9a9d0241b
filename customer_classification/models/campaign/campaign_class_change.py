from odoo import api, fields, models

from ..common.access_groups import MONEY_GROUP
from .campaign_profile import PERFORMANCE_SELECTION


class CampaignClassChange(models.Model):
    """One move of one campaign from a performance class to another, and why.

    Append-only and written by runs in SQL; a table of its own beside
    ``classification.change``, as that of products.
    """

    _name = "campaign.class.change"
    _description = "Campaign Class Change"
    _order = "valid_date desc, id desc"

    campaign_id = fields.Many2one(
        "utm.campaign", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    from_class = fields.Selection(PERFORMANCE_SELECTION, string="From", readonly=True)
    to_class = fields.Selection(PERFORMANCE_SELECTION, string="To", readonly=True)
    cause = fields.Selection(
        [
            ("data", "The data changed"),
            ("rules", "The rules changed"),
            ("time", "Time passed, or the peers moved"),
        ],
        required=True,
        readonly=True,
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
    valid_date = fields.Date(
        string="Valid From", required=True, readonly=True, index=True
    )
    policy_id = fields.Many2one(
        "classification.policy", readonly=True, ondelete="restrict"
    )
    run_id = fields.Many2one(
        "classification.run",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )

    _company_index = models.Index("(company_id, valid_date)")

    @api.depends("campaign_id.display_name", "from_class", "to_class")
    @api.depends_context("lang")
    def _compute_display_name(self):
        words = dict(self._fields["to_class"]._description_selection(self.env))
        for change in self:
            change.display_name = self.env._(
                "%(campaign)s: %(old)s → %(new)s",
                campaign=change.campaign_id.display_name,
                old=words.get(change.from_class, "-"),
                new=words.get(change.to_class, "-"),
            )
