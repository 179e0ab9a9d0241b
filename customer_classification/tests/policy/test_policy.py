from psycopg2 import IntegrityError

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..common import AS_OF, ClassificationCase


@tagged("post_install", "-at_install")
class TestPolicy(ClassificationCase):
    """The life of a rule book: draft, published, retired."""

    def _drafts(self):
        return self.env["classification.policy"].search(
            [("company_id", "=", self.company.id), ("state", "=", "draft")]
        )

    def _new_version(self):
        self.policy.action_new_version()
        return self._drafts()

    def test_publishing_retires_the_one_before(self):
        draft = self._new_version()
        self.assertEqual((self.policy.state, draft.state), ("published", "draft"))
        draft.action_publish()
        self.assertEqual((self.policy.state, draft.state), ("retired", "published"))
        self.assertEqual(draft.published_by_id, self.env.user)
        self.assertTrue(draft.published_date)
        self.assertEqual(self.company._get_customer_policy(), draft)

    def test_publishing_twice_changes_nothing(self):
        when = self.policy.published_date
        self.policy.action_publish()
        self.assertEqual(self.policy.state, "published")
        self.assertEqual(self.policy.published_date, when)

    def test_versions_count_on(self):
        first = self.policy.version
        second = self._new_version()
        self.assertEqual(second.version, first + 1)
        second.action_publish()
        second.action_new_version()
        self.assertEqual(self._drafts().version, first + 2)
        self.assertIn(str(first + 2), self._drafts().display_name)

    def test_new_version_is_an_exact_copy_of_the_rules(self):
        draft = self._new_version()
        self.assertEqual(draft.tier_ids.mapped("limit"), [10_000, 5_000, 1_000, 0])
        self.assertEqual(draft.tier_ids.tier_id, self.policy.tier_ids.tier_id)
        self.assertEqual(draft.company_id, self.company)
        parameters = self.policy._parameters(), draft._parameters()
        for name in ("window_months", "tiers", "lost_ratio", "keep_margin"):
            self.assertEqual(*(getattr(one, name) for one in parameters), name)

    def test_published_rules_are_not_changed(self):
        for values in (
            {"window_months": 6},
            {"tier_method": "top_percent"},
            {"revenue_source": "invoice"},
            {"tz": "Asia/Shanghai"},
            {"tier_ids": [fields.Command.clear()]},
        ):
            with self.subTest(values), self.assertRaises(UserError):
                self.policy.write(values)
        for change in (
            lambda: self.policy.tier_ids[0].write({"limit": 1}),
            lambda: self.policy.tier_ids[0].unlink(),
            lambda: self.env["classification.policy.tier"].create(
                {
                    "rules_id": self.policy.customer_rules_id.id,
                    "tier_id": self._tier("vip").id,
                }
            ),
        ):
            with self.assertRaises(UserError), self.env.cr.savepoint():
                change()
        self.assertEqual(
            self.policy.tier_ids.mapped("limit"), [10_000, 5_000, 1_000, 0]
        )

    def test_retired_rules_are_not_changed_either(self):
        self._new_version().action_publish()
        with self.assertRaises(UserError):
            self.policy.window_months = 6

    def test_responsible_may_change_any_time(self):
        manager = self._user("rules_manager", "sales_team.group_sale_manager")
        self.policy.responsible_id = manager
        self.assertEqual(self.policy._responsible_user(), manager)
        with self.assertRaisesRegex(UserError, "not changed"):
            self.policy.name = "Our classes"

    def test_only_drafts_are_deleted(self):
        draft = self._new_version()
        draft.unlink()
        self.assertFalse(draft.exists())
        with self.assertRaises(UserError):
            self.policy.unlink()

    def test_one_published_policy_a_company(self):
        draft = self._new_version()
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            draft.state = "published"
            draft.flush_recordset()

    def test_draft_needs_tiers(self):
        draft = self._new_version()
        with self.assertRaises(ValidationError):
            draft.tier_ids = [fields.Command.clear()]

    def test_policy_made_by_hand_starts_with_the_tiers_shipped(self):
        with Form(self.env["classification.policy"]) as form:
            form.name = "By hand"
            form.company_id = self.company
        policy = form.record
        self.assertEqual(
            set(policy.tier_ids.tier_id.mapped("code")),
            {"vip", "high", "medium", "low"},
        )
        self.assertEqual(policy.recompute(AS_OF, kind="preview").state, "done")

    def test_tier_with_customers_is_not_deleted(self):
        self._regular("Very Important", 1_000)
        self._recompute()
        for code in ("vip", "unrated"):
            with self.subTest(code), self.assertRaises(UserError):
                self._tier(code).unlink()
        self._tier("vip").active = False
        self.assertFalse(self._tier("vip").active)

    def test_tier_codes_differ(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.env["customer.value.tier"].create({"name": "Gold", "code": "vip"})

    def test_one_tier_for_who_is_not_rated(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.env["customer.value.tier"].create(
                {"name": "Unknown", "code": "unknown", "is_unrated": True}
            )

    def test_stages_are_renamed_not_deleted(self):
        stage = self._stage("lost")
        stage.name = "Gone"
        with self.assertRaises(UserError):
            stage.unlink()

    def test_own_tier_is_used_like_the_others(self):
        gold = self.env["customer.value.tier"].create(
            {"name": "Gold", "code": "gold", "sequence": 15}
        )
        draft = self._new_version()
        draft.tier_ids = [
            fields.Command.create({"tier_id": gold.id, "limit": 7_000}),
        ]
        draft.action_publish()
        customer = self._regular("Golden", 600)
        self._recompute(policy=draft)
        self.assertEqual(self._profile(customer).value_tier_id, gold)
        self.assertEqual(gold.customer_count, 1)
        action = gold.action_open_customers()
        found = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(found.partner_id, customer)


@tagged("post_install", "-at_install")
class TestPolicyOfTheAddon(ClassificationCase):
    """The policy that a company gets without doing anything."""

    def test_default_policy_rates_with_shares(self):
        company = self._company("Fresh Ltd")
        policy = company._get_customer_policy()
        customers = [self._customer(f"Number {number}") for number in range(40)]
        self.env["customer.purchase"].create(
            [
                {
                    "partner_id": customer.id,
                    "company_id": company.id,
                    "currency_id": company.currency_id.id,
                    "date": fields.Date.subtract(AS_OF, days=40 * time),
                    "amount": 10 * (number + 1),
                }
                for number, customer in enumerate(customers)
                for time in range(3)
            ]
        )
        run = policy.with_company(company).recompute(AS_OF)
        self.assertEqual(run.state, "done", run.error)
        counts = {
            tier.code: number
            for tier, number in self.env["customer.profile"]
            .sudo()
            ._read_group(
                [
                    ("company_id", "=", company.id),
                    ("partner_id", "in", [customer.id for customer in customers]),
                ],
                ["value_tier_id"],
                ["__count"],
            )
        }
        self.assertEqual(counts, {"vip": 2, "high": 6, "medium": 12, "low": 20})
