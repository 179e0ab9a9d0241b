from odoo import fields


class KeylessMany2one(fields.Many2one):
    """A many2one without a foreign key in the database.

    For rows that runs write by the million: PostgreSQL looks up each key of each row,
    also in tables with one row, which takes longer than writing the row. ``ondelete``
    is carried out by ``classification.referred.mixin``, which the model of the records
    has to inherit. No key is needed against a record that is deleted while a run writes
    its id: policies refer to the tiers and segments, and runs to the policies and
    companies, by real keys that refuse it.
    """

    def update_db_foreign_key(self, model, column):
        """Leave the column without a key."""
