from odoo import models


class ProductClassMove(models.Model):
    """A move of a product that a run found and did not make."""

    _name = "product.class.move"
    _inherit = ["classification.rehearsed.move.mixin", "product.class.move.mixin"]
    _description = "Rehearsed Move of a Product"
    _log_access = False
    _order = "run_id desc, id desc"

    def _reason_sentences(self):
        return {
            **super()._reason_sentences(),
            "data": self.env._(
                "What was sold, or its price, makes it %(new)s, by the rules in force "
                "as well."
            ),
            "time": self.env._(
                "Time passed, or others moved: %(new)s by the rules in force as well."
            ),
        }
