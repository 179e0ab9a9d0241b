import random
from datetime import date, timedelta

from odoo.tests import tagged

from ..common import AS_OF, AccountingCase

DAYS = [AS_OF - timedelta(days=number) for number in (400, 200, 91, 30, 0)]
MONEY = ("revenue:sum", "__count")


class RevenueCase(AccountingCase):
    """Random documents of eight customers and their contacts over three years."""

    SEED = 31

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dice = random.Random(cls.SEED)
        cls._rate("USD", date(2020, 1, 1), 2)
        cls.dollar = cls._rate("USD", date(2025, 1, 1), 1.25)
        cls.customers = cls.env["res.partner"].create(
            [{"name": f"Customer {number}", "is_company": True} for number in range(8)]
        )
        cls.contacts = cls.env["res.partner"].create(
            [{"name": "Contact", "parent_id": one.id} for one in cls.customers[:4]]
        )
        cls._buy()

    @classmethod
    def _someday(cls):
        return AS_OF - timedelta(days=cls.dice.randrange(3 * 365))

    @classmethod
    def _someone(cls):
        return cls.dice.choice(cls.customers | cls.contacts)

    @classmethod
    def _buy(cls):
        for __ in range(40):
            values = cls.dice.choice(({}, {"currency_id": cls.dollar.id}))
            amount = cls.dice.choice((0.01, 12.34, 99.99, 250, -8))
            who, when = cls._someone(), cls._someday()
            cls._purchase(who.commercial_partner_id, when, amount, **values)
        for __ in range(12):
            order = cls._order(cls._someone(), cls._someday(), 100 + cls.dice.random())
            invoice = cls._invoice_of(order, min(order.date_order.date(), AS_OF))
            day = invoice.invoice_date + timedelta(days=cls.dice.randrange(200))
            if cls.dice.random() < 0.6:
                cls._credit(invoice, min(day, AS_OF), [cls.dice.choice((10, 100))])

    def _rows(self, day, **context):
        history = self.env["classification.history"]
        return history.with_context(history_date=str(day), **context)

    def _profiles(self):
        return (
            self.env["customer.profile"]
            .with_context(active_test=False)
            .search([("company_id", "=", self.company.id)])
        )

    def _check_days(self):
        """Check that the history of each day equals the profiles of that day."""
        known = {}
        for day in DAYS:
            self._recompute(day)
            known[day] = {one.partner_id: one.revenue for one in self._profiles()}
        self.assertTrue(any(known[DAYS[0]].values()))
        self.assertNotEqual(known[DAYS[0]], known[DAYS[-1]])
        for day in DAYS:
            rows = self._rows(day)
            self.assertEqual(
                {row.partner_id: row.revenue for row in rows.search([])}, known[day]
            )
            [(total, count)] = rows._read_group([], [], MONEY)
            self.assertAlmostEqual(total, sum(known[day].values()), 2)
            self.assertEqual(count, len(known[day]))
            groups = rows._read_group([], ["value_tier_id"], ["revenue:sum"])
            self.assertAlmostEqual(sum(one for __, one in groups), total, 2)
        self._check_migration(known)

    def _check_migration(self, known):
        first, last = DAYS[1], DAYS[-1]
        model = self.env["classification.migration"].with_context(
            history_from_date=str(first), history_date=str(last)
        )
        for row in model.search([]):
            self.assertEqual(row.from_revenue, known[first].get(row.partner_id, 0))
            self.assertEqual(row.to_revenue, known[last].get(row.partner_id, 0))
        matrix = model.get_matrix("value_tier")
        self.assertEqual(matrix["currency_id"], self.company.currency_id.id)
        for name, day in (("before", first), ("revenue", last)):
            total = sum(cell[name] for cell in matrix["cells"])
            self.assertAlmostEqual(total, sum(known[day].values()), 2)


