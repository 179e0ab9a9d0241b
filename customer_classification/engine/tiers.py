"""Value tiers: promotion at once, demotion late.

Source: science.md §5.2: on Online Retail plain quantile tiers flip 482 times within
a month, with a keep limit 10 % lower and a second look 45 times. The second look is a
number of days here, not of runs, so that running twice a night changes nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from .columns import TIER_REASONS, code
from .lazy import np
from .scores import buyers, quantile, stand

if TYPE_CHECKING:
    from numpy.typing import NDArray

(
    *(LIMIT, KEPT, GRACE, LAPSED, NO_PURCHASE, TOO_NEW, FEW_CUSTOMERS, NO_MARGIN),
    NO_SCORE,
) = (code(TIER_REASONS, reason) for reason in TIER_REASONS)


class Tiers(NamedTuple):
    """Key, code of the reason, day (float, NaN none) since when below the keep
    limit, and whether a demotion is withheld, of each customer."""

    key: NDArray
    reason: NDArray
    below_since: NDArray
    held_back: NDArray


class _Ranks(NamedTuple):
    """Places among the tiers, 0 the best, -1 none: before, by the limits, and the
    best whose keep limit is reached."""

    before: NDArray
    entered: NDArray
    kept: NDArray


def tier_values(facts, scores, parameters) -> NDArray:
    """What tiers are made of; NaN where unknown."""
    return {
        "revenue": facts.revenue,
        "margin": facts.margin,
        "score": scores.value,
    }[parameters.value_metric]


def find_limits(values, is_buyer, parameters, standing=None):
    """``{key: value from which the tier begins}``, ``{key: value down to which it is
    kept}``, and notes.

    Top shares become type-7 quantiles over the buyers of known value; empty when
    those are fewer than ``min_customers``. Those of before that were found by the same
    rules stand, all or none, while they cut off these shares within the tolerance and
    no limit that is found anew crosses them.

    :param standing: edges of before, as of :func:`.memory.standing_edges`; or None
    """
    tiers = parameters.tiers[:-1]  # the last one takes the rest
    if not parameters.is_ranked:
        limits = {tier.key: float(tier.limit) for tier in tiers}
        return limits, _keep_limits(limits, float, parameters), []
    values = np.sort(values[is_buyer & ~np.isnan(values)])
    if len(values) < max(parameters.min_customers, 1):
        note = {
            "code": "few_customers_for_tiers",
            "buyers": len(values),
            "needed": max(parameters.min_customers, 1),
        }
        return {}, {}, [note]

    def of_share(share):
        return quantile(values, 100 - share, 100)

    found = {tier.key: of_share(tier.limit) for tier in tiers}
    stood = _standing(values, standing, parameters)
    limits = found | stood.limits
    if list(limits.values()) != sorted(limits.values(), reverse=True):
        limits, stood = found, _NOTHING
    return limits, _keep_limits(limits, of_share, parameters) | stood.keeps, []


class _Stood(NamedTuple):
    """Limits, and own keep limits, of before that stand, by tier."""

    limits: dict
    keeps: dict


_NOTHING = _Stood({}, {})


def _standing(values, standing, parameters):
    """Limits of before, where all of them still cut off the shares of their tiers; an
    own keep limit cuts off a share, too."""
    if not standing:
        return _NOTHING
    tiers = parameters.tiers[:-1]
    limits = [
        (item.key, standing.tier_limits[item.key], item.limit)
        for item in tiers
        if item.key in standing.tier_limits
    ]
    keeps = [
        (item.key, standing.keep_limits[item.key], item.keep_limit)
        for item in tiers
        if item.key in standing.keep_limits and item.keep_limit is not None
    ]
    cuts = [limit for __, limit, __ in limits + keeps]
    shares = [1 - share / 100 for __, __, share in limits + keeps]
    if not stand(values, cuts, shares, parameters.limit_tolerance):
        return _NOTHING
    return _Stood(*({key: cut for key, cut, __ in one} for one in (limits, keeps)))


def _keep_limits(limits, value_of, parameters):
    """``{key: value down to which the tier is kept}``.

    :param value_of: function from an own keep limit, as written, to its value
    """
    return {
        tier.key: value_of(tier.keep_limit)
        if tier.keep_limit is not None
        else keep_limit(limits[tier.key], parameters.keep_margin)
        for tier in parameters.tiers
        if tier.key in limits
    }


def keep_limit(limit: float, margin: float) -> float:
    """The value down to which a tier is kept: ``margin`` of the limit below it, also
    where the limit is negative. Rounded, so that 300 - 10 % is 270 and no dust."""
    return round(limit - margin * abs(limit), 6) if math.isfinite(limit) else limit


def tier(facts, previous, values, rhythm, edges, parameters, today: float) -> Tiers:
    """The tier of each customer, with its reason.

    :param values: what tiers are made of, NaN unknown
    :param today: day number of the run
    :raises ValueError: the edges were found for other tiers
    """
    is_buyer = buyers(facts, rhythm)
    unrated = _unrated_reason(facts, values, is_buyer, rhythm, edges, parameters)
    # Who bought nothing in the window reaches no limit, but leaves by the same path.
    values = np.where(is_buyer & (unrated == 0), values, -np.inf)
    ranks = _rank(values, previous, edges, parameters)
    below_since = _below_since(previous, ranks, parameters)
    rank, since = _demote_late(ranks, below_since, parameters, today)
    reason = np.select(
        [rank < ranks.entered, ~is_buyer & (rank == len(parameters.tiers) - 1)],
        [np.where(rank < ranks.kept, GRACE, KEPT), LAPSED],
        LIMIT,
    )
    rated = unrated == 0
    keys = np.array([item.key for item in parameters.tiers])
    return Tiers(
        key=np.where(rated, keys[rank], parameters.unrated_key),
        reason=np.where(rated, reason, unrated),
        below_since=np.where(rated, since, np.nan),
        held_back=rated & (rank < ranks.entered),
    )


def _unrated_reason(facts, values, is_buyer, rhythm, edges, parameters):
    """Code of why a customer gets no tier, 0 for who gets one."""
    # A single tier needs no limit, and nobody to compare with.
    is_cut = parameters.is_ranked and len(parameters.tiers) > 1
    too_few = is_cut and not edges.tier_limits
    return np.select(
        [
            ~rhythm.bought,
            is_too_new(facts, rhythm, parameters),
            np.full(len(values), too_few),
            is_buyer & np.isnan(values),
        ],
        [NO_PURCHASE, TOO_NEW, FEW_CUSTOMERS, _why_unknown(edges, parameters)],
        0,
    )


def _why_unknown(edges, parameters):
    """Code of why a buyer has no value. Without spread or with too few customers a
    score is unknown for everybody; otherwise this customer lacks what it weighs."""
    if parameters.value_metric == "margin":
        return NO_MARGIN
    told = [
        metric
        for metric, weight in parameters.weights.items()
        if weight and edges.thresholds(metric)
    ]
    return NO_SCORE if told else FEW_CUSTOMERS


def is_too_new(facts, rhythm, parameters) -> NDArray:
    """Few orders and a short time: nothing to judge by yet."""
    few = facts.lifetime_order_count < parameters.min_orders
    return few & (rhythm.tenure < parameters.min_tenure_days)


def _rank(values, previous, edges, parameters):
    limits, keeps = _limits_and_keeps(edges, parameters)
    # A share of the customers is above its limit, a fixed limit is reached.
    side = "left" if parameters.is_ranked else "right"
    return _Ranks(
        before=_rank_before(previous, parameters),
        entered=_rank_by(values, limits, side),
        kept=_rank_by(values, keeps, "right"),
    )


def _limits_and_keeps(edges, parameters):
    """Limits and keep limits of all tiers but the last, which takes the rest; the
    best tier's first.

    Who could keep a better tier keeps a lower one too, also where the best 30 % keep
    the better and the lower has its tolerance only.
    """
    keys = [tier.key for tier in parameters.tiers[:-1]]
    limits, own = edges.tier_limits, edges.keep_limits
    if not parameters.is_ranked:
        limits, own, __ = find_limits(None, None, parameters)
    elif not limits:
        limits = dict.fromkeys(keys, math.inf)
    if not set(keys) <= set(limits):
        raise ValueError("The limits were found for other tiers: run over everybody.")
    keeps = {key: keep_limit(limits[key], parameters.keep_margin) for key in keys} | own
    rising = np.minimum.accumulate([keeps[key] for key in keys] or [0.0])
    return [limits[key] for key in keys], rising[: len(keys)]


def _rank_by(values, limits, side):
    """Place of the best tier whose limit is passed."""
    rising = np.array(limits[::-1], "float64")
    return len(limits) - np.searchsorted(rising, values, side)


def _rank_before(previous, parameters):
    """Place of the tier of which is remembered that it was reached; -1 where there is
    none: not rated, a tier that is no more, or rules of which nothing is known."""
    rank = np.full(len(previous.value_tier), -1, "int64")
    places = {item.key: place for place, item in enumerate(parameters.tiers)}
    own = {parameters.policy: {key: key for key in places}}
    for policy, claims in {**parameters.remembers, **own}.items():
        for key, claim in claims.items():
            held = (previous.policy == policy) & (previous.value_tier == key)
            rank[held] = places[claim]
    return rank


def _below_since(previous, ranks, parameters):
    """Since when the keep limit is missed. Where one step is lost at a time, each tier
    has a time of its own: that of a better one, whose limit is another now, is over."""
    if not parameters.one_step_down:
        return previous.tier_below_since
    keys = np.array([item.key for item in parameters.tiers])
    is_same = keys[ranks.before] == previous.value_tier
    return np.where(is_same, previous.tier_below_since, np.nan)


def _demote_late(ranks, below_since, parameters, today):
    """The rank that holds today, and since when (NaN: not) its keep limit is missed."""
    falling = (ranks.before >= 0) & (ranks.entered > ranks.before)
    below = falling & (ranks.kept > ranks.before)
    since = np.where(below, np.fmin(below_since, today), np.nan)
    over = below & (today - since >= grace_days(parameters))
    lower = ranks.before + 1 if parameters.one_step_down else ranks.kept
    rank = np.where(over, lower, np.where(falling, ranks.before, ranks.entered))
    since = np.where(over, np.where(rank < ranks.kept, today, np.nan), since)
    return rank, since


def grace_days(parameters) -> int:
    """Days below the keep limit before a demotion. One step at a time takes at least
    a day for each, or a second run on the same day would take the next step."""
    return max(parameters.grace_days, 1 if parameters.one_step_down else 0)
