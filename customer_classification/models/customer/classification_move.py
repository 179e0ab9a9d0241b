from datetime import timedelta

from odoo import api, fields, models
from odoo.tools.constants import GC_UNLINK_LIMIT

from ..common.called_records import check_one

KEPT_DAYS = 30


class ClassificationMove(models.Model):
    """A move that a run found and did not make: of a preview, or of a run that waits
    for its approval. Gone with the run, or after a month."""

    _name = "classification.move"
    _inherit = "classification.move.mixin"
    _description = "Rehearsed Move"
    _order = "run_id desc, id desc"

    run_id = fields.Many2one(
        "classification.run",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    ends_grace = fields.Boolean(
        string="Falls With the Old Limit",
        readonly=True,
        help="Only because the rules changed a limit, or what is compared with it: "
        "tolerance and grace period by the rules before end with them.",
    )

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

    @api.autovacuum
    def _gc_moves(self):
        """Forget old rehearsals: what was decided stands in the history."""
        limit = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        old = self.search([("create_date", "<", limit)], limit=GC_UNLINK_LIMIT)
        old.unlink()
        return len(old), len(old) == GC_UNLINK_LIMIT

    def action_open_profile(self):
        """Open what is known of this customer, or the contact where there is nothing
        yet."""
        check_one(self)
        profile = self.env["customer.profile"].search(
            [
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("active", "in", (True, False)),
            ]
        )
        return (profile or self.partner_id).get_formview_action()
