import json
from runpy import run_path
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import SQL, file_path, mute_logger
from odoo.tools.translate import code_translations

from ...engine import RuleError
from ...models.common.classification_reason_mixin import (
    REASON_SENTENCES,
    plain_reason,
    reason_of,
    reason_sentence,
    refusal,
)
from ...models.customer.pipeline import CustomerPipeline
from ..common import AS_OF, ClassificationCase

CHINESE = "zh_CN"
HAN = r"[\u4e00-\u9fff]"


@tagged("post_install", "-at_install")
class TestReason(ClassificationCase):
    """Reasons are in each reader's language, whoever ran."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang(CHINESE)
        manager = "customer_classification.group_manager"
        cls.english = cls._user("reason_english", manager)
        cls.chinese = cls._user("reason_chinese", manager)
        cls.english.lang, cls.chinese.lang = "en_US", CHINESE
        cls.tag = cls.env["res.partner.category"].create({"name": "Faithful"})
        cls.tag.with_context(lang=CHINESE).name = "忠诚"

    def _told(self, record, name, user):
        record.invalidate_recordset([name])
        return record.with_user(user).with_context(lang=user.lang)[name]

    def _to_fix(self, kind, user):
        self.env.flush_all()
        model = self.env["classification.to.fix"].with_user(user)
        return model.with_context(
            lang=user.lang, allowed_company_ids=self.company.ids
        ).search([("kind", "=", kind), ("company_id", "in", [self.company.id, False])])

    def _assert_in_both(self, record, name, kind, english):
        """Assert that form and list show each reader's own language."""
        for ran_in in (self.chinese, self.english):
            # The second reader gets no words from the cache of the first.
            self.assertRegex(self._told(record, name, ran_in), ".")
        told = self._told(record, name, self.english)
        self.assertRegex(told, english)
        self.assertNotRegex(told, HAN)
        self.assertEqual(told, self._to_fix(kind, self.english).reason)
        chinese = self._told(record, name, self.chinese)
        self.assertRegex(chinese, HAN)
        self.assertNotIn("this condition", chinese)
        self.assertEqual(chinese, self._to_fix(kind, self.chinese).reason)
        return chinese

    def _rule(self, responsible, condition):
        rule = self.env["classification.tag.rule"].create(
            {"partner_tag_id": self.tag.id, "company_id": self.company.id}
        )
        rule.write({"state": "running", "responsible_id": responsible.id})
        self._poison(rule, "domain", condition)
        return rule

    def _poison(self, record, name, value):
        """A value that no form would take."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET %s = %s WHERE id = ANY(%s)",
                SQL.identifier(record._table),
                SQL.identifier(name),
                value,
                record.ids,
            )
        )
        self.env.invalidate_all()

    def test_a_rule(self):
        for responsible in (self.english, self.chinese):
            with self.subTest(responsible.lang):
                rule = self._rule(responsible, "[('no_such_field', '=', 1)]")
                rule._run()
                chinese = self._assert_in_both(
                    rule,
                    "error",
                    "rule",
                    "^Faithful: there is no field “no_such_field”",
                )
                self.assertRegex(chinese, "忠诚.*no_such_field")
                rule.unlink()

    def test_labels_of_fields_are_told_too(self):
        """Field, model and person are each named in words of the reader."""
        seller = self._user("reason_seller", "base.group_user")
        self._label("res.partner", "customer_revenue", "窗口收入")
        rule = self._rule(seller, "[('customer_revenue', '>', 5)]")
        rule._run()
        chinese = self._assert_in_both(
            rule,
            "error",
            "rule",
            "^Faithful: it asks for “Revenue in the Window” of “Contact”, which "
            r"reason_seller \(base.group_user\) may not read",
        )
        self.assertIn("窗口收入", chinese)

    def _label(self, model, name, text):
        field = self.env["ir.model.fields"]._get(model, name)
        field.with_context(lang=CHINESE).field_description = text
        self.env.registry.clear_all_caches()

    def test_tags_that_wait_for_each_other(self):
        other = self.env["res.partner.category"].create({"name": "Other"})
        rule = self._rule(self.chinese, f"[('category_id', 'in', [{other.id}])]")
        second = self.env["classification.tag.rule"].create(
            {"partner_tag_id": other.id, "company_id": self.company.id}
        )
        second.write({"state": "running", "responsible_id": self.english.id})
        self._poison(second, "domain", f"[('category_id', 'in', [{self.tag.id}])]")
        rule._run()
        for one in rule + second:
            told = self._told(one, "error", self.english)
            self.assertRegex(told, "wait for each other.*Faithful")
            self.assertRegex(self._told(one, "error", self.chinese), "忠诚")
        self.assertEqual(
            set(self._to_fix("rule", self.english).mapped("reason")), {told}
        )

    def test_a_campaign(self):
        campaign = self.env["utm.campaign"].create(
            {
                "title": "Autumn",
                "company_id": self.company.id,
                "campaign_audience_mode": "live",
                "campaign_start_date": AS_OF,
            }
        )
        campaign.with_context(lang=CHINESE).title = "秋季"
        campaign.campaign_targeted_by_id = self.chinese
        self._poison(campaign, "campaign_target_domain", "[('id', '=', 'a b']")
        campaign._refresh_live_audiences(self.company, AS_OF)
        chinese = self._assert_in_both(
            campaign,
            "campaign_error",
            "campaign",
            "^Autumn: this condition cannot be read",
        )
        self.assertRegex(chinese, "^秋季")

    @mute_logger("odoo.sql_db")
    def test_a_code_scheme(self):
        scheme = self.env["customer.code.scheme"].create(
            {
                "name": "Codes",
                "company_id": self.company.id,
                "segment_ids": [(0, 0, {"kind": "number"})],
            }
        )
        assignment = self.env["customer.code.assignment"].with_context(lang=CHINESE)
        with patch.object(type(assignment), "_assign", side_effect=OverflowError):
            assignment._assign_guarded(self.company, scheme)
        self._assert_in_both(scheme, "error", "scheme", "^Codes cannot be made")

    def _fail(self, error):
        with patch.object(CustomerPipeline, "run_phases", side_effect=error):
            run = self.policy.with_context(lang=CHINESE).recompute(as_of_date=AS_OF)
        self.assertEqual(run.state, "failed")
        return run

    def test_a_run(self):
        for error, english in (
            (
                RuntimeError("broken"),
                r"^Something went wrong.*\(RuntimeError: broken\)",
            ),
            (
                refusal(
                    ValidationError,
                    self.env,
                    "rule",
                    rule="limit_not_lower",
                    values=self._rule_values(),
                ),
                "^VIP: the limit of 5 is not below that of High",
            ),
        ):
            with self.subTest(english):
                run = self._fail(error)
                chinese = self._assert_in_both(run, "error", "run", english)
                self.assertNotIn("Ask your", chinese)

    def _rule_values(self):
        return {
            "tier": self._tier("vip").id,
            "limit": 5,
            "above": self._tier("high").id,
            "above_limit": 4.5,
        }

    def test_a_filter_of_the_policy(self):
        self._label("classification.policy", "sale_domain", "仅限这些订单")
        self._poison(self.policy, "sale_domain", "[('no_such_field', '=', 1)]")
        run = self.policy.with_context(lang=CHINESE).recompute(as_of_date=AS_OF)
        chinese = self._assert_in_both(
            run, "error", "run", "^Only These Orders: there is no field “no_such_field”"
        )
        self.assertRegex(chinese, "^仅限这些订单")

    def test_the_responsible_is_told_in_words_of_their_own(self):
        for user in (self.english, self.chinese):
            self.policy.responsible_id = user
            self._fail(RuntimeError(f"broken for {user.lang}"))
            activity = self.env["mail.activity"].search(
                [("user_id", "=", user.id), ("res_model", "=", "classification.run")]
            )
            is_chinese = user.lang == CHINESE
            check = self.assertRegex if is_chinese else self.assertNotRegex
            check(activity.note.replace("\n", ""), HAN)
            check(activity.summary, HAN)

    def _name_choice(self, model, name):
        """Chinese for a choice, as an upgrade would load it."""
        choice = self.env["ir.model.fields.selection"].search(
            [
                ("field_id", "=", self.env["ir.model.fields"]._get(model, name).id),
                ("value", "=", "not_a_number"),
            ]
        )
        choice.with_context(lang=CHINESE).name = "单据金额不是数字"
        self.env.registry.clear_all_caches()

    def _broken_customer(self):
        """Create a classified customer whose amounts become invalid."""
        customer = self._regular("Broken", 100)
        self._recompute()
        purchases = self.env["customer.purchase"]
        bought = purchases.search([("partner_id", "=", customer.id)])
        self._poison(bought, "company_amount", float("inf"))
        return customer

    def test_a_problem(self):
        self._name_choice("classification.problem", "reason")
        self._name_choice("classification.to.fix", "reason_code")
        customer = self._broken_customer()
        self.policy.with_context(lang=CHINESE).recompute(as_of_date=AS_OF)
        self._assert_in_both(
            self._profile(customer),
            "problem_text",
            "customer",
            "^A document has an amount that is no number$",
        )

    def test_searched_in_the_words_of_the_reader(self):
        self._broken_customer()
        self._recompute()
        rule = self._rule(self.english, "[('no_such_field', '=', 1)]")
        rule._run()
        for user, words in ((self.english, "no field"), (self.chinese, "忠诚")):
            rows = self._to_fix("rule", user)
            domain = [("reason", "ilike", words), ("id", "in", rows.ids)]
            self.assertEqual(rows.search(domain), rows)
            self.assertFalse(rows.search([*domain[1:], ("reason", "ilike", "nowhere")]))
            rules = rule.with_user(user).with_context(lang=user.lang)
            self.assertEqual(
                rules.search([("error", "ilike", words), ("id", "=", rule.id)]), rule
            )
        row = self._to_fix("customer", self.english)
        for words, found in (("amount that is no number", row), ("no field", [])):
            domain = [("reason", "ilike", words), ("id", "=", row.id)]
            self.assertEqual(row.search(domain).ids, [one.id for one in found])

    def test_searched_whether_there_is_one(self):
        resting = self._rule(self.english, "[('no_such_field', '=', 1)]")
        healthy = resting.create(
            {"partner_tag_id": self.tag.id, "company_id": self.company.id}
        )
        resting._run()
        for domain, found in (
            ([("error", "!=", False)], resting),
            ([("error", "=", False)], healthy),
        ):
            domain = [*domain, ("id", "in", (resting + healthy).ids)]
            self.assertEqual(resting.search(domain), found)
            self.assertEqual((resting + healthy).filtered_domain(domain), found)

    def test_what_is_kept_is_for_the_program_alone(self):
        rule = self._rule(self.english, "[('no_such_field', '=', 1)]")
        rule._run()
        own = rule.with_user(self.english)
        self.assertEqual(set(rule.error_reason), {"code", "values"})
        for call in (
            lambda: own.read(["error_reason"]),
            lambda: own.write({"error_reason": False}),
            lambda: own.search([("error_reason", "!=", False)]),
        ):
            with self.assertRaises(AccessError):
                call()
        self.assertNotIn("error_reason", own.fields_get())
        given = own.with_context(default_error_reason={"code": "busy"})
        self.assertFalse(given.create({"partner_tag_id": self.tag.id}).error)
        self._poison(rule, "domain", "[]")
        self.assertFalse(rule.copy().error)

    def test_every_sentence_has_its_translation(self):
        translations = code_translations.get_python_translations(
            "customer_classification", CHINESE
        )
        for code, sentence in REASON_SENTENCES.items():
            with self.subTest(code):
                self.assertIn(sentence._source, translations)

    def test_what_the_database_cannot_keep_is_left_out(self):
        text = "nul \0, half \ud800"
        values = {"text": text, "limit": float("inf"), "cell": (1, 2, 3)}
        reason = plain_reason("missing_field", label="A", field=text)
        self.assertEqual(reason["values"]["field"], "nul , half ?")
        error = RuleError("limit_infinite", tier=self._tier("vip").id, **values)
        kept = reason_of(
            refusal(UserError, self.env, "rule", rule=error.code, values=error.values)
        )
        json.dumps(kept, allow_nan=False)
        self.assertRegex(reason_sentence(self.env, kept), "^VIP: the limit must be")

    def test_what_is_gone_is_told_by_the_name_that_it_had(self):
        rule = self._rule(self.english, "[('no_such_field', '=', 1)]")
        rule._run()
        reason = rule.error_reason
        self.tag.unlink()
        self.assertRegex(reason_sentence(self.env, reason), "^Faithful: ")
        reason["values"]["label"] = {"record": ["no.such.model", 1, "Old"]}
        self.assertRegex(reason_sentence(self.env, reason), "^Old: ")
        gone = plain_reason("rule", rule="tier_twice", values={"tier": 2**31 - 2})
        self.assertRegex(reason_sentence(self.env, gone), "twice among the value tiers")

    def test_texts_of_the_release_before_stay_as_they_are(self):
        rule = self._rule(self.english, "[]")
        healthy = rule.create({"partner_tag_id": self.tag.id})
        self.env.flush_all()
        path = "customer_classification/migrations/19.0.1.5.0/pre-error_reason.py"
        migration = run_path(file_path(path))
        for table, column in migration["COLUMNS"].items():
            self.env.cr.execute(
                SQL(
                    "ALTER TABLE %s DROP COLUMN %s, ADD COLUMN %s varchar",
                    SQL.identifier(table),
                    SQL.identifier(f"{column}_reason"),
                    SQL.identifier(column),
                )
            )
        self._poison(rule, "error", "Die Regel ruht: “100 %”.")
        migration["migrate"](self.env.cr, "19.0.1.4.0")
        self.env.invalidate_all()
        self.assertEqual(rule.error, "Die Regel ruht: “100 %”.")
        self.assertEqual(self._to_fix("rule", self.chinese).reason, rule.error)
        self.assertFalse(healthy.error)

    def test_texts_of_other_addons_stay_as_they_are(self):
        error = UserError("Ein fremder Satz.")
        self.assertEqual(reason_sentence(self.env, reason_of(error)), error.args[0])
