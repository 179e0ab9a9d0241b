"""From the engine's frames to the columns of campaigns' results, participants and
changes."""

from odoo.tools import SQL

from ...copy_frames import day_or_null, float_or_null
from ...engine import CAUSES, GOALS, LIFT_VERDICTS, PERFORMANCE_REASONS, PERFORMANCES
from ..customer.columns import content_hash
from .utm_campaign import CHANNEL_SELECTION

CHANNELS = tuple(code for code, __ in CHANNEL_SELECTION)
# Columns of a result, {column: engine's name}, by kind.
DAYS = {"start_date": "start", "end_date": "end"}
COUNTS = (
    *("participant_count", "control_count", "addressed_count", "joined_count"),
    *("answered_count", "lead_count", "opportunity_count", "lead_customer_count"),
    *("order_count", "customer_count", "new_customer_count", "won_back_count"),
    *("feedback_count", "peer_count", "treated_count", "lift_more"),
    "contaminated_count",
)
MONEY = ("revenue", "revenue_first", "revenue_last", "revenue_linear")
# NULL where not known, with a column that tells whether it is.
KNOWN = ("margin", "cost", "roi", "cost_per_lead", "cost_per_new_customer")
FLOATS = {
    "feedback_score": "feedback",
    **{
        name: name
        for name in (
            *("response_rate", "lead_rate", "conversion_rate", "peer_response_rate"),
            *("peer_lead_rate", "peer_conversion_rate", "treated_rate"),
            *("control_rate", "lift", "lift_low", "lift_high", "incremental_revenue"),
            *("incremental_low", "incremental_high", "performance_ratio"),
        )
    },
}
BOOLS = {
    "active": "active",
    "lift_is_exact": "lift_is_exact",
    "is_margin_assumed": "assumed_margin",
}
# {column: (engine's name, words)}
WORDS = {
    "goal": ("goal", GOALS),
    "channel": ("channel", CHANNELS),
    "lift_verdict": ("lift_verdict", LIFT_VERDICTS),
    "performance_class": ("performance", PERFORMANCES),
    "performance_reason": ("performance_reason", PERFORMANCE_REASONS),
}
# What is a campaign's own, whatever the rules and its peers: see campaign_changes.
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
    "content_hash": "big",
}
CHANGE_KINDS = {
    **dict.fromkeys(("campaign", "from", "to", "cause"), "int"),
    "ratio": "float",
}


def profile_kinds():
    """``{column: kind}`` of the temporary table of results, beside the campaign."""
    return {
        **dict.fromkeys(DAYS, "day"),
        **dict.fromkeys(COUNTS, "int"),
        **dict.fromkeys((*MONEY, *KNOWN, *FLOATS), "float"),
        **dict.fromkeys(BOOLS, "bool"),
        **dict.fromkeys(WORDS, "int"),
        **dict.fromkeys(("type_id", "policy_id"), "int"),
        **dict.fromkeys(("own_hash", "content_hash"), "big"),
    }


def own_hash(campaigns, figures):
    """A hash of what is each campaign's own."""
    import pandas as pd

    own = {
        name: (figures if name in figures else campaigns)[name].to_numpy("float64")
        for name in OWN
    }
    return content_hash(pd.DataFrame(own, campaigns.index))


def profile_content(campaigns, figures, policy_id):
    """What a run would write of each campaign, with the hash of it."""
    import numpy as np
    import pandas as pd

    sources = {name: campaigns[name] for name in campaigns}
    sources |= {name: figures[name] for name in figures}
    content = {name: dates(sources[source]) for name, source in DAYS.items()}
    for name in COUNTS:
        content[name] = sources[name].to_numpy("int32")
    for name in (*MONEY, *KNOWN):
        content[name] = _rounded(sources[name])
    for name, source in FLOATS.items():
        content[name] = _rounded(sources[source])
    for name, source in BOOLS.items():
        content[name] = sources[source].to_numpy(bool)
    for name, (source, __) in WORDS.items():
        content[name] = sources[source].to_numpy("int32")
    content["type_id"] = sources["type"].to_numpy("int32")
    content["policy_id"] = np.full(len(figures), policy_id, "int32")
    content["own_hash"] = sources["own_hash"].to_numpy("int64")
    content = pd.DataFrame(content, campaigns.index)
    return content.assign(content_hash=content_hash(content))


def participant_content(people, digits):
    """What a run would write of each participant, with the hash of it."""
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


def _rounded(values):
    import numpy as np

    return np.round(values.to_numpy("float64"), 4) + 0.0


def dates(days):
    """Day numbers as dates, NaT for NaN."""
    import numpy as np

    days = days.to_numpy("float64")
    known = np.where(np.isnan(days), 0, days).astype("int64")
    found = known.view("datetime64[D]").astype("datetime64[ns]")
    return np.where(np.isnan(days), np.datetime64("NaT", "ns"), found)


