import random
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from odoo.exceptions import AccessError
from odoo.tests import tagged, users

from ..history.test_history import HistoryCase, day

LAST = date(2025, 6, 15)
KEPT = {"new", "active", "loyal", "dormant", "won_back"}
STAGES = ("prospect", *sorted(KEPT), "lost", False)


class ChurnCase(HistoryCase):
    def _model(self, last=LAST, **context):
        context = {"history_date": last and str(last), **context}
        return self.env["classification.churn"].with_context(**context)

    def _stage_change(self, partner, to, valid):
        return self._change(partner, to, valid, axis="lifecycle_stage")

    def _rates(self, domain=(), by="month:month", **context):
        """``{group: (customers, lost, rate)}``"""
        groups = self._model(**context)._read_group(
            list(domain),
            [by],
            ["customer_count:sum", "lost_count:sum", "churn_rate:avg"],
        )
        return {key: tuple(numbers) for key, *numbers in groups}


@tagged("post_install", "-at_install")
class TestChurn(ChurnCase):
    """Customers kept and lost in a month."""

    def test_one_is_lost_and_comes_back(self):
        self._stage_change(self.ann, "active", day(1, 10))
        self._stage_change(self.ann, "lost", day(3, 31))
        self._stage_change(self.ann, "won_back", day(5, 1))
        rates = self._rates()
        self.assertEqual(
            rates,
            {
                day(2, 1): (1, 0, 0),
                day(3, 1): (1, 1, 100),
                # Not in April, at whose beginning she was lost, nor in May, in which
                # she came back on the first day.
                day(6, 1): (1, 0, 0),
            },
        )

    def test_lost_and_back_within_a_month_is_kept(self):
        self._stage_change(self.ann, "active", day(1, 10))
        self._stage_change(self.ann, "lost", day(3, 2))
        self._stage_change(self.ann, "won_back", day(3, 30))
        self.assertEqual(self._rates()[day(3, 1)], (1, 0, 0))

    def test_first_bought_and_lost_within_a_month_is_in_no_rate(self):
        self._stage_change(self.ann, "new", day(3, 2))
        self._stage_change(self.ann, "lost", day(3, 30))
        self.assertFalse(self._rates())

    def test_prospects_are_no_customers(self):
        self._stage_change(self.ann, "prospect", day(1, 10))
        self._stage_change(self.bob, "interested", day(1, 10))
        self.assertFalse(self._rates())

    def test_running_month(self):
        self._stage_change(self.ann, "active", day(1, 10))
        self._stage_change(self.ann, "lost", LAST)
        self._stage_change(self.bob, "active", day(1, 10))
        self._stage_change(self.bob, "lost", LAST + timedelta(days=1))
        rows = self._model().search([("month", "=", day(6, 1))])
        self.assertEqual(
            {row.partner_id: row.is_lost for row in rows},
            {self.ann: True, self.bob: False},
        )
        self.assertEqual(set(rows.mapped("is_partial")), {True})
        full = self._model(day(5, 31)).search([("month", "=", day(5, 1))])
        self.assertEqual(set(full.mapped("is_partial")), {False})

    def test_corrections_change_the_past(self):
        self._stage_change(self.ann, "active", day(1, 10))
        self._stage_change(self.ann, "lost", day(3, 20))
        late = self._stage_change(self.ann, "active", day(3, 20))
        self._created(late, day(5, 5))
        self.assertEqual(self._rates()[day(3, 1)], (1, 0, 0))
        known = self._rates(history_known_date=str(day(4, 1)))
        self.assertEqual(known[day(3, 1)], (1, 1, 100))

    def test_by_tier_and_salesperson(self):
        seller = self._user("seller-of-ann", "sales_team.group_sale_salesman")
        self.ann.user_id = seller
        for partner, tier in ((self.ann, "vip"), (self.bob, "low")):
            self._stage_change(partner, "active", day(1, 10))
            self._change(partner, tier, day(1, 10))
        self._change(self.ann, "low", day(3, 1))
        self._stage_change(self.ann, "lost", day(3, 20))
        march = [("month", "=", day(3, 1))]
        self.assertEqual(
            self._rates(march, "tier_id"),
            {self._tier("vip"): (1, 1, 100), self._tier("low"): (1, 0, 0)},
        )
        self.assertEqual(self._rates(march, "user_id")[seller], (1, 1, 100))

    def test_same_as_counted_by_hand(self):
        """Random histories, month by month, beside a walk through each of them."""
        chance = random.Random(16)
        partners = [self._customer(f"Random {number}") for number in range(40)]
        stages = {}
        for partner in partners:
            when = date(2024, 1, 1) + timedelta(days=chance.randrange(200))
            while when < LAST:
                stage = chance.choice(STAGES)
                self._stage_change(partner, stage, when)
                stages.setdefault(partner, []).append((when, stage))
                when += timedelta(days=chance.choice((1, 10, 40, 90)))
        expected = {}
        month = date(2023, 6, 1)
        while month <= LAST:
            end = min(month + relativedelta(months=1, days=-1), LAST)
            for changes in stages.values():
                before = _at(changes, month - timedelta(days=1))
                if before in KEPT:
                    customers, lost = expected.get(month, (0, 0))
                    is_lost = _at(changes, end) == "lost"
                    expected[month] = (customers + 1, lost + is_lost)
            month += relativedelta(months=1)
        self.assertEqual(
            {key: numbers[:2] for key, numbers in self._rates().items()}, expected
        )
        for numbers in self._rates().values():
            self.assertAlmostEqual(numbers[2], 100 * numbers[1] / numbers[0])

    def test_revenue_is_that_before_the_month(self):
        for partner in (self.ann, self.bob):
            self._stage_change(partner, "active", date(2024, 6, 10))
        self._stage_change(self.ann, "lost", day(3, 20))
        for partner, when, amount in (
            (self.ann, date(2024, 2, 28), 1_000),  # before the window of March
            (self.ann, date(2024, 3, 1), 100),
            (self.ann, day(2, 28), 50),
            (self.ann, day(3, 1), 7),  # after its beginning
            (self.bob, day(1, 5), 450),
        ):
            self._purchase(partner, when, amount)
        march = [("month", "=", day(3, 1))]
        [(revenue, lost, rate)] = self._model()._read_group(
            march, [], ["revenue:sum", "lost_revenue:sum", "revenue_churn_rate:avg"]
        )
        self.assertEqual((revenue, lost, rate), (600, 150, 25))
        rows = {row.partner_id: row for row in self._model().search(march)}
        self.assertEqual(rows[self.ann].revenue, 150)
        self.assertEqual(rows[self.ann].lost_revenue, 150)
        self.assertEqual(rows[self.bob].lost_revenue, 0)
        found = self._model().search([*march, ("revenue", ">", 150)])
        self.assertEqual(found.partner_id, self.bob)
        history = self.env["classification.history"].with_context(
            history_date=str(day(2, 28))
        )
        self.assertEqual(
            {row.partner_id: row.revenue for row in history.search([])},
            {self.ann: 150, self.bob: 450},
        )

    def test_no_revenue_is_no_rate(self):
        self._stage_change(self.ann, "active", day(1, 10))
        [(rate,)] = self._model()._read_group([], [], ["revenue_churn_rate:avg"])
        self.assertFalse(rate)

    def test_pages_and_queries(self):
        for partner in (self.ann, self.bob, self.cay):
            self._stage_change(partner, "active", day(1, 10))
        names = ["month", "tier_id", "is_lost", "churn_rate"]
        self._model().search_read([], names)
        self.env.invalidate_all()
        with self.assertQueryCount(1):
            rows = self._model().search_fetch([], names, limit=80)
            rows.mapped("is_lost")
        again = self._model().browse(rows.ids)
        again.invalidate_recordset()
        self.assertEqual(again.mapped("month"), rows.mapped("month"))

    @users("churn-user")
    def test_amounts_are_for_who_sees_all_sales(self):
        model = self._model().with_user(self.env.user)
        self.assertTrue(model._read_group([], [], ["churn_rate:avg"]))
        for name in ("revenue:sum", "revenue_churn_rate:avg"):
            with self.assertRaises(AccessError):
                model._read_group([], [], [name])
        with self.assertRaises(AccessError):
            model.search([("revenue", ">", 1)])

    def test_record_rules_on_contacts_hold(self):
        for partner in (self.ann, self.bob):
            self._stage_change(partner, "active", day(1, 10))
        self.env["ir.rule"].create(
            {
                "name": "Only Ann",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.bob.id})]",
            }
        )
        user = self.env["res.users"].search([("login", "=", "churn-user")])
        groups = self._model().with_user(user)._read_group([], [], ["__count"])
        self.assertEqual(groups, [(5,)])

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._user("churn-user", "customer_classification.group_user")


def _at(changes, when):
    """The stage on a day, by the last change up to it."""
    return next((stage for valid, stage in reversed(changes) if valid <= when), False)
