"""Segments: a map over the RFM scores that never contradicts classes.

The policy cuts the cube of 5 × 5 × 5 scores into segments. A segment may *claim* how
active its customers are and how much they bring. Where the shown classes contradict the
claim, the customer gets the segment named for that case, and so on down to one that
claims nothing.

*How it works*: where each segment leads is followed once for each kind of customer
(four by activity, three by value); customers then take one look into a table.
Source of the map of RFM cells: docs/science.md §7; the claims are the design's.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

from ..common.columns import code
from ..common.lazy import np
from .columns import METRICS, RISKS, STAGES
from .rules import RuleError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

FIFTHS = range(1, 6)
CELLS = tuple(itertools.product(FIFTHS, FIFTHS, FIFTHS))
# Kinds of customers by their visible classes, in the order of the codes below.
ACTIVITIES = ("steady", "medium_risk", "high_risk", "gone")
VALUES = ("little", "middle", "much")
# With which kinds a claim agrees.
ACTIVITY_CLAIMS = {
    "none": ACTIVITIES,
    "staying": ("steady", "medium_risk"),
    "slipping": ("medium_risk", "high_risk"),
    "leaving": ("medium_risk", "high_risk", "gone"),
    "gone": ("gone",),
}
VALUE_CLAIMS = {
    "none": VALUES,
    "much": ("middle", "much"),
    "little": ("little", "middle"),
}


class Segment(NamedTuple):
    """A segment of a policy.

    ``key`` is above 0; ``cells`` are scores ``(recency, frequency, monetary)``, each
    1..5; ``otherwise`` is the key of the segment for customers for whom the claims do
    not hold, 0 for none. A segment without cells is reached from others only.
    """

    key: int
    cells: frozenset = frozenset()
    activity: str = "none"
    value: str = "none"
    otherwise: int = 0

    @property
    def claims(self) -> bool:
        """Return whether this segment would be untrue of some customers."""
        return (self.activity, self.value) != ("none", "none")

    def agrees(self, activity: str, value: str) -> bool:
        """Return whether the claims hold for a kind of customers."""
        return (
            activity in ACTIVITY_CLAIMS[self.activity]
            and value in VALUE_CLAIMS[self.value]
        )


def check(segments: tuple[Segment, ...]) -> None:
    """Refuse maps with holes, overlaps or claims that lead nowhere.

    No segment at all is a map, too: nobody has one.

    :raises RuleError: at the first contradiction
    """
    by_key = {segment.key: segment for segment in segments}
    _check_keys(segments)
    _check_cells(segments)
    for segment in segments:
        _check_claims(segment)
        _check_way(segment, by_key)


def _check_keys(segments):
    keys = [segment.key for segment in segments]
    for key in keys:
        if not key:
            raise RuleError("segment_zero")
        if keys.count(key) > 1:
            raise RuleError("segment_twice", segment=key)


def _check_cells(segments):
    owners = {}
    for segment in segments:
        for cell in sorted(segment.cells):
            other = owners.setdefault(cell, segment.key)
            if cell not in CELLS:
                raise RuleError("cell_unknown", segment=segment.key, cell=cell)
            if other != segment.key:
                keys = {"segment": other, "other_segment": segment.key}
                raise RuleError("cell_twice", cell=cell, **keys)
    missing = tuple(cell for cell in CELLS if cell not in owners)
    if segments and missing:
        many = {"more": len(missing) - 1} if len(missing) > 1 else {}
        code = "cells_missing" if many else "cell_missing"
        raise RuleError(code, cell=missing[0], **many)


def _check_claims(segment):
    for claim, claims in (
        (segment.activity, ACTIVITY_CLAIMS),
        (segment.value, VALUE_CLAIMS),
    ):
        if claim not in claims:
            raise RuleError("claim_unknown", segment=segment.key, claim=claim)


def _check_way(segment, by_key):
    """The way from a segment ends at one that claims nothing."""
    passed = [segment.key]
    while segment.claims:
        keys = {"segment": segment.key, "other_segment": segment.otherwise}
        if not segment.otherwise:
            raise RuleError("otherwise_missing", segment=segment.key)
        if segment.otherwise not in by_key:
            raise RuleError("otherwise_unknown", **keys)
        if segment.otherwise in passed:
            raise RuleError("otherwise_circle", **keys)
        segment = by_key[segment.otherwise]
        passed.append(segment.key)


def segment_of(scores: NDArray, shown, bins, parameters) -> NDArray:
    """Key of the segment of each customer (int64, 0 where a score is 0).

    :param scores: recency, frequency and monetary score, three rows of int8
    :param shown: classes as people see them, by the names of ``AXES``
    :param bins: ``{metric: number of bins}`` of the scores
    :param parameters: rules with ``segments`` and ``tiers``
    """
    segments = parameters.segments
    if not segments:
        return np.zeros(len(scores[0]), "int64")
    fifths = [
        fifth_of(bins[metric])[score]
        for metric, score in zip(METRICS, scores, strict=True)
    ]
    activity = activity_of(shown["lifecycle_stage"], shown["churn_risk"])
    tiers = [tier.key for tier in parameters.tiers]
    little = (parameters.unrated_key, parameters.no_value_key)
    value = value_of(shown["value_tier"], tiers, little)
    place = _place_of_cell(segments)[tuple(fifths)]
    return _ends(segments)[place, activity, value]


def steps(segments: Iterable[Segment], cell, activity, value) -> list[Segment]:
    """Return the segments that a customer passes; the last one is final.

    :param cell: the three scores in fifths
    :param activity: one of ``ACTIVITIES``
    :param value: one of ``VALUES``
    """
    first = next((segment for segment in segments if cell in segment.cells), None)
    by_key = {segment.key: segment for segment in segments}
    return list(_way(first, by_key, activity, value)) if first else []


def _way(segment, by_key, activity, value):
    yield segment
    while not segment.agrees(activity, value):
        segment = by_key[segment.otherwise]
        yield segment


def fifth_of(bins: int) -> NDArray:
    """Return the fifth of the middle of each bin as a table, 0 for none.

    The middle of a single bin is 3; ten bins fall in pairs.
    """
    scores = np.arange(1, bins + 1)
    return np.append(0, -(-(2 * scores - 1) * 5 // (2 * bins)))


def activity_of(stage, risk) -> NDArray:
    """Place in ``ACTIVITIES`` by the codes of stage and risk that people see."""
    stage, risk = np.asarray(stage), np.asarray(risk)
    gone = [code(STAGES, name) for name in ("dormant", "lost")]
    names = ("gone", "high_risk", "medium_risk")
    return np.select(
        [
            np.isin(stage, gone),
            risk == code(RISKS, "high"),
            risk == code(RISKS, "medium"),
        ],
        [ACTIVITIES.index(name) for name in names],
        ACTIVITIES.index("steady"),
    )


def value_of(tier, keys: list[int], little: Iterable[int]) -> NDArray:
    """Return the index in ``VALUES`` by the key of the shown tier.

    The lowest tier means little, the upper half of the tiers much.

    :param keys: of the tiers with a limit and of the one that takes the rest, the
        best first
    :param little: keys of others that bring little: *not rated*, no value
    """
    return np.select(
        [
            np.isin(tier, [0, keys[-1], *little]),
            np.isin(tier, keys[: len(keys) // 2]),
        ],
        [VALUES.index("little"), VALUES.index("much")],
        VALUES.index("middle"),
    )


def _place_of_cell(segments):
    """Return the segment number of each cell, from 1; 0 for a score of 0."""
    table = np.zeros((6, 6, 6), "int64")
    for place, segment in enumerate(segments, 1):
        for cell in segment.cells:
            table[cell] = place
    return table


def _ends(segments):
    """Return the final segment of each segment, by activity and value.

    Row 0 leads nowhere.
    """
    by_key = {segment.key: segment for segment in segments}
    table = np.zeros((len(segments) + 1, len(ACTIVITIES), len(VALUES)), "int64")
    for place, segment in enumerate(segments, 1):
        for (a, activity), (v, value) in itertools.product(
            enumerate(ACTIVITIES), enumerate(VALUES)
        ):
            *__, end = _way(segment, by_key, activity, value)
            table[place, a, v] = end.key
    return table
