"""Memory of the rules of customers: which earlier classes still count."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..common.memory import IDENTITY, without
from .columns import METRICS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .parameters import Edges, Parameters, TierLimit

# Rules that change neither a value, nor a score, nor the compared customers.
_OF_CLASSES = frozenset(
    {
        *("tiers", "unrated_key", "min_orders", "min_tenure_days", "min_customers"),
        *("keep_margin", "grace_days", "one_step_down", "limit_tolerance"),
        *("shrinkage", "min_gap_days", "new_days", "loyal_orders"),
        *("loyal_tenure_days", "at_risk_ratio", "dormant_ratio", "lost_ratio"),
        *("dormant_min_days", "lost_min_days", "won_back_days", "decline_growth"),
        *("refund_share", "risk_overdue", "risk_far_overdue", "risk_declining"),
        *("risk_refunds", "risk_medium_from", "risk_high_from"),
        *("complaints_from", "dissatisfied_below", "silent_ratio"),
        *("risk_complaints", "risk_dissatisfied", "risk_silent"),
        *("interested_by_enquiry", "risk_by_predictions", "risk_medium_below"),
        "risk_high_below",
        *("no_value_rule", "no_value_key", "segments"),
    }
)
# Numbers that are needed before one metric is known.
_OF_METRICS = {
    "growth": "growth_min_orders",
    "satisfaction": "satisfaction_min_count",
}
_OF_SCORES = frozenset({"components", "customers_per_bin", *_OF_METRICS.values()})
_OF_TIERS = frozenset({"value_metric", "tier_method", "tier_ties", "share_of"})


def tier_rules(parameters: Parameters, item: TierLimit) -> tuple:
    """The rules by which the limit of a tier is found."""
    left_out = IDENTITY | _OF_CLASSES
    if parameters.value_metric != "score":
        left_out |= _OF_SCORES
    return item.key, item.limit, without(parameters, left_out)


def boundary_rules(parameters: Parameters, item: TierLimit) -> tuple:
    """The rules by which a tier is entered and kept."""
    own = item.keep_limit is not None
    keep = item.keep_limit if own else parameters.keep_margin
    return *tier_rules(parameters, item), own, keep


def _score_rules(parameters: Parameters, metric: str) -> dict:
    """The rules by which the thresholds of a metric are found."""
    left_out = IDENTITY | _OF_CLASSES | _OF_TIERS | {"components"}
    left_out |= {rule for other, rule in _OF_METRICS.items() if other != metric}
    own = [replace(c, weight=1) for c in parameters.components if c.metric == metric]
    return {**without(parameters, left_out), "own": own}


def _gap_rules(parameters: Parameters) -> dict:
    """The rules by which the usual gap is found."""
    left_out = IDENTITY | _OF_CLASSES | _OF_TIERS | _OF_SCORES
    left_out |= {"window_months", "count_archived"}
    return without(parameters, left_out)


def standing_edges(edges: Edges, old: Parameters, new: Parameters) -> Edges:
    """Return the limits of a run that may hold by other rules.

    Those that both versions find alike.

    :param edges: limits that a run by the ``old`` rules used
    :return: the same without the others; no usual gap is 0
    """

    def thresholds(metric):
        same = _score_rules(old, metric) == _score_rules(new, metric)
        return edges.thresholds(metric) if same else ()

    same_limit = _common(old, new, tier_rules)
    same_keep = _common(old, new, boundary_rules)
    return edges.replace(
        **{metric: thresholds(metric) for metric in METRICS},
        extras={metric: thresholds(metric) for metric in edges.extras},
        population_gap_days=edges.population_gap_days
        if _gap_rules(old) == _gap_rules(new)
        else 0,
        tier_limits=_only(edges.tier_limits, same_limit),
        keep_limits=_only(edges.keep_limits, same_keep),
        limits_found=_only(edges.limits_found, same_limit),
    )


def _common(old, new, rules_of) -> set:
    """Return keys of the tiers with equal rules in two versions.

    Without the last tier.
    """
    before = {item.key: rules_of(old, item) for item in old.tiers[:-1]}
    same = {
        item.key
        for item in new.tiers[:-1]
        if before.get(item.key) == rules_of(new, item)
    }
    # Between something and nothing there is one limit only.
    lasts = [rules.tiers[-1].key for rules in (old, new) if rules.has_no_value_tier]
    return same | set(lasts[:1]) if len(lasts) == 2 and lasts[0] == lasts[1] else same


def _only(values: Mapping, keys) -> dict:
    return {key: value for key, value in values.items() if key in keys}


def remembered_tiers(old: Parameters, new: Parameters) -> dict[int, int]:
    """Return the claim that a tier by the old rules gives by the new ones.

    :return: ``{tier by the old rules: tier by the new rules}``

    A customer above several limits keeps the claim to the best of those that are the
    same: where only the limit of VIP is another one, a VIP is known to have been High.
    """
    same = _common(old, new, boundary_rules)
    place = {item.key: number for number, item in enumerate(new.tiers)}
    claims = {}
    for number, item in enumerate(old.tiers):
        below = [one.key for one in old.tiers[number:] if one.key in same]
        claim = min(below, key=place.get, default=new.tier_keys[-1])
        claims[item.key] = claim
    return claims


def all_tiers(old: Parameters, new: Parameters) -> dict[int, int]:
    """The same, where every tier that there still is keeps its claim."""
    known = {item.key for item in new.tiers}
    claims = {item.key: item.key for item in old.tiers if item.key in known}
    return remembered_tiers(old, new) | claims
