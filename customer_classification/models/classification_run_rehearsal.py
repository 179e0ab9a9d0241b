from odoo import api, fields, models

from .classification_columns import AXES, RISKS
from .customer_lifecycle_stage import STAGE_SELECTION
from .customer_profile import MONEY_GROUP, RISK_COLORS


class ClassificationRun(models.Model):
    """What a run would change, before it does: customers and money before and after,
    from where to where they go, and how the values are spread.

    Worked out in memory while the run has its frames: no query of its own.
    """

    _inherit = "classification.run"

    histogram = fields.Json(
        readonly=True,
        groups=MONEY_GROUP,
        help="How the values of the customers are spread, and under which rules.",
    )
    rehearsal = fields.Json(
        readonly=True,
        groups=MONEY_GROUP,
        help="From which class to which the customers go, with their revenue.",
    )
    rehearsal_view = fields.Json(
        string="Before and After", compute="_compute_rehearsal_view"
    )

    # Keeping

    def _write_summary(self, facts, previous, result, moves, parameters, shown):
        res = super()._write_summary(facts, previous, result, moves, parameters, shown)
        if self.kind != "back_test" and self.scope != "some":
            self.rehearsal = self._rehearsal_values(facts, previous, shown)
        if self.kind != "back_test" and self.scope == "all":
            self.histogram = self._histogram_values(facts, result, parameters)
        return res

    def _histogram_values(self, facts, result, parameters):
        from ..engine.histogram import histogram

        return {
            **histogram(facts, result, parameters),
            "rules": self.policy_id._value_rules(),
        }

    def _rehearsal_values(self, facts, previous, shown):
        """The matrices, with stages and risks by their words, and the policy by which
        most customers have their classes."""
        from ..engine.rehearsal import transitions

        cells = transitions(shown.before, shown.now, facts["revenue"])
        words = {
            "lifecycle_stage": (False, *(code for code, __ in STAGE_SELECTION)),
            "churn_risk": (False, *RISKS),
        }
        for axis, names in words.items():
            cells[axis] = [
                [names[old], names[new], *numbers] for old, new, *numbers in cells[axis]
            ]
        policies = previous["policy"][previous["policy"] != 0].mode()
        return {
            "axes": cells,
            "policy_before": int(policies.iloc[0]) if len(policies) else False,
        }

    # Showing

    @api.depends("rehearsal")
    @api.depends_context("uid", "lang")
    def _compute_rehearsal_view(self):
        """The matrices in the reader's words; money for those who may see it."""
        sees_money = self._sees_money()
        classes = self._classes_in_words() if self.sudo().filtered("rehearsal") else {}
        for run in self:
            stored = run.sudo().rehearsal
            run.rehearsal_view = stored and {
                "axes": [
                    {
                        "name": axis,
                        "label": self._axis_label(axis),
                        "classes": classes[axis],
                        "cells": self._cells_to_show(stored["axes"][axis], sees_money),
                    }
                    for axis in AXES
                ],
                "costs": sees_money and run._costs(stored),
                "has_money": sees_money,
                "currency_id": run.company_id.currency_id.id,
            }

    @api.model
    def _sees_money(self):
        return self.env.su or self.env.user.has_group(MONEY_GROUP)

    @api.model
    def _axis_label(self, axis):
        field = self.env["classification.move"]._fields["axis"]
        return dict(field._description_selection(self.env))[axis]

    @api.model
    def _cells_to_show(self, cells, sees_money):
        return [
            {
                "from": old,
                "to": new,
                "customers": customers,
                "revenue": money if sees_money else False,
            }
            for old, new, customers, money in cells
        ]

    @api.model
    def _classes_in_words(self):
        """``{axis: [{key, id, name, color}]}``, the best first, no class last: two
        queries."""
        tier_model = self.env["customer.value.tier"].with_context(active_test=False)
        tiers = tier_model.search([("is_unrated", "in", (True, False))])
        codes = [code for code, __ in STAGE_SELECTION]
        stages = self.env["customer.lifecycle.stage"].search([("code", "in", codes)])
        risks = self.env["classification.move"]._fields["to_risk"]
        new, none = self.env._("New here"), self.env._("None")
        rows = {
            "value_tier": [
                *((tier.id, tier.id, tier.name, tier.color) for tier in tiers),
                (0, False, new, 0),
            ],
            "lifecycle_stage": [
                *((stage.code, stage.id, stage.name, stage.color) for stage in stages),
                (False, False, new, 0),
            ],
            "churn_risk": [
                *(
                    (code, code, name, RISK_COLORS[code])
                    for code, name in risks._description_selection(self.env)
                ),
                (False, False, none, 0),
            ],
        }
        names = ("key", "id", "name", "color")
        return {
            axis: [dict(zip(names, row, strict=True)) for row in classes]
            for axis, classes in rows.items()
        }

    def _costs(self, stored):
        """``{"before": {tier: money}, "after": {tier: money}}``: what the benefits of
        the tiers cost, by the rules that gave the classes before and by these; False
        when no tier has any."""
        policies = self.env["classification.policy"].sudo()
        before = policies.browse(stored["policy_before"] or ()).exists()
        costs = {}
        for side, place, policy in (
            ("before", 0, before),
            ("after", 1, self.policy_id.sudo()),
        ):
            benefits = policy._tier_benefits()
            costs[side] = dict.fromkeys(benefits, 0)
            for *ends, customers, money in stored["axes"]["value_tier"]:
                tier = ends[place]
                if tier in benefits:
                    percent, amount = benefits[tier]
                    costs[side][tier] += money * percent / 100 + customers * amount
        return any(benefits for benefits in costs.values()) and costs

    def _histogram_to_show(self, sees_money):
        """The histogram for a reader: money, and values that are money, only for
        those who may see it."""
        histogram = self.sudo().histogram
        if sees_money:
            return histogram
        if histogram["metric"] != "score":
            return {"metric": histogram["metric"], "is_hidden": True}
        steps = {**histogram["steps"], "revenue": [], "margin": []}
        groups = {
            name: {"customers": histogram[name]["customers"]}
            for name in ("lapsed", "unrated", "total")
        }
        return {**histogram, **groups, "steps": steps}

    def action_open_cell(self, axis, start, end):
        """Open the moves of a cell of a matrix.

        :param start: id of the tier or stage, or the risk, from where; False for none
        :param end: the same of where to
        """
        self.ensure_one()
        action = self.action_open_moves()
        field = {
            "value_tier": "tier_id",
            "lifecycle_stage": "stage_id",
            "churn_risk": "risk",
        }[axis]
        action["domain"] = [
            *action["domain"],
            ("axis", "=", axis),
            (f"from_{field}", "=", start),
            (f"to_{field}", "=", end),
        ]
        action["context"] = {}
        return action
