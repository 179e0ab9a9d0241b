from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from odoo.addons.customer_classification.tests.common import ClassificationCase


@tagged("post_install", "-at_install")
class TestMailingInteraction(ClassificationCase):
    """Mailings that a customer opened, clicked or answered, each once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._regular("Reads Ltd", 100, is_company=True)
        cls.clerk = cls._customer(
            "Clerk", parent_id=cls.customer.id, email="clerk@reads.example"
        )
        cls._recompute()

    def _ago(self, days):
        return fields.Datetime.now() - timedelta(days=days)

    def _trace(self, record=None, **values):
        record = record or self.clerk
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": "Spring",
                "mailing_model_id": self.env["ir.model"]._get_id(record._name),
            }
        )
        return self.env["mailing.trace"].create(
            {
                "mass_mailing_id": mailing.id,
                "model": record._name,
                "res_id": record.id,
                "trace_status": "open",
                "sent_datetime": self._ago(9),
                "open_datetime": self._ago(8),
                **values,
            }
        )

    def _seen(self):
        self.env.flush_all()
        profile = self._profile(self.customer)
        profile.invalidate_recordset()
        return profile

    def _details(self):
        context = self.customer.action_open_customer_timeline()["context"]
        lines = self.env["customer.timeline"].with_context(**context).search([])
        return {
            line.detail: line for line in lines if line.detail.startswith("mailing")
        }

    def test_furthest_step(self):
        self._trace()
        self._trace(links_click_datetime=self._ago(7))
        self._trace(links_click_datetime=self._ago(7), reply_datetime=self._ago(6))
        self._trace(open_datetime=False, trace_status="sent")
        self._trace(is_test_trace=True)
        profile = self._seen()
        self.assertEqual(profile.interaction_count, 3)
        self.assertEqual(profile.interaction_received_count, 3)
        self.assertEqual(profile.interaction_days, 6)
        found = self._details()
        self.assertEqual(
            {detail: line.date for detail, line in found.items()},
            {
                "mailing_opened": self._ago(8).date(),
                "mailing_clicked": self._ago(7).date(),
                "mailing_answered": self._ago(6).date(),
            },
        )
        self.assertEqual(found["mailing_opened"].text, "Spring")

    def test_documents_and_lists(self):
        """By a lead, an order, and the address on a mailing list."""
        self._trace(self._opportunity(self.customer))
        self._trace(self._order(self.clerk, fields.Date.today(), 5))
        listed = self.env["mailing.contact"].create({"email": "CLERK@reads.example"})
        self._trace(listed)
        unknown = self.env["mailing.contact"].create({"email": "x@unknown.example"})
        self._trace(unknown)
        self.env.flush_all()
        self.assertEqual(len(self._mailing_rows()), 3)
        # The oldest contact with an address has it.
        self._customer("Same address", email="clerk@reads.example")
        self.assertEqual(len(self._mailing_rows()), 3)
        self.assertEqual(self._mailing_rows(), self._mailing_rows(everybody=True))

    def _mailing_rows(self, everybody=False):
        self.env.flush_all()
        ids = (self.customer | self.clerk).ids
        source = self.env["classification.interaction.source"].sudo()
        rows = self.env.execute_query(
            source._mailing_query("UTC", None if everybody else ids)
        )
        return {row for row in rows if row[0] in ids}

    def test_readers_see_kinds(self):
        self._trace()
        self.env.flush_all()
        reader = self._user("mailing-reader", "sales_team.group_sale_salesman")
        context = self.customer.action_open_customer_timeline()["context"]
        lines = self.env["customer.timeline"].with_user(reader)
        line = lines.with_context(**context).search([("what", "=", "interaction")])
        opened = line.filtered(lambda one: one.detail == "mailing_opened")
        self.assertEqual(len(opened), 1)
        self.assertFalse(opened.text)
