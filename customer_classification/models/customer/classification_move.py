from odoo import api, models


class ClassificationMove(models.Model):
    """A move of a customer that a run found and did not make."""

    _name = "classification.move"
    _inherit = ["classification.rehearsed.move.mixin", "classification.move.mixin"]
    _description = "Rehearsed Move"
    _log_access = False
    _order = "run_id desc, id desc"

    @api.depends("cause", "direction", "ends_grace", "from_label", "to_label")
    @api.depends_context("lang")
    def _compute_reason_text(self):
        return super()._compute_reason_text()

    def _is_first(self):
        return self.direction == "first"
