import contextlib

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ...models.common.ir_rule import ADDONS
from ..common import AS_OF, ClassificationCase
from ..row_common import RowCase


@tagged("post_install", "-at_install")
class TestCompanies(ClassificationCase):
    """Two companies share customers, each with its own purchases and rules."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._company("Other Ltd", "USD")
        cls.env.user.company_ids |= cls.other
        cls.other_policy = cls._policy(
            cls.other, tier_ids=cls._limit_commands({"high": 100, "low": 0})
        )
        cls.shared = cls._regular("Buys from both", 1_000)
        cls.here = cls._regular("Buys here", 500)
        cls._purchase(
            cls.shared,
            AS_OF,
            60,
            company_id=cls.other.id,
            currency_id=cls.other.currency_id.id,
        )
        cls._purchase(
            cls.shared,
            fields.Date.add(AS_OF, days=-40),
            50,
            company_id=cls.other.id,
            currency_id=cls.other.currency_id.id,
        )
        cls.both = cls.env(
            context={
                **cls.env.context,
                "allowed_company_ids": [cls.company.id, cls.other.id],
            }
        )
        cls.runs = [
            policy.with_env(cls.both).recompute(as_of_date=AS_OF)
            for policy in (cls.policy, cls.other_policy)
        ]

    def _user_of(self, login, companies):
        return new_test_user(
            self.env,
            login,
            groups="sales_team.group_sale_manager",
            company_id=companies[0].id,
            company_ids=[fields.Command.set(companies.ids)],
        )

    def test_each_company_has_its_own_profile(self):
        self.assertEqual([run.state for run in self.runs], ["done", "done"])
        own = self._profile(self.shared)
        other = self._profile(self.shared.with_env(self.both), self.other)
        self.assertEqual(own.revenue, 12_000)
        self.assertEqual(own.value_tier_id, self._tier("vip"))
        self.assertEqual(other.with_env(self.both).revenue, 110)
        self.assertEqual(other.value_tier_id, self._tier("high"))
        self.assertEqual(own.currency_id.name, "EUR")
        self.assertEqual(other.with_env(self.both).currency_id.name, "USD")

    def test_contact_shows_the_current_company(self):
        shared = self.shared.with_env(self.both)
        self.assertEqual(
            shared.with_company(self.company).customer_value_tier_id.code, "vip"
        )
        self.assertEqual(
            shared.with_company(self.other).customer_value_tier_id.code, "high"
        )
        self.assertEqual(shared.with_company(self.other).customer_revenue, 110)
        self.assertFalse(
            self.here.with_env(self.both).with_company(self.other).customer_profile_id
        )

    def test_search_and_group_by_the_current_company(self):
        partners = self.env["res.partner"].with_env(self.both)
        domain = [("id", "in", (self.shared + self.here).ids)]
        for company, expected in (
            (self.company, {"vip": 1, "high": 1}),
            (self.other, {"high": 1, False: 1}),
        ):
            model = partners.with_company(company)
            groups = model._read_group(domain, ["customer_value_tier_id"], ["__count"])
            self.assertEqual({t.code: number for t, number in groups}, expected)
            for code, number in expected.items():
                found = model.search_count(
                    [*domain, ("customer_value_tier_id.code", "=", code)]
                    if code
                    else [*domain, ("customer_value_tier_id", "=", False)]
                )
                self.assertEqual(found, number, (company.name, code))

    def test_user_of_one_company_sees_nothing_of_the_other(self):
        user = self._user_of("only_here", self.company)
        env = self.env(user=user, context={})
        for model in (
            "customer.profile",
            "customer.purchase",
            "classification.change",
            "classification.policy",
            "classification.policy.tier",
            "classification.run",
            "classification.run.result",
        ):
            found = env[model].search([])
            self.assertTrue(found, model)
            companies = (
                found.rules_id.company_id
                if model == "classification.policy.tier"
                else found.company_id
            )
            self.assertEqual(companies, self.company, model)
        for record in (
            self._profile(self.shared, self.other),
            self.other_policy,
            self.runs[1],
            self.runs[1].result_ids,
            self.runs[1].change_ids,
        ):
            with self.subTest(record._name), self.assertRaises(AccessError):
                record.with_env(env).read(["company_id"])

    def test_user_of_one_company_cannot_recompute_the_other(self):
        user = self._user_of("not_there", self.company)
        with self.assertRaises(AccessError):
            self.other_policy.with_env(self.env(user=user, context={})).recompute()

    def test_user_of_both_sees_the_companies_that_are_switched_on(self):
        user = self._user_of("everywhere", self.company + self.other)
        for companies in (self.company, self.other, self.company + self.other):
            env = self.env(user=user, context={"allowed_company_ids": companies.ids})
            found = env["customer.profile"].search(
                [("partner_id", "in", (self.shared + self.here).ids)]
            )
            self.assertEqual(found.company_id, companies)

    def test_run_of_one_company_leaves_the_other_alone(self):
        before = self._profile(self.shared, self.other).read()
        self._purchase(self.shared, AS_OF, 50_000)
        self._recompute()
        self.assertEqual(self._profile(self.shared, self.other).read(), before)
        self.assertEqual(self._profile(self.shared).revenue, 62_000)

    def test_companies_do_not_wait_for_each_other(self):
        busy = self._company("Busy Ltd")
        with self.registry.cursor() as cursor:
            self.env["classification.run"].with_env(self.env(cr=cursor))._lock(
                busy, "transaction"
            )
            self.assertEqual(self._recompute().state, "done")
            cursor.rollback()

    def test_recompute_button_takes_the_current_company(self):
        self._purchase(self.shared, AS_OF, 50_000)
        before = self.env["classification.run"].search_count(
            [("company_id", "=", self.other.id)]
        )
        self.shared.with_company(self.company).action_recompute_customer()
        self.assertEqual(
            self.env["classification.run"].search_count(
                [("company_id", "=", self.other.id)]
            ),
            before,
        )

    def test_customer_of_the_other_company_cannot_be_bought_from_here(self):
        stranger = self._customer("Theirs", company_id=self.other.id)
        with self.assertRaisesRegex(Exception, "company"):
            self._purchase(stranger, AS_OF, 1)

    def test_prospects_of_the_other_company_are_none_of_ours(self):
        theirs = self._customer("Their prospect", company_id=self.other.id)
        ours = self._customer("Our prospect", company_id=self.company.id)
        policy = self._policy(self.company, prospect_scope="contact")
        self._recompute(policy=policy)
        self.assertFalse(self._profile(theirs))
        self.assertEqual(
            self._profile(ours).lifecycle_stage_id, self._stage("prospect")
        )

    def test_new_company_starts_with_a_published_policy(self):
        company = self._company("Just Founded")
        policy = company._get_customer_policy()
        self.assertEqual(policy.state, "published")
        self.assertEqual(policy.company_id, company)
        self.assertTrue(policy.tier_ids)
        run = policy.recompute(as_of_date=AS_OF)
        self.assertEqual(run.state, "done", run.error)

    def test_several_companies_at_once(self):
        companies = self.env["res.company"].create(
            [{"name": "First Founded"}, {"name": "Second Founded"}]
        )
        policies = self.env["classification.policy"].search(
            [("company_id", "in", companies.ids)]
        )
        self.assertEqual(policies.company_id, companies)
        self.assertEqual(len(policies), 2)


@tagged("post_install", "-at_install")
class TestCompanyRules(RowCase):
    """Rows of each model are limited to the user's companies.

    Models with a company, or below one that has a company.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._company("Other Ltd")
        cls.boss = cls._user("boss_of_one", "sales_team.group_sale_manager")
        cls.own = cls.env(
            user=cls.boss, context={"allowed_company_ids": cls.company.ids}
        )

    def _has_company(self, model):
        """Check if rows have a company, their own or their parent's."""
        named = model._fields.get("company_id")
        above = [
            self.env[field.comodel_name]._fields.get("company_id")
            for field in model._fields.values()
            if field.type == "many2one"
            and field.required
            and field.store
            and (self.env[field.comodel_name]._original_module or "").startswith(ADDONS)
        ]
        return bool(named and named.store) or any(above)

    def test_every_model_has_its_rule(self):
        """A rule for everybody, on reading and writing, that names the companies."""
        for model in self._models():
            if not self._has_company(model):
                continue
            rules = self.env["ir.rule"].search([("model_id.model", "=", model._name)])
            of_company = rules.filtered(
                lambda rule: not rule.groups
                and "company_ids" in (rule.domain_force or "")
                and all(rule[f"perm_{mode}"] for mode in rule._MODES)
            )
            self.assertTrue(of_company, model._name)

    def test_rows_of_the_other_company_are_not_seen(self):
        for model in self._models():
            # Without a column, the company is that of the record above.
            field = model._fields.get("company_id")
            if not model._auto or not (field and field.store):
                continue
            if not self.own["ir.model.access"].check(model._name, "read", False):
                continue
            with self.subTest(model._name):
                subject = {"partner_id": self._customer().id}
                named = subject if "partner_id" in model._fields else {}
                row = self._row(model, {"company_id": self.other.id, **named})
                row.invalidate_recordset()
                own = self.own[model._name].with_context(active_test=False)
                self.assertFalse(own.search([("id", "=", row.id)]))
                with self.assertRaises(AccessError):
                    own.browse(row.id).read(["company_id"])

    def test_no_row_is_moved_to_the_other_company(self):
        """No write moves a row into a company that the user is not in.

        Whatever a client may write.
        """
        for model in self._models():
            if not model._auto or "company_id" not in model._fields:
                continue
            own = self.own[model._name]
            if not own.has_access("write"):
                continue
            with self.subTest(model._name), contextlib.suppress(UserError):
                row = own.browse(self._row(model, {}).id)
                row.write({"company_id": self.other.id})
                self.env.flush_all()
                # Computed, or kept: not moved either.
                self.assertEqual(row.sudo().company_id, self.company)

    def test_no_row_is_made_in_the_other_company(self):
        customer = self._customer("Customer")
        campaign = self.env["utm.campaign"].create({"title": "For all"})
        tag = self.env["res.partner.category"].create({"name": "Tag"})
        product = self.product.product_tmpl_id
        currency = self.other.currency_id
        until = fields.Date.add(fields.Date.today(), days=9)
        for model, values in {
            "customer.purchase": {
                **{"partner_id": customer.id, "date": AS_OF, "amount": 1},
                "currency_id": currency.id,
            },
            "customer.code": {"partner_id": customer.id, "code": "X1"},
            "classification.override": {
                **{"partner_id": customer.id, "tier_id": self._tier("vip").id},
                **{"reason": "Because", "end_date": until},
            },
            "product.class.override": {
                **{"product_tmpl_id": product.id, "abc_class": "a"},
                **{"reason": "Because", "end_date": until},
            },
            "campaign.participant": {
                **{"partner_id": customer.id, "campaign_id": campaign.id},
            },
            "campaign.cost": {
                **{"campaign_id": campaign.id, "name": "Cost", "amount": 1},
            },
            "customer.code.scheme": {
                "name": "Scheme",
                "segment_ids": [fields.Command.create({"kind": "number"})],
            },
            "classification.policy": {"name": "Policy", "tz": "UTC"},
            "classification.tag.rule": {"partner_tag_id": tag.id, "domain": "[]"},
            "customer.code.assign": {},
            "customer.feedback.ask": {},
            "classification.policy.import": {"file": "e30="},
        }.items():
            with self.subTest(model), contextlib.suppress(AccessError):
                row = self.own[model].create({**values, "company_id": self.other.id})
                self.assertEqual(row.sudo().company_id, self.company)

    def test_contact_of_the_other_company_is_none_of_ours(self):
        theirs = self._customer("Theirs", company_id=self.other.id)
        campaign = self.env["utm.campaign"].create(
            {"title": "Ours", "company_id": self.company.id}
        )
        for model, values in {
            "customer.code": {"code": "X1"},
            "classification.override": {
                **{"tier_id": self._tier("vip").id, "reason": "Because"},
            },
            "campaign.participant": {"campaign_id": campaign.id},
        }.items():
            with self.subTest(model), self.assertRaisesRegex(UserError, "company"):
                self.env[model].create({"partner_id": theirs.id, **values})

    def test_audience_keeps_to_the_company(self):
        """SQL that adds customers has the conditions of the ORM."""
        ours, theirs = (
            self._customer(company.name, company_id=company.id)
            for company in (self.company, self.other)
        )
        campaign = self.env["utm.campaign"].create(
            {"title": "Ours", "company_id": self.company.id}
        )
        campaign._add_campaign_audience(ours + theirs)
        parts = self.env["campaign.participant"].search(
            [("campaign_id", "=", campaign.id)]
        )
        self.assertEqual(parts.partner_id, ours)
        foreign = self.env["utm.campaign"].create(
            {"title": "Theirs", "company_id": self.other.id}
        )
        own = self.own["utm.campaign"].browse(foreign.id)
        with self.assertRaises(AccessError):
            own._add_campaign_audience(ours.with_env(self.own))
        with self.assertRaises(AccessError):
            own.action_note_addressed()

    def test_codes_keep_to_the_company(self):
        self.env["customer.code.scheme"].create(
            {
                "name": "Numbers",
                "company_id": self.company.id,
                "segment_ids": [fields.Command.create({"kind": "number"})],
            }
        )
        ours, theirs = (
            self._customer(company.name, company_id=company.id)
            for company in (self.company, self.other)
        )
        self.env["customer.code.assignment"]._assign(self.company, (ours + theirs).ids)
        codes = self.env["customer.code"].search(
            [("partner_id", "in", (ours + theirs).ids)]
        )
        self.assertEqual(codes.partner_id, ours)
