from datetime import date

from lxml import html

from odoo.tests import tagged

from .common import CampaignCase

DAY = date(2025, 5, 10)


@tagged("post_install", "-at_install")
class TestCampaignScorecard(CampaignCase):
    """Target against actual, figure by figure."""

    def _lines(self, campaign, user=None):
        """``{label: (target, usual, actual, percent)}``"""
        campaign = campaign.with_company(self.company)
        if user:
            campaign = campaign.with_user(user).with_context(
                allowed_company_ids=self.company.ids
            )
        table = html.fromstring(campaign.campaign_scorecard)
        rows = [
            [" ".join(cell.text_content().split()) for cell in row.findall("td")]
            for row in table.iter("tr")
        ]
        return {row[0]: tuple(row[1:]) for row in rows if row}

    def _sold(self, amount, title="Campaign", **values):
        campaign = self._campaign(title, **values)
        customer = self._customer(f"Customer of {title}")
        self._participant(campaign, customer, addressed_date=DAY)
        self._order(customer, DAY, amount)
        return campaign

    def _money(self, amount):
        return self.company.currency_id.format(amount).replace("\xa0", " ")

    def test_targets_of_the_plan(self):
        campaign = self._sold(
            600,
            campaign_goal="sales",
            campaign_target_revenue=1_000,
            campaign_budget=100,
        )
        self._cost(campaign, DAY, 150)
        self._judge()
        lines = self._lines(campaign)
        self.assertEqual(
            lines["Revenue"], (self._money(1_000), "", self._money(600), "60 %")
        )
        self.assertEqual(
            lines["Cost"], (self._money(100), "", self._money(150), "150 %")
        )
        self.assertEqual(lines["Customers"], ("", "", "1", ""))
        self.assertEqual(lines["Conversion (%)"], ("", "", "100.0 %", ""))

    def test_the_goal_chooses_the_figures(self):
        aware = self._sold(
            10, "Aware", campaign_goal="awareness", campaign_target_participants=4
        )
        leads = self._sold(10, "Leads", campaign_goal="leads", campaign_target_leads=5)
        self._judge()
        lines = self._lines(aware)
        self.assertEqual(lines["Participants"], ("4", "", "1", "25 %"))
        self.assertNotIn("Revenue", lines)
        lines = self._lines(leads)
        self.assertEqual(lines["Leads"], ("5", "", "0", "0 %"))
        self.assertIn("Opportunities", lines)

    def test_what_is_not_known_is_not_nothing(self):
        campaign = self._sold(10, campaign_goal="sales", campaign_budget=100)
        self._judge()
        lines = self._lines(campaign)
        unknown = "not known"
        self.assertEqual(lines["Cost"], (self._money(100), "", unknown, ""))
        self.assertEqual(lines["Return (%)"][2], unknown)
        self.assertNotIn("Cost Per New Customer", lines)

    def test_what_is_usual_among_peers(self):
        kind = self.env.ref("customer_classification.campaign_type_event")
        campaigns = [
            self._sold(100, str(n), campaign_type_id=kind.id, campaign_goal="sales")
            for n in range(4)
        ]
        alone = self._sold(100, "Alone", campaign_goal="sales")
        self._judge()
        self.assertEqual(self._lines(campaigns[0])["Conversion (%)"][1], "100.0 %")
        self.assertEqual(self._lines(alone)["Conversion (%)"][1], "")

    def test_money_only_for_those_who_may_see_it(self):
        campaign = self._sold(600, campaign_goal="sales", campaign_target_revenue=1_000)
        self._judge()
        seller = self._user("scorecard_seller", "sales_team.group_sale_salesman")
        lines = self._lines(campaign, seller)
        self.assertNotIn("Revenue", lines)
        self.assertNotIn("Cost", lines)
        self.assertEqual(lines["Customers"][2], "1")

    def test_many_take_no_more_queries_than_few(self):
        campaigns = [
            self._sold(100, str(n), campaign_goal="sales").id for n in range(4)
        ]
        self._judge()
        profiles = self.env["campaign.profile"].search(
            [("campaign_id", "in", campaigns)]
        )
        profiles[:1].mapped("scorecard")  # loads the template
        counts = []
        for chosen in (profiles[:1], profiles):
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            chosen.mapped("scorecard")
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*counts)
