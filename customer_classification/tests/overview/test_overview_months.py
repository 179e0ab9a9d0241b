"""Churn rates and matrices of months, beside those of raw purchases.

The company is classified at the end of each month, by rules without tolerance or grace:
so the classes of a day follow from the purchases up to it, and pandas finds them by
itself (:mod:`..pandas_reference`). Two things are left of the day before: the usual
gap, and the tier of whose value equals its limit. All customers are compared.
"""

import math
from collections import defaultdict
from datetime import date

import numpy as np
import pandas as pd

from odoo.tests import tagged
from odoo.tools import SQL

from .. import pandas_reference
from ..customer import test_real_purchases
from ..real_purchases import RealPurchasesCase
from .test_overview_revenue import Compared

# What would let a class depend on runs before, or let a run wait.
NO_MEMORY = {
    **dict.fromkeys(("limit_tolerance", "keep_margin", "grace_days"), 0),
    **dict.fromkeys(("approval_customer_percent", "approval_revenue_percent"), 0),
    # Predictions are compared elsewhere, and who never bought is in no data set.
    "risk_by_predictions": False,
    "prospect_scope": "engaged",
}
YEAR = pd.DateOffset(months=12)
CODES = {
    "value_tier": "customer.value.tier",
    "lifecycle_stage": "customer.lifecycle.stage",
}


def month_ends(first, last):
    """Return the last days of the months up to a day, and that day."""
    days = [day.date() for day in pd.date_range(first, last, freq="ME")]
    return days if days[-1:] == [last] else [*days, last]


def classes_by_day(purchases, days):
    """Return ``{day: frame of classes}``, each day in memory of the last."""
    frames, gap, tiers = {}, None, {}
    for day in days:
        frame = frames[day] = pandas_reference.classify(purchases, day, gap)
        limits = frame.attrs["tier_limits"]
        frame["value_tier"] = [
            kept_tier(customer, tiers.get(customer.Index), limits)
            for customer in frame.itertuples()
        ]
        gap, tiers = frame.attrs["usual_gap"], frame["value_tier"].to_dict()
    return frames


def kept_tier(customer, before, limits):
    """Return the tier: nobody leaves one until the value is below its limit."""
    if customer.value_tier == "unrated" or not customer.order_count:
        return customer.value_tier
    for code, limit in limits.items():
        # Who was in this tier or a better one is not below it yet.
        was_above = before in list(limits)[: list(limits).index(code) + 1]
        is_enough = was_above and customer.revenue >= math.floor(100 * limit) / 100
        if customer.value_tier == code or is_enough:
            return code
    return customer.value_tier


def revenue_by_customer(purchases, first, end):
    """Return net revenue from a day up to, and without, another one."""
    inside = purchases[(purchases["date"] >= first) & (purchases["date"] < end)]
    return inside.groupby("customer")["amount"].sum().to_dict()


def churn_of(purchases, frames):
    """Return ``{(month, tier): [customers, lost, revenue, lost one, rate]}``.

    One ``if`` a customer and month, from the classes at the two ends of the month; the
    rate in revenue is of what is above zero.
    """
    found = defaultdict(lambda: np.zeros(6))
    days = sorted(frames)
    for before, after in zip(days, days[1:], strict=False):
        month = pd.Timestamp(after).replace(day=1)
        revenue = revenue_by_customer(purchases, month - YEAR, month)
        stages = frames[after]["lifecycle_stage"].to_dict()
        for customer in frames[before].itertuples():
            if customer.lifecycle_stage in ("prospect", "lost"):
                continue
            amount = revenue.get(customer.Index, 0)
            is_lost = stages[customer.Index] == "lost"
            found[month.date(), customer.value_tier] += (
                *(1, is_lost, amount, amount * is_lost),
                *(max(amount, 0), max(amount, 0) * is_lost),
            )
    return {
        key: [*numbers[:4], 100 * numbers[5] / numbers[4] if numbers[4] else 0]
        for key, numbers in found.items()
    }


def matrix_of(purchases, frames, first, last, axis):
    """Return ``{(class before, class after): [customers, before, after]}``.

    None is who has no class on that day; the classes of a day are those of the last
    run up to it, the revenue is that of the day itself.
    """
    ends = []
    for day in (first, last):
        known = frames[max(one for one in frames if one <= day)]
        moment = pd.Timestamp(day) + pd.Timedelta(days=1)
        # The twelve months that end on the day: without the same day a year before.
        start = pd.Timestamp(day) - YEAR + pd.Timedelta(days=1)
        revenue = revenue_by_customer(purchases, start, moment)
        classes = known[axis].astype("object").where(known[axis].notna(), False)
        ends.append((classes.to_dict(), revenue))
    found = defaultdict(lambda: np.zeros(3))
    (before, was), (after, now) = ends
    for customer in {**before, **after}:
        found[before.get(customer), after.get(customer)] += (
            1,
            was.get(customer, 0) if customer in before else 0,
            now.get(customer, 0) if customer in after else 0,
        )
    return found


