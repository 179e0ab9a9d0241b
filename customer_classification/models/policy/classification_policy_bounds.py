from odoo import api, models

DAYS = (0, 36_500)
COUNT = (0, 1_000_000)
PERCENT = (0, 100)
FACTOR = (0, 1000)


class ClassificationPolicy(models.Model):
    """How far each number of a policy may go: beyond it, nothing a company does takes
    so long or is so much, and a run could not reckon with it."""

    _name = "classification.policy"
    _inherit = ["classification.policy", "classification.bounds.mixin"]

    @api.model
    def _bounds(self):
        """As the engine's own, which judges what contradicts itself."""
        return {
            **super()._bounds(),
            "window_months": (1, 240),
            **{name: PERCENT for name in self._percent_names()},
            "decline_growth": (-100, 100),
            "shrinkage": (0, 1e9),
            **{
                name: DAYS
                for name in (
                    *("min_tenure_days", "grace_days", "min_gap_days", "new_days"),
                    *("loyal_tenure_days", "dormant_min_days", "lost_min_days"),
                    "won_back_days",
                )
            },
            **{
                name: COUNT
                for name in (
                    *("customers_per_bin", "min_orders", "min_customers"),
                    *("loyal_orders", "growth_min_orders", "approval_min_customers"),
                )
            },
            **{
                name: FACTOR
                for name in (
                    *("at_risk_ratio", "dormant_ratio", "lost_ratio"),
                    *("risk_overdue", "risk_far_overdue", "risk_declining"),
                    *("risk_refunds", "risk_medium_from", "risk_high_from"),
                    "drift_limit",
                )
            },
        }

    @api.model
    def _percent_names(self):
        return (
            *("keep_margin", "limit_tolerance", "refund_share"),
            *("approval_customer_percent", "approval_revenue_percent"),
        )
