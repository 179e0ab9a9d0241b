"""What a run over products would change, before it does. No query."""

from ...engine import PRODUCT_AXES
from .columns import CLASSES

# Colours of the classes, the best first, and the axes on which one is better.
CLASS_COLORS = {
    "abc": (10, 4, 0),
    "xyz": (10, 4, 2),
    "price_band": (0, 0, 0),
    "sales_lifecycle": (4, 10, 0, 2, 1),
}
RANKED = ("abc", "xyz")


def matrices(pipeline):
    """Return the matrices of the moves with the words of the classes.

    ``[from, to, whether classified before, products, revenue]``.
    """
    from ...engine.customers.rehearsal import NEVER, transitions

    known = pipeline.previous["policy"] != 0
    shown, revenue = pipeline.shown, pipeline.facts["revenue"]
    cells = transitions(shown.before, shown.now, revenue, PRODUCT_AXES, known)
    words = {axis: (False, *CLASSES[axis]) for axis in PRODUCT_AXES}
    return {
        "axes": {
            axis: [
                [words[axis][max(old, 0)], words[axis][new], old != NEVER, *sums]
                for old, new, *sums in cells[axis]
            ]
            for axis in PRODUCT_AXES
        }
    }


def view(run, sees_money):
    """Return the matrices in the reader's words."""
    stored = run.sudo().rehearsal
    return {
        "counts": run.env._("Products"),
        "axes": [
            {
                "name": axis,
                "label": label,
                "matrix": _matrix(run, axis, stored["axes"][axis], sees_money),
            }
            for axis, label in axes(run.env)
        ],
        "costs": False,
    }


def axes(env):
    """Return ``[(axis, its label)]``."""
    axis_field = env["product.class.move"]._fields["axis"]
    return axis_field._description_selection(env)


def _matrix(run, axis, cells, sees_money):
    """Return a matrix as of :meth:`classification.migration.get_matrix`."""
    migration = run.env["classification.migration"]
    groups = [
        (old, new, was, True, count, *((money,) if sees_money else ()))
        for old, new, was, count, money in cells
    ]
    classes = _classes(run.env, axis, groups)
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


def _classes(env, axis, groups):
    """Return the classes of an axis in order, with none if needed."""
    migration = env["classification.migration"]
    to_class = env["product.class.move"]._fields["to_class"]
    words = dict(to_class._description_selection(env))
    classes = [
        migration._class(code, words[code], color, -place if axis in RANKED else False)
        for place, (code, color) in enumerate(
            zip(CLASSES[axis], CLASS_COLORS[axis], strict=True)
        )
    ]
    if any(False in (was and old, new) for old, new, was, *__ in groups):
        classes.append(migration._class(False, env._("None"), 0, False))
    return classes
