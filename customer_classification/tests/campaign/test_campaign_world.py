from datetime import date

from odoo import fields
from odoo.tests import tagged

from ..common import AS_OF, AccountingCase
from .common import CampaignCase


@tagged("post_install", "-at_install")
class TestCampaignWorld(CampaignCase):
    """A small world, of which every figure is worked out by hand.

    *Spring* runs in May, *Coupon* from 10 to 20 May; purchases count for 30 days after
    a touch; the day is 30 June. The company's currency is EUR; on 3 May 1 EUR = 2 CHF.

    ========  =================  =================================  ================
    customer  touched            bought                             counts
    ========  =================  =================================  ================
    Anna      Spring 1 May       100 on 15 May; 50 on 15 June       100 (45 days: no)
    Ben       Spring 1 May,      200 on 1 April (before);           300 − 60 = 240
              Coupon 12 May      300 on 20 May; −60 on 25 June      of both
    Carl      Spring 1 May       10 three times in early 2023;      400, won back
              (his contact)      400 on 10 May by another contact
    Dora      Coupon by order    500 on 11 May, with the campaign   500
    Emil      Coupon by lead     nothing                            nothing
    Fred      left out           1,000 on 5 May                     nothing
    Gina      Spring 31 May      70 on 30 June: the 30th day        70
    Hugo      Spring 30 May      80 on 30 June: the 31st day        nothing
    Ivan      Spring 1 May       100 CHF on 3 May                   50
    ========  =================  =================================  ================

    Spring: first touch 100 + 240 + 400 + 70 + 50 = 860, last touch 860 − 240 = 620,
    equal shares 740. Coupon: 500, 740 and 620. Each way 1,360 in all.
    """

    policy_values = {"campaign_margin_percent": 50}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.spring = cls._campaign("Spring")
        cls.coupon = cls._campaign(
            "Coupon", date(2025, 5, 10), campaign_end_date=date(2025, 5, 20)
        )
        names = ("Anna", "Ben", "Dora", "Emil", "Fred", "Gina", "Hugo", "Ivan")
        cls.people = {name: cls._customer(name) for name in names}
        cls._enter_participants()
        cls._enter_purchases()
        cls._enter_margins()
        cls._enter_leads_and_costs()
        cls.run_of_campaigns = cls._judge()
        cls.first = cls._result(cls.spring)
        cls.second = cls._result(cls.coupon)

    @classmethod
    def _enter_participants(cls):
        cls.carl = cls._customer("Carl Ltd", is_company=True)
        cls.contacts = [
            cls._customer(name, parent_id=cls.carl.id) for name in ("Cleo", "Cora")
        ]
        people = cls.people
        for partner, day in (
            *((people[name], date(2025, 5, 1)) for name in ("Anna", "Ben", "Ivan")),
            (cls.contacts[0], date(2025, 5, 1)),
            (people["Gina"], date(2025, 5, 31)),
            (people["Hugo"], date(2025, 5, 30)),
        ):
            cls._participant(cls.spring, partner, addressed_date=day)
        cls._participant(cls.spring, people["Fred"], is_control=True)
        cls._participant(cls.coupon, people["Ben"], addressed_date=date(2025, 5, 12))

    @classmethod
    def _enter_purchases(cls):
        people = cls.people
        for name, day, amount in (
            ("Anna", date(2025, 5, 15), 100),
            ("Anna", date(2025, 6, 15), 50),
            ("Ben", date(2025, 4, 1), 200),
            ("Ben", date(2025, 5, 20), 300),
            ("Ben", date(2025, 6, 25), -60),
            ("Fred", date(2025, 5, 5), 1_000),
            ("Gina", date(2025, 6, 30), 70),
            ("Hugo", date(2025, 6, 30), 80),
        ):
            cls._order(people[name], day, amount)
        for day in (date(2023, 1, 1), date(2023, 1, 31), date(2023, 3, 2)):
            cls._purchase(cls.carl, day, 10)
        cls._order(cls.contacts[1], date(2025, 5, 10), 400)
        cls._order(people["Dora"], date(2025, 5, 11), 500, campaign_id=cls.coupon.id)
        # A quotation is neither a purchase nor a touch.
        cls._order(
            people["Hugo"],
            date(2025, 5, 11),
            5_000,
            confirm=False,
            campaign_id=cls.coupon.id,
        )
        currency = cls._rate("CHF", date(2025, 5, 3), 2)
        cls._rate("CHF", date(2025, 6, 1), 4)
        cls._purchase(people["Ivan"], date(2025, 5, 3), 100, currency_id=currency.id)
        cls._order_elsewhere(people["Anna"])

    @classmethod
    def _enter_margins(cls):
        """Enter half of each order as margin if `sale_margin` is installed.

        Without it, the same margin is assumed.
        """
        lines = cls.env["sale.order.line"].search([("company_id", "=", cls.company.id)])
        if "purchase_price" in lines._fields:
            for line in lines:
                line.purchase_price = line.price_unit / 2

    @classmethod
    def _order_elsewhere(cls, customer):
        """A purchase of a customer from another company."""
        cls.other = cls._company("Other Ltd", currency="USD")
        cls.env.user.company_ids |= cls.other
        env = cls.env(context={**cls.env.context, "allowed_company_ids": cls.other.ids})
        line = {"product_id": cls.product.id, "price_unit": 999, "tax_ids": False}
        order = env["sale.order"].create(
            {
                "partner_id": customer.id,
                "company_id": cls.other.id,
                "order_line": [fields.Command.create(line)],
            }
        )
        order.action_confirm()
        order.date_order = cls._moment(date(2025, 5, 15))

    @classmethod
    def _enter_leads_and_costs(cls):
        for values in (
            {"partner_id": cls.people["Emil"].id},
            {"contact_name": "Nobody known"},
        ):
            lead = cls.env["crm.lead"].create(
                {
                    "name": "Lead",
                    "type": "lead",
                    "company_id": cls.company.id,
                    "campaign_id": cls.coupon.id,
                    **values,
                }
            )
            cls._created(lead, date(2025, 5, 13))
        cls._cost(cls.spring, date(2025, 5, 1), 100)
        cls._cost(
            cls.spring,
            date(2025, 5, 3),
            120,
            currency_id=cls.env.ref("base.CHF").id,
        )
        cls._cost(cls.spring, date(2025, 7, 1), 5_000)  # after the day

    def test_revenue_three_ways(self):
        self.assertEqual(
            [self.first[f"revenue_{way}"] for way in ("first", "last", "linear")],
            [860, 620, 740],
        )
        self.assertEqual(
            [self.second[f"revenue_{way}"] for way in ("first", "last", "linear")],
            [500, 740, 620],
        )
        self.assertEqual((self.first.revenue, self.second.revenue), (740, 620))
        self.assertEqual(
            self.first.attribution_text.replace("\N{NO-BREAK SPACE}", " "),
            "First touch 860.00 €, last touch 620.00 €, equal shares 740.00 €. They "
            "differ by 28 %: other campaigns had a part in it.",
        )

    def test_who_bought(self):
        found = self.first.read(
            [
                *("participant_count", "control_count", "addressed_count"),
                *("customer_count", "new_customer_count", "won_back_count"),
                "order_count",
            ]
        )[0]
        found.pop("id")
        self.assertEqual(
            found,
            {
                # Anna, Ben, Carl, Gina, Hugo, Ivan; Fred is left out.
                "participant_count": 6,
                "control_count": 1,
                "addressed_count": 6,
                # all of them but Hugo
                "customer_count": 5,
                # Anna, Gina, Ivan
                "new_customer_count": 3,
                "won_back_count": 1,
                "order_count": 5,
            },
        )
        self.assertAlmostEqual(self.first.conversion_rate, 500 / 6, 3)
        self.assertTrue(self._part(self.spring, self.carl).is_won_back)
        self.assertEqual(self._part(self.spring, self.carl).contact_id.name, "Cleo")

    def test_leads(self):
        # Ben, Dora and Emil; a lead without a contact is a lead, but not a participant.
        self.assertEqual(self.second.participant_count, 3)
        self.assertEqual(self.second.lead_count, 2)
        self.assertEqual(self.second.opportunity_count, 0)
        self.assertEqual(self.second.lead_customer_count, 1)
        self.assertAlmostEqual(self.second.lead_rate, 100 / 3, 3)
        # Dora came with an order, Emil with a lead.
        self.assertEqual(self.second.answered_count, 2)
        dora = self._part(self.coupon, self.people["Dora"])
        self.assertEqual(
            (dora.source, dora.is_entered, dora.first_touch_date),
            ("document", False, date(2025, 5, 11)),
        )
        self.assertEqual(self._part(self.coupon, self.people["Emil"]).lead_count, 1)

    def test_cost_and_return(self):
        # 100 + 120 CHF / 2 = 160; margin 50 % of 740 = 370; (370 − 160) / 160
        self.assertEqual((self.first.cost, self.first.margin), (160, 370))
        self.assertAlmostEqual(self.first.roi, 131.25)
        self.assertTrue(self.first.is_margin_assumed)
        self.assertAlmostEqual(self.first.cost_per_new_customer, 53.33)
        self.assertFalse(self.first.has_cost_per_lead)
        self.assertFalse(self.second.has_cost)
        self.assertFalse(self.second.has_roi)
        self.assertIn("Cost missing", self.second.cost_text)

    def test_comparison_with_who_was_left_out(self):
        """From 1 May to 30 June all of both groups bought."""
        self.assertEqual((self.first.treated_count, self.first.control_count), (6, 1))
        self.assertEqual((self.first.treated_rate, self.first.control_rate), (100, 100))
        self.assertEqual(self.first.lift, 0)
        self.assertEqual(self.first.lift_verdict, "unclear")
        self.assertTrue(self.first.lift_is_exact)
        # (100 + 50 + 300 − 60 + 400 + 70 + 80 + 50) / 6 = 165 against 1,000
        self.assertAlmostEqual(self.first.incremental_revenue, 6 * (165 - 1_000))
        fred = self._part(self.spring, self.people["Fred"])
        self.assertFalse(fred.is_converted)

    def test_results_of_participants_add_up(self):
        for result in (self.first, self.second):
            found = self.env["campaign.participant"].search(
                [("campaign_id", "=", result.campaign_id.id)]
            )
            for name in ("revenue_first", "revenue_last", "revenue_linear"):
                self.assertEqual(sum(found.mapped(name)), result[name])

    def test_shown_on_the_campaign(self):
        campaign = self.spring
        self.assertEqual(campaign.campaign_profile_id, self.first)
        self.assertEqual(campaign.campaign_revenue, 740)
        self.assertEqual(campaign.campaign_participant_count, 6)
        found = self.env["utm.campaign"].search(
            [("campaign_revenue", ">", 700), ("company_id", "=", self.company.id)]
        )
        self.assertEqual(found, self.spring)
        ordered = self.env["utm.campaign"].search(
            [("company_id", "=", self.company.id)], order="campaign_revenue"
        )
        self.assertEqual(ordered[:2], self.coupon | self.spring)

    def test_second_run_writes_nothing(self):
        again = self._judge()
        self.assertEqual((again.written_count, again.change_count), (0, 0))
        self.assertEqual(self.first.run_id, self.run_of_campaigns)

    def test_found_participants_go_with_their_documents(self):
        orders = self.env["sale.order"].search([("campaign_id", "=", self.coupon.id)])
        orders.campaign_id = False
        self._judge()
        self.assertFalse(self._part(self.coupon, self.people["Dora"]))
        self.assertEqual(self.second.revenue_first, 0)
        self.assertTrue(self._part(self.coupon, self.people["Ben"]))

    def test_what_people_entered_stands(self):
        dora = self._part(self.coupon, self.people["Dora"])
        dora.feedback_score = 90
        dora.answered_date = date(2025, 5, 12)
        self._judge()
        self.assertEqual((dora.feedback_score, dora.is_entered), (90, True))
        self.assertEqual(dora.answered_date, date(2025, 5, 12))
        self.assertEqual(self.second.feedback_score, 90)
        orders = self.env["sale.order"].search([("campaign_id", "=", self.coupon.id)])
        orders.campaign_id = False
        self._judge()
        self.assertTrue(dora.exists())
        self.assertEqual(dora.revenue_first, 0)

    def test_merged_customer(self):
        """A merged customer counts as one customer all along.

        Anna was Ben all along: 100 + 50 in May and June beside his 300 − 60, and
        the April purchase makes Anna no new customer. The return is set against the
        latest purchases before it: 50 on 15 June, then 10 of the 300.
        """
        anna, ben = self.people["Anna"], self.people["Ben"]
        self.env["base.partner.merge.automatic.wizard"]._merge((anna | ben).ids, ben)
        self._judge()
        self.assertEqual(self.first.participant_count, 5)
        self.assertEqual(self.first.new_customer_count, 2)
        # Spring: 100 on 15 May is shared with Coupon (12 May), as is 290 on 20 May:
        # 50 + 145 + 400 + 70 + 50
        self.assertEqual(self.first.revenue_linear, 715)
        self.assertEqual(self.first.revenue_first, 910)

    def test_a_contact_that_comes_under_a_company(self):
        """Anna joins Carl's company: her purchases become its."""
        self.people["Anna"].parent_id = self.carl
        self._judge()
        self.assertEqual(self.first.participant_count, 5)
        self.assertEqual(self.first.revenue_linear, 740)
        self.assertFalse(self._part(self.spring, self.people["Anna"]))

    def test_window_of_the_campaign(self):
        self.spring.campaign_attribution_days = 31
        self._judge()
        # Hugo's 80 on the 31st day; Ben's 300 − 60 as before.
        self.assertEqual(self.first.revenue_linear, 820)

    def test_by_another_policy(self):
        self.company._get_customer_policy().state = "retired"
        policy = self._policy(
            self.company,
            campaign_attribution_days=10,
            campaign_attribution_model="last",
            campaign_margin_percent=0,
        )
        self._judge(policy=policy)
        # Spring within 10 days: Carl 400, Ivan 50. Ben's 20 May is 8 days after Coupon.
        self.assertEqual((self.first.revenue, self.second.revenue), (450, 740))
        # No margin is assumed any more.
        self.assertFalse(self.first.has_margin)
        self.assertIn("margin of its sales is not known", self.first.cost_text)

    def test_queries_do_not_grow(self):
        customers = [self._customer(f"More {n}") for n in range(20)]
        campaigns = [self._campaign(f"More {n}") for n in range(5)]
        for customer in customers:
            for campaign in campaigns:
                self._participant(campaign, customer)
            self._order(customer, date(2025, 5, 20), 10)
        self.env.flush_all()
        self.env.invalidate_all()
        # Two of them find since when the rules about campaigns are the same.
        with self.assertQueryCount(40):
            self._judge()


