from datetime import date, datetime, time, timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..common import AS_OF, ClassificationCase

MOVED = date(2025, 2, 10)
NUMBERS = (
    *("customer_count:sum", "revenue_before:sum", "revenue_after:sum"),
    *("revenue_change_rate:avg", "order_count_before:sum", "order_count_after:sum"),
    "bought_rate:avg",
)
TOTALS = ("customer_count:sum", "order_count_before:sum", "order_count_after:sum")


@tagged("post_install", "-at_install")
class TestTierEffect(ClassificationCase):
    """Before and after a move of tier, worked out by hand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.riser = cls._mover("Riser", [("low", 300), ("vip", 0)])
        cls._bought(
            cls.riser, (-90, 1), (-89, 100), (0, 200), (1, 40), (90, 5), (91, 7)
        )
        cls.clerk = cls._customer("Clerk of Riser", parent_id=cls.riser.id)
        cls.other = cls._mover("Other Riser", [("low", 300), ("vip", 0)])
        cls._bought(cls.other, (-10, 100))
        cls.faller = cls._mover("Faller", [("high", 300), ("medium", 0)])
        cls._bought(cls.faller, (-80, 50), (10, 80), (20, -30))
        cls.rated = cls._mover("Rated", [("unrated", 300), ("low", 0)])
        cls._bought(cls.rated, (-250, 5))
        # Each customer has a profile, which runs make.
        cls._recompute()

    @classmethod
    def _mover(cls, name, tiers):
        """Create a customer with a tier since so many days before the move."""
        customer = cls._customer(name)
        for code, days in tiers:
            cls._moved(customer, code, MOVED - timedelta(days=days))
        return customer

    @classmethod
    def _moved(cls, customer, code, day, recorded=None, **values):
        change = cls.env["classification.change"].create(
            {
                "partner_id": customer.id,
                "company_id": cls.company.id,
                "axis": "value_tier",
                "to_tier_id": cls._tier(code).id,
                "cause": "data",
                "valid_date": day,
                **values,
            }
        )
        cls._created(change, recorded or day)

    @classmethod
    def _bought(cls, customer, *purchases):
        for days, amount in purchases:
            cls._purchase(customer, MOVED + timedelta(days=days), amount)

    def _model(self, user=None, **context):
        model = self.env["customer.tier.effect"].with_user(user or self.env.user)
        return model.with_context(
            allowed_company_ids=self.company.ids,
            **{"history_date": str(AS_OF), **context},
        )

    def _row(self, customer, **context):
        return self._model(**context).search([("partner_id", "=", customer.id)])

    def _groups(self, **context):
        rows = self._model(**context)._read_group([], ["to_tier_id"], NUMBERS)
        return {tier.code: tuple(numbers) for tier, *numbers in rows}

    def test_days_before_and_after(self):
        """The day of the move is the last one before; 90 days on each side."""
        row = self._row(self.riser)
        self.assertEqual(row.move_date, MOVED)
        self.assertEqual((row.from_tier_id.code, row.to_tier_id.code), ("low", "vip"))
        self.assertEqual((row.direction, row.cause), ("up", "data"))
        self.assertEqual((row.revenue_before, row.revenue_after), (300, 45))
        self.assertEqual((row.order_count_before, row.order_count_after), (2, 2))
        self.assertEqual(row.revenue_change, -255)
        self.assertAlmostEqual(row.revenue_change_rate, -85)
        self.assertEqual(self._row(self.faller).direction, "down")

    def test_not_rated_is_neither_better_nor_worse(self):
        """Moves from or to Not Rated are neutral, as in the list of changes."""
        self.assertEqual(self._row(self.rated).direction, "other")

    def test_by_tier(self):
        """Refunds lower revenue and are no purchase; rates are those of the sums."""
        self.assertEqual(
            self._groups(),
            {
                "vip": (2, 400, 45, 100 * (45 - 400) / 400, 3, 2, 50),
                "medium": (1, 50, 50, 0, 1, 1, 100),
                "low": (1, 0, 0, 0, 0, 0, 0),
            },
        )

    def test_other_number_of_days(self):
        row = self._row(self.riser, effect_days=30)
        self.assertEqual((row.revenue_before, row.revenue_after), (200, 40))
        self.assertEqual(self._row(self.riser).revenue_before, 300)

    def test_days_must_have_passed(self):
        """140 days after the move were the 30th of June."""
        self.assertTrue(self._row(self.riser, effect_days=140))
        self.assertFalse(self._row(self.riser, effect_days=141))
        for days in (6, 367, "90", None, True):
            with self.assertRaises(UserError):
                self._row(self.riser, effect_days=days)

    def test_a_customer_counts_once(self):
        """The latest move counts whose days have passed; purchases count once."""
        self._moved(self.riser, "high", MOVED + timedelta(days=40))
        self._moved(self.riser, "vip", AS_OF - timedelta(days=20))
        row = self._row(self.riser)
        self.assertEqual(len(row), 1)
        self.assertEqual(row.move_date, MOVED + timedelta(days=40))
        self.assertEqual((row.from_tier_id.code, row.to_tier_id.code), ("vip", "high"))
        self.assertEqual((row.revenue_before, row.revenue_after), (240, 12))
        everything = self.env["customer.purchase"].search_count(
            [("company_id", "=", self.company.id), ("amount", ">", 0)]
        )
        [totals] = self._model()._read_group([], [], TOTALS)
        self.assertLessEqual(totals[1] + totals[2], everything)
        self.assertEqual(totals[0], 4)

    def test_corrections_are_followed(self):
        """A class recorded later for an earlier day is the tier before."""
        late = AS_OF - timedelta(days=1)
        self._moved(self.riser, "medium", MOVED - timedelta(days=5), late)
        self.assertEqual(self._row(self.riser).from_tier_id.code, "medium")
        # The move never was: what was recorded last for its day is the same tier.
        self._moved(self.other, "low", MOVED, late, is_correction=True)
        self.assertFalse(self._row(self.other))

    def test_first_classes_are_no_moves(self):
        first = self._mover("First", [("vip", 0)])
        self._bought(first, (0, 100))
        self._recompute()
        self.assertFalse(self._row(first))

    def test_interactions(self):
        """A meeting of two contacts of one customer counts once."""
        for days, partners in (
            (-100, self.riser),
            (-3, self.riser | self.clerk),
            (4, self.clerk),
            (5, self.riser),
        ):
            start = datetime.combine(MOVED + timedelta(days=days), time(9))
            self.env["calendar.event"].create(
                {
                    "name": "Visit",
                    "start": start,
                    "stop": start.replace(hour=10),
                    "partner_ids": partners.ids,
                }
            )
        row = self._row(self.riser)
        self.assertEqual(row.interaction_count_before, 1)
        self.assertEqual(row.interaction_count_after, 2)
        self.assertEqual(self._row(self.other).interaction_count_after, 0)

    def test_objectors(self):
        self.riser.customer_objects_profiling = True
        self.assertFalse(self._row(self.riser))

    def test_rights(self):
        """Officers have the counts, who sees all sales the amounts."""
        group = "customer_classification.group_officer,sales_team.group_sale_salesman"
        officer = self._user("effect-officer", group)
        rows = self._model(officer).search([])
        self.assertEqual(len(rows), 4)
        rows.read(["order_count_after", "bought_rate"])
        for name in ("revenue_before", "revenue_change_rate"):
            with self.assertRaises(AccessError):
                rows.read([name])
        seller = self._user("effect-seller", "sales_team.group_sale_salesman")
        with self.assertRaises(AccessError):
            self._model(seller).search([])

    def test_queries(self):
        model = self._model()
        model._read_group([], ["to_tier_id"], NUMBERS)
        with self.assertQueryCount(2):
            model._read_group([], ["to_tier_id"], NUMBERS)
