"""Preview of a run over customers, before it changes anything.

Customers and money before and after, from which class to which they go, and the spread
of values. Computed in memory while the run has its frames: no query.
"""

from .columns import RISKS

# Beside the axes of the history: segments have none, they are those of the last run.
SEGMENT = "segment"

# Keeping


def histogram_values(pipeline):
    """Return how the values are spread, and the rules of the values."""
    from ...engine.customers.histogram import histogram

    return {
        **histogram(pipeline.facts, pipeline.result, pipeline.parameters),
        "rules": pipeline.policy._value_rules(),
    }


def matrices(pipeline):
    """Return the matrices of the moves, and the policy of the classes before.

    ``[from, to, whether classified before, customers, revenue]`` with ids of tiers,
    stages and segments, and words of risks.
    """
    from ...engine.customers.rehearsal import NEVER

    keys = {
        "value_tier": lambda tier: tier,
        "lifecycle_stage": pipeline.run._stage_ids().__getitem__,
        "churn_risk": ("", *RISKS).__getitem__,
        SEGMENT: lambda segment: segment,
    }
    cells = _cells(pipeline)
    return {
        "axes": {
            axis: [
                [key(max(old, 0)) or False, key(new) or False, old != NEVER, *sums]
                for old, new, *sums in cells[axis]
            ]
            for axis, key in keys.items()
        },
        "policy_before": _policy_before(pipeline),
    }


def _cells(pipeline):
    """Return the cells of each axis, and of the segments."""
    from ...engine.customers.rehearsal import transitions

    shown, revenue = pipeline.shown, pipeline.facts["revenue"]
    before = pipeline.previous[[SEGMENT]]
    now = shown.now[[]].assign(**{SEGMENT: pipeline.segments})
    known = shown.before["value_tier"] != 0
    return {
        **transitions(shown.before, shown.now, revenue),
        **transitions(before, now, revenue, (SEGMENT,), known),
    }


def _policy_before(pipeline):
    """Return the id of the policy by which most customers have their classes.

    The one in force, of versions with the same rules; False where nobody has a class.
    """
    policies = pipeline.previous["policy"]
    policies = policies[policies != 0].mode()
    if policies.empty:
        return False
    last, known = pipeline.last, int(policies.iloc[0])
    return last.policy_id.id if last._is_by(known) else known


# Showing


def view(run, sees_money):
    """Return the matrices in the reader's words."""
    stored = run.sudo().rehearsal
    return {
        "axes": [
            {
                "name": axis,
                "label": label,
                "has_movers": axis != SEGMENT,
                "matrix": _matrix(run, axis, stored["axes"][axis], sees_money),
            }
            for axis, label in _axes(run.env)
            if axis in stored["axes"]  # older runs had no segments
        ],
        "costs": sees_money and _costs(run, stored),
    }


def _axes(env):
    """Return ``[(axis, its label)]``, segments last."""
    axis_field = env["classification.move"]._fields["axis"]
    return [*axis_field._description_selection(env), (SEGMENT, env._("Segment"))]


def _matrix(run, axis, cells, sees_money):
    """Return a matrix like :meth:`classification.migration.get_matrix`."""
    migration = run.env["classification.migration"]
    groups = [
        (old, new, was, True, customers, *((money,) if sees_money else ()))
        for old, new, was, customers, money in cells
    ]
    classes = _classes(migration, axis, groups)
    heads = [{**item, "is_customer": True} for item in classes]
    return {
        "rows": [migration._outside("from"), *heads],
        "columns": heads,
        "cells": migration._matrix_cells(groups, [item["key"] for item in classes]),
        "currency_id": sees_money and run.company_id.currency_id.id,
    }


def _classes(migration, axis, groups):
    """Return the classes of an axis in order.

    No class comes last, if customers have none.
    """
    if axis != SEGMENT:
        return migration._matrix_classes(axis, groups)
    used = {key for old, new, *__ in groups for key in (old, new)}
    segments = migration.env["customer.segment"].with_context(active_test=False)
    classes = [
        migration._class(segment.id, segment.name, segment.color, False)
        for segment in segments.search_fetch([], ["name", "color", "active"])
        if segment.id in used
    ]
    if any(False in (was and old, new) for old, new, was, *__ in groups):
        classes.append(migration._class(False, migration.env._("None"), 0, False))
    return classes


def _costs(run, stored):
    """Return ``{"before": {tier: money}, "after": {tier: money}}``.

    The costs of the tiers' benefits, by the rules that gave the classes before and by
    these; False when no tier has any.
    """
    policies = run.env["classification.policy"].sudo()
    before = policies.browse(stored["policy_before"] or ()).exists()
    costs = {}
    for side, place, policy in (
        ("before", 0, before),
        ("after", 1, run.policy_id.sudo()),
    ):
        benefits = policy._tier_benefits()
        costs[side] = dict.fromkeys(benefits, 0)
        for old, new, __, customers, money in stored["axes"]["value_tier"]:
            tier = (old, new)[place]
            if tier in benefits:
                percent, amount = benefits[tier]
                costs[side][tier] += money * percent / 100 + customers * amount
    return any(benefits for benefits in costs.values()) and costs


def readable_histogram(histogram, sees_money):
    """Return the histogram as a reader may see it.

    Money, and values that are money, only for those who may see it.
    """
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