def upsert_profiles(run):
    """SQL that brings the temporary table into ``campaign_profile``, touching only
    rows that differ. Campaigns deleted meanwhile drop out."""
    values = _profile_values()
    names = [SQL.identifier(name) for name in values]
    return SQL(
        """
        INSERT INTO campaign_profile AS f
               (campaign_id, company_id, run_id, create_uid, write_uid, create_date,
                write_date, %(names)s)
        SELECT t.campaign, %(company)s, %(run)s, %(user)s, %(user)s,
               now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', %(values)s
          FROM tmp_campaign_profile t
          JOIN utm_campaign p ON p.id = t.campaign
            ON CONFLICT (campaign_id, company_id) DO UPDATE
           SET run_id = EXCLUDED.run_id, write_uid = EXCLUDED.write_uid,
               write_date = EXCLUDED.write_date, %(updates)s
        """,
        names=SQL(", ").join(names),
        values=SQL(", ").join(values.values()),
        company=run.company_id.id,
        run=run.id,
        user=run.env.uid,
        updates=SQL(", ").join(SQL("%s = EXCLUDED.%s", n, n) for n in names),
    )


def _profile_values():
    """``{column of campaign_profile: SQL of its value}`` from the temporary table."""
    values = {name: day_or_null(_column(name)) for name in DAYS}
    values |= {name: float_or_null(_column(name)) for name in (*MONEY, *KNOWN, *FLOATS)}
    values |= {f"has_{name}": SQL("%s <> 'NaN'", _column(name)) for name in KNOWN}
    values |= {
        name: _column(name) for name in (*COUNTS, *BOOLS, "own_hash", "content_hash")
    }
    values |= {name: _word(words, name) for name, (__, words) in WORDS.items()}
    values["type_id"] = _id("campaign_type", "type_id")
    values["policy_id"] = _column("policy_id")
    return values


def _column(name):
    return SQL.identifier("t", name)


def _word(words, column):
    """SQL of the word with the number that stands in a column; 0 is NULL."""
    return SQL("(%s::varchar[])[%s]", list(words), _column(column))


def _id(table, column):
    """SQL of an id that may have been deleted since it was read; 0 is NULL."""
    return SQL(
        "(SELECT x.id FROM %s x WHERE x.id = %s)",
        SQL.identifier(table),
        _column(column),
    )


def upsert_participants(run, sources):
    """SQL that brings the temporary table into ``campaign_participant``. What people
    entered, also since it was read, stands."""
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
    """SQL of what people entered, and of what was found where they did not."""
    return SQL(
        "CASE WHEN p.is_entered THEN COALESCE(p.%(name)s, EXCLUDED.%(name)s)"
        " ELSE EXCLUDED.%(name)s END",
        name=SQL.identifier(name),
    )


def _participant_values(sources):
    """``{column of campaign_participant: SQL of its value}`` from the temporary
    table."""
    values = {
        "campaign_id": _column("campaign"),
        "partner_id": _column("customer"),
        "contact_id": _id("res_partner", "contact"),
        "source": SQL(
            "COALESCE(%s, 'other')", SQL("(%s::varchar[])[t.source]", list(sources))
        ),
        "value_tier_id": _id("customer_value_tier", "tier"),
        "lifecycle_stage_id": _id("customer_lifecycle_stage", "stage"),
        "feedback_score": float_or_null(_column("feedback")),
        "has_feedback": SQL("t.feedback <> 'NaN'"),
        "margin": float_or_null(_column("margin")),
    }
    values |= {name: day_or_null(_column(name)) for name in PARTICIPANT_DAYS}
    values |= {name: _column(name) for name in MONEY}
    values |= {
        name: _column(name)
        for name, kind in PARTICIPANT_KINDS.items()
        if kind == "bool" or name.endswith("_count") or name == "content_hash"
    }
    return values


def insert_changes(run):
    """SQL that appends the temporary table to the history of the campaigns."""
    now, user = SQL("now() AT TIME ZONE 'UTC'"), SQL("%s", run.env.uid)
    values = {
        "campaign_id": _column("campaign"),
        "company_id": SQL("%s", run.company_id.id),
        "from_class": _word(PERFORMANCES, "from"),
        "to_class": _word(PERFORMANCES, "to"),
        "cause": _word(CAUSES, "cause"),
        "ratio": float_or_null(_column("ratio")),
        "valid_date": SQL("%s", run.as_of_date),
        "policy_id": SQL("%s", run.policy_id.id),
        "run_id": SQL("%s", run.id),
        "create_uid": user,
        "write_uid": user,
        "create_date": now,
        "write_date": now,
    }
    return SQL(
        "INSERT INTO campaign_class_change (%s) SELECT %s FROM tmp_campaign_change t"
        " JOIN utm_campaign p ON p.id = t.campaign",
        SQL(", ").join(map(SQL.identifier, values)),
        SQL(", ").join(values.values()),
    )
