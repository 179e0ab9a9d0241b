"""From the engine's frames to the columns of profiles and changes.

Plain functions on frames and SQL; the run that calls them gives company, policy and
user. Codes become ids and words here, so that the engine knows no record.
"""

from odoo.tools import SQL

from ...copy_frames import day_or_null, float_or_null
from .customer_lifecycle_stage import STAGE_SELECTION
from .customer_profile import TIER_REASONS
from .explanation import CLASS_COLUMNS, TierLimits, explanation_of_changes

RISKS = ("low", "medium", "high")

# Columns of a profile that a run writes: {column: kind on the wire}.
DAYS = (
    "first_purchase_date",
    "last_purchase_date",
    "expected_purchase_date",
    "tier_below_since",
    "next_review_date",
)
FLOATS = (
    "revenue",
    "lifetime_revenue",
    "refund_amount",
    "average_order",
    "margin",
    "growth",
    "open_opportunity_revenue",
    "open_quotation_amount",
    "expected_gap_days",
    "value_score",
)
# No amounts: the currency does not say how many decimals these have.
OWN_DECIMALS = ("growth", "expected_gap_days", "value_score")
COUNTS = (
    "visit_count",
    "order_count",
    "lifetime_order_count",
    "open_opportunity_count",
    "open_quotation_count",
    "churn_signals",
    "won_back_count",
    "unknown_margin_count",
    "policy_id",
)
# Codes of which 0 is nothing.
CODES = (
    "score_recency",
    "score_frequency",
    "score_monetary",
    "segment_id",
    "value_tier_id",
    "tier_reason",
    "lifecycle_stage_id",
    "churn_risk",
    "shadow_tier_id",
    "shadow_stage_id",
    "shadow_risk",
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


def profile_kinds():
    """``{column: kind}`` of what stands in the temporary table, beside the customer."""
    return {
        **dict.fromkeys(DAYS, "day"),
        **dict.fromkeys(FLOATS, "float"),
        **dict.fromkeys(COUNTS, "int"),
        **dict.fromkeys(CODES, "int"),
        "active": "bool",
        "is_overridden": "bool",
        "content_hash": "big",
    }


def profile_content(facts, frame, shown, run):
    """What a run would write of each customer, one column each, numbers rounded as
    they are stored, so that equal content has equal bits.

    :param frame: the engine's result, by the numbers
    :param shown: the classes as people see them, with ``is_overridden`` and
        ``segment_id``
    """
    import numpy as np
    import pandas as pd

    sources = _by_column(facts, frame, shown)
    digits = run.company_id.currency_id.decimal_places
    content = {}
    for name, kind in profile_kinds().items():
        if name in ("policy_id", "content_hash"):
            continue
        values = sources[name].to_numpy()
        if kind == "float" and name not in OWN_DECIMALS:
            values = np.round(values, digits) + 0.0  # + 0.0: no minus zero
        content[name] = values
    stage_ids = np.array(run._stage_ids(), "int32")
    for name in CLASS_COLUMNS["lifecycle_stage"]:
        content[name] = stage_ids[content[name]]
    content["policy_id"] = np.full(len(frame), run._rules_id("customer"), "int32")
    return pd.DataFrame(content, facts.index, copy=False)


def _by_column(facts, frame, shown):
    """``{column of a profile: values}``; the engine's own columns win over facts."""
    sources = {name: facts[name] for name in facts}
    sources |= {name: frame[name] for name in frame}
    sources |= {name: shown[name] for name in ("is_overridden", "segment_id")}
    for axis, (seen, shadow) in CLASS_COLUMNS.items():
        sources |= {seen: shown[axis], shadow: frame[axis]}
    return sources


def content_hash(content):
    """A hash of 64 bits of each row: tells without reading a profile back whether it
    differs. Stored beside the row, and never 0, which stands for no profile."""
    import numpy as np
    import pandas as pd

    total = np.zeros(len(content), "uint64")
    for name in content:
        values = content[name].to_numpy()
        if values.dtype.kind == "M":
            values = values.view("int64")
        total = total * np.uint64(1_000_003) ^ pd.util.hash_array(values)
    return np.where(total == 0, np.uint64(1), total).view("int64")


def upsert_profiles(run):
    """SQL that brings the temporary table into ``customer_profile``, touching only
    rows that differ. Partners deleted since the facts were read drop out."""
    values = _profile_values()
    names = [SQL.identifier(name) for name in values]
    return SQL(
        """
        INSERT INTO customer_profile AS f
               (partner_id, company_id, run_id, create_uid, write_uid, create_date,
                write_date, %(names)s)
        SELECT t.partner_id, %(company)s, %(run)s, %(user)s, %(user)s,
               now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', %(values)s
          FROM tmp_customer_profile t
          JOIN res_partner p ON p.id = t.partner_id
            ON CONFLICT (partner_id, company_id) DO UPDATE
           SET run_id = EXCLUDED.run_id, write_uid = EXCLUDED.write_uid,
               write_date = EXCLUDED.write_date, %(updates)s
         WHERE (%(old)s) IS DISTINCT FROM (%(new)s)
        """,
        names=SQL(", ").join(names),
        values=SQL(", ").join(values.values()),
        company=run.company_id.id,
        run=run.id,
        user=run.env.uid,
        updates=SQL(", ").join(SQL("%s = EXCLUDED.%s", n, n) for n in names),
        old=SQL(", ").join(SQL("f.%s", n) for n in names),
        new=SQL(", ").join(SQL("EXCLUDED.%s", n) for n in names),
    )


def _profile_values():
    """``{column of customer_profile: SQL of its value}`` from the temporary table."""
    values = {}
    for name in DAYS:
        values[name] = day_or_null(_column(name))
    for name in FLOATS:
        values[name] = float_or_null(_column(name))
    for name in (*COUNTS, "active", "is_overridden", "content_hash"):
        values[name] = _column(name)
    for name in CODES:
        values[name] = SQL("NULLIF(%s, 0)", _column(name))
    values["tier_reason"] = _word([code for code, __ in TIER_REASONS], "tier_reason")
    values["churn_risk"] = _word(RISKS, "churn_risk")
    values["shadow_risk"] = _word(RISKS, "shadow_risk")
    values["has_margin"] = SQL("t.margin <> 'NaN'")
    values["has_growth"] = SQL("t.growth <> 'NaN'")
    values["rfm_code"] = SQL(
        "CASE WHEN t.score_recency > 0 THEN concat_ws('-', t.score_recency,"
        " t.score_frequency, t.score_monetary) END"
    )
    return values


def _column(name):
    return SQL.identifier("t", name)


def _word(words, column):
    """SQL of the word with the number that stands in a column; 0 is NULL."""
    return SQL("(%s::varchar[])[%s]", list(words), _column(column))


def move_rows(facts, moves, run):
    """The moves of a run as rows to insert: numbers for axis, cause and direction
    counted from 1, ids of records for tiers and stages.

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


def insert_changes(run):
    """SQL that appends the temporary table to the history, each change with the
    numbers of its profile, which must have been written; a correction has them not,
    for they are those of another day."""
    limits = TierLimits(run.policy_id, run.edges)
    more = {
        "valid_date": day_or_null(_column("valid_date")),
        "is_correction": _column("is_correction"),
        "explanation": SQL(
            "CASE WHEN NOT t.is_correction THEN %s END",
            explanation_of_changes(run, limits),
        ),
    }
    return _insert_moves(run, "classification_change", more)


def insert_moves(run):
    """SQL that keeps the temporary table as what the run found and did not do."""
    more = {"ends_grace": _column("ends_grace")}
    return _insert_moves(run, "classification_move", more)


def _insert_moves(run, table, more):
    """SQL that inserts the temporary table; ``more``: ``{column: SQL}``."""
    values = {**_move_values(run), **more}
    return SQL(
        "INSERT INTO %s (%s) SELECT %s FROM tmp_classification_move t"
        " JOIN res_partner p ON p.id = t.partner_id"
        " LEFT JOIN customer_profile f"
        " ON f.partner_id = t.partner_id AND f.company_id = %s"
        # Ids rise with the revenue, by which not everybody may sort.
        " ORDER BY %s NULLS FIRST",
        SQL.identifier(table),
        SQL(", ").join(map(SQL.identifier, values)),
        SQL(", ").join(values.values()),
        run.company_id.id,
        float_or_null(_column("revenue")),
    )


def _move_values(run):
    """``{column: SQL of its value}`` of a move from the temporary table."""
    now, user = SQL("now() AT TIME ZONE 'UTC'"), SQL("%s", run.env.uid)
    return {
        "partner_id": _column("partner_id"),
        "company_id": SQL("%s", run.company_id.id),
        "axis": _word(AXES, "axis"),
        **_ends("from"),
        **_ends("to"),
        "direction": _word(DIRECTIONS, "direction"),
        "cause": _word(CAUSES, "cause"),
        "revenue": float_or_null(_column("revenue")),
        "policy_id": SQL("%s", run.policy_id.id),
        "run_id": SQL("%s", run.id),
        "create_uid": user,
        "write_uid": user,
        "create_date": now,
        "write_date": now,
    }


def _ends(end):
    """Columns of one end of a move: a tier, a stage or a risk, by its axis."""
    value = SQL("NULLIF(%s, 0)", _column(end))
    return {
        f"{end}_tier_id": SQL("CASE t.axis WHEN 1 THEN %s END", value),
        f"{end}_stage_id": SQL("CASE t.axis WHEN 2 THEN %s END", value),
        f"{end}_risk": SQL("CASE t.axis WHEN 3 THEN %s END", _word(RISKS, end)),
    }
