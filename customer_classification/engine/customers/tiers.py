"""Value tiers: promotion at once, demotion late.

Source: docs/science.md §4: on Online Retail plain quantile tiers flip 482 times within
a month, with a keep limit 10 % lower and a second look 45 times. The second look is a
number of days here, not of runs, so that running twice a night changes nothing.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

from ..common.columns import code
from ..common.lazy import np
from .columns import TIER_REASONS
from .scores import buyers, population, stand

if TYPE_CHECKING:
    from numpy.typing import NDArray

(
    *(LIMIT, KEPT, GRACE, LAPSED, NO_PURCHASE, TOO_NEW, FEW_CUSTOMERS, NO_MARGIN),
    NO_SCORE,
    NO_VALUE,
) = (code(TIER_REASONS, reason) for reason in TIER_REASONS)


class Tiers(NamedTuple):
    """Tier of each customer with its reason and grace.

    Key, code of the reason, day since when below the keep limit (float, NaN none), and
    whether a demotion is withheld.
    """

    key: NDArray
    reason: NDArray
    below_since: NDArray
    held_back: NDArray


class _Ranks(NamedTuple):
    """Ranks among the tiers: before, by the limits, and kept.

    0 is the best, -1 none; the kept one is the best whose keep limit is reached.
    """

    before: NDArray
    entered: NDArray
    kept: NDArray


def tier_values(facts, scores, parameters) -> NDArray:
    """Return the values that decide tiers; NaN where unknown."""
    return {
        "revenue": facts.revenue,
        "margin": facts.margin,
        "score": scores.value,
    }[parameters.value_metric]


def compared(values, is_buyer, parameters) -> NDArray:
    """Mark the customers compared by top shares.

    Buyers with a known value, and only those above 0 if the rules exclude others.

    :param is_buyer: the population of :func:`scores.population`
    """
    known = is_buyer & ~np.isnan(values)
    return known & (values > 0) if parameters.share_of == "positive" else known


def find_limits(values, is_compared, parameters, standing=None, frozen=None):
    """Return limits and keep limits of the tiers, and notes.

    :return: ``{key: value from which the tier begins}``, ``{key: value down to which it
        is kept}``, and notes

    Top shares become type-7 quantiles over those who are compared; empty when these are
    fewer than ``min_customers``. Earlier ones that were found by the same rules hold,
    all or none, while they cut off these shares within the tolerance and no limit that
    is found anew crosses them.

    A limit of a share is the highest amount that is not yet enough: a customer above it
    is in. A fixed limit, and a keep limit, is the lowest amount that is enough. Both
    are amounts of the currency, or scores of one decimal, so that the amount shown is
    the amount that decides.

    :param is_compared: mask of :func:`compared`
    :param standing: earlier edges, as :func:`.memory.standing_edges` gives them; or
        None
    :param frozen: edges whose limits are kept, whatever the population; or None
    """
    if not parameters.is_ranked:
        return *_fixed_limits(parameters), []
    values = np.sort(values[is_compared])
    kept = frozen or _NOTHING_FROZEN
    are_known = parameters.tiers[1:] and _are_all(kept.tier_limits, parameters)
    needed = max(parameters.min_customers, 1)
    if len(values) < needed and not are_known:
        few = {"code": "few_customers_for_tiers", "buyers": len(values)}
        return {}, {}, [{**few, "needed": needed}]
    limits, keeps = _share_limits(values, parameters, standing, kept)
    notes = _share_notes(values, limits, parameters, kept.tier_limits)
    return *_in_whole_amounts(limits, keeps, parameters), list(notes)


_NOTHING_FROZEN = SimpleNamespace(tier_limits={}, keep_limits={})


def _are_all(limits, parameters):
    """Return whether there is a limit of each tier but the last."""
    return all(tier.key in limits for tier in parameters.tiers[:-1])


def _fixed_limits(parameters):
    """Limits and keep limits that the rules name, as amounts of the currency."""
    digits = parameters.value_digits
    limits = {
        tier.key: rounded_up(float(tier.limit), digits)
        for tier in parameters.tiers[:-1]
    }
    keeps = _keep_limits(limits, float, parameters)
    return _with_something(limits, keeps, parameters, 10.0**-digits)


def _share_limits(values, parameters, standing, frozen):
    """Return limits and keep limits of top shares.

    Frozen ones, earlier ones that hold, else those found now.

    :param values: rising values of those who are compared
    """
    units = np.rint(values * 10.0**parameters.value_digits).astype("int64")
    found = {
        tier.key: _share_limit(units, tier.limit, parameters)
        for tier in parameters.tiers[:-1]
    }
    kept = {key: limit for key, limit in frozen.tier_limits.items() if key in found}
    stood = _standing(values, standing, parameters)
    limits = found | stood.limits | kept
    if list(limits.values()) != sorted(limits.values(), reverse=True):
        limits, stood = found | kept, _NOTHING

    def of_share(share):
        return _keep_share_limit(units, share, parameters)

    keeps = _keep_limits(limits, of_share, parameters) | stood.keeps
    own = {key: keep for key, keep in frozen.keep_limits.items() if key in kept}
    return limits, keeps | own


def _share_limit(units, share, parameters):
    """Return the highest amount not among the best ``share`` percent.

    The type-7 quantile, rounded down. Equal values at the limit are all out, or all in.

    :param units: rising values in the smallest unit
    """
    low, high, part = _around(units, share)
    if low == high:
        limit = low - (parameters.tier_ties == "in")
    else:
        limit = low + min(math.floor(round((high - low) * part, 6)), high - low - 1)
    return limit / 10**parameters.value_digits


def _keep_share_limit(units, share, parameters):
    """Lowest amount that is still among the best ``share`` percent."""
    low, high, part = _around(units, share)
    kept = low + math.ceil(round((high - low) * part, 6))
    return kept / 10**parameters.value_digits


def _around(units, share):
    """Return the two values around the start of a top share.

    With the fraction of the way from the lower to the higher one.
    """
    if not len(units):
        return 0, 0, 0.0
    place = _share_place(len(units), share)
    low = int(place)
    high = min(low + 1, len(units) - 1)
    return int(units[low]), int(units[high]), place - low


def _share_place(count, share):
    """Place of the quantile; without the dust that percents have in binary."""
    return round((count - 1) * (100 - share) / 100, 9)


def share_count(count: int, share: float) -> int:
    """Return the number of customers in a top share.

    It presumes that no two customers have equal values.
    """
    return count - 1 - int(_share_place(count, share))


def _in_whole_amounts(limits, keeps, parameters):
    """Return limits of shares as amounts, none above that of a better tier.

    Frozen limits may cross limits that are found.
    """
    digits, whole, lowest = parameters.value_digits, {}, math.inf
    for key, limit in limits.items():
        lowest = whole[key] = min(lowest, rounded_down(limit, digits))
    keeps = {key: rounded_up(keep, digits) for key, keep in keeps.items()}
    return _with_something(whole, keeps, parameters, 0.0)


def _with_something(limits, keeps, parameters, limit):
    """Add the limit between something and nothing.

    Only where the rules have a tier for the values of 0 and less. It has no tolerance.
    """
    if not parameters.has_no_value_tier:
        return limits, keeps
    last = parameters.tiers[-1].key
    least = 10.0**-parameters.value_digits
    return {**limits, last: limit}, {**keeps, last: least}


def _share_notes(values, limits, parameters, kept):
    """Return notes of tiers reached by far more or fewer than their share.

    Because many have one value or because somebody keeps the limit. If all have one
    value, the notes of the scores say so already.

    :param kept: limits that are kept, by key
    """
    if not len(values) or values[0] == values[-1]:
        return
    for tier in parameters.tiers[:-1]:
        reached = len(values) - np.searchsorted(values, limits[tier.key], "right")
        room = parameters.limit_tolerance * min(tier.limit, 100 - tier.limit) / 100
        is_tied = np.ptp(_around(values * 1e6, tier.limit)[:2]) == 0
        if not (tier.key in kept or is_tied):
            continue
        wanted = share_count(len(values), tier.limit)
        if abs(reached - wanted) > room * len(values):
            yield {
                "code": "kept_share" if tier.key in kept else "tied_share",
                "tier": tier.key,
                "share": tier.limit,
                "customers": int(reached),
                "buyers": len(values),
            }


def choice_notes(facts, rhythm, values, parameters):
    """Return notes on the choices of comparison and of no value.

    With the number of customers concerned today.
    """
    is_buyer = buyers(facts, rhythm)
    is_worthless = (rhythm.bought & ~is_buyer) | (is_buyer & (values <= 0))
    left_out = parameters.share_of == "positive" and parameters.is_ranked
    found = {
        "archived_left_out": is_buyer & ~population(facts, rhythm, parameters),
        "not_positive_left_out": is_buyer & (values <= 0) & left_out,
        f"no_value_{parameters.no_value_rule}": is_worthless,
    }
    found.pop("no_value_limits", None)
    tier = {"no_value_tier": parameters.tier_keys[-1]}
    return [
        {"code": name, "customers": int(who.sum())}
        | (tier if name in ("no_value_last", "no_value_own") else {})
        for name, who in found.items()
        if who.any()
    ]


def rounded_down(value: float, digits: int) -> float:
    """Return the largest amount not above a value.

    With a number of decimals.
    """
    return _rounded(value, digits, math.floor)


def rounded_up(value: float, digits: int) -> float:
    """Return the smallest amount not below a value.

    With a number of decimals.
    """
    return _rounded(value, digits, math.ceil)


def _rounded(value, digits, whole):
    if not math.isfinite(value):
        return value
    # A sum of cents in binary may lie a trifle beside a whole number of them.
    return whole(round(value * 10**digits, 5)) / 10**digits


def lowest_entering(limit: float, is_ranked: bool, digits: int) -> float:
    """Return the lowest amount that enters a tier, from its limit."""
    if not is_ranked:
        return rounded_up(limit, digits)
    return round(rounded_down(limit, digits) + 10.0**-digits, digits)


class _Stood(NamedTuple):
    """Limits, and own keep limits, that hold from an earlier run, by tier."""

    limits: dict
    keeps: dict


_NOTHING = _Stood({}, {})


def _standing(values, standing, parameters):
    """Return the earlier limits, if all still cut off their shares.

    An own keep limit cuts off a share, too.
    """
    if not standing:
        return _NOTHING
    tiers = parameters.tiers[:-1]
    # Where equal values are in, theirs is the limit, and not the amount below it.
    above = 10.0**-parameters.value_digits if parameters.tier_ties == "in" else 0
    limits = [
        (item.key, standing.tier_limits[item.key] + above, item.limit)
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
    return _Stood(
        {key: standing.tier_limits[key] for key, *__ in limits},
        {key: keep for key, keep, __ in keeps},
    )


def _keep_limits(limits, value_of, parameters):
    """``{key: value down to which the tier is kept}``.

    :param value_of: function from an own keep limit, as written, to its value
    """
    keeps = {
        tier.key: value_of(tier.keep_limit)
        if tier.keep_limit is not None
        else keep_limit(limits[tier.key], parameters.keep_margin)
        for tier in parameters.tiers
        if tier.key in limits
    }
    digits = parameters.value_digits
    return {key: rounded_up(keep, digits) for key, keep in keeps.items()}


def keep_limit(limit: float, margin: float) -> float:
    """Return the value down to which a tier is kept.

    ``margin`` of the limit below it, also where the limit is negative. Rounded, so that
    300 - 10 % is exactly 270.
    """
    return round(limit - margin * abs(limit), 6) if math.isfinite(limit) else limit


def tier(facts, previous, values, rhythm, edges, parameters, today: float) -> Tiers:
    """Return the tier of each customer, with its reason.

    :param values: the values that decide tiers, NaN unknown
    :param today: day number of the run
    :raises ValueError: the edges were found for other tiers
    """
    is_buyer = buyers(facts, rhythm)
    unrated = _unrated_reason(facts, values, is_buyer, rhythm, edges, parameters)
    # A customer without purchases in the window reaches no limit, but leaves a tier in
    # the same way.
    values = np.where(is_buyer & (unrated == 0), values, -np.inf)
    ranks = _rank(values, previous, edges, parameters)
    below_since = _below_since(previous, ranks, parameters)
    rank, since = _demote_late(ranks, below_since, parameters, today)
    reason = np.select(
        [rank < ranks.entered, ~is_buyer & (rank == len(parameters.tier_keys) - 1)],
        [np.where(rank < ranks.kept, GRACE, KEPT), LAPSED],
        LIMIT,
    )
    rated = unrated == 0
    keys = np.array(parameters.tier_keys)
    return Tiers(
        key=np.where(rated, keys[rank], parameters.unrated_key),
        reason=np.where(rated, reason, unrated),
        below_since=np.where(rated, since, np.nan),
        held_back=rated & (rank < ranks.entered),
    )


def _unrated_reason(facts, values, is_buyer, rhythm, edges, parameters):
    """Return the code of why a customer has no tier, 0 with one."""
    # A single tier needs neither a limit nor a comparison.
    is_cut = parameters.is_ranked and len(parameters.tiers) > 1
    too_few = is_cut and not edges.tier_limits
    return np.select(
        [
            ~rhythm.bought,
            is_too_new(facts, rhythm, parameters),
            np.full(len(values), too_few),
            is_buyer & np.isnan(values),
            _is_refused(values, is_buyer, parameters),
        ],
        [
            *(NO_PURCHASE, TOO_NEW, FEW_CUSTOMERS),
            *(_why_unknown(edges, parameters), NO_VALUE),
        ],
        0,
    )


def _is_refused(values, is_buyer, parameters):
    """Mark values of 0 or less that the rules do not rate.

    Customers without purchase in the window have no value.
    """
    refuses = parameters.no_value_rule == "unrated"
    return refuses & (~is_buyer | (values <= 0))


def is_unrated(values, is_buyer, parameters) -> NDArray:
    """Mark values that give no tier, for customers who have one today."""
    unknown = is_buyer & np.isnan(values)
    return unknown | _is_refused(values, is_buyer, parameters)


def _why_unknown(edges, parameters):
    """Return the code of the reason for an unknown value of a buyer.

    Without spread or with too few customers a score is unknown for everybody; otherwise
    this customer lacks the weighed facts.
    """
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
    return _Ranks(
        _rank_before(previous, parameters), *places(values, edges, parameters)
    )


def places(values, edges, parameters) -> tuple[NDArray, NDArray]:
    """Return the ranks that values enter, and those that they keep.

    0 is the best.

    :param values: what tiers are made of, minus infinity for customers without
        purchase
    """
    if parameters.no_value_rule != "limits":
        values = np.where(values <= 0, -np.inf, values)
    limits, keeps = _limits_and_keeps(edges, parameters)
    # A share of the customers is above its limit, a fixed limit is reached.
    side = "left" if parameters.is_ranked else "right"
    return _rank_by(values, limits, side), _rank_by(values, keeps, "right")


def _limits_and_keeps(edges, parameters):
    """Return limits and keep limits of all tiers but the last, best first.

    A customer who could keep a better tier keeps a lower one too, also where the best
    30 % keep the better and the lower has its tolerance only.
    """
    keys = parameters.tier_keys[:-1]
    limits, own = edges.tier_limits, edges.keep_limits
    if not parameters.is_ranked:
        limits, own = _fixed_limits(parameters)
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
    """Return the rank of the remembered tier; -1 for none.

    Not rated, a tier that was removed, or rules that are unknown.
    """
    rank = np.full(len(previous.value_tier), -1, "int64")
    places = {key: place for place, key in enumerate(parameters.tier_keys)}
    own = {parameters.policy: {key: key for key in places}}
    for policy, claims in {**parameters.remembers, **own}.items():
        for key, claim in claims.items():
            held = (previous.policy == policy) & (previous.value_tier == key)
            rank[held] = places[claim]
    return rank


def _below_since(previous, ranks, parameters):
    """Return since when the keep limit is missed.

    Where one step is lost at a time, each tier has a time of its own: that of a better
    one, whose limit is another now, is over.
    """
    if not parameters.one_step_down:
        return previous.tier_below_since
    keys = np.array(parameters.tier_keys)
    is_same = keys[ranks.before] == previous.value_tier
    return np.where(is_same, previous.tier_below_since, np.nan)


def _demote_late(ranks, below_since, parameters, today):
    """Return the rank in force, and since when its keep limit is missed.

    NaN where it is not missed.
    """
    falling = (ranks.before >= 0) & (ranks.entered > ranks.before)
    below = falling & (ranks.kept > ranks.before)
    since = np.where(below, np.fmin(below_since, today), np.nan)
    over = below & (today - since >= grace_days(parameters))
    lower = ranks.before + 1 if parameters.one_step_down else ranks.kept
    rank = np.where(over, lower, np.where(falling, ranks.before, ranks.entered))
    since = np.where(over, np.where(rank < ranks.kept, today, np.nan), since)
    return rank, since


def grace_days(parameters) -> int:
    """Return the days below the keep limit before a demotion.

    One step at a time takes at least a day for each, or a second run on the same day
    would take the next step.
    """
    return max(parameters.grace_days, 1 if parameters.one_step_down else 0)
