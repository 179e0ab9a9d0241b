"""Matrices of runs over records whose classes are selections. No query.

They show the changes of products and campaigns before a run applies them.
"""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class WordAxes:
    """The axes of a kind of records, and how they are shown.

    :ivar words: ``{axis: words of its classes}``, the best first where they are ranked
    :ivar colors: ``{axis: numbers of Odoo's palette}``, in the same order
    :ivar ranked: axes on which one class is better than another
    :ivar move_model: model of the moves, with fields ``axis`` and ``to_class``
    """

    words: dict
    colors: dict
    ranked: tuple
    move_model: str

    def labels(self, env):
        """Return ``[(axis, its label)]``."""
        field = env[self.move_model]._fields["axis"]
        return field._description_selection(env)

    def ends(self):
        """Return ``{axis: {"from" or "to": field of the moves}}``."""
        return dict.fromkeys(self.words, {"from": "from_class", "to": "to_class"})


class Amounts(NamedTuple):
    """Amounts counted in the matrices.

    They hold the money, and which records had classes before.
    """

    money: object
    was_classified: object


def kept_matrices(axes, before, now, amounts):
    """Return the matrices as they are kept with the run.

    ``[from, to, whether classified before, records, money]``.
    """
    from ...engine.customers.rehearsal import NEVER, transitions

    names = tuple(axes.words)
    cells = transitions(before, now, amounts.money, names, amounts.was_classified)
    words = {axis: (False, *axes.words[axis]) for axis in names}
    return {
        "axes": {
            axis: [
                [words[axis][max(old, 0)], words[axis][new], old != NEVER, *sums]
                for old, new, *sums in cells[axis]
            ]
            for axis in names
        }
    }


def shown_matrices(axes, run, counts, sees_money):
    """Return the matrices in the reader's words.

    :param counts: the counted records, in words
    """
    stored = run.sudo().rehearsal
    return {
        "counts": counts,
        "axes": [
            {
                "name": axis,
                "label": label,
                "matrix": _matrix(axes, run, axis, stored["axes"][axis], sees_money),
            }
            for axis, label in axes.labels(run.env)
        ],
        "costs": False,
    }


def _matrix(axes, run, axis, cells, sees_money):
    """Return a matrix like :meth:`classification.migration.get_matrix`."""
    migration = run.env["classification.migration"]
    groups = [
        (old, new, was, True, count, *((money,) if sees_money else ()))
        for old, new, was, count, money in cells
    ]
    classes = _classes(axes, run.env, axis, groups)
    outside = {
        **migration._class(False, run.env._("Not Yet Classified"), 0, False),
        "is_customer": False,
    }
    heads = [{**one, "is_customer": True} for one in classes]
    return {
        "rows": [outside, *heads],
        "columns": heads,
        "cells": migration._matrix_cells(groups, [one["key"] for one in classes]),
        "currency_id": sees_money and run.company_id.currency_id.id,
    }


def _classes(axes, env, axis, groups):
    """Return the classes of an axis in order, with an empty one if needed."""
    migration = env["classification.migration"]
    to_class = env[axes.move_model]._fields["to_class"]
    words = dict(to_class._description_selection(env))
    ranked = axis in axes.ranked
    classes = [
        migration._class(code, words[code], color, -place if ranked else False)
        for place, (code, color) in enumerate(
            zip(axes.words[axis], axes.colors[axis], strict=True)
        )
    ]
    if any(False in (was and old, new) for old, new, was, *__ in groups):
        classes.append(migration._class(False, env._("None"), 0, False))
    return classes
