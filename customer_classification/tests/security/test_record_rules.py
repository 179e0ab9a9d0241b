from datetime import date

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ...models.common.ir_rule import SUBJECT_MODELS
from ..common import AS_OF
from ..row_common import RowCase

GROUPS = ",".join(
    (
        "sales_team.group_sale_salesman_all_leads",
        "customer_classification.group_officer",
        "base.group_allow_export",
    )
)
# Rules of another addon, or of Settings, on contacts, products and campaigns.
RULES = {
    "res.partner": "['|', ('user_id', '=', user.id), ('id', '=', user.partner_id.id)]",
    "product.template": "[('name', 'not like', 'Hidden')]",
    "utm.campaign": "[('user_id', '=', user.id)]",
}


@tagged("post_install", "-at_install")
class TestRecordRules(RowCase):
    """Rows of an unreadable contact, product or campaign are hidden."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = cls._user("own_contacts", GROUPS)
        cls.group = cls.env["res.groups"].create({"name": "Own ones"})
        cls.user.group_ids |= cls.group
        cls.rules = cls.env["ir.rule"].create(
            [
                {
                    "name": f"Own ones of {model}",
                    "model_id": cls.env["ir.model"]._get_id(model),
                    "groups": [fields.Command.set(cls.group.ids)],
                    "domain_force": domain,
                }
                for model, domain in RULES.items()
            ]
        )
        cls.own = cls.env(
            user=cls.user, context={"allowed_company_ids": cls.company.ids}
        )

    def _subject(self, model, is_seen):
        """Return a new contact, product or campaign, readable or not.

        Readable by the salesperson.
        """
        name = "Seen" if is_seen else "Hidden"
        owner = self.user.id if is_seen else False
        if model == "res.partner":
            return self._customer(name, user_id=owner)
        if model == "utm.campaign":
            values = {
                "title": name,
                "user_id": owner or self.env.ref("base.user_root").id,
            }
            return self.env[model].create(values)
        product = self.env["product.template"].create({"name": name})
        return product if model == "product.template" else product.product_variant_id

    def _subject_fields(self, model):
        return self.env["ir.rule"]._subject_fields(model)

    def _pair(self, model, field):
        """Return a row about readable records, and one that is not by a field."""
        subjects = {
            one.name: self._subject(one.comodel_name, True).id
            for one in self._subject_fields(model)
            if one.required or one == field
        }
        hidden = self._subject(field.comodel_name, False)
        seen = self._row(model, subjects)
        # Another contact or product beside it, where those make a row unique.
        subjects = {
            one.name: self._subject(one.comodel_name, True).id
            for one in self._subject_fields(model)
            if one.required
        }
        return seen, self._row(model, {**subjects, field.name: hidden.id})

    def _tables(self):
        """Models with tables of their own, and the fields that name subjects."""
        for model in self._models():
            if model._auto and not model._transient:
                for field in self._subject_fields(model):
                    if self.own["ir.model.access"].check(model._name, "read", False):
                        yield model, field

    def test_every_subject_is_followed(self):
        """Each stored many2one to a subject, and no model without one."""
        followed = {
            model._name for model in self._models() if self._subject_fields(model)
        }
        self.assertLessEqual(
            {
                *("customer.profile", "classification.change", "classification.move"),
                *("classification.history", "classification.migration"),
                *("classification.bridge", "classification.cohort"),
                *("classification.problem", "classification.override"),
                *("classification.tag.link", "classification.tag.change"),
                *("classification.tag.report", "campaign.participant"),
                *("campaign.participant.tag", "campaign.cost", "campaign.profile"),
                *("campaign.class.change", "customer.code", "customer.purchase"),
                "campaign.class.move",
                *("customer.product", "product.profile", "product.audience"),
                *("product.association", "product.attach.rate"),
                *("product.class.change", "product.class.move"),
                *("product.class.override", "product.variant.class"),
            },
            followed,
        )
        for model in self._models():
            domain = self.own["ir.rule"]._compute_domain(model._name)
            named = {condition.field_expr for condition in domain.iter_conditions()}
            for field in self._subject_fields(model):
                with self.subTest(model._name, field=field.name):
                    self.assertIn(field.name, named)

    def test_rows_of_hidden_ones_are_not_seen(self):
        for model, field in self._tables():
            with self.subTest(model._name, field=field.name):
                seen, hidden = self._pair(model, field)
                self._assert_only(model, seen, hidden)

    def _assert_only(self, model, seen, hidden):
        own = self.own[model._name].with_context(active_test=False)
        domain = [("id", "in", (seen + hidden).ids)]
        self.assertEqual(own.search(domain), seen)
        self.assertEqual(own.search_count(domain), 1)
        [group] = own.formatted_read_group(domain, [], ["__count"])
        self.assertEqual(group["__count"], 1)
        self.assertEqual(
            [row["id"] for row in own.search_read(domain, ["id"])], seen.ids
        )
        named = own.name_search("", domain, limit=None)
        self.assertEqual([number for number, __ in named], seen.ids)
        for name in ("read", "export_data"):
            with self.assertRaises(AccessError):
                getattr(own.browse(hidden.id), name)(["display_name"])
        for mode in ("write", "unlink"):
            self.assertFalse(own.browse(hidden.id).has_access(mode))

    def test_what_is_listed_opens(self):
        """Each view of each model, for rows that are seen."""
        for model, field in self._tables():
            seen, __ = self._pair(model, field)
            own = self.own[model._name].browse(seen.id)
            for kind in ("list", "form"):
                with self.subTest(model._name, field=field.name, view=kind):
                    own.env.invalidate_all()
                    spec = self._specification(own, kind)
                    [values] = own.web_read(spec)
                    self.assertEqual(values["id"], seen.id)

    def _specification(self, model, kind):
        """Return the web client's specification of a view of a model."""
        arch = etree.fromstring(model.get_view(view_type=kind)["arch"])
        names = {
            node.get("name")
            for node in arch.iter("field")
            if not any(up.tag == "field" for up in node.iterancestors())
        }
        return {
            name: {"fields": {"display_name": {}}}
            if model._fields[name].relational
            else {}
            for name in names
        }

    def test_views_of_the_database_follow(self):
        """Database views follow: history, tags, audiences and the like.

        They are worked out when read.
        """
        seen, hidden = self._sold_to()
        for name, context in self._database_views(seen, hidden):
            with self.subTest(name):
                rows = self.env[name].with_context(**context).search([])
                own = self.own[name].with_context(**context).search([])
                fields_of = self._subject_fields(self.env[name])
                self.assertTrue(own, "nothing to see")
                self.assertLess(len(own), len(rows), "nothing to hide")
                for field in fields_of:
                    found = own[field.name]
                    self.assertEqual(found._filtered_access("read"), found, field.name)
                own.web_read({name: {} for name in ("display_name", "id")})

    def _database_views(self, seen, hidden):
        names = {
            model._name: {}
            for model in self._models()
            if not model._auto and self._subject_fields(model)
        }
        del names["customer.product"]  # of one customer, below
        del names["customer.timeline"]  # of one customer, see TestTimeline
        for name in ("classification.bridge", "classification.cohort"):
            names[name] = {"history_date": str(AS_OF)}
        return names.items()

    def _sold_to(self):
        """Create one readable customer and one unreadable customer.

        With purchases, tags, campaigns and products that belong together.
        """
        customers = (
            self._subject("res.partner", True),
            self._subject("res.partner", False),
        )
        tag = self.env["res.partner.category"].create({"name": "Tagged"})
        other = self.env["product.template"].create({"name": "Other"})
        dark = self._subject("product.template", False)
        self.env["product.association"].create(
            [
                {"product_tmpl_id": one.id, "other_tmpl_id": other.id}
                for one in (self.product.product_tmpl_id, dark)
            ]
        )
        campaign = self._subject("utm.campaign", True)
        campaign.company_id = self.company
        for customer in customers:
            customer.category_id = tag
            for product in (self.product, dark.product_variant_id):
                self._order(customer, date(2025, 6, 1), 2_000, product=product)
            self.env["campaign.participant"].create(
                {"campaign_id": campaign.id, "partner_id": customer.id}
            )
        self._recompute()
        self._move_long_ago(customers)
        self.policy.recompute_products(as_of_date=AS_OF)
        set_aside = [
            *({"partner_id": customer.id} for customer in customers),
            {"product_tmpl_id": self.product.product_tmpl_id.id},
            {"product_tmpl_id": dark.id},
            {"campaign_id": campaign.id},
        ]
        self.env["classification.problem"].create(
            [
                {**one, "company_id": self.company.id, "reason": "bad_date"}
                for one in set_aside
            ]
        )
        self.env.flush_all()
        return customers

    def _move_long_ago(self, customers):
        """Have customers rise from Low to VIP in 2024."""
        self.env["classification.change"].create(
            [
                {
                    "partner_id": customer.id,
                    "company_id": self.company.id,
                    "axis": "value_tier",
                    "to_tier_id": self._tier(code).id,
                    "cause": "data",
                    "valid_date": day,
                }
                for customer in customers
                for code, day in (("low", date(2024, 1, 1)), ("vip", date(2024, 6, 1)))
            ]
        )

    def test_what_a_hidden_customer_buys(self):
        seen, hidden = self._sold_to()
        for customer, expected in ((seen, True), (hidden, False)):
            model = self.own["customer.product"].with_context(
                customer_product_partner_id=customer.id,
                customer_product_company_id=self.company.id,
            )
            self.assertEqual(bool(model.search([])), expected, customer.name)

    def test_contact_of_a_hidden_company_opens(self):
        """A readable person of an unreadable company opens."""
        firm = self._subject("res.partner", False)
        self._purchase(firm, AS_OF, 2_000)
        self._recompute()
        person = self._customer("Person", parent_id=firm.id, user_id=self.user.id)
        self.assertTrue(person.customer_profile_id)
        own = self.own["res.partner"].browse(person.id)
        self.env.invalidate_all()
        own.web_read(self._specification(own, "form"))
        self.assertFalse(self.own["customer.profile"].search([]))

    def test_rule_that_goes(self):
        """Nothing is left of a rule that is switched off."""
        profile = self.env["customer.profile"]
        __, hidden = self._pair(profile, profile._fields["partner_id"])
        own = self.own["customer.profile"]
        self.assertFalse(own.search([("id", "=", hidden.id)]))
        self.rules.active = False
        self.assertTrue(own.search([("id", "=", hidden.id)]))

    def test_nothing_is_added_without_a_rule(self):
        """Users of all companies get no conditions on Odoo's subjects.

        Their tables are not asked.
        """
        self.rules.active = False
        companies = self.env["res.company"].with_context(active_test=False).search([])
        companies.active = True
        self.user.company_ids = companies
        env = self.env(user=self.user, context={"allowed_company_ids": companies.ids})
        for model in self._models():
            domain = env["ir.rule"]._compute_domain(model._name)
            self.assertFalse(
                [
                    condition
                    for condition in domain.iter_conditions()
                    if condition.operator == "any!"
                ],
                model._name,
            )

    def test_contact_of_another_company(self):
        """A profile about a contact of another company is not listed.

        It would not open.
        """
        self.rules.active = False
        there = self._company("There")
        profile = self.env["customer.profile"]
        moved = self._customer("Moved", company_id=there.id)
        row = self._row(profile, {"partner_id": moved.id})
        self.assertFalse(self.own["customer.profile"].search([("id", "=", row.id)]))
        moved.company_id = self.company
        self.assertTrue(self.own["customer.profile"].search([("id", "=", row.id)]))

    def test_refusal_names_the_rule(self):
        """The refusal names the rule in developer mode, as Odoo's does."""
        profile = self.env["customer.profile"]
        __, hidden = self._pair(profile, profile._fields["partner_id"])
        failing = self.own["ir.rule"]._get_failing(
            self.own["customer.profile"].browse(hidden.id)
        )
        self.assertEqual(failing.sudo(), self.rules[0])

    def test_rows_of_hidden_ones_cannot_be_made(self):
        for model, values in (
            ("customer.code", {"code": "H1"}),
            ("customer.purchase", {"date": AS_OF, "amount": 5}),
        ):
            hidden = self._subject("res.partner", False)
            values = {"partner_id": hidden.id, **values}
            with self.subTest(model), self.assertRaises(AccessError):
                self.own[model].create(values)

    def test_no_row_is_given_to_a_hidden_one(self):
        """Odoo asks the rules before it writes; here they hold afterwards as well."""
        for model, field in self._tables():
            if not self.own[model._name].has_access("write"):
                continue
            with self.subTest(model._name, field=field.name):
                seen, __ = self._pair(model, field)
                hidden = self._subject(field.comodel_name, False)
                row = self.own[model._name].browse(seen.id)
                with self.assertRaises(AccessError):
                    row.write({field.name: hidden.id})

    def test_who_has_a_code_is_not_told(self):
        hidden = self._subject("res.partner", False)
        hidden.name = "Secret Ltd"
        self.env["customer.code"].create({"partner_id": hidden.id, "code": "S1"})
        seen = self._subject("res.partner", True)
        with self.assertRaisesRegex(Exception, "taken") as refused:
            self.own["customer.code"].create({"partner_id": seen.id, "code": "S1"})
        self.assertNotIn("Secret", str(refused.exception))

    def test_noted_as_addressed_are_those_who_are_seen(self):
        campaign = self._subject("utm.campaign", True)
        campaign.company_id = self.company
        parts = [
            self.env["campaign.participant"].create(
                {
                    "campaign_id": campaign.id,
                    "partner_id": self._subject("res.partner", is_seen).id,
                    "source": "audience",
                }
            )
            for is_seen in (True, False)
        ]
        self.own["utm.campaign"].browse(campaign.id).action_note_addressed()
        self.assertEqual([bool(part.addressed_date) for part in parts], [True, False])

    def test_subjects_are_those_of_odoo(self):
        """No other name of a contact or product goes round the rules."""
        inherited = {
            name
            for name, model in self.env.registry.items()
            if set(model._inherits or {}) & set(SUBJECT_MODELS)
        }
        ours = {
            field.comodel_name
            for model in self._models()
            for field in model._fields.values()
            if field.type == "many2one" and field.store
        }
        self.assertLessEqual(ours & inherited - {"res.users"}, set(SUBJECT_MODELS))
