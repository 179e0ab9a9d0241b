"""Columns of campaigns' results, participants and changes."""

from odoo.tools import SQL

from ...copy_frames import day_or_null, float_or_null
from ...engine import CAUSES, GOALS, LIFT_VERDICTS, PERFORMANCE_REASONS, PERFORMANCES
from ..classified.profile_table import (
    Column,
    ProfileTable,
    column_of,
    content_hash,
    dates,
    days,
    existing,
    id_of,
    insert_rows,
    is_known,
    word_of,
)
from .utm_campaign import CHANNEL_SELECTION

CHANNELS = tuple(code for code, __ in CHANNEL_SELECTION)
MONEY = ("revenue", "revenue_first", "revenue_last", "revenue_linear")
# NULL for unknown values, with a column for being known.
KNOWN = ("margin", "cost", "roi", "cost_per_lead", "cost_per_new_customer")
_NUMBER, _COUNT = Column("float", places=4), Column("int", dtype="int32")


def _words(source, words):
    return Column("int", source, words=words, dtype="int32")


PROFILES = ProfileTable(
    "campaign_profile",
    "campaign_id",
    "utm_campaign",
    {
        **days(start_date="start", end_date="end"),
        **dict.fromkeys(
            (
                *("participant_count", "control_count", "addressed_count"),
                *("joined_count", "answered_count", "lead_count"),
                *("opportunity_count", "lead_customer_count", "order_count"),
                *("customer_count", "new_customer_count", "won_back_count"),
                *("feedback_count", "peer_count", "treated_count", "lift_more"),
                "contaminated_count",
            ),
            _COUNT,
        ),
        **dict.fromkeys((*MONEY, *KNOWN), _NUMBER),
        "feedback_score": Column("float", "feedback", places=4),
        **dict.fromkeys(
            (
                *("response_rate", "lead_rate", "conversion_rate"),
                *("peer_response_rate", "peer_lead_rate", "peer_conversion_rate"),
                *("treated_rate", "control_rate", "lift", "lift_low", "lift_high"),
                *("incremental_revenue", "incremental_low", "incremental_high"),
                "performance_ratio",
            ),
            _NUMBER,
        ),
        "active": Column("bool", dtype="bool"),
        "lift_is_exact": Column("bool", dtype="bool"),
        "is_margin_assumed": Column("bool", "assumed_margin", dtype="bool"),
        "goal": _words("goal", GOALS),
        "channel": _words("channel", CHANNELS),
        "lift_verdict": _words("lift_verdict", LIFT_VERDICTS),
        "performance_class": _words("performance", PERFORMANCES),
        "performance_reason": _words("performance_reason", PERFORMANCE_REASONS),
        "type_id": Column("int", "type", refers="campaign_type", dtype="int32"),
        "policy_id": _COUNT,
        "own_hash": Column("big", dtype="int64"),
        "values_hash": Column("big", dtype="int64"),
        "touches_hash": Column("big", dtype="int64"),
    },
    {f"has_{name}": is_known(name) for name in KNOWN},
)
# A campaign's own values, independent of rules and peers: see campaign_changes.
OWN = (
    *("start", "end", "goal", "type", "target_participants", "target_leads"),
    *("target_revenue", "cost", "lead_count", "opportunity_count"),
    *("participant_count", "addressed_count", "joined_count", "answered_count"),
    *("bought_count", "bought_amount"),
)
PARTICIPANT_DAYS = {
    "addressed_date": "addressed",
    "joined_date": "joined",
    "answered_date": "answered",
    "first_touch_date": "first_touch",
    "last_touch_date": "last_touch",
}
PARTICIPANT_KINDS = {
    **dict.fromkeys(("campaign", "customer", "contact", "source"), "int"),
    **dict.fromkeys(("is_entered", "is_control"), "bool"),
    **dict.fromkeys(PARTICIPANT_DAYS, "day"),
    "feedback": "float",
    **dict.fromkeys(("tier", "stage"), "int"),
    **dict.fromkeys(("lead_count", "opportunity_count", "order_count"), "int"),
    **dict.fromkeys(("is_converted", "is_new", "is_won_back", "has_margin"), "bool"),
    **dict.fromkeys((*MONEY, "margin"), "float"),
    "touch_hash": "big",
    "content_hash": "big",
}
CHANGE_KINDS = {
    **dict.fromkeys(("campaign_id", "from", "to", "cause"), "int"),
    "ratio": "float",
}


def own_hash(campaigns, figures):
    """Return a hash of each campaign's own values."""
    import pandas as pd

    own = {
        name: (figures if name in figures else campaigns)[name].to_numpy("float64")
        for name in OWN
    }
    return content_hash(pd.DataFrame(own, campaigns.index))


def profile_content(campaigns, figures, policy_id):
    """Return the profile columns that a run would write, with their hash.

    One row for each campaign.
    """
    import numpy as np

    sources = {name: campaigns[name] for name in campaigns}
    sources |= {name: figures[name] for name in figures}
    sources["policy_id"] = np.full(len(figures), policy_id, "int32")
    return PROFILES.content(sources, campaigns.index)


