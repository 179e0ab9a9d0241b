from odoo import fields, models


class CampaignStart(models.TransientModel):
    _inherit = "campaign.start"

    prepare_mailing = fields.Boolean(
        help="Drafts a mailing to these customers but the control group, and opens it.",
    )

    def action_start(self):
        action = super().action_start()
        if not self.prepare_mailing:
            return action
        campaign = self.env["utm.campaign"].browse(action["res_id"])
        return campaign.action_prepare_mailing()
