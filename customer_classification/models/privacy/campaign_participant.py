from odoo import api, models


class CampaignParticipant(models.Model):
    _inherit = "campaign.participant"

    @api.constrains("partner_id", "contact_id")
    def _check_objection(self):
        (self.partner_id | self.contact_id)._check_may_be_profiled()
