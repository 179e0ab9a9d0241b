"""Bridge, cohorts and matrix beside the same in plain pandas."""

import random
from datetime import date, timedelta

import pandas as pd
from dateutil.relativedelta import relativedelta

from odoo.tests import tagged
from odoo.tools import SQL

from ..common import AS_OF
from ..customer import test_cdnow_sample, test_real_purchases
from .common import FIRST, OverviewCase

WINDOW_MONTHS = 12


def bridge_of(purchases, first, last):
    """Return ``{movement: (customers, change)}`` with both ends.

    :param purchases: frame with ``customer``, ``date`` and ``amount``
    """
    first, last = pd.Timestamp(first), pd.Timestamp(last)
    known = purchases[purchases["date"] <= last]
    year = pd.DateOffset(months=WINDOW_MONTHS)
    windows = {
        "before": known[(known["date"] > first - year) & (known["date"] <= first)],
        "after": known[known["date"] > last - year],
    }
    bought = known[known["amount"] > 0]
    first_day = bought.groupby("customer")["date"].min()
    table = pd.DataFrame(
        {name: one.groupby("customer")["amount"].sum() for name, one in windows.items()}
    ).fillna(0)
    buyers = {
        name: set(one.loc[one["amount"] > 0, "customer"])
        for name, one in windows.items()
    }

    def movement(customer):
        before = customer.Index in buyers["before"]
        after = customer.Index in buyers["after"]
        if after and first_day[customer.Index] > first:
            return "new"
        if after and not before:
            return "won_back"
        if before and not after:
            return "lost"
        change = round(customer.after - customer.before, 2)
        return "grown" if change > 0 else "shrunk" if change < 0 else "same"

    table["movement"] = [movement(one) for one in table.itertuples()]
    table["change"] = table["after"] - table["before"]
    groups = table.groupby("movement")["change"]
    found = {name: (len(one), round(one.sum(), 2)) for name, one in groups}
    return {
        **found,
        "opening": (len(table), round(table["before"].sum(), 2)),
        "closing": (len(table), round(table["after"].sum(), 2)),
    }


def cohorts_of(purchases, last):
    """Return ``{(month of the first purchase, age): (buyers, revenue)}``."""
    last = pd.Timestamp(last)
    known = purchases[purchases["date"] <= last].copy()
    known["month"] = known["date"].dt.to_period("M")
    bought = known[known["amount"] > 0]
    cohort = bought.groupby("customer")["month"].min().rename("cohort")
    known = known.join(cohort, on="customer").dropna(subset=["cohort"])
    known["age"] = [
        (one.month - one.cohort).n for one in known[["month", "cohort"]].itertuples()
    ]
    start = last.to_period("M") - 12
    known = known[(known["age"] >= 0) & (known["cohort"] >= start)]
    revenue = known.groupby(["cohort", "age"])["amount"].sum()
    buyers = known[known["amount"] > 0].groupby(["cohort", "age"])["customer"].nunique()
    return {
        (str(month), age): (int(buyers.get((month, age), 0)), round(amount, 2))
        for (month, age), amount in revenue.items()
    }


class Compared:
    """Compares the overview of the class's company with pandas."""

    def _ask(self, name, first, last):
        overview = self.env["customer.overview"].with_context(
            allowed_company_ids=self.company.ids
        )
        days = {"from_date": str(first), "to_date": str(last)}
        return overview.get_blocks([name], days)["blocks"][name]

    def _check_bridge(self, purchases, first, last):
        block = self._ask("bridge", first, last)
        found = {
            **{one["name"]: one for one in block["movements"]},
            "opening": block["opening"],
            "closing": block["closing"],
        }
        expected = bridge_of(purchases, first, last)
        self.assertEqual(set(found), set(expected))
        for name, (count, amount) in expected.items():
            with self.subTest(movement=name, last=last):
                self.assertEqual(found[name]["count"], count)
                self.assertAlmostEqual(found[name]["sum"], amount, 2)
        cents = {name: round(100 * one["sum"]) for name, one in found.items()}
        closing = cents.pop("closing")
        self.assertEqual(sum(cents.values()), closing, "it closes to the cent")

    def _check_cohorts(self, purchases, last):
        block = self._ask("cohorts", last, last)
        found = {
            (row["month"][:7], cell["age"]): (
                cell["buyers"]["count"],
                cell["revenue"]["sum"],
            )
            for row in block["cohorts"]
            for cell in row["cells"]
            if cell["revenue"]["count"]
        }
        expected = cohorts_of(purchases, last)
        self.assertEqual(set(found), set(expected))
        for place, (buyers, revenue) in expected.items():
            with self.subTest(cohort=place, last=last):
                self.assertEqual(found[place][0], buyers)
                self.assertAlmostEqual(found[place][1], revenue, 2)
        return block["cohorts"]


