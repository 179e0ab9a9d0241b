"""One poisoned item of each kind in a healthy company.

All others go on as if it were not there, and the poisoned one is named with its
reason.
"""

from datetime import date
from functools import partial

from odoo.tests import tagged
from odoo.tools import SQL

from ..campaign.common import CampaignCase
from ..common import AS_OF, AccountingCase, ClassificationCase
from ..product.common import ProductCase

NO_AMOUNTS = ("NaN", "Infinity", "-Infinity", "1e400", "-1e16", "1e200")
NO_DAYS = ("0001-01-01", "1500-06-30", "1677-01-01", "1969-12-30", "9999-12-31")
NO_MOMENTS = (*NO_DAYS, "-infinity", "infinity", "294275-12-31", "4713-01-01 BC")
OLD_MOMENTS = ("0001-01-01", "1677-01-01", "1969-12-30", "-infinity")
# Fields that runs leave alone if nothing differs, and times of runs.
VOLATILE = {"id", "display_name", "create_date", "write_date"}


class PoisonMixin:
    """Poison records by SQL, as imports and other programs do.

    The ORM would refuse most.
    """

    model = "customer.profile"
    subject = "partner_id"

    def _poison(self, record, **values):
        """Write values into the table of a record, past all checks."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE %s SET %s WHERE id = %s",
                SQL.identifier(record._table),
                SQL(", ").join(
                    SQL("%s = %s", SQL.identifier(name), value)
                    for name, value in values.items()
                ),
                record.id,
            )
        )
        self.env.invalidate_all()

    def _snapshot(self, but):
        """Return all stored profile values of a company but some records'."""
        self.env.invalidate_all()
        profiles = (
            self.env[self.model]
            .with_context(active_test=False)
            .search(
                [
                    ("company_id", "=", self.company.id),
                    (self.subject, "not in", but.ids),
                ]
            )
        )
        names = [
            name
            for name, field in self.env[self.model]._fields.items()
            if field.store and name not in VOLATILE
        ]
        return {row[self.subject][0]: row for row in profiles.read(names)}

    def _reasons(self):
        """Return ``{(subject, reason)}`` of the company's excluded records."""
        found = self.env["classification.problem"].search(
            [("company_id", "=", self.company.id)]
        )
        return {(one[self.subject], one.reason) for one in found}

    def _check(self, cases, run):
        """Make all poisoned subjects, run, and compare all others with before.

        :param cases: ``[(function that makes the subject and returns it, reason)]``
        """
        healthy = self._snapshot(self.env[self._comodel()])
        poisoned = [(make(), reason) for make, reason in cases]
        self.env.flush_all()
        self.env.invalidate_all()
        ended = run()
        self.assertEqual(ended.state, "done", ended.error)
        subjects = self.env[self._comodel()].concat(*(one for one, __ in poisoned))
        self.assertEqual(self._snapshot(subjects), healthy)
        self.assertEqual(self._reasons(), {pair for pair in poisoned if pair[1]})
        self.assertEqual(ended.problem_count, sum(bool(why) for __, why in poisoned))

    def _comodel(self):
        return self.env[self.model]._fields[self.subject].comodel_name


