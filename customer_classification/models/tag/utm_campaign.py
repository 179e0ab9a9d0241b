from odoo import api, fields, models


class UtmCampaign(models.Model):
    _name = "utm.campaign"
    _inherit = [
        "utm.campaign",
        "classification.tagged.mixin",
        "classification.bounds.mixin",
    ]

    campaign_tag_link_ids = fields.One2many(
        "classification.tag.link",
        "campaign_id",
        string="Where the Tags Come From",
        groups="base.group_user",
    )

    @api.onchange("tag_ids")
    def _onchange_tag_ids(self):
        return self._drop_rivals()
