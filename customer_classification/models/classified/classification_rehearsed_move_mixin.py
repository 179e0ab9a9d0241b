from datetime import timedelta

from odoo import api, fields, models
from odoo.tools.constants import GC_UNLINK_LIMIT

from ..common.called_records import check_one
from ..common.keyless_many2one import KeylessMany2one

KEPT_DAYS = 30


class ClassificationRehearsedMoveMixin(models.AbstractModel):
    """A move that a run found and did not make.

    Of a preview, or of a run that waits for its approval. Gone with the run, or after
    a month.
    """

    _name = "classification.rehearsed.move.mixin"
    _description = "Move That a Run Found and Did Not Make"

    run_id = KeylessMany2one(
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

    @api.depends_context("lang")
    def _compute_reason_text(self):
        """Compute the reason of a move, for the author of the rules."""
        for move, (old, new) in zip(self, self._end_labels(), strict=True):
            ends = {"old": old or "-", "new": new or "-"}
            move.reason_text = move._reason_sentence() % ends

    def _is_first(self):
        """Return whether the record had no class before."""
        return not self.from_class

    def _reason_sentence(self):
        """Return why the record would move, with places for both classes."""
        if self._is_first():
            return self.env._("The first class: %(new)s.")
        if self.ends_grace:
            return self.env._(
                "Only tolerance or grace by the rules before kept %(old)s."
            )
        return self._reason_sentences()[self.cause]

    def _reason_sentences(self):
        """Return ``{cause: sentence}`` with places for both classes."""
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
        }

    @api.autovacuum
    def _gc_moves(self):
        """Delete old trial moves: decided changes are in the history."""
        limit = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        old = self.search([("create_date", "<", limit)], limit=GC_UNLINK_LIMIT)
        old.unlink()
        return len(old), len(old) == GC_UNLINK_LIMIT

    def action_open_profile(self):
        """Open the profile of this record, or the record without a profile."""
        check_one(self)
        kind = self._classified_kind
        profile = self.env[kind.profile_model].search(
            [
                (kind.subject, "=", self[kind.subject].id),
                ("company_id", "=", self.company_id.id),
                ("active", "in", (True, False)),
            ]
        )
        return (profile or self[kind.subject]).get_formview_action()
