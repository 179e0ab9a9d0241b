"""Drift of the customers of a run against the runs before.

The population stability index compares how a measure spreads over its classes, then
and now: PSI = Σ (a − e) · ln(a ÷ e) over the classes, with the shares e expected and a
actual. It is Jeffreys' divergence (1946), known under this name from scorecards
(Siddiqi, "Credit Risk Scorecards", 2006), with the customary limits of 0.1, a shift to
look at, and 0.25, a jump. With few customers chance alone gives as much: its 95 %
point, of (1/N + 1/M) times a chi-squared with one degree of freedom less than there
are classes (Yurdakul & Naranjo, "Statistical properties of the population stability
index", 2020), is the limit where it is higher.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..common.lazy import np, pd
from .columns import RISKS, STAGES

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHIFT_LIMIT, JUMP_LIMIT = 0.1, 0.25
# Half a customer is added for each class empty on one side (Jeffreys' prior).
SMOOTHING = 0.5
# A source has dried up when it gives less than this share of the usual ...
DRY_SHARE = 0.2
# Fewest documents a period before for a source to have dried up.
DRY_MINIMUM = 10
PERIOD_DAYS = 28
PERIODS_BEFORE = 6

Counts = dict[str, int]


def distribution(facts: pd.DataFrame, classes: pd.DataFrame) -> dict[str, Counts]:
    """Return ``{measure: {class: customers}}`` of a run, as plain JSON.

    Stages are those of everybody; the other measures are over customers who bought,
    which a list of imported prospects does not change. Facts are put into classes that
    do not depend on the run (:func:`octave`).

    :param facts: columns of ``FACTS``, by customer
    :param classes: columns of ``RESULT``, same rows
    """
    bought = (facts["lifetime_order_count"] > 0).to_numpy()
    return {
        "value_tier": _counts(classes["value_tier"][bought]),
        "lifecycle_stage": _counts(classes["lifecycle_stage"], STAGES),
        "churn_risk": _counts(classes["churn_risk"][bought], RISKS),
        "revenue": _counts(octave(facts["revenue"][bought])),
        "order_count": _counts(octave(facts["order_count"][bought])),
        "recency_days": _counts(octave(classes["recency_days"][bought])),
    }


def octave(values) -> NDArray:
    """Return the class of a quantity by powers of 2.

    0 for nothing or less, 1 below 2, n from 2^(n-1) on: fixed limits for money, orders
    and days alike.
    """
    values = np.asarray(values, "float64")
    __, exponent = np.frexp(values)
    return np.where(values > 0, np.maximum(exponent, 1), 0)


def _counts(codes, words=None):
    """``{word or number as text: customers}``."""
    found = pd.Series(np.asarray(codes)).value_counts().sort_index()
    return {
        _word(code, words): int(number)
        for code, number in zip(found.index, found, strict=True)
    }


def _word(code, words):
    if words is None:
        return str(int(code))
    return words[code - 1] if code else "none"


def total(distributions: list[dict[str, Counts]]) -> dict[str, Counts]:
    """The sum of several distributions, class by class."""
    result: dict[str, Counts] = {}
    for one in distributions:
        for measure, counts in one.items():
            into = result.setdefault(measure, {})
            for name, number in counts.items():
                into[name] = into.get(name, 0) + number
    return result


def psi(expected: Counts, actual: Counts) -> float | None:
    """Return the population stability index of two distributions.

    Both are over the same classes.

    Both are brought to the size of the smaller one before classes that are empty on
    one side get :data:`SMOOTHING`: equal shares give exactly 0, whatever the sizes,
    and an empty class of a small company is not taken for news.

    :returns: None when one side has no customers
    """
    shares = _shares(expected, actual)
    return math.fsum(_term(*pair) for pair in shares.values()) if shares else None


def _shares(expected, actual):
    """Return ``{class: (expected share, actual share)}``, smoothed.

    Classes that are empty on both sides are left out.
    """
    sizes = sum(expected.values()), sum(actual.values())
    if not all(sizes):
        return {}
    names = [n for n in {**expected, **actual} if expected.get(n) or actual.get(n)]
    smaller = min(sizes)
    sides = [
        [counts.get(name, 0) * smaller / size for name in names]
        for counts, size in zip((expected, actual), sizes, strict=True)
    ]
    if not all(map(all, sides)):
        sides = [[count + SMOOTHING for count in side] for side in sides]
    shares = [[count / math.fsum(side) for count in side] for side in sides]
    return dict(zip(names, zip(*shares, strict=True), strict=True))


def _term(expected, actual):
    return (actual - expected) * math.log(actual / expected)


def chance_limit(classes: int, before: float, now: float) -> float:
    """PSI that 5 % of samples from one population exceed.

    :param classes: number of classes
    :param before: customers expected are a sample of; the usual number, not the sum
        over runs, which are the same customers again
    :param now: customers of this run
    """
    freedom = classes - 1
    if freedom < 1:
        return 0.0
    return (1 / before + 1 / now) * _chi_squared_95(freedom)


def _chi_squared_95(freedom):
    """Return the 95 % point of a chi-squared distribution.

    By the cube of a normal (Wilson & Hilferty 1931): 3 % off at one degree of freedom,
    less above.
    """
    part = 2 / (9 * freedom)
    return freedom * (1 - part + 1.6449 * math.sqrt(part)) ** 3


def drift(before: list[dict[str, Counts]], now: dict[str, Counts]) -> dict[str, dict]:
    """Compare the distributions of a run with those of earlier runs.

    :return: ``{measure: {psi, chance, class, share_before, share_now}}``; ``class`` is
        the one that contributes most
    :param before: distributions of the trailing runs; without any there is nothing
        to compare with
    """
    usual = total(before)
    return {
        measure: _drift_of(usual[measure], actual, len(before))
        for measure, actual in now.items()
        if _shares(usual.get(measure, {}), actual)
    }


def _drift_of(expected, actual, runs):
    shares = _shares(expected, actual)
    most = max(shares, key=lambda name: _term(*shares[name]))
    before, now = sum(expected.values()), sum(actual.values())
    return {
        "psi": psi(expected, actual),
        "chance": chance_limit(len(shares), before / runs, now),
        "class": most,
        "share_before": expected.get(most, 0) / before,
        "share_now": actual.get(most, 0) / now,
    }


def jumped(found: dict[str, dict], limit: float) -> list[str]:
    """Return measures whose index exceeds the limit, and chance."""
    return [
        name for name, one in found.items() if one["psi"] > max(limit, one["chance"])
    ]


def dried_up(recent: int, before: int) -> bool:
    """Return whether a source has nearly stopped giving documents.

    :param recent: documents of the last :data:`PERIOD_DAYS`
    :param before: documents of the :data:`PERIODS_BEFORE` periods before, together
    """
    usual = before / PERIODS_BEFORE
    return usual >= DRY_MINIMUM and recent < DRY_SHARE * usual
