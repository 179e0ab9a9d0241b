from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..complaint.common import ComplaintCase


@tagged("post_install", "-at_install")
class TestTimeline(ComplaintCase):
    """Lines of one customer, for readers with different rights."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = fields.Date.today()
        cls.loud = cls._customer("Loud Ltd", is_company=True)
        cls.clerk = cls._customer("Clerk", parent_id=cls.loud.id)
        cls.order = cls._order(cls.clerk, cls.today - timedelta(days=30), 120)
        cls.other = cls._customer("Other Ltd", is_company=True)
        cls._order(cls.other, cls.today, 5)
        cls._recompute(cls.today)
        cls.feedback = cls.env["customer.feedback"].create(
            {
                "partner_id": cls.clerk.id,
                "company_id": cls.company.id,
                "original_score": 2,
                "text": "Came late",
                "date": cls.today - timedelta(days=9),
            }
        )
        cls.trouble = cls._complaint(
            partner_id=cls.loud.id,
            open_date=fields.Datetime.now() - timedelta(days=8),
        )
        cls.mail = cls.env["mail.message"].create(
            {
                "model": "res.partner",
                "res_id": cls.loud.id,
                "message_type": "email",
                "author_id": cls.clerk.id,
                "subject": "Where is it?",
                "date": fields.Datetime.now() - timedelta(days=10),
            }
        )
        cls.env.flush_all()

    def _lines(self, user=None, partner=None, **context):
        action = (partner or self.loud).action_open_customer_timeline()
        model = self.env[action["res_model"]].with_user(user or self.env.user)
        model = model.with_company(self.company)
        return model.with_context(**{**action["context"], **context}).search([])

    def _seller(self, login, *groups):
        return self._user(login, ",".join(("sales_team.group_sale_salesman", *groups)))

    def test_lines(self):
        found = [(line.detail, line.date, line.text) for line in self._lines()]
        ago = {days: self.today - timedelta(days=days) for days in (8, 9, 10, 30)}
        self.assertEqual(
            [one for one in found if one[1] in ago.values()],
            [
                ("complaint", ago[8], "Broken"),
                ("satisfaction", ago[9], "Came late"),
                ("mail", ago[10], "Where is it?"),
                ("order", ago[30], self.order.name),
            ],
        )
        self.assertEqual(
            {one[0] for one in found} - {"complaint", "satisfaction", "mail", "order"},
            {"value_tier", "lifecycle_stage", "churn_risk"},
        )
        self.assertEqual(self._lines().sorted("date", reverse=True)[0].date, self.today)

    def test_quotations_that_are_no_purchase(self):
        """An order has one line: as a quotation until it counts as a purchase."""
        quotation = self._order(self.clerk, self.today, 5, confirm=False)
        lines = self._lines().filtered(lambda one: one.res_model == "sale.order")
        self.assertEqual(
            {line.res_id: line.detail for line in lines},
            {self.order.id: "order", quotation.id: "quotation"},
        )

    def test_numbers(self):
        lines = {line.detail: line for line in self._lines()}
        self.assertEqual(lines["order"].amount, 120)
        self.assertEqual(lines["order"].currency_id, self.order.currency_id)
        self.assertEqual(lines["satisfaction"].score, 25)
        self.assertEqual(lines["mail"].direction, "in")
        self.assertFalse(lines["mail"].amount)

    def test_filter_and_groups(self):
        model = self._lines().browse()
        self.assertEqual(
            model.search([("what", "=", "complaint")]).res_id, self.trouble.id
        )
        groups = dict(model._read_group([], ["what"], ["__count"]))
        self.assertEqual(
            (groups["purchase"], groups["feedback"], groups["complaint"]), (1, 1, 1)
        )

    def test_one_line_a_document(self):
        """A meeting with two contacts of the customer is one line."""
        second = self._customer("Second", parent_id=self.loud.id)
        start = fields.Datetime.now() - timedelta(days=2)
        self.env["calendar.event"].create(
            {
                "name": "Talk",
                "start": start,
                "stop": start + timedelta(hours=1),
                "partner_ids": [(6, 0, (self.clerk | second).ids)],
            }
        )
        lines = self._lines().filtered(lambda one: one.detail == "meeting")
        self.assertEqual(lines.mapped("text"), ["Talk"])

    def test_readers_without_rights_see_kinds(self):
        """A salesperson who may not read a mail sees that there was one."""
        self.env["ir.rule"].create(
            {
                "name": "Complaints of nobody",
                "model_id": self.env["ir.model"]._get_id("customer.complaint"),
                "domain_force": "[('id', '=', 0)]",
            }
        )
        reader = self._seller("timeline-reader")
        lines = {line.detail: line for line in self._lines(reader)}
        self.assertFalse(lines["complaint"].text)
        self.assertEqual(lines["satisfaction"].text, "Came late")
        with self.assertRaises(AccessError):
            lines["complaint"].action_open()
        with self.assertRaises(AccessError):
            lines["order"].read(["amount"])
        rich = self._seller("timeline-rich", "sales_team.group_sale_salesman_all_leads")
        self.assertEqual(
            {line.detail: line.amount for line in self._lines(rich)}["order"], 120
        )

    def test_customers_of_others(self):
        self.loud.user_id = self.officer
        self.assertFalse(self._lines(self._seller("timeline-stranger")))
        self.assertTrue(self._lines(self.officer))

    def test_contacts_that_are_not_readable(self):
        self.env["ir.rule"].create(
            {
                "name": "Not this one",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.loud.id})]",
            }
        )
        self.assertFalse(self._lines(self._seller("timeline-blind")))
        # Also for whom no rule on lines asks whose customer it is.
        for login, group in (
            ("timeline-blind-officer", "customer_classification.group_officer"),
            ("timeline-blind-head", "sales_team.group_sale_salesman_all_leads"),
        ):
            self.assertFalse(self._lines(self._user(login, group)), group)

    def test_customers_of_another_company(self):
        """Meetings are of no company: their customer is of one."""
        elsewhere = self._company("Elsewhere Ltd")
        hidden = self._customer("Hidden", company_id=elsewhere.id)
        self.env["calendar.event"].create(
            {
                "name": "Talk",
                "start": fields.Datetime.now() - timedelta(days=3),
                "stop": fields.Datetime.now() - timedelta(days=3),
                "partner_ids": [(6, 0, hidden.ids)],
            }
        )
        self.assertTrue(self._lines(partner=hidden))
        officer = self._user("timeline-here", "customer_classification.group_officer")
        self.assertFalse(self._lines(officer, timeline_customer_id=hidden.id))

    def test_outsiders(self):
        for login, group in (
            ("timeline-portal", "base.group_portal"),
            ("timeline-nobody", "base.group_user"),
        ):
            with self.assertRaises(AccessError):
                self._lines(self._user(login, group))

    def test_context_is_not_believed(self):
        for customer in (0, -1, 2**40, 2**31 - 1, "1", None, [1], True, 1.5, {}):
            with self.subTest(customer):
                self.assertFalse(self._lines(timeline_customer_id=customer))
        contact = self._lines(timeline_customer_id=self.clerk.id)
        self.assertEqual(contact.ids, self._lines().ids)

    def test_other_companies_apart(self):
        elsewhere = self._company("Elsewhere Ltd")
        self.env["customer.feedback"].create(
            {
                "partner_id": self.loud.id,
                "company_id": elsewhere.id,
                "original_score": 5,
            }
        )
        lines = self._lines(self._seller("timeline-here"))
        self.assertEqual(len(lines.filtered("has_score")), 1)

    def test_objection(self):
        person = self._regular("Ada", 100)
        self._recompute(self.today)
        self.assertTrue(self._lines(partner=person))
        person.customer_objects_profiling = True
        self.assertFalse(self._lines(partner=person))

    def test_opening(self):
        lines = {line.detail: line for line in self._lines()}
        for detail, record in (
            ("order", self.order),
            ("mail", self.loud),
            ("satisfaction", self.feedback),
        ):
            action = lines[detail].action_open()
            self.assertEqual(
                (action["res_model"], action["res_id"]), (record._name, record.id)
            )
        profile = self._profile(self.loud)
        self.assertEqual(
            profile.action_open_timeline()["context"],
            {"timeline_customer_id": self.loud.id},
        )

    def test_queries(self):
        """A page of any length needs as many queries."""
        reader = self._seller("timeline-fast", "customer_classification.group_officer")
        self._lines(reader).mapped("text")
        self.env.invalidate_all()
        first = self._counted(reader)
        for number in range(5):
            self._complaint(partner_id=self.loud.id, name=f"Again {number}")
            self.mail.copy()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self._counted(reader), first)

    def _counted(self, reader):
        before = self.env.cr.sql_log_count
        self._lines(reader).mapped("text")
        return self.env.cr.sql_log_count - before
