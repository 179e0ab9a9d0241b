import logging
from datetime import date

import pandas as pd

from odoo.tests import tagged

from ..real_purchases import data_file
from .real_sales import RealSalesCase

_logger = logging.getLogger(__name__)


@tagged("post_install", "-at_install")
class TestAdventureWorksProducts(RealSalesCase):
    """Wholesale of bicycles: products with costs, every line with a product."""

    title = "AdventureWorks"
    as_of_date = date(2020, 5, 31)
    currency = "USD"

    @classmethod
    def read_lines(cls):
        lines = pd.read_csv(
            data_file("adventureworks_reseller_sales.csv.gz"), parse_dates=["OrderDate"]
        )
        cls.products_file = pd.read_csv(data_file("adventureworks_products.csv.gz"))
        return pd.DataFrame(
            {
                "order": lines["SalesOrderNumber"],
                "day": lines["OrderDate"],
                "customer": lines["ResellerKey"].astype(str),
                "product": lines["ProductKey"].astype(str),
                "quantity": lines["OrderQuantity"],
                "amount": lines["SalesAmount"].round(2),
            }
        )

    @classmethod
    def costs(cls):
        frame = cls.products_file
        return pd.Series(
            frame["StandardCost"].to_numpy(), frame["ProductKey"].astype(str)
        ).fillna(0)

    def _recompute(self, **values):
        self.policy.state = "retired"
        policy = self.policy.copy({"product_new_days": 0, **values})
        policy._publish()
        run = policy.recompute_products(as_of_date=self.as_of_date)
        self.assertEqual(run.state, "done", run.error)
        return run

    def test_classes_as_by_hand(self):
        run = self._recompute()
        _logger.info(
            "AdventureWorks: %s lines in %.2f s", len(self.lines), run.duration
        )
        lines = self._in_window()
        sold = set(self.lines.loc[self.lines["quantity"] > 0, "product"])
        revenue = lines.groupby("product")["amount"].sum()
        revenue = revenue.reindex(sorted(sold), fill_value=0)
        self.assertEqual(self._found("abc_class"), self._abc_by_hand(revenue))
        self.assertEqual(self._found("xyz_class"), self._xyz_by_hand())
        total = self.env["product.profile"]._read_group(
            [("company_id", "=", self.company.id)], aggregates=["revenue:sum"]
        )[0][0]
        self.assertAlmostEqual(float(total), lines["amount"].sum(), 2)

    def test_by_margin(self):
        if "margin" in self.env["sale.order.line"]._fields:
            self.skipTest("orders know their own margin here")
        self._recompute(product_rank_by="margin")
        lines = self._in_window()
        cost = lines["product"].map(self.costs()).round(2)
        margin = (lines["amount"] - cost * lines["quantity"]).groupby(lines["product"])
        found = self.env["product.profile"].search(
            [("company_id", "=", self.company.id), ("line_count", ">", 0)]
        )
        self.assertAlmostEqual(
            sum(found.mapped("margin")), margin.sum().sum(), delta=0.01 * len(found)
        )
        self.assertTrue(all(found.mapped("has_margin")))

    def test_audience_as_by_hand(self):
        """Revenue, customers, share and index of each product and value tier."""
        self.policy.recompute(as_of_date=self.as_of_date)
        self._recompute()
        self.env.flush_all()
        profiles = self.env["customer.profile"].search(
            [("company_id", "=", self.company.id)]
        )
        tiers = {one.partner_id.id: one.value_tier_id.id for one in profiles}
        lines = self._in_window()
        tier = lines["customer"].map(self.customers).map(tiers)
        self.assertFalse(tier.isna().any())
        table = lines.groupby([lines["product"], tier])
        revenue = table["amount"].sum()
        customers = table["customer"].nunique()
        share = revenue / revenue.groupby(level=0).transform("sum")
        usual = lines.groupby(tier)["amount"].sum() / lines["amount"].sum()
        variants = self.env["product.product"].browse(self.products.values())
        names = {
            variant.product_tmpl_id.id: name
            for name, variant in zip(self.products, variants, strict=True)
        }
        rows = self.env["product.audience"].search_fetch(
            [("company_id", "=", self.company.id), ("axis", "=", "value_tier")]
        )
        self.assertEqual(len(rows), len(revenue))
        for row in rows:
            key = (names[row.product_tmpl_id.id], row.tier_id.id)
            self.assertAlmostEqual(row.revenue, revenue[key], 2, key)
            self.assertEqual(row.customer_count, customers[key], key)
            self.assertAlmostEqual(row.share, share[key], 4, key)
            index = 100 * share[key] / usual[key[1]]
            self.assertAlmostEqual(row.buying_index, index, delta=0.51, msg=key)


@tagged("post_install", "-at_install")
class TestOnlineRetailProducts(RealSalesCase):
    """A gift shop: cancellations, free lines, and lines for postage and fees."""

    title = "Online Retail"
    as_of_date = date(2011, 12, 9)
    currency = "GBP"

    @classmethod
    def read_lines(cls):
        lines = pd.read_csv(
            data_file("online_retail.csv.gz"),
            dtype={"invoice": str, "product": str, "customer_id": str},
            parse_dates=["invoice_date"],
        )
        is_product = lines["product"].str.match(r"\d{5}")
        return pd.DataFrame(
            {
                "order": lines["invoice"],
                "day": lines["invoice_date"],
                "customer": lines["customer_id"].fillna("Guest"),
                "product": lines["product"].str.upper().where(is_product, ""),
                "quantity": lines["quantity"],
                "amount": (lines["quantity"] * lines["unit_price"]).round(2),
            }
        )

    def test_classes_as_by_hand(self):
        self.policy.state = "retired"
        policy = self.policy.copy({"product_new_days": 0})
        policy._publish()
        run = policy.recompute_products(as_of_date=self.as_of_date)
        self.assertEqual(run.state, "done", run.error)
        _logger.info("Online Retail: %s lines in %.2f s", len(self.lines), run.duration)
        lines = self._in_window()
        sold = set(
            self.lines.loc[
                (self.lines["quantity"] > 0) & (self.lines["product"] != ""), "product"
            ]
        )
        revenue = lines.groupby("product")["amount"].sum()
        revenue = revenue.reindex(sorted(sold), fill_value=0)
        self.assertEqual(self._found("abc_class"), self._abc_by_hand(revenue))
        self.assertEqual(self._found("xyz_class"), self._xyz_by_hand())
        again = policy.recompute_products(as_of_date=self.as_of_date)
        self.assertEqual(again.written_count, 0)
