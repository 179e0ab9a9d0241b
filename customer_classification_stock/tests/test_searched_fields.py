from odoo.tests import tagged

from odoo.addons.customer_classification.tests.searched_fields import (
    SearchedFieldsCase,
)

from .test_delivery import DeliveryCase


@tagged("post_install", "-at_install")
class TestSearchedFields(DeliveryCase, SearchedFieldsCase):
    """Searched fields about stock: deliveries, returns, and what is there."""

    shown = ("customer.profile", "product.profile")
    least_questions = 300

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for done in (10, 20, 23):
            order = cls._deliver(cls._promised(20), done)
        cls._give_back(order, 5)
        cls._deliver(cls._promised(400), 390)
        cls._deliver(cls._promised(500, partner=cls.calm), 500)
        cls._give_back(cls._deliver(cls._promised(600), 600), 450)
        cls._promised(9, partner=cls.calm)
        cls.sold.write({"is_storable": True, "standard_price": 2})
        warehouses = cls.env["stock.warehouse"].with_company(cls.company)
        warehouse = warehouses.search([("company_id", "=", cls.company.id)], limit=1)
        cls.env["stock.quant"].sudo()._update_available_quantity(
            cls.sold.product_variant_id, warehouse.lot_stock_id, 4
        )
        cls.env.flush_all()
        cls.env.invalidate_all()
