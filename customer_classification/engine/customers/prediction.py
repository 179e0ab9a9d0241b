"""Predictions within a horizon, learnt on the company's own past.

*Probability of a purchase*: the mean of two, learnt one horizon ago, since when the
outcome is known: MBG/NBD of today's purchases, its odds adjusted to what then happened,
and a logistic regression on five numbers. Where one of them cannot be fitted, the other
counts alone; without both there is none.

*Expected revenue*: purchases to expect × amount to expect, times the factor by which
the sum was off in the past. Its range holds eight of ten of the customers who were
alike then; where more than one of ten bought nothing, it begins at nothing.

*Revenue at risk*: probability of no purchase × what the customer would buy at the pace
of its last year.

Nothing here says whether the numbers are good enough to be shown: :mod:`.proof` does.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from ..common.lazy import np, pd
from .behaviour import YEAR, find_usual_gap
from .gamma_gamma import Spend, learn_spend
from .mbg_nbd import MbgNbd, fit, group
from .repeat_regression import Logistic, learn, logit, repeat_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Columns of what is predicted, by customer.
PREDICTION = {
    "purchase_probability": "of a purchase within the horizon",
    "expected_revenue": "net amount to expect within the horizon",
    "revenue_low": "lower end of its range of 80 %",
    "revenue_high": "upper end of its range of 80 %",
    "revenue_at_risk": "(1 − probability) × revenue at the pace of last year",
}
# Groups of customers alike in probability, and the least of a group.
GROUPS, LEAST_GROUP = 10, 30
# Shares of the range: learnt in one window for another one, it has to be a little wider
# than the eight of ten that it is to hold there (docs/science.md §11). The last: share
# of customers without revenue from which it begins at nothing.
LOW, HIGH, NOTHING = 0.09, 0.91, 0.1
# The sum of the past corrects the expected one by no more than this.
MOST_FACTOR = 3.0


@dataclass(frozen=True)
class Ranges:
    """Limits of actual ÷ expected revenue, by probability.

    ``edges``: inner probabilities between the groups, rising.
    """

    edges: tuple[float, ...] = ()
    low: tuple[float, ...] = (0.0,)
    high: tuple[float, ...] = (0.0,)

    def place(self, probability: NDArray) -> NDArray:
        """Return the number of each customer's group."""
        return np.searchsorted(np.array(self.edges, "float64"), probability, "right")


