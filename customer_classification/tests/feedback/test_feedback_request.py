import re
from datetime import timedelta

from psycopg2.errors import UniqueViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, HttpCase, tagged
from odoo.tools import mute_logger

from ..complaint.common import ComplaintCase

CSRF = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@tagged("post_install", "-at_install")
class TestFeedbackRequest(ComplaintCase, HttpCase):
    """A mail that asks, a page that shows, a button that answers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contact.lang = "en_US"
        cls.customer.email = "office@complains.example"

    def _request(self, user=None, is_sent=True, **values):
        model = self.env["customer.feedback.request"].with_user(user or self.seller)
        asked = model.create(
            {
                "partner_id": self.customer.id,
                "contact_id": self.contact.id,
                "company_id": self.company.id,
                **values,
            }
        )
        if is_sent:
            asked.action_send()
        return asked.sudo()

    def _mail(self, asked):
        domain = [("model", "=", asked._name), ("res_id", "=", asked.id)]
        return self.env["mail.mail"].sudo().search(domain)

    def _path(self, asked):
        return f"/feedback/{asked._token()}"

    def _answer(self, path, **values):
        """Press the button of the page, as a browser does."""
        page = self.url_open(path)
        token = CSRF.search(page.text).group(1)
        return self.url_open(f"{path}/answer", {"csrf_token": token, **values})

    # Asking

    def test_mail(self):
        asked = self._request()
        mail = self._mail(asked)
        self.assertEqual(mail.recipient_ids, self.contact)
        for score in range(1, 6):
            self.assertIn(f"{self._path(asked)}?score={score}", mail.body_html)
        self.assertNotIn("?score=0", mail.body_html)
        self.assertEqual(asked.user_id, self.seller)
        self.assertTrue(asked.sent_date)

    def test_questions(self):
        self.assertIn(
            "recommend", self._mail(self._request(kind="recommendation")).body_html
        )
        complaint = self._complaint(name="Loose screw")
        mail = self._mail(self._request(complaint_id=complaint.id, contact_id=False))
        self.assertIn("Loose screw", mail.body_html)

    def test_whom_not_to_ask(self):
        quiet = self._customer("Quiet")
        blocked = self._customer("Blocked", email="no@complains.example")
        self.env["mail.blacklist"].create({"email": "no@complains.example"})
        for partner, sentence in (
            (quiet, "no e-mail address"),
            (blocked, "does not want"),
        ):
            with self.assertRaisesRegex(UserError, sentence):
                self._request(partner_id=partner.id, contact_id=False)
        with self.assertRaisesRegex(UserError, "belongs to us"):
            self._request(partner_id=self.other.partner_id.id, contact_id=False)
        person = self._customer("Ada", email="ada@complains.example")
        asked = self._request(partner_id=person.id, contact_id=False, is_sent=False)
        person.customer_objects_profiling = True
        self.assertFalse(asked.exists())

    def test_not_twice(self):
        asked = self._request()
        with self.assertRaisesRegex(UserError, "sent already"):
            asked.with_user(self.seller).action_send()
        with self.assertRaisesRegex(UserError, "do not ask twice"):
            self._request()
        self.assertTrue(self._request(kind="recommendation"))
        asked._answer(4, "")
        self.assertTrue(self._request())

    def test_from_customer_order_and_complaint(self):
        order = self._order(
            self.contact, fields.Date.today(), 5, user_id=self.officer.id
        )
        complaint = self._complaint(partner_id=self.contact.id)
        for action, about in (
            (self.contact.action_ask_feedback(), None),
            (order.action_ask_feedback(), ("order_id", order)),
            (complaint.action_ask_feedback(), ("complaint_id", complaint)),
        ):
            model = self.env[action["res_model"]].with_user(self.officer)
            with Form(model.with_context(**action["context"])) as form:
                pass
            self.assertEqual(form.record.partner_id, self.customer)
            self.assertEqual(form.record.contact_id, self.contact)
            self.assertEqual(form.record.email, self.contact.email)
            if about:
                self.assertEqual(form.record[about[0]], about[1])

    def test_rights(self):
        asked = self._request()
        self.customer.user_id = self.other
        self.assertTrue(asked.with_user(self.seller).has_access("read"), "who asked")
        stranger = self._user("feedback-internal", "base.group_user")
        with self.assertRaises(AccessError):
            asked.with_user(stranger).read(["kind"])
        with self.assertRaises(AccessError):
            asked.with_user(self.seller).write({"expiry_date": "2999-01-01"})
        with self.assertRaises(ValidationError):
            self._request(contact_id=self._customer("Stranger").id, is_sent=False)

    # Answering

    def test_answer(self):
        asked = self._request()
        page = self.url_open(f"{self._path(asked)}?score=4")
        self.assertEqual(page.status_code, 200)
        self.assertRegex(page.text, r'(?s)value="4"[^>]*checked')
        self.assertFalse(asked.feedback_ids, "looking changes nothing")
        done = self._answer(self._path(asked), score="4", text="Quick and kind")
        self.assertIn("Thank you", done.text)
        asked.invalidate_recordset()
        feedback = asked.feedback_ids
        self.assertEqual(feedback.score, 75)
        self.assertEqual(feedback.text, "Quick and kind")
        self.assertEqual(feedback.channel, "mail")
        self.assertEqual(feedback.partner_id, self.customer)
        self.assertEqual(feedback.contact_id, self.contact)
        self.assertEqual(feedback.company_id, self.company)
        self.assertFalse(feedback.user_id)
        self.assertTrue(asked.is_answered)

    def test_recommendation(self):
        asked = self._request(kind="recommendation")
        self._answer(self._path(asked), score="0")
        asked.invalidate_recordset()
        self.assertEqual(asked.feedback_ids.recommendation, "detractor")

    def test_one_answer(self):
        asked = self._request()
        token = CSRF.search(self.url_open(self._path(asked)).text).group(1)
        for score in ("5", "1"):
            page = self.url_open(
                f"{self._path(asked)}/answer", {"csrf_token": token, "score": score}
            )
        self.assertIn("have your answer already", page.text)
        asked.invalidate_recordset()
        self.assertEqual(asked.feedback_ids.original_score, 5)
        self.assertIn("already", self.url_open(self._path(asked)).text)

    def test_contact_who_works_elsewhere_by_now(self):
        """The answer is kept, as that of the customer who was asked."""
        order = self._order(
            self.contact, fields.Date.today(), 5, user_id=self.seller.id
        )
        asked = self._request(order_id=order.id)
        self.contact.parent_id = self._customer("Elsewhere Ltd", is_company=True)
        done = self._answer(self._path(asked), score="4", text="Kind")
        self.assertIn("Thank you for", done.text)
        asked.invalidate_recordset()
        self.assertEqual(asked.feedback_ids.partner_id, self.customer)
        self.assertFalse(asked.feedback_ids.contact_id)
        self.assertFalse(asked.feedback_ids.order_id)

    def test_answer_that_cannot_be_kept(self):
        """Nobody is told that it was kept, or that there was one before."""
        asked = self._request()
        path = self._path(asked)
        token = CSRF.search(self.url_open(path).text).group(1)
        self.customer.company_id = self._company("Elsewhere Ltd")
        page = self.url_open(f"{path}/answer", {"csrf_token": token, "score": "5"})
        self.assertIn("Your answer cannot be kept", page.text)
        self.assertNotIn("already", page.text)
        asked.invalidate_recordset()
        self.assertFalse(asked.feedback_ids)

    def test_two_answers_at_once(self):
        """Two that look at the same moment: the database keeps the first."""
        asked = self._request()
        asked._answer(4, "")
        with (
            self.assertRaises(UniqueViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            asked._answer(5, "")
        self.assertEqual(asked.feedback_ids.original_score, 4)

    def test_wrong_answers(self):
        asked = self._request()
        for score in ("0", "6", "-1", "4.5", "NaN", "", "4'--", "９"):
            page = self._answer(self._path(asked), score=score)
            with self.subTest(score):
                self.assertIn("Choose an answer first", page.text)
        asked.invalidate_recordset()
        self.assertFalse(asked.feedback_ids)

    def test_long_words(self):
        asked = self._request()
        self._answer(self._path(asked), score="5", text="<b>" + "x" * 9_000)
        asked.invalidate_recordset()
        self.assertEqual(len(asked.feedback_ids.text), 2_000)

    @mute_logger("odoo.http")
    def test_without_csrf(self):
        asked = self._request()
        page = self.url_open(f"{self._path(asked)}/answer", {"score": "5"})
        self.assertEqual(page.status_code, 400)
        page = self.url_open(f"{self._path(asked)}/answer?score=5")
        self.assertEqual(page.status_code, 405, "no answer by a link")
        asked.invalidate_recordset()
        self.assertFalse(asked.feedback_ids)

    def test_wrong_links(self):
        asked = self._request()
        token = asked._token()
        other = self._request(kind="recommendation", is_sent=False)
        for wrong in (
            *("x", "%00", "%C3%A9", "AQ", "null", "1", str(asked.id), "a" * 5_000),
            token[:-1],
            token[:-4] + "AAAA",
            token[::-1],
            other._token(),
        ):
            page = self.url_open(f"/feedback/{wrong}")
            with self.subTest(wrong[:20]):
                self.assertEqual(page.status_code, 404)
                self.assertNotIn("Complains", page.text)
        self.assertIn("not valid", page.text)

    def test_expired(self):
        asked = self._request()
        path = self._path(asked)
        page = self.url_open(path)
        token = CSRF.search(page.text).group(1)
        asked.expiry_date = fields.Date.today() - timedelta(days=1)
        for page in (
            self.url_open(path),
            self.url_open(f"{path}/answer", {"csrf_token": token, "score": "5"}),
        ):
            self.assertEqual(page.status_code, 410)
            self.assertIn("closed", page.text)
        asked.invalidate_recordset()
        self.assertFalse(asked.feedback_ids)

    def test_page_tells_nothing_of_the_customer(self):
        complaint = self._complaint(name="Loose screw")
        asked = self._request(complaint_id=complaint.id)
        page = self.url_open(self._path(asked))
        for word in ("Complains", "Cleo", "Loose screw", self.contact.email):
            self.assertNotIn(word, page.text)
        self.assertEqual(page.headers["X-Robots-Tag"], "noindex")
        self.assertEqual(page.headers["Cache-Control"], "no-store")

    def test_who_objects_meanwhile(self):
        person = self._customer("Ada", email="ada@complains.example")
        asked = self._request(partner_id=person.id, contact_id=False)
        path = self._path(asked)
        person.customer_objects_profiling = True
        self.env.flush_all()
        self.assertEqual(self.url_open(path).status_code, 404)
        person.customer_objects_profiling = False
        self.env.flush_all()
        self.assertEqual(self.url_open(path).status_code, 200)
