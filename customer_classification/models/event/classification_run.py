from odoo import models


class ClassificationRun(models.Model):
    _inherit = "classification.run"

    def _after_classes_written(self):
        super()._after_classes_written()
        self.env["classification.event"]._note_moves(self)