def participant_content(people, digits):
    """Return the rows of participants to write, with their hash."""
    import numpy as np
    import pandas as pd

    content = {}
    for name, kind in PARTICIPANT_KINDS.items():
        if name == "content_hash":
            continue
        values = people[PARTICIPANT_DAYS.get(name, name)]
        if kind == "day":
            content[name] = dates(values)
        elif name in (*MONEY, "margin"):
            content[name] = np.round(values.to_numpy("float64"), digits) + 0.0
        else:
            content[name] = values.to_numpy()
    content["margin"] = np.where(people["has_margin"], content["margin"], np.nan)
    content = pd.DataFrame(content, people.index)
    return content.assign(content_hash=content_hash(content))


def upsert_participants(run, sources):
    """Return the SQL that writes ``campaign_participant``.

    From the temporary table. Entered values are kept, also those entered since it was
    read.
    """
    values = _participant_values(sources)
    kept = {
        *("source", "is_entered", "is_control", "contact_id", "addressed_date"),
        *("joined_date", "answered_date"),
    }
    fixed = {"campaign_id", "partner_id", "feedback_score", "has_feedback"}
    updates = [
        SQL("%s = %s", SQL.identifier(name), (_kept if name in kept else _new)(name))
        for name in values
        if name not in fixed
    ]
    return SQL(
        """
        INSERT INTO campaign_participant AS p
               (company_id, create_uid, write_uid, create_date, write_date, %(names)s)
        SELECT %(company)s, %(user)s, %(user)s, now() AT TIME ZONE 'UTC',
               now() AT TIME ZONE 'UTC', %(values)s
          FROM tmp_campaign_participant t
          JOIN res_partner c ON c.id = t.customer
          JOIN utm_campaign u ON u.id = t.campaign
            ON CONFLICT (campaign_id, company_id, partner_id) DO UPDATE
           SET write_uid = EXCLUDED.write_uid, write_date = EXCLUDED.write_date,
               feedback_score = CASE WHEN p.is_entered AND p.has_feedback
                                     THEN p.feedback_score
                                     ELSE EXCLUDED.feedback_score END,
               has_feedback = p.is_entered AND p.has_feedback
                              OR EXCLUDED.has_feedback,
               %(updates)s
        """,
        names=SQL(", ").join(map(SQL.identifier, values)),
        company=run.company_id.id,
        user=run.env.uid,
        values=SQL(", ").join(values.values()),
        updates=SQL(", ").join(updates),
    )


def _new(name):
    return SQL("EXCLUDED.%s", SQL.identifier(name))


def _kept(name):
    """Return SQL of entered values, and of found ones where none is entered."""
    return SQL(
        "CASE WHEN p.is_entered THEN COALESCE(p.%(name)s, EXCLUDED.%(name)s)"
        " ELSE EXCLUDED.%(name)s END",
        name=SQL.identifier(name),
    )


def _participant_values(sources):
    """Return ``{column: SQL of its value}`` of participants.

    From the temporary table.
    """
    values = {
        "campaign_id": column_of("campaign"),
        "partner_id": column_of("customer"),
        "contact_id": id_of("res_partner", "contact"),
        "source": SQL(
            "COALESCE(%s, 'other')", SQL("(%s::varchar[])[t.source]", list(sources))
        ),
        "value_tier_id": id_of("customer_value_tier", "tier"),
        "lifecycle_stage_id": id_of("customer_lifecycle_stage", "stage"),
        "feedback_score": float_or_null(column_of("feedback")),
        "has_feedback": SQL("t.feedback <> 'NaN'"),
        "margin": float_or_null(column_of("margin")),
    }
    values |= {name: day_or_null(column_of(name)) for name in PARTICIPANT_DAYS}
    values |= {name: column_of(name) for name in MONEY}
    values |= {
        name: column_of(name)
        for name, kind in PARTICIPANT_KINDS.items()
        if kind == "bool" or name.endswith(("_count", "_hash"))
    }
    return values


# Kind of a run over customers: that over campaigns.
CAMPAIGN_KINDS = {"production": "campaign", "preview": "campaign_preview"}


def insert_moves(run):
    """Return the SQL that keeps the temporary table as trial moves.

    Trial moves were found, but not made.
    """
    values = {
        **_move_values(),
        "axis": SQL("'performance'"),
        "ends_grace": SQL("FALSE"),
    }
    return _insert_rows(run, "campaign_class_move", values)


def insert_changes(run):
    """SQL that appends the temporary table to the history of the campaigns."""
    values = {**_move_values(), "valid_date": SQL("%s", run.as_of_date)}
    return _insert_rows(run, "campaign_class_change", values)


def _insert_rows(run, table, values):
    table = (table, "tmp_campaign_change", "campaign_id")
    return insert_rows(run, *table, existing("campaign_id", "utm_campaign"), values)


def _move_values():
    return {
        "from_class": word_of(PERFORMANCES, "from"),
        "to_class": word_of(PERFORMANCES, "to"),
        "cause": word_of(CAUSES, "cause"),
        "ratio": float_or_null(column_of("ratio")),
    }
