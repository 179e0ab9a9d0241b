from odoo.tests import HttpCase, tagged

from ..common import AS_OF, PATIENCE
from .common import FIRST, OverviewCase


@tagged("post_install", "-at_install")
class TestOverviewTour(OverviewCase, HttpCase):
    """A person reads the overview in a browser."""

    def test_overview(self):
        self.start_tour(
            f"/odoo/customer-overview?from_date={FIRST}&to_date={AS_OF}",
            "customer_overview",
            login="overview-head",
            timeout=PATIENCE,
        )
