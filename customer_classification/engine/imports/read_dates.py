"""Days of a column of a file, all read in the same order.

``03/04/2026`` is in March or in April. The meaning of a column is found from all its
cells; cells that contradict the others are named, never guessed.
"""

import re
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .cell_text import plain

YEAR_FIRST, DAY_FIRST, MONTH_FIRST, DAY_LAST = "ymd", "dmy", "mdy", "ydm"
# Orders found automatically; year-day-month only if chosen by a person.
ORDERS = (YEAR_FIRST, DAY_FIRST, MONTH_FIRST)
_LANGUAGES = (
    "en de fr es it nl pt sv da nb fi is pl cs sk sl hr hu ro bg el ru uk sr mk sq tr "
    "lt lv et ca eu gl ga cy mt az kk ka hy he ar fa hi bn ta th vi id ms ko ja zh "
    "af sw fil"
).split()
_TIME = re.compile(
    r"(?:[Tt ,]\s*|(?<=\d)T)(?P<half>am|pm|上午|下午)?\s*"
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half2>[ap]\.?\s?m\.?|上午|下午)?\s*"
    r"(?P<zone>[zZ]|(?:UTC|GMT)?\s?[-+]\d{1,2}(?::?\d{2})?(?:\s*\([^)]*\))?"
    r"|[A-Za-z]{2,5}|[A-Za-z]+/[A-Za-z_/+-]+)?$",
    re.IGNORECASE,
)
_COMPACT_TIME = re.compile(r"^(\d{8})T(\d{2})(\d{2})(\d{2})?(?:\.\d+)?(.*)$")
_OFFSET = re.compile(r"^(?:UTC|GMT)?\s?([-+])(\d{1,2}):?(\d{2})?(?:\s*\(.*\))?$", re.I)
# Names that mean one offset only; others are asked for.
_ZONES = {
    **{"z": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 60, "cet": 60, "cest": 120},
    **{"eet": 120, "eest": 180, "msk": 180, "jst": 540, "kst": 540},
    **{"est": -300, "edt": -240, "cdt": -300, "mst": -420, "mdt": -360},
    **{"pst": -480, "pdt": -420},
}
_PARTS = re.compile(r"[\s./,_\-]+")
_WEEKDAY = re.compile(r"^[^\W\d_]+\.?,?\s+(?=\S)")
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th|er|º|ª|\.?º)\b", re.IGNORECASE)
_FILLERS = frozenset("de of del den der the tháng thg".split())
_IN_BRACKETS = re.compile(r"\s*\([^)\d]*\)$")
_CLOCK_WORDS = ("uhr", "h", "hrs")
_EAST = re.compile(r"^(\d{2,4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日号일]?")


class Stamp(NamedTuple):
    """Parts of a date in a cell, and the time behind them.

    ``parts``: three texts, each a number or the name of a month, or one text of eight
    digits; ``zone``: minutes from UTC, the name of a zone, or ``None``; ``order``: that
    of the parts where the cell itself says it, as 年, 月 and 日 do.
    """

    parts: tuple
    separator: str
    time: tuple | None = None
    zone: int | str | None = None
    order: str | None = None


class Reading(NamedTuple):
    """Reading of a column of dates; ``source`` as for numbers."""

    order: str
    separator: str
    source: str
    example: str = ""
    named: bool = False  # months have names
    timed: bool = False
    language: str = "en"


class Found(NamedTuple):
    """The reading of a column, and the places of the cells that do not fit it."""

    reading: Reading
    strangers: tuple
    against: int | None = None


@lru_cache(maxsize=4096)
def stamp(text):
    """Return the stamp in a cell, or None for a text that is not a day."""
    text = plain(text)
    compact = _COMPACT_TIME.match(text)
    if compact:
        day, *clock = compact.groups()
        hour, minute, second, zone = clock
        text = f"{day} {hour}:{minute}:{second or '00'}{zone}"
    text, time, zone = _without_time(text)
    if text is None:
        return None
    parts, separator = _parts(text)
    order = YEAR_FIRST if _EAST.fullmatch(text.strip(" ,")) else None
    return Stamp(parts, separator, time, zone, order) if parts else None


def _without_time(text):
    match = _TIME.search(text)
    if not match or not any(char.isdigit() for char in text[: match.start()]):
        return text, None, None
    before = text[: match.start()]
    if not _parts(before)[0]:
        return text, None, None
    half = (match["half"] or match["half2"] or "").lower().replace(".", "")
    hour, minute = int(match["hour"]), int(match["minute"])
    second = min(int(match["second"] or 0), 59)
    if half:
        if not 1 <= hour <= 12:
            return None, None, None
        hour = hour % 12 + (12 if half.startswith("p") or half == "下午" else 0)
    if hour > 23 or minute > 59:
        return None, None, None
    zone = _zone(match["zone"] or "")
    if zone is False:
        return None, None, None
    return before, (hour, minute, second), zone


