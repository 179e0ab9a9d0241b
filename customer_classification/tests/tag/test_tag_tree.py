from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import TagCase

SAME_NAMES = {
    "product.tag": "product_template_ids",
    "utm.tag": "campaign_ids",
    "res.partner.category": "partner_ids",
}


@tagged("post_install", "-at_install")
class TestTagTree(TagCase):
    def _tree(self, model):
        """Needs / Service / Repair, with a record on each of the lower two."""
        tags = self.env[model]
        needs = tags.create({"name": "Needs of the test"})
        service = tags.create({"name": "Service", "parent_id": needs.id})
        repair = tags.create({"name": "Repair", "parent_id": service.id})
        return needs, service, repair

    def test_path_is_the_name(self):
        for model in SAME_NAMES:
            __, __, repair = self._tree(model)
            self.assertEqual(
                repair.display_name, "Needs of the test / Service / Repair"
            )
            self.assertEqual(repair.tag_level, 2)

    def test_found_by_what_stands_above(self):
        for model in SAME_NAMES:
            needs, service, repair = self._tree(model)
            found = self.env[model].search([("display_name", "ilike", "needs of the")])
            self.assertEqual(found, needs | service | repair)

    def test_a_parent_finds_the_records_of_its_children_once(self):
        records = {
            "res.partner.category": self._customer("Both"),
            "product.tag": self.product.product_tmpl_id,
            "utm.tag": self.env["utm.campaign"].create({"title": "Spring"}),
        }
        for model, record in records.items():
            needs, service, repair = self._tree(model)
            field = needs._tag_kind().field
            record[field] = service | repair
            found = record.search([(field, "child_of", needs.ids)])
            self.assertEqual(found, record)
            self.env[model]._refresh_usage()
            self.assertEqual(
                (needs | service | repair).mapped("tag_record_count"), [1, 1, 1]
            )
            self.assertTrue(needs.tag_last_use_date)

    def test_a_branch_is_moved_with_all_below(self):
        for model in SAME_NAMES:
            needs, service, repair = self._tree(model)
            other = self.env[model].create({"name": "Other of the test"})
            service.parent_id = other
            self.assertEqual(
                repair.display_name, "Other of the test / Service / Repair"
            )
            self.assertIn(
                repair, self.env[model].search([("id", "child_of", other.id)])
            )
            self.assertTrue(repair.tag_sort_key.startswith(other.tag_sort_key))

    def test_a_circle_is_refused_in_words(self):
        for model in SAME_NAMES:
            needs, __, repair = self._tree(model)
            with self.assertRaisesRegex(
                (ValidationError, UserError), "cannot stand|ecursi"
            ):
                with self.cr.savepoint():
                    needs.parent_id = repair

    def test_children_are_not_deleted_with_their_parent(self):
        for model in SAME_NAMES:
            needs, service, repair = self._tree(model)
            with self.assertRaisesRegex(UserError, "has tags below it"):
                needs.unlink()
            self.assertTrue(repair.exists())
            (needs | service | repair).unlink()
            self.assertFalse(repair.exists())

    def test_archived_children_count_as_children(self):
        needs, service, repair = self._tree("res.partner.category")
        (service | repair).active = False
        with self.assertRaisesRegex(UserError, "has tags below it"):
            needs.unlink()

    def test_names_differ_among_siblings_only(self):
        for model in SAME_NAMES:
            needs, service, __ = self._tree(model)
            tags = self.env[model]
            with self.assertRaisesRegex(ValidationError, "already a tag"):
                with self.cr.savepoint():
                    tags.create({"name": " service ", "parent_id": needs.id})
            tags.create({"name": "Service", "parent_id": service.id})
            with self.assertRaisesRegex(ValidationError, "below the top"):
                with self.cr.savepoint():
                    tags.create({"name": "NEEDS OF THE TEST"})

    def test_names_differ_in_every_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        __, service, repair = self._tree("res.partner.category")
        repair.with_context(lang="fr_FR").name = "Réparation"
        other = self._tag("Mending", service)
        with self.assertRaisesRegex(ValidationError, "already a tag"):
            other.with_context(lang="fr_FR").name = "RÉPARATION"
        self.assertEqual(
            repair.with_context(lang="fr_FR").display_name,
            "Needs of the test / Service / Réparation",
        )

    def test_codes_are_unique_where_they_are_set(self):
        one, two = self._tag("One of the test", code="T1"), self._tag("Two of the test")
        with self.assertRaisesRegex(ValidationError, "that of another"):
            two.code = "t1"
        self._tag("Three of the test")
        self.assertFalse(one.copy({"name": "Copy of the test"}).code)

    def test_order_is_that_of_the_tree(self):
        needs, service, repair = self._tree("res.partner.category")
        advice = self._tag("Advice", service, sequence=20)
        before = self._tag("Before", needs, sequence=5)
        found = self.tags.search([("id", "child_of", needs.id)])
        self.assertEqual(
            found.ids, [needs.id, before.id, service.id, repair.id, advice.id]
        )

    def test_officers_make_tags_and_users_apply_them(self):
        officer = self._user("tag-officer", "customer_classification.group_officer")
        seller = self._user(
            "tag-seller", "sales_team.group_sale_salesman,base.group_partner_manager"
        )
        tag = self.tags.with_user(officer).create({"name": "Made by an officer"})
        partner = self._customer("Tagged by a seller")
        with self.assertRaisesRegex(AccessError, "made and changed by officers"):
            self.tags.with_user(seller).create({"name": "Weed"})
        with self.assertRaisesRegex(AccessError, "made and changed by officers"):
            tag.with_user(seller).name = "Renamed"
        partner.with_user(seller).category_id = tag.with_user(seller)
        tag.with_user(seller).partner_ids = [Command.clear()]
        self.assertFalse(partner.category_id)

    def test_owner_is_reminded_once(self):
        tag = self._tag(
            "Reviewed", tag_owner_id=self.env.user.id, tag_review_date="2020-01-01"
        )
        for __ in range(2):
            self.tags._remind_owners()
        messages = self.env["mail.message"].search(
            [("model", "=", tag._name), ("res_id", "=", tag.id)]
        )
        self.assertEqual(len(messages), 1)
        self.assertEqual(messages.partner_ids, self.env.user.partner_id)
        self.assertIn("Reviewed still of use", messages.subject)

    def test_trend_of_use(self):
        tag = self._tag("Counted")
        self._give(self._customer("A") | self._customer("B"), tag)
        self.tags._refresh_usage()
        usage = self.env["classification.tag.usage"]
        usage._take(tag._tag_kind())
        usage._take(tag._tag_kind())
        found = usage.search([("partner_tag_id", "=", tag.id)])
        self.assertEqual(found.mapped("record_count"), [2])

    def test_usage_takes_one_query(self):
        self._tree("res.partner.category")
        self.env.flush_all()
        with self.assertQueryCount(1):
            self.tags._refresh_usage()


