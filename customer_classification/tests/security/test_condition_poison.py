from datetime import date, timedelta

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..campaign.common import CampaignCase
from ..code.test_customer_code import CustomerCodeCase
from ..common import AS_OF, ClassificationCase
from ..tag.common import TagCase

# Broken conditions over contacts, as they may be in the database.
POISON = {
    "nul": r"[('name', '=', '\x00')]",
    "surrogate": r"[('name', '=', '\ud800')]",
    "no date": "[('create_date', '>', 'today -999999999d')]",
    "nonsense date": "[('create_date', '>', 'yesterday')]",
    "type": "[('id', '=', 'abc')]",
    "type of a list": "[('id', 'in', ['abc'])]",
    "type of a number": "[('customer_profile_id.order_count', '>', 'many')]",
    "infinite": "[('customer_profile_id.revenue', '>', 1e999)]",
    "infinite in a list": "[('id', 'in', [1e999])]",
    "deleted": "[('category_id', 'not in', [2147483646])]",
    "deleted far beyond": "[('category_id', 'not in', [10000000000000000000000])]",
    "no field": "[('x_gone', '=', 1)]",
    "no path": "[('name.x', '=', 1)]",
    "no text": "[(",
    "no domain": "{'a': 1}",
    "a name": "[('id', '=', uid)]",
    "call": "__import__('os')",
    "operator": "[('name', 'nonsense', 'x')]",
    "internal": "[('parent_id', 'any!', [('id', '>', 0)])]",
    "any of a text": "[('name', 'any', [('id', '>', 0)])]",
    "any of a number": "[('parent_id', 'any', 5)]",
    "pattern": r"[('name', '=like', 'x\\')]",
    "hash": "[('id', 'in', [[1], [2]])]",
    "dictionary": "[('name', '=', {'a': 1})]",
    "child of nothing": "[('parent_id', 'child_of', 1e5)]",
    "unbalanced": "['&', ('id', '>', 1)]",
    "deep": f"[{'|, (id, >, 1), &, (id, >, 2), ' * 1_500}(id, >, 3)]".replace(
        "(id, >", "('id', '>'"
    )
    .replace("|,", "'|',")
    .replace("&,", "'&',"),
    "deep in itself": "[('parent_id', 'any', " * 3_000 + "[]" + ")]" * 3_000,
    "brackets": "[" * 500 + "]" * 500,
    "megabyte": "[('name', '=', '" + "x" * 1_000_000 + "')]",
    "company": "[('company_id', 'parent_of', 'x' * 3)]",
    "search method": "[('customer_favourite_categ_id', '=', 'poison')]",
}
# Words of Python, PostgreSQL or Odoo are not a sentence for a person.
NO_SENTENCE = r"(?i)select|psycopg|traceback|Error\(|LINE \d|syntax|column|recursion"


def _poison(case, table, field, record, text):
    """Write to the database a text that could not be saved today."""
    case.env.flush_all()
    case.env.cr.execute(
        f"UPDATE {table} SET {field} = %s WHERE id = %s",  # pylint: disable=sql-injection
        [text, record.id],
    )
    case.env.invalidate_all()


class Failing:
    """A search method of another addon, which raises anything."""

    def __init__(self, case, error):
        field = case.env["res.partner"]._fields["customer_favourite_categ_id"]

        def determine_domain(records, operator, value):
            raise error

        case.patch(field, "determine_domain", determine_domain)


