def migrate(cr, version):
    """Drop indexes of sort keys: those of deep trees are longer than one takes."""
    for table in ("res_partner_category", "product_tag", "utm_tag"):
        cr.execute(f"DROP INDEX IF EXISTS {table}__tag_sort_key_index")
