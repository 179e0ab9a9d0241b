from datetime import datetime

from psycopg2.errors import CheckViolation

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import FRIDAY, ComplaintCase


@tagged("post_install", "-at_install")
class TestComplaintDeadline(ComplaintCase):
    """Which row of deadlines decides, and the deadlines that follow."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.deadlines = cls.env["customer.complaint.deadline"]
        cls.deadlines.search([]).unlink()
        cls.vip = cls._regular("Vip", 2_000, is_company=True)
        cls._recompute()

    def _row(self, hours, **values):
        return self.deadlines.create(
            {"response_hours": hours, "solution_hours": 2 * hours, **values}
        )

    def _hours(self, **values):
        return self._complaint(open_date=FRIDAY, **values).response_limit

    def test_most_specific_row(self):
        tier, severity = self._tier("vip").id, "critical"
        above = self.category.parent_id
        rows = (
            (1, {}),
            (2, {"category_id": above.id}),
            (3, {"category_id": self.category.id}),
            (4, {"severity": severity}),
            (5, {"tier_id": tier}),
            (6, {"severity": severity, "category_id": self.category.id}),
            (7, {"tier_id": tier, "category_id": above.id}),
            (8, {"tier_id": tier, "severity": severity}),
            (9, {"tier_id": tier, "severity": severity, "category_id": above.id}),
        )
        complaint = {
            "partner_id": self.vip.id,
            "severity": severity,
            "category_id": self.category.id,
        }
        self.assertEqual(self._hours(**complaint), 0, "no row, no deadline")
        for hours, conditions in rows:
            self._row(hours, **conditions)
            self.assertEqual(self._hours(**complaint), hours, conditions)
        self.assertEqual(self._hours(), 1)
        self.assertEqual(self._hours(category_id=above.id), 2)
        self.assertEqual(self._hours(severity=severity), 4)
        self.assertEqual(self._hours(partner_id=self.vip.id), 5)

    def test_own_company_first(self):
        self._row(1)
        self._row(2, company_id=self.company.id)
        self._row(3, company_id=self._company("Other Ltd").id)
        self.assertEqual(self._hours(), 2)

    def test_first_of_equal_rows(self):
        self._row(2, sequence=2)
        self._row(1, sequence=1)
        self.assertEqual(self._hours(), 1)

    def test_tier_of_this_company_alone(self):
        self._row(8)
        self._row(1, tier_id=self._tier("vip").id)
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        complaint = (
            self.env["customer.complaint"]
            .with_context(allowed_company_ids=[other.id])
            .create({"name": "There", "partner_id": self.vip.id})
        )
        self.assertEqual(complaint.company_id, other)
        self.assertEqual(complaint.response_limit, 8)
        self.assertEqual(self._hours(partner_id=self.vip.id), 1)

    def test_deadlines(self):
        self._row(8, warning_hours=2)
        moment = datetime(2025, 2, 7, 16)  # Friday 17:00 in Berlin
        complaint = self._complaint(open_date=moment)
        self.assertEqual(complaint.response_deadline, datetime(2025, 2, 10, 16))
        self.assertEqual(complaint.solution_deadline, datetime(2025, 2, 11, 16))
        self.assertEqual(complaint.next_deadline, complaint.response_deadline)
        self.assertEqual(complaint.warning_date, datetime(2025, 2, 10, 14))

    def test_judged_anew(self):
        """Another severity has other deadlines; changes of rows keep the promise."""
        row = self._row(8)
        self._row(1, severity="critical")
        complaint = self._complaint(open_date=FRIDAY)
        self.assertEqual(complaint.response_limit, 8)
        row.response_hours = 5
        complaint.name = "Broken twice"
        self.assertEqual(complaint.response_limit, 8)
        complaint.severity = "critical"
        self.assertEqual(complaint.response_limit, 1)

    def test_promise_of_a_solved_one_stands(self):
        self._row(8)
        self._row(1, severity="critical")
        complaint = self._complaint(open_date=FRIDAY)
        self._solved(complaint)
        self.env.flush_all()
        complaint.severity = "critical"
        self.assertEqual(complaint.response_limit, 8)

    def test_bad_rows(self):
        for values in ({"response_hours": -1}, {"solution_hours": float("nan")}):
            with self.assertRaises(ValidationError):
                self.deadlines.create(values)
        for values in (
            {"response_hours": 0},
            {"response_hours": 9, "solution_hours": 8},
        ):
            with (
                self.assertRaises(CheckViolation),
                mute_logger("odoo.sql_db"),
                self.env.cr.savepoint(),
            ):
                self.deadlines.create(values)

    def test_names(self):
        row = self._row(1, tier_id=self._tier("vip").id, severity="high")
        self.assertEqual(row.display_name, f"{self._tier('vip').name}, High")
        self.assertEqual(self._row(2).display_name, "All complaints")
