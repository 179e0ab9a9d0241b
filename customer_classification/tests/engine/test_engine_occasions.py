"""Days of holidays against published dates."""

import sys
from datetime import date, timedelta
from unittest.mock import patch

import pytest
from engine import HolidayRule, NoLunarCalendar, anniversaries, days_between
from hypothesis import given
from hypothesis import strategies as st

DAYS = st.dates(date(1990, 1, 1), date(2050, 12, 31))
OCCASIONS = sys.modules["engine.customers.occasions"]


@pytest.mark.parametrize(
    ("rule", "year", "day"),
    [
        (HolidayRule("fixed", 10, 1), 2026, date(2026, 10, 1)),
        (HolidayRule("fixed", 2, 29), 2026, None),
        (HolidayRule("fixed", 2, 29), 2028, date(2028, 2, 29)),
        # Thanksgiving: the fourth Thursday of November
        (HolidayRule("weekday", 11, weekday=3, place=4), 2026, date(2026, 11, 26)),
        # Memorial Day: the last Monday of May
        (HolidayRule("weekday", 5, weekday=0, place=-1), 2026, date(2026, 5, 25)),
        (HolidayRule("weekday", 2, weekday=0, place=5), 2026, None),
        (HolidayRule("weekday", 3, weekday=0, place=5), 2026, date(2026, 3, 30)),
        (HolidayRule("easter"), 2025, date(2025, 4, 20)),
        (HolidayRule("easter", shift=49), 2026, date(2026, 5, 24)),  # Pentecost
        # Chinese New Year, its eve, Dragon Boat and Mid-Autumn
        (HolidayRule("lunar", 1, 1), 2025, date(2025, 1, 29)),
        (HolidayRule("lunar", 1, 1), 2026, date(2026, 2, 17)),
        (HolidayRule("lunar", 1, 1, shift=-1), 2024, date(2024, 2, 9)),
        (HolidayRule("lunar", 5, 5), 2025, date(2025, 5, 31)),
        (HolidayRule("lunar", 8, 15), 2023, date(2023, 9, 29)),
        (HolidayRule("lunar", 8, 15), 2025, date(2025, 10, 6)),
        # The eighth of the last month of 2024 is in 2025
        (HolidayRule("lunar", 12, 8), 2024, date(2025, 1, 7)),
        (HolidayRule("lunar", 1, 30), 2026, date(2026, 3, 18)),
        (HolidayRule("lunar", 1, 1), 2500, None),
    ],
)
def test_days_of_a_year(rule, year, day):
    assert rule.day_in(year) == day


def test_the_year_is_that_of_the_rule():
    eighth = HolidayRule("lunar", 12, 8)
    assert days_between(eighth, date(2025, 1, 1), date(2025, 1, 31)) == [
        (date(2025, 1, 7), 2024)
    ]
    before = HolidayRule("fixed", 1, 1, shift=-7)
    assert days_between(before, date(2026, 12, 20), date(2026, 12, 31)) == [
        (date(2026, 12, 25), 2027)
    ]


def test_without_the_package():
    with patch.object(OCCASIONS, "LunarDate", None):
        assert HolidayRule("fixed", 1, 1).day_in(2026)
        with pytest.raises(NoLunarCalendar):
            HolidayRule("lunar", 1, 1).day_in(2026)


@given(DAYS, st.integers(0, 60))
def test_each_birthday_once_a_year(first, length):
    """Whoever was born on whatever day has one birthday in any year of days."""
    last = first + timedelta(days=length)
    codes = [code for code, __ in anniversaries(first, last)]
    assert len(codes) == len(set(codes))
    year = anniversaries(date(first.year, 1, 1), date(first.year, 12, 31))
    assert len({code for code, __ in year}) == len(year) == 366


@given(DAYS, st.integers(0, 400), st.sampled_from(["fixed", "easter", "lunar"]))
def test_what_is_found_is_within(first, length, kind):
    last = first + timedelta(days=length)
    found = days_between(HolidayRule(kind, 4, 5, shift=-3), first, last)
    assert all(first <= day <= last for day, __ in found)
    assert len(found) <= 2
    if length >= 390:
        assert found
