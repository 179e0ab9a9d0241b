import json
import logging
from datetime import date

import pandas as pd

from odoo.tests import tagged

from ..real_purchases import RealPurchasesCase, data_file

_logger = logging.getLogger(__name__)


@tagged("post_install", "-at_install")
class TestCdnow(RealPurchasesCase):
    """CDNOW: customers with a first purchase in the first quarter of 1997.

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

    def test_segments(self):
        self._assert_segments()

    def test_published_totals(self):
        self.assertEqual(len(self.partner_ids), 23_570)
        found = self._found()
        self.assertAlmostEqual(found["lifetime_revenue"].sum(), 2_500_315.63, 2)
        # 80 purchases of amount 0 do not count.
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

    def test_segments(self):
        self._assert_segments()

    def test_refunds(self):
        """Customers whose refunds exceed purchases are judged by the net."""
        found = self._found()
        for customer, gross, net in (
            ("12346", 77_183.60, 0),
            ("16446", 168_472.50, 2.9),
        ):
            row = found.loc[self.partner_ids[customer]]
            self.assertAlmostEqual(row["lifetime_revenue"], net, 2)
            self.assertAlmostEqual(row["revenue"] + row["refund_amount"], gross, 2)

    def test_preview_equals_what_publishing_does(self):
        """A preview equals publishing for each customer, axis and cause.

        The rules: a tenth of the customers VIP instead of a twentieth, and a shorter
        window.
        """
        draft = self._draft()
        preview = draft.recompute(as_of_date=self.as_of_date, kind="preview")
        self.assertEqual(preview.state, "done", preview.error)
        rehearsed = self._ends(preview.move_ids)
        self.assertTrue(rehearsed)
        draft._publish()
        run = draft.recompute(as_of_date=self.as_of_date)
        self.assertEqual(run.state, "done", run.error)
        self.assertEqual(self._ends(run.change_ids), rehearsed)
        self._tell_rehearsal(preview, run)

    def _draft(self):
        self.policy.action_new_version()
        draft = self.env["classification.policy"].search(
            [("company_id", "=", self.company.id), ("state", "=", "draft")]
        )
        draft.write(
            {
                "window_months": 9,
                "approval_customer_percent": 0,
                "approval_revenue_percent": 0,
            }
        )
        draft.tier_ids.sorted("tier_sequence")[0].limit = 10
        return draft

    def _ends(self, moves):
        names = ["partner_id", "axis", "from_tier_id", "to_tier_id", "from_stage_id"]
        names += ["to_stage_id", "from_risk", "to_risk", "cause", "direction"]
        rows = moves.read(names, load=None)
        return {tuple(row[name] for name in names) for row in rows}

    def _tell_rehearsal(self, preview, run):
        """Log the numbers of the rehearsal, as JSON in one line."""
        tiers = self.env["classification.move"]._read_group(
            [("run_id", "=", preview.id), ("axis", "=", "value_tier")],
            ["from_tier_id", "to_tier_id", "cause"],
            ["__count", "revenue:sum"],
        )
        numbers = {
            "preview seconds": round(preview.duration, 2),
            "run seconds": round(run.duration, 2),
            "moves": len(preview.move_ids),
            "tiers": [
                [old.code, new.code, cause, number, round(revenue)]
                for old, new, cause, number, revenue in tiers
            ],
        }
        _logger.info("Rehearsal of %s: %s", self.title, json.dumps(numbers))
