from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger

from ...models.common.classification_condition_mixin import Condition
from ..common import AS_OF
from .common import TagCase


@tagged("post_install", "-at_install")
class TestTagRule(TagCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tag = cls._tag("Berliners of the test")
        cls.berlin = cls._customer("Berlin", city="Berlin")
        cls.paris = cls._customer("Paris", city="Paris")
        cls.both = cls.berlin | cls.paris
        cls.mine = ("id", "in", cls.both.ids)

    def test_classes_and_numbers_of_the_rules_company(self):
        self._purchase(self.berlin, AS_OF, 50_000)
        self._purchase(self.paris, AS_OF, 10)
        self.policy.recompute(as_of_date=AS_OF)
        rule = self._rule(self.tag, [("customer_profile_id.revenue", ">", 1_000)])
        self._run()
        self.assertEqual(self.tag.partner_ids, self.berlin)
        rule.action_pause()
        rule.company_id = self._company("Other Ltd")
        rule.state = "running"
        self._run()
        self.assertFalse(self.tag.partner_ids)

    def test_relative_dates(self):
        self._rule(self.tag, [self.mine, ("create_date", ">", "today -1d")])
        self._run()
        self.assertEqual(self.tag.partner_ids, self.both)

    def test_archived_contacts_keep_theirs(self):
        self.berlin.active = False
        self._rule(self.tag, [("city", "=", "Berlin"), self.mine])
        self._run()
        self.assertEqual(
            self.tag.with_context(active_test=False).partner_ids, self.berlin
        )

    def test_products_and_campaigns(self):
        template = self.product.product_tmpl_id
        campaign = self.env["utm.campaign"].create({"title": "Winter"})
        for record, model, domain in (
            (
                template,
                "product.tag",
                [("list_price", "=", 100), ("id", "=", template.id)],
            ),
            (campaign, "utm.tag", [("title", "=", "Winter")]),
        ):
            tag = self.env[model].create({"name": "Kept by a rule"})
            kind = tag._tag_kind()
            rule = self.rules.create(
                {"kind": kind.name, kind.tag_field: tag.id, "domain": repr(domain)}
            )
            rule.action_start()
            self.assertEqual(record[kind.field], tag)
            rule.action_preview()
            self.assertEqual((rule.preview_matched, rule.preview_added), (1, 0))

    def test_two_rules_of_one_tag_add_up(self):
        self._rule(self.tag, [("city", "=", "Berlin"), self.mine])
        self._rule(self.tag, [("city", "=", "Paris"), self.mine])
        self._run()
        self.assertEqual(self.tag.partner_ids, self.both)

    # Order

    def test_rules_that_ask_for_other_tags_come_after_them(self):
        """Rules that ask for other tags come after them.

        Whatever their order; three levels in one run.
        """
        composite, part = self._tag("Composite"), self._tag("Part")
        self._rule(composite, [("category_id", "in", [part.id])])
        self._rule(part, [("category_id", "in", [self.tag.id])])
        self._rule(self.tag, [("city", "=", "Berlin"), self.mine])
        self._run()
        self.assertEqual(composite.partner_ids, self.berlin)
        self.berlin.city = "Bonn"
        self._run()
        self.assertFalse(composite.partner_ids, "in the same run")

    def test_a_circle_is_refused_when_saving(self):
        other = self._tag("Other one")
        self._rule(other, [("category_id", "in", [self.tag.id])])
        for domain in (
            [("category_id", "in", [other.id])],
            [("category_id", "child_of", [other.id])],
            [("category_id", "not in", [other.id])],
            [("category_id.name", "=", "Other one")],
            [("category_id", "any", [("name", "=", "Other one")])],
            [("category_id", "ilike", "Other one")],
            [("category_id", "in", [self.tag.id])],
            [("category_id", "=", False)],
        ):
            with self.subTest(domain=domain):
                with self.assertRaisesRegex(ValidationError, "wait for each other"):
                    with self.cr.savepoint():
                        self._rule(self.tag, domain)

    def test_a_circle_is_named(self):
        other = self._tag("Other one")
        self._rule(other, [("category_id", "in", [self.tag.id])])
        with self.assertRaisesRegex(ValidationError, "Other one → .*Berliners"):
            self._rule(self.tag, [("category_id", "in", [other.id])])

    # Unreadable conditions

    def test_what_was_deleted_matches_nothing_and_takes_nothing(self):
        gone, stays = self._tag("Gone"), self._tag("Stays")
        self._rule(stays, [("city", "=", "Berlin"), self.mine])
        rule = self._rule(self.tag, [("category_id", "not in", [gone.id]), self.mine])
        self._run()
        self.assertEqual(self.tag.partner_ids, self.both)
        self.env.cr.execute("DELETE FROM res_partner_category WHERE id = %s", [gone.id])
        self.env.invalidate_all()
        self._take(self.paris, self.tag)
        rule.last_run_date = False
        self._run()
        self.assertIn("was deleted", rule.error)
        self.assertFalse(rule.last_run_date)
        self.assertEqual(self.tag.partner_ids, self.berlin, "nothing given or taken")
        self.assertEqual(stays.partner_ids, self.berlin, "the others run")

    def test_a_field_that_is_no_more(self):
        rule = self._rule(self.tag, [self.mine])
        self.env.cr.execute(
            "UPDATE classification_tag_rule SET domain = %s WHERE id = %s",
            ["[('x_gone', '=', 1)]", rule.id],
        )
        self.env.invalidate_all()
        self._run()
        self.assertIn("no field “x_gone”", rule.error)
        self.assertFalse(self.tag.partner_ids)

    def test_bad_conditions_are_refused_when_saving(self):
        for domain, said in (
            ("[('x', ", "cannot be read"),
            ("[('nonsense', '=', 1)]", "no field “nonsense”"),
            ("__import__('os')", "cannot be read"),
        ):
            with self.assertRaisesRegex(ValidationError, said):
                with self.cr.savepoint():
                    self._rule(self.tag, []).write({"state": "draft", "domain": domain})

    @mute_logger("odoo.sql_db")
    def test_what_the_database_refuses_rests(self):
        """A cast that only fails on rows that are there."""
        rule = self._rule(self.tag, [("city", "=", "Berlin")])
        refused = SQL("(SELECT id / (id - id) AS id FROM res_partner)")
        self.patch(Condition, "ids", lambda condition: refused)
        self._run()
        self.assertTrue(rule.error)
        self.assertFalse(self.tag.partner_ids)

    def test_an_archived_tag_rests(self):
        self._rule(self.tag, [self.mine])
        self._run()
        self.tag.active = False
        self.berlin.category_id = False
        self._run()
        paris = self.paris.with_context(active_test=False)
        self.assertEqual(paris.category_id, self.tag)

    # People

    def test_preview(self):
        self._purchase(self.berlin, AS_OF, 500)
        self.policy.recompute(as_of_date=AS_OF)
        rule = self._rule(self.tag, [self.mine])
        self._run()
        rule.action_pause()
        self._take(self.paris, self.tag)
        third = self._customer("Third", city="Berlin")
        everybody = self.both | third
        rule.domain = repr([("city", "!=", "Rome"), ("id", "in", everybody.ids)])
        rule.action_preview()
        self.assertEqual(
            (rule.preview_matched, rule.preview_added, rule.preview_removed), (3, 1, 0)
        )
        self.assertEqual((rule.preview_kept_off, rule.preview_revenue), (1, 500))
        added = Domain(rule.action_open_added()["domain"])
        self.assertIn(third, self.env["res.partner"].search(added))
        rule.domain = repr([("city", "=", "Rome")])
        rule.action_preview()
        self.assertEqual((rule.preview_matched, rule.preview_removed), (0, 1))
        removed = self.env["res.partner"].search(rule.action_open_removed()["domain"])
        self.assertEqual(removed, self.berlin)
        self.assertEqual(self.tag.partner_ids, self.berlin, "a preview changes nothing")

    def test_a_running_rule_is_paused_before_it_is_changed(self):
        officer = self._user("pausing", "customer_classification.group_officer")
        rule = self._rule(self.tag, [self.mine]).with_user(officer)
        for values in (
            {"domain": "[]"},
            {"domain": "[]", "state": "running"},
            {"company_id": rule.company_id.id},
        ):
            with self.assertRaisesRegex(UserError, "Pause it"):
                rule.write(values)
        rule.action_pause()
        rule.domain = "[]"

    def test_switching_on_wakes_the_tag(self):
        self.tag.active = False
        rule = self._rule(self.tag, [self.mine], start=False, active=False)
        rule.action_start()
        self.assertTrue(self.tag.active and rule.active)
        self.assertEqual(self.tag.partner_ids, self.both)

    def test_officers_write_rules_and_others_do_not(self):
        seller = self._user("rule-seller", "sales_team.group_sale_salesman")
        rule = self._rule(self.tag, [self.mine], start=False)
        with self.assertRaises(AccessError):
            rule.with_user(seller).domain = "[]"
        self.assertEqual(rule.with_user(seller).state, "draft")

    def test_queries_do_not_grow_with_the_contacts(self):
        rule = self._rule(self.tag, [("ref", "=", "many")])
        self.env["res.partner"].create([{"name": "M", "ref": "many"}])
        self._run()
        few = self._queries()
        self.env["res.partner"].create(
            [{"name": f"M{number}", "ref": "many"} for number in range(200)]
        )
        self.assertLessEqual(self._queries(), few + 1, "the new count is written")
        self.assertEqual(rule.matched_count, 201)

    def _queries(self):
        self.env.flush_all()
        before = self.cr.sql_log_count
        self._run()
        return self.cr.sql_log_count - before