@tagged("post_install", "-at_install")
class TestPoisonedCustomers(PoisonMixin, ClassificationCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._rate("USD", "2020-01-01", 2)
        cls._regular("Often", 900)
        cls._regular("Seldom", 200, every=90, times=5)
        cls._order(cls._customer("By Order"), AS_OF, 3_000)
        cls._opportunity(cls._customer("Interested"), 500)
        cls._recompute()

    def _with_purchase(self, **values):
        customer = self._customer("Poisoned")
        self._purchase(customer, date(2025, 1, 1), 500)
        self._poison(self._purchase(customer, AS_OF, 7), **values)
        return customer

    def _with_order(self, confirm=True, **values):
        customer = self._customer("Poisoned")
        order = self._order(customer, AS_OF, 7, confirm=confirm)
        self._poison(self._created(order, AS_OF), **values)
        return customer

    def _with_opportunity(self, **values):
        customer = self._customer("Poisoned")
        self._poison(self._opportunity(customer, 7, created=AS_OF), **values)
        return customer

    def _order_at_rate(self, rate):
        """An order of a day of which the rate is of no use, though others are not."""
        currency = self._bad_currency(rate, "Y")
        self.env["res.currency.rate"].create(
            {"currency_id": currency.id, "name": "2030-01-01", "rate": 2}
        )
        return self._with_order(currency_id=currency.id)

    def _with_rate(self, rate):
        """A purchase in a currency of which only a rate of no use is known."""
        return self._with_purchase(currency_id=self._bad_currency(rate, "X").id)

    def _bad_currency(self, rate, letter):
        currency = self.env["res.currency"].create(
            {"name": f"{letter}{len(rate)}{rate[0]}", "symbol": "X"}
        )
        rates = self.env["res.currency.rate"].create(
            {"currency_id": currency.id, "name": "2020-01-01", "rate": 2}
        )
        self.env.cr.execute(
            "ALTER TABLE res_currency_rate DROP CONSTRAINT IF EXISTS"
            " res_currency_rate_currency_rate_check"
        )
        self._poison(rates, rate=rate)
        return currency

    def test_purchases(self):
        buy = self._with_purchase
        self._check(
            [
                *(
                    (partial(buy, company_amount=no), "not_a_number")
                    for no in NO_AMOUNTS
                ),
                *((partial(buy, date=day), "bad_date") for day in NO_MOMENTS),
                *(
                    (partial(self._with_rate, rate), "no_rate")
                    for rate in ("0", "NaN", "Infinity", "-1")
                ),
            ],
            self._recompute,
        )

    def test_margins(self):
        """A margin that is not a number is unknown; the purchase counts."""
        for no in NO_AMOUNTS[:3]:
            with self.subTest(no):
                customer = self._with_purchase(company_margin=no, has_margin=True)
                self._recompute()
                profile = self._profile(customer)
                self.assertEqual((profile.revenue, profile.has_margin), (507, False))

    def test_orders(self):
        order = self._with_order
        self._check(
            [
                *(
                    (partial(order, amount_untaxed=no), "not_a_number")
                    for no in NO_AMOUNTS
                ),
                *((partial(order, date_order=day), "bad_date") for day in NO_MOMENTS),
                *(
                    (partial(self._order_at_rate, rate), "bad_rate")
                    for rate in ("0", "NaN", "Infinity", "-Infinity", "-1", "1e-300")
                ),
                (partial(order, currency_id=None), "no_rate"),
            ],
            self._recompute,
        )

    def test_pipeline(self):
        quote = partial(self._with_order, confirm=False)
        self._check(
            [
                *(
                    (partial(self._with_opportunity, expected_revenue=no), reason)
                    for reason in ("bad_opportunity",)
                    for no in NO_AMOUNTS
                ),
                *(
                    (partial(quote, amount_untaxed=no), "bad_quotation")
                    for no in NO_AMOUNTS
                ),
            ],
            self._recompute,
        )

    def test_run_over_who_changed(self):
        """The next run by the hour sets aside as well, and mends."""

        def refresh():
            execution = self.env["classification.run"]._prepare(
                self.policy, as_of_date=AS_OF, scope="changed"
            )
            run = execution.execute()
            return run

        healthy = self._snapshot(self.env["res.partner"])
        customer = self._with_purchase(company_amount="Infinity")
        refresh()
        self.assertEqual(self._reasons(), {(customer, "not_a_number")})
        since = self.env["classification.problem"].search([]).create_date
        self.assertEqual(self._snapshot(customer), healthy)
        refresh()
        problem = self.env["classification.problem"].search([])
        self.assertEqual(problem.create_date, since)
        self.env.cr.execute("UPDATE customer_purchase SET company_amount = amount")
        self.env.invalidate_all()
        refresh()
        self.assertFalse(self._reasons())
        self.assertEqual(self._profile(customer).revenue, 507)

    def test_first_run_finds_the_limits_of_the_others(self):
        """Equal shares are found among the countable customers alone."""
        policy = self._policy(self.company, tier_method="top_percent", tier_ids=[])
        edges = self._recompute(policy=policy).edges
        self._with_order(amount_untaxed="NaN")
        self.assertEqual(self._recompute(policy=policy).edges, edges)

    def test_preview_and_back_test(self):
        self._with_purchase(company_amount="Infinity")
        self._with_order(amount_untaxed="NaN", date_order="0001-01-01")
        for kind in ("preview", "back_test"):
            run = self.policy.recompute(as_of_date=date(2025, 1, 31), kind=kind)
            self.assertEqual(run.state, "done", run.error)

    def test_company_of_several(self):
        """A record broken in one company does not stop another company."""
        other = self._company("Broken Ltd")
        self.env.user.company_ids |= other
        broken = self._policy(other)
        self._poison(broken, window_months=2_147_483_647)
        self._check([(partial(self._customer, "Nobody"), None)], self._recompute)
        run = broken.recompute(as_of_date=AS_OF)
        self.assertEqual(run.state, "failed")
        self.assertIn("240", run.error)


@tagged("post_install", "-at_install")
class TestPoisonedInvoices(PoisonMixin, AccountingCase):
    policy_values = {"revenue_source": "invoice"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._invoice(cls._customer("Healthy"), AS_OF, 300)
        cls._recompute()

    def _with_invoice(self, **values):
        move = self.invoices.pop()
        customer = move.partner_id
        self._poison(move, **values)
        return customer

    def test_invoices(self):
        def with_down_payment():
            move = self.invoices.pop()
            line, no = move.invoice_line_ids, "-Infinity"
            self._poison(line, is_downpayment=True, balance=no, amount_currency=no)
            return move.partner_id

        # Odoo numbers an invoice by those before it, and stumbles over their dates.
        self.invoices = [
            self._invoice(self._customer("Poisoned"), AS_OF, 7)
            for __ in range(len(NO_AMOUNTS) + len(NO_MOMENTS) + 1)
        ]

        invoice = self._with_invoice
        self._check(
            [
                *(
                    (partial(invoice, amount_untaxed_signed=no), "not_a_number")
                    for no in NO_AMOUNTS
                ),
                *(
                    (partial(invoice, invoice_date=day), "bad_date")
                    for day in NO_MOMENTS
                ),
                (with_down_payment, "not_a_number"),
            ],
            self._recompute,
        )


@tagged("post_install", "-at_install")
class TestPoisonedProducts(PoisonMixin, ProductCase):
    model = "product.profile"
    subject = "product_tmpl_id"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for number, name in enumerate(("One", "Two", "Three"), 1):
            product = cls._product(name, price=10 * number)
            for day in cls._months():
                cls._sell(product, day, 100 * number)
        cls._classify()

    def _with_line(self, **values):
        product = self._product("Poisoned")
        self._poison(self._sell(product, AS_OF, 7).order_line, **values)
        return product

    def _with_order(self, **values):
        product = self._product("Poisoned")
        self._poison(self._sell(product, AS_OF, 7), **values)
        return product

    def _with_unit(self, **values):
        unit = self.env["uom.uom"].create(
            {
                "name": "Poisoned",
                "relative_factor": 2,
                "relative_uom_id": self.env.ref("uom.product_uom_unit").id,
            }
        )
        product = self._product("Poisoned", uom_id=unit.id)
        self.env.cr.execute(
            "ALTER TABLE uom_uom DROP CONSTRAINT IF EXISTS uom_uom_factor_gt_zero"
        )
        self._poison(unit, **values)
        return product

    def _with_cost(self, cost):
        product = self._product("Poisoned")
        self.env.flush_all()
        self._poison(
            product.product_variant_id,
            standard_price=f'{{"{self.company.id}": "{cost}"}}',
        )
        return product

    def test_products(self):
        line, order = self._with_line, self._with_order
        self._check(
            [
                *((partial(line, price_subtotal=no), "bad_line") for no in NO_AMOUNTS),
                *((partial(line, product_uom_qty=no), "bad_line") for no in NO_AMOUNTS),
                *((partial(self._with_price, no), "bad_price") for no in NO_AMOUNTS),
                *(
                    (partial(self._with_cost, cost), "bad_cost")
                    for cost in ("Infinity", "NaN", "abc", "")
                ),
                *(
                    (partial(self._with_unit, factor=factor), "bad_unit")
                    for factor in ("0", "NaN", "Infinity", "-1")
                ),
                *((partial(order, date_order=day), "bad_date") for day in OLD_MOMENTS),
                (partial(order, currency_id=None), "bad_line"),
            ],
            self._classify,
        )

    def _with_price(self, value):
        product = self._product("Poisoned")
        self._poison(product, list_price=value)
        return product

    def test_it_keeps_its_classes_and_says_why(self):
        product = self._product("Poisoned", price=25)
        order = self._sell(product, AS_OF, 700)
        self._classify()
        profile = self._class_of(product)
        before = profile.abc_class
        self._poison(order.order_line, price_subtotal="Infinity")
        self._classify()
        self.assertEqual(profile.abc_class, before)
        self.assertIn("no number", profile.problem_text)


@tagged("post_install", "-at_install")
class TestPoisonedCampaigns(PoisonMixin, CampaignCase):
    model = "campaign.profile"
    subject = "campaign_id"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.buyer = cls._customer("Buyer")
        cls._purchase(cls.buyer, date(2025, 5, 20), 500)
        campaign = cls._campaign("Healthy")
        cls._participant(campaign, cls.buyer, addressed_date=date(2025, 5, 10))
        cls._cost(campaign, date(2025, 5, 2), 50)
        cls._judge()

    def _poisoned(self, **values):
        campaign = self._campaign("Poisoned")
        self._poison(campaign, **values)
        return campaign

    def _with_cost(self, amount):
        campaign = self._campaign("Poisoned")
        self._poison(self._cost(campaign, date(2025, 5, 2), 5), amount=amount)
        return campaign

    def _with_participant(self, **values):
        campaign = self._campaign("Poisoned")
        part = self._participant(campaign, self.buyer, addressed_date=date(2025, 5, 10))
        self._poison(part, **values)
        return campaign

    def test_campaigns(self):
        planned, part = self._poisoned, self._with_participant
        self._check(
            [
                *(
                    (partial(self._with_cost, no), "bad_campaign_cost")
                    for no in NO_AMOUNTS
                ),
                *(
                    (
                        partial(planned, campaign_target_revenue=no),
                        "bad_campaign_target",
                    )
                    for no in NO_AMOUNTS
                ),
                *(
                    (partial(planned, **{name: day}), "bad_campaign_date")
                    for name in ("campaign_start_date", "campaign_end_date")
                    for day in NO_DAYS
                ),
                *(
                    (partial(part, **{name: day}), "bad_participant_date")
                    for name in ("addressed_date", "joined_date", "answered_date")
                    for day in NO_DAYS
                ),
            ],
            self._judge,
        )
