from ast import literal_eval
from datetime import datetime, time, timedelta

from lxml import etree

from odoo import fields
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.customer_classification.tests.common import ClassificationCase


class DeliveryCase(ClassificationCase):
    """Customers, and what is delivered to them and given back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.today()
        cls.ada = cls._customer("Ada Ltd", is_company=True)
        cls.clerk = cls._customer("Clerk", parent_id=cls.ada.id)
        cls.calm = cls._customer("Calm Ltd", is_company=True)
        for customer in (cls.ada, cls.calm):
            cls._purchase(customer, cls.today - timedelta(days=10), 100)
        cls.second = cls.env["product.product"].create(
            {"name": "Second", "list_price": 10, "taxes_id": False}
        )
        cls._recompute(cls.today)

    # Builders

    @classmethod
    def _ago(cls, days, hour=12):
        return datetime.combine(cls.today - timedelta(days=days), time(hour))

    @classmethod
    def _promised(cls, promised, partner=None, lines=1):
        """An order with a delivery date, so many days ago."""
        order = cls._order(partner or cls.clerk, cls._ago(700), 10, confirm=False)
        if lines > 1:
            cls.env["sale.order.line"].create(
                {"order_id": order.id, "product_id": cls.second.id, "name": "Second"}
            )
        order.commitment_date = cls._ago(promised)
        order.action_confirm()
        return order

    @classmethod
    def _deliver(cls, order, done, hour=12, lines=None):
        """Deliver an order, or only some lines of it, so many days ago."""
        moves = (lines or order.order_line).move_ids.filtered(
            lambda one: one.state not in ("done", "cancel")
        )
        for move in moves:
            move.quantity = move.product_uom_qty
            move.picked = True
        moves._action_done()
        cls._moved(moves, done, hour)
        return order

    @classmethod
    def _moved(cls, moves, days, hour=12):
        moves.flush_recordset()
        moves.write({"date": cls._ago(days, hour)})

    @classmethod
    def _give_back(cls, order, days):
        """Give back what was delivered of an order, by Odoo's own return."""
        picking = order.picking_ids.filtered(lambda one: one.state == "done")[:1]
        wizard = (
            cls.env["stock.return.picking"]
            .with_context(active_model="stock.picking", active_id=picking.id)
            .create({"picking_id": picking.id})
        )
        for line in wizard.product_return_moves:
            line.quantity = line.move_id.quantity
        back = wizard._create_return()
        for move in back.move_ids:
            move.quantity = move.product_uom_qty
            move.picked = True
        back._action_done()
        cls._moved(back.move_ids, days)
        return back

    def _seen(self, partner=None):
        self.env.flush_all()
        profile = self._profile(partner or self.ada)
        profile.invalidate_recordset()
        return profile

    def _numbers(self, *names, partner=None):
        profile = self._seen(partner)
        return tuple(profile[name] for name in names)

    def _lateness(self, **values):
        return self._numbers(
            *("delivery_count", "late_delivery_count", "overdue_delivery_count"),
            **values,
        )


