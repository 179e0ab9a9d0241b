from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..models.customer_profile import MONEY_GROUP
from .common import ClassificationCase

# Who may {operation: what}, by login; what is not named is refused.
READ, WRITE, CREATE, UNLINK = "read", "write", "create", "unlink"
EVERYTHING = {READ, WRITE, CREATE, UNLINK}
NOTHING = set()
RIGHTS = {
    "customer.profile": {
        "internal": {READ},
        "salesperson": {READ},
        "officer": {READ},
        "manager": {READ},
    },
    "classification.change": {
        "internal": {READ},
        "salesperson": {READ},
        "officer": {READ},
        "manager": {READ},
    },
    "customer.purchase": {"officer": EVERYTHING, "manager": EVERYTHING},
    "classification.policy": {
        "salesperson": {READ},
        "officer": {READ},
        "manager": EVERYTHING,
    },
    "classification.policy.tier": {
        "salesperson": {READ},
        "officer": {READ},
        "manager": EVERYTHING,
    },
    "classification.run": {
        "salesperson": {READ},
        "officer": {READ},
        "manager": {READ, UNLINK},
    },
    "classification.run.result": {
        "salesperson": {READ},
        "officer": {READ},
        "manager": {READ},
    },
    "customer.code": {
        "internal": {READ},
        "salesperson": {READ},
        "officer": EVERYTHING,
        "manager": EVERYTHING,
    },
    "customer.code.scheme": {
        "internal": {READ},
        "salesperson": {READ},
        "officer": {READ},
        "manager": EVERYTHING,
    },
    "customer.code.segment": {
        "internal": {READ},
        "salesperson": {READ},
        "officer": {READ},
        "manager": EVERYTHING,
    },
    "customer.code.assign": {"officer": EVERYTHING, "manager": EVERYTHING},
    "campaign.type": {
        "internal": {READ},
        "salesperson": {READ},
        "officer": EVERYTHING,
        "manager": EVERYTHING,
    },
    "campaign.cost": {"officer": EVERYTHING, "manager": EVERYTHING},
    "campaign.participant": {
        "internal": {READ},
        "salesperson": {READ},
        "officer": EVERYTHING,
        "manager": EVERYTHING,
    },
    "campaign.profile": {
        "internal": {READ},
        "salesperson": {READ},
        "officer": {READ},
        "manager": {READ},
    },
    "campaign.class.change": {
        "internal": {READ},
        "salesperson": {READ},
        "officer": {READ},
        "manager": {READ},
    },
    "customer.value.tier": {
        "internal": {READ},
        "salesperson": {READ},
        "officer": {READ},
        "manager": EVERYTHING,
    },
    "customer.lifecycle.stage": {
        "internal": {READ},
        "salesperson": {READ},
        "officer": {READ},
        "manager": {READ, WRITE},
    },
}


