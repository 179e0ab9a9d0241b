"""Numbers of a column of a file, all read with the same decimal sign.

A single ``1,234`` may be a thousand or one and a bit. The meaning of a column is found
from all its cells; cells that contradict the others are named, never guessed.
"""

import re
from collections import Counter
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from .cell_text import Typed, plain

POINT, COMMA, ARABIC = ".", ",", "\u066b"
_OTHER = {POINT: COMMA, COMMA: POINT}
_EITHER = frozenset(_OTHER)
_ONLY = {None: _EITHER, POINT: frozenset(POINT), COMMA: frozenset(COMMA)}
_USUAL = re.compile(r"([-+]?)([0-9]+)(?:([.,])([0-9]+))?")
_CORE = re.compile(r"(?:(?<![^\W\d_])[.,\u066b])?\d(?:[\d.,'\u066b ]*\d)?")
_EXPONENT = re.compile(r"([-+]?)(\d+(?:[.,]\d+)?[eE][-+]?\d{1,3})")
_WHOLE_MARK = re.compile(r"[.,]\s?-{1,2}$")  # "5,-" is five and nothing
# "5k" are five thousand, whatever currencies have such a sign.
_MULTIPLES = frozenset(("k", "m"))
# Thousands by threes, or as India writes them: 12,34,567.
_GROUPS = re.compile(r"\d{1,3}(?:S\d{3})+|\d{1,2}(?:S\d{2})+S\d{3}")


class Number(NamedTuple):
    """Text of a number in a cell, before its signs are interpreted."""

    negative: bool
    core: str
    currency: str
    percent: bool
    decimals: frozenset  # signs that can be the decimal sign of it
    marks: str  # the signs among its digits that may be either
    typed: bool = False


class Reading(NamedTuple):
    """Reading of a column of numbers.

    ``source``: ``file`` where the cells decide, ``chosen`` where a person did,
    ``likely`` where both would be possible, ``none`` where it makes no difference.
    """

    decimal: str
    thousands: str
    source: str
    example: str = ""


class Found(NamedTuple):
    """The reading of a column, and the places of the cells that do not fit it.

    ``against``: the place of a cell that is written in the other way; ``numbers``: the
    number in each cell, ``False`` in an empty one.
    """

    reading: Reading
    strangers: tuple
    against: int | None = None
    numbers: tuple = ()


def number(text):
    """Return the number in a cell, or None for a text that is not one.

    Signs, brackets and currencies may be before and behind: ``(6.00)``,
    ``$(6.00)``, ``-$5.00``, ``5.00-``, ``€ 1.234,50``, ``12,5 %``.
    """
    return _typed(text) if isinstance(text, Typed) else _number(text)


@lru_cache(maxsize=4096)
def _number(text):
    usual = _USUAL.fullmatch(text)
    if usual:
        return _usual(*usual.groups())
    text = plain(text)
    exponent = _EXPONENT.fullmatch(text)
    if exponent:
        return _made(exponent[1] == "-", exponent[2], "", False)
    match = _CORE.search(text)
    if not match:
        return None
    before, behind = text[: match.start()], text[match.end() :]
    behind = _WHOLE_MARK.sub("", behind) if _WHOLE_MARK.fullmatch(behind) else behind
    return _dressed(before.strip(), match[0], behind.strip())


def _usual(minus, whole, sign, rest):
    """Match the usual cells: digits, and at most one sign."""
    if sign and len(rest) == 3 and len(whole) < 4 and whole[0] != "0":
        decimals, marks = _EITHER, sign
    else:
        decimals, marks = _ONLY[sign], ""
    core = f"{whole}{sign}{rest}" if sign else whole
    return Number(minus == "-", core, "", False, decimals, marks)


def _typed(text):
    percent = text.endswith("%")
    digits = text.rstrip("% ")
    return Number(
        negative=digits.startswith("-"),
        core=digits.lstrip("-"),
        currency=plain(text.sign),
        percent=percent,
        decimals=_EITHER,
        marks="",
        typed=True,
    )


def _dressed(before, core, behind):
    """Return the number with the text around its digits, None for nonsense."""
    around = f"{before}\0{behind}"
    minus = around.count("-")
    brackets = before.count("("), behind.count(")")
    if brackets not in ((0, 0), (1, 1)) or ")" in before or "(" in behind:
        return None
    if minus + brackets[0] + around.count("+") > 1:
        return None
    percent = "%" in around
    words = [re.sub(r"[-+()%]", " ", part).strip() for part in (before, behind)]
    if around.count("%") > 1 or (words[0] and words[1]):
        return None
    currency = words[0] or words[1]
    if words[1].lower() in _MULTIPLES:
        return None
    if any(char.isdigit() for char in currency) or percent and currency:
        return None
    return _made(bool(minus or brackets[0]), core, currency, percent)


