"""Checks of the rules, and the error that names the wrong one."""

from __future__ import annotations

import math
from dataclasses import fields

from .columns import METRICS, SCORED_METRICS
from .tiers import keep_limit

VALUE_METRICS = ("revenue", "margin", "score")
TIER_METHODS = ("top_percent", "limit")
MIN_BINS, MAX_BINS = 3, 10


class RuleError(ValueError):
    """Rules that contradict themselves.

    The engine knows no language: a sentence for people is made from the code and the
    values by the caller.

    :ivar code: the error, as a word
    :ivar values: where and by how much: ``field``, ``other`` (names of parameters),
        ``metric``, ``tier``, ``above`` (keys), and numbers
    """

    def __init__(self, code: str, **values):
        details = ", ".join(f"{name}={value!r}" for name, value in values.items())
        super().__init__(f"{code} ({details})" if details else code)
        self.code = code
        self.values = values


def check(parameters) -> None:
    """Go through all rules.

    :raises RuleError: at the first contradiction
    """
    for judge in (
        _check_numbers,
        _check_ranges,
        _check_components,
        _check_tier_keys,
        _check_tier_limits,
        _check_keep_limits,
        _check_orders,
    ):
        judge(parameters)


def _require(condition, code, **values):
    if not condition:
        raise RuleError(code, **values)


# Single numbers


def _check_numbers(parameters):
    """Refuse unknown numbers, and infinite ones except a tier's limit."""
    for item in fields(parameters):
        value = getattr(parameters, item.name)
        if isinstance(value, int | float):
            _require(math.isfinite(value), "not_finite", field=item.name)


_NOT_NEGATIVE = (
    *("grace_days", "min_orders", "min_tenure_days", "min_customers"),
    *("shrinkage", "new_days", "loyal_orders", "loyal_tenure_days"),
    *("dormant_min_days", "lost_min_days", "won_back_days"),
    *("risk_overdue", "risk_far_overdue", "risk_declining", "risk_refunds"),
    *("risk_complaints", "risk_dissatisfied", "risk_silent"),
)
_AT_LEAST_ONE = (
    *("window_months", "customers_per_bin", "growth_min_orders"),
    *("complaints_from", "satisfaction_min_count"),
)
_POSITIVE = (
    *("min_gap_days", "at_risk_ratio", "refund_share", "risk_medium_from"),
    "silent_ratio",
)
_RANGES = {
    "keep_margin": (0, 1),
    "limit_tolerance": (0, 1),
    "decline_growth": (-1, 1),
    "currency_digits": (0, 6),
    "risk_high_below": (0, 1),
    "risk_medium_below": (0, 1),
    "dissatisfied_below": (0, 100),
}
# Above these a run could not be reckoned: dates would leave the calendar.
_DAYS, _COUNT, _FACTOR = 36_500, 1_000_000, 1000
_AT_MOST = {
    "window_months": 240,
    **dict.fromkeys(
        (
            *("grace_days", "min_tenure_days", "min_gap_days", "new_days"),
            *("loyal_tenure_days", "dormant_min_days", "lost_min_days"),
            "won_back_days",
        ),
        _DAYS,
    ),
    **dict.fromkeys(
        (
            *("min_orders", "min_customers", "customers_per_bin", "loyal_orders"),
            *("growth_min_orders", "complaints_from", "satisfaction_min_count"),
        ),
        _COUNT,
    ),
    **dict.fromkeys(
        (
            *("at_risk_ratio", "dormant_ratio", "lost_ratio"),
            *("risk_overdue", "risk_far_overdue", "risk_declining", "risk_refunds"),
            *("risk_complaints", "risk_dissatisfied", "risk_silent"),
            *("risk_medium_from", "risk_high_from", "silent_ratio"),
        ),
        _FACTOR,
    ),
    "refund_share": 1,
    "shrinkage": 1e9,  # as good as the gap of all customers alone
}
_CHOICES = {
    "value_metric": VALUE_METRICS,
    "tier_method": TIER_METHODS,
    "tier_ties": ("out", "in"),
    "share_of": ("buyers", "positive"),
    "no_value_rule": ("limits", "last", "own", "unrated"),
}


def _check_ranges(parameters):
    for name in _NOT_NEGATIVE:
        _require(getattr(parameters, name) >= 0, "negative", field=name)
    for name in _AT_LEAST_ONE:
        _require(getattr(parameters, name) >= 1, "below_one", field=name)
    for name in _POSITIVE:
        _require(getattr(parameters, name) > 0, "not_positive", field=name)
    for name, most in _AT_MOST.items():
        _require(getattr(parameters, name) <= most, "above_most", field=name, most=most)
    for name, (low, high) in _RANGES.items():
        inside = low <= getattr(parameters, name) <= high
        _require(inside, "out_of_range", field=name, low=low, high=high)
    for name, choices in _CHOICES.items():
        value = getattr(parameters, name)
        _require(value in choices, "unknown_choice", field=name, value=value)


def _check_orders(parameters):
    """Refuse a later limit with a lower number than an earlier one."""
    for name, other in (
        ("at_risk_ratio", "dormant_ratio"),
        ("dormant_ratio", "lost_ratio"),
        ("dormant_min_days", "lost_min_days"),
        ("risk_medium_from", "risk_high_from"),
        ("risk_high_below", "risk_medium_below"),
    ):
        value, later = getattr(parameters, name), getattr(parameters, other)
        _require(
            value <= later,
            "above_other",
            field=name,
            value=value,
            other=other,
            other_value=later,
        )


# Components of the score


