from datetime import date, timedelta

from psycopg2 import IntegrityError

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import SQL, mute_logger

from ..common import AS_OF, ClassificationCase


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

    # Calls of programs

    def _load(self, *lines, fields=("partner_id", "date", "amount", "reference")):
        return self.env["customer.purchase"].load(list(fields), list(lines))

    def test_numbers_as_programs_send_them(self):
        purchase = self._buy(amount="12.50", margin="5.00")
        self.assertEqual(
            (purchase.amount, purchase.margin, purchase.has_margin), (12.5, 5, True)
        )
        self.assertEqual(self._buy(amount=0).amount, 0)
        purchase.write({"amount": "7"})
        self.assertEqual(purchase.amount, 7)
        for amount, expected in ((0, 0), ("0", 0), (12.5, 12.5), ("1e2", 100)):
            with self.subTest(amount):
                answer = self._load(["Customer", "2025-06-30", amount])
                self.assertFalse(answer["messages"])
                loaded = self.env["customer.purchase"].browse(answer["ids"])
                self.assertEqual(loaded.amount, expected)

    def test_what_is_no_number_is_named(self):
        for amount in ("abc", "NaN", 1e308, float("inf"), 10**400, [], {}, "1e400"):
            with (
                self.subTest(str(amount)[:20]),
                self.assertRaisesRegex(ValidationError, "“.+” is not a number"),
            ):
                self._buy(amount=amount)
        with self.assertRaisesRegex(ValidationError, "Purchase R-1: Amount: “abc”"):
            self._buy(amount="abc", reference="R-1")

    def test_days_that_cannot_be_true(self):
        next_year = date.today() + timedelta(400)
        days = ("1899-12-30", "0001-01-01", "9999-12-31", str(next_year), "1969-12-31")
        for day in days:
            with self.subTest(day), self.assertRaisesRegex(ValidationError, day):
                self._buy(day=day)
            message = self._load(
                ["Customer", "2025-06-30", "5", "A"], ["Customer", day, "5", "B"]
            )["messages"]
            self.assertEqual([one["rows"]["from"] for one in message], [1])
            self.assertIn("Line 2", message[0]["message"])
            self.assertIn(day, message[0]["message"])
        with self.assertRaisesRegex(ValidationError, "“junk” is not a day"):
            self._buy(day="junk")
        self._buy(day=date.today() + timedelta(360))
        self._buy(day="1970-01-01")

    def test_texts_that_cannot_be_kept(self):
        for text in ("x" * 9_000, "a\0b", "\ud800"):
            for name in ("reference", "channel"):
                with self.subTest(name), self.assertRaises(ValidationError):
                    self._buy(**{name: text})
            [message] = self._load(["Customer", "2025-06-30", "5", text])["messages"]
            self.assertIn("Line 1", message["message"])

    def test_lines_of_any_form(self):
        """Short lines lack cells; an empty table is not a file."""
        [message] = self._load(["Customer", "2025-06-30"])["messages"]
        self.assertIn("Amount is missing", message["message"])
        self.assertFalse(
            self._load(["Customer", "2025-06-30", "5", "A", "more"])["messages"]
        )
        for fields, data in (
            (None, []),
            (["date"], "abc"),
            ([1], [[2]]),
            (["date"], [3]),
        ):
            with self.subTest(str(fields)), self.assertRaises(UserError):
                self.env["customer.purchase"].load(fields, data)

    def test_rate_that_is_no_number(self):
        usd = self._rate("USD", "2025-01-01", 2)
        self.env.flush_all()
        for rate in ("NaN", "Infinity"):
            self.env.cr.execute(
                SQL(
                    "UPDATE res_currency_rate SET rate = %s::numeric"
                    " WHERE currency_id = %s",
                    rate,
                    usd.id,
                )
            )
            with (
                self.subTest(rate),
                self.assertRaisesRegex(ValidationError, "rate of USD"),
            ):
                self._buy(currency_id=usd.id)
                self.env.flush_all()
