import json
from contextlib import suppress

from odoo.exceptions import AccessError, MissingError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import TagCase

ROLES = {
    "portal": "base.group_portal",
    "internal": "base.group_user",
    "user": "customer_classification.group_user",
    "officer": "customer_classification.group_officer,base.group_partner_manager",
    "manager": "customer_classification.group_manager,base.group_partner_manager",
}
TAG_MODELS = ("res.partner.category", "product.tag", "utm.tag")


class TagRightsCase(TagCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = cls._tag("Old of the test"), cls._tag("New of the test")
        cls.a, cls.b = cls._customer("A"), cls._customer("B")
        cls._give(cls.a, cls.old)
        cls.people = {
            role: cls._user(f"tags-{role}", groups) for role, groups in ROLES.items()
        }
        cls.officer = cls.people["officer"]

    def _as(self, model, role="officer", **context):
        return self.env[model].with_user(self.people[role]).with_context(**context)

    def _draft(self, role="officer", tags=None, **context):
        tags = (self.old | self.new) if tags is None else tags
        action = tags.with_user(self.people[role]).with_context(**context)
        action = action.action_merge_tags()
        return self._as("classification.tag.merge", role).browse(action["res_id"])

    def _merged(self, role="officer"):
        merge = self._draft(role)
        merge.partner_tag_id = self.new
        merge.action_merge()
        self.env.invalidate_all()
        return merge

    def _smuggle(self, merge, log):
        """Write past the protection, as only a database administrator could."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE classification_tag_merge SET log = %s WHERE id = %s",
            [json.dumps(log), merge.id],
        )
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestTagMergeRights(TagRightsCase):
    """The plan that the server executes later is written only by itself."""

    def test_nobody_creates_instructions(self):
        values = {
            "classification.tag.merge": {"kind": "partner"},
            "classification.tag.batch": {"kind": "partner", "mode": "add"},
            "classification.tag.link": {"kind": "partner", "state": "present"},
            "classification.tag.change": {"kind": "partner", "action": "added"},
            "classification.tag.usage": {"kind": "partner"},
            "classification.tag.duplicate": {"kind": "partner", "reason": "name"},
            "classification.tag.use": {"name": "x"},
        }
        for role in ROLES:
            for model, vals in values.items():
                with (
                    self.subTest(role=role, model=model),
                    self.assertRaises(AccessError),
                ):
                    self._as(model, role).create(vals)

    def test_nobody_writes_instructions(self):
        merge = self._merged()
        rows = {
            "classification.tag.merge": (merge, {"log": []}),
            "classification.tag.batch": (merge.batch_id, {"state": "done"}),
            "classification.tag.change": (
                merge.sudo().batch_id.change_ids[:1],
                {"batch_id": False},
            ),
        }
        for role in ROLES:
            for model, (row, vals) in rows.items():
                row = self._as(model, role).browse(row.id)
                with self.subTest(role=role, model=model):
                    with self.assertRaises(AccessError):
                        row.write(vals)
                    with self.assertRaises(AccessError):
                        row.unlink()

    def test_the_protected_fields_of_a_draft(self):
        merge = self._draft()
        batch = self._merged("manager").batch_id
        for vals in (
            {"log": [{"model": "res.users"}]},
            {"state": "done"},
            {"batch_id": batch.id},
            {"kind": "product"},
        ):
            with self.subTest(vals), self.assertRaises(AccessError):
                merge.write(vals)

    def test_the_context_is_no_way_in(self):
        batch = self._merged("manager").batch_id
        merge = self._draft(
            default_state="done",
            default_log=[{"model": "res.users"}],
            default_batch_id=batch.id,
            tags=self._tag("Three") | self._tag("Four"),
        )
        self.assertEqual(merge.state, "draft")
        self.assertFalse(merge.batch_id)
        self.assertFalse(merge.sudo().log)
        wizard = self._as(
            "classification.tag.wizard",
            active_model="res.partner",
            active_ids=self.b.ids,
            default_change_ids=[(4, batch.sudo().change_ids[:1].id)],
        ).create({"mode": "add", "partner_tag_ids": self.new.ids})
        wizard.with_context(default_state="undone").action_apply()
        own = self.env["classification.tag.batch"].search([], limit=1)
        self.assertEqual((own.state, own.added_count), ("done", 1))

    def test_a_batch_is_joined_by_no_context(self):
        batch = self._merged().batch_id
        before = batch.added_count
        partner = self.b.with_user(self.officer)
        partner.with_context(tag_batch_id=batch.id, tag_batch=batch.id).write(
            {"category_id": [Command.link(self.new.id)]}
        )
        batch.invalidate_recordset()
        self.assertEqual(batch.added_count, before)

    def test_the_origin_is_no_matter_of_the_context(self):
        partner = self.b.with_user(self.officer).with_context(tag_origin="rule")
        partner.category_id = self.new
        self.assertEqual(self._origin(self.b, self.new), ("present", "person"))

    def test_the_log_is_read_by_nobody(self):
        merge = self._merged()
        for role in ROLES:
            with self.subTest(role), self.assertRaises(AccessError):
                self._as("classification.tag.merge", role).browse(merge.id).read(
                    ["log"]
                )

    def test_an_officer_merges_and_undoes(self):
        saved = self.env["ir.filters"].create(
            {
                "name": "Private filter of the manager",
                "model_id": "res.partner",
                "domain": repr([("category_id", "in", [self.old.id])]),
                "user_ids": [Command.set(self.people["manager"].ids)],
            }
        )
        merge = self._draft()
        self.assertNotIn("Private filter", merge.reference_text or "")
        merge.partner_tag_id = self.new
        merge.action_merge()
        self.env.invalidate_all()
        self.assertEqual(self.a.category_id, self.new)
        self.assertIn(str(self.new.id), saved.domain)
        merge.action_undo()
        self.env.invalidate_all()
        self.assertEqual(self.a.category_id, self.old)
        self.assertIn(str(self.old.id), saved.domain)

    def test_a_draft_belongs_to_its_author(self):
        merge = self._draft("manager").with_user(self.officer)
        with self.assertRaisesRegex(AccessError, "prepared this merge"):
            merge.partner_tag_id = self.new
        with self.assertRaisesRegex(AccessError, "prepared this merge"):
            merge.action_merge()

    def test_the_tags_of_a_merge_stay_what_they_are(self):
        merge = self._merged()
        with self.assertRaisesRegex(UserError, "merged already"):
            merge.partner_tag_ids = [Command.link(self._tag("Other").id)]

    def test_who_makes_no_tags_merges_none(self):
        merge = self._merged()
        for role in ("portal", "internal", "user"):
            with self.subTest(role):
                with self.assertRaises(AccessError):
                    self._draft(role)
                other = self._as("classification.tag.merge", role).browse(merge.id)
                for method in ("action_merge", "action_undo"):
                    with self.assertRaises(AccessError):
                        getattr(other, method)()
                batch = self._as("classification.tag.batch", role)
                with self.assertRaises(AccessError):
                    batch.browse(merge.sudo().batch_id.id).action_undo()
        self.assertEqual(merge.state, "done")

    def test_a_merge_that_is_not_there(self):
        with self.assertRaises(MissingError):
            self._as("classification.tag.merge").browse(999_999_999).action_merge()

    def test_records_that_the_author_may_not_change(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        self.a.company_id = elsewhere
        merge = self._draft()
        merge.partner_tag_id = self.new
        with self.assertRaisesRegex(AccessError, "contacts.*not yours"):
            merge.action_merge()

    def test_products_that_the_author_may_not_change(self):
        one, two = self.env["product.tag"].create([{"name": "R1"}, {"name": "R2"}])
        self.product.product_tmpl_id.product_tag_ids = one
        merge = self._draft(tags=one | two)
        merge.product_tag_id = two
        with self.assertRaisesRegex(AccessError, "products.*not yours"):
            merge.action_merge()

    def test_rules_of_another_company_stay(self):
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        rule = self._rule(
            self._tag("Kept"),
            [("category_id", "in", self.old.ids)],
            start=False,
            company_id=elsewhere.id,
        )
        merge = self._draft()
        merge.partner_tag_id = self.new
        with self.assertRaisesRegex(AccessError, "may not change it"):
            merge.action_merge()
        self.assertIn(str(self.old.id), rule.domain)

    def test_automations_stay_theirs_who_made_them(self):
        if "base.automation" not in self.env:
            self.skipTest("no automations here")
        self.env["base.automation"].create(
            {
                "name": "Automation of the test",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "trigger": "on_create_or_write",
                "filter_domain": repr([("category_id", "in", self.old.ids)]),
            }
        )
        merge = self._draft()
        merge.partner_tag_id = self.new
        with self.assertRaisesRegex(AccessError, "may not change it"):
            merge.action_merge()

    def _policy_of_state(self, state):
        policy = self.policy if state == "published" else self.policy.copy()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE classification_policy SET state = %s, sale_domain = %s"
            " WHERE id = %s",
            [
                state,
                repr([("partner_id.category_id", "in", self.old.ids)]),
                policy.id,
            ],
        )
        self.env.invalidate_all()
        return policy

    def test_a_published_policy_is_changed_by_no_merge(self):
        policy = self._policy_of_state("published")
        merge = self._draft("manager")
        merge.partner_tag_id = self.new
        for person in (merge, merge.sudo()):
            with self.assertRaisesRegex(UserError, "published policy"):
                person.action_merge()
        self.assertIn(str(self.old.id), policy.sale_domain)

    def test_a_retired_policy_keeps_what_it_said(self):
        policy = self._policy_of_state("retired")
        self._merged("manager")
        self.assertIn(str(self.old.id), policy.sale_domain)


@tagged("post_install", "-at_install")
class TestTagUndoRights(TagRightsCase):
    """An undo reverts only changes of a merge of these tags."""

    def _refused(self, merge, *entries):
        for entry in entries:
            self._smuggle(merge, [entry])
            with self.subTest(entry), self.assertRaisesRegex(UserError, "Nothing was"):
                merge.with_user(self.officer).action_undo()
            self.assertEqual(merge.state, "done")

    def test_what_a_merge_does_not_write_is_refused(self):
        merge, officer = self._merged(), self.officer
        system = self.env.ref("base.group_system")
        group = {"model": "res.users", "id": officer.id, "field": "group_ids"}
        tag = {"model": "res.partner.category", "id": self.a.id, "field": "parent_id"}
        self._refused(
            merge,
            {**group, "old": [system.id], "new": officer.group_ids.ids},
            {**tag, "field": "name", "old": "x", "new": self.new.name},
            {**tag, "old": self._tag("Foreign").id, "new": self.new.id},
            {**tag, "old": [[6, 0, []]], "new": self.new.id},
            {**tag, "old": True, "new": self.new.id},
            {**tag, "id": "1", "old": self.old.id, "new": self.new.id},
            {**tag, "old": self.old.id, "new": self.new.id, "more": 1},
            {**tag, "model": ["x"], "old": self.old.id, "new": self.new.id},
            "res.users",
            17,
            None,
        )
        self.assertFalse(officer.has_group("base.group_system"))

    def test_a_domain_that_is_not_that_of_a_merge_is_refused(self):
        saved = self.env["ir.filters"].create(
            {
                "name": "Filter of the test",
                "model_id": "res.partner",
                "domain": "[('name', '=', 'A')]",
                "user_ids": False,
            }
        )
        merge = self._merged()
        entry = {
            "model": "ir.filters",
            "id": saved.id,
            "field": "domain",
            "new": saved.domain,
        }
        self._refused(
            merge,
            {**entry, "old": "[('name', '=', 'B')]"},
            {**entry, "old": "__import__('os')"},
            {**entry, "old": 5},
            {**entry, "old": None},
            {**entry, "field": "user_ids", "old": [1], "new": []},
        )
        self.assertEqual(saved.domain, "[('name', '=', 'A')]")

    def test_a_log_that_is_no_list(self):
        merge = self._merged()
        for log in ({"model": "res.users"}, 5, "x"):
            self._smuggle(merge, log)
            with self.subTest(log), self.assertRaisesRegex(UserError, "Nothing was"):
                merge.action_undo()

    def test_changes_of_other_tags_are_refused(self):
        merge, other = self._merged(), self._tag("Other")
        self._give(self.b, other)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE classification_tag_change SET batch_id = %s"
            " WHERE partner_tag_id = %s",
            [merge.batch_id.id, other.id],
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "Nothing was"):
            merge.action_undo()

    def test_what_the_undoer_may_not_change_any_more(self):
        merge = self._merged()
        self.a.company_id = self.env["res.company"].create({"name": "Elsewhere"})
        for undo in (merge.action_undo, merge.batch_id.action_undo):
            with self.assertRaisesRegex(AccessError, "not yours"):
                undo()
        self.assertEqual(self.a.category_id, self.new)

    def test_a_batch_of_what_the_undoer_may_not_change_any_more(self):
        wizard = self._as(
            "classification.tag.wizard",
            active_model="res.partner",
            active_ids=self.b.ids,
        ).create({"mode": "add", "partner_tag_ids": self.new.ids})
        wizard.action_apply()
        batch = self._as("classification.tag.batch").search([], limit=1)
        self.b.company_id = self.env["res.company"].create({"name": "Elsewhere"})
        with self.assertRaisesRegex(AccessError, "not yours"):
            batch.action_undo()
        self.assertEqual(self.b.category_id, self.new)


@tagged("post_install", "-at_install")
class TestTagMethodRights(TagRightsCase):
    """Public methods check their arguments before they do anything."""

    def test_contexts_of_the_wrong_type_are_told(self):
        for model, active in (
            ("classification.tag.wizard", "res.partner"),
            ("classification.tag.members", "res.partner.category"),
        ):
            for ids in ("abc", ["x"], [2**70], {"a": 1}, [None], 1.5, [[1]], [-1]):
                wizards = self._as(model, active_model=active, active_ids=ids)
                with self.subTest(model=model, ids=ids), self.assertRaises(UserError):
                    values = {**wizards.default_get(["kind", "mode"]), "mode": "add"}
                    values = {k: v for k, v in values.items() if k in wizards._fields}
                    wizards.create(values).read(["record_count"])
            for wrong in (["res.partner"], {"a": 1}, 5, None):
                wizards = self._as(model, active_model=wrong, active_ids=self.a.ids)
                with suppress(UserError):  # a sentence, or no record to begin with
                    wizards.default_get(["kind"])

    def test_records_that_the_caller_may_not_read(self):
        self.a.company_id = self.env["res.company"].create({"name": "Elsewhere"})
        wizards = self._as(
            "classification.tag.wizard",
            active_model="res.partner",
            active_ids=(self.a | self.b).ids,
        )
        wizard = wizards.create({"mode": "add", "partner_tag_ids": self.new.ids})
        for attempt in (lambda: wizard.added_count, wizard.action_apply):
            with self.assertRaisesRegex(UserError, "may not read"):
                attempt()
        self.assertNotIn(self.new, self.b.category_id)

    def test_records_that_the_caller_may_not_write(self):
        wizard = self._as(
            "classification.tag.wizard",
            "user",
            active_model="res.partner",
            active_ids=self.b.ids,
        ).create({"mode": "add", "partner_tag_ids": self.new.ids})
        with self.assertRaises(AccessError):
            wizard.action_apply()
        self.assertFalse(self.b.category_id)

    def test_filters_that_cannot_be_read_are_told(self):
        for domain in ("[(", "x", "5", "[('nothing', '=', 1)]", "[('id', 'xx', 1)]"):
            wizard = self._as("classification.tag.wizard").new(
                {
                    "kind": "partner",
                    "mode": "add",
                    "selection": "filter",
                    "domain": domain,
                    "partner_tag_ids": self.new.ids,
                }
            )
            with self.subTest(domain), self.assertRaises(UserError):
                wizard.mapped("record_count")

    def test_tags_from_the_side_of_the_tag(self):
        """Writing members on a tag needs write access to the contacts."""
        self.b.company_id = self.env["res.company"].create({"name": "Elsewhere"})
        tag = self.new.with_user(self.officer)
        with self.assertRaises(AccessError), self.cr.savepoint():
            tag.write({"partner_ids": [Command.link(self.b.id)]})
        with self.assertRaises(AccessError), self.cr.savepoint():
            tag.create({"name": "N", "partner_ids": [Command.link(self.b.id)]})
        self.env.invalidate_all()
        self.assertFalse(self.b.category_id)

    def test_members_are_those_that_the_caller_may_read(self):
        self._give(self.b, self.old)
        self.a.company_id = self.env["res.company"].create({"name": "Elsewhere"})
        wizard = self._as("classification.tag.members").create(
            {"kind": "partner", "partner_tag_ids": self.old.ids}
        )
        [(__, __, ids)] = wizard.action_open()["domain"]
        self.assertEqual(ids, self.b.ids)
        for day in ("0001-01-01", "9999-12-31"):
            wizard.date = day
            with self.assertRaisesRegex(UserError, "Choose a day"):
                wizard.action_open()

    def test_who_may_not_change_a_contact_forgets_no_removal(self):
        self._take(self.a, self.old)
        link = self._link(self.a, self.old)
        for role in ("portal", "internal", "user"):
            with self.subTest(role), self.assertRaises(AccessError):
                link.with_user(self.people[role]).action_forget_removal()
        self.assertTrue(link.exists())
        link.with_user(self.officer).action_forget_removal()
        self.assertFalse(link.exists())

    def test_names_of_what_the_caller_may_not_read_are_not_listed(self):
        self.env["ir.filters"].create(
            {
                "name": "Private filter of the manager",
                "model_id": "res.partner",
                "domain": repr([("category_id", "in", self.old.ids)]),
                "user_ids": [Command.set(self.people["manager"].ids)],
            }
        )
        action = self.old.with_user(self.officer).action_open_references()
        uses = self._as("classification.tag.use").search(action["domain"])
        self.assertEqual(uses.mapped("name"), ["not visible to you"])

    def test_a_duplicate_whose_tag_is_gone(self):
        found = self.env["classification.tag.duplicate"].create(
            {
                "kind": "partner",
                "tag_ref": f"res.partner.category,{self.new.id}",
                "other_ref": f"res.partner.category,{self.old.id}",
                "reason": "name",
            }
        )
        for role in ("portal", "internal", "user"):
            with self.subTest(role), self.assertRaises(AccessError):
                found.with_user(self.people[role]).action_merge()
        self.new.unlink()
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "two tags or more"):
            found.with_user(self.officer).action_merge()

    def test_methods_called_on_anything_are_told(self):
        methods = {
            "classification.tag.merge": ("action_merge", "action_undo"),
            "classification.tag.batch": ("action_undo", "action_open_changes"),
            "classification.tag.duplicate": ("action_merge",),
            "classification.tag.change": ("action_open_record",),
            "classification.tag.link": ("action_open_record", "action_forget_removal"),
            "classification.tag.use": ("action_open",),
            "classification.tag.members": ("action_open",),
            "classification.tag.wizard": ("action_apply",),
            **dict.fromkeys(
                TAG_MODELS,
                (
                    "action_open_tagged",
                    "action_open_tag_rules",
                    "action_open_tag_changes",
                    "action_merge_tags",
                ),
            ),
        }
        for model, names in methods.items():
            for name in names:
                for ids in ((), ("x",), (2**70,), ([1],), (999_999_999,), (-1, 0)):
                    # Nothing to forget; an empty list opens.
                    if not ids and name == "action_forget_removal":
                        continue
                    if ids == (999_999_999,) and name.endswith("changes"):
                        continue
                    with (
                        self.subTest(model=model, method=name, ids=ids),
                        self.assertRaises(UserError),
                    ):
                        getattr(self._as(model).browse(ids), name)()

    def test_counts_and_reminders_are_kept_by_the_program(self):
        for vals in (
            {"tag_record_count": 7},
            {"tag_last_use_date": "2020-01-01"},
            {"tag_reminded_date": "2020-01-01"},
            {"tag_sort_key": "x"},
        ):
            with self.subTest(vals), self.assertRaises(AccessError):
                self.new.with_user(self.officer).write(vals)
            with self.subTest(vals), self.assertRaises(AccessError):
                self._as("res.partner.category").create({"name": "Z", **vals})


@tagged("post_install", "-at_install")
class TestTagTexts(TagCase):
    """Texts that cannot be stored are refused in words."""

    UNKEPT = ("", "   ", False, None, "a\0b", "a\ud800b", "x" * 1_000_000)

    @mute_logger("odoo.sql_db")
    def test_names(self):
        for model in TAG_MODELS:
            tags = self.env[model]
            tag = tags.create({"name": "Kept"})
            for name in self.UNKEPT:
                for attempt in (
                    lambda tags=tags, name=name: tags.create({"name": name}),
                    lambda tag=tag, name=name: tag.write({"name": name}),
                    lambda tags=tags, name=name: tags.name_create(name),
                    lambda tags=tags, name=name: tags.with_context(
                        default_name=name
                    ).create({}),
                    lambda tag=tag, name=name: tag.copy({"name": name}),
                ):
                    with self.subTest(
                        model=model, name=str(name)[:9].encode("utf8", "replace")
                    ):
                        with self.assertRaises(ValidationError):
                            attempt()
            self.assertEqual(tag.name, "Kept")

    def test_codes_and_descriptions(self):
        for model in TAG_MODELS:
            tag = self.env[model].create({"name": "Kept", "code": "K"})
            for field in ("code", "description"):
                for text in self.UNKEPT[4:]:
                    with self.subTest(model=model, field=field):
                        with self.assertRaises(ValidationError):
                            tag.write({field: text})
                        with self.assertRaises(ValidationError):
                            tag.create({"name": "Other", field: text})

    def test_translations(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        for model in TAG_MODELS:
            tag = self.env[model].create({"name": "Kept"})
            for field, texts in (
                ("name", ("", " ", *self.UNKEPT[4:])),
                ("description", self.UNKEPT[4:]),
            ):
                for text in texts:
                    for lang in ("en_US", "fr_FR"):
                        with self.subTest(model=model, field=field, lang=lang):
                            with self.assertRaises(ValidationError):
                                tag.update_field_translations(field, {lang: text})
            tag.update_field_translations("name", {"fr_FR": "Gardé"})
            self.assertEqual(tag.with_context(lang="fr_FR").name, "Gardé")
            tag.update_field_translations("name", {"fr_FR": False})

    def test_imports(self):
        for model in TAG_MODELS:
            result = self.env[model].load(["name"], [["a\0b"]])
            self.assertIn("cannot be kept", result["messages"][0]["message"])
