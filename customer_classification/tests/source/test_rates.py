from datetime import date, timedelta
from runpy import run_path

from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL, file_path

from ...models.common.exchange_rates import ALL_ROOTS, conversion_factor, with_rates
from ..common import AS_OF, AccountingCase

DAY = AS_OF - timedelta(20)


@tagged("post_install", "-at_install")
class TestRatesInYen(AccountingCase):
    """Foreign amounts in a currency without cents."""

    currency = "JPY"
    allow_inherited_tests_method = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        own = cls.env.ref(f"base.{cls.currency}")
        own.active = True
        cls.company.currency_id = own
        cls.crown = cls.env.ref("base.NOK")
        cls.crown.active = True
        cls.crown.rate_ids.unlink()
        cls.pricelist = cls.env["product.pricelist"].create(
            {
                "name": "Abroad",
                "currency_id": cls.crown.id,
                "company_id": cls.company.id,
            }
        )

    def test_each_kind_of_document_is_rounded_alike(self):
        """Each document is converted and rounded by itself, then added up."""
        self._rate("NOK", "2020-01-01", 0.06713)
        own = self.company.currency_id
        amounts = [0.01, 0.05, 12.34, 99.99, 1_000.01, 7.77]
        expected = own.round(sum(own.round(one / 0.06713) for one in amounts))
        by_order, by_import, by_invoice = (
            self._customer(name) for name in ("Order", "Import", "Invoice")
        )
        for amount in amounts:
            self._order(by_order, DAY, amount, pricelist_id=self.pricelist.id)
            self._purchase(by_import, DAY, amount, currency_id=self.crown.id)
            self._invoice(by_invoice, DAY, amount, currency_id=self.crown.id)
        self._recompute()
        for one in (by_order, by_import):
            self.assertEqual(self._profile(one).revenue, expected, one.name)
        self._recompute(policy=self._policy(self.company, revenue_source="invoice"))
        self.assertEqual(self._profile(by_invoice).revenue, expected)

    def test_smallest_units(self):
        """A unit of the company's currency is an amount, half of one is rounded."""
        customer, unit = self._customer("Small"), self.company.currency_id.rounding
        self._purchase(customer, DAY, unit, margin=unit)
        self._purchase(customer, DAY, 3 * unit, margin=2 * unit)
        self._recompute()
        profile = self._profile(customer)
        self.assertAlmostEqual(profile.revenue, 4 * unit, 6)
        self.assertAlmostEqual(profile.margin, 3 * unit, 6)


@tagged("post_install", "-at_install")
class TestRatesInDinar(TestRatesInYen):
    """The same in one with mills."""

    currency = "KWD"


