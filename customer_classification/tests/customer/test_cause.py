from odoo import fields
from odoo.tests import tagged

from ..common import AS_OF, ClassificationCase


@tagged("post_install", "-at_install")
class TestCauseAfterPublishing(ClassificationCase):
    """Moves by new rules and moves by new data are told apart in one run."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.steady = cls._regular("Steady", 500)  # 6,000: high
        cls.grown = cls._regular("Grown", 100)  # 1,200: medium
        cls.both = cls._regular("Both", 500)
        cls.same = cls._regular("Same", 10)
        cls._recompute()

    def _draft(self, **values):
        self.policy.action_new_version()
        draft = self.env["classification.policy"].search(
            [("company_id", "=", self.company.id), ("state", "=", "draft")]
        )
        draft.write(values)
        return draft

    def _lower_vip(self, **values):
        """A draft in which VIP begins at 6,000 instead of 10,000."""
        draft = self._draft(**values)
        line = draft.tier_ids.filtered(lambda one: one.tier_id == self._tier("vip"))
        line.limit = 6_000
        return draft

    def _causes(self, moves):
        return {
            move.partner_id.name: move.cause
            for move in moves
            if move.axis == "value_tier"
        }

    def _buy(self):
        self._purchase(self.grown, AS_OF, 4_000)  # high by old and by new rules
        self._purchase(self.both, AS_OF, 100)  # 6,100: vip by the new rules only

    EXPECTED = {"Steady": "rules", "Grown": "data", "Both": "rules"}

    def test_run_after_publishing(self):
        draft = self._lower_vip()
        self._buy()
        draft._publish()
        run = draft.recompute(as_of_date=AS_OF)
        self.assertEqual(self._causes(run.change_ids), self.EXPECTED)
        tiers = run.change_ids.filtered(lambda change: change.axis == "value_tier")
        self.assertEqual(len(tiers), 3)
        self.assertEqual(run.rules_change_count, 2)

    def test_preview_says_the_same(self):
        draft = self._lower_vip()
        self._buy()
        run = draft.recompute(as_of_date=AS_OF, kind="preview")
        self.assertEqual(self._causes(run.move_ids), self.EXPECTED)

    def test_another_window_means_other_facts(self):
        """Facts are read again for the old rules, as those rules count them."""
        draft = self._lower_vip(window_months=24)
        self._buy()
        run = draft.recompute(as_of_date=AS_OF, kind="preview")
        self.assertEqual(self._causes(run.move_ids), self.EXPECTED)

    def test_next_run_is_by_data_again(self):
        draft = self._lower_vip()
        draft._publish()
        draft.recompute(as_of_date=AS_OF)
        self._purchase(self.same, AS_OF, 50_000)
        run = draft.recompute(as_of_date=AS_OF)
        self.assertEqual(self._causes(run.change_ids), {"Same": "data"})

    def test_preview_equals_what_publishing_does(self):
        draft = self._lower_vip(window_months=6, at_risk_ratio=1.1)
        self._buy()

        def ends(move):
            return (
                move.partner_id,
                move.axis,
                move.from_label,
                move.to_label,
                move.cause,
                move.direction,
                move.revenue,
            )

        preview = draft.recompute(as_of_date=AS_OF, kind="preview")
        rehearsed = sorted(map(str, map(ends, preview.move_ids)))
        self.assertTrue(rehearsed)
        cells = {
            (cell.value_tier_id, cell.lifecycle_stage_id, cell.churn_risk): (
                cell.customer_count,
                cell.revenue,
            )
            for cell in preview.result_ids
        }
        draft._publish()
        run = draft.recompute(as_of_date=AS_OF)
        self.assertEqual(sorted(map(str, map(ends, run.change_ids))), rehearsed)
        profiles = self.env["customer.profile"]._read_group(
            [("company_id", "=", self.company.id)],
            ["value_tier_id", "lifecycle_stage_id", "churn_risk"],
            ["__count", "revenue:sum"],
        )
        self.assertEqual(
            {(tier, stage, risk): values for tier, stage, risk, *values in profiles},
            {key: list(values) for key, values in cells.items()},
        )

    def test_publishing_has_everybody_classified(self):
        draft = self._lower_vip()
        draft.action_publish()
        self.assertEqual(draft.last_run_id.state, "queued")

    def test_one_customer_before_the_run_after_publishing(self):
        """Limits are found among everybody, not among the one."""
        shares = zip(self.policy.tier_ids.tier_id, (30, 50, 80, 100), strict=True)
        draft = self._draft(
            tier_method="top_percent",
            min_customers=2,
            tier_ids=[
                fields.Command.clear(),
                *self._limit_commands({tier.code: share for tier, share in shares}),
            ],
        )
        draft._publish()
        draft.recompute(as_of_date=AS_OF, partner_ids=self.same.ids)
        self.assertEqual(self._profile(self.same).value_tier_id, self._tier("low"))
        self.assertEqual(self._profile(self.steady).policy_id, self.policy)
