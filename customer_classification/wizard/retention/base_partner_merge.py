from odoo import api, models


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    _name = "base.partner.merge.automatic.wizard"
    _inherit = ["base.partner.merge.automatic.wizard"]

    @api.model
    def _kept_once(self):
        """Keep why the merged customers were lost, each time once."""
        return {**super()._kept_once(), "customer.loss": ("company_id", "lost_date")}
