from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _name = "base.partner.merge.automatic.wizard"
    _inherit = ["base.partner.merge.automatic.wizard"]

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        """Keep one open case of each playbook: the database refuses two."""
        self.env["customer.playbook.case"]._keep_one_open(
            [dst_partner.id, *sorted(src_partners.ids)]
        )
        return super()._update_foreign_keys(src_partners, dst_partner)
