import logging
from collections import Counter
from datetime import date, timedelta

from odoo.fields import Command
from odoo.tests import BaseCase, TransactionCase, tagged
from odoo.tools import convert_file

from ...demo import personas
from ...demo.campaign_demo import PLANS, sales_within
from ...engine import (
    ABC,
    PRICE_BANDS,
    SALES_STAGES,
    XYZ,
)
from ...models.customer.customer_lifecycle_stage import STAGE_SELECTION
from ..policy.common import contradictions

_logger = logging.getLogger(__name__)
TODAY = date(2026, 3, 31)
PRODUCT_CLASSES = {
    "abc_class": ABC,
    "xyz_class": XYZ,
    "price_band": PRICE_BANDS,
    "sales_lifecycle": SALES_STAGES,
}
TIERS = {"vip", "high", "medium", "low", "unrated"}


@tagged("post_install", "-at_install")
class TestDemoPlan(BaseCase):
    """The demo customers before they are in Odoo."""

    def test_same_day_same_customers(self):
        self.assertEqual(personas.plan(TODAY), personas.plan(TODAY))

    def test_every_persona_has_its_customers(self):
        counts = Counter(customer.persona for customer in personas.plan(TODAY))
        self.assertEqual(
            counts, {persona.code: sum(persona.counts) for persona in personas.PERSONAS}
        )

    def test_names_differ(self):
        customers = personas.plan(TODAY)
        names = [
            name
            for customer in customers
            for name in (customer.name, *customer.contacts)
        ]
        self.assertEqual(len(names), len(set(names)))

    def test_purchases_are_of_working_days_in_the_past(self):
        for customer in personas.plan(TODAY):
            for purchase in customer.purchases:
                self.assertLess(purchase.day, TODAY)
                self.assertGreater(purchase.day, TODAY - timedelta(800))
                self.assertLess(purchase.day.weekday(), 5)
                self.assertGreater(purchase.amount, 0)

    def test_two_years_and_some_thousand_orders_whatever_the_day(self):
        for age in range(0, 365, 45):
            customers = personas.plan(TODAY + timedelta(age))
            number = sum(len(customer.purchases) for customer in customers)
            self.assertTrue(3000 < number < 4700, number)

    def test_campaigns_find_their_participants_whatever_the_day(self):
        """Each campaign finds enough buyers and others, on any day.

        As many who bought, and who did not, as the campaign and its control group
        are made of: its reach does not depend on chance.
        """
        for age in range(0, 730, 23):
            today = TODAY + timedelta(age)
            customers = personas.plan(today)
            for plan in PLANS:
                if plan.start > 0:
                    amounts = sales_within(plan.days, customers, plan, today)
                    bought = sum(bool(amount) for amount in amounts.values())
                    kept, left = plan.kept
                    self.assertGreaterEqual(bought, plan.buyers + kept, plan.title)
                    others = len(amounts) - bought
                    self.assertGreaterEqual(others, plan.others + left, plan.title)


