"""Names, codes and rules of campaigns and their performance.

Codes are small integers: 0 is none, n is the n-th name of the tuple.
"""

from __future__ import annotations

from dataclasses import dataclass

GOALS = ("awareness", "sales", "leads", "retention")
# In the order in which a customer goes through them.
STEPS = ("addressed", "joined", "answered", "lead", "opportunity", "order")
DATED_STEPS = STEPS[:3]
ATTRIBUTIONS = ("first", "last", "linear")
PERFORMANCES = ("strong", "on_target", "weak")
PERFORMANCE_REASONS = (
    "target",
    "peers",
    "not_started",
    "running",
    "nobody",  # nobody took part
    "no_measure",  # no target and too few peers
)
LIFT_VERDICTS = ("works", "harms", "unclear")
# Measures of a goal: one for its target, and one that makes campaigns of different size
# comparable.
TARGET_OF_GOAL = {
    "awareness": ("participant_count", "target_participants"),
    "sales": ("revenue", "target_revenue"),
    "leads": ("lead_count", "target_leads"),
    "retention": ("revenue", "target_revenue"),
}
MEASURE_OF_GOAL = {
    "awareness": "response_rate",
    "sales": "revenue_per_participant",
    "leads": "lead_rate",
    "retention": "conversion_rate",
}


@dataclass(frozen=True)
class CampaignParameters:
    """The rules by which campaigns are judged; shares are from 0 to 1.

    :ivar policy: id of the policy version
    :ivar attribution_days: days after a touch in which a purchase counts
    :ivar attribution_model: one of ``ATTRIBUTIONS``, by which return and targets are
        computed
    :ivar assumed_margin: margin of purchases with an unknown one, None for none
    :ivar judged_by: ``target_or_peers``, ``target`` or ``peers``
    :ivar strong, weak: shares of target or median from, and below, which it is so
    :ivar confidence: of the interval around a lift
    :ivar usual_gap: days between two purchases that are usual among all customers
    :ivar documents: rules for purchases and dormancy, as the caller's values: compared,
        not interpreted
    """

    policy: int = 1
    currency_digits: int = 2
    attribution_days: int = 30
    attribution_model: str = "linear"
    assumed_margin: float | None = None
    judged_by: str = "target_or_peers"
    strong: float = 1.2
    weak: float = 0.8
    min_peers: int = 3
    confidence: float = 0.95
    usual_gap: float = 30
    documents: tuple = ()
