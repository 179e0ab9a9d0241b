"""Boxes of the segment map as text, and the maps shipped."""

from __future__ import annotations

import itertools
import re

from .segments import CELLS, FIFTHS

_RANGE = r"([1-5])(?:\s*[-–]\s*([1-5]))?"
_BOX = re.compile(rf"\s*R?\s*{_RANGE}\s+F?\s*{_RANGE}\s+M?\s*{_RANGE}\s*", re.ASCII)
_BETWEEN = re.compile(r"[;；\n]")

# {template: [(code of the segment, boxes, claim of activity, claim of value, code of
# the segment for whom the claims do not hold)]}.
TEMPLATES = {
    # Its segments never contradict stage, risk and tier: lost customers end at a
    # segment for that, slipping ones at another, all others elsewhere.
    "classes": [
        ("champion", "5 4-5 2-5", "staying", "much", "frequent"),
        ("frequent", "3-4 4-5 2-5", "staying", "none", "at_risk"),
        ("small_spender", "3-5 4-5 1", "staying", "little", "frequent"),
        ("occasional", "4-5 2-3 1-5", "staying", "none", "hibernating"),
        ("promising", "4-5 1 1-5", "staying", "none", "hibernating"),
        ("need_attention", "3 3 1-5", "slipping", "none", "lapsed"),
        ("about_to_sleep", "3 1-2 1-5", "slipping", "none", "hibernating"),
        ("cannot_lose", "1-2 5 1-5", "leaving", "much", "at_risk"),
        ("hibernating", "1-2 1-2 1-5", "gone", "none", "at_risk"),
        ("at_risk", "1-2 3-4 1-5", "slipping", "none", "lapsed"),
        ("lapsed", "", "gone", "none", "steady"),
        ("steady", "", "none", "none", ""),
    ],
    # Filled below from the published ranges.
    "ten": [],
    "five": [
        ("best", "4-5 4-5 4-5", "none", "none", ""),
        ("good", "3-5 3-5 1-3; 3-5 3 4-5; 3 4-5 4-5", "none", "none", ""),
        ("rare", "3-5 1-2 1-5", "none", "none", ""),
        ("while_ago", "2 1-5 1-5", "none", "none", ""),
        ("long_ago", "1 1-5 1-5", "none", "none", ""),
    ],
}
# The map of the R package rfm: the first range that holds counts.
# Source: Hebbali, "rfm: Recency, Frequency and Monetary Value Analysis", CRAN.
TEN_RANGES = (
    ("champion", "4-5 4-5 4-5"),
    ("loyal", "2-5 3-5 3-5"),
    ("potential_loyalist", "3-5 1-3 1-3"),
    ("new", "4-5 1 1"),
    ("promising", "3-4 1 1"),
    ("need_attention", "2-3 2-3 2-3"),
    ("about_to_sleep", "2-3 1-2 1-2"),
    ("at_risk", "1-2 2-5 2-5"),
    ("cannot_lose", "1 4-5 4-5"),
    ("lost", "1-2 1-2 1-2"),
    ("others", "1-5 1-5 1-5"),
)


def read_cells(text: str) -> frozenset:
    """Return the cells of boxes such as ``5 4-5 4-5; 4 5 2-5``.

    Recency, frequency, monetary.

    :raises ValueError: with the invalid box
    """
    cells = set()
    for box in filter(str.strip, _BETWEEN.split(text)):
        found = _BOX.fullmatch(box)
        if not found:
            raise ValueError(box.strip())
        cells.update(itertools.product(*_ranges(found.groups())))
    return frozenset(cells)


def write_cells(cells) -> str:
    """Return cells as text of the largest boxes, the best scores first.

    One set of cells always gives the same text.
    """
    left, boxes = set(cells), []
    for cell in reversed(CELLS):
        if cell in left:
            box = _grown(cell, left)
            left.difference_update(itertools.product(*box))
            boxes.append(" ".join(map(_range_text, box)))
    return "; ".join(boxes)


def _ranges(ends):
    """Return ranges of three pairs of texts.

    The second end may be missing or the smaller one.
    """
    for first, last in zip(ends[::2], ends[1::2], strict=True):
        low, high = sorted((int(first), int(last or first)))
        yield range(low, high + 1)


def _grown(cell, cells):
    """Return the largest box down from a cell.

    As many monetary scores as there are, then as many frequencies that have them all,
    then recencies.
    """
    box = [range(score, score + 1) for score in cell]
    for axis in (2, 1, 0):
        while box[axis].start > FIFTHS[0]:
            wider = range(box[axis].start - 1, box[axis].stop)
            grown = [*box[:axis], wider, *box[axis + 1 :]]
            if not cells.issuperset(itertools.product(*grown)):
                break
            box = grown
    return box


def _range_text(scores):
    first, last = scores[0], scores[-1]
    return str(first) if first == last else f"{first}-{last}"


def _first_match(ranges):
    """Lines of a map from ranges of which the first that holds counts."""
    left, lines = set(CELLS), []
    for code, text in ranges:
        own = read_cells(text) & left
        left -= own
        lines.append((code, write_cells(own), "none", "none", ""))
    return lines


TEMPLATES["ten"] = _first_match(TEN_RANGES)