@tagged("post_install", "-at_install")
class TestDemoData(TransactionCase):
    """The demo data loaded into the test's transaction."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("company", "product", "customer"):
            convert_file(
                cls.env, "customer_classification", f"demo/{name}_demo.xml", {}, "init"
            )
        cls.companies = cls.env.ref("base.main_company") + cls.env.ref(
            "customer_classification.demo_company_europe"
        )
        cls.orders = cls.env["sale.order"].search(
            [("name", "=like", "D0%")], order="id"
        )

    def test_the_planner_knows_of_the_orders(self):
        """It took them for none, and following up the cases went on for ever."""
        self.env.cr.execute(
            "SELECT reltuples FROM pg_class WHERE oid = 'sale_order'::regclass"
        )
        [(rows,)] = self.env.cr.fetchall()
        self.assertGreater(rows, 3000)

    def test_loading_again_does_nothing(self):
        number = self.env["sale.order"].search_count([])
        self.env["classification.demo"]._load()
        self.assertEqual(self.env["sale.order"].search_count([]), number)

    def test_orders_of_two_years_in_two_companies_and_currencies(self):
        self.assertGreater(len(self.orders), 3000)
        self.assertEqual(self.orders.company_id, self.companies)
        days = self.orders.mapped("date_order")
        self.assertGreater((max(days) - min(days)).days, 730)
        for company in self.companies:
            orders = self.orders.filtered(lambda o, c=company: o.company_id == c)
            self.assertEqual(orders.currency_id, self.companies.currency_id)

    def test_copied_rows_are_what_odoo_computes(self):
        """Rows written by SQL stay when everything is computed again."""
        by_product = self.orders.order_line.grouped("product_id")
        orders = self.orders[::40].union(
            *(lines.order_id[:3] for lines in by_product.values())
        )
        self.assertEqual(len(orders.order_line.product_id), 14, "one of each product")
        for records in (orders.order_line, orders):
            names = [
                name
                for name, field in records._fields.items()
                if field.store
                and field.compute
                and field.column_type
                # a quotation counts its validity from the day it is computed
                and name != "validity_date"
            ]
            before = records.read(names, load=None)
            for name in names:
                self.env.add_to_compute(records._fields[name], records)
            self.env.flush_all()
            self.env.invalidate_all()
            self.assertSameRows(records.read(names, load=None), before)

    def assertSameRows(self, rows, expected):
        for row, old in zip(rows, expected, strict=True):
            for name, value in old.items():
                if isinstance(value, float):
                    self.assertAlmostEqual(row[name], value, 6, (row["id"], name))
                else:
                    self.assertEqual(row[name], value, (row["id"], name))

    def test_every_class_has_members(self):
        """Both companies have each tier, stage and risk, one each segment."""
        found, words = set(), set()
        for company in self.companies:
            policy = company._get_customer_policy().with_company(company)
            run = policy.recompute()
            self.assertEqual(run.state, "done", run.error)
            self.assertEqual(run.as_of_date, policy._today())
            profiles = self.env["customer.profile"].search(
                [("company_id", "=", company.id)]
            )
            self.assertEqual(set(profiles.value_tier_id.mapped("code")), TIERS)
            self.assertEqual(
                set(profiles.lifecycle_stage_id.mapped("code")),
                {code for code, __ in STAGE_SELECTION},
            )
            self.assertEqual(
                set(profiles.mapped("churn_risk")), {False, "low", "medium", "high"}
            )
            found.update(profiles.mapped("segment_id.code"))
            _logger.info("segments: %s", Counter(p.segment_id.code for p in profiles))
            self.assertEqual(contradictions(company), [])
            words.update(policy.segment_ids.segment_id.mapped("code"))
        self.assertEqual(found, words)

    def test_nobody_who_never_bought_has_less_than_nothing(self):
        """Nor do credit notes of Odoo's own demo data, which name no order."""
        company = self.companies[0]
        self.env["account.chart.template"].try_loading(
            "generic_coa", company=company, install_demo=False
        )
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "company_id": company.id,
                "partner_id": stranger.id,
                "invoice_date": date.today() - timedelta(20),
                "invoice_line_ids": [
                    Command.create(
                        {"name": "Repair", "price_unit": 51_000, "tax_ids": False}
                    )
                ],
            }
        ).action_post()
        self._create_credit_notes(company)
        for company in self.companies:
            company._get_customer_policy().with_company(company).recompute()
        profiles = self.env["customer.profile"].search(
            [("company_id", "in", self.companies.ids)]
        )
        self.assertEqual(
            profiles.filtered(
                lambda one: one.lifetime_revenue < 0 and not one.lifetime_order_count
            ).partner_id.mapped("name"),
            [],
        )
        givers = self.env["account.move"].search(
            [("ref", "=", "Goods returned"), ("company_id", "=", self.companies[0].id)]
        )
        self.assertTrue(givers)
        for profile in profiles.filtered(
            lambda one: one.company_id == self.companies[0]
            and one.partner_id in givers.commercial_partner_id
        ):
            mine = givers.filtered(
                lambda one, p=profile: one.commercial_partner_id == p.partner_id
            )
            self.assertAlmostEqual(
                profile.refund_amount, sum(mine.mapped("amount_untaxed")), 2
            )

    def _create_credit_notes(self, company):
        """Create the credit notes of the demo.

        Without a chart of accounts the demo has imported returns instead.
        """
        if self.env["account.move"].search_count([("ref", "=", "Goods returned")]):
            return
        returns = self.env["customer.purchase"].search(
            [("channel", "=", "Returns"), ("company_id", "=", company.id)],
            order="date, id",
        )
        refunds = [(company, one.partner_id, one.date, -one.amount) for one in returns]
        returns.unlink()
        demo = self.env["classification.demo"]
        demo._create_credit_notes(demo._world(), refunds)

    def test_every_library_rule_has_members(self):
        for company in self.companies:
            company._get_customer_policy().with_company(company).recompute()
        # The small companies of the templates have copies of their own.
        rules = self.env["classification.tag.rule"].search(
            [("kind", "=", "partner"), ("company_id", "in", self.companies.ids)]
        )
        self.assertGreaterEqual(len(rules), 25)
        self.env["classification.tag.rule"]._run()
        counts = {rule.partner_tag_id.name: rule.matched_count for rule in rules}
        _logger.info("library: %s", counts)
        self.assertEqual([name for name, count in counts.items() if not count], [])

    def test_contact_data(self):
        """Buyers have a phone and an address of nobody; companies have a size."""
        for company in self.companies:
            company._get_customer_policy().with_company(company).recompute()
        buyers = (
            self.env["customer.profile"]
            .search([("partner_id.sale_order_ids.name", "=like", "D0%")])
            .partner_id
        )
        self.assertGreater(len(buyers), 200)
        self.assertFalse(buyers.filtered(lambda one: not one.phone))
        for partner in buyers:
            self.assertTrue(partner.email.endswith("@example.com"), partner.email)
        companies = buyers.filtered("is_company")
        self.assertEqual(
            set(companies.mapped("customer_company_size")),
            {"micro", "small", "medium", "large"},
        )
        self.assertTrue(all(companies.mapped("industry_id")))

    def test_work_that_waits(self):
        """One to fix, tags to merge, and decisions where there are classes."""
        main = self.companies[0]
        for company in self.companies:
            policy = company._get_customer_policy().with_company(company)
            policy.recompute()
            policy.recompute_products()
        to_fix = self.env["classification.to.fix"].search([("kind", "=", "customer")])
        self.assertEqual(len(to_fix), 1)
        tags = self.env["res.partner.category"].search([("name", "=like", "Key_Acc%")])
        self.assertEqual(len(tags), 3)
        self.env["classification.demo"]._decide(main)
        decisions = self.env["classification.override"].search(
            [("company_id", "=", main.id)]
        )
        self.assertEqual(len(decisions.partner_id), 2)

    def test_products_of_every_class(self):
        for company in self.companies:
            policy = company._get_customer_policy().with_company(company)
            run = policy.recompute_products()
            self.assertEqual(run.state, "done", run.error)
        products = self.env["product.profile"].search(
            [("company_id", "in", self.companies.ids)]
        )
        for company in self.companies:
            mine = products.filtered(lambda p, c=company: p.company_id == c)
            for name, classes in PRODUCT_CLASSES.items():
                _logger.info("%s: %s", name, Counter(mine.mapped(name)))
                self.assertEqual(set(mine.mapped(name)) - {False}, set(classes), name)

    def assertParticipantsAsPlanned(self, profiles):
        """The control group has exactly the numbers of the plan."""
        by_title = {profile.campaign_id.title: profile for profile in profiles}
        for plan in PLANS:
            if any(plan.kept):
                found = by_title[plan.title]
                treated, left_out = plan.buyers + plan.others, sum(plan.kept)
                self.assertEqual(found.treated_count, treated, plan.title)
                self.assertEqual(found.control_count, left_out, plan.title)
                rate = 100 * plan.buyers / treated
                self.assertAlmostEqual(found.treated_rate, rate, 3, plan.title)
                rate = 100 * plan.kept[0] / left_out
                self.assertAlmostEqual(found.control_rate, rate, 3, plan.title)

    def test_campaigns_of_every_performance(self):
        for company in self.companies:
            policy = company._get_customer_policy().with_company(company)
            policy.recompute()
            run = policy.recompute_campaigns()
            self.assertEqual(run.state, "done", run.error)
        campaigns = self.env["campaign.profile"].search(
            [("campaign_id.campaign_type_id", "!=", False)]
        )
        for found in campaigns:
            _logger.info("%s: %s", found.campaign_id.title, found.performance_ratio)
        self.assertEqual(len(campaigns), 9)
        self.assertParticipantsAsPlanned(campaigns)
        self.assertEqual(
            set(campaigns.mapped("performance_class")),
            {False, "strong", "on_target", "weak"},
        )
        self.assertEqual(
            set(campaigns.mapped("lift_verdict")), {False, "works", "unclear"}
        )
        self.assertEqual(set(campaigns.mapped("has_cost")), {True, False})
