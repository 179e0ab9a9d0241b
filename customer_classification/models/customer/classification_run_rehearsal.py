from odoo import api, fields, models
from odoo.exceptions import UserError

from ..common.access_groups import MONEY_GROUP
from ..common.arguments import BIGGEST_ID, as_choice, as_number
from ..common.called_records import check_one
from .classification_move_mixin import CLASS_FIELDS
from .columns import RISKS


class ClassificationRun(models.Model):
    """What a run would change, before it does: customers and money before and after,
    from where to where they go, and how the values are spread.

    Worked out in memory while the run has its frames: no query of its own.
    """

    # One file a concern: a run in one piece would be a thousand lines.
    _inherit = "classification.run"  # pylint: disable=consider-merging-classes-inherited

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
        from ...engine.customers.histogram import histogram

        return {
            **histogram(facts, result, parameters),
            "rules": self.policy_id._value_rules(),
        }

    def _rehearsal_values(self, facts, previous, shown):
        """The matrices, ``[from, to, whether classified before, customers, revenue]``
        with ids of tiers and stages and words of risks, and the policy by which most
        customers have their classes."""
        from ...engine.customers.rehearsal import NEVER, transitions

        keys = {
            "value_tier": lambda tier: tier,
            "lifecycle_stage": self._stage_ids().__getitem__,
            "churn_risk": ("", *RISKS).__getitem__,
        }
        cells = transitions(shown.before, shown.now, facts["revenue"])
        return {
            "axes": {
                axis: [
                    [key(max(old, 0)) or False, key(new) or False, old != NEVER, *sums]
                    for old, new, *sums in cells[axis]
                ]
                for axis, key in keys.items()
            },
            "policy_before": self._policy_before(previous),
        }

    def _policy_before(self, previous):
        """Id of the policy by which most customers have their classes: of versions that
        say the same, the one in force; False where nobody has any."""
        policies = previous["policy"][previous["policy"] != 0].mode()
        if policies.empty:
            return False
        last, known = self._run_before(), int(policies.iloc[0])
        return last.policy_id.id if last._is_by(known) else known

    # Showing

    @api.depends("rehearsal")
    @api.depends_context("uid", "lang")
    def _compute_rehearsal_view(self):
        """The matrices in the reader's words; money for those who may see it."""
        axis_field = self.env["classification.move"]._fields["axis"]
        labels = axis_field._description_selection(self.env)
        sees_money = self._sees_money()
        for run in self:
            stored = run.sudo().rehearsal
            run.rehearsal_view = stored and {
                "axes": [
                    {
                        "name": axis,
                        "label": label,
                        "matrix": run._matrix(axis, stored["axes"][axis], sees_money),
                    }
                    for axis, label in labels
                ],
                "costs": sees_money and run._costs(stored),
            }

    @api.model
    def _sees_money(self):
        return self.env.su or self.env.user.has_group(MONEY_GROUP)

    def _matrix(self, axis, cells, sees_money):
        """A matrix as :meth:`classification.migration.get_matrix` gives it."""
        migration = self.env["classification.migration"]
        groups = [
            (old, new, was, True, customers, *((money,) if sees_money else ()))
            for old, new, was, customers, money in cells
        ]
        classes = migration._matrix_classes(axis, groups)
        return {
            "rows": [
                migration._outside("from"),
                *migration._heads(axis, "from", classes),
            ],
            "columns": migration._heads(axis, "to", classes),
            "cells": migration._matrix_cells(groups, [item["key"] for item in classes]),
            "currency_id": sees_money and self.company_id.currency_id.id,
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
            for old, new, __, customers, money in stored["axes"]["value_tier"]:
                tier = (old, new)[place]
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

    def action_open_movers(self, axis, ends):
        """Open the moves of a cell, a row or a column of a matrix.

        :param ends: ``{"from": key, "to": key}``, or one of them: id of the tier or
            stage, or word of the risk, False for none
        """
        check_one(self)
        action = self.action_open_moves()
        known = self._fields_of_ends()
        known = known[as_choice(self.env, axis, known, self.env._("Axis"))]
        if not isinstance(ends, dict):
            raise UserError(self.env._("Say from and to which class they move."))
        moves = self.env[action["res_model"]]
        conditions = [
            self._end_condition(moves, known, end, key) for end, key in ends.items()
        ]
        action["domain"] += [("axis", "=", axis), *conditions]
        return action

    def _fields_of_ends(self):
        """``{axis: {"from" or "to": field of the moves}}``."""
        return CLASS_FIELDS

    def _end_condition(self, moves, known, end, key):
        """Condition on one end of moves, of the class with a key."""
        name = known[as_choice(self.env, end, known, self.env._("End"))]
        field = moves._fields[name]
        if key is not False:
            label = field._description_string(self.env)
            if field.relational:
                as_number(self.env, key, 1, BIGGEST_ID, label, whole=True)
            else:
                as_choice(self.env, key, field.get_values(self.env), label)
        return (name, "=", key)
