from odoo import api, fields, models


class ClassificationMove(models.Model):
    """A move of a customer that a run found and did not make."""

    _name = "classification.move"
    _inherit = ["classification.rehearsed.move.mixin", "classification.move.mixin"]
    _description = "Rehearsed Move"
    _log_access = False
    _order = "run_id desc, id desc"

    reason_text = fields.Char(string="Why", compute="_compute_reason_text")

    @api.depends("cause", "direction", "ends_grace", "from_label", "to_label")
    @api.depends_context("lang")
    def _compute_reason_text(self):
        for move in self:
            move.reason_text = move._reason_sentence() % {
                "old": move.from_label,
                "new": move.to_label,
            }

    def _reason_sentence(self):
        """Return why the customer would move, with places for both classes."""
        if self.direction == "first":
            return self.env._("The first class: %(new)s.")
        if self.ends_grace:
            return self.env._(
                "Only tolerance or grace by the rules before kept %(old)s."
            )
        return {
            "rules": self.env._(
                "By the rules in force it stays %(old)s, by these it is %(new)s."
            ),
            "data": self.env._(
                "What was bought makes it %(new)s, by the rules in force as well."
            ),
            "time": self.env._(
                "Time has passed: %(new)s by the rules in force as well."
            ),
            "person": self.env._("A person decided: %(new)s."),
        }[self.cause]
