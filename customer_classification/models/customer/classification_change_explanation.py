from functools import cache, partial

from odoo import api, fields, models

from ..common.access_groups import MONEY_GROUP
from .explanation import Sentences, tier_above


class ClassificationChange(models.Model):
    """Says why a class changed, by the numbers and limits of that day."""

    _inherit = "classification.change"

    explanation = fields.Json(
        string="Numbers",
        readonly=True,
        groups=MONEY_GROUP,
        help="What the class was made of on that day.",
    )
    explanation_text = fields.Char(string="Why", compute="_compute_explanation_text")

    @api.depends("explanation", "axis", "cause", "policy_id", "is_correction")
    @api.depends_context("lang", "uid")
    def _compute_explanation_text(self):
        """Render the sentences from the numbers kept with the changes.

        Twelve queries for any number: the changes, their policies and rules, tiers,
        stages and currencies.
        """
        sentences_for = cache(partial(Sentences, self.env))
        for change, seen in zip(self.sudo(), self, strict=True):
            sentences = sentences_for(change.policy_id, change.currency_id)
            seen.explanation_text = change._explain(sentences)

    def _explain(self, sentences):
        """The sentence of this change; empty where its numbers were not kept."""
        told = self.explanation
        if self.is_correction and self.policy_id:
            return sentences.corrected(self.revenue)
        if not told or not self.policy_id:
            return False
        text = {
            "value_tier": self._explain_tier,
            "lifecycle_stage": self._explain_stage,
            "churn_risk": self._explain_risk,
        }[self.axis](sentences, told)
        return sentences.decided(text) if told.get("decided") else text

    def _explain_tier(self, sentences, told):
        ranked = self.policy_id.tier_ids.sorted("tier_sequence").tier_id
        down = self.direction == "down"
        return sentences.tier(
            told,
            self.to_tier_id,
            tier_above(ranked, self.to_tier_id),
            before=self.from_tier_id if down else None,
        )

    def _explain_stage(self, sentences, told):
        return sentences.stage(told, self.to_stage_id.code, self.valid_date)

    def _explain_risk(self, sentences, told):
        return sentences.risk(told) if self.to_risk else False
