from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..common import AS_OF, ClassificationCase

EVERYTHING = {"country", "phone", "email", "salesperson"}


@tagged("post_install", "-at_install")
class TestDataGap(ClassificationCase):
    """Missing data of customers, and its consequences."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = cls._user("gap_seller", "sales_team.group_sale_salesman")
        cls.whole = cls._customer(
            "Whole",
            is_company=True,
            country_id=cls.env.ref("base.fr").id,
            industry_id=cls.env["res.partner.industry"].search([], limit=1).id,
            customer_employee_count=12,
            phone="+33 1",
            email="whole@example.com",
            user_id=cls.seller.id,
        )
        cls.bare = cls._customer("Bare")
        cls.firm = cls._customer("Firm", is_company=True)
        cls.prospect = cls._customer("Prospect")
        for customer in (cls.whole, cls.bare, cls.firm):
            for day in (date(2025, 1, 3), date(2025, 3, 3), date(2025, 5, 3)):
                cls._purchase(customer, day, 100)
        cls._recompute()
        cls.env.flush_all()

    def _gaps(self, partner, **domain):
        self.env.flush_all()
        self.env.invalidate_all()
        return self.env["customer.data.gap"].search(
            [("partner_id", "=", partner.id), ("company_id", "=", self.company.id)]
        )

    def _kinds(self, partner):
        return set(self._gaps(partner).mapped("kind"))

    def test_nothing_is_missing(self):
        self.assertFalse(self._kinds(self.whole))
        self.assertFalse(self._profile(self.whole).confidence_text)

    def test_everything_is_missing(self):
        """A person has no industry and no size."""
        self.assertEqual(self._kinds(self.bare), EVERYTHING)
        self.assertEqual(self._kinds(self.firm), {*EVERYTHING, "industry", "size"})

    def test_who_never_bought_is_left_out(self):
        self.assertFalse(self._kinds(self.prospect))

    def test_a_contact_has_a_phone_and_an_email(self):
        """A customer is reached by a contact, if it is not archived."""
        contact = self._customer(
            "Her Clerk", parent_id=self.firm.id, phone="1", email="clerk@example.com"
        )
        self.assertFalse({"phone", "email"} & self._kinds(self.firm))
        contact.active = False
        self.assertLessEqual({"phone", "email"}, self._kinds(self.firm))

    def test_every_gap_says_what_it_prevents(self):
        rows = self._gaps(self.firm)
        self.assertEqual(len(set(rows.mapped("prevents"))), len(rows))
        self.assertFalse(any(rows.mapped("is_doubtful")))

    def test_same_address_or_number(self):
        self.bare.email = "Firm@Example.com"
        self.firm.email = "firm@example.com"
        for customer in (self.bare, self.firm):
            self.assertIn("duplicate", self._kinds(customer))
        self.assertEqual(
            self._profile(self.bare).confidence_text, "Perhaps twice there"
        )
        self.bare.email = False
        self.assertNotIn("duplicate", self._kinds(self.firm))
        (self.bare + self.firm).write({"vat": "/"})
        self.assertNotIn("duplicate", self._kinds(self.firm))

    def test_merge(self):
        (self.bare + self.firm).write({"email": "same@example.com"})
        row = self._gaps(self.bare).filtered(lambda one: one.kind == "duplicate")
        action = row.action_mend()
        wizard = self.env[action["res_model"]].with_context(**action["context"])
        self.assertEqual(wizard.create({}).partner_ids, self.bare + self.firm)
        self.firm.email = False
        with self.assertRaisesRegex(UserError, "no other contact"):
            row.action_mend()

    def test_more_given_back_than_bought(self):
        self._purchase(self.bare, AS_OF, -1_000)
        self._recompute()
        self.assertIn("negative", self._kinds(self.bare))
        self.assertIn("More given back", self._profile(self.bare).confidence_text)

    def test_several_currencies(self):
        dollar = self.env.ref("base.USD")
        dollar.active = True
        self._rate("USD", date(2020, 1, 1), 2)
        self._purchase(self.bare, AS_OF, 10, currency_id=dollar.id)
        self.assertIn("currencies", self._kinds(self.bare))
        self.assertNotIn("currencies", self._kinds(self.firm))

    def test_excluded(self):
        franc = self.env.ref("base.CHF")
        franc.active = True
        self.env["res.currency.rate"].search([("currency_id", "=", franc.id)]).unlink()
        self._purchase(self.bare, AS_OF, 10, currency_id=franc.id)
        self._recompute()
        rows = self._gaps(self.bare)
        self.assertIn("excluded", rows.mapped("kind"))
        row = rows.filtered(lambda one: one.kind == "excluded")
        action = row.action_mend()
        found = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(found.partner_id, self.bare)

    def test_few_orders(self):
        once = self._customer("Once")
        self._purchase(once, AS_OF, 10)
        self._recompute()
        self.assertEqual(self._profile(once).confidence_text, "one order only")
        self._purchase(once, AS_OF, 10)
        self._recompute()
        self.env.invalidate_all()
        self.assertEqual(self._profile(once).confidence_text, "2 orders only")

    def test_mend_the_contact(self):
        action = self._gaps(self.bare)[:1].action_mend()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("res.partner", self.bare.id)
        )
        action = self._profile(self.firm).action_open_data_gaps()
        rows = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(rows.partner_id, self.firm)

    def test_best_tier_first(self):
        rows = self.env["customer.data.gap"].search(
            [("company_id", "=", self.company.id)]
        )
        places = rows.mapped("tier_sequence")
        self.assertEqual(places, sorted(places))

    def test_trend(self):
        """One row a kind and week; counting twice a day changes the row."""
        counts = self.env["customer.data.gap.count"]
        with self.assertQueryCount(2):
            counts._cron_count()
        own = [("company_id", "=", self.company.id)]
        rows = {row.kind: row for row in counts.search(own)}
        self.assertEqual(len(rows), 10)
        row = rows["phone"]
        self.assertEqual((row.customer_count, row.buyer_count), (2, 3))
        self.assertAlmostEqual(row.share, 66.7)
        self.assertEqual(rows["duplicate"].customer_count, 0)
        self.bare.phone = "2"
        self.env.flush_all()
        counts._cron_count()
        self.env.invalidate_all()
        self.assertEqual(counts.search_count(own), 10)
        self.assertEqual(row.customer_count, 1)

    def test_rights(self):
        """Nobody writes a count; other people's contacts are not there."""
        counts = self.env["customer.data.gap.count"]
        officer = self._user("gap_officer", "customer_classification.group_officer")
        with self.assertRaises(AccessError):
            counts.with_user(officer).create(
                {"date": AS_OF, "kind": "phone", "company_id": self.company.id}
            )
        with self.assertRaises(AccessError):
            counts.with_user(self.seller).search([])
        internal = self._user("gap_internal", "base.group_user")
        with self.assertRaises(AccessError):
            self.env["customer.data.gap"].with_user(internal).search([])
        self.env["ir.rule"].create(
            {
                "name": "Own contacts",
                "model_id": self.env.ref("base.model_res_partner").id,
                "groups": [(4, self.env.ref("sales_team.group_sale_salesman").id)],
                "domain_force": "[('user_id', '=', user.id)]",
            }
        )
        rows = self.env["customer.data.gap"].with_user(self.seller).search([])
        self.assertNotIn(self.bare, rows.partner_id)
        bare = self._gaps(self.bare)[:1]
        with self.assertRaises(AccessError):
            bare.with_user(self.seller).action_mend()

    def test_queries(self):
        profiles = self._profile(self.bare) + self._profile(self.firm)
        self.env.flush_all()
        self.env.invalidate_all()
        profiles.mapped("lifetime_order_count")
        with self.assertQueryCount(3):
            profiles.mapped("confidence_text")
