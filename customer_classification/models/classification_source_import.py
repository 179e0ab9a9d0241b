from odoo import api, models
from odoo.tools import SQL


class ClassificationSourceImport(models.AbstractModel):
    """Past and outside purchases that were imported; always added to the others."""

    _name = "classification.source.import"
    _inherit = "classification.source"
    _description = "Imported Purchases"

    @api.model
    def _purchase_queries(self, policy, scope):
        return [
            SQL(
                """
                SELECT i.partner_id, i.date AS day, i.company_amount AS amount,
                       CASE WHEN i.has_margin THEN i.company_margin END AS margin
                  FROM customer_purchase i
                 WHERE i.company_id = %(company)s
                   AND i.date <= %(as_of_date)s
                   AND %(partners)s
                """,
                company=scope.company_id,
                as_of_date=scope.as_of_date,
                partners=scope.partners(SQL("i.partner_id")),
            )
        ]
