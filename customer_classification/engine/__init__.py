"""Calculation: pure functions on frames without Odoo, database or clock.

``roll_up`` turns purchases into facts, ``classify`` facts into classes, ``changes``
compares them with the classes before; ``facts_at`` and ``classes_at`` ask the same of
any day from the purchases, ``project`` and ``effort`` of the days to come.
``product_facts``, ``classify_products`` and ``product_changes`` do for products what
the first three do for customers; ``predict`` tells what customers will probably do, as
far as it has proved itself; ``evaluate``, ``settled`` and ``campaign_changes`` are for
campaigns.
Nothing here imports numpy or pandas until it is called.
"""

from .campaigns.attribution import pair_key
from .campaigns.columns import (
    GOALS,
    LIFT_VERDICTS,
    PERFORMANCE_REASONS,
    PERFORMANCES,
    STEPS,
    CampaignParameters,
)
from .campaigns.campaigns import campaign_changes, evaluate, settled
from .customers.behaviour import History, Snapshots, joined, snapshots, usual_horizon
from .customers.changes import Shown, apply_overrides, changes
from .customers.classify import Classification, classify
from .common.columns import CAUSES
from .customers.columns import (
    AXES,
    EXTRA_METRICS,
    FACTS,
    METRICS,
    PREVIOUS,
    RESULT,
    RISKS,
    SCORED_METRICS,
    SIGNALS,
    STAGES,
    TIER_REASONS,
)
from .customers.gate import (
    BANDS,
    BASES,
    BASIS_REASONS,
    OUTLOOK,
    Learnt,
    lay_out_outlook,
    learn,
    outlook,
    predict,
    with_given,
)
from .customers.history import lay_out, roll_up, usual_gap
from .customers.lifecycle import ALLOWED_MOVES, decided_days
from .customers.occasions import (
    HolidayRule,
    NoLunarCalendar,
    anniversaries,
    days_between,
)
from .common.memory import are_same
from .customers.memory import all_tiers, remembered_tiers, standing_edges
from .products.memory import all_axes, remembered_axes
from .customers.parameters import Component, Edges, Parameters, TierLimit
from .products.columns import (
    ABC,
    ABC_REASONS,
    BAND_REASONS,
    PRICE_BANDS,
    PRODUCT_AXES,
    SALES_STAGES,
    STAGE_REASONS,
    XYZ,
    XYZ_REASONS,
    Periods,
    ProductParameters,
)
from .products.edges import ProductEdges
from .products.products import (
    PRODUCT_PREVIOUS,
    classify_products,
    classify_variants,
    product_changes,
    product_edges,
    product_facts,
)
from .customers.prediction import PREDICTION
from .customers.projection import effort, project
from .customers.replay import classes_at, facts_at
from .customers.risk import by_prediction
from .customers.rules import RuleError
from .customers.segments import Segment, segment_of
from .customers.tier_fall import Window, decided_falls, tier_fall_dates
from .customers.worklist import Task, allot, days_to_work_off

__all__ = [
    "ABC",
    "ABC_REASONS",
    "ALLOWED_MOVES",
    "AXES",
    "BANDS",
    "BAND_REASONS",
    "BASES",
    "BASIS_REASONS",
    "CAUSES",
    "EXTRA_METRICS",
    "FACTS",
    "GOALS",
    "LIFT_VERDICTS",
    "METRICS",
    "OUTLOOK",
    "PERFORMANCES",
    "PERFORMANCE_REASONS",
    "PREDICTION",
    "PREVIOUS",
    "PRICE_BANDS",
    "PRODUCT_AXES",
    "PRODUCT_PREVIOUS",
    "RESULT",
    "RISKS",
    "SALES_STAGES",
    "SCORED_METRICS",
    "SIGNALS",
    "STAGES",
    "STAGE_REASONS",
    "STEPS",
    "TIER_REASONS",
    "XYZ",
    "XYZ_REASONS",
    "CampaignParameters",
    "Classification",
    "Component",
    "Edges",
    "History",
    "HolidayRule",
    "Learnt",
    "NoLunarCalendar",
    "Parameters",
    "Periods",
    "ProductEdges",
    "ProductParameters",
    "RuleError",
    "Segment",
    "Shown",
    "Snapshots",
    "Task",
    "TierLimit",
    "Window",
    "all_axes",
    "all_tiers",
    "allot",
    "by_prediction",
    "anniversaries",
    "apply_overrides",
    "are_same",
    "campaign_changes",
    "changes",
    "classes_at",
    "classify",
    "classify_products",
    "classify_variants",
    "days_between",
    "decided_days",
    "decided_falls",
    "days_to_work_off",
    "effort",
    "evaluate",
    "facts_at",
    "joined",
    "lay_out",
    "lay_out_outlook",
    "learn",
    "outlook",
    "pair_key",
    "predict",
    "product_changes",
    "product_edges",
    "product_facts",
    "project",
    "remembered_axes",
    "remembered_tiers",
    "roll_up",
    "segment_of",
    "settled",
    "snapshots",
    "standing_edges",
    "tier_fall_dates",
    "usual_gap",
    "usual_horizon",
    "with_given",
]
