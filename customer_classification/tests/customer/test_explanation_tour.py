from datetime import timedelta

from odoo.tests import HttpCase, tagged

from ..common import PATIENCE, ClassificationCase


@tagged("post_install", "-at_install")
class TestExplanationTour(ClassificationCase, HttpCase):
    """A person reads in a browser why a customer has a class."""

    def test_explanation(self):
        today = self.policy._today()
        customer = self._regular("Explained", 600, until=today - timedelta(2))
        order = self._order(customer, today - timedelta(1), 150)
        self._user(
            "reader",
            "customer_classification.group_officer,"
            "sales_team.group_sale_salesman_all_leads",
        )
        self._recompute(as_of_date=today)
        self.assertEqual(self._profile(customer).last_document, order)
        self.start_tour(
            "/odoo/customer-profiles",
            "classification_explanation",
            login="reader",
            timeout=PATIENCE,
        )
