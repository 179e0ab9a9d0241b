"""From the engine's frames to the columns of profiles and changes.

Plain functions on frames and SQL; the run that calls them gives company, policy and
user. Codes become ids and words here, so that the engine knows no record.
"""

from odoo.tools import SQL

from ...copy_frames import day_or_null, float_or_null
from ...engine import PREDICTION
from ..classified.profile_table import (
    MONEY,
    Column,
    ProfileTable,
    column_of,
    days,
    existing,
    insert_rows,
    is_known,
    word_of,
)
from .customer_lifecycle_stage import STAGE_SELECTION
from .explanation import CLASS_COLUMNS, TierLimits, explanation_of_changes
from .prediction import PROBABILITY
from .selections import TIER_REASONS

RISKS = ("low", "medium", "high")
_CODE = Column("int", zero_is_none=True)
_RISK = Column("int", words=RISKS)
_AMOUNT, _NUMBER = Column("float", places=MONEY), Column("float")

PROFILES = ProfileTable(
    "customer_profile",
    "partner_id",
    "res_partner",
    {
        **days(
            first_purchase_date="",
            last_purchase_date="",
            expected_purchase_date="",
            tier_below_since="",
            next_review_date="",
            dormant_date="",
            lost_date="",
            tier_fall_date="",
        ),
        "revenue": _AMOUNT,
        "lifetime_revenue": _AMOUNT,
        "refund_amount": _AMOUNT,
        "average_order": _AMOUNT,
        "margin": _AMOUNT,
        "growth": _NUMBER,
        "open_opportunity_revenue": _AMOUNT,
        "open_quotation_amount": _AMOUNT,
        "expected_gap_days": _NUMBER,
        "value_score": _NUMBER,
        "visit_count": Column("int"),
        "order_count": Column("int"),
        "lifetime_order_count": Column("int"),
        "open_opportunity_count": Column("int"),
        "open_quotation_count": Column("int"),
        "churn_signals": Column("int"),
        "signal_complaint_count": Column("int"),
        "signal_complaint_count_before": Column("int"),
        "signal_satisfaction": _NUMBER,
        "signal_satisfaction_count": Column("int"),
        **days(signal_interaction_date=""),
        "answered_enquiry_count": Column("int"),
        "won_back_count": Column("int"),
        "unknown_margin_count": Column("int"),
        "score_recency": _CODE,
        "score_frequency": _CODE,
        "score_monetary": _CODE,
        "segment_id": _CODE,
        "value_tier_id": _CODE,
        "tier_reason": Column("int", words=tuple(code for code, __ in TIER_REASONS)),
        "lifecycle_stage_id": _CODE,
        "churn_risk": _RISK,
        "shadow_tier_id": _CODE,
        "shadow_stage_id": _CODE,
        "shadow_risk": _RISK,
        "active": Column("bool"),
        "is_overridden": Column("bool"),
        "policy_id": Column("int"),
    },
    {
        "has_margin": is_known("margin"),
        "has_growth": is_known("growth"),
        "rfm_code": SQL(
            "CASE WHEN t.score_recency > 0 THEN concat_ws('-', t.score_recency,"
            " t.score_frequency, t.score_monetary) END"
        ),
    },
)
# The profiles of customers whose prediction moved as well.
PREDICTED_PROFILES = PROFILES.with_columns(
    dict.fromkeys(PREDICTION, _NUMBER), {"has_prediction": is_known(PROBABILITY)}
)
MOVE_KINDS = {
    "partner_id": "int",
    "axis": "int",
    "from": "int",
    "to": "int",
    "direction": "int",
    "cause": "int",
    "revenue": "float",
    "valid_date": "day",
    "is_correction": "bool",
    "ends_grace": "bool",
}
AXES = ("value_tier", "lifecycle_stage", "churn_risk")
CAUSES = ("data", "rules", "time", "person")
DIRECTIONS = ("up", "down", "first", "other")
# Better is higher; a move between equals is neither up nor down.
STAGE_RANK = {
    "lost": 0,
    "dormant": 1,
    "prospect": 2,
    "interested": 3,
    "new": 4,
    "won_back": 4,
    "active": 5,
    "loyal": 6,
}


def profile_content(facts, frame, shown, run):
    """Return the profile columns that a run would write, with their hash.

    :param frame: the engine's result, computed
    :param shown: the classes as people see them, with ``is_overridden`` and
        ``segment_id``
    """
    import numpy as np

    sources = _by_column(facts, frame, shown)
    stage_ids = np.array(run._stage_ids(), "int32")
    for name in CLASS_COLUMNS["lifecycle_stage"]:
        sources[name] = stage_ids[sources[name].to_numpy()]
    sources["policy_id"] = np.full(len(frame), run._rules_id("customer"), "int32")
    digits = run.company_id.currency_id.decimal_places
    return PROFILES.content(sources, facts.index, digits)


def sources():
    """Return the names of the engine's columns from which profiles are made."""
    return {column.source or name for name, column in PROFILES.columns.items()}


