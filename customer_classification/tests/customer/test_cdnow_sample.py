from datetime import date

import pandas as pd

from odoo.tests import tagged

from ..real_purchases import RealPurchasesCase, lifetimes_file


@tagged("post_install", "-at_install")
class TestCdnowSample(RealPurchasesCase):
    """A tenth of the customers of CDNOW, as PyPI's ``lifetimes`` ships them.

    Real purchases for every machine that runs the tests.
    """

    title = "CDNOW sample"
    as_of_date = date(1998, 6, 30)
    currency = "USD"

    @classmethod
    def read_purchases(cls):
        frame = pd.read_csv(
            lifetimes_file("CDNOW_sample.txt"),
            sep=r"\s+",
            names=["master_id", "customer", "date", "cds", "amount"],
            parse_dates=["date"],
        )
        return frame[["customer", "date", "amount"]]

    def test_every_customer_as_in_pandas(self):
        self._assert_as_in_pandas()

    def test_published_totals(self):
        self.assertEqual(len(self.partner_ids), 2_357)
        self.assertEqual(len(self.purchases), 6_919)
