import random
from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import TagCase

MODELS = "odoo.addons.customer_classification.models"


@tagged("post_install", "-at_install")
class TestTagProvenance(TagCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tag = cls._tag("Cities of the test")
        cls.partner = cls._customer("Berlin", city="Berlin")
        cls.other = cls._customer("Paris", city="Paris")

    def test_a_person_gives_and_takes(self):
        self._give(self.partner, self.tag)
        self.assertEqual(self._origin(self.partner, self.tag), ("present", "person"))
        self.assertEqual(self._link(self.partner, self.tag).user_id, self.env.user)
        self._take(self.partner, self.tag)
        self.assertEqual(self._origin(self.partner, self.tag), ("removed", "person"))
        self.assertEqual(
            self._history(self.partner, self.tag),
            [("added", "person"), ("removed", "person")],
        )

    def test_from_the_side_of_the_tag(self):
        self.tag.partner_ids = [Command.link(self.partner.id)]
        self.assertEqual(self._origin(self.partner, self.tag), ("present", "person"))
        self.tag.partner_ids = [Command.clear()]
        self.assertEqual(self._origin(self.partner, self.tag), ("removed", "person"))

    def test_an_import_is_told_apart(self):
        result = (
            self.env["res.partner"]
            .with_context(import_file=True)
            .load(["name", "category_id/.id"], [["Imported", str(self.tag.id)]])
        )
        imported = self.env["res.partner"].browse(result["ids"])
        self.assertEqual(self._origin(imported, self.tag), ("present", "import"))

    def test_products_and_campaigns_too(self):
        for record, model in (
            (self.product.product_tmpl_id, "product.tag"),
            (self.env["utm.campaign"].create({"title": "Autumn"}), "utm.tag"),
        ):
            tag = self.env[model].create({"name": "Traced"})
            kind = tag._tag_kind()
            record[kind.field] = tag
            link = record[kind.links]
            self.assertEqual((link.state, link.origin), ("present", "person"))
            self.assertEqual(link[kind.tag_field], tag)
            self.assertEqual(link.tag_name, "Traced")

    def test_who_works_in_one_company_reads_its_rows_alone(self):
        """A contact of another company would close the whole list."""
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})
        self._give(self.partner | self.other, self.tag)
        self.other.company_id = elsewhere
        seller = self._user("seller_of_one", "sales_team.group_sale_salesman_all_leads")
        seller.write({"company_ids": [Command.set(self.company.ids)]})
        seller.company_id = self.company
        self.env.invalidate_all()
        for model in ("classification.tag.change", "classification.tag.link"):
            rows = self.env[model].with_user(seller)
            found = rows.search([("partner_tag_id", "=", self.tag.id)])
            self.assertEqual(found.mapped("record_name"), [self.partner.display_name])

    def test_nothing_is_noted_where_nothing_changes(self):
        self._give(self.partner, self.tag)
        self._give(self.partner, self.tag)
        self.assertEqual(self._history(self.partner, self.tag), [("added", "person")])

    def test_a_rule_takes_away_only_what_a_rule_gave(self):
        self._give(self.other, self.tag)
        self._rule(self.tag, [("city", "=", "Berlin")])
        self._run()
        self.assertEqual(self._origin(self.partner, self.tag), ("present", "rule"))
        self.partner.city = "Bonn"
        self._run()
        self.assertFalse(self.partner.category_id)
        self.assertIsNone(self._origin(self.partner, self.tag))
        self.assertEqual(self.other.category_id, self.tag, "a person gave it")

    def test_what_a_person_took_away_stays_away_until_undone(self):
        self._rule(self.tag, [("city", "=", "Berlin")])
        self._run()
        self._take(self.partner, self.tag)
        self._run()
        self.assertFalse(self.partner.category_id)
        self._link(self.partner, self.tag).action_forget_removal()
        self._run()
        self.assertEqual(self.partner.category_id, self.tag)

    def test_what_a_person_took_away_before_there_was_a_rule(self):
        self._give(self.partner, self.tag)
        self._take(self.partner, self.tag)
        self._rule(self.tag, [("city", "=", "Berlin")])
        self._run()
        self.assertFalse(self.partner.category_id)

    def test_what_another_program_did_is_noticed(self):
        self._rule(self.tag, [("city", "=", "Berlin")])
        self._run()
        self._behind_our_back(self.partner, self.tag, give=False)
        self._run()
        self.assertFalse(self.partner.category_id)
        self.assertEqual(self._origin(self.partner, self.tag), ("removed", "person"))
        self._behind_our_back(self.partner, self.tag, give=True)
        self.partner.city = "Bonn"
        self._run()
        self.assertEqual(self.partner.category_id, self.tag)
        self.assertEqual(self._origin(self.partner, self.tag), ("present", "person"))

    def test_queries_of_a_write(self):
        partners = self.env["res.partner"].create(
            [{"name": f"Many {number}"} for number in range(50)]
        )
        self.env.flush_all()
        self._queries_of(partners[:1])
        few = self._queries_of(partners[1:3])
        self.assertEqual(self._queries_of(partners[3:]), few)

    def test_one_query_more_than_odoo(self):
        """The history, the links and the check of groups are one statement."""
        partners = self.partner | self.other
        self._queries_of(partners)
        self._take(partners, self.tag)
        ours = self._queries_of(partners)
        self._take(partners, self.tag)
        with patch.object(type(partners), "_note_tags", lambda *args: None):
            without = self._queries_of(partners)
        self.assertEqual(ours, without + 1)
        self.assertEqual(len(self._history(self.partner, self.tag)), 4)

    def _queries_of(self, partners):
        before = self.cr.sql_log_count
        self._give(partners, self.tag)
        self.env.flush_all()
        return self.cr.sql_log_count - before


