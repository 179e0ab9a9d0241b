"""Gates: the statements about the future that the proof allows.

Three steps, each with its reason: a *probability* where predictions have proved
themselves on the own past, told as what became of customers alike; else the *band* by
the customer's own rhythm, from three purchases on; else *too little known*. Numbers
that may not be said are not in the result, so that no screen can show them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from ..common.columns import code, day_number
from ..common.lazy import np, pd
from .behaviour import (
    LEAST_HORIZON,
    MOST_HORIZON,
    History,
    Snapshots,
    find_usual_gap,
    overdue_ratio,
    snapshots,
    usual_horizon,
)
from .prediction import PREDICTION, Model, learn_model, predict_with
from .proof import PROOF_REASONS, Proof, prove, prove_given

if TYPE_CHECKING:
    import datetime

    from .parameters import Parameters

BASES = ("probability", "rhythm", "too_little")
# Of a customer without a probability: why not; "rhythm" of one with a band.
BASIS_REASONS = (*PROOF_REASONS, "few_purchases", "not_predicted")
BANDS = ("in_rhythm", "late", "long_overdue")
# Purchases from which a customer has a rhythm: two gaps.
LEAST_VISITS = 3
# Columns of what may be said, beside those of ``PREDICTION``.
OUTLOOK = {
    "prediction_basis": "code of BASES",
    "prediction_reason": "code of BASIS_REASONS: why no more is said",
    "rhythm_band": "code of BANDS, 0 none",
    "alike_customers": "customers of about this probability one horizon ago",
    "alike_buyers": "how many of them bought again within the horizon",
    "alike_low": "lower end of the interval of their rate, 0..1",
    "alike_high": "upper end",
}


@dataclass(frozen=True)
class Learnt:
    """Model and proof of one run over all customers, for runs over some.

    ``model`` is None where nothing could be learnt; ``source`` names the model of the
    company that gives the probabilities, None for our own.
    """

    model: Model | None
    proof: Proof
    horizon: int
    usual_gap: float
    source: str | None = None

    def to_json(self) -> dict:
        """Values that any JSON store takes."""
        return {
            "model": self.model and self.model.to_json(),
            "proof": self.proof.to_json(),
            "horizon": self.horizon,
            "usual_gap": self.usual_gap,
            "source": self.source,
        }

    @classmethod
    def from_json(cls, values: dict) -> Learnt:
        """Return what was learnt from JSON; the inverse of :meth:`to_json`."""
        model = values["model"] and Model.from_json(values["model"])
        proof = Proof.from_json(values["proof"])
        return cls(
            *(model, proof, values["horizon"], values["usual_gap"]),
            values.get("source"),  # not there in runs of before it could be given
        )


class Predictions(NamedTuple):
    """``frame``: columns of ``PREDICTION`` and ``OUTLOOK``, by customer."""

    frame: pd.DataFrame
    learnt: Learnt


def predict(
    purchases: pd.DataFrame,
    parameters: Parameters,
    as_of: datetime.date,
    horizon: int | None = None,
) -> Predictions:
    """Learn, prove and tell what customers will probably do.

    :param purchases: one row a document up to ``as_of``, as :func:`.history.roll_up`
        takes them: ``partner_id``, ``day``, ``amount``
    :param horizon: days, 30 to 365; without it the larger of 90 and twice the usual
        gap
    :returns: one row for each customer who bought, in the order of their ids
    :raises ValueError: the horizon is out of bounds
    """
    history = History.of(purchases, parameters.currency_digits)
    if horizon is None:
        horizon = usual_horizon(history.usual_gap(day_number(as_of)))
    found = snapshots(history, as_of, horizon)
    learnt = learn(found, horizon)
    return Predictions(outlook(learnt, found.now, parameters), learnt)


def learn(found: Snapshots, horizon: int, usual_gap: float | None = None) -> Learnt:
    """Learn from all customers, and prove it.

    :param usual_gap: the gap of all, found among the customers without it
    """
    if not LEAST_HORIZON <= horizon <= MOST_HORIZON:
        raise ValueError(f"A horizon of {horizon} days is out of bounds.")
    gap = find_usual_gap(found.now) if usual_gap is None else usual_gap
    proof = prove(found.before, found.past, horizon)
    model = learn_model(found.past, found.now, horizon, gap)
    return Learnt(model, proof, horizon, gap)


def with_given(
    learnt: Learnt,
    source: str,
    probability: pd.Series,
    before: pd.DataFrame,
    past: pd.DataFrame,
) -> Learnt:
    """Return what was learnt, by a company's own model where it is better.

    It has to be proved as ours, and to have the higher Brier skill where both are.

    :param source: name of that model
    :param probability: what it said on an earlier day, by customer
    :param before: behaviour one horizon before that day, ``past`` on the day
    """
    proof = prove_given(probability, before, past, learnt.horizon)
    if not learnt.model or not proof.is_proved:
        return learnt
    skill = proof.measures["probability"].skill.value
    if learnt.proof.is_proved:
        if skill <= learnt.proof.measures["probability"].skill.value:
            return learnt
    return replace(learnt, proof=proof, source=source)


def outlook(
    learnt: Learnt,
    now: pd.DataFrame,
    parameters: Parameters,
    given: pd.Series | None = None,
) -> pd.DataFrame:
    """Return what may be said of customers, some or all.

    :param now: columns of ``BEHAVIOUR`` as of today
    :param given: probabilities of the company's own model, where it is the source
    """
    proof = learnt.proof
    chance = None
    if learnt.source:
        given = pd.Series(dtype="float64") if given is None else given
        chance = given.reindex(now.index).to_numpy("float64")
    if learnt.model and proof.is_proved:
        predicted = predict_with(learnt.model, now, chance)
    else:
        predicted = pd.DataFrame(np.nan, now.index, list(PREDICTION))
    return outlook_of(predicted, proof, now, parameters, learnt.usual_gap)


def outlook_of(
    predicted: pd.DataFrame,
    proof: Proof,
    now: pd.DataFrame,
    parameters: Parameters,
    usual_gap: float,
) -> pd.DataFrame:
    """Return the allowed statements for given predictions and their proof."""
    chance = predicted["purchase_probability"].to_numpy("float64")
    told = np.isfinite(chance) & proof.is_proved
    known = now["visit_count"].to_numpy() >= LEAST_VISITS
    why_not = "not_predicted" if proof.is_proved else proof.reason
    values = {
        "prediction_basis": np.select(
            [told, known],
            [code(BASES, "probability"), code(BASES, "rhythm")],
            code(BASES, "too_little"),
        ).astype("int8"),
        "prediction_reason": np.select(
            [told, known],
            [code(BASIS_REASONS, "proved"), code(BASIS_REASONS, why_not)],
            code(BASIS_REASONS, "few_purchases"),
        ).astype("int8"),
        "rhythm_band": np.where(known, _bands(now, parameters, usual_gap), 0),
        **_alike(chance, told, proof),
    }
    frame = predicted.reindex(columns=list(PREDICTION)).astype("float64")
    frame[~told] = np.nan
    return frame.assign(**values)


def lay_out_outlook(frame: pd.DataFrame, index: pd.Index) -> pd.DataFrame:
    """Return the rows of an outlook by customer in the order of ``index``.

    Customers without a row, who never bought, get code 0 and no amount: an amount of 0
    would be a prediction.
    """
    laid = frame.reindex(index)
    codes = {
        name: laid[name].fillna(0).astype(frame[name].dtype)
        for name in frame
        if frame[name].dtype.kind == "i"
    }
    return laid.assign(**codes)


def _bands(now, parameters, usual_gap):
    """Codes of the bands by the own rhythm."""
    late = overdue_ratio(now, usual_gap, parameters.shrinkage)
    limits = np.array([parameters.at_risk_ratio, parameters.dormant_ratio])
    return (1 + np.searchsorted(limits, np.round(late, 6), "right")).astype("int8")


def _alike(chance, told, proof):
    """Return number, buyers and interval of customers alike."""
    bins = proof.bins if proof.is_proved else ()
    place = np.searchsorted(np.array(proof.edges, "float64"), chance, "right")
    place = np.where(told, place, len(bins))
    columns = {
        "alike_customers": ([each.customers for each in bins], 0, "int64"),
        "alike_buyers": ([each.buyers for each in bins], 0, "int64"),
        "alike_low": ([each.low for each in bins], np.nan, "float64"),
        "alike_high": ([each.high for each in bins], np.nan, "float64"),
    }
    return {
        name: np.array([*values, nothing], dtype)[place]
        for name, (values, nothing, dtype) in columns.items()
    }