@lru_cache(maxsize=256)
def _zone(text):
    """Return minutes from UTC, the name of a zone, ``None`` or ``False``.

    ``None`` without a zone, ``False`` for any other text.
    """
    if not text or text.lower() in _CLOCK_WORDS:
        return None
    if text.lower() in _ZONES:
        return _ZONES[text.lower()]
    offset = _OFFSET.match(text)
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        return (-minutes if offset[1] == "-" else minutes) if minutes < 1440 else False
    if "/" not in text:
        return False
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return text


def _parts(text):
    """Return the three parts of a day, or its eight digits, and separators."""
    text = _IN_BRACKETS.sub("", text).strip(" ,")
    east = _EAST.fullmatch(text)
    if east:
        return east.groups(), "-"
    if re.fullmatch(r"\d{8}", text):
        return (text,), ""
    text = _ORDINAL.sub("", text)
    parts = _split(text)
    if len(parts) == 4 and not parts[0].isdigit():  # a day of the week before it
        parts = _split(_WEEKDAY.sub("", text))
    separator = next((char for char in text if char in "./-"), " ")
    return (tuple(parts) if len(parts) == 3 else ()), separator


def _split(text):
    return [
        part for part in _PARTS.split(text) if part and part.lower() not in _FILLERS
    ]


def day_of(one, order, today, language="en"):
    """Return the day of a stamp in an order; ``None`` for no such day."""
    parts = one.parts if len(one.parts) == 3 else _cut(one.parts[0], order)
    values = dict(zip(order, parts, strict=True))
    year, month, day = (values[letter] for letter in "ymd")
    if not (year.isdigit() and day.isdigit()):
        return None
    if not month.isdigit():
        month = month_of(month, language)
    if month is None or len(year) not in (2, 4) or len(day) > 2:
        return None
    try:
        return date(_full_year(year, today), int(month), int(day))
    except ValueError:
        return None


def _cut(digits, order):
    """The parts of a day of eight digits."""
    parts = []
    for letter in order:
        width = 4 if letter == "y" else 2
        parts.append(digits[:width])
        digits = digits[width:]
    return parts


def _full_year(year, today):
    """The year of two digits: up to the next one, or of the last century."""
    if len(year) == 4:
        return int(year)
    century = 2000 if 2000 + int(year) <= today.year + 1 else 1900
    return century + int(year)


@lru_cache(maxsize=1)
def _months():
    """``{name of a month: {number: languages}}``, from the tables of Babel."""
    from babel import Locale

    names = {}
    for language in _LANGUAGES:
        months = Locale.parse(language).months
        for style in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for month, name in months[style][width].items():
                    known = names.setdefault(_month_key(name), {})
                    known.setdefault(month, set()).add(language)
    for name, month in (("sept", 9), ("mär", 3), ("mrz", 3), ("jänner", 1)):
        names.setdefault(name, {}).setdefault(month, {"de"} if month != 9 else {"en"})
    return names


def _month_key(name):
    return plain(name).lower().rstrip(".")


@lru_cache(maxsize=1024)
def month_of(name, language="en"):
    """Return the number of a month with a name, or None.

    None also for several of which none is in this language.
    """
    known = _months().get(_month_key(name), {})
    if len(known) == 1:
        return next(iter(known))
    own = [month for month, languages in known.items() if language in languages]
    return own[0] if len(own) == 1 else None


def language_of(names, language):
    """The language in which all names are months: the given one if it can be.

    Some names are months in several languages, and not the same ones.
    """
    common = None
    for name in names:
        known = _months().get(_month_key(name), {})
        spoken = set().union(*known.values()) if known else set()
        common = spoken if common is None else common & spoken
    if not common or language in common:
        return language
    rest = sorted(common, key=_LANGUAGES.index)
    meanings = {
        tuple(month_of(name, other) for name in sorted(names)) for other in rest
    }
    return rest[0] if len(meanings) == 1 else language


