from odoo import fields, models


class CampaignClassMove(models.Model):
    """A move of a campaign that a preview found and did not make."""

    _name = "campaign.class.move"
    _inherit = ["classification.rehearsed.move.mixin", "campaign.class.move.mixin"]
    _description = "Rehearsed Move of a Campaign"
    _order = "run_id desc, id desc"

    axis = fields.Selection(
        [("performance", "Performance")], required=True, readonly=True
    )

    def _reason_sentences(self):
        return {
            **super()._reason_sentences(),
            "data": self.env._(
                "What it brought makes it %(new)s, by the rules in force as well."
            ),
            "time": self.env._(
                "Time passed, or its peers moved: %(new)s by the rules in force as "
                "well."
            ),
        }
