"""Rename fields of runs that all kinds share; the values are kept."""

from odoo.tools.sql import column_exists, rename_column

RENAMED = {"moved_customer_percent": "moved_percent"}


def migrate(cr, version):
    for old, new in RENAMED.items():
        if column_exists(cr, "classification_run", old):
            rename_column(cr, "classification_run", old, new)
            _rename_field(cr, old, new)


def _rename_field(cr, old, new):
    """Keep the record of the field, which exports and filters may refer to."""
    cr.execute(
        """
        UPDATE ir_model_fields SET name = %s
         WHERE model = 'classification.run' AND name = %s
        """,
        [new, old],
    )
    cr.execute(
        """
        UPDATE ir_model_data SET name = %s
         WHERE module = 'customer_classification' AND name = %s
        """,
        [f"field_classification_run__{new}", f"field_classification_run__{old}"],
    )
