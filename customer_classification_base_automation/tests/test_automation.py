import json
from datetime import timedelta

from odoo.tests import tagged

from odoo.addons.customer_classification.tests.common import AS_OF, ClassificationCase

from .common import RulesMixin


@tagged("post_install", "-at_install")
class TestAutomation(RulesMixin, ClassificationCase):
    """Automation rules see changes that runs and smart tags write by SQL."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.big = cls._regular("Big", 300)
        cls.small = cls._regular("Small", 10)
        cls.found = cls.env["res.partner.category"].create({"name": "Fired"})
        cls._recompute()

    def _rise(self):
        self._purchase(self.big, AS_OF, 50_000)
        self._recompute()
        self._deliver()

    # Profiles

    def test_a_move_is_a_write(self):
        self._rule(
            *("customer.profile", "on_write", self._note()),
            **self._trigger_fields("value_tier_id"),
        )
        self._rise()
        self.assertEqual((self.big.function, self.small.function), ("x", False))

    def test_other_fields_do_not_trigger(self):
        """The tier moves; a rule on the risk does not fire."""
        self._rule(
            *("customer.profile", "on_write", self._note()),
            **self._trigger_fields("churn_risk"),
        )
        self._rise()
        self.assertFalse(self.big.function)

    def test_conditions_before_and_after(self):
        """From Medium to VIP fires; from High to VIP would not."""
        vip, high, medium = (self._tier(code).id for code in ("vip", "high", "medium"))
        for before, expected in ((high, False), (medium, "x")):
            with self.subTest(before=before), self.env.cr.savepoint() as savepoint:
                self._rule(
                    *("customer.profile", "on_write", self._note()),
                    filter_pre_domain=f"[('value_tier_id', '=', {before})]",
                    filter_domain=f"[('value_tier_id', '=', {vip})]",
                )
                self._rise()
                self.assertEqual(self.big.function, expected)
                savepoint.rollback()
                self.env.invalidate_all(flush=False)

    def test_a_new_customer_is_a_creation(self):
        self._rule("customer.profile", "on_create", self._note())
        new = self._regular("New", 10)
        self._recompute()
        self._deliver()
        self.assertEqual((new.function, self.big.function), ("x", False))

    def test_the_run_itself_is_the_old_class_in_no_cache(self):
        """After the rules have looked, records have the classes of now again."""
        self._rule("customer.profile", "on_write", self._note())
        self._rise()
        self.assertEqual(self._profile(self.big).value_tier_id, self._tier("vip"))

    # Changes

    def test_changes_are_created_with_their_explanation(self):
        self._rule(
            "classification.change",
            "on_create",
            "record.partner_id.write({'comment': record.explanation_text})",
            filter_domain="[('axis', '=', 'value_tier')]",
        )
        self._rise()
        self.assertIn("limit of VIP", self.big.comment)

    def test_payload_of_a_webhook(self):
        """A webhook reads the fields of the record: the sentence is among them."""
        self._rise()
        names = ["partner_id", "value_tier_id", "tier_explanation"]
        [values] = self._profile(self.big).read(names, load=None)
        self.assertTrue(json.loads(json.dumps(values, default=str))["tier_explanation"])

    # Events that are not passed on

    def test_a_rule_made_today_does_not_fire_for_yesterday(self):
        rule = self._rule("customer.profile", "on_write", self._note())
        self._purchase(self.big, AS_OF, 50_000)
        self._recompute()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE base_automation SET create_date = create_date + interval '2 days'"
            " WHERE id = %s",
            rule.ids,
        )
        rule.invalidate_recordset()
        self._deliver()
        self.assertFalse(self.big.function)

    def test_nobody_listens(self):
        """Neither without a rule, nor with one that waits for something else."""
        self._rule("customer.profile", "on_unlink", "pass")
        self._purchase(self.big, AS_OF, 50_000)
        self._recompute()
        self.assertFalse(self.events.search([("company_id", "=", self.company.id)]))

    def test_an_action_that_fails_is_kept_with_its_reason(self):
        self._rule(
            *("customer.profile", "on_write"),
            "if record.partner_id.name == 'Big':\n    raise UserError('Away')\n"
            + self._note(),
        )
        for customer in (self.big, self.small):
            self._purchase(customer, AS_OF, 50_000)
        self._recompute()
        while batch := self.events._next_batch():
            batch._deliver_or_keep()
        event = self.events.search([("company_id", "=", self.company.id)])
        self.assertEqual((event.partner_id, event.error), (self.big, "Away"))
        self.assertEqual((self.small.function, self.big.function), ("x", False))

    # Tags

    def test_smart_tags(self):
        """A tag from a rule triggers only for contacts that get or lose it."""
        tag = self.env["res.partner.category"].create({"name": "Smart"})
        ids = [self.big.id]
        self._rule(
            *("res.partner", "on_tag_set", self._note(None)),
            trg_field_ref=tag.id,
            filter_pre_domain=f"[('category_id', 'not in', [{tag.id}])]",
            filter_domain=f"[('category_id', 'in', [{tag.id}])]",
        )
        self._smart(tag, ids)
        self._deliver()
        self.assertIn(tag, self.big.category_id)
        self.assertEqual((self.big.function, self.small.function), ("x", False))

    def test_tags_by_hand_fire_once(self):
        """Tags by hand trigger once: Odoo sees people's writes by itself."""
        tag = self.env["res.partner.category"].create({"name": "By hand"})
        self._rule("res.partner", "on_write", "record.write({'comment': 'x'})")
        self.big.category_id = tag
        self.assertFalse(self.events.search([]))

    def _smart(self, tag, ids):
        rule = self.env["classification.tag.rule"].create(
            {
                "kind": "partner",
                "partner_tag_id": tag.id,
                "domain": f"[('id', 'in', {ids})]",
            }
        )
        rule.action_start()
        rule.action_run()

    def test_queries_follow_the_moments_not_the_customers(self):
        """The rule looks at all who moved at once, in few queries."""
        self._rule(
            *("customer.profile", "on_write", "pass"),
            filter_domain=f"[('value_tier_id', '=', {self._tier('low').id})]",
        )
        for number in range(20):
            self._regular(f"More {number}", 300)
        self._recompute()
        self._deliver()
        day = AS_OF + timedelta(days=400)
        self._recompute(as_of_date=day)
        batch = self.events._next_batch()
        self.assertGreater(len(batch), 20)
        with self.assertQueryCount(60):
            batch._deliver_or_keep()
