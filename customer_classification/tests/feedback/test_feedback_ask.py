from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from ..complaint.common import ComplaintCase


@tagged("post_install", "-at_install")
class TestFeedbackAsk(ComplaintCase):
    """Many customers are asked, each once; others are left out and counted."""

    def _asking(self, records, user=None, **values):
        wizards = self.env["customer.feedback.ask"].with_user(user or self.officer)
        context = {"active_model": records._name, "active_ids": records.ids}
        return wizards.with_context(**context).create(values)

    def _many(self, count):
        return self.env["res.partner"].create(
            [
                {"name": f"Many {n}", "email": f"many{n}@ask.example"}
                for n in range(count)
            ]
        )

    def _sent(self, partners):
        requests = self.env["customer.feedback.request"].sudo()
        return requests.search([("partner_id", "in", partners.ids)])

    def test_who_is_left_out(self):
        good = self._customer("Good", email="Good@ask.example")
        double = self._customer("Double", email="good@ask.example")
        mute = self._customer("Mute")
        broken = self._customer("Broken", email="no address")
        blocked = self._customer("Blocked", email="blocked@ask.example")
        self.env["mail.blacklist"].create({"email": "blocked@ask.example"})
        objects = self._customer("Objects", email="objects@ask.example")
        objects.customer_objects_profiling = True
        asked = self._customer("Asked", email="asked@ask.example")
        self.env["customer.feedback.request"].create(
            {"partner_id": asked.id, "company_id": self.company.id}
        )._send()
        clerk = self._customer("Clerk", parent_id=good.id, email="clerk@ask.example")
        ours = self.seller.partner_id
        ours.email = "ours@ask.example"
        everybody = clerk | double | mute | broken | blocked | objects | asked | ours
        wizard = self._asking(everybody)
        self.assertEqual(wizard.ask_count, 1)
        self.assertEqual(
            wizard.left_out_text.splitlines(),
            [
                "belong to us: 1",
                "object to profiling: 1",
                "have no e-mail address: 2",
                "do not want e-mails: 1",
                "were asked lately or can still answer: 1",
                "have the address of another one: 1",
            ],
        )
        message = wizard.action_send()["params"]["message"]
        self.assertEqual(message, "1 customers are asked, 7 were left out.")
        [request] = self._sent(everybody - asked | good)
        self.assertEqual(request.partner_id, good)
        self.assertEqual(request.user_id, self.officer)
        self.assertTrue(request.sent_date)

    def test_pause(self):
        customer = self._many(1)
        self._asking(customer).action_send()
        request = self._sent(customer)
        request._answer(4, "")
        self.assertFalse(self._asking(customer).ask_count)
        request.sent_date = fields.Datetime.now() - timedelta(days=60)
        self.assertFalse(self._asking(customer).ask_count)
        self.assertEqual(self._asking(customer, pause_days=59).ask_count, 1)
        with self.assertRaises(ValidationError):
            self._asking(customer, pause_days=0)

    def test_twice_sends_once(self):
        customer = self._many(1)
        wizard = self._asking(customer)
        wizard.action_send()
        with self.assertRaisesRegex(UserError, "nobody to ask"):
            wizard.action_send()
        self.assertEqual(len(self._sent(customer)), 1)

    def test_from_profiles_by_form(self):
        customer = self._regular("Regular", 100, email="regular@ask.example")
        blocked = self._regular("Blocked", 100, email="blocked@ask.example")
        self.env["mail.blacklist"].create({"email": "blocked@ask.example"})
        self._recompute()
        profile = self._profile(customer) | self._profile(blocked)
        context = {"active_model": profile._name, "active_ids": profile.ids}
        model = self.env["customer.feedback.ask"].with_user(self.officer)
        with Form(model.with_context(**context)) as form:
            form.kind = "recommendation"
            self.assertEqual(form.ask_count, 1)
            self.assertEqual(form.left_out_text, "do not want e-mails: 1")
        form.record.action_send()
        self.assertEqual(self._sent(customer).kind, "recommendation")

    def test_rights(self):
        customer = self._many(1)
        with self.assertRaises(AccessError):
            self._asking(customer, self.seller)
        other = self._company("Elsewhere")
        theirs = self._customer("Theirs", email="t@ask.example", company_id=other.id)
        self.assertFalse(self._asking(theirs).partner_ids)
        for wrong in ("x", ["1"], [True], None, [2**40]):
            wizards = self.env["customer.feedback.ask"].with_user(self.officer)
            context = {"active_model": "res.partner", "active_ids": wrong}
            self.assertFalse(wizards.with_context(**context).create({}).partner_ids)

    def test_too_many(self):
        ids = self._many(501).ids
        context = {"active_model": "res.partner", "active_ids": ids}
        wizards = self.env["customer.feedback.ask"].with_context(**context)
        with self.assertRaisesRegex(UserError, "at most 500"):
            wizards.create({})

    def test_queries(self):
        """The plan takes nine queries, for many customers as for two."""
        wizards = [self._asking(self._many(number)) for number in (1, 2, 60)]
        self.env.flush_all()
        self.env.invalidate_all()
        wizards[0]._plan()  # rights and groups are known then
        for wizard, number in zip(wizards[1:], (2, 60), strict=True):
            self.env.invalidate_all()
            with self.assertQueryCount(9):
                customers, __ = wizard._plan()
            self.assertEqual(len(customers), number)
