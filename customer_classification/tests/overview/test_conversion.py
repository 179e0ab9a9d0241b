from datetime import datetime, timedelta

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..common import AS_OF, ClassificationCase

NUMBERS = (
    *("lead_count:sum", "converted_count:sum", "conversion_rate:avg"),
    *("days_to_purchase:avg", "customer_count:sum", "repeat_count:sum"),
    *("repeat_rate:avg", "revenue:sum"),
)


@tagged("post_install", "-at_install")
class TestConversion(ClassificationCase):
    """From the first lead to the second purchase, by source and salesperson."""

    policy_values = {"prospect_scope": "engaged"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.fair, cls.mail = (
            cls.env["utm.source"].create({"name": f"Conversion {name}"})
            for name in ("fair", "mail")
        )
        cls.letter = cls.env["utm.medium"].create({"name": "Conversion letter"})
        cls.seller = cls._user("conversion-seller", "sales_team.group_sale_salesman")
        cls.other = cls._user("conversion-other", "sales_team.group_sale_salesman")
        # Bought 30 days after the lead, and again.
        cls.won = cls._lead_of("Won", cls.fair, 60)
        cls._sale(cls.won, 30, 100)
        cls._sale(cls.won, 5, 50)
        # A second lead counts for nothing.
        cls._lead(cls.won, cls.mail, 20)
        # Bought 10 days after the lead, once.
        cls.once = cls._lead_of("Once", cls.fair, 40)
        cls._sale(cls.once, 30, 7)
        cls.waits = cls._lead_of("Waits", cls.fair, 9)
        # A customer already when the lead came.
        cls.old = cls._customer("Old")
        cls._sale(cls.old, 300, 20)
        cls._lead(cls.old, cls.mail, 100)
        # Never had a lead: the source of the first order.
        cls.direct = cls._customer("Direct")
        cls._sale(cls.direct, 80, 1_000, source_id=cls.mail.id, user_id=cls.other.id)
        cls._sale(cls.direct, 50, 1, source_id=cls.fair.id)
        cls._recompute()

    @classmethod
    def _lead_of(cls, name, source, days):
        customer = cls._customer(name)
        cls._lead(customer, source, days)
        return customer

    @classmethod
    def _lead(cls, customer, source, days):
        lead = cls._opportunity(
            cls.env["res.partner"].create(
                {"name": "Contact", "parent_id": customer.id}
            ),
            source_id=source.id,
            medium_id=cls.letter.id,
            user_id=cls.seller.id,
        )
        cls.env.flush_all()
        moment = datetime.combine(AS_OF - timedelta(days=days), datetime.min.time())
        cls.env.cr.execute(
            "UPDATE crm_lead SET create_date = %s WHERE id = %s", [moment, lead.id]
        )
        cls.env.invalidate_all()

    @classmethod
    def _sale(cls, customer, days, amount, **values):
        values = {"user_id": cls.seller.id, **values}
        cls._order(customer, AS_OF - timedelta(days=days), amount, **values)

    def test_days_are_those_of_the_rules(self):
        """A lead and an order of one evening in New York are of one day."""
        policy = self._policy(self.company, tz="America/New_York")
        evening = self._customer("Evening")
        lead = self._opportunity(evening, source_id=self.fair.id)
        self._created(lead, datetime(2025, 6, 11, 0, 30))  # 20:30 on the 10th there
        self._order(evening, datetime(2025, 6, 11, 1, 0), 5)
        self._recompute(policy=policy)
        row = self.env["customer.conversion"].search([("partner_id", "=", evening.id)])
        self.assertEqual(row.lead_date, row.first_purchase_date)
        self.assertEqual((row.converted_count, row.days_to_purchase), (1, 0))

    def _groups(self, by, user=None):
        model = self.env["customer.conversion"].with_user(user or self.env.user)
        domain = [("company_id", "=", self.company.id)]
        return {
            key: tuple(numbers)
            for key, *numbers in model._read_group(domain, [by], NUMBERS)
        }

    def test_by_source(self):
        groups = self._groups("source_id")
        leads, converted, rate, days, bought, again, repeat, revenue = groups[self.fair]
        self.assertEqual((leads, converted), (3, 2))
        self.assertAlmostEqual(rate, 200 / 3, 4)
        self.assertAlmostEqual(days, 20)
        self.assertEqual((bought, again, repeat, revenue), (2, 1, 50, 157))
        leads, converted, rate, days, bought, again, repeat, revenue = groups[self.mail]
        self.assertEqual((leads, converted, rate), (1, 0, 0))
        self.assertEqual((bought, again, repeat, revenue), (2, 1, 50, 1_021))

    def test_quality_of_acquisition(self):
        """Value and retention of customers by first source and campaign."""
        spring = self.env["utm.campaign"].create({"title": "Conversion spring"})
        gone = self._customer("Gone")
        self._sale(gone, 700, 90, campaign_id=spring.id)
        came = self._customer("Came")
        self._sale(came, 700, 30, campaign_id=spring.id)
        self._sale(came, 5, 25)
        self._recompute()
        [(kept, bought, rate, value)] = [
            numbers
            for campaign, *numbers in self.env["customer.conversion"]._read_group(
                [("company_id", "=", self.company.id)],
                ["campaign_id"],
                [
                    *("kept_count:sum", "customer_count:sum"),
                    *("retention_rate:avg", "customer_value:avg"),
                ],
            )
            if campaign == spring
        ]
        self.assertEqual((kept, bought, rate), (1, 2, 50))
        self.assertAlmostEqual(value, (90 + 30 + 25) / 2, 2)

    def test_by_salesperson_and_medium(self):
        groups = self._groups("user_id")
        self.assertEqual(groups[self.seller][4], 3)
        self.assertEqual(groups[self.other][4], 1)
        self.assertEqual(self._groups("medium_id")[self.letter][0], 4)

    def test_rows(self):
        rows = self.env["customer.conversion"].search(
            [("company_id", "=", self.company.id)]
        )
        found = {row.partner_id: row for row in rows}
        self.assertEqual(found[self.won].days_to_purchase, 30)
        self.assertEqual(found[self.won].source_id, self.fair)
        self.assertFalse(found[self.waits].first_purchase_date)
        self.assertEqual(found[self.waits].conversion_rate, 0)
        self.assertEqual(found[self.old].lead_date, AS_OF - timedelta(days=100))

    def test_rights(self):
        """For officers, amounts for who sees all sales, contacts by their rules."""
        with self.assertRaises(AccessError):
            self._groups("source_id", self.seller)
        officer = self._user(
            "conversion-officer",
            "customer_classification.group_officer,sales_team.group_sale_salesman",
        )
        model = self.env["customer.conversion"].with_user(officer)
        rows = model.with_context(allowed_company_ids=self.company.ids).search([])
        self.assertTrue(rows)
        with self.assertRaises(AccessError):
            rows.read(["revenue"])
        self.env["ir.rule"].create(
            {
                "name": "Not Won",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.won.id})]",
            }
        )
        seen = model.with_context(allowed_company_ids=self.company.ids).search([])
        self.assertEqual(set((rows - seen).sudo().partner_id), {self.won})

    def test_queries(self):
        model = self.env["customer.conversion"]
        domain = [("company_id", "=", self.company.id)]
        model._read_group(domain, ["source_id"], NUMBERS)
        with self.assertQueryCount(1):
            model._read_group(domain, ["source_id"], NUMBERS)