def _check_components(parameters):
    found = [component.metric for component in parameters.components]
    for metric in found:
        _require(metric in SCORED_METRICS, "unknown_metric", metric=metric)
        _require(found.count(metric) == 1, "metric_twice", metric=metric)
    for metric in METRICS:
        _require(metric in found, "metric_missing", metric=metric)
    for component in parameters.components:
        _check_component(component)
    _require(sum(parameters.weights.values()) > 0, "no_weight")


def _check_component(component):
    metric = component.metric
    _require(math.isfinite(component.weight), "weight_unknown", metric=metric)
    _require(component.weight >= 0, "weight_negative", metric=metric)
    if component.edges is None:
        _require(
            MIN_BINS <= component.bins <= MAX_BINS,
            "bins_out_of_range",
            metric=metric,
            bins=component.bins,
            low=MIN_BINS,
            high=MAX_BINS,
        )
    else:
        _check_edges(metric, component.edges)


def _check_edges(metric, edges):
    _require(edges, "edges_missing", metric=metric)
    _require(len(edges) < MAX_BINS, "edges_too_many", metric=metric, most=MAX_BINS - 1)
    _require(all(map(math.isfinite, edges)), "edge_unknown", metric=metric)
    for low, high in zip(edges, edges[1:], strict=False):
        _require(low < high, "edges_not_rising", metric=metric, low=low, high=high)


# Tiers


def _check_tier_keys(parameters):
    keys = [tier.key for tier in parameters.tiers]
    _require(keys, "no_tier")
    _require(0 not in [*keys, parameters.unrated_key], "key_zero")
    for key in keys:
        _require(keys.count(key) == 1, "tier_twice", tier=key)
        _require(key != parameters.unrated_key, "tier_unrated", tier=key)
    if parameters.has_no_value_tier:
        _check_no_value_key(parameters, keys)


def _check_no_value_key(parameters, keys):
    key = parameters.no_value_key
    _require(key, "no_value_tier_missing")
    _require(key not in keys, "no_value_tier_twice", tier=key)
    _require(key != parameters.unrated_key, "tier_unrated", tier=key)


def _check_tier_limits(parameters):
    """Refuse tier limits that do not fall from tier to tier.

    Best tier first; each ends where the next begins, and the last takes the rest.
    """
    for tier in parameters.tiers:
        _require(not math.isnan(tier.limit), "limit_unknown", tier=tier.key)
    if parameters.is_ranked:
        _check_shares(parameters.tiers)
    else:
        _check_values(parameters.tiers)


def _check_shares(tiers):
    for tier in tiers:
        inside = 0 < tier.limit <= 100
        _require(inside, "share_out_of_range", tier=tier.key, limit=tier.limit)
    for above, tier in _pairs(tiers):
        rising = above.limit < tier.limit
        _require(rising, "share_not_larger", **_two_limits(above, tier))
    last = tiers[-1]
    _require(last.limit == 100, "share_leaves_gap", tier=last.key, limit=last.limit)


def _check_values(tiers):
    for tier in tiers[:-1]:
        _require(math.isfinite(tier.limit), "limit_infinite", tier=tier.key)
    last = tiers[-1]
    _require(last.limit < math.inf, "limit_infinite", tier=last.key)
    for above, tier in _pairs(tiers):
        falling = above.limit > tier.limit
        _require(falling, "limit_not_lower", **_two_limits(above, tier))
    _require(last.limit <= 0, "limit_leaves_gap", tier=last.key, limit=last.limit)


def _pairs(tiers):
    return zip(tiers, tiers[1:], strict=False)


def _two_limits(above, tier):
    return {
        "tier": tier.key,
        "limit": tier.limit,
        "above": above.key,
        "above_limit": above.limit,
    }


def _check_keep_limits(parameters):
    """Refuse keep limits above the limit, or crossing those of lower tiers."""
    tiers = [tier for tier in parameters.tiers if tier.keep_limit is not None]
    for tier in tiers:
        _require(math.isfinite(tier.keep_limit), "keep_unknown", tier=tier.key)
    if parameters.is_ranked:
        _check_keep_shares(tiers)
    else:
        _check_keep_values(parameters)


def _check_keep_shares(tiers):
    for tier in tiers:
        values = {"tier": tier.key, "keep": tier.keep_limit, "limit": tier.limit}
        _require(tier.keep_limit >= tier.limit, "keep_share_smaller", **values)
        _require(tier.keep_limit <= 100, "keep_share_out_of_range", **values)
    for above, tier in _pairs(tiers):
        keeps = (above.keep_limit, tier.keep_limit)
        rising = keeps[0] <= keeps[1]
        _require(rising, "keep_share_crosses", **_two_keeps(above, tier, keeps))


def _check_keep_values(parameters):
    margin, tiers = parameters.keep_margin, parameters.tiers[:-1]
    for tier in parameters.tiers:
        keep = tier.keep_limit
        values = {"tier": tier.key, "keep": keep, "limit": tier.limit}
        _require(keep is None or keep <= tier.limit, "keep_above_limit", **values)
    for above, tier in _pairs(tiers):
        keeps = [
            item.keep_limit
            if item.keep_limit is not None
            else keep_limit(item.limit, margin)
            for item in (above, tier)
        ]
        falling = keeps[0] >= keeps[1]
        _require(falling, "keep_crosses", **_two_keeps(above, tier, keeps))


def _two_keeps(above, tier, keeps):
    return {
        "tier": tier.key,
        "keep": keeps[1],
        "above": above.key,
        "above_keep": keeps[0],
    }
