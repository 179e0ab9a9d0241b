from functools import cache, partial

from odoo import api, fields, models

from .explanation import Sentences, TierLimits


class CustomerProfileExplanationMixin(models.AbstractModel):
    """Says in a sentence why a customer has a class, in the reader's language.

    Rendered from the stored codes and numbers when it is read; amounts only for
    those who may see all sales. Where a person decided, the sentence tells what the
    numbers say.
    """

    _name = "customer.profile.explanation.mixin"
    _description = "Classes of a Customer in Sentences"

    tier_explanation = fields.Char(string="Why This Tier", compute="_compute_why")
    stage_explanation = fields.Char(string="Why This Stage", compute="_compute_why")
    risk_explanation = fields.Char(string="Why This Risk", compute="_compute_why")

    @api.depends_context("lang", "uid")
    def _compute_why(self):
        """The three sentences: fourteen queries for any number of profiles of one
        policy, which is what a company has, and a few for each other one."""
        limits = {
            policy: TierLimits(policy, edges)
            for policy, edges in self._edges_by_policy().items()
        }
        sentences_for = cache(partial(Sentences, self.env))
        for profile, seen in zip(self.sudo(), self, strict=True):
            policy = profile.policy_id
            if not policy:
                seen.tier_explanation = False
                seen.stage_explanation = False
                seen.risk_explanation = False
                continue
            sentences = sentences_for(policy, profile.currency_id)
            seen.tier_explanation = profile._why_tier(sentences, limits[policy])
            seen.stage_explanation = profile._why_stage(sentences)
            seen.risk_explanation = profile._why_risk(sentences)

    def _edges_by_policy(self):
        """``{policy: edges}`` of the last full run by the rules of each policy that
        classified these profiles, as JSON; those of a profile's own run where there was
        none."""
        runs = self.env["classification.run"]
        found = {}
        for policy in self.sudo().policy_id:
            run = runs._last_full_run(policy)
            own = self.sudo().run_id.filtered(lambda run, p=policy: run._is_by(p.id))
            found[policy] = run.edges or own[:1].edges or {}
        return found

    def _why_tier(self, sentences, limits):
        """The sentence for the tier by the numbers."""
        tier = self.shadow_tier_id
        told = self._numbers_of_tier(sentences, limits)
        text = sentences.tier(told, tier, limits.above(tier))
        return sentences.decided(text) if tier != self.value_tier_id else text

    def _numbers_of_tier(self, sentences, limits):
        """What :mod:`classification_explanation` calls the numbers of a tier."""
        tier = self.shadow_tier_id.id
        standing = limits.standing(self.as_of_date, self.run_id.scope == "all")
        numbers = {
            "value": self._judged_value(),
            "orders": self.order_count,
            "limit": limits.enter.get(tier),
            "keep": limits.keep.get(tier),
            "next": limits.next.get(tier),
            "buyers": limits.buyers.get(tier),
            "stands": standing.get(tier),
            "frozen": limits.frozen.get(tier),
            "unknown": self.unknown_margin_count or None,
            "reason": self.tier_reason,
            "since": self.tier_below_since or None,
            "lifetime_orders": self.lifetime_order_count,
            "tenure": self.tenure_days,
            "refunded": self.refund_amount > 0 or None,
        }
        return {name: value for name, value in numbers.items() if value is not None}

    def _judged_value(self):
        """What the tier is made of; None where it is not known."""
        metric = self.policy_id.value_metric
        if metric == "margin":
            return self.margin if self.has_margin else None
        return self.value_score if metric == "score" else self.revenue

    def _why_stage(self, sentences):
        """The sentence for the stage by the numbers."""
        stage = self.shadow_stage_id
        told = {
            "tenure": self.tenure_days,
            "gap": self.expected_gap_days,
            "lifetime_orders": self.lifetime_order_count,
            "opportunities": self.open_opportunity_count,
            "quotations": self.open_quotation_count,
        }
        if self.last_purchase_date:
            told["recency"] = self.recency_days
        text = sentences.stage(told, stage.code, self.as_of_date) if stage else False
        return sentences.decided(text) if stage != self.lifecycle_stage_id else text

    def _why_risk(self, sentences):
        """The sentence for the churn risk by the numbers."""
        if not self.shadow_risk:
            return False
        told = {
            "signals": self.churn_signals,
            "recency": self.recency_days,
            "gap": self.expected_gap_days,
            "growth": self.growth,
        }
        sales = self.revenue + self.refund_amount
        if sales > 0:
            told["refund_share"] = self.refund_amount / sales
        text = sentences.risk(told)
        return sentences.decided(text) if self.shadow_risk != self.churn_risk else text
