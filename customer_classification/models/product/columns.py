"""Columns of product profiles and their changes."""

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
from ..classified.profile_table import (
    Column,
    ProfileTable,
    column_of,
    dates,
    days,
    existing,
    insert_rows,
    is_known,
    word_of,
)

# Kind of a run over customers: that over products.
PRODUCT_KINDS = {"production": "product", "preview": "product_preview"}


def _words(source, words):
    return Column("int", source, words=words, dtype="int32")


_NUMBER, _COUNT, _FLAG = Column("float", places=6), Column("int"), Column("bool")
# Columns with ``shadow_`` hold the class by the numbers.
PROFILES = ProfileTable(
    "product_profile",
    "product_tmpl_id",
    "product_template",
    {
        **days(
            first_sale_date="first_sale",
            last_sale_date="last_sale",
            abc_below_since="abc_below_since",
            xyz_above_since="xyz_above_since",
        ),
        "revenue": _NUMBER,
        "lifetime_revenue": _NUMBER,
        "margin": _NUMBER,
        "quantity": _NUMBER,
        "list_price": _NUMBER,
        "abc_share": _NUMBER,
        "cv": _NUMBER,
        "trend": _NUMBER,
        "line_count": _COUNT,
        "lifetime_line_count": _COUNT,
        "months_sold": _COUNT,
        "month_count": _COUNT,
        "active": _FLAG,
        "is_sellable": _FLAG,
        "trend_is_seasonal": _FLAG,
        "is_overridden": _FLAG,
        "shadow_abc": _words("shadow_abc", ABC),
        "shadow_xyz": _words("shadow_xyz", XYZ),
        "shadow_band": _words("shadow_price_band", PRICE_BANDS),
        "shadow_lifecycle": _words("shadow_sales_lifecycle", SALES_STAGES),
        "abc_class": _words("abc", ABC),
        "abc_reason": _words("abc_reason", ABC_REASONS),
        "xyz_class": _words("xyz", XYZ),
        "xyz_reason": _words("xyz_reason", XYZ_REASONS),
        "price_band": _words("price_band", PRICE_BANDS),
        "band_reason": _words("band_reason", BAND_REASONS),
        "sales_lifecycle": _words("sales_lifecycle", SALES_STAGES),
        "lifecycle_reason": _words("lifecycle_reason", STAGE_REASONS),
        "policy_id": _COUNT,
    },
    {
        **{f"has_{name}": is_known(name) for name in ("margin", "cv", "trend")},
        "abc_xyz": SQL(
            "CASE WHEN t.abc_class > 0 AND t.xyz_class > 0 THEN upper(%s || %s) END",
            word_of(ABC, "abc_class"),
            word_of(XYZ, "xyz_class"),
        ),
    },
)
# Words of the classes, by axis.
CLASSES = {
    "abc": ABC,
    "xyz": XYZ,
    "price_band": PRICE_BANDS,
    "sales_lifecycle": SALES_STAGES,
}
CHANGE_KINDS = {
    "product_tmpl_id": "int",
    "axis": "int",
    "from": "int",
    "to": "int",
    "cause": "int",
    "revenue": "float",
    "ends_grace": "bool",
}


def profile_content(facts, products, frame, shown, policy_id):
    """Return the profile columns that a run would write, with their hash.

    One row for each product.

    :param shown: the classes that people see, and ``is_overridden``
    """
    import numpy as np

    sources = {name: facts[name] for name in facts}
    sources |= {name: frame[name] for name in frame}
    sources |= {f"shadow_{axis}": frame[axis] for axis in PRODUCT_AXES}
    sources |= {name: shown[name] for name in shown}
    sources["active"] = products["active"]
    sources["policy_id"] = np.full(len(frame), policy_id, "int32")
    return PROFILES.content(sources, facts.index)


