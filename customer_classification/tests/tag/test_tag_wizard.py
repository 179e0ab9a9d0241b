from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ..common import AS_OF
from .common import TagCase


@tagged("post_install", "-at_install")
class TestTagWizard(TagCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.one, cls.two = cls._tag("W1 of the test"), cls._tag("W2 of the test")
        cls.a, cls.b = cls._customer("A", ref="w"), cls._customer("B", ref="w")
        cls._give(cls.a, cls.one)

    def _wizard(self, mode, tags, records=None, user=None, **values):
        records = self.a | self.b if records is None else records
        wizards = self.env["classification.tag.wizard"].with_context(
            active_model="res.partner", active_ids=records.ids
        )
        return wizards.with_user(user or self.env.user).create(
            {"mode": mode, "partner_tag_ids": tags.ids, **values}
        )

    def _apply(self, *args, **values):
        wizard = self._wizard(*args, **values)
        wizard.action_apply()
        self.env.invalidate_all()
        return self.env["classification.tag.batch"].search([], limit=1)

    def test_give_with_a_preview_and_an_undo(self):
        wizard = self._wizard("add", self.one | self.two)
        self.assertEqual(
            (wizard.record_count, wizard.added_count, wizard.removed_count), (2, 3, 0)
        )
        batch = self._apply("add", self.one | self.two)
        self.assertEqual(self.b.category_id, self.one | self.two)
        self.assertEqual((batch.added_count, batch.removed_count), (3, 0))
        batch.action_undo()
        self.assertEqual(self.a.category_id, self.one)
        self.assertFalse(self.b.category_id)
        self.assertEqual(batch.state, "undone")
        with self.assertRaisesRegex(UserError, "undone already"):
            batch.action_undo()

    def test_take_away_and_undo(self):
        batch = self._apply("remove", self.one)
        self.assertFalse(self.a.category_id)
        batch.action_undo()
        self.assertEqual(self.a.category_id, self.one)
        self.assertEqual(self._origin(self.a, self.one), ("present", "person"))

    def test_replace_and_undo(self):
        wizard = self._wizard("replace", self.two)
        self.assertEqual((wizard.added_count, wizard.removed_count), (2, 1))
        batch = self._apply("replace", self.two)
        self.assertEqual((self.a | self.b).category_id, self.two)
        batch.action_undo()
        self.assertEqual(self.a.category_id, self.one)
        self.assertFalse(self.b.category_id)

    def test_undo_leaves_what_was_changed_since(self):
        batch = self._apply("add", self.two)
        self._take(self.a, self.two)
        self._give(self.a, self.two)
        batch.action_undo()
        self.assertIn(self.two, self.a.category_id, "given again by hand")
        self.assertFalse(self.b.category_id)

    def test_undo_gives_a_rule_its_own_back(self):
        self._rule(self.two, [("id", "in", (self.a | self.b).ids)])
        self._run()
        self._apply("remove", self.two).action_undo()
        self.assertEqual(self._origin(self.a, self.two), ("present", "rule"))

    def test_a_filter_instead_of_a_selection(self):
        self._apply("add", self.two, selection="filter", domain="[('ref', '=', 'w')]")
        self.assertEqual(self.two.partner_ids, self.a | self.b)

    def test_nothing_chosen_is_told(self):
        with self.assertRaisesRegex(UserError, "Choose a tag"):
            self._wizard("add", self.tags).action_apply()
        with self.assertRaisesRegex(UserError, "selection is empty"):
            self._wizard("add", self.one, self.a.browse()).action_apply()

    def test_opened_without_a_list(self):
        wizards = self.env["classification.tag.wizard"]
        for context in ({}, {"active_model": "res.users"}, {"active_model": 7}):
            with self.subTest(context), self.assertRaisesRegex(UserError, "Select the"):
                wizards.with_context(**context).default_get(["kind", "mode"])
        self.assertFalse(wizards.new({"kind": False}).record_count)

    def test_a_seller_tags_and_undoes_the_own_only(self):
        seller = self._user(
            "wizard-seller", "sales_team.group_sale_salesman,base.group_partner_manager"
        )
        mine = self._apply("add", self.two, user=seller)
        self.assertEqual(mine.create_uid, seller)
        mine.with_user(seller).action_undo()
        other = self._apply("add", self.two)
        with self.assertRaisesRegex(AccessError, "or an officer can undo"):
            other.with_user(seller).action_undo()

    def test_automations_see_what_is_written(self):
        """Automations on contacts see tags written the usual way.

        If one watches contacts, tags are written as Odoo writes them.
        """
        wizard = self._wizard("replace", self.two)
        partners = type(self.env["res.partner"])
        with (
            patch.object(type(wizard), "_is_watched", lambda wizard: True),
            patch.object(
                partners, "write", autospec=True, side_effect=partners.write
            ) as write,
        ):
            wizard.action_apply()
        self.assertTrue(write.called)
        self.env.invalidate_all()
        self.assertEqual((self.a | self.b).category_id, self.two)
        self.env["classification.tag.batch"].search([], limit=1).action_undo()
        self.assertEqual(self.a.category_id, self.one)

    def test_a_group_stays_exclusive(self):
        group = self._tag("Group of the test", tag_is_exclusive=True)
        three, four = self._tag("W3", group), self._tag("W4", group)
        self._give(self.a, three)
        with self.assertRaisesRegex(ValidationError, "only one tag of"):
            self._apply("add", four)

    def test_queries_do_not_grow(self):
        many = self.env["res.partner"].create(
            [{"name": f"W{number}"} for number in range(300)]
        )
        self._apply("add", self.one, many[:1])
        few = self._queries(many[1:4])
        self.assertLessEqual(self._queries(many[4:]), few + 1)

    def _queries(self, records):
        wizard = self._wizard("add", self.two, records)
        self.env.flush_all()
        before = self.cr.sql_log_count
        wizard.action_apply()
        self.env.flush_all()
        return self.cr.sql_log_count - before


@tagged("post_install", "-at_install")
class TestTagReport(TagCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.top = cls._tag("Top of the test")
        cls.tag = cls._tag("Reported", cls.top)
        cls.customer = cls._customer("Company", is_company=True)
        cls.contact = cls._customer("Contact", parent_id=cls.customer.id)
        for days in (0, 100):
            cls._purchase(cls.customer, AS_OF - timedelta(days), 10_000)
        cls._give(cls.customer | cls.contact, cls.tag)

    def _rows(self):
        self.env.flush_all()
        return self.env["classification.tag.report"].search(
            [("tag_id", "child_of", self.top.id), ("company_id", "=", self.company.id)]
        )

    def test_each_customer_carries_the_revenue_once(self):
        self.policy.recompute(as_of_date=AS_OF)
        rows = self._rows()
        self.assertEqual(rows.partner_id, self.customer | self.contact)
        self.assertEqual(rows.mapped("revenue"), [20_000, 20_000])
        [total] = rows._read_group([("id", "in", rows.ids)], [], ["revenue:sum"])
        self.assertEqual(total, (20_000,))
        self.assertEqual(rows.customer_id, self.customer)
        self.assertEqual(rows.top_tag_id, self.top)
        self.assertEqual(rows.value_tier_id.code, "vip")
        self.assertEqual(set(rows.mapped("origin")), {"person"})

    def test_members_as_of_a_moment(self):
        changes = self.env["classification.tag.change"]
        first = changes.search([("partner_tag_id", "=", self.tag.id)])
        first.flush_recordset()
        earlier = fields.Datetime.now() - timedelta(days=10)
        self.env.cr.execute(
            "UPDATE classification_tag_change SET create_date = %s WHERE id = ANY(%s)",
            [earlier, first.ids],
        )
        self.env.invalidate_all()
        self._take(self.contact, self.tag)
        later = self._customer("Later")
        self._give(later, self.tag)

        def members(days):
            moment = fields.Datetime.now() - timedelta(days=days)
            return changes._members_as_of(self.tag._tag_kind(), self.tag.ids, moment)

        wizard = (
            self.env["classification.tag.members"]
            .with_context(active_model="res.partner.category", active_ids=self.top.ids)
            .create({"date": fields.Date.today() - timedelta(5)})
        )
        found = self.env["res.partner"].search(wizard.action_open()["domain"])
        self.assertEqual(found, self.customer | self.contact, "below the tag, too")
        self.assertEqual(members(-1), {self.customer.id, later.id})
        self.assertEqual(members(5), {self.customer.id, self.contact.id})
        self.assertEqual(members(20), set())
