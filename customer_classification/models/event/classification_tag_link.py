from odoo import api, models


class ClassificationTagLink(models.Model):
    _inherit = "classification.tag.link"

    @api.model
    def _write_pairs(self, kind, added, removed):
        super()._write_pairs(kind, added, removed)
        if kind.model == "res.partner":
            self.env["classification.event"]._note_tags(added, removed)