@tagged("post_install", "-at_install")
class TestDelivery(DeliveryCase):
    """Late deliveries and returned goods, worked out by hand."""

    # Late

    def test_nothing(self):
        profile = self._seen()
        self.assertEqual(self._lateness(), (0, 0, 0))
        self.assertEqual(
            profile.delivery_text, "No delivery with a promised day is known."
        )

    def test_by_order(self):
        """Four orders: one is late by 3 days, one by 6 and still missing."""
        self._deliver(self._promised(20), 20, hour=23)
        self._deliver(self._promised(20), 25)
        self._deliver(self._promised(20), 17)
        self._promised(6)
        self._promised(0)  # due today: nothing is known of it yet
        profile = self._seen()
        self.assertEqual(self._lateness(), (4, 2, 1))
        self.assertEqual(profile.late_delivery_share, 50)
        self.assertEqual(profile.late_delivery_days, 4.5)
        self.assertEqual(
            profile.delivery_text,
            "Deliveries: 4, late 2, in the time before 0; overdue now 1.",
        )

    def test_an_order_counts_once(self):
        """One line in time, one late: the order is late, once."""
        order = self._promised(20, lines=2)
        first, second = order.order_line
        self._deliver(order, 21, lines=first)
        self.assertEqual(self._lateness(), (1, 1, 1))
        self._deliver(order, 18, lines=second)
        self.assertEqual(self._lateness(), (1, 1, 0))
        self.assertEqual(self._seen().late_delivery_days, 2)
        self.assertEqual(self._seen().late_delivery_share, 0)
        self.assertIn("Too little is known", self._seen().delivery_text)

    def test_a_part_before_its_day_says_nothing_yet(self):
        order = self._promised(-5, lines=2)
        self._deliver(order, 1, lines=order.order_line[0])
        self.assertEqual(self._lateness(), (0, 0, 0))

    def test_a_delivery_in_parts(self):
        """The rest of a line comes late as a backorder."""
        order = self._promised(20)
        order.order_line.product_uom_qty = 10
        move = order.order_line.move_ids
        move.quantity = 4
        move.picked = True
        move.picking_id.with_context(
            skip_backorder=True, picking_ids_not_to_backorder=[]
        ).button_validate()
        self._moved(move, 22)
        self.assertEqual(self._lateness(), (1, 1, 1))
        self._deliver(order, 19)
        self.assertEqual(self._lateness(), (1, 1, 0))
        self.assertEqual(self._seen().late_delivery_days, 1)

    def test_windows(self):
        """Late orders count from the day after the promise, in both windows."""
        start = self.policy._parameters().window_start(self.today)
        policy_days = (self.today - start).days
        self._deliver(self._promised(policy_days + 1), policy_days - 5)
        self._deliver(self._promised(policy_days + 2), policy_days - 5)
        self.assertEqual(
            self._numbers("late_delivery_count", "late_delivery_count_before"), (1, 1)
        )

    def test_a_promise_that_is_moved(self):
        """Moved before the goods leave, it is the new promise; afterwards, not."""
        moved = self._promised(20)
        moved.commitment_date = self._ago(10)
        self._deliver(moved, 12)
        late = self._deliver(self._promised(20), 12)
        late.commitment_date = self._ago(5)
        self.assertEqual(self._lateness(), (2, 1, 0))

    def test_what_is_cancelled_is_not_late(self):
        self._promised(20)._action_cancel()
        self.assertEqual(self._lateness(), (0, 0, 0))

    def test_days_are_those_of_the_company(self):
        """In Shanghai 23:00 UTC is the morning of the next day."""
        self._policy(self.company, tz="Asia/Shanghai")
        self._deliver(self._promised(20), 20, hour=23)
        self.assertEqual(self._lateness(), (1, 1, 0))

    def test_as_of_a_day(self):
        """An order is judged once: later days change nothing of earlier ones."""
        self._deliver(self._promised(20), 15)
        self._deliver(self._promised(30), 32)
        facts = {}
        for days in (33, 32, 20, 19, 15):
            day = self.today - timedelta(days=days)
            windows = SQL(
                "SELECT * FROM (VALUES (%s, %s::date, %s::date, %s::date))"
                " w(company_id, today, first_day, before_day)",
                *(self.company.id, day, day - timedelta(days=365)),
                day - timedelta(days=730),
            )
            query = self.env["customer.profile"]._delivery_query({"UTC": windows})
            rows = self.env.execute_query_dict(query)
            [row] = [one for one in rows if one["partner_id"] == self.ada.id]
            facts[days] = row["judged"] or 0, row["late"] or 0, row["overdue"] or 0
        self.assertEqual(
            facts,
            {
                33: (0, 0, 0),
                32: (1, 0, 0),
                20: (1, 0, 0),
                19: (2, 1, 1),
                15: (2, 1, 0),
            },
        )

    # Returned

    def test_returned(self):
        """Two of four lines delivered in the window came back, one of them twice."""
        for __ in range(2):
            self._deliver(self._promised(50), 50)
        order = self._deliver(self._promised(40, lines=2), 40)
        self._give_back(order, 30)
        profile = self._seen()
        self.assertEqual(profile.delivered_line_count, 4)
        self.assertEqual(profile.returned_line_count, 2)
        self.assertEqual(profile.return_share, 50)
        self.assertEqual(profile.last_return_date, self.today - timedelta(days=30))
        self.assertIn("Returned goods: of 2 order lines", profile.delivery_text)
        # A return is no delivery: nothing of it is late.
        self.assertEqual(self._lateness(), (3, 0, 0))

    def test_returned_of_earlier_deliveries(self):
        """Returns count by their own day, their share by that of the delivery."""
        self._give_back(self._deliver(self._promised(600), 600), 20)
        self._give_back(self._deliver(self._promised(600), 600), 500)
        names = "returned_line_count", "returned_line_count_before", "return_share"
        self.assertEqual(self._numbers(*names), (1, 1, 0))

    def test_a_return_that_is_planned_is_none(self):
        order = self._deliver(self._promised(40), 40)
        picking = order.picking_ids
        wizard = (
            self.env["stock.return.picking"]
            .with_context(active_model="stock.picking", active_id=picking.id)
            .create({"picking_id": picking.id})
        )
        wizard.product_return_moves.quantity = 1
        wizard._create_return()
        self.assertEqual(self._numbers("returned_line_count"), (0,))
        self.assertEqual(self._lateness(), (1, 0, 0))

    # Whose

    def test_other_companies_apart(self):
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        order = self._promised(20)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sale_order SET company_id = %s WHERE id = %s", [other.id, order.id]
        )
        self.env.invalidate_all()
        self.assertEqual(self._lateness(), (0, 0, 0))

    def test_objectors_and_our_own_people(self):
        person = self._customer("Person")
        self._purchase(person, self.today, 10)
        self._recompute(self.today)
        self._promised(20, partner=person)
        self.assertEqual(self._lateness(partner=person), (1, 1, 1))
        person.customer_objects_profiling = True
        source = self.env["customer.profile"]
        windows = source._windows(self.company)
        rows = self.env.execute_query_dict(source._delivery_query(windows))
        self.assertNotIn(person.id, [row["partner_id"] for row in rows])

    # In lists

    def test_searched_sorted_and_grouped(self):
        for __ in range(3):
            self._deliver(self._promised(20), 18)
        self._give_back(self._deliver(self._promised(20), 20), 10)
        company = ("company_id", "=", self.company.id)
        profiles = self.env["customer.profile"]
        self.env.flush_all()
        for condition in (
            ("delivery_count", "=", 4),
            ("late_delivery_count", ">=", 3),
            ("late_delivery_share", "=", 75),
            ("late_delivery_days", ">", 1),
            ("returned_line_count", ">", 0),
            ("return_share", "=", 25),
            ("last_return_date", "=", str(self.today - timedelta(days=10))),
        ):
            with self.subTest(condition):
                found = profiles.search([company, condition])
                self.assertEqual(found.partner_id, self.ada)
        found = profiles.search([company], order="late_delivery_count, id")
        self.assertEqual(found.partner_id[-1], self.ada)
        groups = profiles._read_group([company], ["late_delivery_count"], ["__count"])
        self.assertEqual(groups, [(0, 1), (3, 1)])

    def test_filters(self):
        """Each filter of the screen finds the customer, and nobody else."""
        for __ in range(2):
            self._give_back(self._deliver(self._promised(20), 18), 10)
        self._deliver(self._promised(20), 20)
        self._promised(5)
        view = self.env["customer.profile"].get_view(
            self.env.ref("customer_classification.customer_profile_view_search").id,
            "search",
        )
        names = {"often_late", "overdue_deliveries", "returns_often"}
        filters = {
            node.get("name"): node.get("domain")
            for node in etree.fromstring(view["arch"]).iter("filter")
        }
        for name in names:
            domain = fields.Domain(literal_eval(filters[name]))
            domain &= fields.Domain("company_id", "=", self.company.id)
            with self.subTest(name):
                found = self.env["customer.profile"].search(domain)
                self.assertEqual(found.partner_id, self.ada)

    def test_queries(self):
        profiles = self._seen() | self._seen(self.calm)
        self.env.flush_all()
        self.env.invalidate_all()
        profiles.mapped("partner_id.name")
        with self.assertQueryCount(4):
            profiles.mapped("late_delivery_count")
            profiles.mapped("last_return_date")

    def test_readers_without_rights_see_numbers(self):
        self._deliver(self._promised(20), 18)
        reader = self._user("delivery-reader", "base.group_user")
        profile = self._seen().with_user(reader)
        self.assertEqual(profile.late_delivery_count, 1)

    # Timeline

    def _lines(self, user=None):
        self.env.flush_all()
        self.env.invalidate_all()
        customer = self.ada.with_user(user) if user else self.ada
        context = customer.action_open_customer_timeline()["context"]
        lines = customer.env["customer.timeline"].with_context(**context)
        return lines.search([("what", "=", "delivery")])

    def test_timeline(self):
        late = self._deliver(self._promised(20), 15)
        back = self._give_back(late, 10)
        self._deliver(self._promised(30), 30)
        lines = self._lines()
        self.assertEqual(lines.mapped("detail"), ["return", "late_delivery"])
        days = [self.today - timedelta(days=days) for days in (10, 19)]
        self.assertEqual(lines.mapped("date"), days)
        self.assertEqual(lines.mapped("text"), [back.name, late.display_name])
        self.assertEqual(lines[1].action_open()["res_id"], late.id)

    def test_timeline_without_the_right_to_read(self):
        self._deliver(self._promised(20), 15)
        seller = self._user("delivery-seller", "sales_team.group_sale_salesman")
        line = self._lines(seller)
        self.assertEqual(line.detail, "late_delivery")
        self.assertFalse(line.text)
