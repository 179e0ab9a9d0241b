from odoo import models


class ClassificationTagBatch(models.Model):
    _inherit = "classification.tag.batch"

    def _undo(self):
        with self.env["classification.event"]._noting_tags():
            return super()._undo()
