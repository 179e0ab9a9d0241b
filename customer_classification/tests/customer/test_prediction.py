import random
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.tests import new_test_user, tagged

from ...engine import Learnt, outlook
from ...engine.customers.behaviour import History
from ...models.customer.prediction import moved
from ..common import AS_OF, ClassificationCase
from .predicted_world import CUSTOMERS, PredictedCase

NUMBERS = (
    *("has_prediction", "purchase_probability", "expected_revenue"),
    *("revenue_low", "revenue_high", "revenue_at_risk"),
)


@tagged("post_install", "-at_install")
class TestFewCustomers(ClassificationCase):
    """Nothing is claimed where it cannot have proved itself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.regular = cls._regular("Regular", 100)
        cls.late = cls._regular("Late", 100, until=AS_OF - timedelta(days=60))
        cls.gone = cls._regular("Gone", 100, until=AS_OF - timedelta(days=200))
        cls.once = cls._regular("Once", 100, times=1)
        cls.prospect = cls._customer("Prospect")
        cls._opportunity(cls.prospect, 50, AS_OF - timedelta(days=10))
        cls.full = cls._recompute()

    def test_no_numbers(self):
        profiles = self.env["customer.profile"].search(
            [("company_id", "=", self.company.id)]
        )
        self.assertEqual(len(profiles), 5)
        for name in NUMBERS:
            self.assertFalse(any(profiles.mapped(name)), name)
        self.assertEqual(self.full.prediction["proof"]["reason"], "few_customers")
        self.assertEqual(self.full.prediction_count, 0)

    def test_bands(self):
        bands = {self.regular: "in_rhythm", self.late: "late"}
        for customer, band in {**bands, self.gone: "long_overdue"}.items():
            profile = self._profile(customer)
            self.assertEqual(profile.rhythm_band, band)
            self.assertEqual(profile.prediction_basis, "rhythm")
            self.assertIn("too few customers", profile.prediction_text)
            self.assertNotIn("%", profile.prediction_text)

    def test_too_little_known(self):
        profile = self._profile(self.once)
        self.assertEqual(profile.prediction_basis, "too_little")
        self.assertFalse(profile.rhythm_band)
        self.assertIn("Too little known", profile.prediction_text)

    def test_prospect(self):
        profile = self._profile(self.prospect)
        self.assertFalse(profile.prediction_basis)
        self.assertFalse(profile.prediction_text)

    def test_band_moves_without_a_run(self):
        """A band is read from the days, as the overdue ratio is."""
        profile = self._profile(self.regular)
        written = self._recompute(AS_OF + timedelta(days=50)).prediction_count
        self.env.invalidate_all()
        self.assertEqual((written, profile.rhythm_band), (0, "late"))

    def test_horizon_bounds(self):
        draft = self.policy.copy()
        for days in (-1, 1, 29, 366):
            with self.assertRaises(ValidationError):
                draft.prediction_horizon_days = days
        for days in (0, 30, 365):
            draft.prediction_horizon_days = days

    def test_horizon_in_file_and_comparison(self):
        draft = self.policy.copy({"prediction_horizon_days": 120})
        self.assertEqual(draft.customer_rules_id.prediction_horizon_days, 120)
        self.assertEqual(
            draft.customer_rules_id._content()["prediction_horizon_days"], 120
        )


@tagged("post_install", "-at_install")
class TestProved(PredictedCase):
    """A generated history in which predictions prove themselves."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.full = cls._recompute()
        cls.env.flush_all()

    def _numbers(self):
        """Return ``{customer: numbers of the profile}``."""
        self.env.invalidate_all()
        profiles = self.env["customer.profile"].search(
            [("company_id", "=", self.company.id)]
        )
        return {
            profile.partner_id.id: tuple(profile[name] for name in NUMBERS)
            for profile in profiles
        }

    def _asked(self, learnt, ids, parameters):
        """Return what the engine says, asked from outside."""
        model = self.env["classification.facts"]
        purchases = model._read_purchases(self.policy, model._scope(self.policy, AS_OF))
        day = purchases["day"].to_numpy("datetime64[D]").astype("int64")
        purchases = purchases.assign(day=day)
        purchases = purchases[purchases["partner_id"].isin(ids)]
        now = History.of(purchases, 2).behaviour(
            (AS_OF - fields.Date.to_date("1970-01-01")).days, learnt.horizon
        )
        return outlook(learnt, now, parameters)

    def test_as_the_engine_says(self):
        learnt = Learnt.from_json(self.full.prediction)
        self.assertEqual((learnt.proof.reason, learnt.horizon), ("proved", 60))
        told = self._asked(learnt, self.customers.ids, self.policy._parameters())
        self.assertEqual(len(told), CUSTOMERS)
        for customer, numbers in self._numbers().items():
            row = told.loc[customer]
            self.assertTrue(numbers[0])
            for name, number in zip(NUMBERS[1:], numbers[1:], strict=True):
                self.assertAlmostEqual(number, row[name], 2, name)
        self.assertEqual(self.full.prediction_count, CUSTOMERS)

    def test_sentence(self):
        learnt = Learnt.from_json(self.full.prediction)
        told = self._asked(learnt, self.customers.ids, self.policy._parameters())
        for customer in self.customers[:20]:
            profile, row = self._profile(customer), told.loc[customer.id]
            self.assertEqual(profile.prediction_basis, "probability")
            self.assertEqual(customer.customer_prediction_text, profile.prediction_text)
            self.assertRegex(
                profile.prediction_text,
                rf"^Of {row['alike_customers']:.0f} customers like this one, "
                rf"{row['alike_buyers']:.0f} bought again within 60 days "
                r"\(\d+ to \d+ of 100\)\.$",
            )
            self.assertNotIn("%", profile.prediction_text)

    def test_some_as_all(self):
        """Runs over some customers give the rows of a run over all."""
        full = self._numbers()
        some = self.customers[::7]
        self.env.cr.execute(
            "UPDATE customer_profile SET has_prediction = NULL, revenue_low = NULL,"
            " purchase_probability = 0.5, expected_revenue = 1, revenue_high = 1,"
            " revenue_at_risk = NULL WHERE partner_id = ANY(%s)",
            [some.ids],
        )
        run = self._recompute(partner_ids=some.ids)
        self.assertEqual(run.prediction_count, len(some))
        self.assertEqual(self._numbers(), full)
        self.assertFalse(run.prediction)

    def test_purchase_of_one(self):
        """A purchase changes the prediction of one customer, by what was learnt."""
        dice, before = random.Random(3), self._numbers()
        bought = self.customers.browse(dice.sample(self.customers.ids, 25))
        self.env["customer.purchase"].create(
            [self._row(customer, AS_OF, 90) for customer in bought]
        )
        with self.cr.savepoint() as savepoint:
            self._recompute()
            by_all = self._numbers()
            savepoint.rollback()
        self._recompute(partner_ids=bought.ids)
        self.assertEqual(self._numbers(), by_all)
        learnt = Learnt.from_json(self.full.prediction)
        told = self._asked(learnt, bought.ids, self.policy._parameters())
        for customer, numbers in self._numbers().items():
            if customer in bought.ids:
                probability = told.loc[customer]["purchase_probability"]
                self.assertAlmostEqual(numbers[1], probability, delta=0.0101)
            else:
                self.assertEqual(numbers, before[customer])

    def test_settled(self):
        again = self._recompute()
        self.assertEqual((again.written_count, again.prediction_count), (0, 0))
        self.assertEqual(again.prediction, self.full.prediction)
        later = self._recompute(AS_OF + timedelta(days=6))
        self.assertEqual(later.prediction, self.full.prediction)

    def test_other_horizon(self):
        """Another horizon is learnt at once."""
        draft = self.policy.copy({"prediction_horizon_days": 90})
        draft._publish()
        run = self._recompute(policy=draft)
        self.assertEqual(run.prediction["horizon"], 90)

    def test_other_rules_go_on_with_what_was_learnt(self):
        """A publication rewrites all profiles; the predictions stand."""
        before = self._numbers()
        draft = self.policy.copy({"new_days": 9})
        draft._publish()
        run = self._recompute(AS_OF + timedelta(days=1), policy=draft)
        self.assertEqual(run.written_count, CUSTOMERS)
        self.assertEqual(run.prediction, self.full.prediction)
        self.assertEqual(run.prediction_count, 0)
        self.assertEqual(self._numbers(), before)

    def test_week_later(self):
        """Only what moved by more than a step is written a week later."""
        before = self._numbers()
        run = self._recompute(AS_OF + timedelta(days=7))
        changed = {key for key, row in self._numbers().items() if row != before[key]}
        self.assertEqual(run.prediction_count, len(changed))
        self.assertLess(len(changed), CUSTOMERS)

    def test_moved(self):
        frame = self._asked(
            Learnt.from_json(self.full.prediction),
            self.customers.ids,
            self.policy._parameters(),
        )[list(NUMBERS[1:])]
        self.assertTrue(moved(frame, frame).empty)
        shifted = frame.copy()
        shifted.iloc[0, 0] += 0.011
        shifted.iloc[1, 0] += 0.009
        shifted.iloc[2, 1] += 1 + 0.03 * shifted.iloc[2, 1]
        found = moved(frame, shifted).index.tolist()
        self.assertEqual(found, frame.index[[0, 2]].tolist())
        self.assertEqual(moved(frame, frame.iloc[5:]).isna().all(axis=1).sum(), 5)
        self.assertEqual(len(moved(frame.iloc[5:], frame)), 5)

    def test_preview_and_back_test_predict_nothing(self):
        before = self._numbers()
        for kind in ("preview", "back_test"):
            day = AS_OF if kind == "preview" else AS_OF - timedelta(days=60)
            run = self._recompute(day, kind=kind)
            self.assertFalse(run.prediction)
            self.assertFalse(run.prediction_count)
        self.assertEqual(self._numbers(), before)

    def test_gone_when_not_proved(self):
        """Numbers go with the next run over all when their proof fails."""
        leaving = self.env["customer.purchase"].search(
            [("partner_id", "in", self.customers[50:].ids)]
        )
        leaving.unlink()
        run = self._recompute(AS_OF + timedelta(days=7))
        self.assertNotEqual(run.prediction["proof"]["reason"], "proved")
        for numbers in self._numbers().values():
            self.assertFalse(any(numbers))

    def test_objection(self):
        customer = self.customers[0]
        customer.customer_objects_profiling = True
        self.assertFalse(customer.customer_purchase_probability)
        self.assertFalse(customer.customer_prediction_text)
        self._recompute()
        self.assertNotIn(customer.id, self._numbers())

    def test_contacts_search_sort_and_sum(self):
        partners, numbers = self.env["res.partner"], self._numbers()
        own = [("id", "in", self.customers.ids)]
        likely = partners.search([*own, ("customer_purchase_probability", ">", 0.5)])
        expected = {key for key, value in numbers.items() if value[1] > 0.5}
        self.assertEqual(set(likely.ids), expected)
        first = partners.search(own, order="customer_revenue_at_risk desc", limit=1)
        most = max(value[5] for value in numbers.values())
        self.assertAlmostEqual(numbers[first.id][5], most)
        self.customers[:100].user_id = self.env.user
        sums = dict(
            partners._read_group(own, ["user_id"], ["customer_revenue_at_risk:sum"])
        )
        mine = sum(numbers[key][5] for key in self.customers[:100].ids)
        self.assertAlmostEqual(sums[self.env.user], mine, 1)

    def test_sums_by_tier(self):
        numbers = self._numbers()
        sums = self.env["customer.profile"]._read_group(
            [("company_id", "=", self.company.id)],
            ["value_tier_id"],
            ["revenue_at_risk:sum", "expected_revenue:sum"],
        )
        self.assertGreater(len(sums), 0)
        at_risk = sum(row[1] for row in sums)
        self.assertAlmostEqual(at_risk, sum(row[5] for row in numbers.values()), 1)

    def test_sums_by_salesperson_and_month(self):
        """Each way to group adds up to the same."""
        numbers = self._numbers()
        self.customers[:150].user_id = self.env.user
        profiles = self.env["customer.profile"]
        own = [("company_id", "=", self.company.id), ("has_prediction", "=", True)]
        for groups in (
            ["user_id"],
            ["expected_purchase_date:month"],
            ["value_tier_id", "user_id"],
        ):
            sums = profiles._read_group(
                own, groups, ["revenue_at_risk:sum", "expected_revenue:sum"]
            )
            self.assertGreater(len(sums), 1)
            for place, column in ((-2, 5), (-1, 2)):
                whole = sum(row[column] for row in numbers.values())
                self.assertAlmostEqual(sum(row[place] for row in sums), whole, 0)
        mine = [
            row
            for row in profiles._read_group(own, ["user_id"], ["revenue_at_risk:sum"])
            if row[0] == self.env.user
        ]
        told = sum(numbers[key][5] for key in self.customers[:150].ids)
        self.assertAlmostEqual(mine[0][1], told, 0)

    def test_set_aside(self):
        """Customers who are set aside keep their classes, and no prediction."""
        one, currency = self.customers[0], self.env.ref("base.CHF")
        currency.active = True
        tier = self._profile(one).value_tier_id
        self.env["customer.purchase"].create(
            {**self._row(one, AS_OF, 5), "currency_id": currency.id}
        )
        run = self._recompute(AS_OF + timedelta(days=1))
        self.assertEqual(run.problem_count, 1)
        numbers = self._numbers()
        self.assertFalse(any(numbers[one.id]))
        self.assertTrue(any(numbers[self.customers[1].id]))
        self.assertEqual(self._profile(one).value_tier_id, tier)

    def test_amounts_for_who_sees_all_sales(self):
        seller = new_test_user(
            self.env,
            "seller_of_own",
            "sales_team.group_sale_salesman,customer_classification.group_user",
            company_id=self.company.id,
            company_ids=[fields.Command.set(self.company.ids)],
        )
        profile = self._profile(self.customers[0]).with_user(seller)
        self.assertTrue(profile.purchase_probability)
        self.assertIn("bought again", profile.prediction_text)
        for name in ("revenue_at_risk", "expected_revenue", "revenue_low"):
            with self.assertRaises(AccessError):
                profile.read([name])
        with self.assertRaises(AccessError):
            profile.partner_id.read(["customer_revenue_at_risk"])