@tagged("post_install", "-at_install")
class TestPoisonedRule(TagCase):
    """A failing rule is excluded; the others work as without it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.berlin = cls._customer("Berliner", city="Berlin", ref="poison")
        cls.mine = ("ref", "=", "poison")
        cls.healthy, cls.sick = cls._tag("Healthy"), cls._tag("Sick")
        cls.after = cls._tag("After")
        cls._rule(cls.healthy, [cls.mine])
        cls._rule(cls.after, [("category_id", "in", cls.healthy.ids)])
        cls._give(cls.berlin, cls.sick)

    def _poisoned(self, text):
        rule = self._rule(self.sick, [self.mine])
        _poison(self, "classification_tag_rule", "domain", rule, text)
        return rule

    def _assert_set_aside(self, rule):
        for tag in self.healthy | self.after:
            self._take(self.berlin, tag)
            self._link(self.berlin, tag).unlink()
        self._run()
        self.assertTrue(rule.error)
        self.assertNotRegex(rule.error, NO_SENTENCE)
        self.assertLess(len(rule.error), 400)
        self.assertEqual(self.sick.partner_ids, self.berlin, "kept")
        self.assertEqual(self.healthy.partner_ids, self.berlin)
        self.assertEqual(self.after.partner_ids, self.berlin)

    @mute_logger("odoo.sql_db", "odoo.domains")
    def test_each_poison_rests_alone(self):
        Failing(self, OverflowError("date value out of range"))
        rule = self._poisoned("[]")
        for name, text in POISON.items():
            with self.subTest(name):
                _poison(self, "classification_tag_rule", "domain", rule, text)
                self._assert_set_aside(rule)
                with self.assertRaises(UserError):
                    rule.action_preview()
                with self.assertRaises(UserError):
                    rule.action_start()
                rule.error_reason = False

    @mute_logger("odoo.sql_db")
    def test_none_of_them_can_be_saved(self):
        Failing(self, OverflowError("date value out of range"))
        officer = self._user("poisoner", "customer_classification.group_officer")
        for user in (self.env.user, officer):
            rules = self.rules.with_user(user)
            rule = rules.create({"partner_tag_id": self.sick.id, "domain": "[]"})
            for name, text in (POISON | {"raw nul": "[('name', '=', '\0')]"}).items():
                with self.subTest(name, user=user.login):
                    with self.assertRaises(UserError) as caught, self.cr.savepoint():
                        rule.domain = text
                    self.assertNotRegex(caught.exception.args[0], NO_SENTENCE)
                    with self.assertRaises(UserError), self.cr.savepoint():
                        rules.create({"partner_tag_id": self.sick.id, "domain": text})

    @mute_logger("odoo.sql_db")
    def test_whatever_a_search_method_raises(self):
        rule = self._poisoned("[('customer_favourite_categ_id', '=', 'poison')]")
        for error in (
            *(OverflowError("x"), KeyError("x"), ZeroDivisionError()),
            *(RuntimeError("x"), TypeError("x"), ValueError("x"), OSError("x")),
            *(AssertionError(), UnicodeDecodeError("utf-8", b"", 0, 1, "x")),
            *(NotImplementedError(), RecursionError(), Exception("x")),
            UserError("Not today."),
        ):
            with self.subTest(repr(error)):
                Failing(self, error)
                self._assert_set_aside(rule)
                rule.error_reason = False

    @mute_logger("odoo.sql_db")
    def test_a_search_method_that_leaves_the_transaction_broken(self):
        rule = self._poisoned("[('customer_favourite_categ_id', '=', 'poison')]")
        field = self.env["res.partner"]._fields["customer_favourite_categ_id"]

        def determine_domain(records, operator, value):
            records.env.cr.execute("SELECT nonsense")

        self.patch(field, "determine_domain", determine_domain)
        self._assert_set_aside(rule)

    def test_many_at_once(self):
        """All poisons of the day in one run."""
        Failing(self, KeyError("x"))
        rules = self.rules
        for name, text in POISON.items():
            rule = self._rule(self._tag(f"Sick {name}"), [self.mine])
            _poison(self, "classification_tag_rule", "domain", rule, text)
            rules |= rule
        with mute_logger("odoo.sql_db"):
            self._run()
        self.assertEqual(rules.filtered("error"), rules)
        self.assertEqual(self.healthy.partner_ids, self.berlin)
        for text in POISON.values():
            if len(text) < 1_000:
                with self.assertRaises(UserError):
                    self._rule(self._tag("Fresh"), []).write({"domain": text})

    def test_a_poisoned_rule_does_not_keep_others_from_being_saved(self):
        self._poisoned("[('id', '=', 'abc')]")
        fresh = self._rule(self._tag("Fresh"), [self.mine])
        fresh.domain = "[]"
        fresh.action_start()
        self.assertFalse(fresh.error)

    def test_a_domain_that_finds_nobody(self):
        """A domain that finds nobody is valid and takes away tags.

        It is previewed, and takes away the tags that it gave.
        """
        rule = self._rule(self.sick, [self.mine])
        self._take(self.berlin, self.sick)
        self.env["classification.tag.link"].search([]).unlink()
        self._run()
        self.assertEqual(self.sick.partner_ids, self.berlin)
        rule.action_pause()
        for text in (
            "[('id', 'in', [])]",
            "[('id', '=', False)]",
            "[(0, '=', 1)]",
            "[('category_id.name', '=', 'Nobody has it')]",
        ):
            rule.domain = text
            rule.action_preview()
            self.assertEqual((rule.preview_matched, rule.preview_removed), (0, 1))
        rule.action_start()
        self.assertFalse(rule.error)
        self.assertFalse(self.sick.partner_ids)

    def test_plain_years_are_no_poison(self):
        for day in ("0001-01-01", "9999-12-31", "1500-02-28"):
            rule = self._rule(self.sick, [("create_date", ">", day)])
            rule.action_preview()
            self.assertFalse(rule.error)

    def test_rules_that_came_to_wait_for_each_other(self):
        """A tag gets the name that a rule asks for: no order is right any more."""
        first, second = self._tag("Circle 1"), self._tag("Circle 2")
        one = self._rule(first, [("category_id.name", "=", "Later")])
        two = self._rule(second, [("category_id", "in", first.ids)])
        second.name = "Later"
        self._run()
        self.assertRegex(one.error, "wait for each other")
        self.assertEqual(two.error, one.error)
        self.assertEqual(self.after.partner_ids, self.berlin)


@tagged("post_install", "-at_install")
class TestPoisonedCampaign(CampaignCase):
    """A failing filter chooses nobody, and the form shows the reason."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._regular("Customer", 1_000, ref="campaign-poison")
        cls._recompute()

    def _live(self, domain, **values):
        return self._campaign(
            campaign_audience_mode="live",
            campaign_end_date=date(2025, 12, 31),
            campaign_target_domain=repr(domain),
            **values,
        )

    def _mine(self):
        return [("ref", "=", "campaign-poison")]

    @mute_logger("odoo.sql_db", "odoo.domains")
    def test_each_poison_is_set_aside(self):
        Failing(self, OverflowError("x"))
        sick, healthy = self._live(self._mine()), self._live(self._mine())
        for name, text in POISON.items():
            with self.subTest(name):
                _poison(self, "utm_campaign", "campaign_target_domain", sick, text)
                healthy.campaign_participant_ids.unlink()
                self._judge()
                self.env.invalidate_all()
                self.assertTrue(sick.campaign_error)
                self.assertNotRegex(sick.campaign_error, NO_SENTENCE)
                self.assertFalse(sick.campaign_participant_ids)
                self.assertFalse(healthy.campaign_error)
                self.assertTrue(healthy.campaign_participant_ids)
                # The form opens, and choosing is refused in words.
                self.assertEqual(sick.campaign_audience_count, 0)
                with self.assertRaises(UserError):
                    sick.action_choose_audience()
                sick.campaign_error_reason = False

    @mute_logger("odoo.sql_db")
    def test_none_of_them_can_be_saved(self):
        Failing(self, OverflowError("x"))
        campaign = self._campaign()
        for name, text in (POISON | {"raw nul": "[('name', '=', '\0')]"}).items():
            with self.subTest(name):
                with self.assertRaises(UserError), self.cr.savepoint():
                    campaign.campaign_target_domain = text
                with self.assertRaises(UserError), self.cr.savepoint():
                    self._campaign(campaign_target_domain=text)

    @mute_logger("odoo.sql_db")
    def test_mended_it_goes_on(self):
        campaign = self._live(self._mine())
        bad = "[('id', '=', 'abc')]"
        _poison(self, "utm_campaign", "campaign_target_domain", campaign, bad)
        self._judge()
        self.assertTrue(campaign.campaign_error)
        campaign.campaign_target_domain = repr(self._mine())
        self._judge()
        self.assertFalse(campaign.campaign_error)
        self.assertTrue(campaign.campaign_participant_ids)

    def test_the_wizard_refuses_in_words(self):
        Failing(self, KeyError("x"))
        wizards = self.env["campaign.start"]
        for text in POISON.values():
            wizard = wizards.create(
                {"audience": "filter", "model_name": "res.partner", "title": "x"}
            )
            wizard.flush_recordset()
            _poison(self, "campaign_start", "domain", wizard, text)
            with self.assertRaises(UserError), mute_logger("odoo.sql_db"):
                wizard.action_start()
        for context in (
            {"active_ids": "abc"},
            {"active_ids": [{}, "x", None, 10**30]},
            {"active_ids": 5},
        ):
            wizard = wizards.with_context(active_model="res.partner", **context)
            with self.assertRaisesRegex(UserError, "Nobody is meant"):
                wizard.create({"audience": "selected", "title": "x"}).action_start()


