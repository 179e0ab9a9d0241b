from functools import cache, partial

from odoo import api, fields, models
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from .explanation import Sentences, tier_above
from .first_classes import AXIS_COLUMNS, all_changes, changes_of


class ClassificationChange(models.Model):
    """One move of one customer that took place: from, to, when and why.

    Append-only and written by runs in SQL. A table of its own rather than tracking
    messages, because it is read by pivots and asked by date. Each is explained by the
    numbers and limits of that day.

    The first classes of a customer are kept as one row of
    ``classification.first.class``, and read as changes like any other.
    """

    _name = "classification.change"
    _inherit = ["classification.class.change.mixin", "classification.move.mixin"]
    _description = "Classification Change"
    _log_access = False
    _order = "valid_date desc, id desc"
    _depends = {
        "classification.first.class": ["partner_id", "tier_id", "valid_date"],
        "classification.run": ["first_class_numbers"],
    }

    is_correction = fields.Boolean(
        string="Correction",
        readonly=True,
        help="Recorded later than it is valid, because a document arrived late. What "
        "was believed before stays in the history.",
    )
    explanation = fields.Json(
        string="Numbers",
        readonly=True,
        groups=MONEY_GROUP,
        help="What the class was made of on that day.",
    )
    explanation_text = fields.Char(string="Why", compute="_compute_explanation_text")
    # Holds all that a question for a past day needs, in its order.
    _history_index = models.Index(
        "(company_id, partner_id, axis, valid_date DESC, create_date DESC, id DESC)"
        " INCLUDE (to_tier_id, to_stage_id, to_risk, revenue)"
    )

    @api.depends("explanation", "axis", "cause", "policy_id", "is_correction")
    @api.depends_context("lang", "uid")
    def _compute_explanation_text(self):
        """Render the sentences from the numbers kept with the changes.

        Twelve queries for any number: the changes, their policies and rules, tiers,
        stages and currencies.
        """
        sentences_for = cache(partial(Sentences, self.env))
        for change, seen in zip(self.sudo(), self, strict=True):
            sentences = sentences_for(change.policy_id, change.currency_id)
            seen.explanation_text = change._explain(sentences)

    def _explain(self, sentences):
        """The sentence of this change; empty where its numbers were not kept."""
        told = self.explanation
        if self.is_correction and self.policy_id:
            return sentences.corrected(self.revenue)
        if not told or not self.policy_id:
            return False
        text = {
            "value_tier": self._explain_tier,
            "lifecycle_stage": self._explain_stage,
            "churn_risk": self._explain_risk,
        }[self.axis](sentences, told)
        return sentences.decided(text) if told.get("decided") else text

    def _explain_tier(self, sentences, told):
        ranked = self.policy_id.tier_ids.sorted("tier_sequence").tier_id
        down = self.direction == "down"
        return sentences.tier(
            told,
            self.to_tier_id,
            tier_above(ranked, self.to_tier_id),
            before=self.from_tier_id if down else None,
        )

    def _explain_stage(self, sentences, told):
        return sentences.stage(told, self.to_stage_id.code, self.valid_date)

    def _explain_risk(self, sentences, told):
        return sentences.risk(told, self.to_risk) if self.to_risk else False

    @property
    def _table_query(self):
        return all_changes(*self._stored_columns())

    @api.model
    def _stored_columns(self):
        """Return the names of the columns, and SQL of an empty value for each."""
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
        """Give each first class among these changes a row of its own.

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
