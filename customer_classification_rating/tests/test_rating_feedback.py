from datetime import date, datetime

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.customer_classification.models.source.classification_source import (
    Since,
)
from odoo.addons.customer_classification.tests.common import ClassificationCase


@tagged("post_install", "-at_install")
class TestRatingFeedback(ClassificationCase):
    """Ratings that were given, as feedback from 0 to 100."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._regular("Rates Ltd", 100, is_company=True)
        cls.clerk = cls._customer("Clerk", parent_id=cls.customer.id)
        cls._recompute()

    def _rating(self, value, **values):
        record = values.pop("record", self.product.product_tmpl_id)
        return self.env["rating.rating"].create(
            {
                "res_model_id": self.env["ir.model"]._get_id(record._name),
                "res_id": record.id,
                "partner_id": self.clerk.id,
                "rating": value,
                "consumed": True,
                **values,
            }
        )

    def _seen(self):
        self.env.flush_all()
        profile = self._profile(self.customer)
        profile.invalidate_recordset()
        return profile

    def test_scale(self):
        for value in (1, 4, 5):
            self._rating(value)
        profile = self._seen()
        self.assertEqual(profile.satisfaction_count, 3)
        self.assertAlmostEqual(profile.satisfaction, (0 + 75 + 100) / 3, 1)
        self.assertEqual(profile.last_feedback_date, fields.Date.today())

    def test_what_does_not_count(self):
        seller = self._user("rating-seller", "sales_team.group_sale_salesman")
        seller.partner_id.parent_id = self.customer
        self._rating(5, consumed=False)
        self._rating(0)
        self._rating(5, is_internal=True)
        self._rating(5, partner_id=False)
        self._rating(5, partner_id=seller.partner_id.id)
        self.assertFalse(self._seen().satisfaction_count)

    def test_companies(self):
        """In the company of what was rated, else of the contact, else in each."""
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        template = self.product.product_tmpl_id
        self._rating(5)
        self.assertEqual(self._seen().satisfaction_count, 1)
        template.company_id = other
        rated = self.env["classification.feedback.source"]._rated_models()
        is_known = template.browse() in rated
        self.assertEqual(self._seen().satisfaction_count, 0 if is_known else 1)
        template.company_id = False
        self.clerk.company_id = other
        self.assertFalse(self._seen().satisfaction_count)

    def test_about_a_product(self):
        rating = self._rating(5)
        self.env.flush_all()
        source = self.env["classification.feedback.source"].sudo()
        rows = self.env.execute_query(
            SQL(" UNION ALL ").join(
                source._queries(fields.Datetime.now(), self.clerk.ids)
            )
        )
        self.assertEqual(
            [row[-3:] for row in rows],
            [("rating.rating", rating.id, self.product.product_tmpl_id.id)],
        )

    def test_deleted(self):
        rating = self._rating(5)
        self.assertEqual(self._seen().satisfaction_count, 1)
        rating.unlink()
        self.assertFalse(self._seen().satisfaction_count)

    def test_readers_see_numbers_only(self):
        rating = self._rating(5, feedback="Secret")
        reader = self._user("rating-reader", "sales_team.group_sale_salesman")
        profile = self._seen().with_user(reader)
        self.assertEqual(profile.satisfaction_count, 1)
        self.assertNotIn("Secret", profile.voice_text)
        portal = self._user("rating-portal", "base.group_portal")
        with self.assertRaises(AccessError):
            rating.with_user(portal).read(["feedback"])


@tagged("post_install", "-at_install")
class TestRatingDays(ClassificationCase):
    """In Shanghai, what is rated at 20:30 UTC is of the next day."""

    policy_values = {"tz": "Asia/Shanghai"}

    def test_day(self):
        clerk = self._customer("Clerk", company_id=self.company.id)
        template = self.product.product_tmpl_id
        rating = self.env["rating.rating"].create(
            {
                "res_model_id": self.env["ir.model"]._get_id(template._name),
                "res_id": template.id,
                "partner_id": clerk.id,
                "rating": 4,
                "consumed": True,
            }
        )
        rating.rated_on = datetime(2025, 6, 10, 20, 30)  # Odoo creates it as of now
        self.env.flush_all()
        source = self.env["classification.feedback.source"].sudo()
        since = Since(datetime(2020, 1, 1), date(2020, 1, 1))
        for queries, place in (
            (source._queries(fields.Datetime.now(), clerk.ids), 2),
            (source._late_queries(self.company.id, since), 1),
        ):
            rows = self.env.execute_query(SQL(" UNION ALL ").join(queries))
            days = [row[place] for row in rows if row[0] == rating.partner_id.id]
            self.assertEqual(days, [date(2025, 6, 11)])