def change_rows(facts, moves):
    """The engine's moves with the revenue of each product."""
    revenue = facts["revenue"].reindex(moves["product"]).to_numpy()
    return moves.rename(columns={"product": "product_tmpl_id"}).assign(revenue=revenue)


def insert_changes(run, table="product_class_change"):
    """Return the SQL that appends moves to the history.

    Or to the moves of a run.
    """
    values = {
        "axis": word_of(PRODUCT_AXES, "axis"),
        "from_class": _class_word("from"),
        "to_class": _class_word("to"),
        "cause": word_of(CAUSES, "cause"),
        "revenue": float_or_null(column_of("revenue")),
        "valid_date": SQL("%s", run.as_of_date),
    }
    if table == "product_class_move":
        values["ends_grace"] = column_of("ends_grace")
    products = existing("product_tmpl_id", "product_template")
    table = (table, "tmp_product_change", "product_tmpl_id")
    return insert_rows(run, *table, products, values)


def _class_word(end):
    """SQL of the word for one end of a move, by its axis."""
    return SQL(
        "CASE t.axis %s END",
        SQL(" ").join(
            SQL("WHEN %s THEN %s", number, word_of(CLASSES[axis], end))
            for number, axis in enumerate(PRODUCT_AXES, 1)
        ),
    )


# Variants

VARIANT_WORDS = {"abc_class": ("abc", ABC), "xyz_class": ("xyz", XYZ)}
VARIANT_FLOATS = ("quantity", "revenue", "cv")


def variant_kinds():
    """Return ``{column: kind}`` of the temporary table of variants."""
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
    """Return the rows of variants of products with several.

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
            "last_sale_date": dates(facts["last_sale"].to_numpy("float64")),
            "differs": differs,
        }
    )


def delete_variants(run, product_ids=None):
    """Return the SQL that deletes variants missing in the temporary table.

    Except those of excluded products.

    :param product_ids: of which products, all by default
    """
    chosen = SQL("TRUE")
    if product_ids is not None:
        chosen = SQL("c.product_tmpl_id = ANY(%s)", list(product_ids))
    return SQL(
        """
        DELETE FROM product_variant_class c
         WHERE c.company_id = %s AND %s
           AND NOT EXISTS (SELECT FROM tmp_product_variant t
                            WHERE t.variant = c.product_id)
           AND NOT EXISTS (SELECT FROM classification_problem p
                            WHERE p.company_id = c.company_id
                              AND p.product_tmpl_id = c.product_tmpl_id)
        """,
        *(run.company_id.id, chosen),
    )


def upsert_variants(run):
    """Return the SQL that writes ``product_variant_class``.

    From the temporary table, touching only rows that differ. Variants deleted meanwhile
    drop out.
    """
    values = {
        "product_tmpl_id": column_of("product"),
        **{name: word_of(words, name) for name, (__, words) in VARIANT_WORDS.items()},
        **{name: float_or_null(column_of(name)) for name in VARIANT_FLOATS},
        "line_count": column_of("line_count"),
        "last_sale_date": day_or_null(column_of("last_sale_date")),
        "differs": column_of("differs"),
    }
    names = [SQL.identifier(name) for name in values]
    return SQL(
        """
        INSERT INTO product_variant_class AS c
               (product_id, company_id, %(names)s)
        SELECT t.variant, %(company)s, %(values)s
          FROM tmp_product_variant t
          JOIN product_product p ON p.id = t.variant
            ON CONFLICT (product_id, company_id) DO UPDATE
           SET %(updates)s
         WHERE (%(old)s) IS DISTINCT FROM (%(new)s)
        """,
        names=SQL(", ").join(names),
        values=SQL(", ").join(values.values()),
        company=run.company_id.id,
        updates=SQL(", ").join(SQL("%s = EXCLUDED.%s", n, n) for n in names),
        old=SQL(", ").join(SQL("c.%s", n) for n in names),
        new=SQL(", ").join(SQL("EXCLUDED.%s", n) for n in names),
    )
