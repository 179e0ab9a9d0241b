from odoo import api, fields, models
from odoo.tools import format_date, formatLang

from .customer_profile import MONEY_GROUP

# Bits of ``churn_signals``, in the engine's order.
OVERDUE, FAR_OVERDUE, DECLINING, REFUNDS = (1 << bit for bit in range(4))


class CustomerProfile(models.Model):
    """Says in a sentence why a customer has a class, in the reader's language.

    Rendered from the stored codes and numbers when it is read; amounts only for
    those who may see all sales.
    """

    _inherit = "customer.profile"

    tier_explanation = fields.Char(
        string="Why This Tier", compute="_compute_tier_explanation"
    )
    stage_explanation = fields.Char(
        string="Why This Stage", compute="_compute_stage_explanation"
    )
    risk_explanation = fields.Char(
        string="Why This Risk", compute="_compute_risk_explanation"
    )

    @api.depends_context("lang", "uid")
    def _compute_tier_explanation(self):
        last = self.env["classification.run"]._last_runs(self.company_id)
        limits = {company: run._tier_limits() for company, run in last.items()}
        for profile in self:
            profile.tier_explanation = profile._explain_tier(
                limits.get(profile.company_id, {})
            )

    def _explain_tier(self, limits):
        """The sentence for the tier; ``limits``: ``{tier id: value to enter it}``."""
        policy = self.sudo().policy_id
        texts = {
            "kept": self.env._(
                "Below the limit of the tier, but not by more than %s %%.",
                policy.keep_margin,
            ),
            "grace": self.env._(
                "Below the limit of the tier since %(day)s; kept for %(days)s days.",
                day=format_date(self.env, self.tier_below_since),
                days=policy.grace_days,
            ),
            "lapsed": self.env._(
                "Bought nothing in the last %s months.", policy.window_months
            ),
            "no_purchase": self.env._("Not rated: never bought."),
            "too_new": self.env._(
                "Not rated: %(orders)s order, known for %(days)s days.",
                orders=self.lifetime_order_count,
                days=self.tenure_days,
            ),
            "few_customers": self.env._(
                "Not rated: fewer than %s customers bought, too few to compare with.",
                policy.min_customers,
            ),
            "no_margin": self.env._("Not rated: the margin is not known."),
            "no_score": self.env._(
                "Not rated: nothing of what the score weighs is known."
            ),
        }
        return texts.get(self.tier_reason) or self._explain_limit(policy, limits)

    def _explain_limit(self, policy, limits):
        """The sentence for a tier that follows from its limit."""
        if not self.tier_reason:
            return False
        value = self._explained_value(policy)
        if value is None:
            return self.env._("By the limits of the policy.")
        limit = limits.get(self.value_tier_id.id)
        if limit is None:
            return self.env._(
                "%(value)s in the last %(months)s months, below the other tiers.",
                value=value,
                months=policy.window_months,
            )
        return self.env._(
            "%(value)s in the last %(months)s months; the tier begins at %(limit)s.",
            value=value,
            months=policy.window_months,
            limit=self._format_value(policy, limit),
        )

    def _explained_value(self, policy):
        """The value that was judged, as text; None for who may not see it."""
        if policy.value_metric == "score":
            return self._format_value(policy, self.value_score)
        if not self.env.user.has_group(MONEY_GROUP):
            return None
        return self._format_value(policy, self.sudo()[policy.value_metric])

    def _format_value(self, policy, value):
        if policy.value_metric == "score":
            return self.env._("a value score of %s", formatLang(self.env, value, 1))
        return formatLang(self.env, value, currency_obj=self.sudo().currency_id)

    @api.depends_context("lang")
    def _compute_stage_explanation(self):
        for profile in self:
            code = profile.lifecycle_stage_id.code
            profile.stage_explanation = code and profile._explain_stage(code)

    def _explain_stage(self, code):
        """The sentence for the stage with this code."""
        rhythm = {
            "days": self.recency_days,
            "gap": formatLang(self.env, self.expected_gap_days, 1),
            "ratio": formatLang(self.env, self.overdue_ratio, 1),
        }
        texts = {
            "prospect": self.env._("Never bought, and nothing is under way."),
            "interested": self.env._(
                "Never bought; %(opportunities)s open opportunities, %(quotations)s "
                "open quotations.",
                opportunities=self.open_opportunity_count,
                quotations=self.open_quotation_count,
            ),
            "new": self.env._("First bought %s days ago.", self.tenure_days),
            "active": self.env._(
                "Last bought %(days)s days ago; usually buys every %(gap)s days.",
                **rhythm,
            ),
            "loyal": self.env._(
                "%(orders)s orders in %(tenure)s days, the last one %(days)s days ago.",
                orders=self.lifetime_order_count,
                tenure=self.tenure_days,
                days=self.recency_days,
            ),
            "won_back": self.env._(
                "Came back %s days ago after a long silence.", self.recency_days
            ),
        }
        silent = self.env._(
            "Last bought %(days)s days ago, %(ratio)s times the own rhythm of %(gap)s "
            "days.",
            **rhythm,
        )
        return texts.get(code, silent)

    @api.depends_context("lang")
    def _compute_risk_explanation(self):
        for profile in self:
            profile.risk_explanation = profile._explain_risk()

    def _explain_risk(self):
        """The signals behind the churn risk, one after the other."""
        if not self.churn_risk:
            return False
        overdue = self.env._(
            "no purchase for %(ratio)s times the own rhythm",
            ratio=formatLang(self.env, self.overdue_ratio, 1),
        )
        texts = {
            OVERDUE: overdue,
            FAR_OVERDUE: overdue,
            DECLINING: self.env._("buys less than half a window before"),
            REFUNDS: self.env._("many refunds"),
        }
        reasons = [text for bit, text in texts.items() if self.churn_signals & bit]
        if not reasons:
            return self.env._("Buys in the usual rhythm.")
        return self.env._("Signals: %s.", ", ".join(dict.fromkeys(reasons)))
