import json
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from ...models.privacy.classification_withheld_row import ADDON
from ..common import AS_OF, ClassificationCase

SCRIPT = "<script>alert(1)</script>"


@tagged("post_install", "-at_install")
class TestHeldData(ClassificationCase):
    """*What We Hold* lists all data of the addon about a person.

    To users with access to it.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.person = cls._regular(f"Ada {SCRIPT}", 1_500)
        cls._recompute()
        cls.env["classification.override"].create(
            {
                "partner_id": cls.person.id,
                "axis": "churn_risk",
                "risk": "high",
                "reason": f"Ada said {SCRIPT}",
                "end_date": fields.Date.today() + timedelta(days=30),
            }
        )
        cls.officer = cls._user("held_officer", "customer_classification.group_officer")
        cls.manager = cls._user(
            "held_manager",
            "customer_classification.group_manager,"
            "sales_team.group_sale_salesman_all_leads",
        )

    def _held(self, user):
        partner = self.person.with_user(user)
        return self.env(user=user)["customer.held.data"]._held(partner)

    def _names(self, held):
        return {
            (section["model"], cell["name"])
            for section in held["sections"]
            for row in section["rows"]
            for cell in row
        }

    def test_every_row_is_in_it(self):
        """The models come from the registry; each with a row of the person is in."""
        held = {section["model"] for section in self._held(self.manager)["sections"]}
        for model, name, __ in self.env["classification.withheld.row"]._person_fields():
            if self.env[model].search_count([(name, "=", self.person.id)]):
                # First classes are shown as the changes that they represent.
                is_first = model == "classification.first.class"
                self.assertIn("classification.change" if is_first else model, held)
        self.assertLessEqual(
            {"customer.profile", "classification.change", "customer.purchase"}, held
        )

    def test_no_model_refers_to_contacts_otherwise(self):
        """All references to contacts are many2one fields.

        The registry would not find another kind of reference.
        """
        for name, model in self.env.items():
            if not model._original_module.startswith(ADDON):
                continue
            if not model._auto or model._transient or model._abstract:
                continue
            for field in model._fields.values():
                if field.store and field.type == "reference":
                    self.assertNotIn("res.partner", field.get_values(self.env), name)
                hides = field.store and (
                    field.type == "many2one_reference"
                    or field.type == "many2many"
                    and field.comodel_name == "res.partner"
                )
                self.assertFalse(hides, (name, field.name))

    def test_reasons_are_sentences(self):
        names = self._names(self._held(self.manager))
        self.assertIn(("customer.profile", "tier_explanation"), names)
        self.assertIn(("classification.change", "explanation_text"), names)
        self.assertIn(("classification.override", "reason"), names)

    def test_amounts_for_who_may_see_them(self):
        amount = ("customer.profile", "lifetime_revenue")
        self.assertIn(amount, self._names(self._held(self.manager)))
        self.assertNotIn(amount, self._names(self._held(self.officer)))

    def test_withheld_rows_are_held(self):
        """Withheld rows are shown as they were, and marked as withheld."""
        self.person.customer_objects_profiling = True
        held = self._held(self.manager)
        withheld = {s["model"] for s in held["sections"] if s["is_withheld"]}
        self.assertLessEqual({"customer.profile", "classification.override"}, withheld)
        self.assertIn(("customer.profile", "lifetime_order_count"), self._names(held))

    def test_language_of_the_reader(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.env["customer.value.tier"].search([]).with_context(
            lang="fr_FR"
        ).name = "Rang"
        held = self._held(self.manager.with_context(lang="fr_FR"))
        self.assertTrue(held["sections"])
        partner = self.person.with_user(self.manager).with_context(lang="fr_FR")
        held = partner.env["customer.held.data"]._held(partner)
        self.assertIn("Rang", json.dumps(held))

    def test_other_companies_are_left_out(self):
        other = self._company("Elsewhere Ltd")
        self.env["customer.purchase"].create(
            {
                "partner_id": self.person.id,
                "company_id": other.id,
                "currency_id": other.currency_id.id,
                "date": AS_OF,
                "amount": 5,
                "reference": "ELSEWHERE",
            }
        )
        self.assertNotIn("ELSEWHERE", json.dumps(self._held(self.manager)))

    def test_what_is_held_is_fit_for_json(self):
        self.assertTrue(json.dumps(self._held(self.manager)))


@tagged("post_install", "-at_install")
class TestPrivacyPages(HttpCase):
    """Pages and files ask for login, group and record access.

    They show text as text.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.person = cls.env["res.partner"].create({"name": f"Ada {SCRIPT}"})
        cls.firm = cls.env["res.partner"].create({"name": "Firm", "is_company": True})
        groups = {
            "portal": "base.group_portal",
            "salesperson": "sales_team.group_sale_salesman",
            "officer": "customer_classification.group_officer,"
            "base.group_partner_manager",
        }
        cls.users = {
            name: new_test_user(cls.env, f"privacy_{name}", groups=its)
            for name, its in groups.items()
        }
        cls.portal_partner = cls.users["portal"].partner_id

    def _open(self, url, who=None):
        self.authenticate(who and f"privacy_{who}", who and f"privacy_{who}")
        return self.url_open(url, allow_redirects=False)

    def _held_url(self, partner):
        return f"/customer_classification/held/{partner.id}"

    def test_officer_sees_the_page(self):
        response = self._open(self._held_url(self.person), "officer")
        self.assertEqual(response.status_code, 200)
        self.assertNotIn(SCRIPT, response.text)
        self.assertIn("&lt;script&gt;", response.text)

    def test_officer_gets_the_file(self):
        response = self._open(self._held_url(self.person) + "/json", "officer")
        self.assertIn("attachment", response.headers["Content-Disposition"])
        self.assertIn("application/json", response.headers["Content-Type"])
        self.assertEqual(response.json()["contact_id"], self.person.id)

    def test_who_sees_nothing(self):
        for who, partner, code in (
            (None, self.person, 303),
            ("portal", self.person, 403),
            ("portal", self.portal_partner, 403),
            ("salesperson", self.person, 403),
            ("officer", self.firm, 404),
            ("officer", self.person.browse(2**31 - 1), 404),
            ("officer", self.person.browse(2**63), 404),
        ):
            for ending in ("", "/json"):
                with self.subTest(who=who, partner=partner, ending=ending):
                    response = self._open(self._held_url(partner) + ending, who)
                    self.assertEqual(response.status_code, code)

    @mute_logger("odoo.http")
    def test_record_rule_hides_the_contact(self):
        self.env["ir.rule"].create(
            {
                "name": "Not Ada",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.person.id})]",
                "groups": [(4, self.env.ref("base.group_partner_manager").id)],
            }
        )
        with self.assertRaises(AccessError):
            self.person.with_user(self.users["officer"]).check_access("read")
        response = self._open(self._held_url(self.person), "officer")
        self.assertEqual(response.status_code, 403)

    def _post_objection(self, objects, **values):
        return self.url_open(
            "/my/profiling",
            data={"objects": objects, "csrf_token": self.csrf_token(), **values},
            allow_redirects=False,
        )

    def csrf_token(self):
        page = self.url_open("/my/security").text
        return page.split('name="csrf_token" value="')[1].split('"')[0]

    def test_portal_user_objects_and_takes_it_back(self):
        self.authenticate("privacy_portal", "privacy_portal")
        self.assertIn("Object to profiling", self.url_open("/my/security").text)
        self._post_objection("1")
        self.assertTrue(self.portal_partner.customer_objects_profiling)
        self.assertTrue(self.portal_partner.customer_objection_date)
        self.assertIn("Take the objection back", self.url_open("/my/security").text)
        self._post_objection("0")
        self.assertFalse(self.portal_partner.customer_objects_profiling)

    def test_only_the_own_contact(self):
        self.authenticate("privacy_portal", "privacy_portal")
        self._post_objection("1", partner_id=self.person.id, id=self.person.id)
        self.assertFalse(self.person.customer_objects_profiling)

    @mute_logger("odoo.http")
    def test_without_token(self):
        self.authenticate("privacy_portal", "privacy_portal")
        response = self.url_open("/my/profiling", data={"objects": "1"})
        self.assertEqual(response.status_code, 400)
        self.assertFalse(self.portal_partner.customer_objects_profiling)

    def test_own_page(self):
        response = self._open("/my/held", "portal")
        self.assertEqual(response.status_code, 200)
        response = self._open("/my/held/json", "portal")
        self.assertEqual(response.json()["contact_id"], self.portal_partner.id)

    def test_company_account_has_no_page(self):
        self.portal_partner.is_company = True
        self.assertEqual(self._open("/my/held", "portal").status_code, 404)
        self.assertNotIn("Object to profiling", self.url_open("/my/security").text)
