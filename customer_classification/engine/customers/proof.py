"""Proof of predictions on the company's own past.

They are made for a day one horizon ago, with nothing but what was known then, and
compared with what has happened since. They are proved where their Brier skill is above
0 at 95 %, from 100 customers and 30 events on; an event is the rarer of buying and not
buying. Beside them: days since the last purchase, last year's spend, and the rule of 90
days, each as anybody could have used it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, NamedTuple

from ..common.lazy import np, pd
from ..common.proportions import wilson_interval
from .accuracy import Estimate, auc, brier_skill, compare_auc, placements
from .back_test import FIXED_DAYS, in_rank_order, ratio
from .behaviour import overdue_ratio
from .prediction import group_edges, learn_model, predict_with, usual_revenue
from .repeat_regression import learn

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_CUSTOMERS, LEAST_EVENTS = 100, 30
# Customers that are looked at, every n-th by id: more tell nothing new.
MOST_CUSTOMERS = 200_000
PROOF_REASONS = (
    "proved",
    "few_customers",  # fewer than 100 had bought by then
    "few_events",  # fewer than 30 bought, or did not, within the horizon
    "short_history",  # too little was known then to learn from
    "not_fitted",  # no method found weights
    "no_skill",  # not better than the rate of all, or not surely
)
RULES = ("recency", "spend", "fixed_days")
LISTS = ("revenue_at_risk", "overdue", "spend")
FIRST_PART = 5  # lists are judged by their first fifth


class Bin(NamedTuple):
    """Customers of about one probability, and how many of them bought."""

    customers: int
    buyers: int
    predicted: float  # mean probability
    rate: float
    low: float  # Wilson's interval of the rate
    high: float


class Measure(NamedTuple):
    """Quality of one way to tell who will buy.

    ``ahead``: of days since the last purchase, by AUC: 1 better, -1 worse, 0 the
    difference may be chance.
    """

    auc: Estimate
    skill: Estimate
    ahead: int


@dataclass(frozen=True)
class Proof:
    """Result of the back-test of predictions.

    ``reason``: one of ``PROOF_REASONS``; ``measures``: by name, ``probability`` among
    them where there is one; ``bins`` with their inner ``edges``; ``lists``: share of
    the lost revenue in the first fifth of each list, None without any; ``best_list``:
    the order to work by; ``range_share`` of the customers had a revenue within their
    range, of those ``range_customers`` whose range is more than nothing;
    ``expected_total`` and ``actual_total``: sums of revenue.
    """

    reason: str
    customers: int = 0
    buyers: int = 0
    measures: dict[str, Measure] | None = None
    edges: tuple[float, ...] = ()
    bins: tuple[Bin, ...] = ()
    lists: dict[str, float | None] | None = None
    best_list: str = "overdue"
    range_share: float | None = None
    range_customers: int = 0
    expected_total: float | None = None
    actual_total: float | None = None

    @property
    def is_proved(self) -> bool:
        """Return whether probabilities may be shown."""
        return self.reason == "proved"

    def to_json(self) -> dict:
        """Values that any JSON store takes."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict) -> Proof:
        """Return the proof from JSON; the inverse of :meth:`to_json`."""
        measures = {
            name: Measure(Estimate(*area), Estimate(*skill), ahead)
            for name, (area, skill, ahead) in (values["measures"] or {}).items()
        }
        bins = tuple(Bin(*each) for each in values["bins"])
        edges = tuple(values["edges"])
        return cls(**{**values, "measures": measures, "bins": bins, "edges": edges})


def prove(before: pd.DataFrame, past: pd.DataFrame, horizon: int) -> Proof:
    """Predict for an earlier day and compare with what then happened.

    :param before: columns of ``BEHAVIOUR`` two horizons ago, ``past`` one ago
    """
    model = learn_model(before, past, horizon) if _has_events(before) else None
    if model is None:
        return judge(None, before, past, horizon, learnt=_has_events(before))
    return judge(predict_with(model, past), before, past, horizon)


def prove_given(
    probability: pd.Series, before: pd.DataFrame, past: pd.DataFrame, horizon: int
) -> Proof:
    """Judge the probabilities that another model gave on an earlier day.

    :param probability: by customer; without one of each customer nothing is proved
    :param before: behaviour one horizon before that day, ``past`` on the day
    """
    chance = probability.reindex(past.index).to_numpy("float64")
    model = learn_model(before, past, horizon) if _has_events(before) else None
    if model is None:
        predicted = pd.DataFrame({"purchase_probability": chance}, past.index)
    else:
        predicted = predict_with(model, past, chance)
    return judge(predicted, before, past, horizon)


def judge(
    predicted: pd.DataFrame | None,
    before: pd.DataFrame,
    past: pd.DataFrame,
    horizon: int,
    learnt: bool = True,
) -> Proof:
    """Judge predictions for an earlier day, whoever made them.

    :param predicted: ``purchase_probability`` and, where there are some, the other
        columns of ``PREDICTION``, rows as ``past``; None without predictions
    :param before: behaviour from which simple rules learn their probabilities
    :param learnt: whether there was enough to learn from
    """
    past, predicted = _sampled(past), _sampled(predicted)
    bought = past["bought"].to_numpy(bool)
    measures = _measures(predicted, before, past)
    proof = {
        "customers": len(bought),
        "buyers": int(bought.sum()),
        "measures": measures,
        **_lists(predicted, past, horizon),
    }
    if predicted is not None:
        proof |= {**_bins(predicted, bought), **_revenue(predicted, past)}
    reason = _reason(bought, measures, learnt)
    if reason != "proved" and proof["best_list"] == "revenue_at_risk":
        proof["best_list"] = _best(proof["lists"], LISTS[1:])
    return Proof(reason, **proof)


