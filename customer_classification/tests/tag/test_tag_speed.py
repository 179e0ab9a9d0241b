from odoo.tests import tagged

from .common import TagCase

TAG_MODELS = ("res.partner.category", "product.tag", "utm.tag")


@tagged("post_install", "-at_install")
class TestTagSpeed(TagCase):
    """Queries do not grow with the number of tags or levels.

    Odoo inserts and updates a hundred rows a statement, so a few more are its own.
    """

    def _queries(self, action, *args):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        action(*args)
        self.env.flush_all()
        return self.cr.sql_log_count - before

    def _create(self, tags, number, parent):
        return tags.create(
            [
                {"name": f"S{number} {place}", "parent_id": parent.id}
                for place in range(number)
            ]
        )

    def test_creating_many(self):
        """Flat, below one parent, and in a group of which one is given."""
        for model in TAG_MODELS:
            tags = self.env[model]
            group = tags.create({"name": "Group", "tag_is_exclusive": True})
            for parent in (tags, tags.create({"name": "Plain"}), group):
                few, many = (
                    self._queries(self._create, tags, number, parent)
                    for number in (10, 100)
                )
                with self.subTest(model=model, parent=parent.name):
                    self.assertEqual(few, many)
                    self.assertLessEqual(many, 14)

    def test_names_are_compared_once(self):
        """The database reads each sibling name once.

        Not once for each other one, which took a minute of one statement here.
        """
        self.cr.execute("SET LOCAL statement_timeout = '10s'")
        for parent in (self.tags, self._tag("Above")):
            self.assertEqual(len(self._create(self.tags, 1_500, parent)), 1_500)
        self.cr.execute("SET LOCAL statement_timeout = 0")

    def _chain(self, model, levels):
        tags = self.env[model]
        chain = tags.create({"name": f"Root {levels}"})
        for level in range(1, levels):
            chain |= tags.create({"name": f"L{level}", "parent_id": chain[-1:].id})
        return chain

    def test_deep_trees(self):
        """Reading the lowest of many levels, and renaming or moving the highest."""
        for model in TAG_MODELS:
            short, long = self._chain(model, 5), self._chain(model, 60)
            place = self.env[model].create({"name": "Another place"})
            actions = {
                "read": lambda chain, place: chain[-1:].display_name,
                "rename": lambda chain, place: chain[:1].write(
                    {"name": f"N{len(chain)}"}
                ),
                "move": lambda chain, place: chain[:1].write({"parent_id": place.id}),
            }
            for name, action in actions.items():
                counts = [
                    self._queries(action, chain, place) for chain in (short, long)
                ]
                with self.subTest(model=model, action=name):
                    self.assertEqual(*counts)
            self.assertEqual(long[-1:].display_name.count(" / "), 60)
            self.assertTrue(long[-1:].display_name.startswith("Another place / N60 /"))
            self.assertTrue(long[-1:].tag_sort_key.startswith(place.tag_sort_key))

    def test_names_below_follow_in_the_same_request(self):
        """Names read before a change are read again in the same request."""
        self.env["res.lang"]._activate_lang("fr_FR")
        for model in TAG_MODELS:
            top = self.env[model].create({"name": "Top of all"})
            low = self.env[model].create({"name": "Low", "parent_id": top.id})
            self.assertEqual(low.display_name, "Top of all / Low")
            top.name = "Head"
            self.assertEqual(low.display_name, "Head / Low")
            top.sequence = 77
            self.assertTrue(low.tag_sort_key.startswith("000077 head"))
            french = low.with_context(lang="fr_FR")
            top.update_field_translations("name", {"fr_FR": "Tête"})
            self.assertEqual(french.display_name, "Tête / Low")

    def test_sort_keys_of_any_length(self):
        """An index would refuse keys of a few thousand letters."""
        last = self.tags
        for level in range(40):
            name = "".join(
                chr(0x4E00 + (level * 997 + n * 7919) % 20_000) for n in range(120)
            )
            last = self._tag(name, last)
        self.env.flush_all()
        self.assertGreater(len(last.tag_sort_key), 4_000)
