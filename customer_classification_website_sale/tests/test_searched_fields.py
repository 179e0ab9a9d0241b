from odoo.tests import tagged

from odoo.addons.customer_classification.tests.searched_fields import (
    SearchedFieldsCase,
)

from .test_web_orders import DAY, WebCase


@tagged("post_install", "-at_install")
class TestSearchedFields(WebCase, SearchedFieldsCase):
    """Searched fields about the web shop: carts that were left."""

    shown = ("customer.profile",)
    least_questions = 100

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._web(cls.customer, DAY, 10)
        for hours in (30, 90):
            cls._cart(hours)
        cls._cart(60, partner=cls.customers[0])
        cls._recompute()
        cls.env.invalidate_all()
