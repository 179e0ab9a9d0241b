import ast

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import CampaignCase


@tagged("post_install", "-at_install")
class TestCampaignStart(CampaignCase):
    """From a list, a tier, a stage or a tag to a campaign with its audience."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.big = cls._regular("Big", 1_000, is_company=True)
        cls.contact = cls._customer("Contact of Big", parent_id=cls.big.id)
        cls.middle = cls._regular("Middle", 100)
        cls.small = cls._regular("Small", 10)
        cls.customers = cls.big | cls.middle | cls.small
        cls._recompute()
        cls.env = cls.env(
            context={**cls.env.context, "allowed_company_ids": cls.company.ids}
        )
        cls.profiles = cls.env["customer.profile"].search(
            [("partner_id", "in", cls.customers.ids)]
        )

    def _wizard(self, records=None, domain=None, **values):
        wizards = self.env["campaign.start"]
        if records is not None:
            context = {"active_model": records._name, "active_ids": records.ids}
            if domain is not None:
                context["active_domain"] = domain
            wizards = wizards.with_context(**context)
        return wizards.create({"title": "For them", **values})

    def _started(self, wizard):
        action = wizard.action_start()
        self.assertEqual(action["res_model"], "utm.campaign")
        return self.env["utm.campaign"].browse(action["res_id"])

    def _customers_of(self, campaign):
        return campaign.campaign_participant_ids.partner_id

    def test_of_a_selection_each_customer_once(self):
        wizard = self._wizard(self.big | self.contact | self.small)
        self.assertEqual((wizard.audience, wizard.customer_count), ("selected", 2))
        self.assertFalse(wizard.can_be_live)
        campaign = self._started(wizard)
        self.assertEqual(self._customers_of(campaign), self.big | self.small)
        self.assertEqual(campaign.company_id, self.company)
        self.assertEqual(campaign.campaign_audience_mode, "frozen")
        self.assertEqual(
            set(campaign.campaign_participant_ids.mapped("source")), {"audience"}
        )

    def test_from_each_list_of_customers(self):
        changes = self.env["classification.change"].search(
            [("partner_id", "=", self.big.id)]
        )
        history = self.env["classification.history"].search(
            [("partner_id", "=", self.big.id)]
        )
        profile = self.profiles.filtered(lambda one: one.partner_id == self.big)
        for records in (changes, history, profile):
            with self.subTest(model=records._name):
                self.assertTrue(records)
                campaign = self._started(self._wizard(records))
                self.assertEqual(self._customers_of(campaign), self.big)

    def test_all_that_a_list_shows_beyond_what_odoo_names(self):
        self.env["ir.config_parameter"].set_param("web.active_ids_limit", "2")
        domain = [("partner_id", "in", self.customers.ids)]
        wizard = self._wizard(self.profiles[:2], domain)
        self.assertEqual((wizard.audience, wizard.customer_count), ("filter", 3))

    def test_a_part_of_what_a_list_shows(self):
        domain = [("partner_id", "in", self.customers.ids)]
        wizard = self._wizard(self.profiles[:2], domain)
        self.assertEqual((wizard.audience, wizard.customer_count), ("selected", 2))
        wizard.audience = "filter"
        self.assertEqual(wizard.customer_count, 3)

    def test_a_list_that_is_followed(self):
        """A filter of the customers becomes the filter of the campaign."""
        domain = [
            ("revenue", ">", 500),
            ("partner_id", "in", self.customers.ids),
        ]
        wizard = self._wizard(
            self.profiles.filtered_domain(domain), domain, audience="filter"
        )
        self.assertTrue(wizard.can_be_live)
        wizard.audience_mode = "live"
        campaign = self._started(wizard)
        self.assertEqual(campaign.campaign_audience_mode, "live")
        self.assertIn(
            ("customer_profile_id.revenue", ">", 500),
            ast.literal_eval(campaign.campaign_target_domain),
        )
        wanted = self.profiles.filtered_domain(domain).partner_id
        self.assertEqual(self._customers_of(campaign), wanted)
        self.assertEqual(campaign._campaign_audience().commercial_partner_id, wanted)

    def test_days_that_are_over_are_not_followed(self):
        changes = self.env["classification.change"].search([], limit=2)
        with self.assertRaises(ValidationError):
            self._wizard(changes, [], audience="filter", audience_mode="live")

    def test_of_a_tier_a_stage_and_a_tag(self):
        profile = self.profiles.filtered(lambda one: one.partner_id == self.big)
        tag = self.env["res.partner.category"].create({"name": "Asked for news"})
        self.big.category_id = tag
        for values in (
            {"tier_ids": profile.value_tier_id.ids},
            {"stage_ids": profile.lifecycle_stage_id.ids, "tag_ids": tag.ids},
            {"segment_ids": profile.segment_id.ids},
        ):
            campaign = self._started(self._wizard(audience="classes", **values))
            self.assertIn(self.big, self._customers_of(campaign))
            self.assertEqual(
                campaign._campaign_audience().commercial_partner_id,
                self._customers_of(campaign),
            )

    def test_into_a_campaign_that_is_there(self):
        campaign = self._campaign()
        self._participant(campaign, self.big)
        wizard = self._wizard(self.customers, is_new="known", campaign_id=campaign.id)
        self.assertEqual(self._started(wizard), campaign)
        self.assertEqual(self._customers_of(campaign), self.customers)
        self.assertEqual(len(campaign.campaign_participant_ids), 3)

    def test_a_control_group_is_left_out(self):
        prospects = self.env["res.partner"].create(
            [{"name": f"Prospect {number}"} for number in range(6)]
        )
        campaign = self._started(self._wizard(prospects, control_share=50))
        control = campaign.campaign_participant_ids.filtered("is_control")
        self.assertEqual(len(control), 3)

    def test_nobody_no_name_no_campaign(self):
        with self.assertRaisesRegex(UserError, "Nobody"):
            self._wizard(audience="classes").action_start()
        with self.assertRaisesRegex(UserError, "name"):
            self._wizard(self.big, title=False).action_start()
        with self.assertRaisesRegex(UserError, "Choose the campaign"):
            self._wizard(self.big, is_new="known").action_start()

    def test_as_many_queries_for_many_as_for_few(self):
        few = self._wizard(self.big)
        many = self._wizard(self.customers)
        counts = []
        for wizard in (few, few, many):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            wizard.action_start()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[2])

    # As the form tells it

    def test_audience_of_a_selection(self):
        """Nobody is "meant" by targets, and three are chosen."""
        campaign = self._started(self._wizard(self.profiles))
        self.assertEqual(len(campaign.campaign_participant_ids), 3)
        self.assertFalse(campaign.campaign_has_targets)
        self.assertEqual(
            campaign.campaign_audience_text, "3, nobody left out: no control group"
        )
        campaign.campaign_participant_ids[0].is_control = True
        campaign.invalidate_recordset()
        self.assertEqual(
            campaign.campaign_audience_text,
            "3, of whom 1 (33.3 %) are left out by chance as the control group",
        )

    def test_audience_of_targets(self):
        campaign = self._campaign(campaign_target_domain="[('name', 'ilike', 'Big')]")
        self.assertTrue(campaign.campaign_has_targets)
        self.assertFalse(campaign.campaign_audience_text)
        self.assertGreaterEqual(campaign.campaign_audience_count, 1)

    def test_audiences_are_told_by_one_query(self):
        campaigns = self._campaign() | self._campaign()
        campaigns.invalidate_recordset()
        campaigns.mapped("campaign_has_targets")
        with self.assertQueryCount(1):
            campaigns.mapped("campaign_audience_text")
