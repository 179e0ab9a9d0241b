"""A hostile context of a client is not believed.

Only the program itself sets the keys that this is about.
"""

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import SQL

from ..common import AS_OF, ClassificationCase

OFFICER = "customer_classification.group_officer"
# Context keys of the program itself, as a client may send them.
FLAGS = {
    "rules_judged_later": True,
    "references_judged_later": True,
}


@tagged("post_install", "-at_install")
class TestHostileContext(ClassificationCase):
    policy_values = {
        "approval_customer_percent": 10,
        "approval_min_customers": 1,
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.today = cls.policy._today()
        cls.officer = cls._user("context_officer", OFFICER)
        cls.manager = cls._user("context_manager", "sales_team.group_sale_manager")
        cls.customer = cls._regular("Customer", 10, times=4, until=cls.today)
        cls._recompute(cls.today)

    def _hostile(self, record, user, **context):
        return record.with_user(user).with_context(**FLAGS, **context)

    def _defaults(self, **values):
        return {
            f"default_{name}": value
            for name, value in {
                "approved_by_id": self.manager.id,
                "scope": "some",
                "kind": "preview",
                "edges": {"tier_limits": {}},
                "watermark": "2099-01-01 00:00:00",
                "problem_count": 7,
                **values,
            }.items()
        }

    # Runs

    def test_run_of_a_client_is_approved_by_nobody(self):
        self._purchase(self.customer, self.today, 50_000)
        policy = self._hostile(self.policy, self.officer, **self._defaults())
        for start in (policy.recompute, policy.refresh):
            run = start().sudo()
            self.assertEqual(
                (run.state, run.kind), ("waiting", "production"), run.error
            )
            self.assertFalse(run.approved_by_id)
            self.assertFalse(run.watermark)
        self.assertEqual(self._profile(self.customer).value_tier_id, self._tier("low"))

    def test_queued_run_has_no_defaults_of_a_client(self):
        policy = self._hostile(
            self.policy, self.officer, **self._defaults(state="done")
        )
        run = self.env["classification.run"].browse(policy.action_recompute()["res_id"])
        self.assertEqual((run.state, run.scope), ("queued", "all"))
        self.assertFalse(run.approved_by_id)
        action = policy.action_recompute_products()
        run = run.browse(action["res_id"])
        self.assertEqual((run.state, run.kind), ("queued", "product"))
        self.assertFalse(run.approved_by_id)

    def test_runs_over_other_things_have_none_either(self):
        defaults = self._defaults(state="done", approved_by_id=self.manager.id)
        policy = self._hostile(self.policy, self.officer, **defaults)
        for run in (policy.recompute_products(), policy.recompute_campaigns()):
            self.assertFalse(run.sudo().approved_by_id)
            self.assertEqual(run.sudo().problem_count, 0)

    def test_client_commits_nothing(self):
        """A commit raises here, as the transaction is the test's."""
        policy = self._hostile(self.policy, self.officer)
        run = policy.recompute(partner_ids=self.customer.ids).sudo()
        self.assertEqual((run.state, run.looked_at_count), ("done", 1), run.error)

    # Policies

    def test_rules_are_judged_now(self):
        draft = self.policy.copy({"name": "Draft"})
        draft = self._hostile(draft, self.manager)
        line = draft.tier_ids.filtered(lambda one: one.tier_id.code == "high")
        with self.assertRaises(ValidationError), self.cr.savepoint():
            line.limit = 1_000_000
        with self.assertRaises(UserError), self.cr.savepoint():
            draft.write({"sale_domain": "[('partner_id', '=', 2147483000)]"})

    # Companies

    def test_no_company_of_others(self):
        """No company of others is reached by the context.

        Odoo does not check the companies of the context where superuser rights read.
        """
        campaign = self.env["utm.campaign"].create(
            {
                "title": "Ours",
                "company_id": self.company.id,
                "campaign_start_date": AS_OF,
                "campaign_target_revenue": 1,
            }
        )
        self.policy.recompute_campaigns()
        self.policy.recompute_products()
        elsewhere = self._company("Elsewhere Ltd")
        spy = new_test_user(
            self.env,
            "context_spy",
            groups="sales_team.group_sale_manager",
            company_id=elsewhere.id,
            company_ids=[fields.Command.set(elsewhere.ids)],
        )
        for record, name in (
            (campaign, "campaign_performance"),
            (campaign, "campaign_profile_id"),
            (self.customer, "customer_value_tier_id"),
            (self.product.product_tmpl_id, "product_abc_class"),
        ):
            seen = record.with_user(spy).with_context(
                allowed_company_ids=self.company.ids
            )
            with self.subTest(name), self.assertRaises(AccessError):
                seen.read([name])
            with self.subTest(name), self.assertRaises(AccessError):
                seen.search([(name, "!=", False)])


@tagged("post_install", "-at_install")
class TestUnsavedForms(ClassificationCase):
    """An unsaved form may name any record, but shows nothing of it."""

    policy_values = {"product_min_months": 3, "product_new_days": 0}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hidden = cls._regular("Hidden", 10_000, is_company=True)
        cls._order(cls.hidden, AS_OF, 100)
        cls._recompute()
        cls.policy.recompute_products(as_of_date=AS_OF)
        cls.policy.recompute(kind="preview", as_of_date=AS_OF)
        cls.manager = cls._user("forms_manager", "sales_team.group_sale_manager")
        cls.elsewhere = cls._company("Elsewhere Ltd")
        cls.stranger = new_test_user(
            cls.env,
            "forms_stranger",
            groups="sales_team.group_sale_manager",
            company_id=cls.elsewhere.id,
            company_ids=[fields.Command.set(cls.elsewhere.ids)],
        )

    def _onchange(self, user, model, values, names):
        """Return some fields of a form with these values."""
        model = self.env(user=user, su=False, context={})[model]
        values, spec = dict(values), {name: {} for name in (*values, *names)}
        try:
            shown = model.onchange(values, [], spec)["value"]
        except AccessError:
            return {}
        return {name: shown[name] for name in names if shown.get(name)}

    def _hide(self):
        self.env["ir.rule"].create(
            {
                "name": "Not this one",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.hidden.id})]",
            }
        )

    def test_contact_of_a_hidden_company(self):
        names = (
            *(
                "customer_value_tier_id",
                "customer_revenue",
                "customer_tier_explanation",
            ),
            *("customer_favourite_categ_id", "customer_market", "customer_code"),
        )
        values = {"name": "Mine", "is_company": False, "parent_id": self.hidden.id}
        self.assertTrue(self._onchange(self.manager, "res.partner", values, names))
        self._hide()
        self.assertFalse(self._onchange(self.manager, "res.partner", values, names))

    def test_decisions(self):
        product = self.product.product_tmpl_id
        for model, name, values in (
            ("classification.override", "now_label", {"partner_id": self.hidden.id}),
            ("product.class.override", "now_class", {"product_tmpl_id": product.id}),
        ):
            axis = self.env[model]._fields["axis"].get_values(self.env)[0]
            values |= {"company_id": self.company.id, "axis": axis}
            with self.subTest(model):
                seen = self._onchange(self.manager, model, values, [name])
                self.assertNotIn(seen.get(name), (None, "-"))
                seen = self._onchange(self.stranger, model, values, [name])
                self.assertIn(seen.get(name), (None, "-"))
                # A form on which nothing is chosen yet.
                values |= {"axis": False}
                seen = self._onchange(self.manager, model, values, [name])
                self.assertIn(seen.get(name), (None, "-"))

    def test_limits_of_another_company(self):
        values = {"name": "Mine", "company_id": self.company.id}
        self.assertTrue(
            self._onchange(
                self.manager, "classification.policy", values, ["limits_histogram"]
            )
        )
        self.assertFalse(
            self._onchange(
                self.stranger, "classification.policy", values, ["limits_histogram"]
            )
        )

    def test_profiles_that_a_client_names(self):
        """Profiles of forms are worked out anew, whichever the client names."""
        campaign = self.env["utm.campaign"].create(
            {"title": "Ours", "company_id": self.company.id}
            | {"campaign_start_date": AS_OF, "campaign_target_revenue": 1}
        )
        self.policy.recompute_campaigns()
        product = self.product.product_tmpl_id
        for record, model, name, shown in (
            (
                *(self.hidden, "res.partner", "customer_profile_id"),
                "customer_tier_explanation",
            ),
            (self.hidden, "sale.order", "customer_profile_id", "customer_summary"),
            (self.hidden, "crm.lead", "customer_profile_id", "customer_summary"),
            *(
                (self.hidden, model, "customer_profile_id", "customer_summary")
                for model in ("customer.complaint", "customer.feedback")
            ),
            (
                *(campaign, "utm.campaign", "campaign_profile_id"),
                "campaign_performance_text",
            ),
            (product, "product.template", "product_profile_id", "product_abc_class"),
        ):
            profile = record[name]
            self.assertTrue(profile, name)
            with self.subTest(model):
                values = {name: profile.id}
                self.assertFalse(self._onchange(self.stranger, model, values, [shown]))

    def test_profiles_that_a_client_names_on_lines(self):
        """Lines of a form are new records, and those that a command changes."""
        profile, name = self.hidden.customer_profile_id, "customer_profile_id"
        partners = self.env(user=self.stranger.id, su=False, context={})["res.partner"]
        line = partners.new({"name": "Line", name: profile.id})
        self.assertFalse(line[name] or line.customer_tier_explanation)
        line._update_cache({name: profile.id}, validate=False)
        self.assertFalse(line[name])

    def test_what_forms_count(self):
        """Forms of another company count nothing there."""
        playbook = self.env["customer.playbook"].create(
            {"name": "Ours", "company_id": self.company.id}
            | {"tier_ids": self._tier("vip").ids}
        )
        playbook._open_cases(SQL("SELECT %s, %s::date", self.hidden.id, AS_OF))
        values, name = {"playbook_id": playbook.id}, "open_case_count"
        seen = self._onchange(self.manager, "customer.playbook.start", values, [name])
        self.assertEqual(seen, {name: 1})
        self.assertFalse(
            self._onchange(self.stranger, "customer.playbook.start", values, [name])
        )
        values, name = {"company_id": self.company.id}, "people_text"
        model = "classification.first.steps"
        seen = self._onchange(self.stranger, model, values, [name])
        self.assertIn("0 users", seen.get(name, "0 users"))
        for model in ("product.rules", "campaign.rules", "customer.rules"):
            name = "run_time_text"
            seen = self._onchange(self.stranger, model, values, [name])
            self.assertNotIn("as the last one", seen.get(name, ""))

    def test_rules_without_a_policy(self):
        seen = self._onchange(self.manager, "customer.rules", {}, ["limits_histogram"])
        self.assertFalse(seen)


