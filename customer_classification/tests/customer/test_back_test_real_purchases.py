import json
import logging
from datetime import date

from odoo.tests import tagged

from ..real_purchases import RealPurchasesCase
from . import back_test_reference
from .test_cdnow_sample import TestCdnowSample as CdnowSample
from .test_real_purchases import TestOnlineRetail as OnlineRetail

_logger = logging.getLogger(__name__)


class BackTestCase(RealPurchasesCase):
    """Every number of a back-test as plain pandas finds it."""

    back_test_date = None
    horizon_days = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tested = cls.policy.recompute(
            as_of_date=cls.back_test_date,
            kind="back_test",
            horizon_days=cls.horizon_days,
        )

    def _assert_as_in_pandas(self):
        self.assertEqual(self.tested.state, "done", self.tested.error)
        classes, warnings = back_test_reference.back_test(
            self.purchases, self.back_test_date, self.horizon_days
        )
        self._assert_classes(classes)
        found = self.tested.back_test["warnings"]
        self.assertEqual(set(found), set(warnings))
        for name, expected in warnings.items():
            self._assert_measures(expected, found[name], name)
        self._tell()

    def _assert_classes(self, expected):
        lines = self.tested.back_test_line_ids.filtered(
            lambda line: line.axis not in ("warning", "prediction")
        )
        found = {}
        for line in lines.filtered(lambda line: line.customer_count):
            record = line.value_tier_id or line.lifecycle_stage_id
            name = record.code or line.churn_risk or "none"
            key = line.axis, None if line.is_total else name
            found[key] = {**line.measures, "revenue": line.revenue}
        self.assertEqual(set(found), set(expected))
        for key, measures in expected.items():
            self._assert_measures(measures, found[key], key)

    def _assert_measures(self, expected, found, title):
        for name, value in expected.items():
            with self.subTest(title, name=name):
                self.assertAlmostEqual(found[name], value, 6)

    def _tell(self):
        """Log the findings, as JSON in one line."""
        keys = ("customer_count", "revenue_lift_text", "loss_rate_text")
        _logger.info(
            "%s, back-test: %s",
            self.title,
            json.dumps(
                {
                    "as_of": str(self.back_test_date),
                    "days": self.tested.horizon_days,
                    "seconds": round(self.tested.duration, 2),
                    "verdict": self.tested.back_test_verdict,
                    "classes": {
                        line.name: [str(line[key]) for key in keys]
                        for line in self.tested.back_test_line_ids
                        if line.axis != "warning"
                    },
                    "warnings": {
                        line.name: [
                            line.customer_count,
                            line.precision_text,
                            line.recall_text,
                        ]
                        for line in self.tested.back_test_warning_ids
                    },
                },
                ensure_ascii=False,
            ),
        )


@tagged("post_install", "-at_install")
class TestBackTestCdnowSample(BackTestCase):
    title = CdnowSample.title
    as_of_date = CdnowSample.as_of_date
    currency = CdnowSample.currency
    back_test_date = date(1997, 9, 30)
    horizon_days = 273
    read_purchases = CdnowSample.read_purchases

    def test_every_measure_as_in_pandas(self):
        self._assert_as_in_pandas()


@tagged("post_install", "-at_install")
class TestBackTestOnlineRetail(BackTestCase):
    title = OnlineRetail.title
    as_of_date = OnlineRetail.as_of_date
    currency = OnlineRetail.currency
    back_test_date = date(2011, 6, 9)
    horizon_days = 183
    read_purchases = OnlineRetail.read_purchases

    def test_every_measure_as_in_pandas(self):
        self._assert_as_in_pandas()
