from datetime import timedelta

from odoo.tests import tagged

from ..common import AS_OF
from ..playbook_common import DAY, PlaybookCase


@tagged("post_install", "-at_install")
class TestPlaybookSilence(PlaybookCase):
    """No e-mail leaves the house before a person has switched a playbook on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.big = cls._regular("Big", 300, email="big@example.com")
        template = cls.env["mail.template"].create(
            {
                "name": "Offer",
                "model_id": cls.env["ir.model"]._get_id("res.partner"),
                "subject": "Offer",
                "body_html": "<p>Offer</p>",
                "partner_to": "{{ object.id }}",
                "user_id": False,
            }
        )
        cls.steps = [
            {"name": "Write", "kind": "email", "mail_template_id": template.id}
        ]

    def setUp(self):
        super().setUp()
        self.enterContext(self._on(AS_OF))
        self.before = self._letters()

    def _letters(self):
        """Count e-mails and activities, however they were made."""
        return (
            self.env["mail.mail"].search_count([]),
            self.env["mail.activity"].search_count(
                [("res_model", "=", "customer.playbook.case")]
            ),
        )

    def _assert_silent(self):
        self._deliver()
        self._work()
        self.assertEqual(self._letters(), self.before)

    def test_shipped_templates(self):
        """Ship all of them switched off: an installation sends nothing."""
        shipped = self.env["ir.model.data"].search(
            [
                ("module", "=", "customer_classification"),
                ("model", "=", "customer.playbook"),
                ("name", "not like", "demo"),
            ]
        )
        own = self.env["customer.playbook"].browse(shipped.mapped("res_id"))
        self.assertTrue(own)
        self.assertEqual(set(own.mapped("state")), {"template"})
        self._recompute(as_of_date=AS_OF - DAY)
        self._purchase(self.big, AS_OF, 50_000)
        self._recompute()
        self._assert_silent()

    def test_first_run(self):
        self._playbook(steps=self.steps)
        self._purchase(self.big, AS_OF, 50_000)
        self._recompute()
        self._assert_silent()

    def test_preview_of_a_playbook(self):
        self._purchase(self.big, AS_OF, 50_000)
        self._recompute()
        playbook = self._playbook(state="draft", steps=self.steps)
        playbook.with_user(self.manager).action_preview()
        self._assert_silent()

    def test_previews_and_back_tests_of_rules(self):
        self._playbook(steps=self.steps)
        self._recompute(as_of_date=AS_OF - DAY)
        self._purchase(self.big, AS_OF, 50_000)
        self._recompute(kind="preview")
        self._recompute(as_of_date=AS_OF - timedelta(days=60), kind="back_test")
        self._assert_silent()

    def test_imported_history(self):
        """Purchases of the past change the past, which is corrected in silence."""
        self._playbook(steps=self.steps)
        self._recompute(as_of_date=AS_OF - 30 * DAY)
        self._recompute(as_of_date=AS_OF - DAY)
        past = AS_OF - timedelta(days=500)
        self._purchase(self.big, past, 50_000)
        self._recompute()
        self._assert_silent()

    def test_a_letter_once_it_is_on(self):
        """The test of the tests above: the same entry, switched on, sends one."""
        self._playbook(steps=self.steps)
        self._recompute(as_of_date=AS_OF - DAY)
        self._enter(self.big)
        self._work()
        mails, activities = self._letters()
        self.assertEqual((mails, activities), (self.before[0] + 1, self.before[1]))
