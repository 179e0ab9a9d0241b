"""The calculation: pure functions on frames, no Odoo, no database, no clock.

``roll_up`` turns purchases into facts, ``classify`` facts into classes, ``changes``
compares them with the classes before; ``facts_at`` and ``classes_at`` ask the same of
any day from the purchases, ``project`` and ``effort`` of the days to come.
Nothing here imports numpy or pandas until it is called.
"""

from .changes import Shown, changes, lay_over
from .classify import Classification, classify
from .columns import (
    AXES,
    CAUSES,
    EXTRA_METRICS,
    FACTS,
    METRICS,
    PREVIOUS,
    RESULT,
    RISKS,
    SCORED_METRICS,
    SEGMENTS,
    SIGNALS,
    STAGES,
    TIER_REASONS,
)
from .history import lay_out, roll_up
from .lifecycle import ALLOWED_MOVES
from .parameters import Component, Edges, Parameters, TierLimit
from .projection import effort, project
from .replay import classes_at, facts_at
from .rules import RuleError
from .scores import rfm_segment

__all__ = [
    "ALLOWED_MOVES",
    "AXES",
    "CAUSES",
    "EXTRA_METRICS",
    "FACTS",
    "METRICS",
    "PREVIOUS",
    "RESULT",
    "RISKS",
    "SCORED_METRICS",
    "SEGMENTS",
    "SIGNALS",
    "STAGES",
    "TIER_REASONS",
    "Classification",
    "Component",
    "Edges",
    "Parameters",
    "RuleError",
    "Shown",
    "TierLimit",
    "changes",
    "classes_at",
    "classify",
    "effort",
    "facts_at",
    "lay_out",
    "lay_over",
    "project",
    "rfm_segment",
    "roll_up",
]
