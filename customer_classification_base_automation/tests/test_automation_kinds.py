from datetime import date

from odoo.tests import tagged

from odoo.addons.customer_classification.tests.campaign.common import CampaignCase
from odoo.addons.customer_classification.tests.common import AS_OF
from odoo.addons.customer_classification.tests.product.common import ProductCase

from .common import RulesMixin

DAY = date(2025, 3, 10)


@tagged("post_install", "-at_install")
class TestProductAutomation(RulesMixin, ProductCase):
    """Automation rules see the classes of products that runs write by SQL."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.best, cls.other = cls._product("Best"), cls._product("Other")
        cls._order_of([(cls.best, 1, 960), (cls.other, 1, 40)], DAY)
        cls._classify()

    def _mark(self):
        """Code of an action that adds a letter to the product's reference."""
        product = "record.product_tmpl_id"
        return (
            f"{product}.write({{'default_code': ({product}.default_code or '') + 'x'}})"
        )

    def _rise(self):
        """The other one overtakes the best one."""
        self._sell(self.other, DAY, 100_000)
        self._classify()
        self._deliver()

    def test_a_move_is_a_write(self):
        model = "product.profile"
        self._rule(
            *(model, "on_write", self._mark()),
            **self._trigger_fields("abc_class", model=model),
            filter_pre_domain="[('abc_class', '=', 'c')]",
            filter_domain="[('abc_class', '=', 'a')]",
        )
        self._rise()
        self.assertEqual(self._class_of(self.other).abc_class, "a")
        self.assertEqual(
            (self.other.default_code, self.best.default_code), ("x", False)
        )

    def test_a_new_product_is_a_creation(self):
        self._rule("product.profile", "on_create", self._mark())
        new = self._product("New")
        self._sell(new, DAY, 100)
        self._classify()
        self._deliver()
        self.assertEqual((new.default_code, self.best.default_code), ("x", False))

    def test_changes_are_created(self):
        self._rule("product.class.change", "on_create", self._mark())
        self._rise()
        self.assertIn("x", self.other.default_code)

    def test_the_first_run_and_previews_are_silent(self):
        self._rule("product.profile", "on_create_or_write", self._mark())
        self._sell(self.other, DAY, 100_000)
        self.policy.recompute_products(as_of_date=AS_OF, kind="preview")
        self.assertFalse(self.events.search([("product_tmpl_id", "!=", False)]))
        company = self._company("Second")
        self.env.user.company_ids |= company
        policy = self._policy(company)
        policy.with_company(company).recompute_products(as_of_date=AS_OF)
        self.assertFalse(self.events.search([("company_id", "=", company.id)]))

    def test_rules_on_customers_do_not_hear_of_products(self):
        self._rule("customer.profile", "on_write", "pass")
        self._sell(self.other, DAY, 100_000)
        self._classify()
        self.assertFalse(self.events.search([("product_tmpl_id", "!=", False)]))

    def test_what_fails_is_kept_with_its_product(self):
        self._rule(
            *("product.profile", "on_write", "raise UserError('Away')"),
            filter_domain=f"[('product_tmpl_id', '=', {self.other.id})]",
        )
        self._sell(self.other, DAY, 100_000)
        self._classify()
        while batch := self.events._next_batch():
            batch._deliver_or_keep()
        row = self.env["classification.to.fix"].search([("kind", "=", "event")])
        self.assertEqual((row.product_tmpl_id, row.reason), (self.other, "Away"))
        self.assertEqual(row.name, self.other.display_name)


@tagged("post_install", "-at_install")
class TestCampaignAutomation(RulesMixin, CampaignCase):
    """Automation rules see the classes of campaigns that runs write by SQL."""

    def test_a_move_is_a_write(self):
        campaign = self._campaign(campaign_target_revenue=1_000)
        customer = self._customer("Buyer")
        self._participant(campaign, customer, addressed_date=date(2025, 5, 10))
        self._order(customer, date(2025, 5, 10), 100)
        self._judge()
        self._rule(
            *("campaign.profile", "on_write"),
            "record.campaign_id.write({'title': record.performance_class})",
            **self._trigger_fields("performance_class", model="campaign.profile"),
            filter_pre_domain="[('performance_class', '=', 'weak')]",
        )
        self._order(customer, date(2025, 5, 11), 5_000)
        self._judge()
        self._deliver()
        self.assertEqual(campaign.title, "strong")
