def migrate(cr, version):
    """Drop an index that is made anew for rows with a customer only."""
    cr.execute("DROP INDEX IF EXISTS classification_problem__partner_id_index")
