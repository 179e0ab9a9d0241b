from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import AS_OF, ClassificationCase

HOSTILE = (
    *(None, True, False, -1, 0, 1.5, 2**70, float("inf"), float("nan")),
    *("", "x", "\0", "1; DROP TABLE res_partner", [], [1], ["x"], [[]], {}, {"a": {}}),
)
HOSTILE_IDS = ((), ("x",), (None,), ([1],), ({},), (-1,), (0,), (True,), (1.5,), (1, 2))
# Methods without arguments, of models whose records a client names by their ids.
ACTIONS = {
    "customer.profile": (
        *("action_override", "action_recompute", "action_open_changes"),
        *("action_open_partner", "action_open_documents"),
        "action_open_customer_products",
    ),
    "res.partner": (
        *("action_recompute_customer", "action_open_customer_profile"),
        "action_open_customer_changes",
    ),
    "product.profile": (
        *("action_open_variants", "action_override", "action_open_product"),
        "action_open_changes",
    ),
    "product.template": (
        *("action_open_product_profile", "action_open_product_changes"),
        *("action_open_product_customers", "action_open_product_audience"),
    ),
    "product.audience": ("action_open_customers",),
    "product.service.type": ("action_open_products",),
    "campaign.type": ("action_open_campaigns",),
    "campaign.profile": (
        *("action_open_campaign", "action_open_participants", "action_open_changes"),
    ),
    "utm.campaign": (
        *("action_open_campaign_profile", "action_open_campaign_changes"),
        *("action_open_campaign_participants", "action_open_campaign_tags"),
        "action_open_campaign_bills",
    ),
    "classification.history": ("action_open_customer",),
    "classification.migration": ("action_open_customer",),
    "classification.bridge": ("action_open_customer",),
    "classification.cohort": ("action_open_customer",),
    "classification.move": ("action_open_profile",),
    "classification.run": (*("action_open_back_test", "action_open_back_test_pivot"),),
    "customer.value.tier": ("action_open_customers",),
    "customer.lifecycle.stage": ("action_open_customers",),
    "customer.document.choice": ("action_open",),
    "classification.back.test": ("action_run",),
    "classification.history.wizard": ("action_open",),
    "sale.order": ("action_add_missing_products",),
}
# These are meant for several records at once, and for none.
OF_MANY = (
    *("action_recompute", "action_recompute_customer", "action_open_product_audience"),
)
# Fields with SQL of our own, by which anybody may search.
SEARCHED = (
    *("customer_profile_id", "customer_order_count", "customer_value_score"),
    *("customer_age", "customer_discount_percent", "customer_bought_categ_ids"),
    *("customer_favourite_categ_id", "customer_market", "customer_seen_channel"),
    *(
        "customer_region_id",
        "customer_origin",
        "customer_first_source_id",
        "customer_code",
    ),
)


