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
