from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import SQL

from .common import TagCase

CARRIERS = {
    "res.partner.category": ("res.partner", "name"),
    "product.tag": ("product.template", "name"),
    "utm.tag": ("utm.campaign", "title"),
}


@tagged("post_install", "-at_install")
class TestTagPath(TagCase):
    """The displayed name of a tag finds the tag."""

    def _tree(self, model):
        top = self.env[model].create({"name": "Path 100%"})
        low = self.env[model].create({"name": "Low_er", "parent_id": top.id})
        lowest = self.env[model].create({"name": "In / Out", "parent_id": low.id})
        return top, low, lowest

    def test_searching(self):
        for model in CARRIERS:
            top, low, lowest = self._tree(model)
            tags = self.env[model]
            for tag in (top, low, lowest):
                name = tag.display_name
                with self.subTest(model=model, name=name):
                    self.assertEqual(tags.search([("display_name", "=", name)]), tag)
                    self.assertEqual(tags.search([("display_name", "in", [name])]), tag)
                    self.assertIn(tag, tags.search([("display_name", "ilike", name)]))
                    rest = tags.search([("display_name", "!=", name)])
                    self.assertNotIn(tag, rest)
                    self.assertEqual(
                        tags.name_search(name, operator="="), [(tag.id, name)]
                    )
            for text, found in {
                "path 100% / low": low | lowest,
                "100% / Low_er / in / o": lowest,
                "Path 100% /": low | lowest,
                "Path 100% / ": low | lowest,
                "ath 1__% / Low": tags,
                "Path 100% / Lowxer": tags,
                "Low_er / Path 100%": tags,
            }.items():
                with self.subTest(model=model, text=text):
                    names = [tag for tag, __ in tags.name_search(text)]
                    self.assertEqual(tags.browse(names), found)

    def test_a_name_alone(self):
        """All of that name are found, unless one is shown just so."""
        for model in CARRIERS:
            __, low, __ = self._tree(model)
            tags = self.env[model]
            self.assertEqual(tags.search([("display_name", "=", "Low_er")]), low)
            shown = tags.create({"name": "Low_er"})
            self.assertEqual(tags.search([("display_name", "=", "Low_er")]), shown)

    def test_texts_that_cannot_be_names(self):
        for model in CARRIERS:
            for operator in ("=", "ilike", "=ilike"):
                for text in ("a\0b", "a\ud800b"):
                    found = self.env[model].name_search(text, operator=operator)
                    self.assertFalse(found)

    def test_importing_what_was_exported(self):
        for model, (carrier, name) in CARRIERS.items():
            __, low, __ = self._tree(model)
            field = low._tag_kind().field
            for enabled in ({}, {field: True}):
                result = (
                    self.env[carrier]
                    .with_context(import_file=True, name_create_enabled_fields=enabled)
                    .load([name, field], [["Imported", low.display_name]])
                )
                with self.subTest(model=model, enabled=enabled):
                    self.assertFalse(result["messages"])
                    record = self.env[carrier].browse(result["ids"])
                    self.assertEqual(record[field], low)

    def test_importing_tags_below_others(self):
        for model in CARRIERS:
            __, low, __ = self._tree(model)
            result = self.env[model].load(
                ["name", "parent_id"],
                [["One", low.display_name], ["Two", f"{low.display_name} / One"]],
            )
            with self.subTest(model):
                self.assertFalse(result["messages"])
                one, two = self.env[model].browse(result["ids"])
                self.assertEqual((one.parent_id, two.parent_id), (low, one))

    def test_names_with_the_sign_of_paths_and_with_spaces(self):
        """The shown name finds the tag, exported, typed and asked for."""
        names = ("B2B/B2C", "Big  Ones", "In /Out", "In/ Out", " / ", "a / b / c")
        for model, (carrier, name) in CARRIERS.items():
            top = self.env[model].create({"name": "Odd / Top"})
            for own in names:
                tag = self.env[model].create({"name": own, "parent_id": top.id})
                shown, tags = tag.display_name, self.env[model]
                field = tag._tag_kind().field
                with self.subTest(model=model, shown=shown):
                    self.assertEqual(tags.search([("display_name", "=", shown)]), tag)
                    found = [key for key, __ in tags.name_search(shown)]
                    self.assertIn(tag.id, found)
                    result = (
                        self.env[carrier]
                        .with_context(import_file=True)
                        .load([name, field], [["Imported", shown]])
                    )
                    self.assertFalse(result["messages"])
                    record = self.env[carrier].browse(result["ids"])
                    self.assertEqual(record[field], tag)

    def _flat_and_left(self, model):
        tags = self.env[model]
        flat = tags.create({"name": "Left / Right"})
        return flat, tags.create({"name": "Left"})

    def test_tags_that_would_be_shown_alike_are_refused(self):
        """They are created, renamed, moved, imported or typed: with a reason."""
        for model in CARRIERS:
            __, left = self._flat_and_left(model)
            tags = self.env[model]
            other = tags.create({"name": "Other", "parent_id": left.id})
            top = tags.create({"name": "Right"})
            tags.create({"name": "Below", "parent_id": top.id})
            for refused in (
                lambda tags=tags, left=left: tags.create(
                    {"name": "Right", "parent_id": left.id}
                ),
                lambda other=other: other.write({"name": "Right"}),
                lambda top=top, left=left: top.write({"parent_id": left.id}),
                lambda tags=tags: tags.create({"name": "Right / Below"}),
                lambda tags=tags: tags.name_create("Left / Right"),
            ):
                with (
                    self.subTest(model),
                    self.assertRaisesRegex(ValidationError, "shown as “.* / .*”"),
                    self.env.cr.savepoint(),
                ):
                    refused()

    def test_a_tag_that_rests_is_no_other_one(self):
        for model in ("product.tag", "utm.tag", "res.partner.category"):
            flat, left = self._flat_and_left(model)
            flat.active = False
            self.env[model].create({"name": "Right", "parent_id": left.id})
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                flat.active = True

    def test_tags_that_were_shown_alike_before(self):
        """From before the update: searching finds both, the import says so."""
        for model, (carrier, field) in CARRIERS.items():
            tags = self.env[model]
            flat, left = self._flat_and_left(model)
            right = tags.create({"name": "Other", "parent_id": left.id})
            self.env.flush_all()
            self.env.cr.execute(
                SQL(
                    "UPDATE %s SET name = %s WHERE id = %s",
                    SQL.identifier(tags._table),
                    '{"en_US": "Right"}',
                    right.id,
                )
            )
            self.env.invalidate_all()
            with self.subTest(model):
                found = tags.search([("display_name", "=", "Left / Right")])
                self.assertEqual(found, flat | right)
                names = [field, tags._tag_kind().field]
                results = [
                    self.env[carrier].load(names, [["Alike", "Left / Right"]])
                    for __ in range(2)
                ]
                chosen = {
                    self.env[carrier].browse(one["ids"])[names[1]] for one in results
                }
                self.assertEqual(chosen, {found[0]})
                for one in results:
                    self.assertIn("multiple matches", one["messages"][0]["message"])

    def test_a_path_is_made(self):
        for model in CARRIERS:
            top, low, __ = self._tree(model)
            tags = self.env[model]
            new, shown = tags.name_create("Path 100% / Low_er / New / Newer")
            self.assertEqual(shown, "Path 100% / Low_er / New / Newer")
            self.assertEqual(tags.browse(new).parent_id.parent_id, low)
            self.assertEqual(low.parent_id, top)

    def test_queries_do_not_grow_with_the_values(self):
        tops = [self._tag(f"Q{number}") for number in range(20)]
        names = [self._tag("Below", top).display_name for top in tops]
        self.env.flush_all()
        for some in (names[:1], names):
            self.env.invalidate_all()
            with self.assertQueryCount(4):
                self.assertTrue(self.tags.search([("display_name", "in", some)]))
