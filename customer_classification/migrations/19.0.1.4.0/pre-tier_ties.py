def migrate(cr, version):
    """Let existing policies keep their treatment of ties at a limit.

    Without the column, Odoo would compute a choice for them that none of them made.
    """
    cr.execute(
        "ALTER TABLE classification_policy ADD COLUMN IF NOT EXISTS tier_ties varchar"
    )
    cr.execute("UPDATE classification_policy SET tier_ties = 'out'")
