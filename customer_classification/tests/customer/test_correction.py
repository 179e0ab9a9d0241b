from datetime import timedelta

from odoo.tests import tagged

from ..common import AS_OF
from ..run.test_refresh import RefreshCase

DAY = timedelta(days=1)


@tagged("post_install", "-at_install")
class TestCorrection(RefreshCase):
    """A document that arrives late adds a correction; nothing is rewritten."""

    policy_values = {}
    limits = {"vip": 10_000, "high": 5_000, "medium": 1_000, "low": 0}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls.customers[0]  # 5 × 50 every 10 days: low

    def setUp(self):
        super().setUp()
        for days in (10, 20):
            self.today = AS_OF + days * DAY
            self._recompute(self.today)
            self._age()

    def _history(self, axis="value_tier"):
        """``[(valid, from, to, correction)]`` as recorded."""
        found = self.env["classification.change"].search(
            [("partner_id", "=", self.customer.id), ("axis", "=", axis)], order="id"
        )
        return [
            (
                (change.valid_date - AS_OF).days,
                change.from_label,
                change.to_label,
                change.is_correction,
            )
            for change in found
        ]

    FIRST = (0, "-", "Low", False)

    def test_late_purchase_is_valid_from_its_day(self):
        self._purchase(self.customer, AS_OF + 5 * DAY, 6_000)
        self.today = AS_OF + 21 * DAY
        self._refresh()
        self.assertEqual(self._history(), [self.FIRST, (5, "Low", "High", True)])
        self.assertEqual(self._profile(self.customer).value_tier_id.code, "high")

    def test_run_over_everybody_corrects_too(self):
        self._purchase(self.customer, AS_OF + 5 * DAY, 6_000)
        self.today = AS_OF + 21 * DAY
        self._recompute(self.today)
        self.assertEqual(self._history(), [self.FIRST, (5, "Low", "High", True)])

    def test_same_day_is_no_correction(self):
        self._purchase(self.customer, self.today, 6_000)
        self._refresh()
        self.assertEqual(self._history(), [self.FIRST, (20, "Low", "High", False)])

    def test_late_and_new_purchase(self):
        self._purchase(self.customer, AS_OF + 5 * DAY, 2_000)
        self._purchase(self.customer, AS_OF + 21 * DAY, 20_000)
        self.today = AS_OF + 21 * DAY
        self._refresh()
        self.assertEqual(
            self._history(),
            [
                self.FIRST,
                (5, "Low", "Medium", True),
                (21, "Low", "VIP", False),
            ],
        )

    def test_later_changes_are_corrected_in_their_turn(self):
        """Believed: medium since the 20th. Known now: high since the 5th."""
        self._purchase(self.customer, self.today, 2_000)
        self._refresh()
        self._age()
        self._purchase(self.customer, AS_OF + 5 * DAY, 4_000)
        self.today = AS_OF + 25 * DAY
        self._refresh()
        self.assertEqual(
            self._history(),
            [
                self.FIRST,
                (20, "Low", "Medium", False),
                (5, "Low", "Medium", True),
                (20, "Medium", "High", True),
            ],
        )

    def test_before_the_first_class_the_first_class_is_corrected(self):
        self._purchase(self.customer, AS_OF - 5 * DAY, 6_000)
        self.today = AS_OF + 21 * DAY
        self._refresh()
        self.assertEqual(self._history(), [self.FIRST, (0, "Low", "High", True)])

    def test_twice_is_once(self):
        self._purchase(self.customer, AS_OF + 5 * DAY, 6_000)
        self.today = AS_OF + 21 * DAY
        self._refresh()
        self.env["customer.purchase"].search(
            [("partner_id", "=", self.customer.id)]
        ).flush_recordset()
        self.env.cr.execute("UPDATE customer_purchase SET write_date = now()")
        self._refresh()
        self.assertEqual(len(self._history()), 2)

    def test_stage_is_corrected_too(self):
        """Believed to be dormant, while a purchase had been made already."""
        self.today = AS_OF + 100 * DAY
        self._recompute(self.today)
        self._age()
        self.assertEqual(self._history("lifecycle_stage")[-1][2], "Dormant")
        self._purchase(self.customer, AS_OF + 99 * DAY, 50)
        self.today = AS_OF + 101 * DAY
        self._refresh()
        valid, before, after, is_correction = self._history("lifecycle_stage")[-1]
        self.assertEqual((before, after, is_correction), ("Dormant", "Won Back", True))
        self.assertEqual(valid, 100)

    def test_decided_classes_are_left_alone(self):
        self.env["classification.override"].create(
            {
                "partner_id": self.customer.id,
                "company_id": self.company.id,
                "tier_id": self._tier("vip").id,
                "reason": "Because",
                "start_date": AS_OF,
            }
        )
        self._age()
        before = self._history()
        self._purchase(self.customer, AS_OF + 5 * DAY, 6_000)
        self.today = AS_OF + 21 * DAY
        self._refresh()
        self.assertEqual(self._history(), before)

    def _after_a_new_version(self, **values):
        draft = self.policy.browse(self.policy.action_new_version()["res_id"])
        draft.write(values)
        draft._publish()
        self._purchase(self.customer, AS_OF + 5 * DAY, 6_000)
        self.today = AS_OF + 21 * DAY
        draft.recompute(as_of_date=self.today)
        return self._history()

    def test_after_new_rules_nothing_is_corrected(self):
        history = self._after_a_new_version(new_days=9)
        self.assertEqual(history, [self.FIRST, (21, "Low", "High", False)])

    def test_a_version_that_says_the_same_corrects(self):
        history = self._after_a_new_version()
        self.assertEqual(history, [self.FIRST, (5, "Low", "High", True)])

    def test_who_becomes_a_contact_leaves(self):
        self.customers[1].is_company = True
        self.customer.parent_id = self.customers[1]
        self._refresh()
        self.assertEqual(self._history()[-1], (20, "Low", "-", False))
