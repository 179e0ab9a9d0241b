from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..common import AS_OF
from .predicted_world import PredictedCase

HORIZON = 60
PAST = AS_OF - timedelta(days=HORIZON)


class GivenCase(PredictedCase):
    """A company whose own model writes predictions by API."""

    @classmethod
    def _bought(cls, after, days=HORIZON):
        """Return who bought within some days after a day."""
        purchases = cls.env["customer.purchase"].search(
            [
                ("company_id", "=", cls.company.id),
                ("date", ">", after),
                ("date", "<=", after + timedelta(days=days)),
            ]
        )
        return purchases.partner_id

    @classmethod
    def _given(cls, day, scores, written=None, **values):
        """Write predictions of a day, on a day: the same by default."""
        rows = cls.env["classification.prediction"].create(
            [
                {
                    "partner_id": customer.id,
                    "company_id": cls.company.id,
                    "name": "Oracle",
                    "horizon_days": HORIZON,
                    "date": day,
                    "score": score,
                    **values,
                }
                for customer, score in scores.items()
            ]
        )
        return cls._created(rows, written or day)

    @classmethod
    def _oracle(cls, buyers):
        """Nearly know who buys: wrong of every tenth."""
        return {
            customer: 0.9 if (customer in buyers) == bool(number % 10) else 0.1
            for number, customer in enumerate(cls.customers)
        }

    def _source(self):
        run = self._recompute()
        return run.prediction["source"], run.prediction["proof"]["reason"]


@tagged("post_install", "-at_install")
class TestGivenPrediction(GivenCase):
    """Predictions of others are judged as ours are."""

    def test_without(self):
        self.assertEqual(self._source(), (None, "proved"))

    def test_better_model(self):
        """It is told, with its name, of those for whom it says something."""
        self._given(PAST, self._oracle(self._bought(PAST)))
        likely = dict.fromkeys(self.customers[:200], 0.9)
        rest = dict.fromkeys(self.customers[200:300], 0.1)
        self._given(AS_OF, {**likely, **rest})
        self.assertEqual(self._source(), ("Oracle", "proved"))
        first, other, untold = (self._profile(self.customers[n]) for n in (0, 250, 350))
        self.assertEqual(
            (first.purchase_probability, other.purchase_probability), (0.9, 0.1)
        )
        self.assertIn("Told by your own model Oracle", first.prediction_text)
        self.assertRegex(first.prediction_text, r"^Of \d+ customers like this one, ")
        self.assertFalse(untold.has_prediction)
        self.assertNotIn("Oracle", untold.prediction_text or "")

    def test_some_as_all(self):
        """Runs over some go by the same model."""
        self._given(PAST, self._oracle(self._bought(PAST)))
        self._given(AS_OF, dict.fromkeys(self.customers, 0.9))
        self._source()
        customer = self.customers[0]
        later = AS_OF + timedelta(days=1)
        self._given(later, {customer: 0.3})
        self._purchase(customer, AS_OF, 10)
        self._recompute(later, partner_ids=customer.ids)
        self.assertEqual(self._profile(customer).purchase_probability, 0.3)

    def test_no_skill(self):
        self._given(PAST, {one: (one.id * 37 % 100) / 100 for one in self.customers})
        self.assertEqual(self._source(), (None, "proved"))

    def test_wrong_way_round(self):
        oracle = self._oracle(self._bought(PAST))
        self._given(PAST, {one: 1 - score for one, score in oracle.items()})
        self.assertEqual(self._source(), (None, "proved"))

    def test_not_of_everybody(self):
        """A model that leaves out those it does not know is not proved."""
        oracle = self._oracle(self._bought(PAST))
        del oracle[self.customers[5]]
        self._given(PAST, oracle)
        self.assertEqual(self._source(), (None, "proved"))

    def test_written_when_the_outcome_was_known(self):
        self._given(PAST, self._oracle(self._bought(PAST)), written=AS_OF)
        self.assertEqual(self._source(), (None, "proved"))

    def test_other_horizon(self):
        self._given(PAST, self._oracle(self._bought(PAST)), horizon_days=90)
        self.assertEqual(self._source(), (None, "proved"))

    def test_old_predictions_of_today(self):
        """Predictions of long ago are not told as of today."""
        self._given(PAST, self._oracle(self._bought(PAST)))
        self.assertEqual(self._source(), ("Oracle", "proved"))
        self.assertFalse(self._profile(self.customers[0]).has_prediction)

    def test_day_in_between(self):
        """The day that is judged need not be the one a horizon ago."""
        day = PAST - timedelta(days=9)
        self._given(day, self._oracle(self._bought(day)))
        self._given(AS_OF, dict.fromkeys(self.customers, 0.9))
        self.assertEqual(self._source(), ("Oracle", "proved"))


@tagged("post_install", "-at_install")
class TestGivenRights(GivenCase):
    """Officers write predictions of their companies, within bounds, and once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.officer = cls._user("officer", "customer_classification.group_officer")

    def _values(self, **values):
        return {
            "partner_id": self.customers[0].id,
            "company_id": self.company.id,
            "name": "Mine",
            "horizon_days": 60,
            "date": fields.Date.today(),
            "score": 0.5,
            **values,
        }

    def _create(self, user=None, **values):
        rows = self.env["classification.prediction"].with_user(user or self.officer)
        return rows.create(self._values(**values))

    def test_officer(self):
        row = self._create()
        self.assertEqual(row.score, 0.5)
        row.unlink()

    def test_bounds(self):
        for values in (
            *({"score": value} for value in (-0.01, 1.01, float("nan"), "x", 1e400)),
            *({"horizon_days": value} for value in (0, 29, 366, 10**12, "x")),
            *({"name": value} for value in (" ", "x" * 65)),
            {"date": fields.Date.today() + timedelta(days=2)},
        ):
            with self.subTest(**values), self.assertRaises(UserError):
                self._create(**values)
                self.env.flush_all()

    def test_never_changed(self):
        row = self._create()
        for vals in ({"score": 0.6}, {"date": PAST}, {"horizon_days": 90}):
            with self.assertRaises(AccessError):
                row.with_user(self.officer).write(vals)

    def test_user_may_not(self):
        user = self._user("user", "customer_classification.group_user")
        with self.assertRaises(AccessError):
            self._create(user)
        with self.assertRaises(AccessError):
            self._create().with_user(user).read(["score"])

    def test_other_company(self):
        other = self._company("Other Ltd")
        with self.assertRaises(AccessError):
            self._create(company_id=other.id)
        row = self._create(self.env.user, company_id=self.company.id)
        stranger = self.env["res.users"].create(
            {
                "name": "Stranger",
                "login": "stranger",
                "company_id": other.id,
                "company_ids": [fields.Command.set(other.ids)],
                "group_ids": [
                    fields.Command.link(
                        self.env.ref("customer_classification.group_officer").id
                    )
                ],
            }
        )
        env = self.env(user=stranger, context={"allowed_company_ids": other.ids})
        with self.assertRaises(AccessError):
            row.with_env(env).read(["score"])

    def test_creation_day_is_not_given(self):
        """Nobody claims to have known it earlier."""
        row = self._create(date=PAST, create_date="2025-05-01 12:00:00")
        self.env.flush_all()
        row.invalidate_recordset()
        self.assertEqual(row.create_date.date(), fields.Date.today())
        found = row.sudo()._judged(self.company, 60, AS_OF)
        self.assertFalse(found)

    def test_vacuum(self):
        old = self._create(date=fields.Date.today() - timedelta(days=800))
        new = self._create()
        self.env["classification.prediction"]._gc_predictions()
        self.assertEqual((old | new).exists(), new)
