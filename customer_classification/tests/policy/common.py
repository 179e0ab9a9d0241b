"""Contradictions of a segment, and the published map.

Written from their definitions and not from the engine.
"""

import numpy as np

SCORES = ("score_recency", "score_frequency", "score_monetary")
# By claim: whether it is untrue, for lost customers or others, at a churn risk.
_UNTRUE = {
    "none": lambda gone, risk: False,
    "staying": lambda gone, risk: gone or risk == "high",
    "slipping": lambda gone, risk: gone or risk not in ("medium", "high"),
    "leaving": lambda gone, risk: not gone and risk not in ("medium", "high"),
    "gone": lambda gone, risk: not gone,
}
# The ranges of the R package rfm: recency, frequency, monetary; the first counts.
TEN_RANGES = (
    ("champion", (4, 5), (4, 5), (4, 5)),
    ("loyal", (2, 5), (3, 5), (3, 5)),
    ("potential_loyalist", (3, 5), (1, 3), (1, 3)),
    ("new", (4, 5), (1, 1), (1, 1)),
    ("promising", (3, 4), (1, 1), (1, 1)),
    ("need_attention", (2, 3), (2, 3), (2, 3)),
    ("about_to_sleep", (2, 3), (1, 2), (1, 2)),
    ("at_risk", (1, 2), (2, 5), (2, 5)),
    ("cannot_lose", (1, 1), (4, 5), (4, 5)),
    ("lost", (1, 2), (1, 2), (1, 2)),
)


def contradictions(companies):
    """Return ``[(segment, stage, risk, tier, customers)]`` of contradictions.

    Of the customers whose segment, stage and risk, and tier cannot be true together.
    """
    groups = companies.env["customer.profile"]._read_group(
        [("company_id", "in", companies.ids), ("segment_id", "!=", False)],
        [
            *("policy_id", "segment_id", "lifecycle_stage_id", "churn_risk"),
            "value_tier_id",
        ],
        ["__count"],
    )
    return [
        (segment.name, stage.name, risk, tier.name, count)
        for policy, segment, stage, risk, tier, count in groups
        if _contradict(policy, segment, stage.code, risk, tier)
    ]


def _contradict(policy, segment, stage, risk, tier):
    line = policy.segment_ids.filtered(lambda line: line.segment_id == segment)
    tiers = policy.tier_ids.sorted("tier_sequence").tier_id
    gone = stage in ("dormant", "lost")
    return (
        _UNTRUE[line.claim_activity](gone, risk)
        or line.claim_value == "much"
        and (tier.is_unrated or tier == tiers[-1])
        or line.claim_value == "little"
        and tier in tiers[: len(tiers) // 2]
        or segment.code == "steady"
        and (gone or risk in ("medium", "high"))
    )


def ten_segments(scores):
    """Return codes of the published map for scores; the rest are others.

    The scores come as a frame.
    """
    matches = [
        np.logical_and.reduce(
            [
                scores[name].between(low, high)
                for name, (low, high) in zip(SCORES, limits, strict=True)
            ]
        )
        for __, *limits in TEN_RANGES
    ]
    found = np.select(matches, [code for code, *__ in TEN_RANGES], "others")
    return np.where(scores[SCORES[0]] > 0, found, "")
