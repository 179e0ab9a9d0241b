import random
from datetime import date, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ...models.product import next_products, purchases
from ...models.product.customer_next_product import ORDER_KEY
from ..common import AS_OF
from . import next_product_reference as reference
from .common import ProductCase
from .next_product_reference import expected_rows


class NextProductCase(ProductCase):
    """Builds habits of customers, an order a day."""

    @classmethod
    def _bought(cls, customer, product, *days_ago, amount=10, quantity=1):
        for days in days_ago:
            cls._sell(
                product,
                AS_OF - timedelta(days=days),
                amount,
                quantity,
                partner_id=customer.id,
            )

    @classmethod
    def _work_out(cls, day=AS_OF):
        cls._recompute(day)
        return cls._classify(day)

    def _rows(self, customer=None, kind=None):
        domain = [("company_id", "=", self.company.id)]
        if customer:
            domain.append(("partner_id", "=", customer.id))
        if kind:
            domain.append(("kind", "=", kind))
        return self.env["customer.next.product"].search(domain)

    def _found(self, company=None):
        """Return the rows as :func:`expected_rows` does."""
        rows = self.env["customer.next.product"].search(
            [("company_id", "=", (company or self.company).id)],
            order="partner_id, kind, rank",
        )
        found = {}
        for row in rows:
            own = found.setdefault((row.partner_id.id, row.kind), [])
            own.append((row.product_tmpl_id.id, self._numbers(row)))
            self.assertEqual(row.rank, len(own))
        return found

    def _numbers(self, row):
        if row.kind == "new":
            return row.because_tmpl_id.id, row.both_count, row.buyer_count
        return row.times_bought, _day_number(row.last_date), row.gap_days


def _day_number(day):
    return (day - date(1970, 1, 1)).days


@tagged("post_install", "-at_install")
class TestNextProductReference(NextProductCase):
    """Every number is that of plain loops over the same documents."""

    def _history(self, dice, products, customers, companies):
        """Return lines by company, of orders that were created.

        Baskets of few products on few days, so that scores are often equal; some are
        returned, for free, of tomorrow, or of before the window.
        """
        lines = {company.id: [] for company in companies}
        for customer in customers:
            liked = dice.sample(products, dice.randint(1, 7))
            for __ in range(dice.randint(1, 7)):
                company = dice.choice(companies)
                days = dice.choice([-1, 0, 3, 10, 20, 30, 30, 60, 90, 400])
                basket = [
                    (product, *dice.choice([(1, 10), (2, 10), (1, 0), (-1, -10)]))
                    for product in dice.sample(liked, dice.randint(1, len(liked)))
                ]
                lines[company.id] += self._ordered(customer, company, days, basket)
        return lines

    def _ordered(self, customer, company, days, basket):
        """Create an order of some days ago and return its lines in the window."""
        day = AS_OF - timedelta(days=days)
        self._order_of(basket, day, partner_id=customer.id, company_id=company.id)
        if days > 365:
            return []
        return [
            (customer.id, product.id, _day_number(day), quantity, amount)
            for product, quantity, amount in basket
        ]

    def _check(self, lines, company, day=AS_OF):
        offered = self.env["product.template"].search([("sale_ok", "=", True)])
        expected = expected_rows(lines[company.id], _day_number(day), {*offered.ids})
        self.assertEqual(self._found(company), expected)
        return {kind for __, kind in expected}

    def test_random_purchases(self):
        other = self._company("Other Ltd")
        policy = self._policy(other)
        products = [self._product(f"Product {number}") for number in range(14)]
        customers = [self._customer(f"Customer {number}") for number in range(30)]
        lines = self._history(
            random.Random(16), products, customers, [self.company, other]
        )
        # Somebody stops to buy the first product, and goes on with another one.
        for days in (100, 90, 80, 60, 40, 20, 10):
            basket = [(products[0 if days >= 80 else 7], 1, 10)]
            for company in (self.company, other):
                own = self._ordered(customers[0], company, days, basket)
                lines[company.id] += own
        products[2].sale_ok = products[5].active = False
        for company, own in ((self.company, self.policy), (other, policy)):
            self._recompute(policy=own)
            self._classify(policy=own)
            kinds = self._check(lines, company)
            self.assertEqual(kinds, {"due", "stopped", "new"})
        self._check(lines, self.company)  # the other company changed nothing here
        # A week later some go, some come, and some differ.
        extra = self._history(
            random.Random(17), products[6:], customers[:9], [self.company]
        )
        lines[self.company.id] += extra[self.company.id]
        products[3].sale_ok = False
        products[5].active = True
        later = AS_OF + timedelta(days=7)
        self._work_out(later)
        self._check(lines, self.company, later)

    def test_part_by_part(self):
        """The same in small parts, and of the dearest habits alone."""
        products = [self._product(f"Product {number}") for number in range(14)]
        customers = [self._customer(f"Customer {number}") for number in range(12)]
        lines = self._history(random.Random(3), products, customers, [self.company])
        with (
            patch.object(next_products, "PART_LINES", 20),
            patch.object(purchases, "HABIT_LINES", 5),
            patch.object(next_products, "MOST_LIKED", 3),
            patch.object(reference, "LIKED", 3),
        ):
            self._work_out()
            self._check(lines, self.company)

    def test_given_back_in_parts(self):
        """Three tenths given back tenth by tenth are no habit."""
        product = self._product("By the Litre")
        product.uom_id = self.env.ref("uom.product_uom_litre")
        gives, keeps = self._customer("Gives Back"), self._customer("Keeps")
        for customer, tenths in ((gives, 3), (keeps, 2)):
            for days in (40, 20):
                self._bought(customer, product, days, quantity=0.3)
            for days in range(tenths * 2):
                self._bought(customer, product, days, amount=-1, quantity=-0.1)
        self._work_out()
        self.assertFalse(self._rows(gives))
        self.assertEqual(self._rows(keeps).kind, "due")


