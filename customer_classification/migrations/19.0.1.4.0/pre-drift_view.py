"""Let the page *Drift* show itself by a field that everybody may read.

Odoo warns of a view that asks for another field while it loads the others.
"""

from odoo.tools import SQL


def migrate(cr, version):
    cr.execute(
        SQL(
            r"""
            UPDATE ir_ui_view v
               SET arch_db = replace(v.arch_db::text, %(old)s, %(new)s)::jsonb
              FROM ir_model_data d
             WHERE d.model = 'ir.ui.view' AND d.res_id = v.id
               AND d.module = 'customer_classification'
               AND d.name = 'classification_run_view_form_drift'
            """,
            old='not drift\\"',
            new='not drift_table\\"',
        )
    )
