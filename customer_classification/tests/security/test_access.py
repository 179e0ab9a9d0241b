from odoo.exceptions import AccessError
from odoo.fields import NO_ACCESS
from odoo.tests import tagged

from ...models.common.access_groups import MONEY_GROUP
from ..common import AS_OF, ClassificationCase

# {model: {login: operations}}; all other operations are refused.
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
    **dict.fromkeys(
        (
            *("classification.policy.tier", "customer.rules", "product.rules"),
            "campaign.rules",
        ),
        {"salesperson": {READ}, "officer": {READ}, "manager": EVERYTHING},
    ),
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
    "customer.feedback.ask": {"officer": EVERYTHING, "manager": EVERYTHING},
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
    **dict.fromkeys(
        ("customer.complaint", "customer.feedback", "customer.feedback.request"),
        {
            "salesperson": {READ, WRITE, CREATE},
            "officer": EVERYTHING,
            "manager": EVERYTHING,
        },
    ),
    **dict.fromkeys(
        (
            *("customer.complaint.category", "customer.complaint.cause"),
            "customer.complaint.deadline",
        ),
        {"salesperson": {READ}, "officer": EVERYTHING, "manager": EVERYTHING},
    ),
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


# Possible amounts, and the reason why they hold no purchase, sale or payment: a number
# that is neither here nor closed to users without access to all sales fails the test.
RULES = "what people set, of nobody"
SHARE = "a share or ratio of which the other part is told to nobody"
COUNT = "no money: a count, a score, days or quantities"
SHOWN = "without amounts for who may not see them"
OWN = "what people know of a company or a product, not what was bought"
CUSTOMER_RULES = {
    *("limit_tolerance", "keep_margin", "shrinkage", "min_gap_days", "dormant_ratio"),
    *("lost_ratio", "at_risk_ratio", "decline_growth", "refund_share", "risk_overdue"),
    *("risk_far_overdue", "risk_declining", "risk_refunds", "risk_medium_from"),
    *("risk_high_from", "risk_high_below", "risk_medium_below", "change_html"),
    *("risk_complaints", "risk_dissatisfied", "risk_silent", "silent_ratio"),
    "dissatisfied_below",
}
PRODUCT_RULES = {
    *("product_a_percent", "product_b_percent", "product_keep_points"),
    *("product_x_limit", "product_y_limit", "product_cv_tolerance"),
    *("product_band_low_percent", "product_band_high_percent"),
    *("product_band_low_price", "product_band_high_price"),
    *("product_growth_percent", "product_decline_percent", "change_html"),
}
CAMPAIGN_RULES = {
    *("campaign_margin_percent", "campaign_strong_percent", "campaign_weak_percent"),
    *("campaign_confidence_percent", "change_html"),
}
AMOUNTLESS = {
    "base_import.import": {"how a file is read": {"customer_reading"}},
    "campaign.participant": {COUNT: {"feedback_score"}},
    "campaign.participant.tag": {COUNT: {"conversion"}},
    "campaign.profile": {
        COUNT: {
            *("feedback_score", "response_rate", "lead_rate", "conversion_rate"),
            *("peer_response_rate", "peer_lead_rate", "peer_conversion_rate"),
            *("treated_rate", "control_rate", "lift", "lift_low", "lift_high"),
        },
        SHOWN: {"findings", "scorecard"},
    },
    "campaign.start": {RULES: {"control_share"}},
    "classification.back.test.line": {SHARE: {"measures"}},
    "classification.churn": {COUNT: {"churn_rate"}},
    "classification.prediction": {SHARE: {"score"}},
    "classification.policy": {
        RULES: {
            *("approval_customer_percent", "approval_revenue_percent", "drift_limit"),
            "change_html",
        },
        SHOWN: {"limits_histogram"},
    },
    "customer.rules": {
        RULES: CUSTOMER_RULES,
        SHOWN: {"limits_histogram"},
    },
    "product.rules": {RULES: PRODUCT_RULES},
    "campaign.rules": {RULES: CAMPAIGN_RULES},
    "classification.policy.metric": {RULES: {"weight"}},
    "classification.policy.tier": {
        RULES: {"limit", "keep_limit", "benefit_percent", "benefit_amount"}
    },
    "classification.run": {
        COUNT: {"progress", "duration", "moved_percent", "notes"},
        SHARE: {"moved_revenue_percent", "back_test", "reliability"},
        SHOWN: {"rehearsal_view", "drift_table"},
    },
    "classification.tag.duplicate": {COUNT: {"share"}},
    "customer.data.gap.count": {COUNT: {"share"}},
    "customer.conversion": {
        COUNT: {"conversion_rate", "repeat_rate", "retention_rate"}
    },
    "customer.next.product": {COUNT: {"gap_days"}},
    "customer.tier.effect": {COUNT: {"bought_rate"}},
    "customer.care.occasion": {RULES: {"note"}},
    "customer.playbook": {RULES: {"control_share", "score_below", "silence_ratio"}},
    "customer.playbook.result": {
        COUNT: {
            *("goal_rate", "control_rate", "reach_rate", "done_rate", "touch_days"),
            *("lift", "lift_low", "lift_high"),
        }
    },
    "customer.playbook.step": {RULES: {"note"}},
    "customer.playbook.task": {COUNT: {"done_share"}},
    "customer.company.size": {RULES: {"turnover_limit"}},
    "customer.complaint": {
        COUNT: {
            *("response_hours", "solution_hours", "paused_hours", "satisfaction"),
            *("response_limit", "solution_limit", "warning_limit"),
        }
    },
    "customer.complaint.deadline": {
        RULES: {"response_hours", "solution_hours", "warning_hours"}
    },
    "customer.feedback": {COUNT: {"score", "original_score"}},
    "customer.satisfaction": {
        COUNT: {
            *("satisfaction", "satisfaction_low", "satisfaction_high"),
            *("recommendation", "heard_share"),
        }
    },
    "customer.timeline": {COUNT: {"score"}},
    # A score reveals the part of all customers to which one belongs, by limits of the
    # last run that only users with access to amounts see.
    "customer.profile": {
        COUNT: {
            *("expected_gap_days", "overdue_ratio", "value_score"),
            *("complaint_hours", "satisfaction", "recommendation_score"),
            *("silence_ratio", "signal_satisfaction"),
        },
        SHARE: {"growth", "purchase_probability"},
    },
    "product.profile": {
        COUNT: {"quantity", "cv", "trend"},
        SHARE: {"abc_share"},
        OWN: {"list_price"},
    },
    "product.template": {COUNT: {"product_quantity_sold"}},
    "product.variant.class": {COUNT: {"quantity", "cv"}},
    "res.partner": {
        COUNT: {"customer_value_score"},
        SHARE: {"customer_discount_percent", "customer_purchase_probability"},
        OWN: {"customer_turnover"},
    },
    "utm.campaign": {
        RULES: {"campaign_control_share", "campaign_budget", "campaign_planned_cost"},
        COUNT: {
            *("campaign_response_rate", "campaign_conversion_rate"),
            "campaign_feedback_score",
        },
        SHOWN: {"campaign_findings", "campaign_scorecard"},
    },
}
NUMERIC = ("monetary", "float", "json", "html")
# Ways from documents to the amounts of a customer, a product and a campaign.
PATHS = {
    "res.partner": ("customer_revenue", "customer_profile_id.lifetime_revenue"),
    "res.users": ("customer_revenue", "partner_id.customer_profile_id.margin"),
    "sale.order": ("partner_id.customer_revenue",),
    "account.move": ("commercial_partner_id.customer_profile_id.revenue",),
    "crm.lead": ("partner_id.customer_revenue",),
    "product.product": ("product_revenue", "product_tmpl_id.product_revenue"),
    "product.template": ("product_profile_id.margin",),
    "utm.campaign": (
        *("campaign_revenue", "campaign_cost", "campaign_roi"),
        *("campaign_profile_id.performance_ratio", "campaign_cost_ids.amount"),
    ),
    "classification.change": ("run_id.edges", "run_id.drift", "explanation"),
    "customer.profile": ("run_id.edges", "partner_id.customer_revenue"),
    "campaign.class.change": ("ratio", "run_id.edges"),
}


