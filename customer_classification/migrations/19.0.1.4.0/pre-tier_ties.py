def migrate(cr, version):
    """Have policies of before go on by their own way with equal values at a limit.

    Without the column, Odoo would work out a choice for them that none of them made.
    """
    cr.execute(
        "ALTER TABLE classification_policy ADD COLUMN IF NOT EXISTS tier_ties varchar"
    )
    cr.execute("UPDATE classification_policy SET tier_ties = 'out'")
