from datetime import date

import pandas as pd

from odoo.tests import tagged

from .real_purchases import RealPurchasesCase, data_file


@tagged("post_install", "-at_install")
class TestCdnow(RealPurchasesCase):
    """CDNOW: everybody who first bought in the first quarter of 1997.

    Source: Fader & Hardie, www.brucehardie.com/notes/026.
    """

    title = "CDNOW"
    as_of_date = date(1998, 6, 30)
    currency = "USD"

    @classmethod
    def read_purchases(cls):
        frame = pd.read_csv(data_file("cdnow_master.csv.gz"), parse_dates=["date"])
        return frame.rename(columns={"customer_id": "customer"}).drop(columns="cds")

    def test_every_customer_as_in_pandas(self):
        self._assert_as_in_pandas()

    def test_published_totals(self):
        self.assertEqual(len(self.partner_ids), 23_570)
        found = self._found()
        self.assertAlmostEqual(found["lifetime_revenue"].sum(), 2_500_315.63, 2)
        # 80 purchases of nothing are none.
        self.assertEqual(found["lifetime_order_count"].sum(), 69_659 - 80)

    def test_again_and_in_part_changes_nothing(self):
        again = self.policy.recompute(as_of_date=self.as_of_date)
        self.assertEqual(again.written_count, 0)
        some = list(self.partner_ids.values())[::50]
        part = self.policy.recompute(as_of_date=self.as_of_date, partner_ids=some)
        self.assertEqual((part.looked_at_count, part.written_count), (len(some), 0))


@tagged("post_install", "-at_install")
class TestOnlineRetail(RealPurchasesCase):
    """Online Retail: invoices of a British wholesaler, cancellations negative.

    Source: UCI Machine Learning Repository, data set 352.
    """

    title = "Online Retail"
    as_of_date = date(2011, 12, 10)
    currency = "GBP"

    @classmethod
    def read_purchases(cls):
        lines = pd.read_csv(
            data_file("online_retail.csv.gz"),
            usecols=[
                "invoice",
                "quantity",
                "invoice_date",
                "unit_price",
                "customer_id",
            ],
            dtype={"invoice": str},
            parse_dates=["invoice_date"],
        ).dropna(subset=["customer_id"])
        lines["amount"] = lines["quantity"] * lines["unit_price"]
        invoices = lines.groupby("invoice").agg(
            customer=("customer_id", "first"),
            date=("invoice_date", "min"),
            amount=("amount", "sum"),
        )
        return invoices.reset_index(names="reference").assign(
            customer=invoices["customer"].astype(int).to_numpy(),
            date=invoices["date"].dt.normalize().to_numpy(),
            amount=invoices["amount"].round(2).to_numpy(),
        )

    def test_every_customer_as_in_pandas(self):
        self._assert_as_in_pandas()

    def test_refunds(self):
        """Whose refunds eat up what they bought: net, not gross, is what counts."""
        found = self._found()
        for customer, gross, net in (
            ("12346", 77_183.60, 0),
            ("16446", 168_472.50, 2.9),
        ):
            row = found.loc[self.partner_ids[customer]]
            self.assertAlmostEqual(row["lifetime_revenue"], net, 2)
            self.assertAlmostEqual(row["revenue"] + row["refund_amount"], gross, 2)