@tagged("post_install", "-at_install")
class TestAccess(ClassificationCase):
    """What each group may do, and that nobody learns what is not shown to them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vip = cls._regular("Very Important", 1_000, is_company=True)
        cls.small = cls._regular("Small", 10)
        cls._recompute()
        groups = {
            "internal": "base.group_user",
            "salesperson": "sales_team.group_sale_salesman",
            "officer": "sales_team.group_sale_salesman_all_leads,"
            "customer_classification.group_officer",
            "manager": "sales_team.group_sale_manager",
            "portal": "base.group_portal",
            "public": "base.group_public",
        }
        cls.users = {
            name: cls._user(f"access_{name}", group) for name, group in groups.items()
        }
        # A portal user is a contact of the customer, whom she may read.
        cls.users["portal"].partner_id.parent_id = cls.vip
        cls.env.invalidate_all()

    def test_rights_on_each_model(self):
        for model, rights in RIGHTS.items():
            for name, user in self.users.items():
                records = self.env[model].with_user(user)
                found = {op for op in EVERYTHING if records.has_access(op)}
                self.assertEqual(found, rights.get(name, NOTHING), (model, name))

    def test_every_model_is_closed_to_strangers(self):
        """Also models that other parts of the addon add later."""
        for name, model in self.env.registry.items():
            if model._original_module != "customer_classification" or model._abstract:
                continue
            for stranger in ("portal", "public"):
                records = self.env[name].with_user(self.users[stranger])
                for operation in EVERYTHING:
                    self.assertFalse(
                        records.has_access(operation), (name, stranger, operation)
                    )

    def test_every_model_of_a_company_has_a_rule(self):
        """Else users of one company would see what another one knows."""
        ruled = self.env["ir.rule"].search([]).model_id.mapped("model")
        for name, model in self.env.registry.items():
            if model._original_module != "customer_classification":
                continue
            if "company_id" not in model._fields or model._abstract or model._transient:
                continue
            if self.env[name].with_user(self.users["manager"]).has_access(READ):
                self.assertIn(name, ruled)

    def test_fields_of_contacts_are_for_internal_users(self):
        for name, field in self.env["res.partner"]._fields.items():
            if field._modules == ("customer_classification",):
                self.assertTrue(field.groups, name)

    def test_strangers_cannot_read_a_class(self):
        partner = self.vip.with_user(self.users["portal"])
        self.assertEqual(partner.name, "Very Important")
        with self.assertRaises(AccessError):
            partner.read(["customer_value_tier_id"])
        with self.assertRaises(AccessError):
            partner.mapped("customer_churn_risk")

    def test_strangers_cannot_search_by_a_class(self):
        """An answer would tell the class without showing it."""
        partners = self.env["res.partner"].with_user(self.users["portal"])
        for domain in (
            [("customer_value_tier_id", "=", self._tier("vip").id)],
            [("customer_value_tier_id.code", "=", "vip")],
            [("customer_value_tier_id", "!=", False)],
            [("customer_profile_id", "!=", False)],
            [("customer_profile_id.revenue", ">", 1)],
            [("customer_churn_risk", "=", "low")],
            [("commercial_partner_id.customer_churn_risk", "=", "low")],
            ["!", ("customer_revenue", ">", 1)],
        ):
            with self.subTest(domain=domain), self.assertRaises(AccessError):
                partners.search_count(domain)

    def test_strangers_cannot_group_or_sort_by_a_class(self):
        partners = self.env["res.partner"].with_user(self.users["portal"])
        for name in ("customer_value_tier_id", "customer_profile_id"):
            with self.subTest(name), self.assertRaises(AccessError):
                partners.formatted_read_group([], [name], ["__count"])
            with self.subTest(name), self.assertRaises(AccessError):
                partners.search([], order=name)

    def test_salesperson_sees_classes_not_amounts(self):
        user = self.users["salesperson"]
        partner = self.vip.with_user(user)
        self.assertEqual(partner.customer_value_tier_id.code, "vip")
        self.assertTrue(partner.customer_tier_explanation)
        self.assertNotIn("12,000", partner.customer_tier_explanation)
        for record, name in (
            (partner, "customer_revenue"),
            (self._profile(self.vip).with_user(user), "lifetime_revenue"),
            (self._last_run().result_ids.with_user(user), "revenue"),
            (self._last_run().change_ids.with_user(user), "revenue"),
        ):
            with self.subTest(name, model=record._name):
                with self.assertRaises(AccessError):
                    record.read([name])

    def test_salesperson_lists_every_model_she_may_read(self):
        """No order of a model names what not everybody may read."""
        for name, model in self.env.registry.items():
            if model._original_module != "customer_classification" or model._abstract:
                continue
            records = self.env[name].with_user(self.users["salesperson"])
            if records.has_access(READ):
                with self.subTest(model=name):
                    records.search_fetch([], ["id"], limit=1)

    def test_salesperson_cannot_search_by_amounts(self):
        partners = self.env["res.partner"].with_user(self.users["salesperson"])
        for domain in (
            [("customer_revenue", ">", 1_000)],
            [("customer_profile_id.revenue", ">", 1_000)],
            ["!", ("customer_profile_id.lifetime_revenue", "=", 0)],
            [("customer_profile_id", "any", [("margin", ">", 0)])],
        ):
            with self.subTest(domain=domain), self.assertRaises(AccessError):
                partners.search_count(domain)
        for name in ("customer_revenue:sum", "customer_revenue:max"):
            with self.subTest(name), self.assertRaises(AccessError):
                partners.formatted_read_group([], ["customer_churn_risk"], [name])
        with self.assertRaises(AccessError):
            partners.search([], order="customer_revenue")

    def test_salesperson_searches_by_classes(self):
        partners = self.env["res.partner"].with_user(self.users["salesperson"])
        known = self.vip + self.small
        for domain, found in (
            ([("customer_value_tier_id.code", "=", "vip")], self.vip),
            ([("customer_value_tier_id", "=", self._tier("vip").id)], self.vip),
            ([("customer_profile_id.order_count", "=", 12)], known),
        ):
            self.assertEqual(
                partners.search([("id", "in", known.ids), *domain], order="id"),
                found,
                domain,
            )

    def test_amounts_of_every_model_are_for_who_sees_all_sales(self):
        """Each amount of the models that internal users read is closed to them; rules
        hold amounts of nobody."""
        for model, rights in RIGHTS.items():
            if READ not in rights.get("salesperson", NOTHING):
                continue
            if model.startswith("classification.policy"):
                continue
            for name, field in self.env[model]._fields.items():
                if field.type == "monetary":
                    self.assertEqual(field.groups, MONEY_GROUP, (model, name))

    def test_user_recomputes_one_customer(self):
        run = self.policy.with_user(self.users["salesperson"]).recompute(
            partner_ids=self.vip.ids
        )
        self.assertEqual((run.state, run.looked_at_count), ("done", 1))

    def test_who_may_not_recompute(self):
        for name, arguments in (
            ("internal", {"partner_ids": self.vip.ids}),
            ("portal", {"partner_ids": self.vip.ids}),
            ("public", {"partner_ids": self.vip.ids}),
            ("salesperson", {}),
        ):
            with self.subTest(name), self.assertRaises(AccessError):
                self.policy.with_user(self.users[name]).recompute(**arguments)

    def test_officer_may_not_publish(self):
        self.policy.action_new_version()
        draft = self.env["classification.policy"].search(
            [("company_id", "=", self.company.id), ("state", "=", "draft")]
        )
        with self.assertRaises(AccessError):
            draft.with_user(self.users["officer"]).action_publish()
        draft.with_user(self.users["manager"]).action_publish()
        self.assertEqual(draft.state, "published")

    def _last_run(self):
        return self.env["classification.run"].search(
            [("company_id", "=", self.company.id)], limit=1
        )
