from odoo import api, models


class ClassificationOverride(models.Model):
    _inherit = "classification.override"

    @api.constrains("partner_id")
    def _check_objection(self):
        self.partner_id._check_may_be_profiled()
