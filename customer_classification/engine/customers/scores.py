"""Recency, frequency and monetary scores, and the value score.

Source: docs/science.md §3: each metric on its own, thresholds by type-7
quantiles over those who bought, strict comparison, so that equal values always share
a score (ntile and rank(method='first') split 70 % of customers by row order).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..common.lazy import np
from .columns import METRICS
from .growth import growth
from .heard import known_satisfaction

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Scores(NamedTuple):
    """Scores of the metrics and the value score.

    Scores 1..bins (int8, 0 for a customer without purchase in the window) and the
    value score 0..100 (float64, NaN for none).
    """

    recency: NDArray
    frequency: NDArray
    monetary: NDArray
    value: NDArray


def quantile(ordered: NDArray, part: float, whole: float) -> float:
    """Type-7 quantile at ``part / whole`` of sorted, finite values.

    The place is computed from two exact numbers: .6 × 5 in binary lies beside 3, and
    the customer who is the threshold would land above it.
    Source: Hyndman & Fan 1996, "Sample Quantiles in Statistical Packages".
    """
    place = (len(ordered) - 1) * part / whole
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    value = ordered[low] + (ordered[high] - ordered[low]) * (place - low)
    return round(float(value), 6)


def find_thresholds(
    values: NDArray, bins: int, before: tuple[float, ...] = (), tolerance: float = 0
) -> tuple[float, ...]:
    """Return the ``bins - 1`` inner thresholds of equal shares, rising.

    Equal ones remain.

    Earlier ones hold, all or none, while their shares are equal within the tolerance
    (see :func:`stand`).
    """
    ordered = np.sort(values)
    shares = [part / bins for part in range(1, bins)]
    if len(before) == bins - 1 and stand(ordered, before, shares, tolerance):
        return before
    return tuple(quantile(ordered, part, bins) for part in range(1, bins))


def stand(ordered: NDArray, limits, shares, tolerance: float) -> bool:
    """Return whether earlier limits still cut off about the wanted shares.

    Each may be off by ``tolerance`` of the smaller side that it divides: of the best
    5 % by a 100th of all with 0.2. Limits that followed every purchase would move a
    few of the others each night, and give all of them another day of review.

    :param ordered: finite values, rising
    :param shares: wanted share below each limit, 0..1
    """
    limits, shares = np.array(limits, "float64"), np.array(shares, "float64")
    below, upto = (
        np.searchsorted(ordered, limits, side) / len(ordered)
        for side in ("left", "right")
    )
    room = tolerance * np.minimum(shares, 1 - shares)
    return bool(((below - room <= shares) & (shares <= upto + room)).all())


def bin_above(values: NDArray, thresholds: tuple[float, ...]) -> NDArray:
    """1 + number of thresholds strictly below the value: more is better."""
    return np.searchsorted(np.array(thresholds, "float64"), values, "left") + 1


def bin_below(values: NDArray, thresholds: tuple[float, ...]) -> NDArray:
    """Bins - number of thresholds strictly below the value: less is better."""
    return len(thresholds) + 2 - bin_above(values, thresholds)


def metric_values(facts, rhythm, parameters) -> dict[str, NDArray]:
    """Return the scored values of each component.

    Days since the last purchase, orders and net revenue in the window, and the extra
    metrics; NaN unknown.

    Rounded as thresholds are, or a customer would be above the own threshold.
    """
    known = {
        "recency": lambda: rhythm.recency,
        "frequency": lambda: facts.order_count,
        "monetary": lambda: facts.revenue,
        "margin": lambda: facts.margin,
        "growth": lambda: growth(facts, parameters),
        "average_order": lambda: np.round(average_order(facts), 6),
        "tenure": lambda: rhythm.tenure,
        "interactions": lambda: facts.interaction_count,
        "satisfaction": lambda: known_satisfaction(facts, parameters),
    }
    return {item.metric: known[item.metric]() for item in parameters.components}


def buyers(facts, rhythm) -> NDArray:
    """Mark customers with orders in the window."""
    return (facts.order_count > 0) & rhythm.bought


def population(facts, rhythm, parameters) -> NDArray:
    """Mark the buyers compared by scores and shares.

    Archived ones only where the rules count them.
    """
    is_buyer = buyers(facts, rhythm)
    return is_buyer if parameters.count_archived else is_buyer & ~facts.is_archived


def find_all_thresholds(facts, rhythm, parameters, standing, frozen=None):
    """Return the thresholds of each metric, and notes.

    Notes name metrics with fewer bins.

    :param standing: earlier edges, whose thresholds may hold; or None
    :param frozen: edges whose thresholds are kept whatever the population; or None
    """
    is_buyer = population(facts, rhythm, parameters)
    values = metric_values(facts, rhythm, parameters)
    thresholds, notes = {}, []
    for component in parameters.components:
        metric = component.metric
        if component.edges is not None:
            thresholds[metric] = component.edges
            continue
        if frozen and frozen.thresholds(metric):
            thresholds[metric] = frozen.thresholds(metric)
            continue
        before = standing.thresholds(metric) if standing else ()
        thresholds[metric], note = _find_or_note(
            component, values[metric][is_buyer], before, parameters
        )
        notes += note
    return thresholds, notes


def _find_or_note(component, values, before, parameters):
    known = values[~np.isnan(values)]
    count, wanted = len(known), component.bins
    about = {"metric": component.metric, "buyers": count}
    if len(values) and not count:
        return (), [{"code": "nothing_known", **about}]
    if count and known.min() == known.max():
        return (), [{"code": "no_spread", **about}]
    bins = max(1, min(wanted, count // parameters.customers_per_bin))
    # Few buyers, or few with a known metric: the remedies differ.
    reason = "customers" if count == len(values) else "known"
    note = {"code": f"few_{reason}_for_bins", **about, "bins": bins, "wanted": wanted}
    found = find_thresholds(known, bins, before, parameters.limit_tolerance)
    return found, [note] if bins < wanted else []


def score(facts, rhythm, edges, parameters) -> Scores:
    """All scores of each customer by the given edges."""
    is_buyer = buyers(facts, rhythm)
    scored = {}
    for metric, values in metric_values(facts, rhythm, parameters).items():
        bin_of = bin_below if metric == "recency" else bin_above
        binned = bin_of(values, edges.thresholds(metric))
        scored[metric] = np.where(is_buyer & ~np.isnan(values), binned, 0).astype(
            "int8"
        )
    bins = {metric: len(edges.thresholds(metric)) + 1 for metric in scored}
    weights = parameters.weights
    value = value_score(
        *zip(*((scored[m], bins[m], weights[m]) for m in scored), strict=True)
    )
    value[rhythm.bought & ~is_buyer] = 0.0
    value[~rhythm.bought] = np.nan
    return Scores(*(scored[metric] for metric in METRICS), value)


def value_score(scores, bins, weights) -> NDArray:
    """Return weighted bins as 0..100 with one decimal.

    A metric with one bin has no information and leaves its weight to the others, and so
    does, for one customer, a score of 0: the metric is not known. NaN when nothing is
    left.
    """
    total, weight = np.zeros(len(scores[0])), np.zeros(len(scores[0]))
    for binned, count, share in zip(scores, bins, weights, strict=True):
        if count > 1 and share > 0:
            known = binned > 0
            total += known * (binned - 1.0) * (100 * share / (count - 1))
            weight += known * share
    told = weight > 0
    return np.where(told, np.round(total / np.where(told, weight, 1), 1), np.nan)


def average_order(facts) -> NDArray:
    """Net revenue per order in the window; NaN without order."""
    orders = np.where(facts.order_count > 0, facts.order_count, np.nan)
    return facts.revenue / orders