@tagged("post_install", "-at_install")
class TestAccess(ClassificationCase):
    """Rights of each group; no user learns data that is hidden from them."""

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
        # A portal user is a contact of the customer, and may read it.
        cls.users["portal"].partner_id.parent_id = cls.vip
        cls.env.invalidate_all()

    def test_rights_on_each_model(self):
        for model, rights in RIGHTS.items():
            for name, user in self.users.items():
                records = self.env[model].with_user(user)
                found = {op for op in EVERYTHING if records.has_access(op)}
                self.assertEqual(found, rights.get(name, NOTHING), (model, name))

    def test_every_model_is_closed_to_strangers(self):
        """Every model is closed to strangers, also those that come later.

        Other parts of the addon may add them.
        """
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
        """Every model of a company has a record rule.

        Otherwise users of one company would see another company's data.
        """
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
        """Strangers cannot search by a class they may not read.

        An answer would show the class.
        """
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
        """A salesperson lists every model that she may read.

        No order of a model uses a field that not everybody may read.
        """
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
        """Amounts of every model are read only with access to all sales.

        Each amount of the models that internal users read is closed to others; rules
        hold amounts of nobody.
        """
        for model, rights in RIGHTS.items():
            if READ not in rights.get("salesperson", NOTHING):
                continue
            if model.startswith("classification.policy") or model.endswith(".rules"):
                continue
            for name, field in self.env[model]._fields.items():
                if field.type == "monetary":
                    self.assertEqual(field.groups, MONEY_GROUP, (model, name))

    def _numbers(self):
        """Return model and field of all possible amounts, of this addon."""
        for model, registered in sorted(self.env.registry.items()):
            if registered._abstract:
                continue
            for name, field in registered._fields.items():
                ours = "customer_classification" in field._modules
                if ours and field.type in NUMERIC and not field.inherited:
                    yield model, name, field

    def _is_closed(self, model, field):
        """Check if only users with access to all sales read a field.

        Administrators may, too.
        """
        if field.groups in (MONEY_GROUP, NO_ACCESS):
            return True
        access = self.env["ir.model.access"].search(
            [("model_id.model", "=", model), ("perm_read", "=", True)]
        )
        few = self.env.ref(MONEY_GROUP) + self.env.ref("base.group_system")
        return access.group_id <= few

    def test_each_number_is_an_amount_or_is_none(self):
        known = {
            (model, name)
            for model, reasons in AMOUNTLESS.items()
            for names in reasons.values()
            for name in names
        }
        found = {
            (model, name)
            for model, name, field in self._numbers()
            if not self._is_closed(model, field)
        }
        self.assertEqual(found - known, set(), "Is it an amount? Who may see it?")
        self.assertEqual(known - found, set(), "They are gone, or for few only")

    def test_amounts_are_closed_in_every_way(self):
        """Amounts are closed to an Officer without access to all sales.

        They cannot be read, searched, sorted, grouped, summed up or exported.
        """
        officer = self._user(
            "access_poor",
            "customer_classification.group_officer,sales_team.group_sale_salesman,"
            "base.group_allow_export",
        )
        closed = 0
        for model, name, field in self._numbers():
            if field.groups != MONEY_GROUP:
                continue
            records = self.env[model].with_user(officer)
            ways = {
                "read": lambda r=records, n=name: r.browse(1).read([n]),
                "export": lambda r=records, n=name: r.browse(1).export_data([n]),
            }
            if field.store or field.search:
                ways["search"] = lambda r=records, n=name: r.search_count(
                    [(n, "!=", False)]
                )
                ways["not"] = lambda r=records, n=name: r.search_count(
                    ["!", (n, "=", 1)]
                )
            if field.store and field.type != "json":
                ways["range"] = lambda r=records, n=name: r.search_count([(n, ">", 1)])
                ways["order"] = lambda r=records, n=name: r.search([], order=n)
                ways["group"] = lambda r=records, n=name: r.formatted_read_group(
                    [], [n], ["__count"]
                )
                ways["sum"] = lambda r=records, n=name: r.formatted_read_group(
                    [], [], [f"{n}:sum"]
                )
                ways["having"] = lambda r=records, n=name: r.formatted_read_group(
                    [], ["id"], ["__count"], having=[(f"{n}:max", ">", 1)]
                )
            for way, ask in ways.items():
                with self.subTest(f"{model}.{name}", way=way):
                    with self.assertRaises(AccessError):
                        ask()
                    closed += 1
        self.assertGreater(closed, 200)

    def test_amounts_are_closed_on_every_path(self):
        officer = self._user(
            "access_poor",
            "customer_classification.group_officer,sales_team.group_sale_salesman,"
            "account.group_account_invoice",
        )
        for model, paths in PATHS.items():
            records = self.env[model].with_user(officer)
            for path in paths:
                domains = [[(path, "!=", False)], ["!", (path, "=", 1)]]
                if "." in path:
                    first, rest = path.split(".", 1)
                    domains.append([(first, "any", [(rest, "!=", False)])])
                    domains.append([(first, "not any", [(rest, "=", 1)])])
                for domain in domains:
                    with self.subTest(model, domain=domain):
                        with self.assertRaises(AccessError):
                            records.search_count(domain)
                        if records._rec_name:
                            with self.assertRaises(AccessError):
                                records.name_search("a", domain)

    def test_who_may_not_see_amounts_enters_none(self):
        officer = self._user("access_poor", "customer_classification.group_officer")
        purchases = self.env["customer.purchase"].with_user(officer)
        values = {"partner_id": self.vip.id, "date": AS_OF, "amount": 5}
        with self.assertRaises(AccessError):
            purchases.create(values)
        with self.assertRaises(AccessError):
            purchases.search([], limit=1).write({"margin": 5})
        campaign = self.env["utm.campaign"].create({"title": "Cheap"})
        costs = self.env["campaign.cost"].with_user(officer)
        cost = {"campaign_id": campaign.id, "name": "Print", "amount": 5}
        with self.assertRaises(AccessError):
            costs.create(cost)
        mine = campaign.with_user(officer)
        for vals in (
            {"campaign_cost_ids": [(0, 0, cost)]},
            {"campaign_target_revenue": 5},
        ):
            with self.subTest(vals=vals), self.assertRaises(AccessError):
                mine.write(vals)
        mine.campaign_budget = 5  # Officers plan the budget

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