@tagged("post_install", "-at_install")
class TestOverviewRevenue(Compared, OverviewCase):
    """Known and random purchases."""

    @classmethod
    def _buy(cls):
        """The known purchases and random ones."""
        cls._buy_known()
        chance = random.Random(19)
        cls.random = [cls._customer(f"Random {number}") for number in range(30)]
        for __ in range(300):
            cls._purchase(
                chance.choice(cls.random),
                AS_OF - timedelta(days=chance.randrange(900)),
                chance.choice((0.01, 9.99, 12.34, 250, -8, -100)),
            )

    def _frame(self):
        purchases = self.env["customer.purchase"].search(
            [("company_id", "=", self.company.id)]
        )
        return pd.DataFrame(
            {
                "customer": purchases.partner_id.browse(
                    [one.partner_id.id for one in purchases]
                )._ids,
                "date": pd.to_datetime(purchases.mapped("date")),
                "amount": purchases.mapped("amount"),
            }
        )

    def test_movement_of_each_customer(self):
        rows = self.env["classification.bridge"].with_context(
            history_from_date=str(FIRST), history_date=str(AS_OF)
        )
        found = {row.partner_id: row for row in rows.search([])}
        for partner, movement in (
            *((self.grown, "grown"), (self.shrunk, "shrunk"), (self.new, "new")),
            *((self.lost, "lost"), (self.back, "won_back"), (self.returned, "shrunk")),
        ):
            with self.subTest(partner.name):
                self.assertEqual(found[partner].movement, movement)
        self.assertEqual(found[self.new].from_revenue, 0)
        self.assertEqual(found[self.new].to_revenue, 77.77 + 20 + 6_000)
        self.assertEqual(found[self.back].revenue_change, 60)

    def test_bridge(self):
        self.env.cr.execute(SQL("UPDATE customer_purchase SET create_date = date"))
        frame = self._frame()
        for days in (0, 1, 90, 180, 365, 500):
            self._check_bridge(frame, AS_OF - timedelta(days=days), AS_OF)
        self._check_bridge(frame, FIRST - timedelta(days=300), FIRST)

    def test_cohorts(self):
        frame = self._frame()
        for last in (AS_OF, AS_OF - timedelta(days=15), date(2025, 2, 28), FIRST):
            rows = self._check_cohorts(frame, last)
            ends = last + timedelta(days=1)
            partial = ends.day != 1
            for row in rows:
                marks = [cell["is_partial"] for cell in row["cells"]]
                self.assertEqual(marks, [False] * (len(marks) - 1) + [partial])
                start = date.fromisoformat(row["month"])
                month = start + relativedelta(months=len(marks) - 1)
                self.assertEqual(month, last.replace(day=1))

    def test_matrix(self):
        """From the classes that the two runs gave."""
        block = self._ask("tiers", FIRST, AS_OF)
        frame = pd.DataFrame(
            [
                {
                    "partner": change.partner_id.id,
                    "day": change.valid_date,
                    "to": change.to_tier_id.name,
                }
                for change in self.env["classification.change"].search(
                    [
                        ("company_id", "=", self.company.id),
                        ("axis", "=", "value_tier"),
                    ]
                )
            ]
        ).sort_values("day", kind="stable")
        before = frame[frame["day"] <= FIRST].groupby("partner")["to"].last()
        after = frame[frame["day"] <= AS_OF].groupby("partner")["to"].last()
        pairs = pd.DataFrame({"before": before, "after": after}).fillna("-")
        expected = pairs.value_counts().to_dict()
        found = {
            (
                row["name"] if row["is_customer"] else "-",
                column["name"] if column["is_customer"] else "-",
            ): cell["count"]
            for cell in block["cells"]
            for row in [block["rows"][cell["row"]]]
            for column in [block["columns"][cell["column"]]]
        }
        self.assertEqual(found, expected)
        self.assertGreater(len(found), 5)


@tagged("post_install", "-at_install")
class TestOverviewOnCdnowSample(Compared, test_cdnow_sample.TestCdnowSample):
    """A tenth of CDNOW: cell by cell."""

    def test_bridge(self):
        for first, last in (
            (date(1997, 12, 31), self.as_of_date),
            (date(1997, 6, 30), date(1998, 3, 31)),
        ):
            self._check_bridge(self.purchases, first, last)

    def test_cohorts(self):
        for last in (date(1997, 12, 31), date(1998, 1, 15)):
            rows = self._check_cohorts(self.purchases, last)
            self.assertEqual(len(rows), 3)


@tagged("post_install", "-at_install")
class TestOverviewOnOnlineRetail(Compared, test_real_purchases.TestOnlineRetail):
    """Online Retail, with cancellations: cell by cell."""

    def test_bridge(self):
        self._check_bridge(self.purchases, date(2011, 9, 10), self.as_of_date)

    def test_cohorts(self):
        rows = self._check_cohorts(self.purchases, self.as_of_date)
        self.assertEqual(len(rows), 13)
