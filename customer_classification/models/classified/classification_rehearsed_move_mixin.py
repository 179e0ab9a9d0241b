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

    @api.autovacuum
    def _gc_moves(self):
        """Delete old rehearsals: what was decided is in the history."""
        limit = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        old = self.search([("create_date", "<", limit)], limit=GC_UNLINK_LIMIT)
        old.unlink()
        return len(old), len(old) == GC_UNLINK_LIMIT

    def action_open_profile(self):
        """Open the profile of this record, or the record where it has none yet."""
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
