"""Remove leftovers of the earlier release."""

from odoo.tools import SQL

# Odoo takes away neither the index of a field that has none any more, nor the column of
# one that is not stored any more.
INDEXES = (
    "classification_tag_link__campaign_tag_id_index",
    "classification_tag_link__partner_tag_id_index",
    "classification_tag_link__product_tag_id_index",
    "customer_profile__company_id_index",
    "customer_profile__run_id_index",
)


def migrate(cr, version):
    for name in INDEXES:
        cr.execute(SQL("DROP INDEX IF EXISTS %s", SQL.identifier(name)))
    cr.execute(
        "ALTER TABLE IF EXISTS classification_tag_rule DROP COLUMN IF EXISTS name"
    )
    _empty_extensions(cr)


def _empty_extensions(cr):
    """Empty the views that extend others until they are loaded themselves.

    They are loaded one after the other, and each is checked together with those that
    still name former fields.
    """
    cr.execute(
        """
        UPDATE ir_ui_view v SET arch_db = '{"en_US": "<data/>"}'
          FROM ir_model_data d
         WHERE d.model = 'ir.ui.view' AND d.res_id = v.id
           AND d.module = 'customer_classification'
           AND v.inherit_id IS NOT NULL AND v.mode = 'extension'
        """
    )
