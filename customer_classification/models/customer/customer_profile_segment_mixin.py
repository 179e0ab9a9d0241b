from odoo import api, fields, models
from odoo.tools.i18n import format_list

from ..policy.rule_fields import SCORE_FIELDS
from .customer_lifecycle_stage import STAGE_SELECTION
from .selections import RISK_SELECTION

_STAGES = [code for code, __ in STAGE_SELECTION]
_RISKS = [code for code, __ in RISK_SELECTION]
# Fields used in the sentence about the segment.
SAID_OF = (
    *SCORE_FIELDS,
    *("segment_id", "value_tier_id", "lifecycle_stage_id", "churn_risk"),
)


class CustomerProfileSegmentMixin(models.AbstractModel):
    """Explain the segment of a customer, in the reader's language."""

    _name = "customer.profile.segment.mixin"
    _description = "Segment of a Customer"

    segment_explanation = fields.Char(
        string="Why This Segment", compute="_compute_segment_explanation"
    )

    @api.depends_context("lang")
    def _compute_segment_explanation(self):
        """Compute the scores, the segment and the missing facts as sentences.

        At most eighteen queries for any number of profiles of one policy.
        """
        maps = {
            policy: _SegmentMap(policy, edges)
            for policy, edges in self._edges_by_policy().items()
        }
        known, texts = {}, []
        for profile in self.sudo():
            alike = profile.policy_id, *(profile[name] for name in SAID_OF)
            if alike not in known:
                segment_map = profile.segment_id and maps[profile.policy_id]
                known[alike] = segment_map and profile._why_segment(segment_map)
            texts.append(known[alike] or False)
        self._show_column("segment_explanation", texts)

    def _why_segment(self, segment_map):
        """Return the sentence about the segment of this customer.

        No passed-over segments are named if the last run found the segment by another
        class, as before a manual override.
        """
        cell, passed = segment_map.passed(self)
        sentences = [
            self.env._(
                "R%(r)s F%(f)s M%(m)s: %(segment)s.",
                **dict(zip("rfm", cell, strict=True)),
                segment=self.segment_id.name,
            ),
            self.segment_id.description or "",
        ]
        if passed[-1:] == [self.segment_id.id]:
            sentences += self._left_out(segment_map, passed[:-1])
        return " ".join(filter(None, sentences))

    def _left_out(self, segment_map, passed):
        """Return the segments passed over, one sentence a reason."""
        reasons = {}
        for key in passed:
            is_value = segment_map.fails_by_value(key, self)
            reasons.setdefault(is_value, []).append(key)
        for is_value, keys in reasons.items():
            names = self.env["customer.segment"].browse(keys).mapped("name")
            yield self.env._(
                "Not %(segments)s: %(reason)s.",
                segments=format_list(self.env, names),
                reason=self._tier_in_words() if is_value else self._stage_in_words(),
            )

    def _tier_in_words(self):
        return self.env._("the value tier is %s", self.value_tier_id.name)

    def _stage_in_words(self):
        stage = self.lifecycle_stage_id.name
        risks = dict(self._fields["churn_risk"]._description_selection(self.env))
        if not self.churn_risk:
            return self.env._("the lifecycle stage is %s", stage)
        return self.env._(
            "the lifecycle stage is %(stage)s and the churn risk %(risk)s",
            stage=stage,
            risk=risks[self.churn_risk],
        )


class _SegmentMap:
    """The segments of a policy, asked about single customers.

    :param edges: JSON of the engine's ``Edges``, as a run keeps it
    """

    def __init__(self, policy, edges):
        policy = policy.sudo()
        segments = (line._segment() for line in policy.segment_ids)
        self.segments = {segment.key: segment for segment in segments}
        self.tier_ids = policy.tier_ids.sorted("tier_sequence").tier_id.ids
        unrated_id = policy.env["customer.value.tier"]._unrated_id()
        self.little_ids = [unrated_id, *policy._no_value_tier().ids]
        self.fifths = policy._fifths_of(edges)

    def passed(self, profile):
        """The cell of a profile, and the keys of the segments that it passes."""
        from ...engine.customers.segments import steps

        scores = zip(self.fifths, SCORE_FIELDS, strict=True)
        cell = tuple(of[min(profile[name], len(of) - 1)] for of, name in scores)
        found = steps(self.segments.values(), cell, *self._kind(profile))
        return cell, [segment.key for segment in found]

    def fails_by_value(self, key, profile):
        """Check if a segment is ruled out by the customer's value."""
        from ...engine.customers.segments import VALUE_CLAIMS

        __, value = self._kind(profile)
        return value not in VALUE_CLAIMS[self.segments[key].value]

    def _kind(self, profile):
        """Activity and value of a customer, as the engine calls them."""
        from ...engine.customers.segments import (
            ACTIVITIES,
            VALUES,
            activity_of,
            value_of,
        )

        stage, risk = profile.lifecycle_stage_id.code, profile.churn_risk
        activity = activity_of(
            _STAGES.index(stage) + 1 if stage else 0,
            _RISKS.index(risk) + 1 if risk else 0,
        )
        value = value_of(profile.value_tier_id.id, self.tier_ids, self.little_ids)
        return ACTIVITIES[activity], VALUES[value]
