from lxml import html

from odoo import http
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import ComplaintCase


@tagged("post_install", "-at_install")
class TestComplaintPortal(ComplaintCase, HttpCase):
    """Customers see their own complaints, and nothing of others."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = new_test_user(cls.env, "complaint-portal", "base.group_portal")
        cls.reader.partner_id.parent_id = cls.customer
        cls.own = cls._complaint(name="Own words", cause_id=cls.cause.id)
        stranger = cls._customer("Stranger")
        cls.others = cls._complaint(name="Other words", partner_id=stranger.id)

    def _get(self, path):
        return self.url_open(path)

    def test_way_to_the_first_complaint(self):
        """The account shows the card also without any complaint."""
        new_test_user(self.env, "complaint-none", "base.group_portal")
        self.authenticate("complaint-none", "complaint-none")
        page = html.fromstring(self.url_open("/my").text)
        [link] = page.xpath("//a[@href='/my/complaints']")
        self.assertNotIn("d-none", link.getparent().get("class"))

    def test_own_list(self):
        self.authenticate("complaint-portal", "complaint-portal")
        page = self._get("/my/complaints")
        self.assertEqual(page.status_code, 200)
        self.assertIn("Own words", page.text)
        self.assertNotIn("Other words", page.text)
        counted = self.make_jsonrpc_request(
            "/my/counters", {"counters": ["complaint_count"]}
        )
        self.assertEqual(counted, {"complaint_count": 1})

    def test_own_page(self):
        self.own.write({"result": "replaced", "result_note": "A new one was sent."})
        self.authenticate("complaint-portal", "complaint-portal")
        page = self._get(f"/my/complaints/{self.own.id}")
        self.assertEqual(page.status_code, 200)
        self.assertIn("A new one was sent.", page.text)
        for hidden in (self.cause.name, "Value Tier"):
            self.assertNotIn(hidden, page.text)

    def test_nothing_of_others(self):
        self.authenticate("complaint-portal", "complaint-portal")
        missing = self._get("/my/complaints/999999")
        for path in (
            f"/my/complaints/{self.others.id}",
            f"/my/complaints/{self.others.id}?access_token=",
            f"/my/complaints/{self.others.id}?access_token=%C3%A9",
            f"/my/complaints/{99**20}",
        ):
            page = self._get(path)
            with self.subTest(path):
                self.assertEqual(page.status_code, 404)
                self.assertEqual(page.status_code, missing.status_code)
                self.assertNotIn("Other words", page.text)

    def test_without_login(self):
        self.authenticate(None, None)
        self.assertEqual(self._get(f"/my/complaints/{self.own.id}").status_code, 404)
        self.assertIn("/web/login", self._get("/my/complaints").url)
        token = self.own._portal_ensure_token()
        page = self._get(f"/my/complaints/{self.own.id}?access_token={token}")
        self.assertIn("Own words", page.text)
        wrong = self._get(f"/my/complaints/{self.others.id}?access_token={token}")
        self.assertEqual(wrong.status_code, 404)

    def test_answer_in_the_portal(self):
        """An answer of the customer lets the clock go on."""
        self.own.action_wait()
        self.authenticate("complaint-portal", "complaint-portal")
        with mute_logger("odoo.addons.mail"):
            self.make_jsonrpc_request(
                "/mail/message/post",
                {
                    "thread_model": "customer.complaint",
                    "thread_id": self.own.id,
                    "post_data": {
                        "body": "Here is the number",
                        "message_type": "comment",
                        "subtype_xmlid": "mail.mt_comment",
                    },
                    "token": self.own._portal_ensure_token(),
                },
            )
        self.own.invalidate_recordset()
        self.assertEqual(self.own.state, "in_progress")

    def test_portal_users_have_no_right(self):
        model = self.env["customer.complaint"].with_user(self.reader)
        for operation in ("read", "write", "create", "unlink"):
            self.assertFalse(model.has_access(operation))


@tagged("post_install", "-at_install")
class TestComplaintPortalNew(ComplaintCase, HttpCase):
    """Customers open complaints, for themselves alone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.reader = new_test_user(
            cls.env,
            "complaint-writer",
            "base.group_portal",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )
        cls.reader.partner_id.parent_id = cls.customer
        cls.customer.user_id = cls.seller

    def setUp(self):
        super().setUp()
        self.authenticate("complaint-writer", "complaint-writer")

    def _post(self, files=(), **values):
        token = http.Request.csrf_token(self)
        return self.url_open(
            "/my/complaints/new",
            data={"csrf_token": token, "name": "It broke", **values},
            files=[("attachments", one) for one in files] or None,
        )

    def _mine(self):
        return self.env["customer.complaint"].search(
            [("partner_id", "=", self.customer.id)]
        )

    def test_opened(self):
        self.assertIn("New Complaint", self.url_open("/my/complaints/new").text)
        page = self._post(
            description="Into two",
            category_id=str(self.category.id),
            files=[("bill.pdf", b"%PDF-1.4 test", "application/pdf")],
        )
        complaint = self._mine()
        self.assertEqual(page.status_code, 200)
        self.assertTrue(page.url.endswith(f"/my/complaints/{complaint.id}"), page.url)
        self.assertEqual(complaint.name, "It broke")
        self.assertEqual(complaint.description, "Into two")
        self.assertEqual(complaint.category_id, self.category)
        self.assertEqual(complaint.contact_id, self.reader.partner_id)
        self.assertEqual(complaint.company_id, self.company)
        self.assertEqual(complaint.channel, "portal")
        self.assertEqual(complaint.user_id, self.seller)
        self.assertEqual(complaint.message_ids.attachment_ids.name, "bill.pdf")
        self.assertTrue(complaint.next_deadline)

    def test_values_of_others_are_not_believed(self):
        stranger = self._customer("Stranger")
        other = self._company("Other Ltd")
        self._post(
            partner_id=str(stranger.id),
            company_id=str(other.id),
            user_id=str(self.other.id),
            state="closed",
            severity="critical",
            category_id="99999999999999999999",
        )
        complaint = self._mine()
        self.assertEqual(complaint.company_id, self.company)
        self.assertEqual(complaint.state, "new")
        self.assertEqual(complaint.severity, "normal")
        self.assertEqual(complaint.user_id, self.seller)
        self.assertFalse(complaint.category_id)

    def test_without_a_token(self):
        with mute_logger("odoo.http"):
            page = self.url_open("/my/complaints/new", data={"name": "It broke"})
        self.assertEqual(page.status_code, 400)
        self.assertFalse(self._mine())

    def test_files(self):
        for name, content, word in (
            ("evil.html", b"<script>alert(1)</script>", "only pictures"),
            ("evil.png", b"<svg onload='alert(1)'/>", "only pictures"),
            ("evil.exe", b"MZ", "only pictures"),
            ("evil.txt", b"a\0b", "only pictures"),
            ("evil.docx", b"<html/>", "only pictures"),
            ("big.txt", b"x" * (10 * 2**20 + 1), "larger than 10 MB"),
        ):
            with self.subTest(name):
                page = self._post(files=[(name, content, "image/png")])
                self.assertIn(word, page.text)
                self.assertNotIn("<script>alert", page.text)
                self.assertFalse(self._mine())
        page = self._post(files=[(f"{n}.txt", b"x", "text/plain") for n in range(6)])
        self.assertIn("5 files at most", page.text)
        self.assertFalse(self._mine())

    def test_subject_is_needed(self):
        page = self._post(name="  ", description="<b>Typed</b>")
        self.assertIn("Please write what it is about", page.text)
        self.assertIn("&lt;b&gt;Typed", page.text)
        self.assertFalse(self._mine())

    def test_long_texts_are_cut(self):
        self._post(name="n" * 5_000, description="\0" + "d" * 20_000)
        self.assertEqual(len(self._mine().name), 256)
        self.assertEqual(len(self._mine().description), 10_000)

    def test_ten_a_day(self):
        for number in range(11):
            page = self._post(name=f"Number {number}")
        self.assertEqual(len(self._mine()), 10)
        self.assertIn("many complaints today", page.text)

    def test_not_for_others(self):
        new_test_user(self.env, "complaint-insider", "base.group_user")
        self.authenticate("complaint-insider", "complaint-insider")
        self.assertEqual(self.url_open("/my/complaints/new").status_code, 404)
        self.assertEqual(self._post().status_code, 404)
        self.authenticate(None, None)
        self.assertIn("/web/login", self.url_open("/my/complaints/new").url)