def _by_column(facts, frame, shown):
    """Return ``{column of a profile: values}``.

    The engine's own columns take precedence over facts.
    """
    sources = {name: facts[name] for name in facts}
    sources |= {name: frame[name] for name in frame}
    sources |= {name: shown[name] for name in ("is_overridden", "segment_id")}
    for axis, (seen, shadow) in CLASS_COLUMNS.items():
        sources |= {seen: shown[axis], shadow: frame[axis]}
    return sources


def move_rows(facts, moves, run):
    """Return the moves of a run as rows to insert.

    Axis, cause and direction are numbers counted from 1, tiers and stages are ids of
    records.

    :param moves: the engine's changes, long
    """
    import numpy as np

    rows = moves.reset_index(drop=True)
    now = facts["revenue"].reindex(rows["partner_id"]).to_numpy()
    then = rows["revenue"] if "revenue" in rows else np.nan
    rows["revenue"] = np.where(rows["is_correction"], then, now)
    rows["direction"] = _directions(rows, run)
    is_stage = (rows["axis"] == "lifecycle_stage").to_numpy()
    stage_ids = np.array(run._stage_ids())
    for name in ("from", "to"):
        codes = rows[name].to_numpy()
        rows[name] = np.where(is_stage, stage_ids[np.where(is_stage, codes, 0)], codes)
    for name, words in (("axis", AXES), ("cause", CAUSES)):
        numbers = {word: number for number, word in enumerate(words, 1)}
        rows[name] = rows[name].map(numbers).astype("int32")
    return rows


def _directions(rows, run):
    """1 better, 2 worse, 3 first time, 4 neither; see ``DIRECTIONS``."""
    import numpy as np

    up = np.zeros(len(rows))
    for axis, rank in _ranks(run).items():
        mask = (rows["axis"] == axis).to_numpy()
        change = rows.loc[mask, "to"].map(rank) - rows.loc[mask, "from"].map(rank)
        up[mask] = change.to_numpy("float64")
    first = (rows["from"] == 0).to_numpy()
    with np.errstate(invalid="ignore"):
        return np.select([first, up > 0, up < 0], [3, 1, 2], 4)


def _ranks(run):
    """``{axis: {code: rank}}``; a code without a rank compares with nothing."""
    tiers = run.policy_id.tier_ids.sorted("tier_sequence").tier_id
    return {
        "value_tier": {tier.id: -place for place, tier in enumerate(tiers)},
        "lifecycle_stage": {
            number: STAGE_RANK[code]
            for number, (code, __) in enumerate(STAGE_SELECTION, 1)
        },
        "churn_risk": {1: 3, 2: 2, 3: 1},
    }


def insert_changes(run, days):
    """Return SQL that appends the temporary table to the history.

    Each change carries the numbers of its profile, which must have been written before.
    Corrections carry no explanation: the profile's figures are as of another day.

    :param days: horizon of the predictions behind a churn risk, None without any
    """
    limits = TierLimits(run.policy_id, run.edges)
    more = {
        "valid_date": day_or_null(column_of("valid_date")),
        "is_correction": column_of("is_correction"),
        "explanation": SQL(
            "CASE WHEN NOT t.is_correction THEN %s END",
            explanation_of_changes(run, limits, days),
        ),
    }
    return _insert_moves(run, "classification_change", more)


def insert_moves(run):
    """Return SQL that keeps the temporary table as trial moves.

    Trial moves were found, but not made.
    """
    more = {"ends_grace": column_of("ends_grace")}
    return _insert_moves(run, "classification_move", more)


def _insert_moves(run, table, more):
    """SQL that inserts the temporary table; ``more``: ``{column: SQL}``."""
    values = {
        "axis": word_of(AXES, "axis"),
        **_ends("from"),
        **_ends("to"),
        "direction": word_of(DIRECTIONS, "direction"),
        "cause": word_of(CAUSES, "cause"),
        "revenue": float_or_null(column_of("revenue")),
        **more,
    }
    joins = SQL(
        "%s LEFT JOIN customer_profile f"
        " ON f.partner_id = t.partner_id AND f.company_id = %s"
        # Ids rise with the revenue: lists sort by id, as not all may sort by revenue.
        " ORDER BY %s NULLS FIRST",
        existing("partner_id", "res_partner"),
        run.company_id.id,
        float_or_null(column_of("revenue")),
    )
    table = (table, "tmp_classification_move")
    return insert_rows(run, *table, "partner_id", joins, values)


def _ends(end):
    """Columns of one end of a move: a tier, a stage or a risk, by its axis."""
    value = SQL("NULLIF(%s, 0)", column_of(end))
    return {
        f"{end}_tier_id": SQL("CASE t.axis WHEN 1 THEN %s END", value),
        f"{end}_stage_id": SQL("CASE t.axis WHEN 2 THEN %s END", value),
        f"{end}_risk": SQL("CASE t.axis WHEN 3 THEN %s END", word_of(RISKS, end)),
    }
