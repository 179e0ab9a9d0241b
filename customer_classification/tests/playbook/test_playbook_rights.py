from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..common import AS_OF
from ..playbook_common import DAY, PlaybookCase

GROUP = "customer_classification.group_"


@tagged("post_install", "-at_install")
class TestPlaybookRights(PlaybookCase):
    """Rights to see, stop and switch on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.officer = cls._user("play_officer", f"{GROUP}officer")
        cls.reader = cls._user("play_reader", f"{GROUP}user")
        cls.internal = cls._user("play_internal", "base.group_user")
        cls.big = cls._regular("Big", 300)
        cls.playbook = cls._playbook()

    def setUp(self):
        super().setUp()
        self.enterContext(self._on(AS_OF))
        self._recompute(as_of_date=AS_OF - DAY)
        self._enter(self.big)
        self._work()
        self.case = self._case(self.big, self.playbook)

    def test_only_managers_make_and_switch_on(self):
        for user in (self.officer, self.reader, self.internal):
            own = self.playbook.with_user(user)
            for call in (
                lambda own=own: own.create({"name": "x"}),
                lambda own=own: own.write({"goal_days": 3}),
                lambda own=own: own.unlink(),
                lambda own=own: own.action_preview(),
                lambda own=own: own.action_pause(),
                lambda own=own: own.action_use_template(),
                lambda own=own: own.step_ids.write({"name": "x"}),
                lambda own=own: own.env["customer.playbook.start"].create(
                    {"playbook_id": own.id}
                ),
            ):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    call()

    def test_officers_read_playbooks_and_salespeople_do_not(self):
        self.assertTrue(self.playbook.with_user(self.officer).when_text)
        with self.assertRaises(AccessError):
            self.playbook.with_user(self.reader).read(["name"])

    def test_salespeople_read_cases_without_amounts(self):
        case = self.case.with_user(self.reader)
        self.assertEqual(case.playbook_name, "Care of VIPs")
        self.assertTrue(case.task_ids.mapped("name"))
        for name in ("value", "revenue"):
            with self.subTest(field=name), self.assertRaises(AccessError):
                case.read([name])
        with self.assertRaises(AccessError):
            self.cases.with_user(self.reader).search([("value", ">", 1)])
        with self.assertRaises(AccessError):
            self.cases.with_user(self.internal).search([])

    def test_cases_follow_the_record_rules_on_contacts(self):
        self.env["ir.rule"].create(
            {
                "name": "Not Big",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": "[('name', '!=', 'Big')]",
                "groups": [self.env.ref(f"{GROUP}user").id],
            }
        )
        self.assertFalse(self.cases.with_user(self.reader).search([]))
        self.assertFalse(self.tasks.with_user(self.reader).search([]))
        with self.assertRaises(AccessError):
            self.case.with_user(self.reader).action_stop()

    def test_companies(self):
        elsewhere = self._company("Elsewhere Ltd")
        manager = self._user("play_elsewhere", "sales_team.group_sale_manager")
        manager.write({"company_ids": elsewhere.ids, "company_id": elsewhere.id})
        manager = manager.with_context(allowed_company_ids=elsewhere.ids)
        self.assertFalse(
            self.cases.with_user(manager)
            .with_context(allowed_company_ids=elsewhere.ids)
            .search([("id", "=", self.case.id)])
        )
        with self.assertRaises(AccessError):
            self.playbook.with_user(manager).with_context(
                allowed_company_ids=elsewhere.ids
            ).action_pause()

    def test_clients_write_no_case_and_no_task(self):
        for user in (self.reader, self.officer, self.manager):
            for records in (self.case, self.case.task_ids):
                own = records.with_user(user)
                with self.subTest(user=user.login, model=records._name):
                    with self.assertRaises(AccessError):
                        own.write({"company_id": self.company.id})
                    with self.assertRaises(AccessError):
                        own.unlink()
                    with self.assertRaises(AccessError):
                        own.copy()

    def test_a_reader_stops_a_case(self):
        self.case.with_user(self.reader).action_stop()
        self.assertEqual(self.case.status, "stopped")
        self.assertIn("play_reader", self.case.stop_note)

    def test_only_managers_try_again(self):
        with self.assertRaises(AccessError):
            self.case.with_user(self.reader).action_try_again()

    def test_no_outsider_becomes_a_follower(self):
        outsider = self._customer("Outsider", email="out@example.com")
        with self.assertRaises(AccessError):
            self.case.with_user(self.reader).message_subscribe(outsider.ids)

    def test_a_condition_names_only_what_its_writer_may_read(self):
        with self.assertRaises(AccessError):
            self.env["customer.playbook"].with_user(
                self._user("play_small", f"{GROUP}manager")
            ).create(
                {
                    "name": "Rich",
                    "company_id": self.company.id,
                    "tier_ids": self._tier("vip").ids,
                    "domain": "[('customer_revenue_at_risk', '>', 1)]",
                }
            )
