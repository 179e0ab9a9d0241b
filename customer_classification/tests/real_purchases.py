"""Real purchases in a company of its own.

The result of a run is compared, customer by customer, with :mod:`pandas_reference`.
"""

import json
import logging
import os
import unittest
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from odoo.tests import TransactionCase
from odoo.tools import SQL

from . import pandas_reference
from .policy.common import contradictions, ten_segments

_logger = logging.getLogger(__name__)

FOLDER_VARIABLE = "CUSTOMER_CLASSIFICATION_DATA"
# Compared columns of the reference by kind of the field.
NUMBERS = (
    *("recency_days", "tenure_days", "visit_count", "order_count"),
    *("lifetime_order_count", "revenue", "lifetime_revenue", "refund_amount"),
    *("expected_gap_days", "score_recency", "score_frequency", "score_monetary"),
    *("value_score", "growth"),
)
DATES = ("first_purchase_date", "last_purchase_date")
CLASSES = ("value_tier", "lifecycle_stage", "churn_risk")
# Classes are equal to the bit; money and days to the last decimal that is stored.
TOLERANCE = 1e-6
# Most purchases created by the ORM, at half a millisecond each.
ORM_ROWS = 30_000


def data_file(name):
    """Return the path of a file of the data folder.

    :raises unittest.SkipTest: there is no such folder on this machine
    """
    given = os.environ.get(FOLDER_VARIABLE)
    folders = [Path(given)] if given else []
    folders += [up / "shared" / "data" for up in Path(__file__).resolve().parents]
    for folder in folders:
        if (folder / name).exists():
            return folder / name
    raise unittest.SkipTest(
        f"{name} is not on this machine: name its folder by {FOLDER_VARIABLE}"
    )


def lifetimes_file(name):
    """Return the path of a data set of PyPI's ``lifetimes``.

    The package need not be importable.

    :raises unittest.SkipTest: the package is not installed
    """
    spec = find_spec("lifetimes")
    for folder in spec.submodule_search_locations if spec else ():
        if (Path(folder) / "datasets" / name).exists():
            return Path(folder) / "datasets" / name
    raise unittest.SkipTest(f"{name} comes with PyPI's lifetimes: not installed")


