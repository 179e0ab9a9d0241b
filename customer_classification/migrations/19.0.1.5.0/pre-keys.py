"""Drop foreign keys of rows that runs write, except to their subject.

PostgreSQL looked up each key of each row, which took longer than to write the row.
``ondelete`` of the other fields is carried out in Python. The columns with author and
time of a row were never read.
"""

from odoo.tools import SQL

TABLES = (
    *("customer_profile", "classification_change", "classification_move"),
    *("product_profile", "product_class_change", "product_class_move"),
    *("product_variant_class", "campaign_profile", "campaign_class_change"),
)
SUBJECTS = ("partner_id", "product_tmpl_id", "product_id", "campaign_id")
# Of changes and moves, the moment of recording is part of the history.
UNDATED = (
    *("customer_profile", "product_profile", "campaign_profile"),
    "product_variant_class",
)
UNREAD = ("create_uid", "write_uid", "write_date")


def migrate(cr, version):
    _drop_keys(cr)
    # Counted from the index of tiers now.
    cr.execute("DROP INDEX IF EXISTS customer_profile_stage_index")
    for table in TABLES:
        for column in (*UNREAD, "create_date") if table in UNDATED else UNREAD:
            cr.execute(
                SQL(
                    "ALTER TABLE IF EXISTS %s DROP COLUMN IF EXISTS %s",
                    SQL.identifier(table),
                    SQL.identifier(column),
                )
            )


def _drop_keys(cr):
    """Drop the foreign keys and Odoo's records of them."""
    cr.execute(
        """
        SELECT r.relname, k.conname
          FROM pg_constraint k
          JOIN pg_class r ON r.oid = k.conrelid
          JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
         WHERE k.contype = 'f' AND r.relnamespace = current_schema::regnamespace
           AND r.relname IN %s AND a.attname NOT IN %s
        """,
        [TABLES, SUBJECTS],
    )
    keys = cr.fetchall()
    for table, key in keys:
        cr.execute(
            SQL(
                "ALTER TABLE %s DROP CONSTRAINT %s",
                SQL.identifier(table),
                SQL.identifier(key),
            )
        )
    cr.execute(
        "DELETE FROM ir_model_constraint WHERE type = 'f' AND name = ANY(%s)",
        [[key for __, key in keys]],
    )
