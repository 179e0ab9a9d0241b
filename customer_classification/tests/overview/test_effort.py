from datetime import date, datetime

from odoo.tests import tagged

from ..common import AS_OF, ClassificationCase


@tagged("post_install", "-at_install")
class TestEffort(ClassificationCase):
    """Effort for customers by tier and month, worked out by hand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vip = cls._regular("Vip", 1_000)
        cls.low = cls._regular("Low", 10)
        cls.clerk = cls._customer("Clerk of Vip", parent_id=cls.vip.id)
        cls._recompute()
        cls.seller = cls._user("effort-seller", "sales_team.group_sale_salesman")

    def _rows(self, **context):
        model = self.env["customer.effort"].with_context(
            history_date=str(AS_OF), **context
        )
        return model.search([("company_id", "=", self.company.id)])

    def _row(self, partner, month):
        return self._rows().filtered(
            lambda one: one.partner_id == partner and one.month == month
        )

    def _meeting(self, day, *partners):
        start = datetime.combine(day, datetime.min.time().replace(hour=9))
        return self.env["calendar.event"].create(
            {
                "name": "Visit",
                "start": start,
                "stop": start.replace(hour=10),
                "partner_ids": [one.id for one in partners],
            }
        )

    def _sent(self, partner, day, author=None):
        message = self.env["mail.message"].create(
            {
                "model": "res.partner",
                "res_id": partner.id,
                "message_type": "comment",
                "author_id": (author or self.seller.partner_id).id,
                "date": day,
            }
        )
        self.env["mail.notification"].create(
            {
                "mail_message_id": message.id,
                "res_partner_id": partner.id,
                "notification_type": "email",
            }
        )

    def test_purchases(self):
        """Each month has its purchases, and all months those of the profile."""
        rows = self._rows().filtered(lambda one: one.partner_id == self.vip)
        self.assertEqual(sum(rows.mapped("revenue")), self._profile(self.vip).revenue)
        self.assertEqual(sum(rows.mapped("order_count")), 12)
        self.assertEqual(rows.mapped("effort_count"), [0] * len(rows))
        self.assertTrue(all(row.month.day == 1 for row in rows))

    def test_what_was_done(self):
        """A meeting of two contacts of one customer counts once."""
        self._meeting(date(2025, 5, 6), self.vip, self.clerk)
        self._meeting(date(2025, 5, 7), self.clerk)
        self._sent(self.clerk, datetime(2025, 5, 8, 8))
        self._sent(self.vip, datetime(2025, 5, 9, 8))
        self._sent(self.low, datetime(2025, 5, 9, 8), author=self.vip)
        row = self._row(self.vip, date(2025, 5, 1))
        self.assertEqual(row.meeting_count, 2)
        self.assertEqual(row.mail_count, 2)
        self.assertEqual(row.effort_count, 4)
        self.assertEqual(self._row(self.low, date(2025, 5, 1)).effort_count, 0)
        self.assertEqual(self._row(self.vip, date(2025, 4, 1)).effort_count, 0)

    def test_campaigns(self):
        campaign = self.env["utm.campaign"].create(
            {"title": "Fair", "company_id": self.company.id}
        )
        for partner in (self.vip, self.low):
            self.env["campaign.participant"].create(
                {
                    "campaign_id": campaign.id,
                    "partner_id": partner.id,
                    "addressed_date": date(2025, 3, 3),
                }
            )
        for partner in (self.vip, self.low):
            row = self._row(partner, date(2025, 3, 1))
            self.assertEqual((row.campaign_count, row.effort_count), (1, 1))

    def test_a_month_with_effort_alone(self):
        quiet = self._customer("Quiet")
        self._purchase(quiet, date(2024, 7, 1), 50)
        self._recompute()
        self._meeting(date(2025, 2, 3), quiet)
        row = self._row(quiet, date(2025, 2, 1))
        self.assertEqual((row.meeting_count, row.order_count, row.revenue), (1, 0, 0))

    def test_months_that_are_looked_at(self):
        self._meeting(date(2024, 5, 31), self.vip)
        self._meeting(date(2024, 6, 1), self.vip)
        self._meeting(date(2025, 7, 1), self.vip)
        rows = self._rows().filtered("meeting_count")
        self.assertEqual(rows.mapped("month"), [date(2024, 6, 1)])
        self.assertEqual(
            self._rows().filtered("is_partial").mapped("month"),
            [],
            "30 June is the last day of its month",
        )

    def test_objectors(self):
        self.low.customer_objects_profiling = True
        self.assertNotIn(self.low, self._rows().partner_id)

    def test_by_tier(self):
        self._meeting(date(2025, 5, 6), self.vip)
        model = self.env["customer.effort"].with_context(history_date=str(AS_OF))
        found = model._read_group(
            [("company_id", "=", self.company.id)],
            ["value_tier_id"],
            ["effort_count:sum", "revenue:sum"],
        )
        self.assertEqual(
            found,
            [(self._tier("vip"), 1, 12_000), (self._tier("low"), 0, 120)],
        )

    def test_rows_have_ids_of_their_own(self):
        rows = self._rows()
        self.assertEqual(len(set(rows._ids)), len(rows))
        for row in rows:
            self.assertEqual(row.browse(row.id).month, row.month)
