from odoo import fields
from odoo.tests import tagged

from odoo.addons.customer_classification.tests.common import ClassificationCase


@tagged("post_install", "-at_install")
class TestPrivacyLookup(ClassificationCase):
    """The lookup finds and erases each row that names a person."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.person = cls._regular("Ada Lovelace", 1_500, email="ada@example.com")
        cls.purchase = cls.env["customer.purchase"].search(
            [("partner_id", "=", cls.person.id)], limit=1
        )
        cls.purchase.reference = "Ada's own list"
        cls._recompute()
        cls.decision = cls._decision(cls.person, "Ada Lovelace asked for it")
        other = cls._regular("Somebody Else", 1_500)
        cls._recompute()
        cls.about_other = cls._decision(other, "A friend of ada lovelace's")
        cls.code = cls.env["customer.code"].create(
            {"partner_id": cls.person.id, "company_id": cls.company.id, "code": "A1"}
        )

    @classmethod
    def _decision(cls, partner, reason):
        return cls.env["classification.override"].create(
            {
                "partner_id": partner.id,
                "axis": "churn_risk",
                "risk": "high",
                "reason": reason,
                "end_date": fields.Date.today(),
            }
        )

    def _lookup(self):
        wizard = self.env["privacy.lookup.wizard"].create(
            {"name": "Ada Lovelace", "email": "ada@example.com"}
        )
        wizard.action_lookup()
        return wizard

    def _found(self, wizard):
        return {(line.res_model, line.res_id) for line in wizard.line_ids}

    def _archive_contact(self):
        lines = self._lookup().line_ids
        lines.filtered(
            lambda line: line.res_model == "res.partner"
        ).action_archive_all()

    def test_every_row_is_found(self):
        self.env.flush_all()
        found = self._found(self._lookup())
        for name, field, __ in self.env["classification.withheld.row"]._person_fields():
            rows = self.env[name].with_context(active_test=False)
            for row in rows.search([(field, "=", self.person.id)]):
                self.assertIn((name, row.id), found)
        for row in (self.purchase, self.decision, self.code):
            self.assertIn((row._name, row.id), found)

    def test_each_row_is_found_once(self):
        wizard = self._lookup()
        self.assertEqual(len(wizard.line_ids), len(self._found(wizard)))

    def test_free_text_about_others_is_found(self):
        """Free text about others is found by its words.

        Small and capital letters alike, and nothing else is found.
        """
        found = self._found(self._lookup())
        self.assertIn((self.about_other._name, self.about_other.id), found)
        self.assertNotIn(
            "Somebody Else",
            self.env["res.partner"]
            .browse([number for model, number in found if model == "res.partner"])
            .mapped("name"),
        )

    def test_withheld_rows_are_found(self):
        self.person.customer_objects_profiling = True
        models = {model for model, __ in self._found(self._lookup())}
        self.assertIn("classification.withheld.row", models)

    def test_archiving_erases_free_text(self):
        lines = self._lookup().line_ids
        lines.filtered(
            lambda line: line.res_model == "res.partner"
        ).action_archive_all()
        self.assertFalse(self.person.active)
        self.assertEqual(self.decision.reason, "Erased")
        self.assertFalse(self.purchase.reference)
        self.assertEqual(self.code.code, "A1")

    def test_archiving_erases_what_is_withheld(self):
        self.person.write(
            {
                "customer_objects_profiling": True,
                "customer_objection_note": "Ada wrote a letter",
            }
        )
        lines = self._lookup().line_ids
        lines.filtered(
            lambda line: line.res_model == "res.partner"
        ).action_archive_all()
        self.assertFalse(self.person.customer_objection_note)
        rows = self.env["classification.withheld.row"].search(
            [("partner_id", "=", self.person.id)]
        )
        self.assertTrue(rows)
        self.assertNotIn("Lovelace", str(rows.mapped("content")))

    def test_decision_is_erased_in_place(self):
        line = self._lookup().line_ids.filtered(
            lambda one: one.res_model == self.about_other._name
            and one.res_id == self.about_other.id
        )
        line.action_unlink()
        self.assertTrue(line.is_unlinked)
        self.assertEqual(self.about_other.reason, "Erased")
        self.assertFalse(
            self.about_other.search([("reason", "ilike", "ada lovelace's")]),
            "no copy of the decision keeps the text",
        )

    def test_purchase_is_deleted(self):
        line = self._lookup().line_ids.filtered(
            lambda one: one.res_model == self.purchase._name
            and one.res_id == self.purchase.id
        )
        line.action_unlink()
        self.assertFalse(self.purchase.exists())