@dataclass(frozen=True)
class Model:
    """All that is needed to predict for customers, some or all."""

    horizon: int
    usual_gap: float
    purchases: MbgNbd | None
    adjustment: Logistic | None
    regression: Logistic | None
    spend: Spend
    factor: float = 1.0
    ranges: Ranges = Ranges()

    def to_json(self) -> dict:
        """Values that any JSON store takes."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict) -> Model:
        """Return the model from JSON; the inverse of :meth:`to_json`."""
        kinds = {
            "purchases": MbgNbd,
            "adjustment": Logistic,
            "regression": Logistic,
            "spend": Spend,
            "ranges": Ranges,
        }
        parts = {
            name: values[name] and kind(**_tuples(values[name]))
            for name, kind in kinds.items()
        }
        return cls(**{**values, **parts})


def _tuples(values):
    return {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}


# Learning


def learn_model(
    past: pd.DataFrame, now: pd.DataFrame, horizon: int, gap: float | None = None
) -> Model | None:
    """Learn on a day of which the outcome is known, for another day.

    :param past: columns of ``BEHAVIOUR`` on the earlier day, with the outcome
    :param now: the same today; its outcome is not looked at
    :param gap: the usual gap between purchases, found in ``now`` without it
    :returns: None where nothing can be learnt
    """
    gap = find_usual_gap(now) if gap is None else gap
    bought = past["bought"].to_numpy(bool)
    model = Model(
        horizon,
        gap,
        _fit_purchases(past),
        None,
        learn(repeat_numbers(past, gap), bought),
        _learn_spend(past),
    )
    if model.purchases:
        odds = logit(_active(model, past))[:, None]
        model = replace(model, adjustment=learn(odds, bought))
    if not _chances(model, past):
        return None
    model = _with_ranges(model, past)
    today = _fit_purchases(now) if model.adjustment else None
    return replace(model, purchases=today, spend=_learn_spend(now))


def _counts(behaviour):
    """Repeat purchases, days from first to last, days observed."""
    x = behaviour["visit_count"].to_numpy("float64") - 1
    age = behaviour["tenure"].to_numpy("float64")
    return x, age - behaviour["recency"].to_numpy("float64"), age


def _fit_purchases(behaviour):
    return fit(group(*_counts(behaviour))) if len(behaviour) else None


def _learn_spend(behaviour):
    count = behaviour["visit_count"].to_numpy("float64")
    return learn_spend(count, behaviour["revenue"].to_numpy("float64") / count)


def _with_ranges(model, past):
    """Add the factor and the ranges that fit an earlier day."""
    actual = past["next_revenue"].to_numpy("float64")
    probability = purchase_probability(model, past)
    expected = _expected_revenue(model, past, probability)
    total = expected.sum()
    factor = float(np.maximum(actual.sum(), 0) / total) if total > 0 else 1.0
    factor = min(max(factor, 1 / MOST_FACTOR), MOST_FACTOR)
    ratio = actual / np.where(expected > 0, expected * factor, np.inf)
    ranges = _ranges(probability[expected > 0], ratio[expected > 0])
    return replace(model, factor=factor, ranges=ranges)


def _ranges(probability, ratio):
    if not len(ratio):
        return Ranges()
    edges = group_edges(probability)
    place = np.searchsorted(np.array(edges, "float64"), probability, "right")
    limits = [_range(ratio[place == number]) for number in range(len(edges) + 1)]
    low, high = zip(*limits, strict=True)
    return Ranges(edges, low, high)


def group_edges(probability: NDArray) -> tuple[float, ...]:
    """Return the inner limits of groups of about equal size."""
    count = min(GROUPS, max(1, len(probability) // LEAST_GROUP))
    # A limit is one of the values, or between two of them there might be nobody.
    places = np.arange(1, count) * len(probability) // count
    cuts = np.sort(probability)[places]
    # One at the lowest value would leave nobody below it.
    return tuple(np.unique(cuts[cuts > probability.min()]).tolist())


def _range(ratio):
    """Return the limits of ratios."""
    if np.mean(ratio <= 0) > NOTHING:
        return 0.0, max(0.0, float(np.quantile(ratio, HIGH - LOW)))
    low, high = np.quantile(ratio, [LOW, HIGH])
    return float(low), float(high)


# Predicting


def predict_with(
    model: Model, behaviour: pd.DataFrame, probability: NDArray | None = None
) -> pd.DataFrame:
    """Return what is to expect of customers, columns of ``PREDICTION``.

    :param behaviour: columns of ``BEHAVIOUR``, of some customers or all
    :param probability: by another model, NaN where it says nothing; else by this one
    """
    if probability is None:
        probability = purchase_probability(model, behaviour)
    expected = _expected_revenue(model, behaviour, probability) * model.factor
    place = model.ranges.place(probability)
    values = {
        "purchase_probability": probability,
        "expected_revenue": expected,
        "revenue_low": expected * np.array(model.ranges.low)[place],
        "revenue_high": expected * np.array(model.ranges.high)[place],
        "revenue_at_risk": (1 - probability) * usual_revenue(behaviour, model.horizon),
    }
    return pd.DataFrame(values, behaviour.index, copy=False)


def purchase_probability(model: Model, behaviour: pd.DataFrame) -> NDArray:
    """Probability of a purchase within the horizon; NaN where it is not known."""
    chances = _chances(model, behaviour)
    if not chances:
        return np.full(len(behaviour), np.nan)
    return np.mean(chances, axis=0)


def usual_revenue(behaviour: pd.DataFrame, horizon: float) -> NDArray:
    """Return the revenue of a horizon at the pace of the last 365 days.

    Of customers younger than that, the amount counts as that of a year.
    """
    year = np.maximum(behaviour["year_revenue"].to_numpy("float64"), 0)
    return year * horizon / YEAR


def _chances(model, behaviour):
    """Return the chances by each of the methods that could be fitted."""
    found = []
    if model.purchases and model.adjustment:
        odds = logit(_active(model, behaviour))[:, None]
        found.append(model.adjustment.chance(odds))
    if model.regression:
        numbers = repeat_numbers(behaviour, model.usual_gap)
        found.append(model.regression.chance(numbers))
    return found


def _active(model, behaviour):
    return model.purchases.active(*_counts(behaviour), model.horizon)


def _expected_revenue(model, behaviour, probability):
    """Purchases to expect × amount to expect, before the factor."""
    count = behaviour["visit_count"].to_numpy("float64")
    mean = behaviour["revenue"].to_numpy("float64") / count
    amount = model.spend.expected(count, mean)
    return probability * _purchases_if_any(model, behaviour) * amount


def _purchases_if_any(model, behaviour):
    """Expected purchases of customers who buy at all; 1 where it is not known.

    A function of two of the three numbers, worked out once for each pair of them.
    """
    if not model.purchases:
        return np.ones(len(behaviour))
    x, __, age = _counts(behaviour)
    base = int(age.max()) + 1 if len(age) else 1
    pairs, place = np.unique(x * base + age, return_inverse=True)
    x, age = np.divmod(pairs, base)
    # The chance that the customer has left is a factor of both, and goes away.
    at_once = (x, age, age, model.horizon)
    number = model.purchases.expected(*at_once) / model.purchases.active(*at_once)
    return np.where(np.isfinite(number), np.maximum(number, 1), 1.0)[place.ravel()]
