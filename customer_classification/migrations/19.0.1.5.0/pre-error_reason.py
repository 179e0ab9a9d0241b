"""Turn reasons of resting or failed records into codes with values.

Existing texts are kept, in the language of the user who ran.
"""

from odoo.tools import SQL
from odoo.tools.sql import column_exists

COLUMNS = {
    "classification_run": "error",
    "classification_tag_rule": "error",
    "customer_code_scheme": "error",
    "utm_campaign": "campaign_error",
}


def migrate(cr, version):
    for table, column in COLUMNS.items():
        if not column_exists(cr, table, column):
            continue
        names = {
            "table": SQL.identifier(table),
            "text": SQL.identifier(column),
            "reason": SQL.identifier(f"{column}_reason"),
        }
        # That of campaigns was made with the other columns on Odoo's tables.
        added = "ALTER TABLE %(table)s ADD COLUMN IF NOT EXISTS %(reason)s jsonb"
        cr.execute(SQL(added, **names))
        cr.execute(
            SQL(
                """
                UPDATE %(table)s
                   SET %(reason)s = jsonb_build_object('code', 'text', 'values',
                                    jsonb_build_object('text', %(text)s))
                 WHERE %(text)s <> ''
                """,
                **names,
            )
        )
        cr.execute(SQL("ALTER TABLE %(table)s DROP COLUMN %(text)s", **names))
