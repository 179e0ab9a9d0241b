"""Odoo's other ways to write are checked like the plain ones.

Any user may send a context with a flag of uninstalling, keep default values for fields,
and translate them.
"""

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged

from odoo.addons.base.models.ir_model import MODULE_UNINSTALL_FLAG

from ..playbook_common import PlaybookCase

AS_UNINSTALLING = {MODULE_UNINSTALL_FLAG: True}
ALL_GROUPS = "sales_team.group_sale_manager,base.group_partner_manager"


class WaysAroundCase(PlaybookCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._user("around_manager", ALL_GROUPS)
        cls.officer = cls._user(
            "around_officer", "customer_classification.group_officer"
        )


@tagged("post_install", "-at_install")
class TestFlagOfUninstalling(WaysAroundCase):
    """The context of a client does not switch off what refuses a deletion."""

    def _kept(self):
        """Records that nobody may delete."""
        customer = self._regular("Kept", 100)
        run = self._recompute()
        own = {"partner_id": customer.id, "company_id": self.company.id}
        decision = self.env["classification.override"].create(
            {**own, "axis": "value_tier", "tier_id": self._tier("vip").id}
            | {"reason": "Known better"}
        )
        code = self.env["customer.code"].create({**own, "code": "K-1"})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE customer_code SET create_date = '2020-01-01' WHERE id = %s",
            [code.id],
        )
        self.env.invalidate_all()
        tag = self.env["res.partner.category"].create({"name": "Kept"})
        tag.create({"name": "Below", "parent_id": tag.id})
        segment = self.policy.segment_ids.segment_id[:1]
        return [
            *(self.policy, self.policy.customer_rules_id, self.policy.tier_ids[0]),
            *(run, decision, code, tag, segment, self._tier("vip")),
            self.env.ref("customer_classification.customer_lifecycle_stage_new"),
        ]

    def test_nothing_that_is_kept_is_deleted(self):
        for record in self._kept():
            for context in ({}, AS_UNINSTALLING):
                own = record.with_user(self.manager).with_context(**context)
                with self.subTest(record._name, context=context):
                    with self.assertRaises(UserError), self.env.cr.savepoint():
                        own.unlink()
                    self.assertTrue(record.exists())

    def test_methods_that_delete_with_more_rights(self):
        """Superuser rights keep the context, and whose it is."""
        own = self.policy.with_user(self.manager).with_context(**AS_UNINSTALLING)
        with self.assertRaises(UserError), self.env.cr.savepoint():
            own.sudo().unlink()

    def test_uninstalling_deletes(self):
        tag = self.env["res.partner.category"].create({"name": "Gone"})
        tag.create({"name": "Below", "parent_id": tag.id})
        root = self.env(user=self.env.ref("base.user_root").id)
        tag.with_env(root).with_context(**AS_UNINSTALLING).unlink()
        self.assertFalse(tag.exists())


