from datetime import timedelta

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from ...engine.customers.behaviour import History
from ...engine.customers.proof import prove
from ...models.customer.prediction_trial import TrialVerdict
from ..common import AS_OF, ClassificationCase
from .predicted_world import PredictedCase

DAY = AS_OF - timedelta(days=60)


@tagged("post_install", "-at_install")
class TestTrial(PredictedCase):
    """A back-test of a history in which predictions prove themselves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.run_of_trial = cls._back_test(60)

    @classmethod
    def _back_test(cls, days, **values):
        values = {"as_of_date": DAY, "horizon_days": days, **values}
        return cls._recompute(kind="back_test", **values)

    def test_as_the_engine_says(self):
        """The proof is that of the engine, asked from outside."""
        facts = self.env["classification.facts"]
        purchases = facts._read_purchases(self.policy, facts._scope(self.policy, AS_OF))
        day = purchases["day"].to_numpy("datetime64[D]").astype("int64")
        history = History.of(purchases.assign(day=day), 2)
        today = (DAY - DAY.replace(1970, 1, 1)).days
        proof = prove(
            history.behaviour(today - 60, 60), history.behaviour(today, 60), 60
        )
        found = self.run_of_trial.prediction_trial
        self.assertEqual((proof.reason, found["reason"]), ("proved", "proved"))
        self.assertEqual(found["customers"], proof.customers)
        self.assertEqual(found["best_list"], proof.best_list)
        for name, measure in proof.measures.items():
            self.assertAlmostEqual(found["measures"][name][0][0], measure.auc.value)

    def test_later_purchases_change_what_happened_only(self):
        """Predictions do not know the days afterwards."""
        before = self.run_of_trial.prediction_trial
        self._purchase(self.customers[0], DAY + timedelta(days=5), 90)
        after = self._back_test(60).prediction_trial
        self.assertEqual(after["edges"], before["edges"])
        told = [[one[2] for one in each["bins"]] for each in (before, after)]
        self.assertEqual(*told)

    def test_purchases_after_the_horizon_count_for_nothing(self):
        before = self.run_of_trial.prediction_trial
        self._purchase(self.customers[0], AS_OF + timedelta(days=1), 90)
        self.assertEqual(self._back_test(60).prediction_trial, before)

    def test_lines(self):
        run = self.run_of_trial
        lines = run.back_test_prediction_ids
        self.assertEqual(
            lines.mapped("score"), ["probability", "recency", "spend", "fixed_days"]
        )
        probability, recency, *__ = lines
        area = run.prediction_trial["measures"]["probability"][0]
        self.assertEqual(
            probability.auc_text,
            "{:.0f} ({:.0f} to {:.0f})".format(*(100 * one for one in area)),
        )
        self.assertEqual(recency.ahead_text, "–")
        self.assertIn(probability.ahead_text, ("Better", "May be chance", "Worse"))
        lists = run.back_test_list_ids
        self.assertEqual(lists.mapped("score"), ["revenue_at_risk", "overdue", "spend"])
        [best] = lists.filtered("is_best")
        held = run.prediction_trial["lists"]
        self.assertEqual(held[best.score], max(held.values()))
        self.assertFalse(lists.filtered("customer_count"))

    def test_sentences(self):
        run = self.run_of_trial
        self.assertIn("would have been shown", run.prediction_verdict)
        self.assertIn("groups", run.prediction_notes)
        self.assertIn("of the actual one", run.prediction_notes)
        bins = run.reliability["bins"]
        self.assertEqual(len(bins), len(run.prediction_trial["bins"]))
        self.assertEqual(sum(one["customers"] for one in bins), 400)

    def test_no_amount_for_who_does_not_see_all_sales(self):
        seller = self._user(
            "seller_of_own",
            "sales_team.group_sale_salesman,customer_classification.group_user",
        )
        run = self.run_of_trial.with_user(seller)
        with self.assertRaises(AccessError):
            run.read(["prediction_trial"])
        [read] = run.read(["prediction_verdict", "prediction_notes", "reliability"])
        total = self.run_of_trial.prediction_trial["actual_total"]
        for text in (*read.values(), *run.back_test_line_ids.mapped("measures")):
            self.assertNotIn(f"{total:.0f}", str(text))

    def test_screen(self):
        view = self.env.ref(
            "customer_classification.classification_run_view_form_back_test"
        )
        Form(self.run_of_trial, view=view)

    def test_other_company_is_not_counted(self):
        before = self.run_of_trial.prediction_trial
        other = self._company("Other Ltd")
        self.env.user.company_ids |= other
        for customer in self.customers[:50]:
            self._purchase(customer, DAY + timedelta(days=5), 90, company_id=other.id)
        self.assertEqual(self._back_test(60).prediction_trial, before)

    def test_who_is_not_classified_is_not_counted(self):
        self.customers[:100].customer_objects_profiling = True
        found = self._back_test(60).prediction_trial
        self.assertEqual(found["customers"], 300)

    def test_horizon_out_of_bounds(self):
        for days in (29, 1):
            run = self._back_test(days)
            self.assertFalse(run.prediction_trial)
            self.assertIn("30 to 365 days ahead", run.prediction_verdict)
            self.assertFalse(run.prediction_notes)
            self.assertFalse(run.back_test_prediction_ids + run.back_test_list_ids)
            self.assertFalse(run.reliability["bins"])


@tagged("post_install", "-at_install")
class TestTrialOfFew(ClassificationCase):
    """Sentences about too few customers."""

    def test_few(self):
        for number in range(4):
            self._regular(f"Regular {number}", 100)
        run = self._recompute(DAY, kind="back_test", horizon_days=60)
        self.assertIn("too few customers", run.prediction_verdict)
        self.assertIn("4 customers had bought by then", run.prediction_notes)
        self.assertIn("mostly chance", run.prediction_notes)
        self.assertIn("cannot be compared", run.prediction_notes)
        self.assertFalse(run.back_test_list_ids.filtered("is_best"))

    def test_nobody(self):
        run = self._recompute(DAY, kind="back_test", horizon_days=60)
        self.assertIn("too few customers", run.prediction_verdict)
        self.assertFalse(run.reliability["bins"])

    def test_verdicts(self):
        """Better, worse and perhaps chance are three sentences."""
        run = self._recompute(DAY, kind="back_test", horizon_days=60)
        proof = {**run.prediction_trial, "reason": "proved", "bins": []}
        found = []
        for ahead in (1, 0, -1):
            proof["measures"] = {
                "probability": [[0.81, 0.8, 0.82], [0.2, 0.1, 0.3], ahead],
                "recency": [[0.7, 0.6, 0.8], [0.1, 0, 0.2], 0],
            }
            run.prediction_trial = proof
            found.append(TrialVerdict(run).sentence())
            self.assertIn("81", found[-1])
            self.assertIn("70", found[-1])
        self.assertIn("more than by the days", found[0])
        self.assertIn("may be chance", found[1])
        self.assertIn("alone told better", found[2])

    def test_calibration(self):
        run = self._recompute(DAY, kind="back_test", horizon_days=60)
        on, off = [50, 25, 0.5, 0.5, 0.4, 0.6], [50, 25, 0.61, 0.5, 0.4, 0.6]
        for bins, text in (([on, on], "each of the 2"), ([on, off], "In 1 of the 2")):
            run.prediction_trial = {
                **run.prediction_trial,
                "reason": "proved",
                "bins": bins,
            }
            self.assertIn(text, TrialVerdict(run).notes())
