from odoo import api, fields, models
from odoo.tools import formatLang

from ..common.called_records import check_one
from .columns import CLASSES

# Colours of the classes, the best first, and their rank where one is better.
CLASS_COLORS = {
    "abc": (10, 4, 0),
    "xyz": (10, 4, 2),
    "price_band": (0, 0, 0),
    "sales_lifecycle": (4, 10, 0, 2, 1),
}
RANKED = ("abc", "xyz")


class ClassificationRun(models.Model):
    """What a run over products would change, before it does; whether a manager has to
    look first; and what it tells afterwards."""

    # One file a concern: a run in one piece would be a thousand lines.
    _inherit = "classification.run"  # pylint: disable=consider-merging-classes-inherited

    product_move_ids = fields.One2many("product.class.move", "run_id", readonly=True)

    # Keeping

    def _rehearse_products(self, facts, previous, shown):
        """Keep the matrices, ``[from, to, whether classified before, products,
        revenue]`` with the words of the classes. No query of its own."""
        from ...engine import PRODUCT_AXES
        from ...engine.customers.rehearsal import NEVER, transitions

        known = previous["policy"] != 0
        cells = transitions(
            shown.before, shown.now, facts["revenue"], PRODUCT_AXES, known
        )
        words = {axis: (False, *CLASSES[axis]) for axis in PRODUCT_AXES}
        self.rehearsal = {
            "axes": {
                axis: [
                    [words[axis][max(old, 0)], words[axis][new], old != NEVER, *sums]
                    for old, new, *sums in cells[axis]
                ]
                for axis in PRODUCT_AXES
            }
        }

    def _products_wait(self, facts, previous, moves):
        """Whether so many products would move that a manager has to look first. What a
        person decided, and first classes, are no matter of approval."""
        from ...engine import CAUSES

        if self.kind != "product":
            return False
        person = CAUSES.index("person") + 1
        own = moves[(moves["from"] != 0) & (moves["cause"] != person)]
        revenue = facts["revenue"].clip(lower=0)
        known = previous["abc"] != 0  # what was never sold is no part of the whole
        moved = revenue.index.isin(own["product"]) & known
        for name, part, whole in (
            ("moved_customer_percent", int(moved.sum()), int(known.sum())),
            ("moved_revenue_percent", revenue[moved].sum(), revenue[known].sum()),
        ):
            self[name] = 100 * float(part) / float(whole) if whole else 0
        return not self.approved_by_id and self._exceeds_limits(int(known.sum()))

    # Showing

    @api.depends("rehearsal")
    @api.depends_context("uid", "lang")
    def _compute_rehearsal_view(self):
        """That of products in their own words."""
        own = self.filtered(lambda run: run._is_over_products())
        result = super(ClassificationRun, self - own)._compute_rehearsal_view()
        sees_money = self._sees_money()
        labels = self._product_axes()
        for run in own:
            stored = run.sudo().rehearsal
            run.rehearsal_view = stored and {
                "counts": self.env._("Products"),
                "axes": [
                    {
                        "name": axis,
                        "label": label,
                        "matrix": run._product_matrix(
                            axis, stored["axes"][axis], sees_money
                        ),
                    }
                    for axis, label in labels
                ],
                "costs": False,
            }
        return result

    @api.model
    def _product_axes(self):
        """``[(axis, its name)]``."""
        axis_field = self.env["product.class.move"]._fields["axis"]
        return axis_field._description_selection(self.env)

    def _product_matrix(self, axis, cells, sees_money):
        """A matrix as :meth:`classification.migration.get_matrix` gives it."""
        migration = self.env["classification.migration"]
        groups = [
            (old, new, was, True, count, *((money,) if sees_money else ()))
            for old, new, was, count, money in cells
        ]
        classes = self._product_classes(axis, groups)
        outside = {
            **migration._class(False, self.env._("Not Yet Classified"), 0, False),
            "is_customer": False,
        }
        heads = [{**one, "is_customer": True} for one in classes]
        return {
            "rows": [outside, *heads],
            "columns": heads,
            "cells": migration._matrix_cells(groups, [one["key"] for one in classes]),
            "currency_id": sees_money and self.company_id.currency_id.id,
        }

    @api.model
    def _product_classes(self, axis, groups):
        """The classes of an axis in their order; none where products have none."""
        migration = self.env["classification.migration"]
        to_class = self.env["product.class.move"]._fields["to_class"]
        words = dict(to_class._description_selection(self.env))
        classes = [
            migration._class(
                code, words[code], color, -place if axis in RANKED else False
            )
            for place, (code, color) in enumerate(
                zip(CLASSES[axis], CLASS_COLORS[axis], strict=True)
            )
        ]
        if any(False in (was and old, new) for old, new, was, *__ in groups):
            classes.append(migration._class(False, self.env._("None"), 0, False))
        return classes

    def _fields_of_ends(self):
        if not self._is_over_products():
            return super()._fields_of_ends()
        ends = {"from": "from_class", "to": "to_class"}
        return {axis: ends for axis, __ in self._product_axes()}

    def action_open_moves(self):
        check_one(self)
        if not self._is_over_products():
            return super().action_open_moves()
        return self._open_product_moves("product_class_move_action")

    def action_open_changes(self):
        check_one(self)
        if not self._is_over_products():
            return super().action_open_changes()
        return self._open_product_moves("product_class_change_action")

    def _open_product_moves(self, name):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"customer_classification.{name}"
        )
        return {**action, "domain": [("run_id", "=", self.id)], "context": {}}

    def _forget_moves(self):
        self.sudo().product_move_ids.unlink()
        return super()._forget_moves()

    # Telling

    def _result_sentence(self):
        if not self._is_over_products():
            return super()._result_sentence()
        if self.state == "done":
            return self.env._(
                "%(products)s products looked at, %(changes)s classes changed.",
                products=self.looked_at_count,
                changes=self.change_count,
            )
        if self.state == "waiting":
            return self.env._(
                "%(products)s %% of the products would move: a manager has to approve "
                "it.",
                products=formatLang(self.env, self.moved_customer_percent, 1),
            )
        return super()._result_sentence()

    def _approval_note(self):
        if not self._is_over_products():
            return super()._approval_note()
        return self.env._(
            "%(products)s %% of the products, with %(revenue)s %% of the revenue, "
            "would move. Nothing was changed yet: look at what moves, then approve or "
            "reject it.",
            products=formatLang(self.env, self.moved_customer_percent, 1),
            revenue=formatLang(self.env, self.moved_revenue_percent, 1),
        )
