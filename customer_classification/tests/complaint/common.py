"""A company with working hours in Berlin, and complaints in one line."""

from datetime import datetime, timedelta

from odoo.tests import freeze_time

from ..common import ClassificationCase

# A Friday in winter, and noon in UTC.
FRIDAY = datetime(2025, 2, 7, 12)


class ComplaintCase(ClassificationCase):
    """Working hours from Monday to Friday, 8 to 12 and 13 to 17."""

    tz = "Europe/Berlin"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.resource_calendar_id = cls._calendar(cls.company, cls.tz)
        cls.customer = cls._customer("Complains Ltd", is_company=True)
        cls.contact = cls._customer(
            "Cleo", parent_id=cls.customer.id, email="cleo@complains.example"
        )
        cls.seller = cls._user("complaint-seller", "sales_team.group_sale_salesman")
        cls.other = cls._user("complaint-other", "sales_team.group_sale_salesman")
        cls.officer = cls._user(
            "complaint-officer",
            "sales_team.group_sale_salesman,customer_classification.group_officer",
        )
        cls.category = cls._ref("category_quality")
        cls.cause = cls._ref("cause_defect")

    @classmethod
    def _ref(cls, name):
        return cls.env.ref(f"customer_classification.customer_complaint_{name}")

    @classmethod
    def _calendar(cls, company, tz):
        return cls.env["resource.calendar"].create(
            {"name": f"Hours in {tz}", "company_id": company.id, "tz": tz}
        )

    @classmethod
    def _holiday(cls, start, stop, company=None):
        """A public holiday of a company, for all of its calendars."""
        leave = cls.env["resource.calendar.leaves"].create(
            {"name": "Holiday", "date_from": start, "date_to": stop}
        )
        leave.flush_recordset()  # Odoo computes the company of whoever flushes
        leave.company_id = company or cls.company
        return leave

    @classmethod
    def _complaint(cls, user=None, **values):
        model = cls.env["customer.complaint"]
        if user:
            model = model.with_user(user)
        return model.create(
            {
                "name": "Broken",
                "partner_id": cls.customer.id,
                "company_id": cls.company.id,
                **values,
            }
        )

    @classmethod
    def _solved(cls, complaint, **values):
        complaint.write({"result": "solved", **values})
        complaint.action_solve()

    def _at(self, moment=FRIDAY, **later):
        """Freeze the clock at a moment in UTC, or so much later."""
        return freeze_time(moment + timedelta(**later))