@tagged("post_install", "-at_install")
class TestTagGroup(TagCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.size = cls._tag("Size of the test", tag_is_exclusive=True)
        cls.small, cls.large = cls._tag("Small", cls.size), cls._tag("Large", cls.size)
        cls.partner = cls._customer("Sized")

    @mute_logger("odoo.sql_db")
    def test_two_of_a_group_are_refused_everywhere(self):
        self.partner.category_id = self.small
        for attempt in (
            lambda: self._give(self.partner, self.large),
            lambda: self._customer("New", category_id=(self.small | self.large).ids),
            lambda: self.large.write({"partner_ids": [Command.link(self.partner.id)]}),
        ):
            with self.assertRaisesRegex(ValidationError, "only one tag of"):
                with self.cr.savepoint():
                    attempt()
        self.partner.category_id = self.large
        self.assertEqual(self.partner.category_id, self.large)

    def test_import_of_two_of_a_group_is_refused(self):
        result = self.env["res.partner"].load(
            ["name", "category_id/.id"],
            [["Imported", f"{self.small.id},{self.large.id}"]],
        )
        self.assertIn("only one tag of", result["messages"][0]["message"])

    def test_on_a_form_the_newest_takes_the_place(self):
        self.partner.category_id = self.small
        with (
            Form(self.partner) as form,
            self.assertLogs("odoo.tests.form.onchange", "WARNING") as told,
        ):
            form.category_id.add(self.large)
        self.assertEqual(self.partner.category_id, self.large)
        self.assertIn("takes the place of Small", told.output[0])

    def test_a_group_becomes_exclusive_only_when_nothing_has_two(self):
        group = self._tag("Loose")
        one, two = self._tag("One", group), self._tag("Two", group)
        self.partner.category_id = one | two
        with self.assertRaisesRegex(ValidationError, "1 records have more than one"):
            group.tag_is_exclusive = True
        with self.assertRaisesRegex(ValidationError, "records have more than one"):
            (one | two).write({"parent_id": self.size.id})


@tagged("post_install", "-at_install")
class TestTagCopy(TagCase):
    def test_a_copy_has_a_name_of_its_own_and_nobody(self):
        records = {
            "res.partner.category": self._customer("Both"),
            "product.tag": self.product.product_tmpl_id,
            "utm.tag": self.env["utm.campaign"].create({"title": "Spring"}),
        }
        self.env["res.lang"]._activate_lang("fr_FR")
        for model, record in records.items():
            group = self.env[model].create({"name": "G", "tag_is_exclusive": True})
            tag = self.env[model].create({"name": "Copied", "parent_id": group.id})
            tag.with_context(lang="fr_FR").name = "Copié"
            kind = tag._tag_kind()
            record[kind.field] = tag
            copies = tag.copy() | tag.copy() | tag.copy({"name": "Chosen"})
            self.assertEqual(
                copies.mapped("display_name"),
                ["G / Copied (copy)", "G / Copied (copy) 2", "G / Chosen"],
            )
            self.assertFalse(copies[kind.inverse])
            self.assertEqual(tag[kind.inverse], record)

    def test_copies_of_many_and_of_long_names(self):
        tags = self._tag("Many of it") | self._tag("x" * 128)
        names = tags.copy().mapped("name")
        self.assertEqual(names, ["Many of it (copy)", "x" * 108 + " (copy)"])