@tagged("post_install", "-at_install")
class TestWizardsOfOthers(ClassificationCase):
    """Wizards of others are closed, though Odoo shows them to all users."""

    def test_only_who_opened_it(self):
        groups = "base.group_system,sales_team.group_sale_manager"
        mine = self._user("wizard_mine", groups)
        other = self._user("wizard_other", groups)
        wizards = [
            name
            for name, model in self.env.registry.items()
            if model._transient
            and model._original_module.startswith("customer_classification")
        ]
        self.assertIn("campaign.start", wizards)
        rules = self.env["ir.rule"]
        for name in wizards:
            domain = rules.with_user(other)._compute_domain(name)
            with self.subTest(name):
                self.assertIn(("create_uid", "in", [other.id]), self._plain(domain))
        wizard = self.env["campaign.start"].with_user(mine).create({"title": "Mine"})
        self.assertEqual(wizard.title, "Mine")
        theirs = wizard.with_user(other)
        self.assertFalse(theirs.search([("id", "=", wizard.id)]))
        for call in (
            lambda: theirs.read(["title"]),
            lambda: theirs.write({"title": "Theirs"}),
            theirs.action_start,
        ):
            with self.assertRaises(AccessError):
                call()

    def _plain(self, domain):
        return [
            (one.field_expr, one.operator, list(one.value))
            for one in domain.iter_conditions()
            if one.field_expr == "create_uid"
        ]
