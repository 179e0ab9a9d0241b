"""Working hours of a company, asked many times and read once."""

from datetime import UTC, datetime, timedelta

_CHUNK = timedelta(days=28)
# A Monday, so that weeks of flexible calendars are whole.
_EPOCH = datetime(2001, 1, 1)
# Ten years: the longest promise is five years of full weeks.
_FARTHEST = 130
# From so many on, a time between two moments is asked for at once.
_MANY = 26


class WorkingTime:
    """Moments and hours by the working calendar of a company.

    Moments are those of the database: UTC without a zone. Without a calendar all hours
    are working hours.

    *How it works*: Odoo's calendar gives the working intervals of four weeks at a time,
    in its own time zone and without the company's public holidays. They are kept in
    UTC, where an hour is an hour also on the days on which clocks change. ``after``
    finds the moment that ``plan_hours`` finds.

    *Query budget*: two for each four weeks that the questions touch, whatever the
    number of questions.
    """

    def __init__(self, company):
        self._company = company.sudo()
        self._calendar = self._company.resource_calendar_id
        self._chunks = {}

    def after(self, moment, hours):
        """Return when so many working hours after a moment are over.

        None if the calendar has no such hours.
        """
        if not self._calendar:
            return moment + timedelta(hours=hours)
        left = timedelta(hours=hours)
        for start, stop in self._intervals(moment):
            if left <= stop - start:
                return start + left
            left -= stop - start
        return None

    def before(self, moment, hours):
        """Return from when on there are so many working hours to a moment."""
        if not self._calendar:
            return moment - timedelta(hours=hours)
        left = timedelta(hours=hours)
        for start, stop in self._intervals_back(moment):
            if left <= stop - start:
                return stop - left
            left -= stop - start
        return moment

    def between(self, first, last):
        """Return the working hours between two moments."""
        if last <= first:
            return 0
        if not self._calendar:
            return (last - first) / timedelta(hours=1)
        found = timedelta()
        for start, stop in self._intervals_between(first, last):
            if start >= last:
                break
            found += min(stop, last) - start
        return found / timedelta(hours=1)

    def _intervals_between(self, first, last):
        """Return the working intervals from a moment on, at least to another one."""
        if last - first < _MANY * _CHUNK:
            return self._intervals(first)
        return self._calendar_intervals(first, last)

    def _intervals(self, moment):
        """Yield the working intervals from a moment on."""
        number = _chunk_of(moment)
        for one in range(number, number + _FARTHEST):
            for start, stop in self._chunk(one):
                if stop > moment:
                    yield max(start, moment), stop

    def _intervals_back(self, moment):
        """Yield the working intervals before a moment, the last one first."""
        number = _chunk_of(moment)
        for one in range(number, number - _FARTHEST, -1):
            for start, stop in reversed(self._chunk(one)):
                if start < moment:
                    yield start, min(stop, moment)

    def _chunk(self, number):
        """Return the intervals of some four weeks."""
        if number not in self._chunks:
            first = _EPOCH + number * _CHUNK
            self._chunks[number] = self._calendar_intervals(first, first + _CHUNK)
        return self._chunks[number]

    def _calendar_intervals(self, first, last):
        """Return the intervals between two moments, by Odoo's calendar."""
        found = self._calendar._work_intervals_batch(
            first.replace(tzinfo=UTC),
            last.replace(tzinfo=UTC),
            domain=self._holidays(),
        )[False]
        return [(_plain(a), _plain(b)) for a, b, __ in found]

    def _holidays(self):
        """Leaves that count: those of the company, not those of other ones."""
        companies = [False, self._company.id]
        return [("time_type", "=", "leave"), ("company_id", "in", companies)]


def _chunk_of(moment):
    return (moment - _EPOCH) // _CHUNK


def _plain(moment):
    return moment.astimezone(UTC).replace(tzinfo=None)
