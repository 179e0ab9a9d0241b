from datetime import timedelta

from odoo.tests import tagged

from ...engine.customers.risk import BY_PREDICTION
from ..common import AS_OF
from .predicted_world import PredictedCase


@tagged("post_install", "-at_install")
class TestPredictedRisk(PredictedCase):
    """Churn risk by predictions, where they are proved."""

    policy_values = {
        **PredictedCase.policy_values,
        "risk_high_below": 33,
        "risk_medium_below": 67,
    }

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.full = cls._recompute()
        cls.env.flush_all()

    def _profiles(self):
        self.env.invalidate_all()
        return self.env["customer.profile"].search(
            [("company_id", "=", self.company.id)]
        )

    def _risks(self):
        return {one.partner_id.id: one.churn_risk for one in self._profiles()}

    def _risk_changes(self, run):
        return run.change_ids.filtered(lambda change: change.axis == "churn_risk")

    def test_levels(self):
        seen = set()
        for profile in self._profiles():
            if not profile.churn_risk:
                self.assertIn(profile.lifecycle_stage_id.code, ("prospect", "lost"))
                continue
            chance = profile.purchase_probability
            risk = "high" if chance < 0.33 else "medium" if chance < 0.67 else "low"
            self.assertEqual(profile.churn_risk, risk)
            self.assertTrue(profile.churn_signals & BY_PREDICTION)
            seen.add(risk)
        self.assertEqual(seen, {"low", "medium", "high"})

    def test_sentences(self):
        texts = {
            "high": "fewer than 33 buy again within 60 days.",
            "medium": "33 to 67 buy again within 60 days.",
            "low": "67 or more buy again within 60 days.",
        }
        profiles = self._profiles().filtered("churn_risk")
        firsts = self.full.change_ids.filtered(
            lambda change: change.axis == "churn_risk"
        )
        first_of = {change.partner_id: change for change in firsts}
        for profile in profiles:
            begin = (
                f"Expected: of 100 customers like this one, {texts[profile.churn_risk]}"
            )
            self.assertTrue(profile.risk_explanation.startswith(begin))
            self.assertNotIn("%", begin)
            first = first_of[profile.partner_id]
            self.assertTrue(first.explanation_text.startswith(begin))

    def test_change_keeps_its_reason(self):
        """A changed risk is explained by the prediction behind it."""
        silent = self._profiles().filtered(
            lambda profile: profile.churn_risk in ("medium", "high")
        )
        for profile in silent[:20]:
            self.env["customer.purchase"].create(
                [
                    self._row(profile.partner_id, AS_OF - timedelta(n), 50)
                    for n in (0, 9)
                ]
            )
        run = self._recompute(AS_OF + timedelta(days=1))
        changes = self._risk_changes(run).filtered("to_risk")
        self.assertTrue(changes)
        for change in changes:
            self.assertIn("of 100 customers", change.explanation_text)
            self.assertIn("60 days", change.explanation_text)
            self.assertEqual(change.cause, "data")

    def test_decided_risk_names_the_computed_one(self):
        profile = self._profiles().filtered(lambda one: one.churn_risk == "low")[:1]
        with self._on(AS_OF):
            decision = self.env["classification.override"].create(
                {
                    "partner_id": profile.partner_id.id,
                    "company_id": self.company.id,
                    "axis": "churn_risk",
                    "risk": "high",
                    "reason": "Told us so",
                }
            )
        decision.flush_recordset()
        self.env.cr.execute(  # nobody decides for another day
            "UPDATE classification_override SET start_date = %s WHERE id = %s",
            [AS_OF, decision.id],
        )
        self._recompute(partner_ids=profile.partner_id.ids)
        self.env.invalidate_all()
        self.assertEqual(profile.churn_risk, "high")
        self.assertIn("67 or more", profile.risk_explanation)
        change = self.env["classification.change"].search(
            [
                ("partner_id", "=", profile.partner_id.id),
                ("axis", "=", "churn_risk"),
                ("to_risk", "=", "high"),
            ]
        )
        self.assertIn("67 or more", change.explanation_text)

    def test_settled(self):
        """The next runs find the same classes, over all and over some."""
        before = self._risks()
        for run in (self._recompute(), self._recompute(partner_ids=self.customers.ids)):
            self.assertEqual((run.written_count, run.prediction_count), (0, 0))
        self.assertEqual(self._risks(), before)

    def test_purchases_of_some(self):
        """A run over some customers gives them the risks of a run over all."""

        def risks():
            found = self._risks()
            return {key: found[key] for key in bought.ids}

        bought = self.customers[::9]
        self.env["customer.purchase"].create(
            [self._row(customer, AS_OF, 90) for customer in bought]
        )
        with self.cr.savepoint() as savepoint:
            self._recompute()
            by_all = risks()
            savepoint.rollback()
        self._recompute(partner_ids=bought.ids)
        self.assertEqual(risks(), by_all)

    def test_refund_alone_is_predicted_anew(self):
        one = self._profiles().filtered(lambda one: one.churn_risk == "low")[:1]
        self.env["customer.purchase"].create(
            self._row(one.partner_id, AS_OF, -one.revenue)
        )
        self.assertEqual(self._recompute().prediction_count, 1)

    def test_unchanged_copy_moves_nobody(self):
        draft = self.policy.copy()
        preview = self._recompute(kind="preview", policy=draft)
        self.assertEqual(preview.change_count, 0)

    def test_rules_without_predictions(self):
        """Other rules about predictions move customers as rules do."""
        before = self._risks()
        draft = self.policy.copy({"risk_by_predictions": False})
        preview = self._recompute(kind="preview", policy=draft)
        draft._publish()
        run = self._recompute(policy=draft)
        after = self._risks()
        moved = sum(before[key] != after[key] for key in before)
        self.assertGreater(moved, 0)
        self.assertEqual(preview.risk_change_count, moved)
        changes = self._risk_changes(run)
        self.assertEqual(len(changes), moved)
        self.assertEqual(set(changes.mapped("cause")), {"rules"})
        for profile in self._profiles():
            self.assertFalse(profile.churn_signals & BY_PREDICTION)
            self.assertNotIn("of 100", profile.risk_explanation or "")

    def test_other_limits(self):
        draft = self.policy.copy({"risk_high_below": 0, "risk_medium_below": 0})
        draft._publish()
        self._recompute(policy=draft)
        self.assertEqual(set(self._risks().values()), {False, "low"})

    def test_signals_where_the_proof_fails(self):
        leaving = self.env["customer.purchase"].search(
            [("partner_id", "in", self.customers[50:].ids)]
        )
        leaving.unlink()
        self._recompute(AS_OF + timedelta(days=7))
        for profile in self._profiles():
            self.assertFalse(profile.churn_signals & BY_PREDICTION)

    def test_late_document_corrects_no_predicted_risk(self):
        """A late document changes no risk that was predicted on an earlier day."""
        self._recompute(AS_OF + timedelta(days=3))
        self.env["customer.purchase"].create(
            [
                self._row(customer, AS_OF + timedelta(days=1), 40)
                for customer in self.customers[:40]
            ]
        )
        run = self._recompute(AS_OF + timedelta(days=4))
        corrections = run.change_ids.filtered("is_correction")
        self.assertTrue(corrections)
        self.assertNotIn("churn_risk", corrections.mapped("axis"))

    def test_preview_of_an_earlier_day(self):
        """Predictions of today tell nothing about an earlier day."""
        day = AS_OF - timedelta(days=30)
        run = self._recompute(day, kind="preview")
        self.assertEqual(run.state, "done")
        self.assertFalse(run.prediction)

    def test_no_day_of_a_higher_risk(self):
        """A prediction does not say on which day the risk rises."""
        profile = self._profiles().filtered(lambda one: one.churn_risk == "low")[:1]
        self.assertFalse(profile.risk_outlook_text)
