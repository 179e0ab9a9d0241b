from odoo.tests import HttpCase, tagged

from ..common import AS_OF, PATIENCE
from ..product.common import ProductCase


@tagged("post_install", "-at_install")
class TestProductMatrix(ProductCase, HttpCase):
    """The grid of ABC and XYZ classes in a browser."""

    def test_matrix(self):
        product = self._product("Evenly Sold")
        for day in self._months():
            self._sell(product, day, 100)
        self._classify(AS_OF)
        profile = self.env["product.profile"].search(
            [("product_tmpl_id", "=", product.id)]
        )
        self.assertEqual(profile.abc_xyz, "AX")
        self._user(
            "matrix_reader",
            "customer_classification.group_officer,"
            "sales_team.group_sale_salesman_all_leads",
        )
        self.start_tour(
            "/odoo/product-grid",
            "product_matrix",
            login="matrix_reader",
            timeout=PATIENCE,
        )
