from datetime import timedelta

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from ..common import AS_OF
from ..playbook_common import PlaybookCase


@tagged("post_install", "-at_install")
class TestReferral(PlaybookCase):
    """Recommendations, and what came of them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.firm = cls._regular("Firm", 300, is_company=True)
        cls.eve = cls._customer("Eve", parent_id=cls.firm.id)
        cls.vip = cls._regular("Vip", 5_000, customer_referrer_id=cls.eve.id)
        cls.small = cls._regular("Small", 10, customer_referrer_id=cls.firm.id)
        cls.quiet = cls._customer("Quiet", customer_referrer_id=cls.eve.id)
        cls.all = cls.firm | cls.eve | cls.vip | cls.small | cls.quiet
        cls._recompute()

    def _found(self, *domain):
        return self.env["res.partner"].search(
            [("id", "in", self.all.ids), *domain], order="id"
        )

    # Numbers

    def test_who_brought_how_many_of_which_value(self):
        revenue = sum(self._profile(one).revenue for one in (self.vip, self.small))
        self.assertTrue(revenue)
        for partner in (self.firm, self.eve):
            self.assertEqual(partner.customer_referral_count, 2)
            self.assertEqual(partner.customer_referral_revenue, revenue)
            self.assertEqual(partner.customer_referral_text, "VIP: 1, Low: 1")
        self.assertFalse(self.vip.customer_referral_count)
        self.assertFalse(self.vip.customer_referral_text)
        action = self.firm.action_open_customer_referrals()
        found = self.env["customer.profile"].search(action["domain"]).partner_id
        self.assertLessEqual(self.vip | self.small, found)

    def test_searched(self):
        self.assertEqual(
            self._found(("customer_referral_count", ">=", 2)), self.firm | self.eve
        )
        self.assertEqual(
            self._found(("customer_referral_count", "=", 0)),
            self.vip | self.small | self.quiet,
        )
        self.assertEqual(
            self._found(("customer_referral_revenue", ">", 100)), self.firm | self.eve
        )
        self.assertFalse(self._found(("customer_referral_count", ">", 2)))

    def test_other_companies_have_their_own(self):
        other = self._company("Other")
        firm = self.firm.with_context(allowed_company_ids=other.ids)
        self.assertEqual(firm.with_company(other).customer_referral_count, 0)

    def test_amounts_are_for_who_sees_all_sales(self):
        own = self.firm.with_user(self.seller)
        self.assertEqual(own.customer_referral_count, 2)
        with self.assertRaises(AccessError):
            self.env["res.partner"].with_user(self.seller).search(
                [("customer_referral_revenue", ">", 0)]
            )

    def test_contacts_of_the_context(self):
        """A client's context gives no contact that the client may not read."""
        secret = self._customer("Secret", company_id=self._company("Other").id)
        given = {"default_customer_referrer_id": secret.id}
        for model, values in (
            ("res.partner", {"name": "New"}),
            ("crm.lead", {"name": "New"}),
        ):
            own = self.env[model].with_user(self.manager).with_context(**given)
            with self.assertRaises(AccessError):
                own.create(values)

    def test_nobody_counts_who_objects(self):
        self.vip.customer_objects_profiling = True
        self.env.invalidate_all()
        self.assertEqual(self.firm.customer_referral_count, 1)
        self.assertEqual(self.firm.customer_referral_text, "Low: 1")

    def test_queries(self):
        """One for any number of contacts."""
        names = ["customer_referral_count", "customer_referral_revenue"]
        for partners in (self.firm, self.all):
            partners.mapped("customer_referral_count")
            partners.invalidate_recordset(names)
            with self.assertQueryCount(1):
                partners.mapped("customer_referral_count")
                partners.mapped("customer_referral_revenue")

    # Checks

    def test_not_oneself_and_no_loops(self):
        for partner, referrer in (
            (self.vip, self.vip),
            (self.firm, self.eve),
            (self.firm, self.vip),
            (self.firm, self.small),
        ):
            with self.subTest(partner=partner.name):
                with self.assertRaises(ValidationError), self.cr.savepoint():
                    partner.customer_referrer_id = referrer
        self.vip.customer_referrer_id = self.small
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self.firm.customer_referrer_id = self.vip

    def test_own_company(self):
        other = self._company("Other")
        foreign = self._customer("Foreign", company_id=other.id)
        with self.assertRaises(ValidationError), self.cr.savepoint():
            self.vip.customer_referrer_id = foreign
        self.vip.customer_referrer_id = False
        mine = self._customer("Mine", company_id=other.id)
        mine.customer_referrer_id = foreign
        with self.assertRaises(ValidationError), self.cr.savepoint():
            mine.company_id = self.company

    def test_only_who_may_be_read(self):
        self.env["ir.rule"].create(
            {
                "name": "Not Vip",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.vip.id})]",
            }
        )
        manager = self.env["res.partner"].with_user(self.manager)
        for call in (
            lambda: manager.create(
                {"name": "New", "customer_referrer_id": self.vip.id}
            ),
            lambda: manager.browse(self.quiet.id).write(
                {"customer_referrer_id": self.vip.id}
            ),
            lambda: self.env["crm.lead"]
            .with_user(self.manager)
            .create({"name": "New", "customer_referrer_id": self.vip.id}),
        ):
            with self.assertRaises(AccessError), self.cr.savepoint():
                call()

    def test_merged_contacts_do_not_recommend_themselves(self):
        self.small.customer_referrer_id = self.vip
        wizard = self.env["base.partner.merge.automatic.wizard"].create({})
        wizard._merge((self.firm | self.small).ids, self.firm)
        self.assertFalse(self.firm.customer_referrer_id)
        self.assertEqual(self.vip.customer_referrer_id, self.eve)

    # Leads

    def _lead(self, **values):
        return self.env["crm.lead"].create(
            {"name": "Chance", "customer_referrer_id": self.eve.id, **values}
        )

    def _convert(self, lead):
        lead._handle_partner_assignment(create_missing=True)
        return lead.partner_id.commercial_partner_id

    def test_the_lead_hands_it_on(self):
        lead = self._lead(contact_name="Nora", partner_name="Nora Ltd")
        customer = self._convert(lead)
        self.assertTrue(customer.is_company)
        self.assertEqual(customer.customer_referrer_id, self.eve)

    def test_conversion_by_the_wizard(self):
        lead = self._lead(contact_name="Nora", type="lead")
        wizard = self.env["crm.lead2opportunity.partner"].with_context(
            active_model="crm.lead", active_id=lead.id, active_ids=lead.ids
        )
        wizard.create({"name": "convert", "action": "create"}).action_apply()
        self.assertEqual(lead.partner_id.customer_referrer_id, self.eve)

    def test_what_is_known_stays(self):
        known = self._customer("Known", customer_referrer_id=self.small.id)
        self._convert(self._lead(partner_id=known.id))
        self.assertEqual(known.customer_referrer_id, self.small)

    def test_who_had_bought_before_was_not_brought(self):
        old = self._regular("Old", 10)
        self._recompute()
        self._convert(self._lead(partner_id=old.id))
        self.assertFalse(old.customer_referrer_id)

    def test_a_refused_one_does_not_stop_the_conversion(self):
        lead = self._lead(partner_id=self.eve.id)
        self._convert(lead)
        self.assertFalse(self.firm.customer_referrer_id)
        self.quiet.customer_referrer_id = False
        looped = self._lead(partner_id=self.quiet.id)
        self.firm.customer_referrer_id = self.quiet
        self._convert(looped)
        self.assertFalse(self.quiet.customer_referrer_id)

    def test_merged_leads_keep_it(self):
        leads = self._lead() | self.env["crm.lead"].create({"name": "Other"})
        self.assertEqual(leads.merge_opportunity().customer_referrer_id, self.eve)

    # Smart tag and playbook

    def test_smart_tag_opens_a_playbook(self):
        """The tag of the library, for bringing a customer, opens a case."""
        rule = self.env.ref("customer_classification.tag_rule_recommends").copy(
            {"company_id": self.company.id, "active": True}
        )
        tag = self.env["res.partner.category"].create({"name": "Brings customers"})
        rule.partner_tag_id = tag
        playbook = self._playbook(axis="tag", tag_id=tag.id)
        rule.action_start()
        self._deliver()
        self.assertIn(tag, self.firm.category_id)
        self.assertEqual(
            self.cases.search([("playbook_id", "=", playbook.id)]).partner_id,
            self.firm,
        )

    def test_condition_of_a_playbook(self):
        playbook = self._playbook(
            domain="[('customer_referral_count', '>', 0)]",
            tier_ids=self._tier("vip").ids,
        )
        other = self._regular("Other", 300)
        day = AS_OF + timedelta(days=1)
        with self._on(day):
            self._enter(self.firm, other, day=day)
        self.assertEqual(
            self.cases.search([("playbook_id", "=", playbook.id)]).partner_id,
            self.firm,
        )
