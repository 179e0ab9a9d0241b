from datetime import date, timedelta

from psycopg2 import IntegrityError

from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .common import AS_OF, ClassificationCase


@tagged("post_install", "-at_install")
class TestPurchase(ClassificationCase):
    """Purchases that Odoo has no document of: amounts, currencies, refunds."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._customer()

    def _buy(self, day=AS_OF, amount=100, **values):
        return self._purchase(self.customer, day, amount, **values)

    def _profile_now(self):
        self._recompute()
        return self._profile(self.customer)

    def test_foreign_purchase_counts_at_the_rate_of_its_day(self):
        usd = self._rate("USD", "2025-01-01", 2)
        self._rate("USD", "2025-06-01", 4)
        early = self._buy(date(2025, 5, 31), 100, currency_id=usd.id)
        late = self._buy(date(2025, 6, 1), 100, currency_id=usd.id)
        self.assertEqual((early.company_amount, late.company_amount), (50, 25))
        self.assertEqual(self._profile_now().revenue, 75)

    def test_before_the_first_rate_the_first_one_counts(self):
        usd = self._rate("USD", "2025-01-01", 2)
        purchase = self._buy(date(2020, 1, 1), 100, currency_id=usd.id)
        self.assertEqual(purchase.company_amount, 50)

    def test_same_as_odoo_converts(self):
        usd = self._rate("USD", "2025-01-01", 1.37)
        self._rate("USD", "2025-03-03", 1.11)
        for day in (date(2024, 1, 1), date(2025, 2, 2), date(2025, 3, 3), AS_OF):
            purchase = self._buy(day, 123.45, currency_id=usd.id)
            expected = usd._convert(123.45, self.company.currency_id, self.company, day)
            self.assertEqual(purchase.company_amount, expected, day)

    def test_rates_of_many_purchases_in_one_query(self):
        usd = self._rate("USD", "2025-01-01", 2)
        purchases = self.env["customer.purchase"].concat(
            *(
                self._buy(AS_OF - timedelta(days=number), 10, currency_id=usd.id)
                for number in range(20)
            )
        )
        self.env.flush_all()
        self.env.invalidate_all()
        purchases.mapped("date"), usd.name, self.company.currency_id.name  # noqa: B018
        with self.assertQueryCount(1):
            purchases._company_rates()

    def test_amount_changed_later(self):
        usd = self._rate("USD", "2025-01-01", 2)
        purchase = self._buy(amount=100)
        purchase.write({"amount": 300, "currency_id": usd.id})
        self.assertEqual(purchase.company_amount, 150)

    def test_refund_lowers_the_revenue_and_is_no_order(self):
        self._buy(AS_OF - timedelta(days=40), 100)
        self._buy(AS_OF, -30)
        profile = self._profile_now()
        self.assertEqual(profile.revenue, 70)
        self.assertEqual(profile.refund_amount, 30)
        self.assertEqual((profile.order_count, profile.visit_count), (1, 1))
        self.assertEqual(profile.last_purchase_date, AS_OF - timedelta(days=40))

    def test_more_given_back_than_bought(self):
        self._buy(AS_OF - timedelta(days=40), 100)
        self._buy(AS_OF - timedelta(days=35), -300)
        profile = self._profile_now()
        self.assertEqual(profile.revenue, -200)
        self.assertEqual(profile.value_tier_id, self._tier("low"))

    def test_refund_alone_makes_no_buyer(self):
        self._buy(AS_OF, -50)
        profile = self._profile_now()
        self.assertFalse(profile.first_purchase_date)
        self.assertEqual(profile.lifetime_order_count, 0)
        self.assertEqual(profile.lifetime_revenue, -50)

    def test_future_purchase_waits_for_its_day(self):
        self._buy(AS_OF - timedelta(days=10), 100)
        self._buy(AS_OF + timedelta(days=1), 900)
        self.assertEqual(self._profile_now().revenue, 100)
        self._recompute(as_of_date=AS_OF + timedelta(days=1))
        self.assertEqual(self._profile(self.customer).revenue, 1_000)

    def test_margin_is_known_only_where_it_is_given(self):
        known = self._buy(amount=100, margin=40)
        zero = self._buy(amount=100, margin=0)
        unknown = self._buy(amount=100)
        self.assertEqual(
            [p.has_margin for p in (known, zero, unknown)], [True, True, False]
        )
        profile = self._profile_now()
        self.assertTrue(profile.has_margin)
        self.assertEqual(profile.margin, 40)

    def test_not_a_number(self):
        for amount in (float("nan"), float("inf"), float("-inf")):
            with self.subTest(amount=amount), self.assertRaises(ValidationError):
                self._buy(amount=amount)
                self.env.flush_all()

    def test_needed_fields(self):
        for name in ("partner_id", "date", "amount"):
            self.assertTrue(self.env["customer.purchase"]._fields[name].required)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            self.env["customer.purchase"].create(
                {"partner_id": self.customer.id, "amount": 1}
            )

    def test_purchase_without_reference_is_called_by_its_day(self):
        named = self._buy(reference="W-1")
        self.assertEqual(named.display_name, "W-1")
        nameless = self._buy(date(2025, 6, 1))
        self.assertEqual(nameless.display_name, "Purchase of 06/01/2025")

    def test_same_reference_of_one_channel_is_one_purchase(self):
        self._buy(reference="W-1", channel="shop")
        self._buy(reference="W-1", channel="till")
        self._buy(reference="W-1")
        other = self._company("Other Ltd")
        self._buy(reference="W-1", channel="shop", company_id=other.id)
        for channel in ("shop", False):
            with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
                with self.env.cr.savepoint():
                    self._buy(reference="W-1", channel=channel)

    def test_form(self):
        with Form(self.env["customer.purchase"]) as form:
            form.partner_id = self.customer
            form.date = AS_OF
            form.amount = 12.5
        self.assertEqual(form.record.company_amount, 12.5)
        self.assertEqual(form.record.company_id, self.company)
