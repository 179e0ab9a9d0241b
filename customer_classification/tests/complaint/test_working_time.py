from datetime import UTC, datetime, timedelta

from odoo.tests import tagged

from ...models.complaint.customer_complaint_deadline import MOST_HOURS
from ...models.complaint.working_time import WorkingTime
from .common import FRIDAY, ComplaintCase

# Moments in winter, in summer, and around both nights on which clocks change in 2025.
MOMENTS = [
    datetime(2025, month, day, hour, 20)
    for month, day in ((2, 7), (3, 28), (3, 29), (3, 30), (7, 1), (10, 24), (10, 26))
    for hour in (0, 7, 11, 16, 23)
]
HOURS = (0.5, 3, 8, 40, 400)


@tagged("post_install", "-at_install")
class TestWorkingTime(ComplaintCase):
    """Working hours of a company, as Odoo's calendar knows them."""

    def _after(self, moment, hours, company=None):
        return WorkingTime(company or self.company).after(moment, hours)

    def test_as_odoo_plans(self):
        """Every moment is the one that ``plan_hours`` finds."""
        self._holiday(datetime(2025, 4, 17, 22), datetime(2025, 4, 21, 22))
        for tz in ("Europe/Berlin", "Asia/Shanghai", "America/New_York"):
            calendar = self.company.resource_calendar_id = self._calendar(
                self.company, tz
            )
            for moment in MOMENTS:
                for hours in HOURS:
                    planned = calendar.plan_hours(
                        hours, moment.replace(tzinfo=UTC), compute_leaves=True
                    )
                    planned = planned.astimezone(UTC).replace(tzinfo=None)
                    with self.subTest(tz=tz, moment=moment, hours=hours):
                        self.assertEqual(self._after(moment, hours), planned)

    def test_friday_evening(self):
        """Complaints of Friday 17:00 in Berlin are due on Monday."""
        moment = datetime(2025, 2, 7, 16)
        self.assertEqual(self._after(moment, 2), datetime(2025, 2, 10, 9))

    def test_holidays(self):
        """A holiday on Monday: due on Tuesday. Those of others do not count."""
        moment = datetime(2025, 2, 7, 16)
        other = self._company("Other Ltd")
        monday = (datetime(2025, 2, 9, 23), datetime(2025, 2, 10, 23))
        self.env.user.company_ids |= other
        self._holiday(*monday, company=other)
        self.assertEqual(self._after(moment, 2), datetime(2025, 2, 10, 9))
        self._holiday(*monday)
        self.assertEqual(self._after(moment, 2), datetime(2025, 2, 11, 9))

    def test_clocks_change(self):
        """Over the night of the change, 8 in Berlin becomes 6 in UTC."""
        before = datetime(2025, 3, 28, 15)  # 16:00 in Berlin
        self.assertEqual(self._after(before, 3), datetime(2025, 3, 31, 8))
        back = datetime(2025, 10, 24, 14)  # 16:00 in Berlin
        self.assertEqual(self._after(back, 3), datetime(2025, 10, 27, 9))

    def test_two_zones(self):
        """The same moment and hours, in two companies at two places."""
        far = self._company("Far Ltd")
        far.resource_calendar_id = self._calendar(far, "Asia/Shanghai")
        moment = datetime(2025, 2, 6, 8)  # 9:00 in Berlin, 16:00 in Shanghai
        self.assertEqual(self._after(moment, 2), datetime(2025, 2, 6, 10))
        self.assertEqual(self._after(moment, 2, far), datetime(2025, 2, 7, 1))

    def test_there_and_back(self):
        time = WorkingTime(self.company)
        for moment in MOMENTS:
            for hours in HOURS:
                end = time.after(moment, hours)
                start = time.before(end, hours)
                with self.subTest(moment=moment, hours=hours):
                    self.assertAlmostEqual(time.between(moment, end), hours)
                    self.assertAlmostEqual(time.between(start, end), hours)
                    self.assertGreaterEqual(start, moment)

    def test_long_times(self):
        """Complaints of years ago are counted as Odoo does, in two queries."""
        first, last = datetime(2012, 3, 1, 9, 20), datetime(2025, 2, 7, 12)
        calendar = self.company.resource_calendar_id
        hours = calendar.get_work_hours_count(
            first.replace(tzinfo=UTC), last.replace(tzinfo=UTC)
        )
        self.assertAlmostEqual(WorkingTime(self.company).between(first, last), hours)
        self.assertGreater(hours, 20_000)

    def test_longest_promise(self):
        """The most hours that a row of deadlines takes have a deadline."""
        end = self._after(FRIDAY, MOST_HOURS)
        self.assertGreater(end, FRIDAY + timedelta(days=4 * 365))
        hours = WorkingTime(self.company).between(FRIDAY, end)
        self.assertAlmostEqual(hours, MOST_HOURS)

    def test_between_nothing(self):
        time = WorkingTime(self.company)
        self.assertEqual(time.between(FRIDAY, FRIDAY), 0)
        self.assertEqual(time.between(FRIDAY, FRIDAY - timedelta(days=1)), 0)

    def test_without_calendar(self):
        """Around the clock."""
        self.company.resource_calendar_id = False
        time = WorkingTime(self.company)
        end = FRIDAY + timedelta(hours=60)
        self.assertEqual(time.after(FRIDAY, 60), end)
        self.assertEqual(time.before(end, 60), FRIDAY)
        self.assertEqual(time.between(FRIDAY, end), 60)

    def test_never(self):
        """A calendar without working hours has no deadline."""
        self.company.resource_calendar_id.attendance_ids.unlink()
        time = WorkingTime(self.company)
        self.assertIsNone(time.after(FRIDAY, 1))
        self.assertEqual(time.before(FRIDAY, 1), FRIDAY)

    def test_queries(self):
        """Two for each four weeks, and two for company and calendar."""
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(6):
            time = WorkingTime(self.company)
            for number in range(200):
                time.after(FRIDAY + timedelta(minutes=number), 8)
