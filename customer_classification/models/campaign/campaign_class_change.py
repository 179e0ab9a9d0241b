from odoo import models


class CampaignClassChange(models.Model):
    """One move of one campaign from a performance class to another, and why."""

    _name = "campaign.class.change"
    _inherit = ["classification.class.change.mixin", "campaign.class.move.mixin"]
    _description = "Campaign Class Change"
    _log_access = False
    _order = "valid_date desc, id desc"
