"""Each template gives rules that classify a small company sensibly."""

import json
from datetime import timedelta
from math import ceil

from odoo.tests import tagged

from ...models.setup.templates import (
    RECORD_LISTS,
    TEMPLATE_SELECTION,
    read_template,
    says_what_template_says,
)
from ..common import AS_OF, ClassificationCase

CODES = tuple(code for code, __ in TEMPLATE_SELECTION)


class SetUpCase(ClassificationCase):
    """A new company with the rules of the beginning, and its manager."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls._company("New Ltd")
        cls.env.user.company_ids |= cls.company
        cls.env = cls.env(
            context={**cls.env.context, "allowed_company_ids": cls.company.ids}
        )
        cls.company = cls.company.with_env(cls.env)
        cls.policy = cls.company._get_customer_policy()
        cls.manager = cls._user(
            "setup-manager",
            "sales_team.group_sale_manager,product.group_product_manager",
        )
        cls.page = cls._page(cls.manager)

    @classmethod
    def _page(cls, user, **values):
        pages = cls.env["classification.first.steps"].with_user(user)
        return pages.with_company(cls.company).create(values)

    @classmethod
    def _choose(cls, code, **values):
        """Choose a template on the page and return its draft."""
        cls.page.write({"template": code, **values})
        cls.page.action_choose()
        return cls.page.policy_id


@tagged("post_install", "-at_install")
class TestTemplates(SetUpCase):
    def _buyers(self, number=60):
        """Create customers who each buy more, later and more often than the last."""
        customers = []
        for place in range(number):
            customers.append(
                self._regular(
                    f"Buyer {place}",
                    amount=100 + 7 * place * place,
                    every=max(75 - place, 20),
                    times=2 + place // 4,
                    until=AS_OF - timedelta(days=number - place),
                )
            )
        return customers

    def test_files_hold_every_rule(self):
        """No value of a template is left to a default, but for the time zone."""
        wanted = set(self.env["classification.policy"]._file_rules()) - {"tz"}
        for code in CODES:
            with self.subTest(code):
                policy = read_template(code)["policy"]
                self.assertEqual(set(policy["rules"]), wanted)
                for part in ("scores", "tiers", "segments"):
                    self.assertTrue(policy[part])

    def test_files_name_records_of_the_library(self):
        for code in CODES:
            content = read_template(code)
            names = [(m, n) for m in RECORD_LISTS for n in content[m]]
            books = [("playbooks", one["template"]) for one in content["playbooks"]]
            for kind, name in names + books:
                with self.subTest(code, name=name):
                    record = self.env.ref(f"customer_classification.{name}")
                    model = RECORD_LISTS.get(kind, "customer.playbook")
                    self.assertEqual(record._name, model)

    def test_empty_template_is_the_beginning(self):
        self.assertTrue(says_what_template_says(self.policy, "empty"))
        self.assertFalse(says_what_template_says(self.policy, "shop"))

    def test_each_template_classifies(self):
        """Each template is chosen, previewed and published; each tier is used."""
        buyers = self._buyers()
        for code in CODES:
            with self.subTest(code), self.env.cr.savepoint() as savepoint:
                draft = self._choose(code, has_consent=True)
                self.assertTrue(says_what_template_says(draft, code))
                preview = self.env["classification.run"].browse(
                    self.page.action_preview()["res_id"]
                )
                self.assertEqual(preview.state, "done", preview.error)
                self.page.invalidate_recordset()
                self.assertTrue(self.page.is_previewed)
                self.assertTrue(self.page.preview_text)
                self.page.action_publish()
                self.assertEqual(draft.state, "published")
                self._recompute(policy=draft)
                self._check_classes(draft, buyers)
                savepoint.rollback()
            self.env.invalidate_all()

    def _check_classes(self, policy, buyers):
        profiles = self.env["customer.profile"].search(
            [
                ("company_id", "=", self.company.id),
                ("partner_id", "in", [one.id for one in buyers]),
            ]
        )
        self.assertEqual(len(profiles), len(buyers))
        self.assertEqual(profiles.value_tier_id, policy.tier_ids.tier_id)
        self.assertFalse(profiles.filtered("problem_text"))
        self._check_shares(policy, profiles)
        self._check_sentences(profiles)

    def _check_shares(self, policy, profiles):
        """No better tier has more customers than its share of the buyers."""
        in_window = profiles.filtered("order_count")
        number, better = 0, profiles.browse()
        for line in policy.tier_ids.sorted("tier_sequence")[:-1]:
            tier = profiles.filtered(
                lambda one, it=line: one.value_tier_id == it.tier_id
            )
            number += len(tier)
            self.assertLessEqual(number, ceil(len(in_window) * line.limit / 100))
            if better:
                self.assertLess(
                    max(tier.mapped("revenue")), min(better.mapped("revenue"))
                )
            better = tier

    def _check_sentences(self, profiles):
        """Compare sentences with what was bought."""
        digits = self.company.currency_id.decimal_places
        for profile in profiles:
            with self.subTest(profile.partner_id.name):
                purchases = self.env["customer.purchase"].search(
                    [("partner_id", "=", profile.partner_id.id)]
                )
                self.assertEqual(profile.lifetime_order_count, len(purchases))
                last = max(purchases.mapped("date"))
                self.assertEqual(profile.recency_days, (profile.as_of_date - last).days)
                self.assertLessEqual(
                    profile.revenue, round(sum(purchases.mapped("amount")), digits)
                )
                tier_text = profile.tier_explanation
                self.assertTrue(tier_text)
                self.assertTrue(profile.stage_explanation)
                if profile.order_count:
                    amount = f"{profile.revenue:,.{digits}f}"
                    self.assertIn(amount.removesuffix(".00"), tier_text)

    def test_texts_are_in_the_language_of_the_reader(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.env["ir.module.module"].search(
            [("name", "=", "customer_classification")]
        )._update_translations(["zh_CN"])
        for code in CODES:
            with self.subTest(code):
                english, chinese = (
                    self.page.with_context(lang=lang).new({"template": code})
                    for lang in ("en_US", "zh_CN")
                )
                for name in ("template_text", "content_text"):
                    self.assertTrue(english[name])
                    self.assertNotEqual(english[name], chinese[name])

    def test_an_own_policy_goes_there_and_back(self):
        """A template that a company changed is exported and imported as a policy."""
        draft = self._choose("travel")
        draft.window_months = 36
        found = self.env["classification.policy"]._from_file(
            json.dumps(draft._to_file()).encode(), self.company
        )
        self.assertEqual(found._to_file(), draft._to_file())
