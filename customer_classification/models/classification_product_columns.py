"""From the engine's frames to the columns of product profiles and their changes."""

from odoo.tools import SQL

from ..copy_frames import day_or_null, float_or_null
from ..engine import (
    ABC,
    ABC_REASONS,
    BAND_REASONS,
    CAUSES,
    PRICE_BANDS,
    PRODUCT_AXES,
    SALES_STAGES,
    STAGE_REASONS,
    XYZ,
    XYZ_REASONS,
)
from .classification_columns import content_hash

# Columns of a profile that a run writes: {column: (kind, engine's name)}.
DAYS = {
    "first_sale_date": "first_sale",
    "last_sale_date": "last_sale",
    "abc_below_since": "abc_below_since",
    "xyz_above_since": "xyz_above_since",
}
MONEY = ("revenue", "lifetime_revenue", "margin")
FLOATS = (*MONEY, "quantity", "list_price", "abc_share", "cv", "trend")
COUNTS = ("line_count", "lifetime_line_count", "months_sold", "month_count")
BOOLS = ("active", "is_sellable", "trend_is_seasonal")
# {column: (engine's name, words)}
WORDS = {
    "abc_class": ("abc", ABC),
    "abc_reason": ("abc_reason", ABC_REASONS),
    "xyz_class": ("xyz", XYZ),
    "xyz_reason": ("xyz_reason", XYZ_REASONS),
    "price_band": ("price_band", PRICE_BANDS),
    "band_reason": ("band_reason", BAND_REASONS),
    "sales_lifecycle": ("sales_lifecycle", SALES_STAGES),
    "lifecycle_reason": ("lifecycle_reason", STAGE_REASONS),
}
# Words of the classes, by axis.
CLASSES = {
    "abc": ABC,
    "xyz": XYZ,
    "price_band": PRICE_BANDS,
    "sales_lifecycle": SALES_STAGES,
}
CHANGE_KINDS = {
    "product": "int",
    "axis": "int",
    "from": "int",
    "to": "int",
    "cause": "int",
    "revenue": "float",
}


def profile_kinds():
    """``{column: kind}`` of what stands in the temporary table, beside the product."""
    return {
        **dict.fromkeys(DAYS, "day"),
        **dict.fromkeys(FLOATS, "float"),
        **dict.fromkeys(COUNTS, "int"),
        **dict.fromkeys(WORDS, "int"),
        **dict.fromkeys(BOOLS, "bool"),
        "policy_id": "int",
        "content_hash": "big",
    }


def profile_content(facts, products, frame, policy_id):
    """What a run would write of each product, with the hash of it."""
    import numpy as np
    import pandas as pd

    sources = {name: facts[name] for name in facts}
    sources |= {name: frame[name] for name in frame}
    sources["active"] = products["active"]
    content = {}
    for name, source in DAYS.items():
        content[name] = _dates(sources[source].to_numpy("float64"))
    for name in FLOATS:
        content[name] = np.round(sources[name].to_numpy("float64"), 6) + 0.0
    for name in (*COUNTS, *BOOLS):
        content[name] = sources[name].to_numpy()
    for name, (source, __) in WORDS.items():
        content[name] = sources[source].to_numpy("int32")
    content["policy_id"] = np.full(len(frame), policy_id, "int32")
    content = pd.DataFrame(content, facts.index)
    return content.assign(content_hash=content_hash(content))


def _dates(days):
    import numpy as np

    known = np.where(np.isnan(days), 0, days).astype("int64")
    dates = known.view("datetime64[D]").astype("datetime64[ns]")
    return np.where(np.isnan(days), np.datetime64("NaT", "ns"), dates)


def upsert_profiles(run):
    """SQL that brings the temporary table into ``product_profile``, touching only
    rows that differ. Products deleted meanwhile drop out."""
    values = _profile_values()
    names = [SQL.identifier(name) for name in values]
    return SQL(
        """
        INSERT INTO product_profile AS f
               (product_tmpl_id, company_id, run_id, create_uid, write_uid, create_date,
                write_date, %(names)s)
        SELECT t.product, %(company)s, %(run)s, %(user)s, %(user)s,
               now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', %(values)s
          FROM tmp_product_profile t
          JOIN product_template p ON p.id = t.product
            ON CONFLICT (product_tmpl_id, company_id) DO UPDATE
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
    """``{column of product_profile: SQL of its value}`` from the temporary table."""
    values = {name: day_or_null(_column(name)) for name in DAYS}
    values |= {name: float_or_null(_column(name)) for name in FLOATS}
    values |= {
        name: _column(name) for name in (*COUNTS, *BOOLS, "policy_id", "content_hash")
    }
    values |= {name: _word(words, name) for name, (__, words) in WORDS.items()}
    for name in ("margin", "cv", "trend"):
        values[f"has_{name}"] = SQL("%s <> 'NaN'", _column(name))
    values["abc_xyz"] = SQL(
        "CASE WHEN t.abc_class > 0 AND t.xyz_class > 0 THEN upper(%s || %s) END",
        _word(ABC, "abc_class"),
        _word(XYZ, "xyz_class"),
    )
    return values


def _column(name):
    return SQL.identifier("t", name)


def _word(words, column):
    """SQL of the word with the number that stands in a column; 0 is NULL."""
    return SQL("(%s::varchar[])[%s]", list(words), _column(column))


def change_rows(facts, moves):
    """The engine's moves with the revenue of each product."""
    revenue = facts["revenue"].reindex(moves["product"]).to_numpy()
    return moves.assign(revenue=revenue)


def insert_changes(run):
    """SQL that appends the temporary table to the history of the products."""
    now, user = SQL("now() AT TIME ZONE 'UTC'"), SQL("%s", run.env.uid)
    values = {
        "product_tmpl_id": _column("product"),
        "company_id": SQL("%s", run.company_id.id),
        "axis": _word(PRODUCT_AXES, "axis"),
        "from_class": _class_word("from"),
        "to_class": _class_word("to"),
        "cause": _word(CAUSES, "cause"),
        "revenue": float_or_null(_column("revenue")),
        "valid_date": SQL("%s", run.as_of_date),
        "policy_id": SQL("%s", run.policy_id.id),
        "run_id": SQL("%s", run.id),
        "create_uid": user,
        "write_uid": user,
        "create_date": now,
        "write_date": now,
    }
    return SQL(
        "INSERT INTO product_class_change (%s) SELECT %s FROM tmp_product_change t"
        " JOIN product_template p ON p.id = t.product",
        SQL(", ").join(map(SQL.identifier, values)),
        SQL(", ").join(values.values()),
    )


def _class_word(end):
    """SQL of the word for one end of a move, by its axis."""
    return SQL(
        "CASE t.axis %s END",
        SQL(" ").join(
            SQL("WHEN %s THEN %s", number, _word(CLASSES[axis], end))
            for number, axis in enumerate(PRODUCT_AXES, 1)
        ),
    )