class ComparedMonths:
    """A company that was classified at the end of each month."""

    allow_inherited_tests_method = True

    first_day = None

    @classmethod
    def _classify(cls):
        cls.policy = cls._without_memory()
        # As if each purchase had been entered on its day: late ones correct the past.
        cls.env.cr.execute(
            SQL("UPDATE customer_purchase SET create_date = date, write_date = date")
        )
        cls.days = month_ends(cls.first_day, cls.as_of_date)
        runs = [cls.policy.recompute(as_of_date=day) for day in cls.days]
        if {run.state for run in runs} != {"done"}:
            raise AssertionError([run.error or run.state for run in runs])
        # As autovacuum does when runs are committed.
        cls.env.cr.execute(
            "ANALYZE classification_change, classification_first_class,"
            " customer_profile, customer_purchase"
        )
        cls.frames = classes_by_day(cls.purchases, cls.days)
        return runs[-1]

    @classmethod
    def _without_memory(cls):
        cls.policy.action_new_version()
        draft = cls.policy.search(
            [("company_id", "=", cls.company.id), ("state", "=", "draft")]
        )
        draft.write(NO_MEMORY)
        draft._publish()
        return draft

    def _assert_same(self, found, expected, places):
        """Compare ``{cell: numbers}``, number by number."""
        self.assertEqual(set(found), set(expected))
        for cell, numbers in expected.items():
            for one, other, digits in zip(found[cell], numbers, places, strict=True):
                self.assertAlmostEqual(one or 0, other, digits, (cell, numbers))

    def test_churn_rates(self):
        """Customers, revenue and both rates of each month and tier."""
        model = self.env["classification.churn"].with_context(
            history_date=str(self.as_of_date)
        )
        measures = ["customer_count:sum", "lost_count:sum", "revenue:sum"]
        measures += ["lost_revenue:sum", "revenue_churn_rate:avg", "churn_rate:avg"]
        groups = model._read_group(
            [("company_id", "=", self.company.id)], ["month:month", "tier_id"], measures
        )
        found = {(month, tier.code): numbers for month, tier, *numbers in groups}
        expected = {
            key: [*numbers, 100 * numbers[1] / numbers[0]]
            for key, numbers in churn_of(self.purchases, self.frames).items()
        }
        self._assert_same(found, expected, (0, 0, 2, 2, 6, 6))
        self.assertGreater(sum(numbers[1] for numbers in expected.values()), 10)

    def test_matrices(self):
        """Between two ends of months, and two days within months."""
        middle = self.days[len(self.days) // 2]
        inside = date(middle.year, middle.month, 11)
        for first, last in (
            (self.days[0], self.days[-1]),
            (middle, self.days[-1]),
            (inside, middle),
            (inside, inside),
        ):
            for axis in ("value_tier", "lifecycle_stage", "churn_risk"):
                with self.subTest(axis, first=first, last=last):
                    self._check_matrix(axis, first, last)

    def _check_matrix(self, axis, first, last):
        matrix = (
            self.env["classification.migration"]
            .with_context(history_from_date=str(first), history_date=str(last))
            .get_matrix(axis)
        )
        codes = self._codes(axis)
        found = {}
        for cell in matrix["cells"]:
            ends = matrix["rows"][cell["row"]], matrix["columns"][cell["column"]]
            place = tuple(
                codes[head["name"]] if head["is_customer"] else None for head in ends
            )
            found[place] = cell["count"], cell["before"], cell["revenue"]
        expected = matrix_of(self.purchases, self.frames, first, last, axis)
        self._assert_same(found, expected, (0, 2, 2))
        self.assertGreater(len(expected), 2)

    def _codes(self, axis):
        """Return ``{name of a class: its code}``."""
        if axis == "churn_risk":
            return {"Low": "low", "Medium": "medium", "High": "high", "None": False}
        return {one.name: one.code for one in self.env[CODES[axis]].search([])}

    def test_bridge_of_months(self):
        self._check_bridge(self.purchases, self.days[-4], self.days[-1])

    def test_cohorts_of_months(self):
        self._check_cohorts(self.purchases, self.days[-1])


@tagged("post_install", "-at_install")
class TestMonthsOfGeneratedPurchases(ComparedMonths, Compared, RealPurchasesCase):
    """Customers who come, stop, return goods and come back, for every machine."""

    title = "Generated purchases"
    first_day = date(2024, 1, 1)
    as_of_date = date(2025, 6, 20)
    currency = "EUR"

    @classmethod
    def read_purchases(cls):
        chance = np.random.default_rng(20250620)
        rows = []
        for customer in range(400):
            day = chance.integers(0, 380)
            gap, stays = chance.integers(7, 60), chance.integers(1, 20)
            for __ in range(stays):
                amount = chance.choice((0, 9.99, 12.34, 100, 100, 250.5, 999.01))
                rows.append((customer, int(day), amount))
                if chance.random() < 0.1:
                    rows.append((customer, int(day) + 40, -amount))
                # One of twenty pauses is long: dormant or lost, and then won back.
                day += chance.integers(1, 2 * gap) * chance.choice(
                    (1, 8), p=(0.95, 0.05)
                )
        frame = pd.DataFrame(rows, columns=["customer", "age", "amount"])
        start = pd.Timestamp(cls.first_day)
        frame["date"] = start + pd.to_timedelta(frame.pop("age"), unit="D")
        known = frame[frame["date"] <= pd.Timestamp(cls.as_of_date)]
        return known[["customer", "date", "amount"]]


@tagged("post_install", "-at_install")
class TestMonthsOfCdnow(ComparedMonths, Compared, RealPurchasesCase):
    """CDNOW: 23,570 customers, 18 months."""

    title = "CDNOW by months"
    first_day = date(1997, 1, 1)
    as_of_date = date(1998, 6, 30)
    currency = "USD"
    read_purchases = test_real_purchases.TestCdnow.read_purchases


@tagged("post_install", "-at_install")
class TestMonthsOfOnlineRetail(ComparedMonths, Compared, RealPurchasesCase):
    """Online Retail, with cancellations: a year, and ten days of a month."""

    title = "Online Retail by months"
    first_day = date(2010, 12, 1)
    as_of_date = date(2011, 12, 10)
    currency = "GBP"
    read_purchases = test_real_purchases.TestOnlineRetail.read_purchases
