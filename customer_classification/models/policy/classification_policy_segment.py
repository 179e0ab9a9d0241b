from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..common.arguments import _shown as shown
from ..common.punctuation import labelled, listed


class ClassificationPolicySegment(models.Model):
    """Segment of the rules: its boxes of RFM scores, and its claims."""

    _name = "classification.policy.segment"
    _inherit = "classification.policy.line"
    _description = "Segment of a Classification Policy"
    _order = "sequence, id"

    segment_id = fields.Many2one(
        "customer.segment", required=True, ondelete="restrict", index=True
    )
    segment_color = fields.Integer(
        related="segment_id.color", string="Segment Color", aggregator=None
    )
    sequence = fields.Integer(default=10)
    cells = fields.Char(
        string="Boxes",
        help="The scores for recency, frequency and monetary value, from 1 (worst) to "
        "5 (best), with ranges, and semicolons between the boxes: 5 4-5 4-5; 4 5 2-5. "
        "A segment without boxes gets only customers of whom the claims of others do "
        "not hold.",
    )
    cell_count = fields.Integer(string="Number of Boxes", compute="_compute_cell_count")
    claim_activity = fields.Selection(
        [
            ("none", "Anything"),
            ("staying", "Staying"),
            ("slipping", "Slipping"),
            ("leaving", "Slipping or gone"),
            ("gone", "Gone"),
        ],
        string="Says That They Are",
        required=True,
        default="none",
        help="Staying: neither dormant or lost nor of high churn risk. Slipping: of "
        "medium or high churn risk. Gone: dormant or lost. A customer of whom this is "
        "untrue gets the segment beside.",
    )
    claim_value = fields.Selection(
        [("none", "Anything"), ("much", "Much"), ("little", "Little")],
        string="Says That They Bring",
        required=True,
        default="none",
        help="Much: neither in the lowest value tier nor not rated. Little: not in the "
        "upper half of the value tiers. A customer of whom this is untrue gets the "
        "segment beside.",
    )
    otherwise_id = fields.Many2one(
        "customer.segment",
        string="Otherwise",
        ondelete="restrict",
        index="btree_not_null",
        help="The segment of customers of whom it would be untrue.",
    )

    @api.depends("cells")
    def _compute_cell_count(self):
        for line in self:
            try:
                line.cell_count = len(line._cell_set())
            except ValidationError:
                line.cell_count = 0

    @api.model
    def _bounds(self):
        return {**super()._bounds(), "cells": (0, 2_000)}

    @api.model
    def _rule_fields(self):
        return {
            *("rules_id", "segment_id", "cells"),
            *("claim_activity", "claim_value", "otherwise_id"),
        }

    @api.model
    def _content_fields(self):
        return super()._content_fields() | {"sequence"}

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._canonical(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._canonical(vals))

    @api.model
    def _canonical(self, vals):
        """Values with the boxes in the one way in which they are kept."""
        from ...engine.customers.segment_maps import write_cells

        if not isinstance(vals.get("cells"), str):
            return vals
        self._check_values({"cells": vals["cells"]})
        return {**vals, "cells": write_cells(self._read_cells(vals["cells"]))}

    @api.model
    def _read_cells(self, text):
        """Return the cells of boxes as people write them.

        :raises ValidationError: naming the invalid box
        """
        from ...engine.customers.segment_maps import read_cells

        try:
            return read_cells(text)
        except ValueError as error:
            raise ValidationError(
                self.env._(
                    "“%s” is no box of the segment map. Write the scores for recency, "
                    "frequency and monetary value from 1 to 5, with ranges, and "
                    "semicolons between the boxes: 5 4-5 4-5; 4 5 2-5.",
                    shown(error.args[0]),
                )
            ) from error

    def _cell_set(self):
        return self._read_cells(self.cells or "")

    def _line_label(self):
        return self.segment_id.name

    def _in_words(self):
        """Return this line in words."""
        parts = [self.cells or self.env._("no boxes")]
        for name in ("claim_activity", "claim_value"):
            field = self._fields[name]
            if self[name] != "none":
                choices = dict(field._description_selection(self.env))
                label = field._description_string(self.env)
                parts.append(labelled(self.env, label, choices[self[name]]))
        if self.otherwise_id:
            parts.append(self.env._("otherwise %s", self.otherwise_id.name))
        return listed(self.env, parts)

    def _segment(self):
        """The engine's :class:`Segment` of this line."""
        from ...engine import Segment

        return Segment(
            self.segment_id.id,
            self._cell_set(),
            self.claim_activity,
            self.claim_value,
            self.otherwise_id.id or 0,
        )