@tagged("post_install", "-at_install")
class TestNextProductSentences(NextProductCase):
    """Numbers and days of each sentence, counted by hand in the documents."""

    def _new(self, customer, product):
        rows = self._rows(customer, "new")
        return rows.filtered(lambda row: row.product_tmpl_id == product)

    def test_eighteen_of_twenty_five(self):
        """Returns, purchases of long ago and archived customers do not count."""
        a, b = self._product("A"), self._product("B")
        buyers = [self._customer(f"Buyer {number}") for number in range(25)]
        for number, buyer in enumerate(buyers):
            self._bought(buyer, a, 30 + number)
            self._bought(buyer, a, 20)  # twice: counted once
            if number < 18:
                contact = self._customer("Contact", parent_id=buyer.id)
                self._bought(contact if number % 2 else buyer, b, 10)
        # None of these is one of the 25, though each looks like it.
        back, before, gone = (self._customer(name) for name in ("X", "Y", "Z"))
        for one, *days in ((back, 50, 40), (before, 400, 40), (gone, 50, 40)):
            self._bought(one, a, days[0])
            self._bought(one, b, days[1])
        self._bought(back, a, 45, amount=-10, quantity=-1)
        gone.active = False
        draft = self._order_of([(a, 1, 10), (b, 1, 10)], AS_OF, confirm=False)
        self._work_out()
        row = self._new(buyers[20], b)
        self.assertEqual(row.reason, "18 of 25 who buy A buy it.")
        self.assertEqual(draft.state, "draft")
        # One of them gives B back, another one of them both.
        self._bought(buyers[0], b, 1, amount=-10, quantity=-1)
        for product, times in ((a, 2), (b, 1)):
            self._bought(buyers[2], product, 1, amount=-10 * times, quantity=-times)
        self._work_out(AS_OF + timedelta(days=7))
        self.assertEqual(row.reason, "16 of 24 who buy A buy it.")

    def test_due_again_from_two_days_on(self):
        once, same, twice = (self._customer(name) for name in ("One", "Two", "Three"))
        product = self._product("A")
        self._bought(once, product, 10)
        self._bought(same, product, 10, 10)
        self._bought(twice, product, 11, 10)
        self._work_out()
        self.assertFalse(self._rows(once, "due") + self._rows(same, "due"))
        self.assertEqual(
            self._rows(twice, "due").reason,
            "Bought 2 times, about every day, last on 06/20/2025.",
        )

    def test_stopped_from_twice_the_gap_on(self):
        """Bought every ten days: stopped after 20 days, and not after 19."""
        a, b = self._product("A"), self._product("B")
        kinds = {}
        for last in (19, 20):
            customer = self._customer(f"Last {last}")
            self._bought(customer, a, *range(1, 60, 10))
            self._bought(customer, b, last + 20, last + 10, last)
            kinds[last] = customer
        self._work_out()
        for last, kind in ((19, "due"), (20, "stopped")):
            rows = self._rows(kinds[last]).filtered(lambda r: r.product_tmpl_id == b)
            self.assertEqual(rows.kind, kind, last)
        self.assertEqual(
            rows.reason,
            "Bought 3 times, about every 10 days, but not since 06/10/2025.",
        )


