from odoo import api, fields, models
from odoo.tools import SQL


class ClassificationDirty(models.Model):
    """Customers to look at again although no document is left to show it.

    Their document was deleted, or went to another customer. Emptied by the next run of
    the company.
    """

    _name = "classification.dirty"
    _description = "Customer to Look At Again"
    _log_access = False

    partner_id = fields.Many2one(
        "res.partner", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, ondelete="cascade", index=True
    )

    @api.model
    def _mark(self, partners):
        """Mark the customers behind partners to be looked at again.

        In every company in which they have classes. One query.
        """
        if not partners:
            return
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO classification_dirty (partner_id, company_id)
                SELECT f.partner_id, f.company_id
                  FROM customer_profile f
                 WHERE f.partner_id IN (
                       SELECT commercial_partner_id FROM res_partner
                        WHERE id = ANY(%s))
                """,
                partners.ids,
            )
        )

    @api.model
    def _forget(self, company):
        """Forget the marks that this transaction sees: later ones stay."""
        self.env.cr.execute(
            SQL("DELETE FROM classification_dirty WHERE company_id = %s", company.id)
        )