class RealPurchasesCase(TransactionCase):
    """One data set in a company of its own, by the addon's default policy."""

    title = ""
    as_of_date = None
    currency = ""

    @classmethod
    def read_purchases(cls):
        """Frame with customer, date, amount and, where there is one, reference.

        :raises unittest.SkipTest: the data are not on this machine
        """
        raise NotImplementedError

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.purchases = cls.read_purchases()
        cls.company = cls._make_company()
        cls.env.user.company_ids |= cls.company
        context = {"tracking_disable": True, "allowed_company_ids": cls.company.ids}
        cls.env = cls.env(context={**cls.env.context, **context})
        cls.company = cls.company.with_env(cls.env)
        cls.partner_ids = cls._load_customers()
        cls._load_purchases()
        cls.policy = cls.company._get_customer_policy()
        cls.run_of_all = cls._classify()
        cls.env.flush_all()

    @classmethod
    def _classify(cls):
        """Return the run whose classes are compared."""
        return cls.policy.recompute(as_of_date=cls.as_of_date)

    # Loading

    @classmethod
    def _make_company(cls):
        """A company, which gets the addon's default policy by itself."""
        currency = cls.env.ref(f"base.{cls.currency}")
        currency.active = True
        return cls.env["res.company"].create(
            {"name": cls.title, "currency_id": currency.id, "country_id": False}
        )

    @classmethod
    def _load_customers(cls):
        """Create the customers and return ``{customer: partner id}``.

        Copies of one partner, in SQL: creating 23,570 by the ORM takes half a minute
        and is not under test here.
        """
        names = cls.purchases["customer"].astype(str).unique().tolist()
        model = cls.env["res.partner"]
        pattern = model.create({"name": "Pattern", "customer_rank": 1})
        cls.env.flush_all()
        own = ("id", "commercial_partner_id", "name", "complete_name")
        columns = [
            SQL.identifier(name)
            for name, field in model._fields.items()
            if field.store and field.column_type and name not in own
        ]
        rows = cls.env.execute_query(
            SQL(
                """
                WITH new AS MATERIALIZED (
                    SELECT nextval('res_partner_id_seq') AS id, name
                      FROM unnest(%(names)s) name
                )
                INSERT INTO res_partner (%(own)s, %(columns)s)
                SELECT new.id, new.id, new.name, new.name, %(values)s
                  FROM new, res_partner p
                 WHERE p.id = %(pattern)s
             RETURNING name, id
                """,
                names=names,
                own=SQL(", ").join(map(SQL.identifier, own)),
                columns=SQL(", ").join(columns),
                values=SQL(", ").join(SQL("p.%s", column) for column in columns),
                pattern=pattern.id,
            )
        )
        pattern.unlink()
        return dict(rows)

    @classmethod
    def _load_purchases(cls):
        """Load the purchases by the ORM, as an import does.

        In SQL where that would take a minute.
        """
        rows = cls.purchases.copy()
        rows["partner_id"] = rows.pop("customer").astype(str).map(cls.partner_ids)
        rows["date"] = rows["date"].dt.date
        rows["currency_id"] = cls.company.currency_id.id
        rows["company_id"] = cls.company.id
        if len(rows) < ORM_ROWS:
            cls.env["customer.purchase"].create(rows.to_dict("records"))
            cls.env.flush_all()
        else:
            cls._insert_purchases(rows)
        # As autovacuum does when data are committed.
        cls.env.cr.execute("ANALYZE res_partner, customer_purchase")

    @classmethod
    def _insert_purchases(cls, rows):
        cls.env.flush_all()
        cls.env.cr.execute(
            SQL(
                """
                INSERT INTO customer_purchase
                       (partner_id, date, amount, company_amount, currency_id,
                        company_id)
                SELECT row.partner, row.day, row.amount, row.amount, %s, %s
                  FROM unnest(%s, %s::date[], %s::numeric[])
                       AS row(partner, day, amount)
                """,
                cls.company.currency_id.id,
                cls.company.id,
                rows["partner_id"].tolist(),
                rows["date"].tolist(),
                rows["amount"].tolist(),
            )
        )

    # Comparing

    def _expected(self):
        """The reference, indexed by partner."""
        expected = pandas_reference.classify(self.purchases, self.as_of_date)
        expected.index = expected.index.astype(str).map(self.partner_ids)
        return expected.sort_index()

    def _found(self):
        """Return the profiles as a client reads them, by partner, in codes."""
        profiles = self.env["customer.profile"].search_fetch(
            [
                ("company_id", "=", self.company.id),
                ("partner_id", "in", list(self.partner_ids.values())),
            ],
        )
        fields = ["partner_id", *NUMBERS, *DATES, "has_growth", "churn_risk"]
        fields += ["value_tier_id", "lifecycle_stage_id"]
        fields += ["has_prediction", "purchase_probability"]
        found = pd.DataFrame(profiles.read(fields, load=None)).set_index("partner_id")
        for axis in ("value_tier", "lifecycle_stage"):
            classes = self.env["customer." + axis.replace("_", ".")].search([])
            codes = {record.id: record.code for record in classes}
            found[axis] = found[f"{axis}_id"].map(codes)
        found["growth"] = found["growth"].where(found["has_growth"])
        return found.sort_index()

    def _differences(self, expected, found, name):
        """Return the customers on whom run and reference differ in a column."""
        if name in NUMBERS:
            # Odoo reads 0 where nothing is known; only the growth may be 0 itself.
            left, right = expected[name], found[name]
            if name != "growth":
                left, right = left.fillna(0), right.fillna(0)
            differs = ~np.isclose(left, right, rtol=0, atol=TOLERANCE, equal_nan=True)
        elif name in DATES:
            left, right = (
                expected[name],
                pd.to_datetime(found[name].replace(False, None)),
            )
            differs = (left != right) & ~(left.isna() & right.isna())
        else:
            left, right = expected[name].fillna("-"), found[name].replace(False, "-")
            differs = left != right
        table = pd.DataFrame({"pandas": left, "run": right})[np.asarray(differs)]
        return table.rename(index={id_: name for name, id_ in self.partner_ids.items()})

    def _assert_as_in_pandas(self):
        """Every column of every customer."""
        self.assertEqual(self.run_of_all.state, "done", self.run_of_all.error)
        expected, found = self._expected(), self._found()
        self.assertEqual(list(expected.index), list(found.index))
        expected["churn_risk"] = self._predicted_risks(expected, found)
        self.assertEqual(len(found), len(self.partner_ids))
        for name in (*NUMBERS, *DATES, *CLASSES):
            with self.subTest(name):
                differences = self._differences(expected, found, name)
                self.assertTrue(
                    differences.empty,
                    f"{len(differences)} customers differ:\n{differences.head(10)}",
                )
        self._tell(found)

    def _predicted_risks(self, expected, found):
        """Return the risks: by the stored predictions, where there are some."""
        by_prediction = pd.cut(
            found["purchase_probability"],
            [-1, 0.4, 0.7, 2],
            right=False,
            labels=["high", "medium", "low"],
        ).astype("object")
        has_none = ~found["has_prediction"] | expected["churn_risk"].isna()
        return expected["churn_risk"].where(has_none, by_prediction)

    def _assert_segments(self):
        """Assert that the segments contradict nothing and match the scores.

        By the published map, each customer has the segment that the scores of the
        reference give.
        """
        self.assertEqual(contradictions(self.company), [])
        draft = self.env["classification.policy"].browse(
            self.policy.action_new_version()["res_id"]
        )
        draft.action_take_segments("ten")
        draft._publish()
        run = draft.recompute(as_of_date=self.as_of_date)
        self.assertEqual(run.state, "done", run.error)
        expected = self._expected()
        codes = {one.id: one.code for one in self.env["customer.segment"].search([])}
        profiles = self.env["customer.profile"].search_fetch(
            [("company_id", "=", self.company.id)], ["partner_id", "segment_id"]
        )
        found = {
            row["partner_id"]: codes.get(row["segment_id"], "")
            for row in profiles.read(["partner_id", "segment_id"], load=None)
        }
        expected = dict(zip(expected.index, ten_segments(expected), strict=True))
        self.assertEqual(found, expected)
        counts = pd.Series(expected).value_counts().to_dict()
        _logger.info("%s, ten segments: %s", self.title, json.dumps(counts))

    def _tell(self, found):
        """Log the counts of each class, as JSON in one line."""
        counts = {
            axis: found[axis].replace(False, "-").value_counts().to_dict()
            for axis in CLASSES
        }
        numbers = {
            "customers": len(found),
            "purchases": len(self.purchases),
            "as_of": str(self.as_of_date),
            "seconds": round(self.run_of_all.duration, 2),
            **counts,
        }
        _logger.info("%s: %s", self.title, json.dumps(numbers))
