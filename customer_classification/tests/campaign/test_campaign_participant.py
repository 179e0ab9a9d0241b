from datetime import date, timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ..common import AS_OF
from .common import CampaignCase


@tagged("post_install", "-at_install")
class TestCampaignParticipant(CampaignCase):
    """Participants: entered, imported, chosen and in the control group."""

    def test_a_contact_stands_for_its_company(self):
        company = self._customer("Company", is_company=True)
        contact = self._customer("Contact", parent_id=company.id)
        found = self._participant(self._campaign(), contact)
        self.assertEqual((found.partner_id, found.contact_id), (company, contact))
        self.assertEqual((found.source, found.is_entered), ("manual", True))
        self.assertEqual(found.company_id, self.company)

    def test_without_a_day_addressed_on_the_first_day(self):
        customer = self._customer()
        found = self._participant(self._campaign(), customer)
        self.assertEqual(found.addressed_date, date(2025, 5, 1))
        later = self._campaign(
            start=fields.Date.today() + timedelta(30), campaign_end_date=False
        )
        found = self._participant(later, customer)
        self.assertEqual(found.addressed_date, fields.Date.context_today(found))
        found = self._participant(
            self._campaign(), customer, answered_date=date(2025, 5, 9)
        )
        self.assertFalse(found.addressed_date)

    def test_left_out_is_not_addressed(self):
        found = self._participant(self._campaign(), self._customer(), is_control=True)
        self.assertFalse(found.addressed_date)

    def test_feedback(self):
        campaign = self._campaign()
        good = self._participant(campaign, self._customer("1"), feedback_score=80)
        bad = self._participant(campaign, self._customer("2"), feedback_score=0)
        none = self._participant(campaign, self._customer("3"))
        form = self._participant(
            campaign, self._customer("4"), feedback_score=0, has_feedback=False
        )
        known = [one.has_feedback for one in (good, bad, none, form)]
        self.assertEqual(known, [True, True, False, False])
        with self.assertRaises(ValidationError):
            good.feedback_score = 101

    def test_import_knows_who_is_there(self):
        campaign = self._campaign()
        customer = self._customer("Known", ref="known-1")
        self._participant(campaign, customer)
        self._customer("Fresh", ref="fresh-1")
        result = (
            self.env["campaign.participant"]
            .with_context(import_file=True)
            .load(
                ["campaign_id/.id", "partner_id", "answered_date", "feedback_score"],
                [
                    [str(campaign.id), "Known", "2025-05-10", "90"],
                    [str(campaign.id), "Fresh", "2025-05-11", ""],
                    [str(campaign.id), "Fresh", "2025-05-12", "40"],
                ],
            )
        )
        self.assertFalse(result["messages"])
        self.assertEqual(len(campaign.campaign_participant_ids), 2)
        known, fresh = campaign.campaign_participant_ids.sorted("id")
        self.assertEqual(known.answered_date, date(2025, 5, 10))
        self.assertEqual(known.addressed_date, date(2025, 5, 1))
        self.assertEqual(fresh.answered_date, date(2025, 5, 12))
        self.assertEqual(fresh.feedback_score, 40)

    def test_merged_customers_take_part_once(self):
        first, second = self._customer("First"), self._customer("Second")
        one, two = self._campaign("One"), self._campaign("Two")
        self._participant(one, first, addressed_date=date(2025, 5, 5))
        self._participant(
            one,
            second,
            addressed_date=date(2025, 5, 2),
            answered_date=date(2025, 5, 9),
            feedback_score=60,
        )
        self._participant(two, second)
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (first | second).ids, first
        )
        self.assertFalse(second.exists())
        here = self._part(one, first)
        self.assertEqual(len(here), 1)
        self.assertEqual(here.addressed_date, date(2025, 5, 2))
        self.assertEqual(here.answered_date, date(2025, 5, 9))
        self.assertEqual(here.feedback_score, 60)
        self.assertEqual(len(self._part(two, first)), 1)

    # The audience

    def _customers_by_tier(self):
        """20 VIPs and 10 customers of a medium tier."""
        return [self._regular(f"VIP {n}", 2_000) for n in range(20)], [
            self._regular(f"Medium {n}", 100) for n in range(10)
        ]

    def test_control_group_in_each_tier(self):
        vips, mediums = self._customers_by_tier()
        self._recompute()
        campaign = self._campaign(
            campaign_target_tier_ids=(self._tier("vip") | self._tier("medium")).ids,
            campaign_control_share=20,
        )
        self.assertEqual(campaign.campaign_audience_count, 30)
        campaign.action_choose_audience()
        found = campaign.campaign_participant_ids
        self.assertEqual(len(found), 30)
        self.assertEqual(set(found.mapped("source")), {"audience"})
        for members, left_out in ((vips, 4), (mediums, 2)):
            ids = [member.id for member in members]
            control = found.filtered(
                lambda one, ids=ids: one.partner_id.id in ids and one.is_control
            )
            self.assertEqual(len(control), left_out)
        self.assertFalse(found.filtered("addressed_date"))
        campaign.action_note_addressed()
        addressed = found.filtered("addressed_date")
        self.assertEqual(len(addressed), 24)
        self.assertFalse(addressed.filtered("is_control"))

    def test_the_same_choice_again(self):
        vips, __ = self._customers_by_tier()
        self._recompute()
        partners = self.env["res.partner"].browse([one.id for one in vips])
        first, again = (self._campaign(campaign_control_share=30) for __ in range(2))
        other = self._campaign(campaign_control_share=30)

        def left_out(campaign):
            found = campaign.campaign_participant_ids.filtered("is_control")
            return set(found.partner_id.ids)

        self.assertEqual(first._add_campaign_audience(partners), 20)
        chosen = left_out(first)
        self.assertEqual(len(chosen), 6)
        self.assertEqual(first._add_campaign_audience(partners), 0)
        self.assertEqual(left_out(first), chosen)
        again._add_campaign_audience(partners)
        other._add_campaign_audience(partners)
        self.assertNotEqual(left_out(again), chosen)
        self.assertNotEqual(left_out(other), left_out(again))

    def test_newcomers_keep_the_share(self):
        partners = self.env["res.partner"].create(
            [{"name": f"Customer {n}"} for n in range(10)]
        )
        campaign = self._campaign(campaign_control_share=10)
        campaign._add_campaign_audience(partners[:5])
        campaign._add_campaign_audience(partners)
        found = campaign.campaign_participant_ids
        self.assertEqual(len(found), 10)
        self.assertEqual(len(found.filtered("is_control")), 1)

    def test_audience_of_segments(self):
        """The audience of segments has the customers of the last run's segments.

        All conditions must hold.
        """
        vips, mediums = self._customers_by_tier()
        self._recompute()
        partners = self.env["res.partner"]
        vips, mediums = partners.union(*vips), partners.union(*mediums)
        by_segment = (vips | mediums).grouped("customer_segment_id")
        self.assertTrue(all(by_segment))
        for segment, own in by_segment.items():
            campaign = self._campaign(campaign_target_segment_ids=segment.ids)
            self.assertEqual(campaign._campaign_audience(), own.sorted("id"))
            self.assertEqual(campaign.campaign_audience_count, len(own))
        campaign = self._campaign(
            campaign_target_segment_ids=[one.id for one in by_segment],
            campaign_target_tier_ids=self._tier("medium").ids,
        )
        self.assertEqual(campaign._campaign_audience(), mediums.sorted("id"))
        campaign.action_choose_audience()
        self.assertEqual(campaign.campaign_participant_ids.partner_id, mediums)

    def test_archived_targets_go_on_restricting(self):
        """An audience does not grow because a class or tag was archived."""
        vips, mediums = self._customers_by_tier()
        self._recompute()
        segment = self.env["customer.segment"].create({"name": "Own", "code": "own"})
        tag = self.env["res.partner.category"].create({"name": "Own"})
        (vips[0] | mediums[0]).category_id = tag
        vip = self._tier("vip")
        for name, target in (
            ("campaign_target_segment_ids", segment),
            ("campaign_target_tag_ids", tag),
        ):
            campaign = self._campaign(
                **{name: target.ids, "campaign_target_tier_ids": vip.ids}
            )
            meant = campaign._campaign_audience()
            target.active = False
            campaign.invalidate_recordset()
            self.assertEqual(campaign[name], target)
            self.assertLessEqual(campaign._campaign_audience(), meant)
        with self.assertRaisesRegex(UserError, "is for customers of this segment"):
            segment.unlink()

    def test_live_audience(self):
        campaign = self._campaign(
            campaign_target_tier_ids=self._tier("vip").ids,
            campaign_audience_mode="live",
            campaign_end_date=date(2025, 12, 31),
        )
        frozen = self._campaign(campaign_target_tier_ids=self._tier("vip").ids)
        over = self._campaign(
            campaign_target_tier_ids=self._tier("vip").ids,
            campaign_audience_mode="live",
        )
        vip = self._regular("VIP", 2_000)
        self._recompute()
        self._judge()
        self.assertEqual(self._part(campaign, vip).source, "audience")
        self.assertFalse(self._part(frozen, vip))
        self.assertFalse(self._part(over, vip))

    def test_filter_that_names_what_is_no_more(self):
        campaign = self._campaign()
        with self.assertRaisesRegex(ValidationError, "nonsense"):
            campaign.campaign_target_domain = "[('nonsense', '=', 1)]"
        tag = self.env["res.partner.category"].create({"name": "Tag"})
        self._customer("Tagged", category_id=tag.ids)
        campaign.campaign_target_domain = f"[('category_id', 'in', [{tag.id}])]"
        self.assertEqual(campaign.campaign_audience_count, 1)
        tag.unlink()
        campaign.invalidate_recordset()
        self.assertEqual(campaign.campaign_audience_count, 0)
        with self.assertRaises(UserError):
            campaign.action_choose_audience()

    def test_nobody_is_meant(self):
        with self.assertRaisesRegex(UserError, "Nobody is meant"):
            self._campaign().action_choose_audience()

    def test_queries_do_not_grow_with_the_audience(self):
        partners = self.env["res.partner"].create(
            [{"name": f"Customer {n}"} for n in range(50)]
        )
        campaign = self._campaign(campaign_control_share=10)
        self.env.flush_all()
        with self.assertQueryCount(2):
            campaign._add_campaign_audience(partners)

    def test_rights(self):
        campaign = self._campaign()
        customer = self._customer()
        user = self._user("campaign_seller", "sales_team.group_sale_salesman")
        officer = self._user(
            "campaign_officer", "customer_classification.group_officer"
        )
        with self.assertRaises(AccessError):
            campaign.with_user(user)._add_campaign_audience(customer)
        campaign.with_user(officer)._add_campaign_audience(customer)
        seen = self._part(campaign, customer)
        self.assertTrue(seen.with_user(user).source)
        with self.assertRaises(AccessError):
            seen.with_user(user).read(["revenue"])
        with self.assertRaises(AccessError):
            campaign.with_user(user).read(["campaign_budget"])
        self.assertTrue(campaign.with_user(officer).read(["campaign_budget"]))

    # Plain rules

    def test_dates_and_numbers(self):
        campaign = self._campaign()
        for values in (
            {"campaign_end_date": date(2025, 4, 30)},
            {"campaign_budget": -1},
            {"campaign_target_leads": -1},
            {"campaign_control_share": 51},
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                campaign.write(values)

    def test_channel_follows_the_media(self):
        online = self.env["utm.medium"].create(
            {"name": "Web here", "customer_origin": "online"}
        )
        offline = self.env["utm.medium"].create(
            {"name": "Poster", "customer_origin": "offline"}
        )
        campaign = self._campaign(campaign_medium_ids=online.ids)
        self.assertEqual(campaign.campaign_channel, "online")
        campaign.campaign_medium_ids |= offline
        self.assertEqual(campaign.campaign_channel, "both")
        campaign.campaign_channel = "offline"
        self.assertEqual(campaign.campaign_channel, "offline")

    def test_types_in_a_tree(self):
        event = self.env.ref("customer_classification.campaign_type_event")
        webinar = self.env.ref("customer_classification.campaign_type_webinar")
        self.assertEqual(webinar.display_name, "Event / Webinar")
        with self.assertRaises(UserError):
            event.parent_id = webinar
        self._campaign(campaign_type_id=webinar.id)
        self._campaign(campaign_type_id=event.id)
        self.env.invalidate_all()
        for kind, count in ((webinar, 1), (event, 2)):
            domain = kind.action_open_campaigns()["domain"]
            self.assertEqual(self.env["utm.campaign"].search_count(domain), count)
            self.assertEqual(kind.campaign_count, count)

    def test_day_of_the_run_is_not_the_clock(self):
        """Days that people entered ahead count when they come."""
        campaign = self._campaign()
        customer = self._customer()
        self._participant(campaign, customer, joined_date=AS_OF + timedelta(1))
        self._judge()
        self.assertEqual(self._result(campaign).participant_count, 0)
        self._judge(AS_OF + timedelta(1))
        self.assertEqual(self._result(campaign).participant_count, 1)