def _made(negative, core, currency, percent):
    decimals, marks = _possible(core)
    if not decimals:
        return None
    return Number(negative, core, currency, percent, decimals, marks)


@lru_cache(maxsize=4096)
def _possible(core):
    """``(decimal signs that explain the digits, signs that may be either)``."""
    if "e" in core or "E" in core:
        sign = next((char for char in core if char in _OTHER), None)
        return frozenset((sign,) if sign else _OTHER), ""
    fitting = frozenset(sign for sign in _OTHER if _fits(core, sign, None))
    if ARABIC in core:
        return (fitting, "") if _fits(core, ARABIC, None) else (frozenset(), "")
    marks = {char for char in core if char in _OTHER}
    return fitting, "".join(marks) if len(fitting) > 1 else ""


def _fits(core, decimal, thousands):
    """Return whether digits are a number with this decimal sign."""
    decimal = ARABIC if ARABIC in core else decimal
    whole, __, rest = core.partition(decimal)
    if rest and not rest.isdigit():
        return False
    signs = {char for char in whole if not char.isdigit()}
    if not signs:
        return True
    if len(signs) > 1 or (decimal in core and not whole):
        return False
    (sign,) = signs
    if thousands is not None and sign in _OTHER and sign != thousands:
        return False
    if whole.startswith("0") or not _GROUPS.fullmatch(whole.replace(sign, "S")):
        return False
    return True


def reading(cells, chosen=None, neighbours=None):
    """Find how a column is read, from all its cells.

    :param cells: texts, empty ones among them
    :param chosen: ``(decimal sign, sign of thousands)`` that a person has chosen
    :param neighbours: the decimal sign of the file's other columns, for a column
        without evidence
    :return: :class:`Found`; strangers are cells that are not numbers, or not by the
        reading
    """
    numbers = [number(cell) if cell and cell.strip() else False for cell in cells]
    if chosen:
        decimal, thousands = chosen
        found = Reading(decimal, thousands, "chosen")
        strangers = [
            place
            for place, one in enumerate(numbers)
            if one is None or one and not _agrees(one, decimal, thousands)
        ]
        return Found(found, tuple(strangers), None, numbers)
    return _from_cells(cells, numbers, neighbours)._replace(numbers=numbers)


def _agrees(one, decimal, thousands=None):
    if one.typed:
        return True
    if "e" in one.core or "E" in one.core:
        return decimal in one.decimals
    return decimal in one.decimals and _fits(one.core, decimal, thousands)


def _from_cells(cells, numbers, neighbours):
    votes = Counter(one.decimals for one in numbers if one and len(one.decimals) == 1)
    bad = [place for place, one in enumerate(numbers) if one is None]
    if votes:
        ((decimal,), __) = max(votes.items(), key=_weight)
        others = [
            place
            for place, one in enumerate(numbers)
            if one and decimal not in one.decimals
        ]
        against = _first(numbers, lambda one: one.decimals == {decimal})
        found = Reading(decimal, _OTHER[decimal], "file")
        return Found(found, tuple(sorted(bad + others)), against if others else None)
    marks = {
        mark: _first(numbers, lambda one, m=mark: m in one.marks) for mark in _OTHER
    }
    if all(place is not None for place in marks.values()):
        # "1.234" and "1,234": no reading makes sense of both.
        first, last = sorted(marks.values())
        return Found(Reading(POINT, COMMA, "none"), (*bad, last), first)
    return Found(_likely(cells, marks, neighbours), tuple(bad))


def _weight(vote):
    """Most cells decide; a point where as many have a comma."""
    signs, count = vote
    return count, POINT in signs


def _likely(cells, marks, neighbours):
    """The reading of a column whose one sign could be either.

    That of the file's other columns, else thousands: money has them, and seldom three
    decimals.
    """
    for mark, place in marks.items():
        if place is not None:
            decimal = neighbours or _OTHER[mark]
            source = "file" if neighbours else "likely"
            return Reading(decimal, _OTHER[decimal], source, cells[place].strip())
    decimal = neighbours or POINT
    return Reading(decimal, _OTHER[decimal], "none")


def _first(numbers, condition):
    return next(
        (place for place, one in enumerate(numbers) if one and condition(one)), None
    )


def value(text, found):
    """Return a cell as text with a decimal point; None if not a number.

    :param found: the :class:`Reading` of its column
    """
    one = number(text)
    return value_of(one, found) if one and _agrees(one, found.decimal) else None


def value_of(one, found):
    """Return a number that fits the reading of its column, as text."""
    core = one.core
    if one.typed or "e" in core or "E" in core:
        core = f"{Decimal(core.replace(COMMA, POINT)):f}"
    elif not core.isdigit():
        whole, __, rest = core.partition(ARABIC if ARABIC in core else found.decimal)
        whole = re.sub(r"\D", "", whole) or "0"
        core = f"{whole}.{rest}" if rest else whole
    return f"-{core}" if one.negative and core.strip("0.") else core
