from odoo import api, models


class ClassificationTagLink(models.Model):
    _inherit = "classification.tag.link"

    @api.model
    def _write_pairs(self, kind, added, removed):
        with self.env["classification.event"]._noting_tags():
            return super()._write_pairs(kind, added, removed)