@tagged("post_install", "-at_install")
class TestPublicMethods(ClassificationCase):
    """Public methods return visible data or a readable refusal.

    Whoever calls them, with whatever arguments.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._regular("Customer", 1_000, is_company=True)
        cls.hidden = cls._regular("Hidden", 1_000, is_company=True)
        cls._recompute()
        cls.profile = cls._profile(cls.customer)
        cls.other_company = cls._company("Other Ltd")
        groups = {
            "portal": "base.group_portal",
            "internal": "base.group_user",
            "salesperson": "sales_team.group_sale_salesman",
            "officer": "customer_classification.group_officer",
            "manager": "sales_team.group_sale_manager",
        }
        cls.users = {
            name: cls._user(f"public_{name}", group) for name, group in groups.items()
        }
        cls.users["stranger"] = cls._user("public_stranger", groups["manager"])
        cls.users["stranger"].write(
            {
                "company_ids": [(6, 0, cls.other_company.ids)],
                "company_id": cls.other_company.id,
            }
        )
        cls.env.invalidate_all()

    def _as(self, name, model, **context):
        """A model in the eyes of a user, with the context that a client fills."""
        user = self.users[name]
        context = {"allowed_company_ids": user.company_ids.ids, **context}
        return self.env(user=user.id, su=False, context=context)[model]

    def _answers(self, function, *arguments):
        """Return the result of a call, or None for a sentence.

        Anything else is an error.
        """
        try:
            with self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
                return function(*arguments)
        except UserError:
            return None

    # Records

    def test_ids_that_are_none(self):
        for model, methods in ACTIONS.items():
            for ids in HOSTILE_IDS:
                records = self._as("manager", model).browse(ids)
                for method in methods:
                    with self.subTest(f"{model}.{method}", ids=ids):
                        answer = self._answers(getattr(records, method))
                        if method not in OF_MANY:
                            self.assertIsNone(answer)

    def test_only_of_who_may_be_read(self):
        """The company's rules, and rules that others put on contacts."""
        self._hide(self.hidden)
        hidden = self._profile(self.hidden)
        for name, profile in (
            ("portal", self.profile),
            ("stranger", self.profile),
        ):
            records = self._as(name, "customer.profile").browse(profile.ids)
            for method in ACTIONS["customer.profile"]:
                with self.subTest(method, user=name), self.assertRaises(AccessError):
                    getattr(records, method)()
        partner = self._as("salesperson", "res.partner").browse(hidden.partner_id.ids)
        for method in ACTIONS["res.partner"]:
            with self.subTest(method), self.assertRaises(AccessError):
                getattr(partner, method)()

    def _hide(self, partner):
        """Create a rule of another addon that hides a contact from everybody."""
        self.env["ir.rule"].create(
            {
                "name": "Hidden",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": [("id", "!=", partner.id)],
            }
        )

    def test_choices_of_documents_are_made_by_the_profile(self):
        choices = self._as("manager", "customer.document.choice")
        with self.assertRaises(AccessError):
            choices.create({"profile_id": self.profile.id, "name": "x", "model": "x"})

    def test_buyers_of_a_company_that_is_not_mine(self):
        """A made-up row id of another company gives no buyers.

        The subject of a row is part of its id, which anybody can make up.
        """
        product = self.product.product_tmpl_id
        self._order(self.customer, AS_OF - timedelta(2), 100)
        self.policy.recompute_products(as_of_date=AS_OF)
        self.env.flush_all()
        rows = self.env["product.audience"].search(
            [("product_tmpl_id", "=", product.id), ("axis", "=", "value_tier")]
        )
        bought = rows.filtered("customer_count")
        for name, found in (("manager", self.customer.ids), ("stranger", [])):
            row = self._as(name, "product.audience").browse(bought.ids)
            action = row.action_open_customers()
            self.assertEqual(action["domain"][0][2], found, name)
        self._hide(self.customer)
        row = self._as("manager", "product.audience").browse(bought.ids)
        self.assertEqual(row.action_open_customers()["domain"][0][2], [])

    def test_the_list_of_buyers_is_as_long_as_its_number(self):
        """The list of buyers is as long as its number.

        A customer with returns alone bought nothing.
        """
        back = self._customer("Back")
        self._purchase(back, AS_OF - timedelta(5), 10)
        self._order(self.customer, AS_OF - timedelta(2), 100)
        self._order(back, AS_OF - timedelta(2), -100)
        self._recompute()
        self.policy.recompute_products(as_of_date=AS_OF)
        self.env.flush_all()
        rows = self.env["product.audience"].search(
            [("product_tmpl_id", "=", self.product.product_tmpl_id.id)]
        )
        self.assertTrue(rows)
        for row in rows:
            action = row.action_open_customers()
            listed = self.env[action["res_model"]].search_count(action["domain"])
            self.assertEqual(listed, row.customer_count)

    def test_the_list_of_customers_is_as_long_as_its_number(self):
        """The list of customers is as long as its number, prospects included.

        The list hides prospects by default.
        """
        self._opportunity(self._customer("Interested"), created=AS_OF - timedelta(5))
        self._recompute()
        for classes in ("customer.value.tier", "customer.lifecycle.stage"):
            records = self._as("salesperson", classes).search([])
            counted = records.filtered("customer_count")
            self.assertGreater(len(counted), 1)
            for record in counted:
                action = record.action_open_customers()
                self.assertFalse(action["context"])
                listed = self._as("salesperson", action["res_model"])
                self.assertEqual(
                    listed.search_count(action["domain"]), record.customer_count
                )

    # Arguments

    def test_axis_of_the_matrix(self):
        migration = self._as("manager", "classification.migration")
        self.assertTrue(migration.get_matrix("value_tier"))
        for axis in HOSTILE:
            with self.subTest(axis=axis), self.assertRaises(UserError):
                migration.get_matrix(axis)
        with self.assertRaises(AccessError):
            self._as("portal", "classification.migration").get_matrix("value_tier")

    def test_movers(self):
        run = self.policy.recompute(kind="preview", as_of_date=AS_OF)
        run = self._as("manager", "classification.run").browse(run.id)
        tier = self._tier("vip").id
        action = run.action_open_movers("value_tier", {"from": False, "to": tier})
        self.assertIn(("to_tier_id", "=", tier), action["domain"])
        for arguments in (
            *((axis, {}) for axis in (*HOSTILE, "abc")),
            *(("value_tier", ends) for ends in HOSTILE if ends != {}),
            *(("value_tier", {"to": key}) for key in HOSTILE if key is not False),
            *(("churn_risk", {"to": key}) for key in (*HOSTILE, 1) if key is not False),
            ("value_tier", {"partner_id": 1}),
            ("value_tier", {"to": [("id", ">", 0)]}),
        ):
            with self.subTest(arguments=arguments), self.assertRaises(UserError):
                run.action_open_movers(*arguments)
        with self.assertRaises(AccessError):
            self._as("stranger", "classification.run").browse(
                run.id
            ).action_open_movers("value_tier", {})

    def test_days_afterwards(self):
        policy = self._as("manager", "classification.policy").browse(self.policy.ids)
        for days in HOSTILE:
            if days is None or days is False:
                continue  # half a year is looked at
            with self.subTest(days=days), self.assertRaises(UserError):
                policy.recompute(
                    kind="back_test",
                    as_of_date=AS_OF - timedelta(200),
                    horizon_days=days,
                )

    # Context

    def test_days_in_the_context(self):
        """Any value for a day of the history gives a day, or a sentence."""
        self._row_ids = self._as("manager", "classification.history").search([]).ids
        self.assertTrue(self._row_ids)
        for model in (
            *("classification.history", "classification.migration"),
            *("classification.bridge", "classification.cohort"),
        ):
            for key in ("history_date", "history_from_date", "history_known_date"):
                for value in (*HOSTILE, "9999-12-31", "0001-01-01", "2025-02-30"):
                    history = self._as("manager", model, **{key: value})
                    with self.subTest(model, key=key, value=value):
                        self._answers(history.search_read, [], ["partner_id"])
                        rows = history.browse(self._row_ids)
                        self._answers(rows.read)
                        self._answers(history.search_count, [])

    def test_whom_the_context_cannot_name(self):
        """The client's context cannot choose the customers looked at."""
        history = self._as("manager", "classification.history")
        everybody = history.search_count([])
        self.assertTrue(everybody)
        for value in (*HOSTILE, self.customer.ids):
            named = history.with_context(history_customer_ids=value)
            with self.subTest(value=value):
                self.assertEqual(named.search_count([]), everybody)

    def test_customer_in_the_context(self):
        self._order(self.customer, AS_OF - timedelta(2), 100)
        self.policy.recompute_products(as_of_date=AS_OF)
        self.env.flush_all()
        keys = {"customer_product_company_id": self.company.id}
        products = self._as("manager", "customer.product", **keys)
        mine = products.with_context(customer_product_partner_id=self.customer.id)
        self.assertTrue(mine.search([]))
        for value in HOSTILE:
            named = products.with_context(customer_product_partner_id=value)
            with self.subTest(partner=value):
                self.assertFalse(named.search_count([]))
            named = mine.with_context(customer_product_company_id=value)
            with self.subTest(company=value):
                self.assertTrue(named.search_count([]))
        self._hide(self.customer)
        self.assertFalse(mine.search_count([]))
        with self.assertRaises(AccessError):
            self._as("salesperson", "customer.product").search_count([])

    # Domains

    def test_values_of_domains(self):
        partners = self._as("manager", "res.partner")
        plain = [value for value in HOSTILE if not isinstance(value, list | dict)]
        # Names are looked for among records by Odoo itself, which knows no NUL.
        lists = [[value] for value in plain if value != "\0"]
        for name in SEARCHED:
            relational = partners._fields[name].relational
            for operator, values in (
                *((("=", plain), ("!=", plain)) if not relational else ()),
                *(((">", plain), ("<=", plain)) if not relational else ()),
                *(("in", lists), ("not in", lists)),
            ):
                for value in values:
                    with self.subTest(name, operator=operator, value=value):
                        self._answers(partners.search_count, [(name, operator, value)])

    # Writes to results of other companies

    def test_a_campaign_of_others_is_not_taken_from_them(self):
        campaign = self.env["utm.campaign"].create(
            {"title": "Of All", "company_id": False}
        )
        self.env["campaign.participant"].create(
            {
                "campaign_id": campaign.id,
                "company_id": self.company.id,
                "partner_id": self.customer.id,
            }
        )
        self.policy.recompute_campaigns(as_of_date=AS_OF)
        taken = self._as("stranger", "utm.campaign").browse(campaign.ids)
        for company in (self.other_company, self.company):
            with self.subTest(company.name), self.assertRaises(AccessError):
                taken.write({"company_id": company.id})
        self.assertTrue(campaign.campaign_participant_ids)
        profiles = self.env["campaign.profile"].search_count(
            [("campaign_id", "=", campaign.id)]
        )
        self.assertEqual(profiles, 1)
        given = self._as("manager", "utm.campaign").browse(campaign.ids)
        given.write({"company_id": self.company.id})
        self.assertTrue(campaign.campaign_participant_ids)