def reading(cells, today, first, last, usual=DAY_FIRST, chosen=None, language="en"):
    """Find how a column is read, from all its cells.

    :param cells: texts, empty ones among them; days that the spreadsheet knows as
        such are none of them
    :param first: the first plausible day, and ``last`` the last one: they decide where
        both orders are possible
    :param usual: the order of the reader's language, where nothing else decides
    :param chosen: the order that a person has chosen
    :return: :class:`Found`; strangers are cells that are not days, or not in the order
        of the column
    """
    stamps = {text: stamp(text) for text in set(cells) if text.strip()}
    language = language_of(_names(stamps.values()), language)
    possible = {
        text: _possible(one, today, language, chosen) for text, one in stamps.items()
    }
    known = [one for text, one in stamps.items() if possible[text]]
    order, source, example = _order(
        cells, possible, (chosen, usual), (today, first, last, language, known)
    )
    strangers = tuple(
        place
        for place, text in enumerate(cells)
        if text in possible and order not in possible[text]
    )
    against = None
    if strangers and any(possible[cells[place]] for place in strangers):
        against = _decider(cells, possible, order)
    some = [one for one in stamps.values() if one]
    separators = Counter(one.separator for one in some)
    found = Reading(
        order,
        separators.most_common(1)[0][0] if separators else "-",
        source,
        example,
        any(_names([one]) for one in some),
        any(one.time for one in some),
        language,
    )
    return Found(found, strangers, against)


def _names(stamps):
    return {part for one in stamps if one for part in one.parts if not part.isdigit()}


def _possible(one, today, language, chosen):
    """The orders in which a stamp is a day."""
    if one is None:
        return frozenset()
    orders = {one.order} if one.order else {*ORDERS, chosen} - {None}
    return frozenset(o for o in orders if day_of(one, o, today, language))


def _order(cells, possible, preferred, context):
    """``(order, source, example)`` of a column."""
    chosen, usual = preferred
    if chosen:
        return chosen, "chosen", ""
    sets = [orders for orders in possible.values() if orders]
    left = frozenset(ORDERS).intersection(*sets)
    if not left:
        votes = Counter()
        for text in cells:
            orders = possible.get(text, ())
            if len(orders) == 1:
                votes.update(orders)
        best = max(votes or {usual: 1}, key=lambda o: (votes[o], o == usual))
        return best, "file", ""
    if len(left) == 1:
        return next(iter(left)), "file", ""
    likely = _plausible(left, context) or left
    if not sets:
        return usual, "none", ""
    if usual == MONTH_FIRST and all(one.separator == "." for one in context[-1]):
        usual = DAY_FIRST  # nobody who begins with the month writes dots
    if len(likely) == 1:
        return next(iter(likely)), "file", ""
    order = usual if usual in likely else min(likely, key=ORDERS.index)
    if _same_days(likely, context):
        return order, "none", ""
    example = next(text for text in cells if len(possible.get(text, ())) > 1)
    return order, "likely", example.strip()


def _plausible(orders, context):
    """The orders in which all days are between the first and the last one."""
    today, first, last, language, stamps = context
    return {
        order
        for order in orders
        if all(first <= day_of(one, order, today, language) <= last for one in stamps)
    }


def _same_days(orders, context):
    today, __, __, language, stamps = context
    return all(
        len({day_of(one, order, today, language) for order in orders}) == 1
        for one in stamps
    )


def _decider(cells, possible, order):
    return next(
        (p for p, text in enumerate(cells) if possible.get(text) == {order}), None
    )


def moment(text, found, today):
    """Return a cell as a day, or as a moment where it names its zone.

    :param found: the :class:`Reading` of its column
    :return: ``date``, aware ``datetime`` or ``None``
    """
    one = stamp(text)
    day = one and day_of(one, found.order, today, found.language)
    if not day:
        return None
    if one.zone is None:
        return day
    zone = one.zone
    zone = (
        ZoneInfo(zone) if isinstance(zone, str) else timezone(timedelta(minutes=zone))
    )
    return datetime(day.year, day.month, day.day, *one.time, tzinfo=zone)


def order_of(pattern):
    """The order of the parts in a format such as ``%d.%m.%Y``.

    ``None`` where it is not one of day, month and year.
    """
    letters = {"Y": "y", "y": "y", "m": "m", "b": "m", "B": "m", "d": "d"}
    found = "".join(
        letters[char]
        for char in re.findall(r"%-?([A-Za-z])", pattern)
        if char in letters
    )
    return found if found in (*ORDERS, DAY_LAST) else None


def pattern_of(found):
    """A format of Odoo's for a reading, as ``%d.%m.%Y``."""
    month = "%b" if found.named else "%m"
    parts = {"y": "%Y", "m": month, "d": "%d"}
    return found.separator.join(parts[letter] for letter in found.order)
