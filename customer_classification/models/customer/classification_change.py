from odoo import api, fields, models
from odoo.tools import SQL

from .first_classes import AXIS_COLUMNS, all_changes, changes_of


class ClassificationChange(models.Model):
    """One move of one customer that took place: from, to, when and why.

    Append-only and written by runs in SQL. A table of its own rather than tracking
    messages, because it is read by pivots and asked by date.

    The first classes of a customer are kept as one row of
    ``classification.first.class``, and read as changes like any other.
    """

    _name = "classification.change"
    _inherit = ["classification.class.change.mixin", "classification.move.mixin"]
    _description = "Classification Change"
    _log_access = False
    _order = "valid_date desc, id desc"
    _depends = {"classification.first.class": ["partner_id", "tier_id", "valid_date"]}

    is_correction = fields.Boolean(
        string="Correction",
        readonly=True,
        help="Recorded later than it is valid, because a document arrived late. What "
        "was believed before stays in the history.",
    )
    # Holds all that a question for a past day needs, in its order.
    _history_index = models.Index(
        "(company_id, partner_id, axis, valid_date DESC, create_date DESC, id DESC)"
        " INCLUDE (to_tier_id, to_stage_id, to_risk, revenue)"
    )

    @property
    def _table_query(self):
        return all_changes(*self._stored_columns())

    @api.model
    def _stored_columns(self):
        """Return the names of the columns, and the SQL of none for each."""
        stored = {
            name: SQL("NULL::%s", SQL(field.column_type[1]))
            for name, field in self._fields.items()
            if field.store and field.column_type
        }
        return list(stored), stored

    def write(self, vals):
        self.check_access("write")
        self._unpack()
        return super().write(vals)

    def unlink(self):
        self.check_access("unlink")
        self._unpack()
        return super().unlink()

    def _unpack(self):
        """Give those of these changes that are first classes rows of their own.

        One query. Runs never change the history; upgrades and tests do.
        """
        names, none = self._stored_columns()
        self.env.cr.execute(
            SQL(
                """
                WITH gone AS (DELETE FROM classification_first_class
                               WHERE %(conditions)s RETURNING *)
                INSERT INTO classification_change (%(names)s) %(changes)s
                """,
                conditions=SQL(" OR ").join(
                    SQL("%s = ANY(%s)", SQL.identifier(id_), self.ids)
                    for id_, *__ in AXIS_COLUMNS.values()
                ),
                names=SQL(", ").join(map(SQL.identifier, names)),
                changes=changes_of(SQL.identifier("gone"), names, none),
            )
        )
