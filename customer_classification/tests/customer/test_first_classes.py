import random
from datetime import timedelta

from odoo.tests import tagged
from odoo.tools import SQL

from ...models.customer import first_classes
from ...models.customer.explanation import EXPLAINED
from ..common import AS_OF, ClassificationCase

FIRST = "classification.first.class"
# Fields of a change for the reader; ids and moments rise in both ways alike.
SEEN = (
    *("partner_id", "axis", "from_tier_id", "to_tier_id", "from_stage_id"),
    *("to_stage_id", "from_risk", "to_risk", "direction", "cause", "policy_id"),
    *("valid_date", "revenue", "is_correction", "explanation", "explanation_text"),
    *("from_label", "to_label", "display_name"),
)


@tagged("post_install", "-at_install")
class TestFirstClasses(ClassificationCase):
    """First classes kept as a row a customer, and read as a row an axis."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.regular = cls._regular("Regular", 2_000)
        cls.small = cls._regular("Small", 10, times=2)
        cls.prospect = cls._customer("Prospect")
        cls._opportunity(cls.prospect, 100, created=AS_OF - timedelta(days=3))

    def _firsts(self):
        return self.env[FIRST].search([("company_id", "=", self.company.id)])

    def _changes(self, *domain):
        domain = [("company_id", "=", self.company.id), *domain]
        return self.env["classification.change"].search(domain)

    def _unpacked(self):
        """Have the rows that earlier releases wrote."""
        self._changes()._unpack()
        self.env.invalidate_all()
        self.assertFalse(self._firsts())

    def test_a_customer_has_one_row(self):
        self._recompute()
        self.assertEqual(len(self._firsts()), 3)
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM classification_change WHERE company_id = %s",
                self.company.id,
            )
        )
        self.assertFalse(rows)

    def test_they_are_read_as_a_change_for_each_class(self):
        self._recompute()
        changes = self._changes(("partner_id", "=", self.regular.id))
        self.assertEqual(
            {change.axis: change.to_label for change in changes},
            {"value_tier": "VIP", "lifecycle_stage": "Loyal", "churn_risk": "Low"},
        )
        self.assertEqual(set(changes.mapped("direction")), {"first"})
        self.assertEqual(changes, self._profile(self.regular).change_ids)
        self.assertEqual(len(changes.ids), len(set(changes.ids)))

    def test_who_has_no_risk_has_no_change_of_it(self):
        self._recompute()
        changes = self._changes(("partner_id", "=", self.prospect.id))
        self.assertEqual(set(changes.mapped("axis")), {"value_tier", "lifecycle_stage"})

    def test_rows_of_earlier_releases_say_the_same(self):
        self._recompute()
        packed = self._changes()
        before = [change.read(SEEN)[0] for change in packed]
        ids = packed.ids
        self.assertTrue(all(one["explanation_text"] for one in before))
        self._unpacked()
        self.assertEqual(self._changes().ids, ids)
        self.assertEqual([one.read(SEEN)[0] for one in self._changes()], before)

    def test_changes_are_found_by_everything(self):
        self._recompute()
        everything = self._changes()
        for domain in (
            [("id", "in", everything.ids)],
            [("run_id", "=", everything.run_id.id)],
            [("valid_date", "=", AS_OF)],
            [("direction", "=", "first"), ("policy_id", "=", self.policy.id)],
        ):
            self.assertEqual(self._changes(*domain), everything, domain)
        vip = self._changes(("to_tier_id", "=", self._tier("vip").id))
        self.assertEqual(vip.partner_id, self.regular)
        self.assertFalse(self._changes(("direction", "!=", "first")))
        counts = dict(
            everything._read_group(
                [("id", "in", everything.ids)], ["axis"], ["__count"]
            )
        )
        self.assertEqual(
            counts, {"value_tier": 3, "lifecycle_stage": 3, "churn_risk": 2}
        )

    def test_ids_rise_with_the_revenue(self):
        self._recompute()
        tiers = self._changes(("axis", "=", "value_tier")).sorted("id")
        self.assertEqual(tiers.partner_id, self.prospect + self.small + self.regular)

    def test_decided_first_classes_have_rows_of_their_own(self):
        self.env["classification.override"].create(
            {
                "partner_id": self.small.id,
                "company_id": self.company.id,
                "axis": "value_tier",
                "tier_id": self._tier("vip").id,
                "reason": "A friend",
            }
        )
        self._recompute()
        self.assertNotIn(self.small, self._firsts().partner_id)
        own = self._changes(("partner_id", "=", self.small.id))
        [first] = own.filtered(lambda one: one.to_tier_id == self._tier("vip"))
        self.assertEqual((first.cause, first.direction), ("person", "first"))
        self.assertIn("A person decided", first.explanation_text)

    def test_who_comes_back_has_rows_of_their_own(self):
        """Classes after a first life follow its changes."""
        self._recompute()
        self.small.customer_objects_profiling = True
        self._recompute(AS_OF + timedelta(days=1))
        self.small.customer_objects_profiling = False
        self._recompute(AS_OF + timedelta(days=2))
        firsts = self._firsts().filtered(lambda one: one.partner_id == self.small)
        self.assertLessEqual(len(firsts), 1)
        rows = self.env["classification.history"].with_context(
            history_date=AS_OF + timedelta(days=2)
        )
        [row] = rows.search([("partner_id", "=", self.small.id)])
        self.assertEqual(row.value_tier_id, self._profile(self.small).value_tier_id)

    def test_a_change_can_be_deleted_by_the_program(self):
        self._recompute()
        stage = self._changes(
            ("partner_id", "=", self.small.id), ("axis", "=", "lifecycle_stage")
        )
        others = self._changes() - stage
        stage.unlink()
        self.assertEqual(self._changes(), others)

    def test_they_go_with_the_customer(self):
        self._recompute()
        self.prospect.unlink()
        self.assertNotIn(self.prospect.id, self._firsts().partner_id.ids)

    def test_names_of_the_numbers(self):
        """Each axis keeps only the numbers that explain it."""
        self._recompute()
        for change in self._changes():
            self.assertLessEqual(
                set(change.sudo().explanation), set(EXPLAINED[change.axis])
            )

    # The history

    def _answers(self, days):
        """Return the history's answers for each day, and for pairs of days."""
        history, migration = (
            self.env[name]
            for name in ("classification.history", "classification.migration")
        )
        names = ["partner_id", "value_tier_id", "lifecycle_stage_id", "churn_risk"]
        names += ["value_tier_since", "lifecycle_stage_since", "churn_risk_since"]
        answers = []
        for day in days:
            rows = history.with_context(history_date=day)
            answers.append(rows.search_read([], names))
            own = rows.search_read([("partner_id", "=", self.small.id)], names)
            answers.append(own)
            pair = migration.with_context(history_from_date=day, history_date=days[-1])
            answers += [pair.get_matrix(axis) for axis in first_classes.AXIS_COLUMNS]
        return answers

    def test_the_history_says_the_same_of_every_day(self):
        """Random purchases and days; then the rows of earlier releases."""
        for seed in range(3):
            with self.subTest(seed), self.env.cr.savepoint() as savepoint:
                self._live(random.Random(seed))
                days = [AS_OF + timedelta(days=day) for day in range(-10, 400, 31)]
                packed = self._answers(days)
                self.assertTrue(any(packed))
                self.assertTrue(self._firsts())
                self._unpacked()
                self.assertEqual(self._answers(days), packed)
                savepoint.rollback()
                self.env.invalidate_all()

    def _live(self, rng):
        """Have customers come, buy, fall silent and leave in the course of a year."""
        customers = [self.regular, self.small, self.prospect]
        day = AS_OF
        self._recompute(day)
        for number in range(6):
            day += timedelta(days=rng.randrange(1, 70))
            customers.append(self._customer(f"Newcomer {number}"))
            for customer in rng.sample(customers, 3):
                bought = day - timedelta(days=rng.choice((0, 0, 3, 40)))
                self._purchase(customer, bought, rng.choice((20, 1_500, 12_000)))
            if number == 3:
                rng.choice(customers[:3]).customer_objects_profiling = True
            if number == 5:
                self.env["res.partner"].browse(
                    [one.id for one in customers]
                ).customer_objects_profiling = False
            self._recompute(day)
