from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import SQL

from ...models.common.classification_reason_mixin import plain_reason
from ..common import AS_OF, ClassificationCase


@tagged("post_install", "-at_install")
class TestToFix(ClassificationCase):
    """One list of all uncountable records, for those who may correct them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = cls._user("tf_seller", "sales_team.group_sale_salesman")
        cls.officer = cls._user(
            "tf_officer", "customer_classification.group_officer,base.group_user"
        )
        cls.customer = cls._regular("Broken", 100, user_id=cls.seller.id)
        cls.env["customer.purchase"].flush_model()
        cls.env.cr.execute(
            SQL(
                "UPDATE customer_purchase SET company_amount = 'Infinity'"
                " WHERE partner_id = %s",
                cls.customer.id,
            )
        )
        cls.env.invalidate_all()
        cls._recompute()
        cls.rule = cls.env["classification.tag.rule"].create(
            {
                "partner_tag_id": cls.env["res.partner.category"]
                .create({"name": "Broken Rule"})
                .id,
                "company_id": cls.company.id,
            }
        )
        cls.rule.sudo().error_reason = plain_reason(
            "text", text="The condition names a deleted tag."
        )

    def _rows(self, user, company=None):
        self.env.flush_all()
        model = self.env["classification.to.fix"].with_user(user)
        ids = (company or self.company).ids
        return model.with_context(allowed_company_ids=ids).search([])

    def test_what_whose_why_since_when(self):
        row = self._rows(self.officer).filtered(lambda one: one.kind == "customer")
        self.assertEqual(row.name, "Broken")
        self.assertEqual((row.user_id, row.partner_id), (self.seller, self.customer))
        self.assertIn("amount that is no number", row.reason)
        self.assertTrue(row.since)
        action = row.action_open()
        self.assertEqual(
            (action["res_model"], action["res_id"]), ("res.partner", self.customer.id)
        )

    def test_rules_are_for_officers(self):
        rows = self._rows(self.officer)
        rule = rows.filtered(lambda one: one.kind == "rule")
        self.assertEqual(rule.reason, "The condition names a deleted tag.")
        self.assertEqual(rule.action_open()["res_id"], self.rule.id)
        self.assertEqual(set(self._rows(self.seller).mapped("kind")), {"customer"})
        with self.assertRaises(AccessError):
            rule.with_user(self.seller).action_open()

    def test_of_the_own_companies(self):
        other = self._company("Other Ltd")
        outsider = self._user("tf_outsider", "customer_classification.group_manager")
        outsider.write({"company_ids": [(6, 0, other.ids)], "company_id": other.id})
        self.assertFalse(self._rows(outsider, other))

    def test_nobody_else_reads_it(self):
        for group in ("base.group_portal", "base.group_user"):
            user = self._user(f"tf_{group}", group)
            with self.subTest(group), self.assertRaises(AccessError):
                self._rows(user)
            alert = self.env["classification.to.fix"].with_user(user).get_alert()
            self.assertFalse(alert)

    def test_nobody_writes_it(self):
        row = self._rows(self.officer)[0]
        with self.assertRaises(AccessError):
            row.write({"error": "Mine"})

    def test_mended_is_gone(self):
        self.env.cr.execute("UPDATE customer_purchase SET company_amount = amount")
        self.env.invalidate_all()
        self._recompute(AS_OF)
        self.assertNotIn("customer", self._rows(self.officer).mapped("kind"))