@tagged("post_install", "-at_install")
class TestDefaultsOfUsers(WaysAroundCase):
    """Default values that a user keeps are those of a client."""

    policy_values = {"approval_customer_percent": 10, "approval_min_customers": 1}

    def _keep(self, user, model, **values):
        defaults = self.env["ir.default"].with_user(user)
        for name, value in values.items():
            defaults.set(model, name, value, user_id=True)

    def test_drafts_are_not_published_by_them(self):
        self._keep(
            self.manager,
            "classification.policy",
            state="retired",
            version=77,
            published_by_id=self.officer.id,
            published_date="2001-01-01 00:00:00",
        )
        draft = (
            self.env["classification.policy"]
            .with_user(self.manager)
            .create({"name": "Draft", "company_id": self.company.id})
        )
        self.assertEqual(draft.state, "draft")
        self.assertNotEqual(draft.version, 77)
        self.assertFalse(draft.published_by_id or draft.published_date)
        given = draft.default_get(["state", "version", "published_by_id"])
        self.assertEqual(given.get("state"), "draft")
        self.assertFalse(given.get("published_by_id"))

    def test_protected_fields_of_each_model(self):
        """A new model with protected fields is covered as well."""
        for name in sorted(self.env.registry):
            own = self.env[name].with_user(self.manager)
            protected = getattr(own, "_protected_fields", ())
            if own._abstract or not protected:
                continue
            for field in sorted(protected):
                value = {"boolean": True, "json": {"forged": 1}, "integer": 77}.get(
                    own._fields[field].type
                )
                if value is None:
                    continue
                plain = own.default_get([field])
                self._keep(self.manager, name, **{field: value})
                with self.subTest(name, field=field):
                    self.assertEqual(own.default_get([field]), plain)

    def test_reasons_that_are_kept_are_protected(self):
        """A reason names records, and shows their names to whoever reads it."""
        writable = self.env["ir.model.access"].search([("perm_create", "=", True)])
        names = set(writable.model_id.mapped("model"))
        reasons = {
            (name, model._kept_reason)
            for name, model in self.env.items()
            if name in names and hasattr(model, "_kept_reason") and not model._abstract
        }
        self.assertIn(("utm.campaign", "campaign_error_reason"), reasons)
        for name, field in sorted(reasons):
            with self.subTest(name):
                self.assertIn(field, self.env[name]._protected_fields)

    def test_a_campaign_tells_no_name(self):
        """Neither a context nor a default value puts a hidden name into a reason."""
        hidden = self._customer("Hidden", company_id=self._company("Elsewhere Ltd").id)
        who = {"record": [hidden._name, hidden.id, ""]}
        reason = {"code": "person_left", "values": {"label": "X", "user": who}}
        campaigns = self.env["utm.campaign"].with_user(self.officer)
        given = campaigns.with_context(default_campaign_error_reason=reason)
        for model in (given, campaigns):
            campaign = model.create({"title": "Own", "company_id": self.company.id})
            self.assertFalse(campaign.campaign_error)
            self._keep(self.officer, "utm.campaign", campaign_error_reason=reason)

    def test_chance_is_the_programs(self):
        campaigns = self.env["utm.campaign"].with_user(self.officer)
        campaign = campaigns.create({"title": "Own", "company_id": self.company.id})
        self.assertEqual(len(campaign.campaign_salt), 32)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            campaign.campaign_salt = "0"
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            campaigns.create({"title": "Own", "campaign_salt": "0"})

    def test_runs_take_none(self):
        today = self.policy._today()
        customer = self._regular("Customer", 10, times=4, until=today)
        self._recompute(today)
        self._keep(
            self.officer,
            "classification.run",
            approved_by_id=self.manager.id,
            watermark="2099-01-01 00:00:00",
            problem_count=7,
        )
        self._purchase(customer, today, 50_000)
        run = self.policy.with_user(self.officer).recompute().sudo()
        self.assertEqual(run.state, "waiting")
        self.assertFalse(run.approved_by_id)
        self.assertNotEqual(fields.Date.to_date(run.watermark or today).year, 2099)
        self.assertNotEqual(run.problem_count, 7)

    def test_bounds_hold(self):
        for model, name, value in (
            ("classification.policy", "grace_days", 2**31 - 2),
            ("classification.policy", "name", "a\0b"),
            ("customer.complaint.category", "name", "a\0b"),
        ):
            with self.subTest(model, name=name), self.env.cr.savepoint() as savepoint:
                self._keep(self.manager, model, **{name: value})
                with self.assertRaises(ValidationError):
                    self.env[model].with_user(self.manager).create({})
                savepoint.rollback()
                self.env.registry.clear_cache()

    def test_companies_and_contacts_of_others(self):
        elsewhere = self._company("Elsewhere Ltd")
        self._keep(self.manager, "customer.purchase", company_id=elsewhere.id)
        values = {"partner_id": self._customer().id, "date": "2026-01-15", "amount": 5}
        purchases = self.env["customer.purchase"].with_user(self.manager)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            purchases.create(dict(values))
        own = purchases.create({**values, "company_id": self.company.id})
        self.assertEqual(own.company_id, self.company)

    def test_who_recommended_somebody_is_readable(self):
        hidden = self._customer("Hidden", company_id=self._company("Elsewhere Ltd").id)
        for model, values in (
            ("res.partner", {"name": "New"}),
            ("crm.lead", {"name": "New", "type": "lead"}),
        ):
            self._keep(self.manager, model, customer_referrer_id=hidden.id)
            own = self.env[model].with_user(self.manager)
            with self.subTest(model), self.assertRaises(AccessError):
                with self.env.cr.savepoint():
                    own.create(dict(values))


