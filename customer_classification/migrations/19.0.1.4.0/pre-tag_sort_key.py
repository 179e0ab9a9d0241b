from odoo.tools import SQL


def migrate(cr, version):
    """Drop indexes of sort keys: keys of deep trees exceed the limit."""
    for table in ("res_partner_category", "product_tag", "utm_tag"):
        index = SQL.identifier(f"{table}__tag_sort_key_index")
        cr.execute(SQL("DROP INDEX IF EXISTS %s", index))
