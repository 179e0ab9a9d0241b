from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from odoo.addons.customer_classification.models.customer.drift import Drift
from odoo.addons.customer_classification.tests.common import AS_OF, AccountingCase

DAY = AS_OF - timedelta(30)


class WebCase(AccountingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._customer("Buyer")
        cls.website = cls.env["website"].create(
            {"name": "Shop", "company_id": cls.company.id, "cart_abandoned_delay": 10}
        )

    @classmethod
    def _cart(cls, hours, partner=None, amount=50, **values):
        """A cart that was touched last so many hours ago."""
        moment = fields.Datetime.now() - timedelta(hours=hours)
        order = cls._web(partner or cls.customer, moment, amount, False, **values)
        return cls._created(order, moment)

    @classmethod
    def _web(cls, partner, day, amount, confirm=True, **values):
        return cls._order(
            partner, day, amount, confirm, website_id=cls.website.id, **values
        )

    def _numbers(self, **values):
        self._recompute(**values)
        profile = self._profile(self.customer)
        return profile.revenue, profile.order_count


@tagged("post_install", "-at_install")
class TestWebOrders(WebCase):
    """A web order is a sales order, online, and counts once."""

    def test_counts_once_by_each_source(self):
        order = self._web(self.customer, DAY, 100)
        by_invoice = self._policy(self.company, revenue_source="invoice")
        self.assertEqual(self._numbers(policy=by_invoice), (0, 0))
        move = self._invoice_of(order, DAY)
        self._purchase(self.customer, DAY, 100, reference=order.name, channel="Shop")
        self._purchase(self.customer, DAY, 100, reference=move.name)
        self.assertEqual(self._numbers(policy=by_invoice), (100, 1))
        by_order = self._policy(self.company, revenue_source="sale")
        self.assertEqual(self._numbers(policy=by_order), (100, 1))
        self._credit(move, AS_OF)
        self.assertEqual(self._numbers(policy=by_order), (0, 1))

    def test_revenue_by_channel(self):
        """Web orders are revenue of the web, apart from other orders'."""
        self._web(self.customer, DAY, 100)
        self._order(self.customer, DAY, 30)
        self.assertEqual(self._numbers(), (130, 2))
        profile = self._profile(self.customer)
        self.assertEqual((profile.web_revenue, profile.order_revenue), (100, 30))
        own = [("id", "=", profile.id)]
        found = profile.search([*own, ("web_revenue", ">=", 100)])
        self.assertEqual(found, profile)
        self.assertFalse(profile.search([*own, ("web_revenue", ">", 100)]))

    def test_origin(self):
        self._web(self.customer, DAY, 100)
        other = self._customer("Other")
        self._order(other, DAY, 100)
        self.assertEqual(self.customer.customer_origin, "online")
        self.assertFalse(other.customer_origin)
        found = self.env["res.partner"].search([("customer_origin", "=", "online")])
        self.assertIn(self.customer, found)
        self.assertNotIn(other, found)

    def test_origin_by_the_medium_of_the_order(self):
        medium = self.env["utm.medium"].create(
            {"name": "Friends", "customer_origin": "referral"}
        )
        self._web(self.customer, DAY, 100, medium_id=medium.id)
        self.assertEqual(self.customer.customer_origin, "referral")

    def test_web_orders_are_watched_by_themselves(self):
        self._web(self.customer, DAY, 100)
        self._order(self.customer, DAY, 100)
        run = self._recompute()
        rows = Drift(run)._documents_by_source()
        channels = [row[1] for row in rows if row[0] == "classification.source.sale"]
        self.assertEqual(channels, ["online", None])


@tagged("post_install", "-at_install")
class TestAbandonedCarts(WebCase):
    """A cart is no quotation; left, it is a fact of its own with its age."""

    def test_cart_is_no_quotation(self):
        today = fields.Date.today()
        self._cart(100)
        self._cart(0)
        self._order(self.customer, today, 20, confirm=False)
        with self._on(today):
            self._recompute(today)
        profile = self._profile(self.customer)
        self.assertEqual(profile.open_quotation_count, 1)
        self.assertEqual(profile.open_quotation_amount, 20)

    def test_web_order_that_waits_for_its_payment_is_one(self):
        today = fields.Date.today()
        self._cart(1).state = "sent"
        with self._on(today):
            self._recompute(today)
        profile = self._profile(self.customer)
        self.assertEqual(profile.open_quotation_count, 1)
        self.assertEqual(profile.abandoned_cart_count, 0)

    def test_cart_is_no_quotation_on_the_page_today(self):
        """The page names the quotation of a customer at risk, and no cart."""
        seller = self._user("cart_seller", "sales_team.group_sale_salesman")
        today = fields.Date.today()
        late = self._regular("Late", 90, until=today - timedelta(45), user_id=seller.id)
        with self._on(today):
            self._recompute(today)
        self.assertIn(self._profile(late).churn_risk, ("medium", "high"))
        cart = self._cart(24 * 9, late, user_id=seller.id)
        model = self.env["customer.today"].with_user(seller)
        model = model.with_context(allowed_company_ids=self.company.ids)
        self.assertFalse(model._quotation_lines(seller, []))
        cart.state = "sent"
        [(__, line)] = model._quotation_lines(seller, [])
        self.assertEqual(line["res_id"], cart.id)

    def _profiled(self):
        self._purchase(self.customer, DAY, 100)
        other = self._customer("Other")
        self._purchase(other, DAY, 100)
        self._recompute()
        return self._profile(self.customer), self._profile(other)

    def test_left_as_the_website_says(self):
        mine, __ = self._profiled()
        self._cart(9)
        self.assertEqual(mine.abandoned_cart_count, 0)
        cart = self._cart(11)
        mine.invalidate_recordset()
        self.assertTrue(cart.is_abandoned_cart)
        self.assertEqual(mine.abandoned_cart_count, 1)
        self.website.cart_abandoned_delay = 12
        mine.invalidate_recordset()
        self.assertEqual(mine.abandoned_cart_count, 0)

    def test_same_carts_as_odoo(self):
        mine, __ = self._profiled()
        contact = self._customer("Contact", parent_id=self.customer.id)
        self._cart(50, contact)
        self._cart(60, self.website.user_id.partner_id)
        self._cart(70).order_line.unlink()
        self._cart(80)
        self._cart(90).action_cancel()
        odoo = self.env["sale.order"].search(
            [
                ("is_abandoned_cart", "=", True),
                ("partner_id.commercial_partner_id", "=", self.customer.id),
            ]
        )
        self.assertEqual(mine.abandoned_cart_count, 2)
        self.assertEqual(len(odoo.filtered("order_line")), 2)

    def test_age_is_searched_sorted_and_read(self):
        mine, other = self._profiled()
        self._cart(24 * 5)
        self._cart(24 * 9)
        self.assertEqual((mine.abandoned_cart_age, other.abandoned_cart_age), (5, 0))
        self.assertEqual(mine.abandoned_cart_date, fields.Date.today() - timedelta(5))
        self.assertFalse(other.abandoned_cart_date)
        both = mine | other
        for domain, found in (
            ([("abandoned_cart_count", ">", 0)], mine),
            ([("abandoned_cart_count", "=", 0)], other),
            ([("abandoned_cart_age", ">=", 5)], mine),
            ([("abandoned_cart_date", "!=", False)], mine),
            ([("abandoned_cart_date", "=", False)], other),
        ):
            with self.subTest(domain):
                own = [("id", "in", both.ids), *domain]
                self.assertEqual(both.search(own), found)
                self.assertEqual(both.filtered_domain(domain), found)
        order = "abandoned_cart_count desc"
        self.assertEqual(both.search([("id", "in", both.ids)], order=order)[0], mine)

    def test_one_query_for_all(self):
        self._cart(100)
        both = sum(self._profiled(), self.env["customer.profile"])
        self.env.flush_all()
        both.invalidate_recordset()
        both.mapped("partner_id"), both.mapped("company_id")
        with self.assertQueryCount(1):
            both.mapped("abandoned_cart_count")
