from odoo import api, models


class ClassificationTagRule(models.Model):
    _inherit = "classification.tag.rule"

    @api.model
    def _run(self):
        with self.env["classification.event"].sudo()._noting_tags():
            return super()._run()