@tagged("post_install", "-at_install")
class TestNextProduct(NextProductCase):
    """Ten buy A and B; of them eight buy C; one customer has A alone."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.a, cls.b, cls.c = (cls._product(name) for name in "ABC")
        cls.buyers = [cls._customer(f"Buyer {number}") for number in range(10)]
        for number, buyer in enumerate(cls.buyers):
            lines = [(cls.a, 1, 10), (cls.b, 1, 10)]
            if number < 8:
                lines.append((cls.c, 1, 10))
            cls._order_of(
                lines, AS_OF - timedelta(days=20 + number), partner_id=buyer.id
            )
        cls.one = cls._customer("One")
        cls._bought(cls.one, cls.a, 100, 70, 40, 10)
        cls._work_out()

    def test_new_with_counts(self):
        rows = self._rows(self.one, "new")
        self.assertEqual(rows.product_tmpl_id, self.b + self.c)
        c = rows.filtered(lambda row: row.product_tmpl_id == self.c)
        self.assertEqual((c.both_count, c.buyer_count), (8, 11))
        self.assertEqual(c.reason, "8 of 11 who buy A buy it.")

    def test_due_again_with_counts(self):
        row = self._rows(self.one, "due")
        self.assertEqual(row.product_tmpl_id, self.a)
        self.assertEqual((row.times_bought, row.gap_days), (4, 30))
        self.assertIn("Bought 4 times, about every 30 days", row.reason)
        self.assertFalse(self._rows(self.buyers[0], "due"))

    def test_stopped(self):
        self._bought(self.one, self.b, 120, 110, 100, 90)
        self._work_out(AS_OF + timedelta(days=7))
        row = self._rows(self.one, "stopped")
        self.assertEqual(row.product_tmpl_id, self.b)
        self.assertIn("but not since", row.reason)
        self.assertNotIn(self.b, self._rows(self.one, "new").product_tmpl_id)
        self.assertNotIn(self.b, self._rows(self.one, "due").product_tmpl_id)

    def test_not_given_back(self):
        """Products that came back whole are no habit, and are not new either."""
        self._bought(self.one, self.b, 30)
        self._bought(self.one, self.b, 29, amount=-10, quantity=-1)
        self._work_out(AS_OF + timedelta(days=7))
        self.assertEqual(self._rows(self.one).product_tmpl_id, self.a + self.c)
        c = self._rows(self.one, "new")
        self.assertEqual((c.because_tmpl_id, c.buyer_count), (self.a, 11))

    def test_not_ended(self):
        """At once: nothing is offered that cannot be sold today."""
        rows = self._rows(self.one)
        offered = lambda: rows.filtered("is_offered").product_tmpl_id  # noqa: E731
        self.assertEqual(offered(), self.a + self.b + self.c)
        self.b.sale_ok = False
        self.c.active = False
        self.assertEqual(offered(), self.a)
        domain = [("partner_id", "=", self.one.id), ("is_offered", "=", True)]
        found = self.env["customer.next.product"].search(domain)
        self.assertEqual(found.product_tmpl_id, self.a)
        others = self.env["customer.next.product"].search(
            [("partner_id", "=", self.one.id), ("is_offered", "=", False)]
        )
        self.assertEqual(others | found, rows)
        self._work_out(AS_OF + timedelta(days=7))
        self.assertEqual(self._rows(self.one).product_tmpl_id, self.a)

    def test_product_of_another_company(self):
        other = self._company("Other Ltd")
        self.assertTrue(self.c.product_variant_ids)  # read before
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE product_template SET company_id = %s WHERE id = %s",
            [other.id, self.c.id],
        )
        self.env.invalidate_all()
        self._work_out(AS_OF + timedelta(days=7))
        self.assertEqual(self._rows(self.one, "new").product_tmpl_id, self.b)

    def test_weekly(self):
        first = self.env["classification.run"].search(
            [("kind", "=", "product"), ("company_id", "=", self.company.id)], limit=1
        )
        self.assertEqual(first.next_product_date, AS_OF)
        self._bought(self.one, self.b, 5)
        soon = self._work_out(AS_OF + timedelta(days=6))
        self.assertEqual(soon.next_product_date, AS_OF)
        self.assertIn(self.b, self._rows(self.one, "new").product_tmpl_id)
        later = self._work_out(AS_OF + timedelta(days=7))
        self.assertEqual(later.next_product_date, AS_OF + timedelta(days=7))
        self.assertNotIn(self.b, self._rows(self.one, "new").product_tmpl_id)

    def test_settled(self):
        """Rows that stay the same are not written."""
        self.env.cr.execute(
            "SELECT id, xmin::text FROM customer_next_product ORDER BY id"
        )
        before = self.env.cr.fetchall()
        self._work_out(AS_OF + timedelta(days=7))
        self.env.cr.execute(
            "SELECT id, xmin::text FROM customer_next_product ORDER BY id"
        )
        self.assertEqual(self.env.cr.fetchall(), before)

    def test_preview_writes_nothing(self):
        before = self._rows()
        self._bought(self.one, self.b, 5)
        with self._on(AS_OF + timedelta(days=7)):
            self.company._get_customer_policy().copy().action_preview_products()
        self.assertEqual(self._rows(), before)

    def test_objection(self):
        self.one.customer_objects_profiling = True
        self._work_out(AS_OF + timedelta(days=7))
        self.assertFalse(self._rows(self.one))

    def test_deleted_with_product_and_contact(self):
        rows = self._rows(self.one)
        self.env["customer.profile"].invalidate_model()
        self.assertTrue(rows)
        merged = self.env["base.partner.merge.automatic.wizard"].create({})
        merged._merge((self.one + self.buyers[0]).ids, self.buyers[0])
        self.assertFalse(self._rows(self.one).exists())

    # Contacts

    def test_contact(self):
        contact = self._customer("Of One", parent_id=self.one.id)
        for partner in (self.one, contact):
            self.assertEqual(
                partner.customer_next_product_ids, self.a + self.b + self.c
            )
            self.assertEqual(partner.customer_next_product_text, "A, B, and C")
        self.assertFalse(self.customer.customer_next_product_text)

    def test_search(self):
        partners = self.env["res.partner"]
        found = partners.search([("customer_next_product_ids", "in", self.c.ids)])
        self.assertEqual(found, self.one + self.buyers[8] + self.buyers[9])
        found = partners.search([("customer_next_product_ids.name", "=", "C")])
        self.assertEqual(found, self.one + self.buyers[8] + self.buyers[9])
        none = partners.search([("customer_next_product_ids", "=", False)])
        self.assertNotIn(self.one, none)
        self.assertIn(self.buyers[0], none)

    def test_smart_tag(self):
        tag = self.env["res.partner.category"].create({"name": "Offer C"})
        rules = self.env["classification.tag.rule"]
        rule = rules.create(
            {
                "partner_tag_id": tag.id,
                "domain": repr([("customer_next_product_ids", "in", self.c.ids)]),
                "company_id": self.company.id,
            }
        )
        rule.state = "running"
        rules._run()
        self.env.invalidate_all()
        self.assertEqual(
            set(tag.partner_ids.ids),
            {self.one.id, self.buyers[8].id, self.buyers[9].id},
        )

    def test_what_they_buy(self):
        rows = (
            self.env["customer.product"]
            .with_context(
                customer_product_partner_id=self.one.id,
                customer_product_company_id=self.company.id,
            )
            .search([])
        )
        kinds = {row.product_tmpl_id: row.next_kind for row in rows}
        self.assertEqual(kinds, {self.a: "due", self.b: "new", self.c: "new"})
        c = rows.filtered(lambda row: row.product_tmpl_id == self.c)
        self.assertEqual(c.next_reason, "8 of 11 who buy A buy it.")
        self.assertTrue(c.is_missing)
        self.assertEqual((c.times_bought, c.revenue), (0, 0))

    # Quotations

    def _quotation(self, customer=None, **values):
        return self._order(customer or self.one, AS_OF, 5, confirm=False, **values)

    def _row_on(self, order, product=None):
        row = self._rows(order.partner_id.commercial_partner_id)
        row = row.filtered(lambda one: one.product_tmpl_id == (product or self.c))
        return row.with_context(**{ORDER_KEY: order.id})

    def test_add(self):
        order = self._quotation()
        self.assertEqual(order.customer_next_product_count, 3)
        action = order.action_open_next_products()
        self.assertEqual(action["context"], {ORDER_KEY: order.id})
        rows = self.env["customer.next.product"].search(action["domain"])
        self.assertEqual(rows, self._rows(self.one))
        row = self._row_on(order)
        self.assertFalse(row.is_on_order)
        row.action_add_to_order()
        self.assertIn(self.c, order.order_line.product_template_id)
        row.invalidate_recordset()
        self.assertTrue(row.is_on_order)
        lines = len(order.order_line)
        row.action_add_to_order()
        self.assertEqual(len(order.order_line), lines)

    def test_add_is_refused(self):
        order = self._quotation()
        row = self._row_on(order)
        confirmed = self._order(self.one, AS_OF, 5)
        stranger = self._quotation(self.buyers[0])
        for other in (confirmed, stranger):
            with self.assertRaises(UserError):
                row.with_context(**{ORDER_KEY: other.id}).action_add_to_order()
        for nonsense in (0, -1, "1", None, [order.id], 2**40, True):
            with self.assertRaises(AccessError):
                row.with_context(**{ORDER_KEY: nonsense}).action_add_to_order()
        self.c.sale_ok = False
        row.invalidate_recordset()
        with self.assertRaises(UserError):
            row.action_add_to_order()

    def test_salesperson_of_another(self):
        """Neither the contact's rows nor the order of somebody else."""
        seller = self._user(
            "seller_of_own",
            "sales_team.group_sale_salesman,customer_classification.group_user",
        )
        other = self._user("other_seller", "sales_team.group_sale_salesman")
        mine, theirs = (
            self._quotation(user_id=seller.id),
            self._quotation(user_id=other.id),
        )
        self._row_on(mine).with_user(seller).action_add_to_order()
        self.assertIn(self.c, mine.order_line.product_template_id)
        with self.assertRaises(AccessError):
            self._row_on(theirs).with_user(seller).action_add_to_order()
        self.assertNotIn(self.c, theirs.order_line.product_template_id)
        for method in ("create", "write", "unlink"):
            with self.assertRaises(AccessError):
                self.env["customer.next.product"].with_user(seller).check_access(method)

    def test_contact_rules_hold(self):
        """Users who may not read a contact see none of its next products."""
        seller = self._user("seller", "sales_team.group_sale_salesman_all_leads")
        self.env["ir.rule"].create(
            {
                "name": "Not this one",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.one.id})]",
            }
        )
        rows = self.env["customer.next.product"].with_user(seller).search([])
        self.assertFalse(rows.filtered(lambda row: row.partner_id.id == self.one.id))
        self.assertTrue(rows)
        with self.assertRaises(AccessError):
            self._rows(self.one).with_user(seller).read(["reason"])

    def test_other_company(self):
        other = self._company("Other Ltd")
        seller = self.env["res.users"].create(
            {
                "name": "Other",
                "login": "of_the_other",
                "company_id": other.id,
                "company_ids": [fields.Command.set(other.ids)],
                "group_ids": [
                    fields.Command.link(
                        self.env.ref("sales_team.group_sale_salesman_all_leads").id
                    )
                ],
            }
        )
        env = self.env(user=seller, context={"allowed_company_ids": other.ids})
        self.assertFalse(env["customer.next.product"].search([]))
        self.assertFalse(self.one.with_env(env).customer_next_product_ids)

    def test_portal(self):
        portal = self._user("portal", "base.group_portal")
        with self.assertRaises(AccessError):
            self.env["customer.next.product"].with_user(portal).search([])
        with self.assertRaises(AccessError):
            self.one.with_user(portal).read(["customer_next_product_text"])

    def test_queries(self):
        from ...models.product.next_products import NextProducts

        run = self.env["classification.run"].search(
            [("kind", "=", "product"), ("company_id", "=", self.company.id)], limit=1
        )
        self.env.flush_all()
        with self.assertQueryCount(8):
            NextProducts(run).refresh()