@tagged("post_install", "-at_install")
class TestCampaignInvoices(AccountingCase):
    """Costs by vendor bills, revenue by invoices and credit notes."""

    policy_values = {"subtract_unlinked_credit_notes": True}

    def _campaign(self):
        return self.env["utm.campaign"].create(
            {"title": "Fair", "company_id": self.company.id}
        )

    def _result(self, campaign, policy=None):
        run = (policy or self.policy).recompute_campaigns(as_of_date=AS_OF)
        self.assertEqual(run.state, "done", run.error)
        return self.env["campaign.profile"].search([("campaign_id", "=", campaign.id)])

    def test_vendor_bills_are_costs(self):
        campaign = self._campaign()
        vendor = self._customer("Printer")
        day = date(2025, 5, 5)
        bill = {"move_type": "in_invoice", "campaign_id": campaign.id}
        self._invoice(vendor, day, 300, **bill)
        self._invoice(vendor, day, 40, **{**bill, "move_type": "in_refund"})
        self._invoice(vendor, day, 7, post=False, **bill)
        self._invoice(vendor, date(2025, 7, 1), 9, **bill)
        result = self._result(campaign)
        self.assertEqual((result.cost, result.has_cost), (260, True))
        # A vendor's bill is not a touch of a customer.
        self.assertEqual(result.participant_count, 0)
        self.assertEqual(campaign.campaign_bill_count, 4)

    def test_invoices_and_credit_notes(self):
        self.policy.state = "retired"
        policy = self._policy(self.company, revenue_source="invoice")
        campaign = self._campaign()
        customer = self._customer()
        day = date(2025, 5, 5)
        self._invoice(customer, day, 500, campaign_id=campaign.id)
        self._invoice(customer, AS_OF, 200, move_type="out_refund")
        result = self._result(campaign, policy)
        self.assertEqual((result.revenue, result.order_count), (300, 1))
        self._invoice(customer, AS_OF, 300, move_type="out_refund")
        result = self._result(campaign, policy)
        self.assertEqual(
            (result.revenue, result.order_count, result.customer_count), (0, 0, 0)
        )
