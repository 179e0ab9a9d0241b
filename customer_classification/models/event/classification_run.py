from odoo import models


class ClassificationRun(models.Model):
    _inherit = "classification.run"

    def _after_classes_written(self):
        self.env["classification.event"]._note_moves(self)
        return super()._after_classes_written()

    def _after_segments_written(self, before):
        self.env["classification.event"]._note_segments(self, before)
        return super()._after_segments_written(before)
