from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged

from ..common import PATIENCE
from .common import ComplaintCase
from .test_complaint import MAIL


@tagged("post_install", "-at_install")
class TestComplaintTour(ComplaintCase, HttpCase):
    """An agent takes a complaint from the mail to the solution, in a browser."""

    def test_from_mail_to_solved(self):
        self._complaint(
            name="Overdue printer",
            user_id=self.seller.id,
            open_date=fields.Datetime.now() - timedelta(days=30),
        )
        self.customer.user_id = self.seller
        text = MAIL.format(
            sender=self.contact.email,
            to="help@x.example",
            subject="Broken printer",
            number=1,
        )
        number = self.env["mail.thread"].message_process(
            "customer.complaint", text, custom_values={"company_id": self.company.id}
        )
        complaint = self.env["customer.complaint"].browse(number)
        self.assertEqual(complaint.user_id, self.seller)
        self.start_tour(
            "/odoo/complaints",
            "customer_complaint",
            login="complaint-seller",
            timeout=PATIENCE,
        )
        complaint.invalidate_recordset()
        self.assertEqual(complaint.state, "solved")
        self.assertEqual(complaint.result, "replaced")
        self.assertTrue(complaint.answered_date)
