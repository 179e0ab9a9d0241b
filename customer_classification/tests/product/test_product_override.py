from datetime import date, timedelta

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged

from .common import ProductCase


@tagged("post_install", "-at_install")
class TestProductOverride(ProductCase):
    """A person decides about a product's class, beside the computed one."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = cls.policy._today()
        cls.officer = cls._user(
            "product_officer",
            "customer_classification.group_officer,sales_team.group_sale_salesman",
        )
        cls.best, cls.rest = (cls._product(name) for name in ("Best", "Rest"))
        cls.day = cls.today - timedelta(40)
        cls._order_of([(cls.best, 1, 990), (cls.rest, 1, 10)], cls.day)
        cls._classify(cls.today)

    def _decide(self, product, **values):
        return self.env["product.class.override"].create(
            {
                "product_tmpl_id": product.id,
                "company_id": self.company.id,
                "axis": "abc",
                "abc_class": "a",
                "reason": "Kept for our biggest customer",
                **values,
            }
        )

    def _changes(self, product, axis="abc"):
        return self._class_of(product).change_ids.filtered(
            lambda change: change.axis == axis
        )

    def test_seen_at_once_with_the_numbers_beside(self):
        decision = self._decide(self.rest)
        profile = self._class_of(self.rest)
        self.assertEqual((profile.abc_class, profile.shadow_abc), ("a", "c"))
        self.assertTrue(profile.is_overridden)
        self.assertEqual(self.rest.product_abc_class, "a")
        self.assertEqual(decision.from_class, "c")
        self.assertEqual((decision.decided_class, decision.now_class), ("a", "c"))
        change = self._changes(self.rest)[0]
        self.assertEqual(
            (change.from_class, change.to_class, change.cause), ("c", "a", "person")
        )
        self.assertIn("A person decided. By the numbers: C.", profile.abc_explanation)
        self.assertEqual(profile.override_ids, decision)

    def test_never_overwritten_by_a_run(self):
        self._decide(self.rest)
        run = self._classify(self.today)
        self.assertEqual(run.change_count, 0)
        again = self._classify(self.today)
        self.assertEqual((again.written_count, again.change_count), (0, 0))
        profile = self._class_of(self.rest)
        self.assertEqual((profile.abc_class, profile.shadow_abc), ("a", "c"))
        self.assertEqual(self._class_of(self.best).abc_class, "a")
        self.assertFalse(self._class_of(self.best).is_overridden)

    def test_each_axis(self):
        for axis, name, word in (
            ("abc", "abc_class", "b"),
            ("xyz", "xyz_class", "x"),
            ("price_band", "price_band", "premium"),
            ("sales_lifecycle", "sales_lifecycle", "end_of_life"),
        ):
            with self.subTest(axis):
                self._decide(self.rest, axis=axis, **{name: word})
                self.assertEqual(self._class_of(self.rest)[name], word)
        profile = self._class_of(self.rest)
        self.assertEqual(profile.abc_xyz, "BX")
        self._classify(self.today)
        self.assertEqual(self._class_of(self.rest).abc_xyz, "BX")

    def test_numbers_move_on(self):
        decision = self._decide(self.rest, abc_class="b")
        self._order_of([(self.rest, 1, 5_000)], self.day)
        self._classify(self.today)
        profile = self._class_of(self.rest)
        self.assertEqual((profile.abc_class, profile.shadow_abc), ("b", "a"))
        self.assertEqual(decision.status, "unsupported")
        agreed = self._decide(self.rest)
        self.assertEqual((decision.status, agreed.status), ("ended", "agrees"))

    def test_ended_by_a_person(self):
        decision = self._decide(self.rest)
        decision.with_user(self.officer).action_end()
        profile = self._class_of(self.rest)
        self.assertEqual((profile.abc_class, profile.is_overridden), ("c", False))
        self.assertEqual(decision.ended_by_id, self.officer)
        self.assertEqual(self._changes(self.rest)[0].to_class, "c")
        self.assertEqual(self._classify(self.today).change_count, 0)

    def test_ended_by_its_day(self):
        decision = self._decide(self.rest, end_date=self.today + timedelta(5))
        with self._on(self.today + timedelta(1)):
            self._classify(self.policy._today())
        self.assertEqual(decision.status, "expiring")
        with self._on(self.today + timedelta(6)):
            run = self._classify(self.policy._today())
        self.assertEqual(decision.status, "ended")
        self.assertEqual(self._class_of(self.rest).abc_class, "c")
        change = run.product_change_ids.filtered(lambda one: one.axis == "abc")
        self.assertEqual((change.from_class, change.cause), ("a", "person"))

    def test_change_keeps_what_was_decided(self):
        decision = self._decide(self.rest)
        officer = decision.with_user(self.officer)
        officer.abc_class = "b"
        before = decision.earlier_ids
        self.assertEqual(
            (before.decided_class, before.status, before.ended_by_id),
            ("a", "ended", self.officer),
        )
        self.assertEqual(before.user_id, self.env.user)
        self.assertEqual(decision.user_id, self.officer)
        self.assertEqual(self._class_of(self.rest).abc_class, "b")
        for values in (
            {"start_date": "2001-01-01"},
            {"user_id": self.env.uid},
            {"from_class": "b"},
            {"product_tmpl_id": self.best.id},
        ):
            with self.subTest(values), self.assertRaises(AccessError):
                officer.write(values)

    def test_before_the_first_run(self):
        new = self._product("New")
        self.assertFalse(self._class_of(new))
        self._decide(new)
        self.assertEqual(self._class_of(new).abc_class, "a")
        self.assertEqual(self._classify(self.today).change_count, 0)

    def test_form(self):
        profile = self._class_of(self.rest).with_user(self.officer)
        action = profile.action_override()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        form.abc_class = "b"
        form.reason = "Strategic"
        decision = form.save()
        self.assertEqual(decision.product_tmpl_id, self.rest)
        self.assertEqual(self._class_of(self.rest).abc_class, "b")

    def test_bad_input(self):
        with self.assertRaisesRegex(ValidationError, "Choose the class"):
            self._decide(self.rest, axis="xyz")
        with self.assertRaisesRegex(ValidationError, "cannot end before"):
            self._decide(self.rest, end_date=date(2020, 1, 1))
        with self.assertRaisesRegex(UserError, "End it"):
            self._decide(self.rest).unlink()

    def test_companies(self):
        other = self._company("Other Ltd", currency="USD")
        self.env.user.company_ids |= other
        policy = self._policy(other, name="Rules of the other")
        self._classify(self.today, policy)
        self._decide(self.rest)
        self.assertFalse(self._class_of(self.rest, other).is_overridden)

    def test_rights(self):
        seller = self._user("decision_seller", "sales_team.group_sale_salesman")
        decision = self._decide(self.rest)
        self.assertEqual(decision.with_user(seller).decided_class, "a")
        with self.assertRaises(AccessError):
            decision.with_user(seller).action_end()

    def test_queries_do_not_grow(self):
        products = [self._product(f"More {number}") for number in range(20)]
        self._classify(self.today)
        values = [
            {
                "product_tmpl_id": product.id,
                "company_id": self.company.id,
                "axis": "abc",
                "abc_class": "b",
                "reason": "All of them",
            }
            for product in products
        ]
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(46):
            self.env["product.class.override"].create(values)
        self.assertEqual({self._class_of(one).abc_class for one in products}, {"b"})
