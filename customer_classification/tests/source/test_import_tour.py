from odoo.tests import HttpCase, tagged

from ..common import PATIENCE, ClassificationCase


@tagged("post_install", "-at_install")
class TestImportTour(ClassificationCase, HttpCase):
    """A person uploads a file in a browser, corrects it, and imports it.

    The corrected lines were refused first.
    """

    def test_import(self):
        customer = self._customer("Tour Customer", email="tour@example.com")
        self._user(
            "importer",
            "customer_classification.group_officer,"
            "sales_team.group_sale_salesman_all_leads,base.group_partner_manager",
        )
        self.start_tour(
            "/odoo/action-customer_classification.customer_purchase_action",
            "classification_purchase_import",
            login="importer",
            timeout=PATIENCE,
        )
        purchases = self.env["customer.purchase"].search(
            [("partner_id", "=", customer.id)], order="date"
        )
        self.assertEqual(purchases.mapped("amount"), [12.5, 1234.5])