@tagged("post_install", "-at_install")
class TestHistoryRevenueOfOrders(RevenueCase):
    def test_each_day(self):
        self._check_days()

    def test_searched_and_sorted(self):
        self._recompute(DAYS[-1])
        rows = self._rows(DAYS[-1])
        found = {row.partner_id: row.revenue for row in rows.search([])}
        order = rows.search([], order="revenue desc").mapped("revenue")
        self.assertEqual(order, sorted(found.values(), reverse=True))
        limit = sorted(found.values())[len(found) // 2]
        above = rows.search([("revenue", ">", limit)])
        self.assertEqual(
            set(above.partner_id),
            {partner for partner, revenue in found.items() if revenue > limit},
        )

    def test_who_was_no_customer_then(self):
        """Bought long ago, and entered later: no revenue of a day without a class."""
        self._recompute(DAYS[1])
        late = self._customer("Late")
        self._purchase(late, DAYS[1] - timedelta(days=9), 77)
        self._recompute(DAYS[-1])
        row = (
            self.env["classification.migration"]
            .with_context(
                history_from_date=str(DAYS[1]),
                history_date=str(DAYS[-1]),
                history_known_date=str(date.today()),
            )
            .search([("partner_id", "=", late.id)])
        )
        self.env["classification.change"].search(
            [("partner_id", "=", late.id), ("valid_date", "<", DAYS[-1])]
        ).unlink()
        self.env.invalidate_all()
        self.assertEqual((row.from_customer, row.to_customer), (False, True))
        self.assertEqual((row.from_revenue, row.to_revenue), (0, 77))
        row.invalidate_recordset()
        domain = [("partner_id", "=", late.id)]
        [sums] = row._read_group(domain, [], ["from_revenue:sum", "to_revenue:sum"])
        self.assertEqual(sums, (False, 77))

    def test_without_a_rate_it_is_not_known(self):
        self._recompute(DAYS[-1])
        yen = self.env.ref("base.JPY")
        yen.active = True
        who = self.customers[0]
        self._purchase(who, DAYS[-1], 500, currency_id=yen.id)
        rows = self._rows(DAYS[-1])
        ours = [("partner_id", "=", who.id)]
        self.assertFalse(rows.search(ours).revenue)
        self.assertEqual(rows._read_group(ours, [], MONEY), [(0, 1)])
        [(total, __)] = rows._read_group([], [], MONEY)
        known = self._profiles().filtered(lambda one: one.partner_id != who)
        self.assertAlmostEqual(total, sum(known.mapped("revenue")), 2)

    def test_filter_that_cannot_be_read(self):
        """Classes are shown, revenue is not known."""
        self._recompute(DAYS[-1])
        self.env.cr.execute(
            'UPDATE classification_policy SET sale_domain = \'[("nothing", "=", 1)]\''
            " WHERE id = %s",
            self.policy.ids,
        )
        self.env.invalidate_all()
        rows = self._rows(DAYS[-1])
        self.assertFalse(any(rows.search([]).mapped("revenue")))
        [(total, count)] = rows._read_group([], [], MONEY)
        self.assertEqual((total, count), (0, len(self._profiles())))

    def test_two_companies(self):
        """Each by its own rules and in its own currency."""
        other = self._company("Dollar Ltd", "USD")
        self.env.user.company_ids |= other
        self._policy(other, window_months=1)
        who = self.customers[0]
        for day, amount in ((AS_OF, 5), (AS_OF - timedelta(days=40), 1_000)):
            self._purchase(who, day, amount, company_id=other.id, currency_id=False)
        self._recompute(DAYS[-1])
        other._get_customer_policy().recompute(as_of_date=AS_OF)
        both = self._rows(AS_OF, allowed_company_ids=(self.company | other).ids)
        found = {
            row.company_id: row.revenue
            for row in both.search([])
            if row.partner_id == who
        }
        self.assertEqual(found[other], 5)
        self.assertEqual(found[self.company], self._profile(who).revenue)
        matrix = (
            self.env["classification.migration"]
            .with_context(allowed_company_ids=(self.company | other).ids)
            .get_matrix("value_tier")
        )
        self.assertIs(matrix["currency_id"], False, "of two currencies")
        self.assertNotIn("revenue", matrix["cells"][0])

    def test_queries(self):
        """Revenue takes a fixed number of queries beside the rows.

        They read the policies, the company, its currency and the purchases; with
        grouping and sorting, the purchases are in its own query.
        """
        self._recompute(DAYS[-1])
        rows = self._rows(DAYS[-1])
        rows._read_group([], ["value_tier_id"], MONEY)
        for ask, number in (
            (lambda: rows._read_group([], ["value_tier_id"], ["__count"]), 1),
            (lambda: rows._read_group([], ["value_tier_id"], MONEY), 4),
            (lambda: rows.search([], order="revenue desc", limit=5), 4),
            (lambda: rows.search_fetch([], ["value_tier_id"]).mapped("revenue"), 6),
        ):
            self.env.invalidate_all()
            with self.assertQueryCount(number):
                ask()


@tagged("post_install", "-at_install")
class TestHistoryRevenueOfInvoices(RevenueCase):
    policy_values = {"revenue_source": "invoice"}
    SEED = 32

    def test_each_day(self):
        self._check_days()
