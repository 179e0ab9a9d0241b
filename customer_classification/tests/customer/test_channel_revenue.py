import random
from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ...models.common.access_groups import MONEY_GROUP
from ...models.customer.customer_profile_channel_mixin import CHANNELS
from ..common import AS_OF, AccountingCase


@tagged("post_install", "-at_install")
class TestChannelRevenue(AccountingCase):
    """Revenue of the window by where it was made: the parts are the whole."""

    def _amounts(self, partner):
        profile = self._profile(partner)
        return {name: profile[name] for name in CHANNELS if profile[name]}

    def test_each_document_in_its_channel(self):
        buyer = self._customer("Buyer")
        order = self._order(buyer, AS_OF - timedelta(days=30), 500)
        self._order(buyer, AS_OF - timedelta(days=800), 70)  # before the window
        self._order(buyer, AS_OF - timedelta(days=3), 90, confirm=False)
        self._purchase(buyer, AS_OF - timedelta(days=60), 40)
        self._purchase(buyer, AS_OF - timedelta(days=50), -15)
        order.order_line.qty_delivered = 1
        invoice = self._invoice_of(order, AS_OF - timedelta(days=20))
        self._credit(invoice, AS_OF - timedelta(days=10), [120])
        self._recompute()
        self.assertEqual(
            self._amounts(buyer),
            {"order_revenue": 500, "import_revenue": 25, "credit_revenue": -120},
        )
        self.assertEqual(self._profile(buyer).revenue, 405)

    def test_invoices(self):
        policy = self._policy(self.company, revenue_source="invoice")
        buyer = self._customer("Buyer")
        self._order(buyer, AS_OF, 500)
        self._invoice(buyer, AS_OF, 300)
        self._recompute(policy=policy)
        self.assertEqual(self._amounts(buyer), {"invoice_revenue": 300})

    def test_contacts_buy_for_their_company(self):
        company = self._customer("Company", is_company=True)
        contact = self._customer("Contact", parent_id=company.id)
        self._order(contact, AS_OF, 200)
        self._order(company, AS_OF, 100)
        self._recompute()
        self.assertEqual(self._amounts(company), {"order_revenue": 300})

    def test_channels_add_up_to_the_revenue(self):
        """Random documents in two currencies, on all days around the window."""
        chance = random.Random(15)
        dollar = self._rate("USD", AS_OF - timedelta(days=900), 1.25)
        customers = [self._customer(f"Customer {number}") for number in range(6)]
        for __ in range(60):
            partner = chance.choice(customers)
            day = AS_OF - timedelta(days=chance.choice([0, 364, 365, 366, *range(400)]))
            amount = round(chance.uniform(-50, 500), 2)
            if chance.random() < 0.5:
                self._order(partner, day, abs(amount))
            else:
                values = {"currency_id": dollar.id} if chance.random() < 0.4 else {}
                self._purchase(partner, day, amount, **values)
        self._recompute()
        profiles = self._profile(customers[0])
        for partner in customers[1:]:
            profiles |= self._profile(partner)
        for profile in profiles:
            total = sum(profile[name] for name in CHANNELS)
            self.assertAlmostEqual(total, profile.revenue, 2)
        self.assertTrue(sum(profiles.mapped("revenue")))
        names = [f"{name}:sum" for name in CHANNELS]
        [sums] = profiles._read_group(
            [("id", "in", profiles.ids)], [], [*names, "revenue:sum"]
        )
        self.assertAlmostEqual(sum(sums[:-1]), sums[-1], 2)

    def test_search_and_sort(self):
        few, many = self._customer("Few"), self._customer("Many")
        self._order(few, AS_OF, 10)
        self._order(many, AS_OF, 20)
        self._recompute()
        profiles = self._profile(few) | self._profile(many)
        domain = [("id", "in", profiles.ids)]
        self.assertEqual(
            profiles.search([*domain, ("order_revenue", ">", 15)]),
            self._profile(many),
        )
        self.assertEqual(profiles.search(domain, order="order_revenue"), profiles)
        self.assertFalse(profiles.search([*domain, ("web_revenue", ">", 0)]))

    def test_before_the_first_run(self):
        company = self._company("Without a run")
        query = self.env["customer.profile"]._channel_revenue_query(company)
        self.assertEqual(self.env.execute_query(query), [])

    def test_amounts_for_who_sees_all_sales(self):
        buyer = self._customer("Buyer")
        self._order(buyer, AS_OF, 500)
        self._recompute()
        profile = self._profile(buyer)
        own = self._user("own_sales", "sales_team.group_sale_salesman")
        every = self._user("all_sales", MONEY_GROUP)
        self.assertEqual(profile.with_user(every).order_revenue, 500)
        for name in CHANNELS:
            with self.assertRaises(AccessError):
                profile.with_user(own).read([name])
            with self.assertRaises(AccessError):
                profile.with_user(own).search([(name, ">", 0)])

    def test_queries(self):
        """Four queries for any number of customers of a company."""
        buyers = [self._customer(f"Buyer {number}") for number in range(5)]
        for buyer in buyers:
            self._order(buyer, AS_OF, 500)
        self._recompute()
        profiles = self._profile(buyers[0])
        for buyer in buyers[1:]:
            profiles |= self._profile(buyer)
        profiles.mapped("order_revenue")
        self.env.invalidate_all()
        with self.assertQueryCount(8):
            profiles.mapped("order_revenue")
