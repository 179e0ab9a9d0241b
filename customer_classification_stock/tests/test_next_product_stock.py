from datetime import timedelta

from odoo.tests import tagged

from odoo.addons.customer_classification.tests.common import AS_OF
from odoo.addons.customer_classification.tests.product.common import ProductCase


@tagged("post_install", "-at_install")
class TestNextProductStock(ProductCase):
    """Products that are sold out are not offered, from that moment on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        warehouses = cls.env["stock.warehouse"].with_company(cls.company)
        warehouse = warehouses.search([("company_id", "=", cls.company.id)], limit=1)
        cls.location = warehouse.lot_stock_id
        cls.kept = cls._product("Kept", is_storable=True)
        cls.gone = cls._product("Gone", is_storable=True)
        cls.service = cls._product("Service", type="service")
        for days in (90, 60, 30):
            cls._order_of(
                [(product, 1, 10) for product in (cls.kept, cls.gone, cls.service)],
                AS_OF - timedelta(days=days),
            )
        cls._put(cls.kept, 100)
        cls._put(cls.gone, 100)
        cls._recompute()
        cls._classify()

    @classmethod
    def _put(cls, product, quantity):
        cls.env["stock.quant"].sudo()._update_available_quantity(
            product.product_variant_id, cls.location, quantity
        )

    def _offered(self):
        self.env.invalidate_all()
        rows = self.env["customer.next.product"].search(
            [("partner_id", "=", self.customer.id), ("is_offered", "=", True)]
        )
        self.assertEqual(rows, rows.filtered("is_offered"))
        return rows.product_tmpl_id

    def test_sold_out(self):
        self.assertEqual(self._offered(), self.kept + self.gone + self.service)
        quants = self.env["stock.quant"].search(
            [("product_id", "=", self.gone.product_variant_id.id)]
        )
        quants.sudo().quantity = 0
        self.assertEqual(self._offered(), self.kept + self.service)
        self.assertNotIn(self.gone, self.customer.customer_next_product_ids)
        self._classify(AS_OF + timedelta(days=7))
        rows = self.env["customer.next.product"].search(
            [("partner_id", "=", self.customer.id)]
        )
        self.assertEqual(rows.product_tmpl_id, self.kept + self.service)

    def test_all_is_reserved(self):
        quants = self.env["stock.quant"].search(
            [("product_id", "=", self.gone.product_variant_id.id)]
        )
        quants.sudo().reserved_quantity = sum(quants.mapped("quantity"))
        self.assertNotIn(self.gone, self._offered())

    def test_stock_of_another_company(self):
        other = self._company("Other Ltd")
        warehouses = self.env["stock.warehouse"].with_company(other)
        warehouse = warehouses.search([("company_id", "=", other.id)], limit=1)
        quants = self.env["stock.quant"].sudo()
        own = quants.search([("product_id", "=", self.gone.product_variant_id.id)])
        own.quantity = 0
        quants._update_available_quantity(
            self.gone.product_variant_id, warehouse.lot_stock_id, 5
        )
        self.assertNotIn(self.gone, self._offered())
