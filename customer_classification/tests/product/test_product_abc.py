from datetime import date, timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ..common import AS_OF, AccountingCase
from .common import ProductCase

DAY = date(2025, 3, 10)


@tagged("post_install", "-at_install")
class TestProductAbc(ProductCase):
    """Products ranked by revenue: the lines that count, and their role."""

    def _classes(self, *products):
        return [self._class_of(product).abc_class for product in products]

    def test_share_before_the_product(self):
        best, second, third = (self._product(name) for name in ("1", "2", "3"))
        self._order_of([(best, 1, 800), (second, 1, 150), (third, 1, 50)], DAY)
        self._classify()
        self.assertEqual(self._classes(best, second, third), ["a", "b", "c"])
        profile = self._class_of(second)
        self.assertAlmostEqual(profile.abc_share, 0.8)
        self.assertEqual(profile.abc_reason, "limit")
        self.assertEqual(
            profile.abc_explanation,
            "Better products make 80.0 % of the revenue: less than 95.0 %.",
        )

    def test_equal_products_stay_together(self):
        products = [self._product(str(number)) for number in range(10)]
        self._order_of([(product, 1, 100) for product in products], DAY)
        self._classify()
        self.assertEqual(set(self._classes(*products)), {"a"})

    def test_one_product(self):
        product = self._product()
        self._sell(product, DAY, 10)
        self._classify()
        profile = self._class_of(product)
        self.assertEqual((profile.abc_class, profile.abc_share), ("a", 0))
        self.assertEqual(profile.abc_explanation, "No product makes more revenue.")

    def test_no_product_at_all(self):
        run = self._classify()
        self.assertEqual((run.looked_at_count, run.written_count), (0, 0))

    def test_never_sold_lapsed_free_and_returned(self):
        sold = self._product("Sold")
        unsold = self._product("Never sold")
        lapsed = self._product("Sold long ago")
        free = self._product("Given away")
        returned = self._product("Came back")
        self._sell(sold, DAY, 1_000)
        self._sell(lapsed, date(2023, 1, 5), 1_000)
        self._sell(free, DAY, 0)
        self._sell(returned, DAY, 100)
        self._sell(returned, DAY, -100, quantity=-1)
        self._classify()
        found = [
            (self._class_of(one).abc_class, self._class_of(one).abc_reason)
            for one in (sold, unsold, lapsed, free, returned)
        ]
        self.assertEqual(
            found,
            [
                ("a", "limit"),
                (False, "not_sold"),
                ("c", "lapsed"),
                ("c", "nothing_earned"),
                ("c", "nothing_earned"),
            ],
        )
        profile = self._class_of(returned)
        self.assertEqual((profile.quantity, profile.line_count), (0, 1))

    def test_archived_product_with_sales(self):
        product = self._product()
        self._sell(product, DAY, 10)
        product.active = False
        self._classify()
        profile = self._class_of(product)
        self.assertEqual(profile.abc_class, "a")
        self.assertEqual(profile.sales_lifecycle, "end_of_life")
        self.assertFalse(profile.active)

    def test_lines_without_a_product_and_down_payments_are_out(self):
        product = self._product()
        order = self._sell(product, DAY, 100)
        self.env["sale.order.line"].create(
            [
                {"order_id": order.id, "display_type": "line_note", "name": "Note"},
                {
                    "order_id": order.id,
                    "product_id": self.product.id,
                    "is_downpayment": True,
                    "product_uom_qty": 0,
                    "price_unit": 50,
                    "tax_ids": False,
                },
            ]
        )
        self._classify()
        self.assertFalse(self._class_of(self.product.product_tmpl_id))
        self.assertEqual(self._class_of(product).revenue, 100)

    def test_quotations_and_other_companies_are_out(self):
        product = self._product()
        self._order(self.customer, DAY, 100, confirm=False)
        self._classify()
        self.assertFalse(self._class_of(self.product.product_tmpl_id).revenue)
        self.assertEqual(self._class_of(product).abc_reason, "not_sold")

    def test_orders_of_tomorrow_do_not_count(self):
        product = self._product()
        self._sell(product, AS_OF + timedelta(1), 100)
        self._classify()
        self.assertEqual(self._class_of(product).abc_reason, "not_sold")

    def test_unit_of_measure(self):
        """Two dozen and one unit are 25 units; sold in dozens, 25 / 12 dozens."""
        dozen = self.env.ref("uom.product_uom_dozen")
        by_unit = self._product("By unit")
        by_dozen = self._product("By dozen", uom_id=dozen.id)
        for product in (by_unit, by_dozen):
            order = self._order_of([(product, 2, 20), (product, 1, 1)], DAY)
            order.order_line[0].product_uom_id = dozen
            order.order_line[1].product_uom_id = self.env.ref("uom.product_uom_unit")
        self._classify()
        self.assertAlmostEqual(self._class_of(by_unit).quantity, 25)
        self.assertAlmostEqual(self._class_of(by_dozen).quantity, 25 / 12, 5)

    def test_unit_of_a_product_that_was_changed(self):
        product = self._product()
        self._sell(product, DAY, 120, quantity=12)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE product_template SET uom_id = %s WHERE id = %s",
            [self.env.ref("uom.product_uom_dozen").id, product.id],
        )
        self.env.invalidate_all()
        self._classify()
        self.assertAlmostEqual(self._class_of(product).quantity, 1)

    def test_foreign_currency_at_the_rate_of_the_order(self):
        currency = self._rate("CHF", DAY, 2)
        self._rate("CHF", DAY + timedelta(10), 4)
        pricelist = self.env["product.pricelist"].create(
            {"name": "Francs", "currency_id": currency.id}
        )
        product = self._product()
        order = self._sell(
            product, DAY, 100, pricelist_id=pricelist.id, date_order=DAY, confirm=False
        )
        order.action_confirm()
        order.date_order = self._moment(DAY)
        order.order_line.price_unit = 100
        self._classify()
        self.assertEqual(self._class_of(product).revenue, 50)

    def test_variants_are_rolled_up(self):
        attribute = self.env["product.attribute"].create(
            {
                "name": "Colour",
                "value_ids": [
                    fields.Command.create({"name": name}) for name in ("Red", "Blue")
                ],
            }
        )
        product = self._product(
            attribute_line_ids=[
                fields.Command.create(
                    {
                        "attribute_id": attribute.id,
                        "value_ids": [fields.Command.set(attribute.value_ids.ids)],
                    }
                )
            ]
        )
        for variant, amount in zip(product.product_variant_ids, (10, 30), strict=True):
            self._sell(variant, DAY, amount)
        self._classify()
        self.assertEqual(self._class_of(product).revenue, 40)

    def test_by_quantity_and_within_category(self):
        self._rules(product_rank_by="quantity")
        many, few = self._product("Many"), self._product("Few")
        self._order_of([(many, 96, 10), (few, 4, 1_000)], DAY)
        self._classify()
        self.assertEqual(self._classes(many, few), ["a", "c"])
        self._rules(product_rank_within="category")
        few.categ_id = self.env["product.category"].create({"name": "Own"})
        self._classify()
        self.assertEqual(self._classes(many, few), ["a", "a"])

    def _rules(self, **values):
        """Publish a policy in place of the one of the company."""
        self.company._get_customer_policy().state = "retired"
        self._policy(self.company, **values)

    def test_by_margin_with_todays_cost(self):
        self._rules(product_rank_by="margin")
        dear = self._product("Dear", standard_price=9)
        good = self._product("Good", standard_price=1)
        unknown = self._product("No cost")
        self._order_of([(dear, 10, 100), (good, 10, 100), (unknown, 1, 1)], DAY)
        self._classify()
        if "margin" in self.env["sale.order.line"]._fields:
            self.skipTest("orders know their own margin here")
        self.assertEqual([self._class_of(one).margin for one in (dear, good)], [10, 90])
        self.assertEqual(self._classes(dear, good, unknown), ["b", "a", False])
        self.assertEqual(self._class_of(unknown).abc_reason, "unknown")
        self.assertFalse(self._class_of(unknown).has_margin)

    def test_class_is_left_late(self):
        leader, other = self._product("Leader"), self._product("Other")
        self._sell(leader, date(2024, 7, 20), 1_000)
        self._sell(other, DAY, 300)
        self._classify(date(2025, 6, 30))
        self.assertEqual(self._classes(leader, other), ["a", "a"])
        self._sell(leader, date(2025, 7, 25), 80)
        self._sell(other, date(2025, 7, 25), 1_000)
        self._classify(date(2025, 7, 31))
        profile = self._class_of(leader)
        self.assertEqual((profile.abc_class, profile.abc_reason), ("a", "grace"))
        self.assertEqual(profile.abc_below_since, date(2025, 7, 31))
        self._classify(date(2025, 8, 30))
        self.assertEqual(self._class_of(leader).abc_class, "b")
        change = self._class_of(leader).change_ids[0]
        self.assertEqual(
            (change.from_class, change.to_class, change.cause), ("a", "b", "time")
        )

    def test_new_product_is_graced(self):
        self._rules(product_new_days=90)
        old, new = self._product("Old"), self._product("New")
        self._sell(old, date(2024, 8, 1), 1_000)
        self._sell(new, AS_OF - timedelta(30), 1)
        self._classify()
        profile = self._class_of(new)
        self.assertEqual((profile.abc_class, profile.abc_reason), (False, "new"))
        self.assertIn("90 days", profile.abc_explanation)

    def test_two_companies_with_different_classes(self):
        other = self._company("Other Ltd", currency="USD")
        self.env.user.company_ids |= other
        policy = self._policy(other, name="Rules of the other")
        first, second = self._product("First"), self._product("Second")
        self._order_of([(first, 1, 1_000), (second, 1, 10)], DAY)
        env = self.env(context={**self.env.context, "allowed_company_ids": [other.id]})
        order = (
            env["sale.order"]
            .with_company(other)
            .create(
                {
                    "partner_id": self.customer.id,
                    "company_id": other.id,
                    "order_line": [
                        fields.Command.create(
                            {
                                "product_id": product.product_variant_id.id,
                                "price_unit": amount,
                                "tax_ids": False,
                            }
                        )
                        for product, amount in ((first, 10), (second, 1_000))
                    ],
                }
            )
        )
        order.action_confirm()
        order.date_order = self._moment(DAY)
        self._classify()
        self._classify(policy=policy)
        self.assertEqual(self._classes(first, second), ["a", "c"])
        self.assertEqual(
            [self._class_of(one, other).abc_class for one in (first, second)],
            ["c", "a"],
        )

    def test_second_run_writes_nothing(self):
        product = self._product()
        self._sell(product, DAY, 10)
        first = self._classify()
        self.assertEqual(first.product_change_count, 4)
        second = self._classify()
        self.assertEqual((second.written_count, second.change_count), (0, 0))
        self.assertEqual(self._class_of(product).run_id, first)

    def test_forgotten_when_never_sold_and_withdrawn(self):
        product = self._product()
        self._classify()
        self.assertTrue(self._class_of(product))
        product.sale_ok = False
        self._classify()
        self.assertFalse(self._class_of(product))

    def test_queries_do_not_grow_with_the_products(self):
        self._order_of([(self._product("One"), 1, 10)], DAY)
        self._classify()
        products = [self._product(f"More {number}") for number in range(30)]
        self._order_of([(product, 1, 20) for product in products], DAY)
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(47):
            self._classify()

    def test_customer_runs_do_not_see_product_runs(self):
        run = self._recompute()
        product_run = self._classify()
        runs = self.env["classification.run"]
        self.assertEqual(runs._last_run(self.company), run)
        self.assertEqual(runs._last_full_run(self.policy), run)
        self.assertEqual(self.policy.last_run_id, run)
        self.assertEqual(runs._last_run_of_kind(self.company, "product"), product_run)

    def test_not_backwards(self):
        self._classify()
        with self.assertRaisesRegex(UserError, "already"):
            self._classify(AS_OF - timedelta(1))

    def test_rights(self):
        user = self._user("product_seller", "sales_team.group_sale_salesman")
        with self.assertRaises(AccessError):
            self.policy.with_user(user).recompute_products()
        product = self._product()
        self._sell(product, DAY, 10)
        self._classify()
        seen = self._class_of(product).with_user(user)
        self.assertEqual(seen.abc_class, "a")
        self.assertTrue(seen.abc_explanation)
        with self.assertRaises(AccessError):
            seen.read(["revenue"])
        with self.assertRaises(AccessError):
            seen.write({"abc_class": "c"})

    def test_rules_that_contradict_each_other(self):
        draft = self.env["classification.policy"].create(
            {"name": "Draft", "company_id": self.company.id}
        )
        for values in (
            {"product_a_percent": 96},
            {"product_b_percent": 101},
            {"product_x_limit": 2},
            {"product_trend_months": 13},
            {"product_min_months": 0},
            {"product_band_method": "fixed"},
            {"product_grace_days": -1},
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                draft.write(values)
        with self.assertRaises(UserError):
            self.policy.product_a_percent = 70

    def test_nightly_run(self):
        product = self._product()
        self._sell(product, fields.Date.today() - timedelta(10), 10)
        with self.enter_registry_test_mode():
            cron = self.env.ref("customer_classification.ir_cron_recompute")
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(self._class_of(product).abc_class, "a")
        queue = self.env["classification.run"].search(
            [("kind", "=", "product"), ("company_id", "=", self.company.id)]
        )
        self.assertEqual(queue.mapped("state"), ["done"])

    def test_button_of_the_policy(self):
        action = self.policy.action_recompute_products()
        run = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual((run.kind, run.state), ("product", "queued"))
        again = self.policy.action_recompute_products()
        self.assertEqual(again["res_id"], run.id)
        self.assertNotEqual(self.policy.action_recompute()["res_id"], run.id)

    def test_policy_file_carries_the_rules(self):
        draft = self.env["classification.policy"].create(
            {
                "name": "Draft",
                "company_id": self.company.id,
                "product_a_percent": 70,
                "product_rank_by": "quantity",
            }
        )
        rules = draft._to_file()["rules"]
        self.assertEqual(rules["product_a_percent"], 70)
        self.assertEqual(rules["product_rank_by"], "quantity")


@tagged("post_install", "-at_install")
class TestProductXyzAndLife(ProductCase):
    """Regularity of the demand, price bands and the life on the market."""

    def test_months_without_a_sale_count(self):
        even, odd = self._product("Even"), self._product("Odd")
        months = self._months()
        for day in months:
            self._sell(even, day, 10)
        self._sell(odd, months[0], 120, quantity=12)
        self._classify()
        steady, lumpy = self._class_of(even), self._class_of(odd)
        self.assertEqual((steady.xyz_class, steady.cv), ("x", 0))
        self.assertEqual(steady.abc_xyz, "AX")
        self.assertEqual(lumpy.xyz_class, "z")
        self.assertAlmostEqual(lumpy.cv, 11**0.5, 5)
        self.assertEqual((lumpy.months_sold, lumpy.month_count), (1, 12))

    def test_partial_month_does_not_count(self):
        product = self._product()
        for day in self._months(count=11):
            self._sell(product, day, 10)
        self._sell(product, date(2025, 6, 3), 1_000, quantity=100)
        self._classify(date(2025, 6, 29))
        self.assertEqual(self._class_of(product).xyz_class, "x")
        self._classify(date(2025, 6, 30))
        self.assertNotEqual(self._class_of(product).cv, 0)

    def test_a_fixed_number_of_months(self):
        """Months before the first sale count as months without one."""
        self.env.cr.execute(
            "UPDATE product_rules SET product_xyz_months = 12 WHERE id = %s",
            [self.policy.product_rules_id.id],
        )
        self.policy.invalidate_recordset()
        product = self._product()
        self._sell(product, date(2025, 5, 15), 10)
        self._classify()
        profile = self._class_of(product)
        self.assertEqual((profile.xyz_class, profile.month_count), ("z", 12))
        self.assertAlmostEqual(profile.cv, 11**0.5, 5)
        self.assertIn(
            "over 12 full months; those before the first sale count as months without",
            profile.xyz_explanation,
        )

    def test_too_few_months(self):
        product = self._product()
        self._sell(product, date(2025, 5, 15), 10)
        self._classify()
        profile = self._class_of(product)
        self.assertEqual(
            (profile.xyz_class, profile.xyz_reason), (False, "too_few_months")
        )

    def test_price_bands_of_a_category(self):
        category = self.env["product.category"].create({"name": "Chairs"})
        prices = (10, 20, 30, 40, 50, 60)
        chairs = [
            self._product(str(price), price, categ_id=category.id) for price in prices
        ]
        gift = self._product("Gift", 0, categ_id=category.id)
        alone = self._product("Alone", 10_000)
        self._classify()
        self.assertEqual(
            [self._class_of(chair).price_band for chair in chairs],
            ["budget", "budget", "middle", "middle", "premium", "premium"],
        )
        self.assertFalse(self._class_of(gift).price_band)
        self.assertEqual(self._class_of(gift).band_reason, "no_price")
        profile = self._class_of(alone)
        self.assertEqual((profile.price_band, profile.band_reason), ("premium", "all"))

    def test_all_prices_equal(self):
        products = [self._product(str(number), 10) for number in range(6)]
        self._classify()
        self.assertEqual(
            {self._class_of(product).price_band for product in products}, {"middle"}
        )

    def test_fixed_prices(self):
        self.policy.state = "retired"
        self._policy(
            self.company,
            product_band_method="fixed",
            product_band_low_price=20,
            product_band_high_price=50,
        )
        products = [self._product(str(price), price) for price in (19, 20, 50)]
        self._classify()
        self.assertEqual(
            [self._class_of(product).price_band for product in products],
            ["budget", "middle", "premium"],
        )

    def test_life(self):
        young = self._product("Young")
        self._sell(young, date(2025, 4, 1), 10)
        rising, falling = self._product("Rising"), self._product("Falling")
        steady, silent = self._product("Steady"), self._product("Silent")
        for number, day in enumerate(self._months((2023, 1), 30)):
            recent = number >= 24
            self._order_of(
                [
                    (rising, 3 if recent else 1, 10),
                    (falling, 1 if recent else 3, 10),
                    (steady, 2, 10),
                ],
                day,
            )
        self._sell(silent, date(2024, 6, 1), 10)
        unsold = self._product("Unsold")
        self._classify()
        self.assertEqual(
            [
                self._class_of(one).sales_lifecycle
                for one in (young, rising, falling, steady, silent, unsold)
            ],
            ["introduction", "growth", "decline", "maturity", "end_of_life", False],
        )
        profile = self._class_of(rising)
        self.assertAlmostEqual(profile.trend, 0.5)
        self.assertTrue(profile.trend_is_seasonal)
        self.assertIn("a year before", profile.lifecycle_explanation)

    def test_life_moves_back(self):
        product = self._product()
        self._sell(product, date(2024, 1, 10), 10)
        self._classify()
        self.assertEqual(self._class_of(product).sales_lifecycle, "end_of_life")
        self._sell(product, date(2025, 7, 10), 10)
        self._classify(date(2025, 7, 31))
        self.assertEqual(self._class_of(product).sales_lifecycle, "maturity")
        change = self._class_of(product).change_ids.filtered(
            lambda one: one.axis == "sales_lifecycle" and one.from_class
        )
        self.assertEqual(
            (change.from_class, change.to_class, change.cause),
            ("end_of_life", "maturity", "data"),
        )


@tagged("post_install", "-at_install")
class TestProductInvoices(AccountingCase):
    """Products by the lines of invoices and credit notes."""

    policy_values = {"subtract_unlinked_credit_notes": True}

    def _revenue(self, policy):
        policy.recompute_products(as_of_date=AS_OF)
        return (
            self.env["product.profile"]
            .search(
                [
                    ("product_tmpl_id", "=", self.product.product_tmpl_id.id),
                    ("company_id", "=", self.company.id),
                ]
            )
            .read(["revenue", "quantity", "line_count"])[0]
        )

    def test_credit_notes_lower_the_revenue_of_orders(self):
        customer = self._customer()
        self._order(customer, DAY, 100)
        self._invoice(customer, DAY, 100)
        self._invoice(customer, DAY, 30, move_type="out_refund")
        found = self._revenue(self.policy)
        self.assertEqual((found["revenue"], found["quantity"]), (70, 0))
        self.assertEqual(found["line_count"], 1)

    def test_invoices(self):
        customer = self._customer()
        self._order(customer, DAY, 500)
        self._invoice(customer, DAY, 100)
        self._invoice(customer, DAY, 30, move_type="out_refund")
        self._invoice(customer, DAY, 7, post=False)
        self.policy.state = "retired"
        policy = self._policy(self.company, revenue_source="invoice")
        self.assertEqual(self._revenue(policy)["revenue"], 70)
