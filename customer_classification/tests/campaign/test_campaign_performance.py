from datetime import date, timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ...models.common.access_groups import MONEY_GROUP
from ..common import AS_OF
from .common import CampaignCase

DAY = date(2025, 5, 10)


@tagged("post_install", "-at_install")
class TestCampaignPerformance(CampaignCase):
    """Class of a campaign, its history, and access to its numbers."""

    def _sold(self, amount, title="Campaign", **values):
        """Create a campaign of one customer with purchases of an amount."""
        campaign = self._campaign(title, **values)
        customer = self._customer(f"Customer of {title}")
        self._participant(campaign, customer, addressed_date=DAY)
        self._order(customer, DAY, amount)
        return campaign

    def _class(self, campaign):
        result = self._result(campaign)
        return result.performance_class, result.performance_reason

    def test_against_the_target(self):
        strong, met, weak = (
            self._sold(amount, str(amount), campaign_target_revenue=1_000)
            for amount in (1_200, 800, 799)
        )
        self._judge()
        self.assertEqual(self._class(strong), ("strong", "target"))
        self.assertEqual(self._class(met), ("on_target", "target"))
        self.assertEqual(self._class(weak), ("weak", "target"))
        self.assertEqual(
            self._result(strong).performance_text,
            "Net revenue reached 120.0 % of the target; strong from 120.0 %, weak "
            "below 80.0 %.",
        )

    def test_goal_decides_the_figure(self):
        campaign = self._sold(10, campaign_goal="leads", campaign_target_leads=2)
        for __ in range(2):
            self.env["crm.lead"].create(
                {
                    "name": "Lead",
                    "type": "lead",
                    "company_id": self.company.id,
                    "campaign_id": campaign.id,
                }
            )
        aware = self._sold(
            10, "Aware", campaign_goal="awareness", campaign_target_participants=4
        )
        self._created(self.env["crm.lead"].search([]), DAY)
        self._judge()
        self.assertEqual(self._class(campaign), ("on_target", "target"))
        self.assertIn("Leads reached 100.0 %", self._result(campaign).performance_text)
        self.assertEqual(self._class(aware), ("weak", "target"))

    def test_against_the_peers(self):
        """The performance is judged against the median of the peers.

        Revenue per participant 100, 100, 100 and 150: the last one's peers have a
        median of 100, the others' one of 100 too.
        """
        kind = self.env.ref("customer_classification.campaign_type_event")
        values = {"campaign_type_id": kind.id}
        peers = [self._sold(100, str(n), **values) for n in range(3)]
        best = self._sold(150, "Best", **values)
        alone = self._sold(150, "Alone")
        running = self._sold(
            150, "Running", campaign_end_date=AS_OF, campaign_type_id=kind.id
        )
        self._judge()
        self.assertEqual(self._class(best), ("strong", "peers"))
        self.assertEqual(self._result(best).peer_count, 3)
        self.assertEqual(
            {self._class(peer) for peer in peers}, {("on_target", "peers")}
        )
        self.assertEqual(self._class(alone), (False, "no_measure"))
        self.assertIn("3 are needed", self._result(alone).performance_text)
        self.assertEqual(self._class(running), (False, "running"))

    def test_not_rated(self):
        later = self._sold(
            10, "Later", start=AS_OF + timedelta(1), campaign_end_date=False
        )
        nobody = self._campaign("Nobody")
        reached = self._sold(
            1_500,
            "Reached",
            campaign_end_date=AS_OF + timedelta(9),
            campaign_target_revenue=1_000,
        )
        missed = self._sold(
            500,
            "Not yet",
            campaign_end_date=AS_OF + timedelta(9),
            campaign_target_revenue=1_000,
        )
        self._judge()
        self.assertEqual(self._class(later), (False, "not_started"))
        self.assertEqual(self._class(nobody), (False, "nobody"))
        self.assertEqual(self._class(reached), ("strong", "target"))
        self.assertEqual(self._class(missed), (False, "running"))
        self.assertIn("still running", self._result(missed).performance_text)

    def test_without_a_last_day_over_when_nothing_can_count(self):
        campaign = self._sold(
            1_000, campaign_end_date=False, campaign_target_revenue=2_000
        )
        self._judge(DAY + timedelta(30))
        self.assertEqual(self._class(campaign), (False, "running"))
        self._judge(DAY + timedelta(31))
        self.assertEqual(self._class(campaign), ("weak", "target"))

    def test_history_with_causes(self):
        campaign = self._sold(500, campaign_target_revenue=1_000)
        self._judge()
        self._order(self._customer_of(campaign), DAY, 700)
        self._judge(AS_OF + timedelta(1))
        self.company._get_customer_policy().state = "retired"
        self._policy(self.company, campaign_strong_percent=150)
        run = self._judge(AS_OF + timedelta(2))
        changes = self._result(campaign).change_ids.sorted("id")
        self.assertEqual(
            [(one.from_class, one.to_class, one.cause) for one in changes],
            [
                (False, "weak", "data"),
                ("weak", "strong", "data"),
                ("strong", "on_target", "rules"),
            ],
        )
        self.assertEqual(changes.mapped("ratio"), [50, 120, 120])
        self.assertEqual(run.campaign_change_count, 1)
        self.assertEqual(run.change_count, 1)
        self.assertIn("1 campaigns looked at", run._result_sentence())
        domain = run.action_open_changes()["domain"]
        self.assertEqual(self.env["campaign.class.change"].search(domain), changes[-1])
        self.assertIn("Strong → On Target", changes[-1].display_name)

    def test_what_part_of_a_revenue_was_reached_is_for_who_may_see_it(self):
        """The reached share of a revenue is shown only with access to revenue.

        By the share and a target of one's own, the revenue could be worked out.
        """
        campaign = self._sold(500, campaign_target_revenue=1_000)
        self._judge()
        officer = self._user("planner", "customer_classification.group_officer")
        result = self._result(campaign)
        self.assertIn("reached 50.0 %", result.performance_text)
        seen = result.with_user(officer)
        self.assertEqual(seen.performance_class, "weak")
        self.assertEqual(
            seen.performance_text, "Its net revenue was compared with its target."
        )
        self.assertIn("compared with its target", seen.findings)
        for text in (seen.findings, seen.scorecard):
            self.assertNotIn("50", text)
        for record, name in (
            (seen, "performance_ratio"),
            (seen.change_ids, "ratio"),
            (campaign.with_user(officer), "campaign_target_revenue"),
        ):
            with self.subTest(name), self.assertRaises(AccessError):
                record.read([name])

    def test_the_list_of_participants_is_as_long_as_its_number(self):
        campaign = self._sold(500)
        self._participant(campaign, self._customer("Left Out"), is_control=True)
        self._participant(campaign, self._customer("Entered"))
        self._judge()
        result = self._result(campaign)
        action = result.action_open_participants()
        listed = self.env[action["res_model"]].search_count(action["domain"])
        self.assertEqual((listed, result.participant_count), (2, 2))

    def _customer_of(self, campaign):
        return campaign.campaign_participant_ids.partner_id

    def test_time_alone(self):
        campaign = self._sold(
            500, campaign_end_date=AS_OF, campaign_target_revenue=1_000
        )
        self._judge()
        self._judge(AS_OF + timedelta(1))
        [change] = self._result(campaign).change_ids
        self.assertEqual((change.to_class, change.cause), ("weak", "time"))

    def test_strengths_and_weaknesses(self):
        campaign = self._sold(
            100,
            campaign_target_revenue=1_000,
            campaign_budget=50,
        )
        self._cost(campaign, DAY, 80)
        campaign.campaign_participant_ids.feedback_score = 90
        self._judge()
        result = self._result(campaign)
        found = str(result.findings)
        self.assertIn("1 customers bought for the first time", found)
        self.assertIn("Feedback of 90 of 100", found)
        self.assertIn("over its budget of 50.00", found)
        self.assertIn("No control group", result.lift_text)
        seller = self._user("performance_seller", "sales_team.group_sale_salesman")
        found = str(result.with_user(seller).findings)
        self.assertIn("Feedback of 90 of 100", found)
        self.assertNotIn("80.00", found)
        self.assertNotIn("80.00", str(campaign.with_user(seller).campaign_findings))
        self.assertIn("80.00", str(campaign.campaign_findings))
        with self.assertRaises(AccessError):
            result.with_user(seller).read(["cost_text"])
        with self.assertRaises(AccessError):
            result.with_user(seller).read(["roi"])
        with self.assertRaises(AccessError):
            campaign.with_user(seller).read(["campaign_revenue"])
        self.assertEqual(campaign.with_user(seller).campaign_performance, "weak")
        with self.assertRaises(AccessError):
            self.env["utm.campaign"].with_user(seller).search(
                [("campaign_revenue", ">", 0)]
            )

    def test_read_in_another_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        campaign = self._sold(100, campaign_target_revenue=1_000)
        self._judge()
        text = self._result(campaign).with_context(lang="zh_CN").performance_text
        self.assertIn("10.0", text)

    def test_tiers_that_stand_out(self):
        """Tiers stand out against half of all: 10 of 10 VIPs and 0 of 10 others."""
        vips = [self._regular(f"VIP {n}", 2_000, until=DAY) for n in range(10)]
        others = [
            self._regular(f"Low {n}", 1, until=date(2024, 12, 1)) for n in range(10)
        ]
        self._recompute(DAY - timedelta(1))
        campaign = self._campaign()
        for customer in vips + others:
            self._participant(campaign, customer, addressed_date=DAY)
        self._judge()
        found = str(self._result(campaign).findings)
        self.assertIn(
            "Of 10 customers of the tier VIP 100.0 % bought, of all 50.0 %.", found
        )
        self.assertIn(
            "Of 10 customers of the tier Low 0.0 % bought, of all 50.0 %.", found
        )

    # Sentences about lift

    def test_lift(self):
        """The lift is proven, or the groups are reported as too small.

        20 of 20 bought with it, 2 of 20 without: works. 1 of 3 against 0 of 1 is too
        small, and the message says how many are needed.
        """
        campaign = self._campaign("Works", campaign_control_share=50)
        partners = self.env["res.partner"].create(
            [{"name": f"Customer {n}"} for n in range(40)]
        )
        campaign._add_campaign_audience(partners, addressed_date=DAY)
        found = campaign.campaign_participant_ids
        control = found.filtered("is_control").partner_id
        self.assertEqual(len(control), 20)
        for partner in (partners - control) | control[:2]:
            self._purchase(partner, DAY, 10)
        self._judge()
        result = self._result(campaign)
        self.assertEqual((result.treated_rate, result.control_rate), (100, 10))
        self.assertEqual((result.lift, result.lift_verdict), (90, "works"))
        self.assertGreater(result.lift_low, 60)
        self.assertIn("It is shown to work.", result.lift_text)
        self.assertIn("It is shown to work.", str(result.findings))
        # 20 × (10 − 1)
        self.assertEqual(result.incremental_revenue, 180)

    def test_too_small_to_conclude(self):
        campaign = self._campaign("Small")
        for number in range(4):
            customer = self._customer(f"Customer {number}")
            self._participant(campaign, customer, is_control=number == 3)
            if number == 0:
                self._order(customer, DAY, 100)
        self._judge()
        result = self._result(campaign)
        self.assertEqual(result.lift_verdict, "unclear")
        # Of both 25 %: (1.96 √0.75 + 0.8416 √(2/9))² / (1/9) = 39.5 treated and a third
        # of them left out: 53 needed, 4 are there.
        self.assertEqual(result.lift_more, 49)
        self.assertIn(
            "Too small to conclude; about 49 more customers, shared out in the same "
            "way, are needed to find such a difference with a chance of 80 %.",
            result.lift_text,
        )

    def test_left_out_but_reached(self):
        campaign = self._campaign()
        customer = self._customer()
        self._participant(campaign, customer, is_control=True)
        self._order(customer, DAY, 100, campaign_id=campaign.id)
        self._judge()
        result = self._result(campaign)
        self.assertEqual(result.contaminated_count, 1)
        self.assertEqual((result.participant_count, result.revenue), (0, 0))
        self.assertIn("reached all the same", str(result.findings))

    # Classes of the participants

    def test_classes_and_tags_of_then(self):
        """The report shows the classes and tags of the day of the first touch.

        A VIP on the day of the first touch, medium today; the tag was taken away.
        """
        tag, late = self.env["res.partner.category"].create(
            [{"name": "Then"}, {"name": "Since"}]
        )
        customer = self._regular(
            "Then a VIP", 1_000, until=date(2024, 12, 31), category_id=tag.ids
        )
        self._recompute(date(2025, 1, 1))
        campaign = self._campaign()
        self._participant(campaign, customer, addressed_date=DAY)
        self._created(self.env["classification.tag.change"].search([]), DAY)
        self.env["customer.purchase"].search(
            [("partner_id", "=", customer.id)]
        ).amount = 100
        self._recompute()
        customer.category_id = late
        self._judge()
        found = self._part(campaign, customer)
        self.assertEqual(found.value_tier_id, self._tier("vip"))
        self.assertTrue(found.lifecycle_stage_id)
        rows = self.env["campaign.participant.tag"].search(
            [("campaign_id", "=", campaign.id)]
        )
        self.assertEqual(rows.tag_id, tag)
        self.assertEqual(rows.participant_id, found)

    # Companies

    def test_a_campaign_of_all_companies(self):
        other = self._company("Other Ltd", currency="USD")
        self.env.user.company_ids |= other
        policy = self._policy(other, name="Rules of the other")
        campaign = self._campaign("Of all", company_id=False)
        customer = self._customer()
        self._participant(campaign, customer, addressed_date=DAY)
        self._order(customer, DAY, 100)
        self._purchase(customer, DAY, 7, company_id=other.id)
        self._cost(campaign, DAY, 5)
        found = self._customer("Found in both")
        self._order(found, DAY, 1_000, campaign_id=campaign.id)
        lead = self.env["crm.lead"].create(
            {
                "name": "Lead",
                "partner_id": found.id,
                "company_id": other.id,
                "campaign_id": campaign.id,
            }
        )
        self._created(lead, DAY)
        self._judge()
        self._judge(policy=policy)
        self.assertEqual(len(self._part(campaign, found)), 2)
        here, there = self._result(campaign), self._result(campaign, other)
        self.assertEqual((here.revenue, here.cost), (1_100, 5))
        # The other company recorded nobody: this one's visitor is not its participant.
        self.assertEqual((there.revenue, there.has_cost), (0, False))
        elsewhere = campaign.with_context(allowed_company_ids=other.ids)
        self.assertEqual(elsewhere.campaign_profile_id, there)
        self.assertEqual(campaign.campaign_profile_id, here)
        # Given to the company, the campaign loses the results of the other.
        campaign.company_id = self.company
        self.assertFalse(there.exists())
        self.assertFalse(self._part(campaign, found))
        self._judge()
        self.assertEqual(self._part(campaign, found).company_id, self.company)
        self.assertFalse(elsewhere.campaign_profile_id)

    def test_other_companies_see_nothing(self):
        campaign = self._sold(100)
        self._judge()
        other = self._company("Other Ltd")
        user = self._user("performance_other", MONEY_GROUP)
        user.write(
            {"company_id": other.id, "company_ids": [fields.Command.set(other.ids)]}
        )
        seen = campaign.with_user(user).with_context(allowed_company_ids=other.ids)
        self.assertFalse(seen.campaign_profile_id)
        self.assertEqual(seen.campaign_revenue, 0)
        for name in ("campaign.profile", "campaign.participant"):
            found = self.env[name].with_user(user)
            found = found.with_context(allowed_company_ids=other.ids)
            self.assertFalse(found.search([("campaign_id", "=", campaign.id)]), name)

    # Runs

    def test_rights_to_run(self):
        user = self._user("performance_user", "sales_team.group_sale_salesman")
        with self.assertRaises(AccessError):
            self.policy.with_user(user).recompute_campaigns()
        with self.assertRaises(AccessError):
            self._campaign().with_user(user).action_choose_audience()

    def test_not_backwards(self):
        self._judge()
        with self.assertRaisesRegex(UserError, "already"):
            self._judge(AS_OF - timedelta(1))

    def test_customer_runs_do_not_see_campaign_runs(self):
        run = self._recompute()
        judged = self._judge()
        runs = self.env["classification.run"]
        self.assertEqual(runs._last_run(self.company), run)
        self.assertEqual(runs._last_full_run(self.policy), run)
        self.assertEqual(self.policy.last_run_id, run)
        self.assertEqual(runs._last_run_of_kind(self.company, "campaign"), judged)

    def test_nightly_run_and_button(self):
        today = fields.Date.today()
        campaign = self._campaign(start=today - timedelta(9), campaign_end_date=today)
        self._participant(campaign, self._customer())
        action = self.policy.action_recompute_campaigns()
        run = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual((run.kind, run.state), ("campaign", "queued"))
        again = self.policy.action_recompute_campaigns()
        self.assertEqual(again["res_id"], run.id)
        with self.enter_registry_test_mode():
            cron = self.env.ref("customer_classification.ir_cron_recompute")
            cron.method_direct_trigger()
        self.env.invalidate_all()
        self.assertEqual(self._result(campaign).participant_count, 1)
        queue = self.env["classification.run"].search(
            [("kind", "=", "campaign"), ("company_id", "=", self.company.id)]
        )
        self.assertEqual(queue.mapped("state"), ["done"])

    def test_rules(self):
        draft = self.env["classification.policy"].create(
            {
                "name": "Draft",
                "company_id": self.company.id,
                "campaign_attribution_days": 14,
                "campaign_attribution_model": "first",
            }
        )
        for values in (
            {"campaign_strong_percent": 70},
            {"campaign_weak_percent": 0},
            {"campaign_attribution_days": -1},
            {"campaign_margin_percent": 101},
            {"campaign_min_peers": 0},
            {"campaign_confidence_percent": 100},
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                draft.write(values)
        with self.assertRaises(UserError):
            self.policy.campaign_attribution_days = 7
        rules = draft._to_file()["rules"]
        self.assertEqual(rules["campaign_attribution_days"], 14)
        changes = {label: new for label, __, new in draft._changes_since(self.policy)}
        self.assertEqual(changes["Campaign Attribution Window"], "14 days")
        self.assertEqual(changes["Campaign Attribution"], "First touch")

    def test_no_campaign_at_all(self):
        run = self._judge()
        self.assertEqual((run.looked_at_count, run.written_count), (0, 0))
