from functools import cache, partial

from odoo import api, fields, models

from .explanation import Sentences


class CustomerProfileSummaryMixin(models.AbstractModel):
    """Summary of a customer in one line, for places with little room."""

    _name = "customer.profile.summary.mixin"
    _description = "Summary of a Customer"

    summary = fields.Char(compute="_compute_summary")

    @api.depends(
        *("value_tier_id", "lifecycle_stage_id", "churn_risk"),
        *("last_purchase_date", "expected_gap_days", "visit_count"),
    )
    @api.depends_context("lang", "uid")
    def _compute_summary(self):
        """Compute the summary from the stored numbers.

        Numbers that depend on the day take one query.
        """
        sentences_for = cache(partial(Sentences, self.env))
        for profile, seen in zip(self.sudo(), self, strict=True):
            sentences = sentences_for(profile.policy_id, profile.currency_id)
            classes = " · ".join(profile._summary_classes())
            seen.summary = profile._summary_text(sentences, classes)

    def _summary_classes(self):
        """Return the words for the classes, the risk where it is one."""
        risks = {
            "medium": self.env._("Medium Churn Risk"),
            "high": self.env._("High Churn Risk"),
        }
        words = (
            self.value_tier_id.name,
            self.lifecycle_stage_id.name,
            risks.get(self.churn_risk),
        )
        return filter(None, words)

    def _summary_text(self, sentences, classes):
        if not classes:
            return False
        if not self.last_purchase_date:
            return self.env._("%s: nothing bought yet", classes)
        values = {"classes": classes, "ago": self._ago(sentences)}
        if self.visit_count < 2:
            return self.env._("%(classes)s: bought once, %(ago)s", **values)
        return self.env._(
            "%(classes)s: last purchase %(ago)s, expected every %(gap)s",
            gap=sentences.gap({"gap": self.expected_gap_days}),
            **values,
        )

    def _ago(self, sentences):
        """Return the words for the time since the last purchase."""
        if not self.recency_days:
            return self.env._("today")
        return self.env._("%s ago", sentences.days(self.recency_days))