@tagged("post_install", "-at_install")
class TestRates(AccountingCase):
    """Company amounts follow the rate of their day, whenever it comes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._customer("Abroad")
        cls.crown = cls.env.ref("base.NOK")
        cls.crown.active = True
        cls.crown.rate_ids.unlink()
        cls.pricelist = cls.env["product.pricelist"].create(
            {
                "name": "Abroad",
                "currency_id": cls.crown.id,
                "company_id": cls.company.id,
            }
        )

    def _foreign_purchase(self):
        return self._purchase(self.customer, DAY, 100, currency_id=self.crown.id)

    def _foreign_order(self):
        return self._order(self.customer, DAY, 100, pricelist_id=self.pricelist.id)

    def _foreign_invoice(self):
        return self._invoice(self.customer, DAY, 100, currency_id=self.crown.id)

    def _revenue(self, **values):
        run = self._recompute(**values)
        if run.problem_count:
            return None
        return self._profile(self.customer).revenue

    def _through_its_life(self, **values):
        """Yield the revenue and the expected one through the life of a rate.

        While it comes, is corrected, gets a neighbour and goes.
        """
        yield self._revenue(**values), None
        self._rate("NOK", "2020-01-01", 0.5)
        yield self._revenue(**values), 200
        rate = self.crown.rate_ids
        rate.rate = 0.25
        yield self._revenue(**values), 400
        self._rate("NOK", DAY, 0.2)
        yield self._revenue(**values), 500
        self._rate("NOK", DAY + timedelta(1), 10)
        yield self._revenue(**values), 500
        self.crown.rate_ids.filtered(lambda one: one.name == DAY).unlink()
        yield self._revenue(**values), 400
        rate.name = DAY + timedelta(5)
        yield self._revenue(**values), 10  # the first one counts before its day
        self.crown.rate_ids.unlink()
        yield self._revenue(**values), None

    def test_purchase(self):
        purchase = self._foreign_purchase()
        for step, (found, expected) in enumerate(self._through_its_life()):
            with self.subTest(step):
                self.assertEqual(found, expected)
                self.assertEqual(purchase.company_amount, expected or 0)

    def test_order(self):
        self._foreign_order()
        for step, (found, expected) in enumerate(self._through_its_life()):
            with self.subTest(step):
                self.assertEqual(found, expected)

    def test_invoice(self):
        policy = self._policy(self.company, revenue_source="invoice")
        self._foreign_invoice()
        for step, (found, expected) in enumerate(self._through_its_life(policy=policy)):
            with self.subTest(step):
                self.assertEqual(found, expected)

    def test_credit_note(self):
        """An order and its credit note of half of it follow the rate."""
        order = self._foreign_order()
        self._credit(self._invoice_of(order, DAY), DAY, [50])
        for step, (found, expected) in enumerate(self._through_its_life()):
            with self.subTest(step):
                self.assertEqual(found, expected and expected / 2)

    def test_quotation(self):
        """Open quotations follow the rate, and are excluded without one."""
        order = self._order(
            self.customer, DAY, 100, confirm=False, pricelist_id=self.pricelist.id
        )
        self._created(order, DAY)
        self.assertEqual(self._recompute().problem_count, 1)
        self._rate("NOK", "2020-01-01", 0.5)
        self.assertEqual(self._recompute().problem_count, 0)
        self.assertEqual(self._profile(self.customer).open_quotation_count, 1)

    def test_margin_of_a_purchase(self):
        self._purchase(self.customer, DAY, 100, currency_id=self.crown.id, margin=20)
        self._rate("NOK", "2020-01-01", 0.5)
        self._recompute()
        self.assertEqual(self._profile(self.customer).margin, 40)

    def test_product(self):
        self._foreign_order()
        self._rate("NOK", "2020-01-01", 0.5)
        self.policy.recompute_products(as_of_date=AS_OF)
        profile = self.env["product.profile"].search(
            [
                ("product_tmpl_id", "=", self.product.product_tmpl_id.id),
                ("company_id", "=", self.company.id),
            ]
        )
        self.assertEqual(profile.revenue, 200)

    def test_rate_of_the_own_currency(self):
        self._rate("NOK", "2020-01-01", 0.5)
        purchase = self._foreign_purchase()
        self._rate("EUR", "2020-01-01", 3)
        self.assertEqual(purchase.company_amount, 600)
        self.assertEqual(self._revenue(), 600)

    def test_rates_written_past_odoo(self):
        """Amounts follow rates that programs write by SQL."""
        self._foreign_purchase()
        self._foreign_order()
        self._rate("NOK", "2020-01-01", 0.5)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_currency_rate SET rate = 0.25 WHERE currency_id = %s",
            self.crown.ids,
        )
        self.env.invalidate_all()
        self.assertEqual(self._revenue(), 800)

    def test_branch_uses_the_rates_of_its_main_company(self):
        branch = self.env["res.company"].create(
            {"name": "Branch", "parent_id": self.company.id}
        )
        self.env.user.company_ids |= branch
        purchase = self._purchase(
            self.customer, DAY, 100, currency_id=self.crown.id, company_id=branch.id
        )
        self._rate("NOK", "2020-01-01", 0.5)
        self.assertEqual(purchase.company_amount, 200)

    def test_other_company_is_not_concerned(self):
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        purchase = self._foreign_purchase()
        self._rate("NOK", "2020-01-01", 0.5, other)
        self.assertEqual(purchase.company_amount, 0)
        self.assertIsNone(self._revenue())

    def test_other_currency_of_the_company(self):
        """Nothing else in the database depends on it, so it may still change."""
        purchase = self._foreign_purchase()
        self._rate("NOK", "2020-01-01", 0.5)
        company = self._company("Fresh Ltd")
        purchase = self._purchase(
            self.customer, DAY, 100, currency_id=self.crown.id, company_id=company.id
        )
        company.currency_id = self.crown
        self.assertEqual(purchase.company_amount, 100)

    def test_same_as_odoo_resolves(self):
        """Rates are resolved as in Odoo.

        Of a company, of all companies, of neither; before, on and after.
        """
        currencies = self.env["res.currency"].browse()
        for code, own, shared in (
            ("SEK", [], []),
            ("DKK", [("2025-02-01", 7)], []),
            ("PLN", [], [("2025-01-01", 4), ("2025-03-01", 5)]),
            ("HUF", [("2025-02-01", 400)], [("2025-01-15", 390), ("2025-04-01", 1)]),
            ("CZK", [("2025-02-01", 25)], [("2025-02-01", 24), ("2025-05-01", 23)]),
            ("EUR", [("2025-03-15", 1.5)], [("2025-01-10", 1.2)]),
        ):
            currency = self.env.ref(f"base.{code}")
            currency.active = True
            currency.rate_ids.unlink()
            for company, rates in ((self.company, own), (None, shared)):
                currency.rate_ids = [
                    Command.create(
                        {
                            "name": day,
                            "rate": rate,
                            "company_id": company and company.id,
                        }
                    )
                    for day, rate in rates
                ]
            currencies += currency
        euro = self.company.currency_id
        for day in (
            date(2024, 1, 1),
            *(
                date(2025, m, d)
                for m in range(1, 7)
                for d in (1, 10, 15, 31 if m == 1 else 28)
            ),
        ):
            for currency in currencies - euro:
                query = conversion_factor(
                    SQL("%s", self.company.id),
                    SQL("%s", currency.id),
                    SQL("%s", euro.id),
                    SQL("%s::date", day),
                )
                [(found,)] = self.env.execute_query(
                    with_rates(SQL("SELECT %s", query), ALL_ROOTS)
                )
                expected = self.env["res.currency"]._get_conversion_rate(
                    currency, euro, self.company, day
                )
                with self.subTest(currency=currency.name, day=day):
                    if currency.name == "SEK":
                        self.assertIsNone(found)
                    else:
                        self.assertAlmostEqual(found, expected)

    def test_queries(self):
        """Recording and converting take a fixed number of queries.

        One to record the changes and one to convert, for any number of rates and
        purchases; a flush and Odoo's own are the rest.
        """
        for number in range(20):
            self._purchase(
                self.customer,
                DAY - timedelta(number),
                100,
                currency_id=self.crown.id,
            )
        self.env.flush_all()
        rates = self._rates_of(10)
        self.env.flush_all()
        with self.assertQueryCount(8):
            rates.write({"rate": 3})

    def _rates_of(self, number):
        return self.env["res.currency.rate"].create(
            [
                {
                    "currency_id": self.crown.id,
                    "company_id": self.company.id,
                    "name": DAY - timedelta(days),
                    "rate": 1 + days,
                }
                for days in range(number)
            ]
        )

    def test_upgrade(self):
        """An upgrade converts purchases imported one to one before.

        Published rules go on counting all credit notes.
        """
        converted = self._foreign_purchase()
        self._rate("NOK", "2020-01-01", 0.5)
        swedish = self.env.ref("base.SEK")
        swedish.active = True
        swedish.rate_ids.unlink()
        unknown = self._purchase(self.customer, DAY, 100, currency_id=swedish.id)
        own = self._purchase(self.customer, DAY, 7)
        self.env.flush_all()
        self.env.cr.execute("UPDATE customer_purchase SET company_amount = amount")
        self.env.invalidate_all()
        path = file_path("customer_classification/migrations/19.0.1.4.0/post-money.py")
        run_path(path)["migrate"](self.env.cr, "19.0.1.3.0")
        self.env.invalidate_all()
        self.assertEqual(
            (converted + unknown + own).mapped("company_amount"), [200, 0, 7]
        )
        self.assertTrue(self.policy.subtract_unlinked_credit_notes)

    def test_known_changes_are_forgotten(self):
        changes = self.env["classification.rate.change"]
        self._rate("NOK", "2020-01-01", 0.5)
        mine = changes.search([("currency_id", "=", self.crown.id)])
        self.assertTrue(mine)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE classification_rate_change SET recorded_at = '2000-01-01'"
        )
        self.env.invalidate_all()
        self._recompute()
        changes._gc_known()
        self.assertFalse(mine.exists())
