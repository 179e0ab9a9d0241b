from datetime import date

from psycopg2 import Error as DatabaseError

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import ProductCase

DAY = date(2025, 3, 10)


@tagged("post_install", "-at_install")
class TestProductAssociation(ProductCase):
    """Products that belong together: on product, quotation and report."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.machine = cls._product("Machine", 1_000)
        cls.installation = cls._product("Installation", 100, type="service")
        cls.training = cls._product("Training", 50, type="service")
        cls.link = cls._link(cls.machine, cls.installation)

    @classmethod
    def _link(cls, product, other, kind="requires", **values):
        return cls.env["product.association"].create(
            {
                "product_tmpl_id": product.id,
                "other_tmpl_id": other.id,
                "kind": kind,
                **values,
            }
        )

    def _quotation(self, *products, quantity=1):
        order = self._order_of([(one, quantity, 10) for one in products], DAY)
        order.state = "draft"
        return order

    def test_both_directions(self):
        self.assertEqual(self.machine.product_association_ids, self.link)
        self.assertEqual(self.installation.product_associated_ids, self.link)
        self.assertEqual(self.link.display_name, "Machine requires Installation")

    def test_missing_is_shown_and_added(self):
        order = self._quotation(self.machine)
        self.assertEqual(order.product_missing_ids, self.installation)
        order.action_add_missing_products()
        self.assertFalse(order.product_missing_ids)
        line = order.order_line[-1]
        self.assertEqual(line.product_template_id, self.installation)
        self.assertEqual((line.product_uom_qty, line.price_unit), (1, 100))

    def test_one_for_each_unit(self):
        self.link.quantity_by = "unit"
        order = self._quotation(self.machine, quantity=3)
        order.action_add_missing_products()
        self.assertEqual(order.order_line[-1].product_uom_qty, 3)

    def test_required_by_the_required_and_in_a_circle(self):
        self._link(self.installation, self.training)
        self._link(self.training, self.machine)
        order = self._quotation(self.machine)
        self.assertEqual(order.product_missing_ids, self.installation + self.training)
        order.action_add_missing_products()
        self.assertFalse(order.product_missing_ids)
        self.assertEqual(len(order.order_line), 3)

    def test_included_is_not_missing(self):
        bundle = self._product("Bundle")
        self._link(bundle, self.installation, "includes")
        order = self._quotation(self.machine, bundle)
        self.assertFalse(order.product_missing_ids)

    def test_nothing_is_missing_on_an_order(self):
        order = self._order_of([(self.machine, 1, 10)], DAY)
        self.assertFalse(order.product_missing_ids)
        with self.assertRaisesRegex(UserError, "quotation"):
            order.action_add_missing_products()

    def test_archived_and_withdrawn_are_not_required(self):
        order = self._quotation(self.machine)
        self.installation.sale_ok = False
        self.env.invalidate_all()
        self.assertFalse(order.product_missing_ids)

    def test_products_of_another_company_are_not_required(self):
        other = self._company("Other Ltd")
        self.installation.company_id = other
        self.env.invalidate_all()
        self.assertFalse(self._quotation(self.machine).product_missing_ids)

    def test_no_hidden_product_is_named(self):
        seller = self._user("association_seller", "sales_team.group_sale_manager")
        self._link(self.machine, self.training)
        self.env["ir.rule"].create(
            {
                "name": "No installation",
                "model_id": self.env["ir.model"]._get_id("product.template"),
                "domain_force": f"[('id', '!=', {self.installation.id})]",
            }
        )
        order = self._quotation(self.machine).with_user(seller)
        self.env.invalidate_all()
        self.assertEqual(order.product_missing_ids.ids, self.training.ids)
        order.action_add_missing_products()
        names = order.order_line.product_template_id.mapped("name")
        self.assertEqual(names, ["Machine", "Training"])

    def test_several_variants_are_for_people_to_choose(self):
        self._variants(self.installation)
        order = self._quotation(self.machine)
        with self.assertRaisesRegex(UserError, "variants"):
            order.action_add_missing_products()

    def _variants(self, product):
        attribute = self.env["product.attribute"].create(
            {
                "name": "Length",
                "value_ids": [fields.Command.create({"name": n}) for n in ("1", "2")],
            }
        )
        values = [fields.Command.set(attribute.value_ids.ids)]
        product.attribute_line_ids = [
            fields.Command.create({"attribute_id": attribute.id, "value_ids": values})
        ]

    def test_shown_while_a_quotation_is_written(self):
        form = Form(self.env["sale.order"])
        form.partner_id = self.customer
        with form.order_line.new() as line:
            line.product_id = self.machine.product_variant_id
        self.assertEqual(form.product_missing_ids.ids, self.installation.ids)

    def test_queries_on_many_quotations(self):
        orders = self.env["sale.order"].concat(
            *(self._quotation(self.machine) for __ in range(10))
        )
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(12):
            orders.mapped("product_missing_ids.id")

    def test_recommended_are_optional_products_of_odoo(self):
        link = self._link(self.machine, self.training, "recommends")
        self.assertEqual(self.machine.optional_product_ids, self.training)
        link.kind = "includes"
        self.assertFalse(self.machine.optional_product_ids)
        link.kind = "recommends"
        link.unlink()
        self.assertFalse(self.machine.optional_product_ids)

    def test_not_with_itself_and_not_twice(self):
        with self.assertRaisesRegex(ValidationError, "itself"):
            self._link(self.machine, self.machine)
        with (
            self.assertRaises(DatabaseError),
            mute_logger("odoo.sql_db"),
            self.cr.savepoint(),
        ):
            self._link(self.machine, self.installation, "includes")

    def test_attach_rate(self):
        self._classify()
        self._order_of([(self.machine, 1, 1_000), (self.installation, 1, 90)], DAY)
        self._order_of([(self.machine, 2, 2_000)], DAY)
        self._order_of([(self.machine, 1, 1_000)], DAY)
        self._order_of([(self.installation, 1, 100)], DAY)
        self._quotation(self.machine)
        self.env.flush_all()
        rows = self.env["product.attach.rate"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(sum(rows.mapped("sold_with")), 1)
        self.assertEqual(sum(rows.mapped("sold_without")), 2)
        self.assertEqual(sum(rows.mapped("other_revenue")), 90)
        self.assertEqual(sum(rows.mapped("missed_revenue")), 200)
        [(rate,)] = self.env["product.attach.rate"]._read_group(
            [("product_tmpl_id", "=", self.machine.id)], aggregates=["attach_rate:avg"]
        )
        self.assertAlmostEqual(rate, 1 / 3)

    def test_rights(self):
        user = self._user("link_seller", "sales_team.group_sale_salesman")
        self.assertEqual(self.link.with_user(user).kind, "requires")
        with self.assertRaises(AccessError):
            self.link.with_user(user).kind = "includes"
        with self.assertRaises(AccessError):
            self.env["product.attach.rate"].with_user(user).search([])