@tagged("post_install", "-at_install")
class TestTranslating(WaysAroundCase):
    """Translations are written by SQL of Odoo, not by ``write``."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        # Another one whose rights suffice for all of it.
        cls.other = new_test_user(
            cls.env,
            "around_other",
            groups=ALL_GROUPS,
            company_id=cls.company.id,
            company_ids=[fields.Command.set(cls.company.ids)],
        )

    def _translate(self, record, name, text, lang="fr_FR"):
        record.with_user(self.other).update_field_translations(name, {lang: text})

    def test_what_runs_is_not_changed(self):
        playbook = self._playbook()
        template = self.env["customer.playbook"].search(
            [("state", "=", "template")], limit=1
        )
        occasion = self.env["customer.care.occasion"].create(
            {"name": "On", "kind": "visit", "company_id": self.company.id}
        )
        occasion.state = "on"
        step = playbook.step_ids[0]
        step.note = "<p>Call</p>"
        for record, name, text in (
            *((playbook, "name", "Autre"), (step, "name", "Autre")),
            *((template, "name", "Autre"), (occasion, "name", "Autre")),
            (step, "note", {"Call": "Send the keys"}),
        ):
            for lang in ("en_US", "fr_FR"):
                with self.subTest(record._name, name=name, lang=lang):
                    with self.assertRaises(UserError), self.env.cr.savepoint():
                        self._translate(record, name, text, lang)

    def test_who_translates_a_step_answers_for_it(self):
        playbook = self._playbook(state="paused")
        playbook.responsible_id = self.manager
        self._translate(playbook.step_ids[0], "name", "Autre")
        self.assertEqual(playbook.responsible_id, self.other)
        french = playbook.step_ids[0].with_context(lang="fr_FR")
        self.assertEqual(french.name, "Autre")

    def test_texts_that_cannot_be_kept(self):
        category = self.env["customer.complaint.category"].create({"name": "Late"})
        for name, translations in (
            *(("name", {"fr_FR": "a\0b"}), ("name", {"fr_FR": "\ud800"})),
            *(("name", {"fr_FR": 5}), ("name", "x"), ("name", None)),
            *(("nope", {"fr_FR": "x"}), (["name"], {"fr_FR": "x"})),
        ):
            with self.subTest(f"{name} {str(translations)[:30]!a}"):
                with self.assertRaises(ValidationError), self.env.cr.savepoint():
                    category.update_field_translations(name, translations)
        category.update_field_translations("name", {"fr_FR": "Tard"})
        self.assertEqual(category.with_context(lang="fr_FR").name, "Tard")


@tagged("post_install", "-at_install")
class TestSearchesOfOdoo(WaysAroundCase):
    """Odoo's searches as superuser ask only for what a reader may read."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vip = cls._regular("Very Important", 10_000)
        cls._recompute()
        cls.salesperson = cls._user(
            "around_salesperson",
            "sales_team.group_sale_salesman,base.group_allow_export",
        )
        cls.lead = cls.env["crm.lead"].create(
            {"name": "Own", "user_id": cls.salesperson.id, "type": "lead"}
        )
        cls.lead.message_subscribe(cls.vip.ids)
        cls.env.flush_all()

    def _own(self, model, user=None):
        return self.env[model].with_user(user or self.salesperson)

    def test_followers(self):
        for path in ("customer_revenue", "customer_profile_id.revenue"):
            for condition in (
                (f"message_partner_ids.{path}", ">", 1),
                ("message_partner_ids", "any", [(path, ">", 1)]),
                ("message_partner_ids", "not any", [(path, ">", 1)]),
            ):
                with self.subTest(condition), self.assertRaises(AccessError):
                    self._own("crm.lead").search([condition])
            found = self._own("crm.lead", self.manager).search(
                [(f"message_partner_ids.{path}", ">", 1)]
            )
            self.assertEqual(found, self.lead, path)

    def test_followers_by_what_is_open(self):
        leads = self._own("crm.lead")
        for condition in (
            ("message_partner_ids", "in", self.vip.ids),
            ("message_partner_ids.name", "=", "Very Important"),
            ("message_partner_ids", "any", [("name", "=", "Very Important")]),
        ):
            with self.subTest(condition):
                self.assertEqual(leads.search([condition]), self.lead)
                own = [("id", "=", self.lead.id), "!", condition]
                self.assertFalse(leads.search(own))

    def test_who_made_a_file(self):
        files = self._own("ir.attachment")
        file = files.create({"name": "Own", "raw": b"x"})
        self.salesperson.partner_id.category_id = self.env[
            "res.partner.category"
        ].create({"name": "Both", "partner_ids": self.vip.ids})
        for path in (
            *("create_uid.customer_revenue", "write_uid.partner_id.customer_revenue"),
            "create_uid.category_id.partner_ids.customer_revenue",
        ):
            with self.subTest(path), self.assertRaises(AccessError):
                files.search([(path, ">", 1)])
        own = [("id", "=", file.id)]
        for condition, expected in (
            (("create_uid", "=", self.salesperson.id), file),
            (("create_uid.login", "=", "around_salesperson"), file),
            (("create_uid.login", "!=", "around_salesperson"), files),
            (("create_uid", "any", [("login", "=", "around_salesperson")]), file),
            (("create_uid", "not any", [("login", "=", "x")]), file),
        ):
            with self.subTest(condition):
                self.assertEqual(files.search([*own, condition]), expected)

    def test_accounts(self):
        lines = self._own("account.move.line")
        for path in ("company_ids.partner_id", "activity_user_id.partner_id"):
            with self.subTest(path), self.assertRaises(AccessError):
                lines.search([(f"search_account_id.{path}.customer_revenue", ">", 1)])
        lines.search([("search_account_id.code", "=", "none")])
        rich = self._own("account.move.line", self.manager)
        rich.search([("search_account_id.company_ids.partner_id.name", "=", "x")])

    def test_exports_and_groups(self):
        self.lead.activity_schedule(user_id=self.salesperson.id)
        for path in ("message_partner_ids", "user_id/partner_id"):
            with self.subTest(path), self.assertRaises(AccessError):
                self.lead.with_user(self.salesperson).export_data(
                    [f"{path}/customer_revenue"]
                )
        for model, path in (
            *(("mail.activity", "user_id"), ("mail.message", "author_id")),
            *(("mail.message", "create_uid"), ("ir.attachment", "create_uid")),
        ):
            groups = [f"{path}.customer_revenue"]
            with self.subTest(model), self.assertRaises(UserError):
                self._own(model).formatted_read_group([], groups, ["__count"])
