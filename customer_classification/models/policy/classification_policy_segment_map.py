from odoo import api, fields, models
from odoo.exceptions import UserError

from ..common.arguments import as_choice, as_number
from ..common.called_records import check_one

SCORE_FIELDS = ("score_recency", "score_frequency", "score_monetary")
SEGMENT_TEMPLATES = ("classes", "ten", "five")
DEFAULT_TEMPLATE = "classes"


class ClassificationPolicy(models.Model):
    """The segment map of a policy: where it comes from, and who is where on it."""

    # One file for each idea of a policy.
    _inherit = "classification.policy"  # pylint: disable=consider-merging-classes-inherited

    segment_ids = fields.One2many(
        "classification.policy.segment",
        "policy_id",
        string="Customer Segments",
        copy=True,
    )

    def copy_data(self, default=None):
        """Copy having no segments, too: else the copy would get the usual ones."""
        vals_list = super().copy_data(default)
        for vals in vals_list:
            vals["segment_ids"] = vals.get("segment_ids") or [fields.Command.clear()]
        return vals_list

    def action_take_segments(self, template=DEFAULT_TEMPLATE):
        """Replace the segments of this draft by those of a template.

        :param template: ``classes`` (says nothing that contradicts tier, stage and
            risk), ``ten`` (the map of the R package rfm) or ``five``
        """
        check_one(self)
        self._check_manager()
        self.check_access("write")
        label = self._label_of("segment_ids")
        template = as_choice(self.env, template, SEGMENT_TEMPLATES, label)
        segments, missing = self._template_segments(template)
        if missing:
            raise UserError(
                self.env._(
                    "Segments with these codes are missing or archived: %s. Make or "
                    "restore them first.",
                    ", ".join(missing),
                )
            )
        lines = self._template_commands(template, segments)
        self.write({"segment_ids": [fields.Command.clear(), *lines]})

    @api.model
    def _default_segment_commands(self):
        """The segments with which a policy begins; none where some are missing."""
        segments, missing = self._template_segments(DEFAULT_TEMPLATE)
        return [] if missing else self._template_commands(DEFAULT_TEMPLATE, segments)

    @api.model
    def _template_segments(self, template):
        """``{code: id}`` of the segments of a template, and the codes of those that
        there are not: one query."""
        from ...engine.customers.segment_maps import TEMPLATES

        codes = [code for code, *__ in TEMPLATES[template]]
        found = self.env["customer.segment"].search_fetch(
            [("code", "in", codes)], ["code"]
        )
        segments = {segment.code: segment.id for segment in found}
        return segments, [code for code in codes if code not in segments]

    @api.model
    def _template_commands(self, template, segments):
        from ...engine.customers.segment_maps import TEMPLATES

        return [
            fields.Command.create(
                {
                    "segment_id": segments[code],
                    "sequence": place,
                    "cells": cells,
                    "claim_activity": activity,
                    "claim_value": value,
                    "otherwise_id": segments.get(otherwise, False),
                }
            )
            for place, (code, cells, activity, value, otherwise) in enumerate(
                TEMPLATES[template], 1
            )
        ]

    # Who is where

    def get_segment_grid(self):
        """How many customers of the company have which scores: two queries.

        Counted as the reader counts the list of customers; revenues only for those
        who may see amounts. Scores are in fifths, as the map is.

        :return: ``{"as_of_date": ISO text or False, "currency_id": id or False,
            "cells": [[recency, frequency, monetary, customers, revenue]]}``, without
            revenues for others
        """
        check_one(self)
        run = self.env["classification.run"]._last_run(self.company_id)
        sees_money = self.env["classification.run"]._sees_money()
        sums = ["__count", "revenue:sum"] if sees_money else ["__count"]
        groups = self.env["customer.profile"]._read_group(
            [("company_id", "=", self.company_id.id), ("score_recency", ">", 0)],
            SCORE_FIELDS,
            sums,
        )
        return {
            "as_of_date": fields.Date.to_string(run.as_of_date) or False,
            "currency_id": sees_money and self.currency_id.id,
            "cells": self._cells_of_scores(groups, self._fifths_of(run.edges)),
        }

    @api.model
    def _fifths_of(self, edges):
        """For each score of a run, the fifth of each of its values; 0 for none.

        :param edges: JSON of the engine's ``Edges``, as a run keeps it, or nothing
        """
        from ...engine.customers.columns import METRICS
        from ...engine.customers.segments import fifth_of

        bins = (edges or {}).get("bins") or {}
        return [fifth_of(bins.get(metric, 5)).tolist() for metric in METRICS]

    @api.model
    def _cells_of_scores(self, groups, fifths):
        """Groups by scores as groups by cell, some of which fall together."""
        cells = {}
        for recency, frequency, monetary, *sums in groups:
            scores = zip(fifths, (recency, frequency, monetary), strict=True)
            cell = tuple(of[min(score, len(of) - 1)] for of, score in scores)
            known = cells.get(cell, [0] * len(sums))
            pairs = zip(known, sums, strict=True)
            cells[cell] = [total + (part or 0) for total, part in pairs]
        return [[*cell, *cells[cell]] for cell in sorted(cells)]

    def action_open_segment_cell(self, recency=None, frequency=None, monetary=None):
        """Open the customers with certain scores, as the grid counts them.

        :param recency: score in fifths, 1 to 5, as the other two
        :param monetary: no value for all
        """
        check_one(self)
        given = [(0, recency), (1, frequency)]
        given += [] if monetary is None or monetary is False else [(2, monetary)]
        run = self.env["classification.run"]._last_run(self.company_id)
        fifths = self._fifths_of(run.edges)
        domain, names = [("company_id", "=", self.company_id.id)], []
        for place, score in given:
            letter = "RFM"[place]
            score = as_number(self.env, score, 1, 5, letter, whole=True)
            scores = [one for one, fifth in enumerate(fifths[place]) if fifth == score]
            domain.append((SCORE_FIELDS[place], "in", scores))
            names.append(f"{letter}{score}")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.customer_profile_action"
        )
        name = self.env._("Customers with %s", " ".join(names))
        return {**action, "name": name, "domain": domain, "context": {}}
