from odoo import api, fields, models

from ..common.keyless_many2one import KeylessMany2one

CAUSE_SELECTION = [
    ("data", "The data changed"),
    ("rules", "The rules changed"),
    ("time", "Time passed"),
    ("person", "A person decided"),
]


class ClassificationClassMoveMixin(models.AbstractModel):
    """One record goes from one class to another, and why.

    History and rehearsals of all kinds have this in common. Runs write the rows in
    SQL, nobody else does.
    """

    _name = "classification.class.move.mixin"
    _description = "Move of a Record Between Classes"

    # The ClassifiedKind of the records.
    _classified_kind = None

    company_id = KeylessMany2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    create_date = fields.Datetime(
        string="Recorded On", readonly=True, default=lambda self: self.env.cr.now()
    )
    cause = fields.Selection(CAUSE_SELECTION, required=True, readonly=True)
    policy_id = KeylessMany2one(
        "classification.policy", readonly=True, ondelete="restrict"
    )

    @api.depends_context("lang")
    def _compute_display_name(self):
        for move, (old, new) in zip(self, self._end_labels(), strict=True):
            move.display_name = self.env._(
                "%(record)s: %(old)s → %(new)s",
                record=move[self._classified_kind.subject].display_name,
                old=old or "-",
                new=new or "-",
            )

    def _end_labels(self):
        """Return the names of both classes of each move."""
        words = dict(self._fields["to_class"]._description_selection(self.env))
        return [(words.get(one.from_class), words.get(one.to_class)) for one in self]
