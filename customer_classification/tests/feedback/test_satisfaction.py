from datetime import timedelta
from math import sqrt
from statistics import mean, stdev

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..complaint.common import ComplaintCase


@tagged("post_install", "-at_install")
class TestSatisfaction(ComplaintCase):
    """Means with their intervals, and who was heard, worked out by hand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.today()
        cls.first, cls.second, cls.third = (
            cls._regular(f"{name} Ltd", 100, is_company=True)
            for name in ("First", "Second", "Third")
        )
        cls._recompute()
        cls.model = cls.env["customer.satisfaction"]
        cls.ours = [("company_id", "=", cls.company.id)]

    def _say(self, answer, partner=None, days=1, **values):
        return self.env["customer.feedback"].create(
            {
                "partner_id": (partner or self.first).id,
                "company_id": self.company.id,
                "date": self.today - timedelta(days=days),
                "original_score": answer,
                **values,
            }
        )

    def _total(self, *names, groups=(), domain=()):
        found = self.model._read_group(
            [*self.ours, *domain], groups, [f"{name}:avg" for name in names]
        )
        return found[0] if not groups else found

    def test_nobody(self):
        names = ("satisfaction", "satisfaction_low", "satisfaction_high")
        self.assertFalse(any(self._total(*names)))
        self.assertEqual(self._total("heard_share"), (0,))

    def test_one_answer_has_no_interval(self):
        self._say(4)
        names = ("satisfaction", "satisfaction_low", "satisfaction_high")
        self.assertEqual(self._total(*names), (75, False, False))

    def test_interval(self):
        """Student's quantile for five answers is 2.776."""
        for answer in (5, 4, 4, 3, 5):
            self._say(answer)
        scores = [100, 75, 75, 50, 100]
        margin = 2.776 * stdev(scores) / sqrt(5)
        middle, low, high = self._total(
            "satisfaction", "satisfaction_low", "satisfaction_high"
        )
        self.assertAlmostEqual(middle, mean(scores))
        self.assertAlmostEqual(low, mean(scores) - margin, 3)
        self.assertEqual(high, 100, "no mean is above the scale")
        self.assertGreater(mean(scores) + margin, 100)

    def test_interval_of_many(self):
        """Student's quantile for twenty answers is 2.093."""
        scores = [25, 75] * 10
        for answer in (2, 4) * 10:
            self._say(answer)
        margin = 2.093 * stdev(scores) / sqrt(20)
        low, high = self._total("satisfaction_low", "satisfaction_high")
        self.assertAlmostEqual(low, 50 - margin, 1)
        self.assertAlmostEqual(high, 50 + margin, 1)

    def test_all_the_same(self):
        """Two equal answers do not make the mean certain: there is no interval."""
        for __ in range(2):
            self._say(5)
        names = ("satisfaction", "satisfaction_low", "satisfaction_high")
        self.assertEqual(self._total(*names), (100, False, False))
        self._say(4)
        self.assertLess(self._total("satisfaction_low")[0], 75)

    def test_heard(self):
        """One of three, with many answers, is a third."""
        for __ in range(3):
            self._say(5)
        self.assertAlmostEqual(self._total("heard_share")[0], 100 / 3, 1)
        self._say(1, self.second, days=500)
        self.assertAlmostEqual(self._total("heard_share")[0], 100 / 3, 1)
        self._say(1, self.second, kind="recommendation", scale="10")
        self.assertAlmostEqual(self._total("heard_share")[0], 200 / 3, 1)

    def test_recommendation_is_apart(self):
        for answer in (10, 9, 8, 0):
            self._say(answer, kind="recommendation", scale="10")
        self.assertEqual(self._total("recommendation", "satisfaction"), (25, False))

    def test_groups(self):
        self.first.user_id = self.seller
        product = self.product.product_tmpl_id
        self._say(5, product_tmpl_id=product.id)
        self._say(1, self.second)
        by_seller = dict(self._total("satisfaction", groups=["user_id"]))
        self.assertEqual(by_seller[self.seller], 100)
        by_product = dict(
            self._total(
                "satisfaction",
                groups=["product_tmpl_id"],
                domain=[("answer_count", ">", 0)],
            )
        )
        self.assertEqual(by_product[product], 100)
        for group in ("value_tier_id", "lifecycle_stage_id", "kind", "date:month"):
            rows = self.model._read_group(self.ours, [group], ["answer_count:sum"])
            self.assertEqual(sum(number for __, number in rows), 2, group)

    def test_complaints_are_no_answers(self):
        self._complaint(partner_id=self.first.id)
        self._say(1, kind="complaint")
        self.assertEqual(self._total("heard_share"), (0,))

    def test_rows(self):
        self._say(5)
        rows = self.model.search(self.ours)
        self.assertEqual(len(rows), 3)
        self.assertEqual(len(set(rows.ids)), 3)
        self.assertEqual(rows[0].partner_id, self.first)
        self.assertTrue(rows[0].has_satisfaction)
        self.assertLess(max(rows.ids), 2**53, "clients keep no larger numbers")

    def test_rights(self):
        with self.assertRaises(AccessError):
            self.model.with_user(self.seller).search([])
        other = self._company("Other Ltd")
        self._say(5, company_id=other.id)
        found = self.model.with_user(self.officer).search([("answer_count", ">", 0)])
        self.assertFalse(found)