def _sampled(frame):
    step = 1 if frame is None else -(-len(frame) // MOST_CUSTOMERS)
    return frame if step <= 1 else frame.iloc[::step]


def _has_events(behaviour):
    bought = int(behaviour["bought"].sum())
    return min(bought, len(behaviour) - bought) >= LEAST_EVENTS


def _reason(bought, measures, learnt):
    """Return the first of the conditions that does not hold, or "proved"."""
    events = min(bought.sum(), (~bought).sum())
    skill = measures["probability"].skill if "probability" in measures else None
    failed = (
        (len(bought) < LEAST_CUSTOMERS, "few_customers"),
        (events < LEAST_EVENTS, "few_events"),
        (not learnt, "short_history"),
        (skill is None, "not_fitted"),
        (skill is None or skill.low is None or skill.low <= 0, "no_skill"),
    )
    return next((reason for is_so, reason in failed if is_so), "proved")


# Who bought


def rule_scores(behaviour: pd.DataFrame) -> dict[str, NDArray]:
    """Return the number by which each simple rule tells who will buy."""
    recency = behaviour["recency"].to_numpy("float64")
    return {
        "recency": -recency,
        "spend": behaviour["year_revenue"].to_numpy("float64"),
        "fixed_days": (recency <= FIXED_DAYS).astype("float64"),
    }


def _measures(predicted, before, past):
    bought = past["bought"].to_numpy(bool)
    scores, chances = rule_scores(past), _rule_chances(before, past)
    if predicted is not None:
        scores["probability"] = predicted["purchase_probability"].to_numpy("float64")
        chances["probability"] = scores["probability"]
        if not np.isfinite(scores["probability"]).all():
            del scores["probability"]  # not all were predicted: nothing is proved
    placed = {name: placements(score, bought) for name, score in scores.items()}
    return {
        name: Measure(
            auc(own),
            brier_skill(chances[name], bought) if name in chances else Estimate(),
            compare_auc(own, placed["recency"]),
        )
        for name, own in placed.items()
    }


def _rule_chances(before, past):
    """Probabilities by each simple rule, as it held one horizon earlier."""
    found = {}
    learnt, now = rule_scores(before), rule_scores(past)
    for name in RULES:
        model = learn(_alone(learnt[name]), before["bought"].to_numpy(bool))
        if model:
            found[name] = model.chance(_alone(now[name]))
    return found


def _alone(score):
    """One column; a logarithm of large numbers, as they are skewed."""
    return (np.sign(score) * np.log1p(np.abs(score)))[:, None]


def _bins(predicted, bought):
    """Customers by probability, with what then happened."""
    probability = predicted["purchase_probability"].to_numpy("float64")
    if not len(probability) or not np.isfinite(probability).all():
        return {}
    edges = group_edges(probability)
    place = np.searchsorted(np.array(edges, "float64"), probability, "right")
    size = np.bincount(place)
    buyers = np.bincount(place, bought).astype("int64")
    mean = np.bincount(place, probability) / size
    rows = zip(size.tolist(), buyers.tolist(), mean.tolist(), strict=True)
    bins = [Bin(n, k, p, k / n, *wilson_interval(k, n)) for n, k, p in rows]
    return {"edges": edges, "bins": tuple(bins)}


# Revenue


def _revenue(predicted, past):
    """Share of the revenues within their ranges, and the sums."""
    if "expected_revenue" not in predicted or not len(past):
        return {}
    actual = past["next_revenue"].to_numpy("float64")
    low, high = (predicted[f"revenue_{end}"].to_numpy() for end in ("low", "high"))
    ranged = high > 0
    within = (actual >= low - 0.005) & (actual <= high + 0.005)
    return {
        "range_share": ratio(int((within & ranged).sum()), int(ranged.sum())),
        "range_customers": int(ranged.sum()),
        "expected_total": float(predicted["expected_revenue"].sum()),
        "actual_total": float(actual.sum()),
    }


def _lists(predicted, past, horizon):
    """Share of the lost revenue in the first fifth of each list.

    Of customers who had bought within the horizon before: others had gone already.
    Lost is what one who did not buy used to bring in as much time.
    """
    live = past["recency"].to_numpy("float64") <= horizon
    past = past[live]
    lost = ~past["bought"].to_numpy(bool)
    revenue = usual_revenue(past, horizon) * lost
    orders = {
        "overdue": overdue_ratio(past),
        "spend": past["year_revenue"].to_numpy("float64"),
    }
    if predicted is not None and "revenue_at_risk" in predicted:
        orders["revenue_at_risk"] = predicted["revenue_at_risk"].to_numpy()[live]
    first = len(past) // FIRST_PART
    lists = {
        name: _first_share(orders.get(name), revenue, first)
        if lost.sum() >= LEAST_EVENTS
        else None
        for name in LISTS
    }
    return {"lists": lists, "best_list": _best(lists, LISTS)}


def _first_share(order, revenue, first):
    if order is None or not revenue.sum() > 0:
        return None
    [held] = in_rank_order(-order, revenue, [first])
    return held / float(revenue.sum())


def _best(lists, names):
    """Return the list that held most; overdue where nothing was to be seen."""
    known = {name: lists[name] for name in names if lists[name] is not None}
    return max(known, key=known.get) if known else "overdue"