@tagged("post_install", "-at_install")
class TestPoisonedPolicy(ClassificationCase):
    """A filter that fails ends the run of its company in a sentence."""

    POISON = {
        name: text
        for name, text in POISON.items()
        if "customer_" not in text and "category_id" not in text
    } | {
        "deleted": "[('tag_ids', 'not in', [2147483646])]",
        "date": "[('date_order', '>', 'today -999999999d')]",
        "date beyond": "[('date_order', '>', 'today +9999y')]",
        "infinite": "[('amount_untaxed', '>', 1e999)]",
    }

    @mute_logger("odoo.sql_db", "odoo.domains")
    def test_other_companies_go_on(self):
        customer = self._customer()
        other = self._company("Healthy Ltd")
        self.env.user.company_ids |= other
        healthy = self._policy(other)
        self._order(customer, AS_OF - timedelta(3), 500)
        for name, text in self.POISON.items():
            with self.subTest(name):
                _poison(self, "classification_policy", "sale_domain", self.policy, text)
                run = self.policy.recompute(as_of_date=AS_OF)
                self.assertEqual(run.state, "failed")
                self.assertRegex(run.error, "^Only These Orders: ")
                self.assertNotRegex(run.error, NO_SENTENCE)
                self.assertEqual(healthy.recompute(as_of_date=AS_OF).state, "done")
                self.assertTrue(self.policy.warning_text is not None, "the form opens")

    @mute_logger("odoo.sql_db")
    def test_none_of_them_can_be_saved(self):
        draft = self.policy.copy()
        for name, text in (self.POISON | {"nul": "[('name', '=', '\0')]"}).items():
            with self.subTest(name):
                with self.assertRaises(UserError), self.cr.savepoint():
                    draft.sale_domain = text
                with self.assertRaises(UserError), self.cr.savepoint():
                    self.policy.copy({"sale_domain": text})


@tagged("post_install", "-at_install")
class TestPoisonedScheme(CustomerCodeCase):
    """A failing scheme of codes gives none; the others do."""

    def _set_next_number(self, scheme, number):
        """Set a number from before it was bounded."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE customer_code_scheme SET next_number = %s WHERE id = %s",
            [number, scheme.id],
        )
        self.env.invalidate_all()

    def test_the_others_give_codes(self):
        person, company = self.small, self.vip
        sick = self._scheme(applies_to="company", sequence=1)
        self._scheme(applies_to="person", sequence=2)
        self._set_next_number(sick, 2**31 - 1)
        with mute_logger("odoo.sql_db"):
            self.assignment._cron_assign()
        self.env.invalidate_all()
        self.assertTrue(sick.error)
        self.assertNotRegex(sick.error, NO_SENTENCE)
        self.assertFalse(company.customer_code)
        self.assertTrue(person.customer_code)
        self.assertNotRegex(sick.preview or "", NO_SENTENCE)
        sick.next_number = 1
        self.assignment._cron_assign()
        self.assertFalse(sick.error)
        self.assertTrue(company.customer_code)
