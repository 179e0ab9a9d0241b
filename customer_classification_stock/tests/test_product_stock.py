from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from odoo.addons.customer_classification.tests.product.common import ProductCase

DAY = date(2025, 3, 10)


@tagged("post_install", "-at_install")
class TestProductStock(ProductCase):
    """Stock beside the classes is read, searched, sorted and summed up."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.location = cls._stock_of(cls.company)
        cls.best = cls._product("Best", is_storable=True, standard_price=2)
        cls.rest = cls._product("Rest", is_storable=True, standard_price=5)
        cls.empty = cls._product("Empty", is_storable=True, standard_price=5)
        for day in cls._months():
            cls._sell(cls.best, day, 80)
        cls._sell(cls.rest, DAY, 10)
        cls._put(cls.best, 10)
        cls._put(cls.rest, 4)
        cls._classify()
        cls.profiles = cls._class_of(cls.best) | cls._class_of(cls.rest)
        cls.profiles |= cls._class_of(cls.empty)
        cls.env.invalidate_all()

    @classmethod
    def _stock_of(cls, company):
        warehouses = cls.env["stock.warehouse"].with_company(company)
        warehouse = warehouses.search([("company_id", "=", company.id)], limit=1)
        return warehouse.lot_stock_id

    @classmethod
    def _put(cls, product, quantity, location=None, **values):
        """Put a quantity of a product at a location now."""
        quants = cls.env["stock.quant"].sudo()
        quants._update_available_quantity(
            product.product_variant_id, location or cls.location, quantity, **values
        )

    def _stock(self, product):
        profile = self._class_of(product)
        return profile.stock_quantity, profile.stock_value

    def _search(self, *domain, order=None):
        return self.env["product.profile"].search(
            [("company_id", "=", self.company.id), *domain], order=order
        )

    def test_quantity_and_value_at_cost(self):
        with self.assertQueryCount(5):
            found = [(one.stock_quantity, one.stock_value) for one in self.profiles]
        self.assertEqual(found, [(10, 20), (4, 20), (0, 0)])

    def test_of_the_company_alone(self):
        other = self._company("Other Ltd", currency="USD")
        self.env.user.company_ids |= other
        self._put(self.best, 100, self._stock_of(other))
        self._put(self.best, 7, self.env.ref("stock.stock_location_customers"))
        self.assertEqual(self._stock(self.best), (10, 20))

    def test_what_belongs_to_others_has_no_value(self):
        owner = self._customer("Owner")
        self._put(self.rest, 6, owner_id=owner)
        self.assertEqual(self._stock(self.rest), (10, 20))

    def test_variants_are_rolled_up(self):
        attribute = self.env["product.attribute"].create(
            {
                "name": "Size",
                "value_ids": [(0, 0, {"name": "S"}), (0, 0, {"name": "L"})],
            }
        )
        values = {"attribute_id": attribute.id, "value_ids": attribute.value_ids.ids}
        shirt = self._product(
            "Shirt", is_storable=True, attribute_line_ids=[(0, 0, values)]
        )
        for variant, cost in zip(shirt.product_variant_ids, (1, 10), strict=True):
            variant.standard_price = cost
            self.env["stock.quant"]._update_available_quantity(
                variant, self.location, 3
            )
        self._classify()
        self.assertEqual(self._stock(shirt), (6, 33))

    def test_searched_and_sorted(self):
        ours = ("product_tmpl_id", "in", (self.best + self.rest + self.empty).ids)
        best, rest, empty = self.profiles
        self.assertEqual(
            self._search(ours, ("stock_quantity", ">", 0), order="id"), best + rest
        )
        self.assertEqual(self._search(ours, ("stock_quantity", "=", 0)), empty)
        self.assertEqual(self._search(ours, ("stock_quantity", "<=", 4)), rest + empty)
        self.assertEqual(self._search(ours, ("stock_value", "!=", 20)), empty)
        found = self._search(ours, order="stock_quantity desc")
        self.assertEqual(found, best + rest + empty)
        # No number is 0, as for a number of Odoo's own that is empty.
        self.assertEqual(self._search(ours, ("stock_value", ">", None)), best + rest)
        for value in ("x", True, "1; DROP TABLE stock_quant"):
            with self.subTest(value=value), self.assertRaises(UserError):
                self._search(ours, ("stock_value", ">", value))
        found = self._search(ours, ("stock_value", "in", ["x", 20]), order="id")
        self.assertEqual(found, best + rest)

    def test_matrix(self):
        """Sums by class, as the pivot asks for them."""
        measures = self.env["product.profile"].fields_get(
            ["stock_quantity", "stock_value"], ["aggregator"]
        )
        self.assertEqual({one["aggregator"] for one in measures.values()}, {"sum"})
        groups = self.env["product.profile"].formatted_read_group(
            [("id", "in", self.profiles.ids)],
            ["abc_class"],
            ["stock_quantity:sum", "stock_value:sum"],
        )
        found = {
            group["abc_class"]: (group["stock_quantity:sum"], group["stock_value:sum"])
            for group in groups
        }
        self.assertEqual(found, {"a": (10, 20), "c": (4, 20), False: (0, 0)})

    def test_pieces_and_kilograms_have_no_sum(self):
        sums = ["stock_quantity:sum", "stock_value:sum"]
        ours = [("id", "in", self.profiles.ids)]
        [numbers] = self.env["product.profile"]._read_group(ours, [], sums)
        self.assertEqual(numbers, (14, 40))
        rest = self._class_of(self.rest)
        self.env.cr.execute(
            "UPDATE product_template SET uom_id = %s WHERE id = %s",
            [self.env.ref("uom.product_uom_kgm").id, self.rest.id],
        )
        self.env.invalidate_all()
        [numbers] = self.env["product.profile"]._read_group(ours, [], sums)
        self.assertEqual(numbers, (False, 40))
        groups = self.env["product.profile"]._read_group(ours, ["uom_id"], sums)
        found = {unit: tuple(values) for unit, *values in groups}
        self.assertEqual(found[rest.uom_id], (4, 20))

    def test_in_stock_and_hardly_sold(self):
        view = self.env.ref("customer_classification.product_profile_view_search")
        arch = self.env["product.profile"].get_view(view.id, "search")["arch"]
        self.assertIn("stock_hardly_sold", arch)
        found = self._search(
            ("stock_quantity", ">", 0),
            "|",
            "|",
            ("abc_class", "=", "c"),
            ("xyz_class", "=", "z"),
            ("sales_lifecycle", "=", "end_of_life"),
        )
        self.assertEqual(found, self._class_of(self.rest))

    def test_money_for_who_may_see_it(self):
        seller = self._user("stock_seller", "sales_team.group_sale_salesman")
        profiles = self.profiles.with_user(seller)
        self.assertEqual(profiles.mapped("stock_quantity"), [10, 4, 0])
        with self.assertRaises(AccessError):
            profiles.read(["stock_value"])
        with self.assertRaises(AccessError):
            profiles.search([("stock_value", ">", 0)])
        with self.assertRaises(AccessError):
            profiles._read_group([], aggregates=["stock_value:sum"])
        leader = self._user("stock_leader", "sales_team.group_sale_salesman_all_leads")
        values = self.profiles.with_user(leader).mapped("stock_value")
        self.assertEqual(values, [20, 20, 0])