class Model:
    """Expected state of one tag: matches, holders and their origins."""

    def __init__(self, partners):
        self.partners = partners
        self.matching, self.has, self.removed = set(), {}, set()

    def give(self, partner):
        self.has.setdefault(partner, "person")
        self.removed.discard(partner)

    def take(self, partner):
        if self.has.pop(partner, None):
            self.removed.add(partner)

    def run(self):
        for partner in self.partners:
            wanted = partner in self.matching and partner not in self.removed
            if wanted:
                self.has.setdefault(partner, "rule")
            elif self.has.get(partner) == "rule":
                del self.has[partner]

    def forget(self, partner):
        self.removed.discard(partner)


@tagged("post_install", "-at_install")
class TestTagProvenanceProperty(TagCase):
    """Random sequences of runs and of user actions against a model.

    The model has ten lines.
    """

    def test_sequences(self):
        for seed in range(6):
            with self.subTest(seed=seed):
                self._sequence(random.Random(seed))

    def _sequence(self, chance):
        tag = self._tag(f"Random {chance.random()}")
        partners = self.env["res.partner"].create(
            [{"name": f"Random {number}", "ref": "out"} for number in range(6)]
        )
        ids = set(partners.ids)
        self._rule(tag, [("ref", "=", "in"), ("id", "in", partners.ids)])
        model = Model(ids)
        for __ in range(25):
            partner = partners.browse(chance.choice(partners.ids))
            self._step(chance, model, partner, tag)
        self._run()
        model.run()
        self.assertEqual(set(tag.partner_ids.ids), set(model.has))
        for partner in partners:
            state, origin = self._origin(partner, tag) or (None, None)
            expected = model.has.get(partner.id)
            self.assertEqual(origin if state == "present" else None, expected)
            self.assertEqual(state == "removed", partner.id in model.removed)

    def _step(self, chance, model, partner, tag):
        match chance.choice(("match", "give", "take", "run", "forget", "outside")):
            case "match":
                partner.ref = chance.choice(("in", "out"))
                act = (
                    model.matching.add
                    if partner.ref == "in"
                    else model.matching.discard
                )
                act(partner.id)
            case "give":
                self._give(partner, tag)
                model.give(partner.id)
            case "take":
                self._take(partner, tag)
                model.take(partner.id)
            case "forget":
                link = self._link(partner, tag)
                link.action_forget_removal()
                model.forget(partner.id)
            case "outside":
                self._run()
                model.run()
                self._behind_our_back(partner, tag, give=False)
                model.take(partner.id)
                self._run()
                model.run()
            case "run":
                self._run()
                model.run()


@tagged("post_install", "-at_install")
class TestTagGroupRules(TagCase):
    """Rules whose tags are of a group of which a record has at most one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.group = cls._tag("Place of the test", tag_is_exclusive=True)
        cls.north = cls._tag("North", cls.group, sequence=1)
        cls.south = cls._tag("South", cls.group, sequence=2)
        cls.partner = cls._customer("Somewhere", city="X", ref="n")
        cls.north_rule = cls._rule(cls.north, [("ref", "ilike", "n")])
        cls.south_rule = cls._rule(cls.south, [("ref", "ilike", "s")])

    def _tag_now(self, ref=None):
        if ref is not None:
            self.partner.ref = ref
        self._run()
        return self.partner.category_id

    def test_the_newest_wins_and_stays(self):
        self.assertEqual(self._tag_now("n"), self.north)
        self.assertEqual(self._tag_now("ns"), self.south, "it matches since now")
        for __ in range(3):
            self.assertEqual(self._tag_now(), self.south, "no to and fro")
        self.assertEqual(self._tag_now("n"), self.north, "the other one still matches")
        self.assertFalse(self._tag_now(""))

    def test_both_at_once_the_first_of_the_tree(self):
        self.assertEqual(self._tag_now("ns"), self.north)
        self.assertEqual(self._tag_now(), self.north)

    def test_what_a_person_chose_stands(self):
        self.partner.category_id = self.south
        self.assertEqual(self._tag_now("n"), self.south)
        self.partner.category_id = False
        self.assertEqual(self._tag_now(), self.north)
        self.assertEqual(self._origin(self.partner, self.south), ("removed", "person"))

    def test_nobody_ever_has_two(self):
        chance = random.Random(7)
        links = self.env["classification.tag.link"]
        for __ in range(20):
            self._tag_now(chance.choice(("", "n", "s", "ns")))
            self.assertFalse(
                links._conflicts(self.north._tag_kind(), groups=self.group)
            )


@tagged("post_install", "-at_install")
class TestTagRuleFaults(TagCase):
    @mute_logger("odoo.sql_db")
    def test_what_fails_leaves_all_as_it_was(self):
        tag = self._tag("Fault of the test")
        partner = self._customer("Here", city="Berlin")
        self._rule(tag, [("city", "=", "Berlin")])
        path = "odoo.addons.customer_classification.models.tag.classification_tag_rule"
        with (
            patch(f"{path}._TAKE", "SELECT 1 / 0"),
            self.assertRaisesRegex(Exception, "zero"),
            self.cr.savepoint(),
        ):
            self.rules._run()
        self.env.invalidate_all()
        self.assertFalse(partner.category_id)
        self._run()
        self.assertEqual(partner.category_id, tag)
