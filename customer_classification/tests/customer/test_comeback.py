from datetime import timedelta

from odoo.tests import tagged

from ..common import AS_OF, ClassificationCase


@tagged("post_install", "-at_install")
class TestComeback(ClassificationCase):
    """Comebacks depend on purchases and offers, not on the time of runs."""

    def test_each_comeback_counts_in_one_run(self):
        customer = self._customer("Returner")
        for days in (1_600, 1_100, 600, 3):
            self._purchase(customer, AS_OF - timedelta(days=days), 100)
        steady = self._regular("Steady", 100)
        self._recompute()
        # The usual gap is the median of 532 and 30 days: dormant after 3 × 281 days.
        self.assertEqual(self._profile(customer).won_back_count, 0)
        rules = {
            **{"shrinkage": 0, "at_risk_ratio": 0.5, "dormant_ratio": 0.9},
            "dormant_min_days": 60,
        }
        policy = self.policy.copy(rules)
        policy._publish()
        self._recompute(policy=policy)
        # Dormant after 0.9 × 281, then after 0.9 × 500 days.
        self.assertEqual(self._profile(customer).won_back_count, 3)
        self.assertEqual(self._profile(steady).won_back_count, 0)
        self._recompute(AS_OF + timedelta(days=1), policy=policy)
        self.assertEqual(self._profile(customer).won_back_count, 3)

    def test_a_quotation_that_expires_is_looked_at(self):
        interested = self._customer("Interested")
        quotation = self._order(interested, AS_OF, 100, confirm=False)
        quotation.validity_date = AS_OF + timedelta(days=5)
        self._created(quotation, AS_OF - timedelta(days=1))
        self._recompute()
        profile = self._profile(interested)
        self.assertEqual(profile.lifecycle_stage_id, self._stage("interested"))
        due = AS_OF + timedelta(days=6)
        self.assertEqual(profile.next_review_date, due)
        with self._on(due):
            self.policy.refresh()
        self.assertEqual(profile.lifecycle_stage_id, self._stage("prospect"))
