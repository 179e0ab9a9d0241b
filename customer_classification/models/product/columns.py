"""From the engine's frames to the columns of product profiles and their changes."""

from odoo.tools import SQL

from ...copy_frames import day_or_null, float_or_null
from ...engine import (
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
from ..customer.columns import content_hash

# Kind of a run over customers: that over products.
PRODUCT_KINDS = {"production": "product", "preview": "product_preview"}
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
BOOLS = ("active", "is_sellable", "trend_is_seasonal", "is_overridden")
# {column: (engine's name, words)}; ``shadow_`` is what the numbers say.
WORDS = {
    "shadow_abc": ("shadow_abc", ABC),
    "shadow_xyz": ("shadow_xyz", XYZ),
    "shadow_band": ("shadow_price_band", PRICE_BANDS),
    "shadow_lifecycle": ("shadow_sales_lifecycle", SALES_STAGES),
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
    "ends_grace": "bool",
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


def profile_content(facts, products, frame, shown, policy_id):
    """What a run would write of each product, with the hash of it.

    :param shown: the classes that people see, and ``is_overridden``
    """
    import numpy as np
    import pandas as pd

    sources = {name: facts[name] for name in facts}
    sources |= {name: frame[name] for name in frame}
    sources |= {f"shadow_{axis}": frame[axis] for axis in PRODUCT_AXES}
    sources |= {name: shown[name] for name in shown}
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


def insert_changes(run, table="product_class_change"):
    """SQL that appends the temporary table to the history of the products, or to the
    moves of a run."""
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
    if table == "product_class_move":
        values["ends_grace"] = _column("ends_grace")
    return SQL(
        "INSERT INTO %s (%s) SELECT %s FROM tmp_product_change t"
        " JOIN product_template p ON p.id = t.product",
        SQL.identifier(table),
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


# Variants

VARIANT_WORDS = {"abc_class": ("abc", ABC), "xyz_class": ("xyz", XYZ)}
VARIANT_FLOATS = ("quantity", "revenue", "cv")


def variant_kinds():
    """``{column: kind}`` of what stands in the temporary table of the variants."""
    return {
        "variant": "int",
        "product": "int",
        **dict.fromkeys(VARIANT_WORDS, "int"),
        **dict.fromkeys(VARIANT_FLOATS, "float"),
        "line_count": "int",
        "last_sale_date": "day",
        "differs": "bool",
    }


def variant_rows(split, frame, shown):
    """What a run writes of each variant of a product with several.

    :param frame: the classes of all variants
    :param shown: the classes of all products, as people see them
    """
    import numpy as np
    import pandas as pd

    facts = split.sold.facts[split.is_one_of_several]
    frame = frame[split.is_one_of_several]
    product = split.product[split.is_one_of_several].to_numpy()
    differs = np.zeros(len(frame), bool)
    for axis in ("abc", "xyz"):
        own = frame[axis].to_numpy()
        differs |= (own != 0) & (own != shown[axis].reindex(product).to_numpy())
    return pd.DataFrame(
        {
            "variant": frame.index.to_numpy(),
            "product": product,
            "abc_class": frame["abc"].to_numpy("int32"),
            "xyz_class": frame["xyz"].to_numpy("int32"),
            "quantity": facts["quantity"].to_numpy("float64"),
            "revenue": facts["revenue"].to_numpy("float64"),
            "cv": np.round(frame["cv"].to_numpy("float64"), 6),
            "line_count": facts["line_count"].to_numpy(),
            "last_sale_date": _dates(facts["last_sale"].to_numpy("float64")),
            "differs": differs,
        }
    )


def delete_variants(run):
    """SQL that forgets variants of the company that are not in the temporary table,
    but of products set aside."""
    return SQL(
        """
        DELETE FROM product_variant_class c
         WHERE c.company_id = %s
           AND NOT EXISTS (SELECT FROM tmp_product_variant t
                            WHERE t.variant = c.product_id)
           AND NOT EXISTS (SELECT FROM classification_problem p
                            WHERE p.company_id = c.company_id
                              AND p.product_tmpl_id = c.product_tmpl_id)
        """,
        run.company_id.id,
    )


def upsert_variants(run):
    """SQL that brings the temporary table into ``product_variant_class``, touching
    only rows that differ. Variants deleted meanwhile drop out."""
    values = {
        "product_tmpl_id": _column("product"),
        **{name: _word(words, name) for name, (__, words) in VARIANT_WORDS.items()},
        **{name: float_or_null(_column(name)) for name in VARIANT_FLOATS},
        "line_count": _column("line_count"),
        "last_sale_date": day_or_null(_column("last_sale_date")),
        "differs": _column("differs"),
    }
    names = [SQL.identifier(name) for name in values]
    return SQL(
        """
        INSERT INTO product_variant_class AS c
               (product_id, company_id, create_uid, write_uid, create_date, write_date,
                %(names)s)
        SELECT t.variant, %(company)s, %(user)s, %(user)s, now() AT TIME ZONE 'UTC',
               now() AT TIME ZONE 'UTC', %(values)s
          FROM tmp_product_variant t
          JOIN product_product p ON p.id = t.variant
            ON CONFLICT (product_id, company_id) DO UPDATE
           SET write_uid = EXCLUDED.write_uid, write_date = EXCLUDED.write_date,
               %(updates)s
         WHERE (%(old)s) IS DISTINCT FROM (%(new)s)
        """,
        names=SQL(", ").join(names),
        values=SQL(", ").join(values.values()),
        company=run.company_id.id,
        user=run.env.uid,
        updates=SQL(", ").join(SQL("%s = EXCLUDED.%s", n, n) for n in names),
        old=SQL(", ").join(SQL("c.%s", n) for n in names),
        new=SQL(", ").join(SQL("EXCLUDED.%s", n) for n in names),
    )
