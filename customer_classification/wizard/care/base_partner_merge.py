from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _name = "base.partner.merge.automatic.wizard"
    _inherit = ["base.partner.merge.automatic.wizard"]

    @api.model
    def _kept_once(self):
        """Keep each round of an occasion once, and all others."""
        return {**super()._kept_once(), "customer.care": ("occasion_id", "round")}
