"""Days of holidays, and of what comes back each year.

A holiday is on a fixed day, on a certain weekday of a month, so many days from Easter,
or on a day of the Chinese calendar. The latter needs the package ``lunardate``, which
is optional.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from datetime import date, timedelta
from typing import NamedTuple

from dateutil.easter import easter

try:
    from lunardate import LunarDate
except ImportError:  # said in a sentence where a rule needs it
    LunarDate = None

__all__ = ["HolidayRule", "NoLunarCalendar", "anniversaries", "days_between"]

LAST = -1
LEAP_DAY, DAY_BEFORE = "02-29", "02-28"


class NoLunarCalendar(Exception):
    """A rule needs the Chinese calendar, and its package is missing."""


class HolidayRule(NamedTuple):
    """When a holiday is.

    :param kind: ``fixed``, ``weekday``, ``easter`` or ``lunar``
    :param month: 1 to 12, of the Chinese calendar for ``lunar``
    :param day: 1 to 31
    :param weekday: 0 for Monday to 6 for Sunday
    :param place: which of these weekdays in the month, ``LAST`` for the last one
    :param shift: so many days later; before that day where it is negative
    """

    kind: str
    month: int = 1
    day: int = 1
    weekday: int = 0
    place: int = 1
    shift: int = 0

    def day_in(self, year: int) -> date | None:
        """Return the day in a year, None where that year has none.

        :raises NoLunarCalendar: the package for it is missing
        """
        day = _DAYS[self.kind](self, year)
        return day and day + timedelta(days=self.shift)


def _fixed(rule: HolidayRule, year: int) -> date | None:
    last = monthrange(year, rule.month)[1]
    return date(year, rule.month, rule.day) if rule.day <= last else None


def _weekday(rule: HolidayRule, year: int) -> date | None:
    first, length = monthrange(year, rule.month)
    days = range(1 + (rule.weekday - first) % 7, length + 1, 7)
    place = rule.place if rule.place == LAST else rule.place - 1
    return date(year, rule.month, days[place]) if place < len(days) else None


def _easter(rule: HolidayRule, year: int) -> date | None:
    return easter(year)


def _lunar(rule: HolidayRule, year: int) -> date | None:
    """Return the day of a Chinese year; some months have no 30th."""
    if LunarDate is None:
        raise NoLunarCalendar
    try:
        return LunarDate(year, rule.month, rule.day).to_solar_date()
    except ValueError:  # no such day, or beyond the years that the package knows
        return None


_DAYS = {"fixed": _fixed, "weekday": _weekday, "easter": _easter, "lunar": _lunar}


def days_between(rule: HolidayRule, first: date, last: date) -> list[tuple[date, int]]:
    """Return ``[(day, year)]`` of a holiday from a day to another one.

    The year is that of the rule: the last month of a Chinese year is in the next one,
    and a day before New Year belongs to the New Year.
    """
    years = range(first.year - 1, last.year + 2)
    found = ((rule.day_in(year), year) for year in years)
    return sorted((day, year) for day, year in found if day and first <= day <= last)


def anniversaries(first: date, last: date) -> list[tuple[str, date]]:
    """Return ``[(month and day as "05-17", day)]`` from a day to another one.

    Who was born on a leap day has the birthday on 28 February of other years.
    """
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    found = [(f"{day:%m-%d}", day) for day in days]
    leaps = [
        (LEAP_DAY, day)
        for code, day in found
        if code == DAY_BEFORE and not isleap(day.year)
    ]
    return sorted([*found, *leaps], key=lambda one: (one[1], one[0]))
