import base64
import json
from dataclasses import replace

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, HttpCase, tagged

from .test_policy_rules import PolicyCase


class FileCase(PolicyCase):
    """A draft that differs from the default in all that a file can hold."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.draft.write(
            {
                "name": "Über alles",
                "tz": "Asia/Shanghai",
                "sale_domain": "[('amount_untaxed', '>', 5)]",
                "window_months": 18,
                "value_metric": "score",
                "keep_margin": 12.5,
                "shrinkage": 3,
                "risk_refunds": 2.5,
                "one_step_down": True,
                "approval_revenue_percent": 0,
                "metric_ids": [
                    Command.update(
                        cls.draft.metric_ids[0].id,
                        {"method": "fixed", "limits": "10; 20.5; 3000000"},
                    ),
                    Command.create({"metric": "growth", "weight": 12.5, "bins": 4}),
                ],
                "tier_ids": [
                    Command.clear(),
                    *cls._limit_commands({"vip": 80, "high": 50.25, "low": 0}),
                ],
            }
        )
        cls.draft.tier_ids[0].write(
            {"keep_limit": 75, "benefit_percent": 3, "benefit_amount": 99.99}
        )

    def _import(self, document, company=None):
        """The draft of a document; text and bytes are taken as they are."""
        if isinstance(document, dict):
            document = json.dumps(document)
        if isinstance(document, str):
            document = document.encode()
        wizard = self.env["classification.policy.import"].create(
            {
                "file": base64.b64encode(document),
                "company_id": (company or self.company).id,
            }
        )
        return self.env["classification.policy"].browse(
            wizard.action_import()["res_id"]
        )


@tagged("post_install", "-at_install")
class TestPolicyFile(FileCase):
    def test_there_and_back(self):
        """An exported and imported policy has the same rules."""
        content = base64.b64decode(self.draft.export_file)
        found = self._import(content)
        self.assertEqual((found.state, found.name), ("draft", "Über alles"))
        self.assertEqual(found.version, self.draft._next_version(self.company) - 1)
        self.assertEqual(found.company_id, self.company)
        parameters = found._parameters()
        self.assertEqual(
            replace(parameters, policy=self.draft.id), self.draft._parameters()
        )
        self.assertEqual(found._rules_in_words(), self.draft._rules_in_words())
        self.assertEqual(found._to_file(), self.draft._to_file())

    def test_every_rule_is_in_the_file(self):
        """Every rule that a published policy freezes is in the file."""
        document = self.draft._to_file()
        lines = {"metric_ids", "tier_ids", "segment_ids"}
        self.assertEqual(
            set(document["rules"]), self.draft._rule_fields() - lines - {"company_id"}
        )
        text = base64.b64decode(self.draft.export_file).decode()
        self.assertIn("Über alles", text)
        self.assertNotIn(self.env.user.login, text)
        self.assertNotIn(self.company.name, text)

    def test_into_another_company(self):
        other = self._company("Other Ltd", currency="USD")
        self.env.user.company_ids |= other
        self.env = self.env(
            context={
                **self.env.context,
                "allowed_company_ids": (self.company | other).ids,
            }
        )
        found = self._import(self.draft._to_file(), other)
        self.assertEqual((found.company_id, found.version), (other, 2))

    def test_a_rule_that_is_not_there_is_the_default(self):
        document = self.draft._to_file()
        del document["rules"]["shrinkage"]
        self.assertEqual(self._import(document).shrinkage, 2)

    def test_in_the_wizard(self):
        form = Form(self.env["classification.policy.import"])
        form.file = self.draft.export_file
        policy = self.env["classification.policy"].browse(
            form.save().action_import()["res_id"]
        )
        self.assertEqual(policy.window_months, 18)

    def test_only_managers_import(self):
        officer = self._user("officer", "customer_classification.group_officer")
        with self.assertRaises(AccessError):
            self.env["classification.policy.import"].with_user(officer).create(
                {"file": self.draft.export_file}
            )


@tagged("post_install", "-at_install")
class TestBrokenPolicyFile(FileCase):
    """An error in a file is named, and nothing is created."""

    def _assert_refused(self, document, sentence):
        before = self.env["classification.policy"].search_count([])
        with self.assertRaises(UserError) as caught, self.cr.savepoint():
            self._import(document)
        self.assertRegex(caught.exception.args[0], sentence)
        self.assertEqual(self.env["classification.policy"].search_count([]), before)

    def _changed(self, *path, value):
        """The document with another value at a path."""
        document = part = self.draft._to_file()
        *steps, last = path
        for step in steps:
            part = part[step]
        part[last] = value
        return document

    def test_no_document(self):
        for content in (b"\xff\xfe", "{", "policy", "[" * 100_000, "[]", "3"):
            with self.subTest(content[:10]):
                self._assert_refused(content, "^This is no file of a policy")
        self._assert_refused(
            '{"name": 1, "name": 2}', "^“name” stands twice in the file.$"
        )

    def test_another_format(self):
        for found in ("customer_classification.policy/2", None, ["x"]):
            self._assert_refused(
                self._changed("format", value=found),
                "^This is no file of a policy: its format is “.*”, not “",
            )

    def test_unknown_entries(self):
        for path, name in (
            (("extra",), "extra"),
            (("rules", "colour"), "rules → colour"),
            (("rules", "company_id"), "rules → company_id"),
            (("scores", 0, "state"), "scores → 1 → state"),
            (("tiers", 1, "policy_id"), "tiers → 2 → policy_id"),
        ):
            with self.subTest(name):
                self._assert_refused(
                    self._changed(*path, value=1), f"^{name}: there is no such entry.$"
                )

    def test_wrong_types(self):
        for path, value, sentence in (
            (("name",), 3, "^name: a text is needed, not “3”"),
            (("name",), "  ", "^name: this entry is missing"),
            (("rules",), [], r"^rules: a group of entries is needed, not “\[\]”"),
            (("rules", "window_months"), "12", "window_months: a whole number is need"),
            (("rules", "window_months"), 1.5, "window_months: a whole number is need"),
            (("rules", "window_months"), True, "window_months: a whole number is need"),
            (("rules", "window_months"), 2**40, "window_months: a whole number is ne"),
            (
                ("rules", "keep_margin"),
                None,
                "^rules → keep_margin: a number is needed",
            ),
            (("rules", "keep_margin"), float("nan"), "keep_margin: a number is needed"),
            (("rules", "one_step_down"), 1, "one_step_down: true or false is needed"),
            (("rules", "sale_domain"), [], "^rules → sale_domain: a text is needed"),
            (("rules", "tz"), "Moon", "^rules → tz: there is no choice “Moon”"),
            (("rules", "tier_method"), {}, "^rules → tier_method: there is no choice"),
            (("scores",), {}, "^scores: a list is needed"),
            (("scores",), [], "^scores: this entry is missing"),
            (("scores", 0), 3, "^scores → 1: a group of entries is needed, not “3”"),
            (
                ("scores", 0, "metric"),
                "age",
                "^scores → 1 → metric: there is no choice",
            ),
            (("scores", 0, "limits"), "1;2", "^scores → 1 → limits: a list is needed"),
            (
                ("scores", 0, "limits"),
                ["1"],
                "^scores → 1 → limits: a number is needed",
            ),
            (("tiers",), [], "^tiers: this entry is missing"),
            (("tiers", 2, "limit"), "0", "^tiers → 3 → limit: a number is needed"),
            (("tiers", 2, "tier"), "gold", "^tiers → 3: .* with the code “gold”"),
            (("tiers", 2, "tier"), None, "^tiers → 3: there is no value tier"),
            (("tiers", 2, "tier"), {"a": 1}, "^tiers → 3: there is no value tier"),
        ):
            with self.subTest(f"{path} {value}"):
                self._assert_refused(self._changed(*path, value=value), sentence)

    def test_rules_that_contradict_each_other(self):
        self._assert_refused(
            self._changed("tiers", 1, "limit", value=90),
            r"^High: the limit of 90 is not below that of VIP \(80\).$",
        )
        self._assert_refused(
            self._changed("scores", 0, "limits", value=[3, 2]),
            "^Recency: the limits must rise, but 2 follows 3.$",
        )
        self._assert_refused(
            self._changed("rules", "sale_domain", value="[('colour', '=', 1)]"),
            "^Only These Orders: there is no field “colour”",
        )
        self._tier("high").active = False
        self._assert_refused(
            self.draft._to_file(), "^High: this value tier is archived."
        )


@tagged("post_install", "-at_install")
class TestPolicyDownload(HttpCase):
    def test_download(self):
        policy = self.env["classification.policy"].search([], limit=1)
        action = policy.action_export()
        self.authenticate("admin", "admin")
        response = self.url_open(action["url"])
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.json(), policy._to_file())
        self.assertIn("attachment", response.headers["Content-Disposition"])

    def test_not_for_strangers(self):
        policy = self.env["classification.policy"].search([], limit=1)
        response = self.url_open(policy.action_export()["url"])
        self.assertEqual(response.status_code, 404)
