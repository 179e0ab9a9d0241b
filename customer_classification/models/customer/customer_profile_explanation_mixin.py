from functools import cache, partial

from odoo import api, fields, models

from .explanation import BY_PREDICTION, Sentences, TierLimits


class CustomerProfileExplanationMixin(models.AbstractModel):
    """Explain the classes of a customer in the reader's language.

    Rendered from the stored codes and numbers when it is read; amounts only for
    those who may see all sales. For a manual override, the sentence also names the
    computed class.
    """

    _name = "customer.profile.explanation.mixin"
    _description = "Classes of a Customer in Sentences"

    tier_explanation = fields.Char(string="Why This Tier", compute="_compute_why")
    stage_explanation = fields.Char(string="Why This Stage", compute="_compute_why")
    risk_explanation = fields.Char(string="Why This Risk", compute="_compute_why")

    @api.depends_context("lang", "uid")
    def _compute_why(self):
        """Compute the three sentences that explain the classes.

        Fourteen queries for any number of profiles of one policy, the usual case in a
        company, and a few for each other policy.
        """
        limits = {
            policy: TierLimits(policy, edges)
            for policy, edges in self._edges_by_policy().items()
        }
        days = self._prediction_days()
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
            seen.risk_explanation = profile._why_risk(sentences, days.get(policy))

    def _edges_by_policy(self):
        """Return ``{policy: limits of its last full run, as JSON}``.

        For each policy that classified these profiles. Without a full run by its rules,
        the limits of a profile's own run.
        """
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
        """Return the numbers of a tier under the names of explanations.

        See :mod:`classification_explanation`.
        """
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
        """Return the value that decides the tier; None if it is unknown."""
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
            "enquiries": self.answered_enquiry_count,
        }
        if self.last_purchase_date:
            told["recency"] = self.recency_days
        text = sentences.stage(told, stage.code, self.as_of_date) if stage else False
        return sentences.decided(text) if stage != self.lifecycle_stage_id else text

    def _prediction_days(self):
        """Return ``{policy: days that its predictions look ahead}``.

        Only of policies by whose predictions the churn risk of a profile goes: without
        such a profile there is no query.
        """
        predicted = self.sudo().filtered(lambda p: p.churn_signals >= BY_PREDICTION)
        learnt = predicted._learnt_by_policy() if predicted else {}
        return {policy: one.horizon for policy, one in learnt.items() if one}

    def _why_risk(self, sentences, days):
        """Return the sentence for the churn risk by the numbers.

        :param days: that predictions look ahead, None if they are not known
        """
        if not self.shadow_risk:
            return False
        told = {
            "signals": self.churn_signals,
            "recency": self.recency_days,
            "gap": self.expected_gap_days,
            "growth": self.growth,
            "within": days or 0,
            **self._numbers_of_signals(),
        }
        sales = self.revenue + self.refund_amount
        if sales > 0:
            told["refund_share"] = self.refund_amount / sales
        text = sentences.risk(told, self.shadow_risk)
        return sentences.decided(text) if self.shadow_risk != self.churn_risk else text

    def _numbers_of_signals(self):
        """Return the numbers of the signals that are no purchases."""
        numbers = {
            "complaints": self.signal_complaint_count,
            "complaints_before": self.signal_complaint_count_before,
            "satisfaction": self.signal_satisfaction,
            "answers": self.signal_satisfaction_count,
        }
        if self.signal_interaction_date:
            silence = self.as_of_date - self.signal_interaction_date
            numbers["silence"] = silence.days
        return numbers
