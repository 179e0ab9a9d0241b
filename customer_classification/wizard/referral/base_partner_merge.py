from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _name = "base.partner.merge.automatic.wizard"
    _inherit = ["base.partner.merge.automatic.wizard"]

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        """Forget recommendations that would lead the merged contact to itself."""
        merged = (src_partners | dst_partner).sudo()
        customers = merged.commercial_partner_id.ids
        merged._in_referral_loop(customers).customer_referrer_id = False
        return super()._update_foreign_keys(src_partners, dst_partner)
