import ast

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import TagCase


@tagged("post_install", "-at_install")
class TestTagReference(TagCase):
    """References to a tag are found, and safe when the tag is deleted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.old, cls.new = cls._tag("Old of the test"), cls._tag("New of the test")
        cls.a, cls.b, cls.c = (cls._customer(name) for name in "ABC")
        cls._give(cls.a | cls.b, cls.old)
        cls._give(cls.b | cls.c, cls.new)

    def _filter(self, domain):
        return self.env["ir.filters"].create(
            {
                "name": "Filter of the test",
                "model_id": "res.partner",
                "domain": repr(domain),
                "user_ids": False,
            }
        )

    def _names(self, tag):
        found = self.env["classification.tag.reference"]._of(tag)
        return [(reference.record._name, reference.name) for reference in found]

    def test_found_in_filters_rules_and_policies(self):
        self._filter([("category_id", "in", [self.old.id])])
        user = self._tag("User of the old one")
        self._rule(user, [("category_id", "in", [self.old.id])], start=False)
        draft = self.policy.copy()
        draft.sale_domain = repr([("partner_id.category_id", "in", [self.old.id])])
        self.assertEqual(
            {model for model, __ in self._names(self.old)},
            {"ir.filters", "classification.tag.rule", "classification.policy"},
        )
        self.assertFalse(self._names(self.new))

    def test_found_in_automations_and_mailings(self):
        wanted = {}
        if "base.automation" in self.env:
            wanted["base.automation"] = self.env["base.automation"].create(
                {
                    "name": "Automation of the test",
                    "model_id": self.env["ir.model"]._get_id("res.partner"),
                    "trigger": "on_create_or_write",
                    "filter_domain": repr([("category_id", "in", [self.old.id])]),
                }
            )
        if "mailing.filter" in self.env:
            wanted["mailing.filter"] = self.env["mailing.filter"].create(
                {
                    "name": "Mailing of the test",
                    "mailing_model_id": self.env["ir.model"]._get_id("res.partner"),
                    "mailing_domain": repr([("category_id", "in", [self.old.id])]),
                }
            )
        self.assertEqual({model for model, __ in self._names(self.old)}, set(wanted))
        merge = self._merge(self.old, self.new)
        for record in wanted.values():
            field = (
                "filter_domain"
                if record._name == "base.automation"
                else "mailing_domain"
            )
            self.assertIn(str(self.new.id), record[field])
        merge.action_undo()
        self.assertEqual({model for model, __ in self._names(self.old)}, set(wanted))

    def test_where_used_as_a_list(self):
        self._filter([("category_id", "child_of", self.old.id)])
        action = self.old.action_open_references()
        uses = self.env["classification.tag.use"].search(action["domain"])
        self.assertEqual(uses.mapped("name"), ["Filter of the test"])
        self.assertEqual(uses.action_open()["res_model"], "ir.filters")

    def test_a_used_tag_is_not_deleted(self):
        self._filter([("category_id", "not in", [self.old.id])])
        with self.assertRaisesRegex(UserError, "Filter of the test.*Merge it"):
            self.old.unlink()
        self.new.unlink()

    def test_an_archived_tag_still_filters(self):
        saved = self._filter([("category_id", "in", [self.old.id])])
        self.old.active = False
        found = self.env["res.partner"].search(ast.literal_eval(saved.domain))
        self.assertEqual(found, self.a | self.b)

    def _merge(self, *tags, into=None):
        action = self.tags.union(*tags).action_merge_tags()
        merge = self.env["classification.tag.merge"].browse(action["res_id"])
        merge.partner_tag_id = into or self.new
        merge.action_merge()
        self.env.invalidate_all()
        return merge

    def test_merge_moves_all_and_undo_moves_it_back(self):
        saved = self._filter(
            ["|", ("category_id", "in", [self.old.id]), ("name", "=", "C")]
        )
        child = self._tag("Child of the old", self.old)
        kept = self._rule(self.old, [("name", "=", "A"), ("id", "=", self.a.id)])
        user = self._tag("User of the old")
        rule = self._rule(user, [("category_id", "in", [self.old.id])])
        before = saved.domain, rule.domain
        merge = self._merge(self.old, self.new)
        self.assertEqual(self.new.partner_ids, self.a | self.b | self.c)
        self.assertFalse(self.old.with_context(active_test=False).partner_ids)
        self.assertFalse(self.old.active)
        self.assertEqual(child.parent_id, self.new)
        self.assertEqual(kept.partner_tag_id, self.new)
        self.assertEqual(rule.state, "running")
        self.assertFalse(self._names(self.old))
        self.assertIn(("ir.filters", "Filter of the test"), self._names(self.new))
        self.assertEqual(self.new.tag_record_count, 3)
        merge.action_undo()
        self.env.invalidate_all()
        self.assertEqual(self.old.partner_ids, self.a | self.b)
        self.assertEqual(self.new.partner_ids, self.b | self.c)
        self.assertTrue(self.old.active)
        self.assertEqual(child.parent_id, self.old)
        self.assertEqual(kept.partner_tag_id, self.old)
        self.assertEqual((saved.domain, rule.domain), before)

    def test_what_a_rule_gave_stays_a_rules(self):
        rule = self._rule(self.old, [("id", "=", self.c.id)])
        self._run()
        self._take(self.c, self.new)
        self._link(self.c, self.new).action_forget_removal()
        self._merge(self.old, self.new)
        self.assertEqual(self._origin(self.c, self.new), ("present", "rule"))
        rule.action_pause()
        rule.domain = repr([("id", "=", 0)])
        rule.state = "running"
        self._run()
        self.assertFalse(self.c.category_id, "its rule takes it away")
        self.assertIn(self.new, self.a.category_id, "a person gave it")

    def test_undo_leaves_what_was_changed_since(self):
        saved = self._filter([("category_id", "in", [self.old.id])])
        merge = self._merge(self.old, self.new)
        self._take(self.a, self.new)
        saved.domain = "[('name', '=', 'Z')]"
        message = merge.action_undo()["params"]["message"]
        self.env.invalidate_all()
        self.assertIn("Filter of the test", message)
        self.assertEqual(saved.domain, "[('name', '=', 'Z')]")
        self.assertFalse(self.a.category_id - self.old)

    def test_merge_into_what_stands_below_is_refused(self):
        child = self._tag("Below", self.old)
        with self.assertRaisesRegex(UserError, "stands below"):
            self._merge(self.old, child, into=child)

    def test_merge_of_one_is_refused(self):
        with self.assertRaisesRegex(UserError, "two tags or more"):
            self.old.action_merge_tags()

    def test_merge_within_an_exclusive_group(self):
        group = self._tag("Group of the test", tag_is_exclusive=True)
        one, two = self._tag("One", group), self._tag("Two", group)
        self._give(self.a, one)
        self._give(self.b, two)
        self._merge(one, two, into=two)
        self.assertEqual(two.partner_ids, self.a | self.b)
        loose = self._tag("Loose")
        three = self._tag("Three", group)
        self._give(self.a, loose)
        with self.assertRaisesRegex(UserError, "only one"), self.cr.savepoint():
            self._merge(loose, three, into=three)

    def test_products_and_campaigns(self):
        record = self.product.product_tmpl_id
        tags = self.env["product.tag"]
        one, two = tags.create([{"name": "P1 of the test"}, {"name": "P2 of the test"}])
        record.product_tag_ids = one
        action = (one | two).action_merge_tags()
        merge = self.env["classification.tag.merge"].browse(action["res_id"])
        merge.product_tag_id = two
        merge.action_merge()
        self.env.invalidate_all()
        self.assertEqual(record.product_tag_ids, two)
        merge.action_undo()
        self.env.invalidate_all()
        self.assertEqual(record.product_tag_ids, one)


@tagged("post_install", "-at_install")
class TestTagDuplicate(TagCase):
    def _found(self, tag):
        duplicates = self.env["classification.tag.duplicate"]
        duplicates._find(tag._tag_kind())
        return {
            (found.tag_ref.name, found.other_ref.name): found.reason
            for found in duplicates.search([("kind", "=", "partner")])
        }

    def test_similar_names_and_same_records(self):
        wholesale = self._tag("Whole-sale of test")
        self._tag("Wholesale of test")
        alike = self._tag("Zq Alike"), self._tag("Unlike of it")
        partners = self.env["res.partner"].create(
            [{"name": f"D{number}"} for number in range(6)]
        )
        for tag in alike:
            self._give(partners, tag)
        found = self._found(wholesale)
        self.assertEqual(found["Whole-sale of test", "Wholesale of test"], "name")
        self.assertEqual(found["Zq Alike", "Unlike of it"], "members")

    def test_parent_and_child_are_no_doubles(self):
        above = self._tag("Vx above")
        below = self._tag("Something else", above)
        partners = self.env["res.partner"].create(
            [{"name": f"D{number}"} for number in range(6)]
        )
        self._give(partners, above)
        self._give(partners, below)
        self.assertNotIn(("Vx above", "Something else"), self._found(above))
