from datetime import datetime, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from ...models.customer.explanation import TierLimits
from ..common import AS_OF, ClassificationCase

SELLER = "customer_classification.group_user,sales_team.group_sale_salesman"
HEAD = "customer_classification.group_user,sales_team.group_sale_salesman_all_leads"


@tagged("post_install", "-at_install")
class TestToday(ClassificationCase):
    """A line a customer, with why and what to do."""

    limits = {"vip": 2_000, "high": 1_200, "medium": 500, "low": 0}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.enterClassContext(freeze_time(f"{AS_OF} 12:00:00"))
        cls.seller = cls._user("today-seller", SELLER)
        cls.other = cls._user("today-other", SELLER)
        cls.head = cls._user("today-head", HEAD)
        cls.late = cls._own("Late", 90, until=AS_OF - timedelta(days=45))
        cls.near = cls._own("Near", 160)  # lacks 80 to VIP: 12 x 160 = 1,920
        cls.far = cls._own("Far", 110)
        cls.theirs = cls._own("Theirs", 90, cls.other, AS_OF - timedelta(days=45))
        cls._recompute()

    @classmethod
    def _own(cls, name, amount, seller=None, until=AS_OF):
        partner = cls._regular(name, amount, until=until)
        partner.user_id = seller or cls.seller
        return partner

    def _today(self, user=None, **context):
        context = {"allowed_company_ids": self.company.ids, **context}
        model = self.env["customer.today"].with_user(user or self.seller)
        return model.with_context(**context)

    def _lines(self, user=None, **arguments):
        day = self._today(user).get_lines(**arguments)
        return {line["name"]: line for line in day["lines"]}

    def _answer(self, line, answer, user=None, **arguments):
        return self._today(user).answer(
            line["kind"], line["record_id"], answer, **arguments
        )

    def _activity(self, partner, day, user=None):
        return partner.activity_schedule(
            "mail.mail_activity_data_call",
            day,
            summary="Ask for the needs",
            user_id=(user or self.seller).id,
        )

    def test_own_customers_with_reason(self):
        lines = self._lines()
        self.assertEqual(set(lines), {"Late", "Near"})
        self.assertEqual(lines["Late"]["kind"], "overdue")
        expected = self._profile(self.late).expected_purchase_date
        days = (AS_OF - expected).days
        self.assertIn(f"{days} days ago", lines["Late"]["text"])
        self.assertEqual(lines["Near"]["kind"], "next_tier")
        self.assertIn("To reach VIP: about 1 order", lines["Near"]["text"])

    def test_one_order_is_enough(self):
        """Buying what the line says reaches the tier."""
        self.assertEqual(self._profile(self.near).value_tier_id.code, "high")
        self._purchase(self.near, AS_OF, 160)
        self._recompute()
        self.assertEqual(self._profile(self.near).value_tier_id.code, "vip")

    def test_stored_numbers_say_what_the_engine_says(self):
        """A cent around what one order must be, and around the limits."""
        for amount in (92.30, 92.31, 99.99, 100, 153.84, 153.85, 166.66, 166.67):
            self._own(f"Each {amount}", amount)
        refunded = self._own("Refunded", 160)
        self._purchase(refunded, AS_OF, -15)
        self._purchase(self._own("Margins", 155), AS_OF, 1, margin=1)
        self._recompute()
        today = self.env["customer.today"]
        edges = self.env["classification.run"]._last_full_run(self.policy).edges
        limits = TierLimits(self.policy, edges)
        near = today._near_next_tier(self.policy, limits, self.seller, []).sudo()
        self.assertGreaterEqual(len(near), 8)
        quick = dict(today._one_order_away(near, self.policy, limits))
        self.assertEqual(quick, dict(today._reaching(near, self.policy, AS_OF, edges)))
        named = {one.partner_id.name for one in quick}
        self.assertLessEqual({"Each 92.31", "Each 153.85", "Each 99.99"}, named)
        self.assertFalse({"Each 92.3", "Each 153.84", "Each 100"} & named)

    def test_by_margin(self):
        """The usual order adds its usual margin."""
        self._order_of_margin("Enough", 154)
        self._order_of_margin("Too little", 153)
        draft = self.policy.copy({"value_metric": "margin"})
        draft._publish()
        self._recompute(policy=draft)
        texts = {name: line["text"] for name, line in self._lines().items()}
        self.assertIn("1 order", texts.get("Enough", ""))
        self.assertNotIn("Too little", texts)

    def _order_of_margin(self, name, margin):
        """A customer with twelve orders of a margin, of twice its revenue."""
        partner = self._own(name, 2 * margin)
        purchases = self.env["customer.purchase"]
        own = purchases.search([("partner_id", "=", partner.id)])
        own.write({"margin": margin, "has_margin": True})

    def test_queries_of_the_next_tier(self):
        """Neither purchases nor the engine: the number of customers is the same."""
        for number in range(5):
            self._own(f"Near {number}", 160)
        self._recompute()
        today = self._today()
        today._next_tier_lines(self.seller, [])
        self.env.invalidate_all()
        with self.assertQueryCount(14):
            self.assertEqual(len(today._next_tier_lines(self.seller, [])), 6)

    def test_amounts_are_for_who_sees_all_sales(self):
        self.assertEqual({line["amount"] for line in self._lines().values()}, {None})
        self.assertNotIn("80", self._lines()["Near"]["text"])
        own = self._own("Head's", 90, self.head, AS_OF - timedelta(days=45))
        self._recompute()
        line = self._lines(self.head)["Head's"]
        self.assertEqual(line["amount"], self._profile(own).revenue)

    def _fall(self, day):
        """Note that a customer fell from VIP on a day."""
        self.env["classification.change"].create(
            {
                "partner_id": self.far.id,
                "company_id": self.company.id,
                "axis": "value_tier",
                "from_tier_id": self._tier("vip").id,
                "to_tier_id": self._profile(self.far).value_tier_id.id,
                "direction": "down",
                "cause": "data",
                "valid_date": day,
            }
        )

    def test_fell(self):
        self._fall(AS_OF - timedelta(days=2))
        line = self._lines()["Far"]
        self.assertEqual(line["kind"], "moved")
        self.assertIn("Fell from VIP", line["text"])
        self._profile(self.far).sudo().value_tier_id = self._tier("low")
        self.assertNotIn("Far", self._lines())

    def test_quotation_of_a_customer_at_risk(self):
        order = self._order(self.late, AS_OF - timedelta(days=4), 70, confirm=False)
        order.user_id = self.seller
        self.assertIn(self._profile(self.late).churn_risk, ("medium", "high"))
        line = self._lines()["Late"]
        self.assertEqual(line["kind"], "quotation")
        self.assertEqual(
            line["text"],
            f"At risk, and quotation {order.name} has been open for 4 days",
        )
        self.assertEqual((line["res_model"], line["res_id"]), ("sale.order", order.id))
        order.validity_date = AS_OF - timedelta(days=1)
        self.assertEqual(self._lines()["Late"]["kind"], "overdue")

    def test_days_of_a_quotation_are_those_of_the_reader(self):
        """Late in the evening in Los Angeles it is the next day in UTC."""
        order = self._order(self.late, AS_OF, 70, confirm=False)
        order.user_id = self.seller
        for tz, made, days in (
            ("UTC", datetime(2025, 6, 27, 23, 59), 3),
            ("UTC", datetime(2025, 6, 28, 0, 0), None),
            ("America/Los_Angeles", datetime(2025, 6, 28, 6, 59), 3),
            ("America/Los_Angeles", datetime(2025, 6, 28, 7, 0), None),
            ("Asia/Shanghai", datetime(2025, 6, 27, 15, 59), 3),
            ("Asia/Shanghai", datetime(2025, 6, 27, 16, 0), None),
            ("America/Los_Angeles", datetime(2025, 6, 27, 5, 0), 4),
        ):
            order.date_order = made
            with self.subTest(tz=tz, made=made):
                lines = self._today(tz=tz).get_lines()["lines"]
                [line] = [line for line in lines if line["name"] == "Late"]
                self.assertEqual(line["kind"], "quotation" if days else "overdue")
                if days:
                    self.assertIn(f"open for {days} days", line["text"])

    def test_overdue_from_the_day_after(self):
        """On the expected day nobody is late; the day after it is yesterday."""
        expected = self._profile(self.late).expected_purchase_date
        for days, text in (
            (0, None),
            (1, "Was expected to buy yesterday, on "),
            (2, "2 days ago"),
        ):
            with freeze_time(f"{expected + timedelta(days=days)} 12:00:00"):
                line = self._lines().get("Late", {"text": ""})
                self.assertEqual("expected to buy" in line["text"], bool(text))
                self.assertIn(text or "", line["text"])

    def test_moves_are_news_for_a_week(self):
        self._fall(AS_OF - timedelta(days=6))
        self.assertIn("Far", self._lines())
        with freeze_time(f"{AS_OF + timedelta(days=1)} 12:00:00"):
            self.assertNotIn("Far", self._lines())

    def test_an_order_lifts_nobody_whose_tier_was_decided(self):
        self.env["classification.override"].create(
            {
                "partner_id": self.near.id,
                "company_id": self.company.id,
                "tier_id": self._tier("low").id,
                "reason": "Does not pay.",
            }
        )
        self.assertEqual(self._profile(self.near).shadow_tier_id.code, "high")
        self.env.invalidate_all()
        found = self._today()._next_tier_lines(self.seller, [])
        self.assertFalse([line for profile, line in found])

    def test_activities_first(self):
        self._activity(self.far, AS_OF - timedelta(days=3))
        self._activity(self.near, AS_OF + timedelta(days=1))
        self._activity(self.late, AS_OF, self.other)
        day = self._today().get_lines()["lines"]
        self.assertEqual(day[0]["name"], "Far")
        self.assertEqual(day[0]["text"], "Due for 3 days: Ask for the needs")
        self.assertEqual(
            {line["name"]: line["kind"] for line in day[1:]},
            {"Late": "overdue", "Near": "next_tier"},
        )

    def test_activity_is_done_or_moved(self):
        activity = self._activity(self.far, AS_OF)
        self._answer(self._lines()["Far"], "tomorrow")
        self.assertEqual(activity.date_deadline, AS_OF + timedelta(days=1))
        self.assertNotIn("Far", self._lines())
        activity.date_deadline = AS_OF
        self._answer(self._lines()["Far"], "done")
        self.assertFalse(activity.exists().active if activity.exists() else False)

    def test_answers_rest(self):
        line = self._lines()["Late"]
        self._answer(line, "tomorrow")
        self.assertNotIn("Late", self._lines())
        with freeze_time(f"{AS_OF + timedelta(days=1)} 12:00:00"):
            self.assertIn("Late", self._lines())
            self._answer(line, "not_useful", reason="known")
        with freeze_time(f"{AS_OF + timedelta(days=60)} 12:00:00"):
            self.assertNotIn("Late", self._lines())
        answers = self.env["customer.today.answer"].search(
            [("partner_id", "=", self.late.id)], order="id"
        )
        self.assertEqual(answers.mapped("answer"), ["tomorrow", "not_useful"])
        self.assertEqual(answers.user_id, self.seller)

    def test_limit(self):
        self.company.customer_today_limit = 1
        day = self._today().get_lines()
        self.assertEqual(len(day["lines"]), 1)
        self.assertEqual(day["more"], 1)

    def test_team(self):
        team = self.env["crm.team"].create(
            {"name": "Today", "company_id": self.company.id, "user_id": self.head.id}
        )
        team.member_ids = self.seller | self.other
        self.assertFalse(self._lines(self.head))
        lines = self._lines(self.head, whose="team")
        self.assertEqual(set(lines), {"Late", "Near", "Theirs"})
        self.assertEqual(lines["Theirs"]["salesperson"], self.other.name)
        with self.assertRaises(AccessError):
            self._lines(self.seller, whose="team")

    def test_hostile_calls(self):
        theirs = self._profile(self.theirs)
        today = self._today()
        for arguments in (
            ("next", theirs.id, "done"),
            ("overdue", theirs.id, "gone"),
            ("overdue", "1", "done"),
            ("overdue", 0, "done"),
            ("overdue", self._profile(self.late).id, "not_useful"),
            ("overdue", self._profile(self.late).id, "not_useful", "because"),
            ("activity", -1, "done"),
        ):
            with self.subTest(arguments=arguments), self.assertRaises(UserError):
                today.answer(*arguments)
        with self.assertRaises(UserError):
            today.get_lines("everybody")
        with self.assertRaises(AccessError):
            today.answer("overdue", theirs.id, "done")
        foreign = self._activity(self.late, AS_OF, self.other)
        with self.assertRaises(AccessError):
            today.answer("activity", foreign.id, "done")
        self.assertTrue(foreign.exists())
        with self.assertRaises(AccessError):
            self.env["customer.today.answer"].with_user(self.seller).create({})

    def test_record_rules_on_contacts_hold(self):
        self.env["ir.rule"].create(
            {
                "name": "Not Near",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.near.id})]",
            }
        )
        self.assertEqual(set(self._lines()), {"Late"})

    def test_queries_do_not_grow(self):
        def queries():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self._today().get_lines()
            return self.cr.sql_log_count - before

        def grow(count):
            for number in range(count):
                self._own(f"More {number}", 90, until=AS_OF - timedelta(days=45))
            self._recompute()
            queries()
            return queries()

        few, many = grow(3), grow(12)
        self.assertEqual(few, many)
        self.assertLessEqual(many, 40)
