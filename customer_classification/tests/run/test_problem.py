from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL

from ..common import AS_OF, AccountingCase, ClassificationCase


@tagged("post_install", "-at_install")
class TestProblem(ClassificationCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.good = cls._regular("Good", 100)
        cls.bad = cls._regular("Bad", 2_000)
        cls._recompute()
        cls.currency = cls.env["res.currency"].create(
            {"name": "XNR", "symbol": "X", "rounding": 0.01}
        )

    def _reasons(self):
        found = self.env["classification.problem"].search(
            [("company_id", "=", self.company.id)]
        )
        return {problem.partner_id: problem.reason for problem in found}

    def test_currency_without_a_rate(self):
        self._purchase(self.bad, AS_OF, 50_000, currency_id=self.currency.id)
        self._purchase(self.good, AS_OF, 5_000)
        run = self._recompute()
        self.assertEqual(self._reasons(), {self.bad: "no_rate"})
        self.assertEqual(run.problem_count, 1)
        bad = self._profile(self.bad)
        self.assertEqual((bad.revenue, bad.value_tier_id.code), (24_000, "vip"))
        self.assertIn("no rate", bad.problem_text)
        self.assertEqual(self._profile(self.good).value_tier_id.code, "high")

    def test_order_in_a_currency_without_a_rate(self):
        pricelist = self.env["product.pricelist"].create(
            {"name": "X", "currency_id": self.currency.id}
        )
        self._order(self.bad, AS_OF, 7, pricelist_id=pricelist.id)
        self._recompute()
        self.assertEqual(self._reasons(), {self.bad: "no_rate"})

    def test_mended_and_looked_at_again(self):
        self._purchase(self.bad, AS_OF, 100, currency_id=self.currency.id)
        self._recompute()
        self._rate("EUR", "2020-01-01", 1)
        self.env["res.currency.rate"].create(
            {
                "currency_id": self.currency.id,
                "company_id": self.company.id,
                "name": "2020-01-01",
                "rate": 2,
            }
        )
        execution = self.env["classification.run"]._prepare(
            self.policy, as_of_date=AS_OF, scope="changed"
        )
        run = execution.execute()
        self.assertEqual(run.state, "done", run.error)
        self.assertFalse(self._reasons())
        self.assertFalse(self._profile(self.bad).problem_text)

    def test_contact_without_a_commercial_partner(self):
        self.env.cr.execute(
            SQL(
                "UPDATE res_partner SET commercial_partner_id = NULL WHERE id = %s",
                self.bad.id,
            )
        )
        self.bad.invalidate_recordset()
        run = self._recompute()
        self.assertEqual(run.state, "done")
        self.assertEqual(self._reasons(), {self.bad: "no_commercial"})
        self.assertEqual(self._profile(self.bad).value_tier_id.code, "vip")

    def test_who_was_never_classified_and_cannot_be(self):
        new = self._customer("New")
        self._purchase(new, AS_OF, 100, currency_id=self.currency.id)
        run = self._recompute()
        self.assertEqual(self._reasons(), {new: "no_rate"})
        self.assertFalse(self._profile(new))
        self.assertEqual(run.looked_at_count, 2)

    def test_recompute_of_one_says_so(self):
        self._purchase(self.bad, AS_OF, 100, currency_id=self.currency.id)
        self.policy.recompute(partner_ids=self.good.ids)
        self.assertFalse(self._reasons(), "nobody looked at the other one")
        action = self._profile(self.bad).action_recompute()
        self.assertIn("cannot be counted", action["params"]["message"])

    def test_deleted_tier_is_refused(self):
        with self.assertRaisesRegex(UserError, "Archive it instead"):
            self._tier("vip").unlink()

    def test_archived_tier_still_classifies(self):
        self._tier("vip").active = False
        self.assertEqual(self._recompute().state, "done")
        self.assertEqual(self._profile(self.bad).value_tier_id.code, "vip")

    def test_clock_that_jumps_back(self):
        """A run at an earlier day than the last ends with a note, unchanged."""
        run = self.env["classification.run"].create(
            {"policy_id": self.policy.id, "as_of_date": "2025-01-01"}
        )
        self._purchase(self.good, "2024-12-31", 50_000)
        run._execute()
        self.assertEqual(run.state, "done")
        self.assertIn("clock", run.notes_text)
        self.assertEqual(self._profile(self.good).revenue, 1_200)
        self._recompute()
        self.assertEqual(self._profile(self.good).revenue, 51_200)

    def test_an_earlier_day_is_refused(self):
        with self.assertRaisesRegex(UserError, "back-test"):
            self.policy.recompute(as_of_date="2025-01-01")
        run = self.policy.recompute(as_of_date="2025-01-01", kind="back_test")
        self.assertEqual(run.state, "done")

    def test_company_of_another_has_its_own_problems(self):
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        self._purchase(
            self.bad, AS_OF, 9, currency_id=self.currency.id, company_id=other.id
        )
        self._recompute()
        self.assertFalse(self._reasons())


@tagged("post_install", "-at_install")
class TestProblemOfInvoices(AccountingCase):
    policy_values = {"revenue_source": "invoice"}

    def test_invoice_without_a_date(self):
        customer = self._customer("Dateless")
        self._invoice(customer, AS_OF, 300)
        late = self._invoice(customer, AS_OF, 400)
        late.flush_recordset()
        self.env.cr.execute(
            SQL("UPDATE account_move SET invoice_date = NULL WHERE id = %s", late.id)
        )
        late.invalidate_recordset()
        run = self._recompute()
        self.assertEqual(run.state, "done")
        problem = self.env["classification.problem"].search(
            [("partner_id", "=", customer.id)]
        )
        self.assertEqual((problem.reason, problem.document_count), ("no_date", 1))
        self.assertFalse(self._profile(customer))
