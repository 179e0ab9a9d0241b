from odoo import models


class ClassificationMove(models.Model):
    """A move of a customer that a run found and did not make."""

    _name = "classification.move"
    _inherit = ["classification.rehearsed.move.mixin", "classification.move.mixin"]
    _description = "Rehearsed Move"
    _order = "run_id desc, id desc"
