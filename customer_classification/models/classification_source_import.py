from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from .classification_source import DocumentKind


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
                SELECT i.partner_id, i.date AS day, %(amount)s AS amount,
                       CASE WHEN i.has_margin THEN i.company_margin END AS margin
                  FROM customer_purchase i
                 WHERE i.company_id = %(company)s
                   AND i.date <= %(as_of_date)s
                   AND %(partners)s
                """,
                amount=scope.countable(
                    SQL("i.company_amount"),
                    [self._without_rate(policy, scope)],
                ),
                company=scope.company_id,
                as_of_date=scope.as_of_date,
                partners=scope.partners(SQL("i.partner_id")),
            )
        ]

    @api.model
    def _without_rate(self, policy, scope):
        own_currency = policy.company_id.currency_id.id
        return scope.without_rate(SQL("i.currency_id"), own_currency)

    @api.model
    def _changed_queries(self, policy, scope, since):
        return [
            SQL(
                """
                SELECT i.partner_id FROM customer_purchase i
                 WHERE i.company_id = %(company)s
                   AND (i.write_date >= %(written)s
                        OR i.date > %(day)s AND i.date <= %(as_of_date)s)
                """,
                company=scope.company_id,
                written=since.written,
                day=since.day,
                as_of_date=scope.as_of_date,
            )
        ]

    @api.model
    def _late_queries(self, policy, scope, since):
        return [
            SQL(
                "SELECT i.partner_id, i.date AS day FROM customer_purchase i"
                " WHERE i.company_id = %s AND i.write_date >= %s",
                scope.company_id,
                since.written,
            )
        ]

    @api.model
    def _problem_queries(self, policy, scope):
        return [
            SQL(
                """
                SELECT i.partner_id, %(reason)s AS reason
                  FROM customer_purchase i
                 WHERE i.company_id = %(company)s AND %(partners)s
                """,
                reason=scope.reason(
                    {
                        "no_rate": self._without_rate(policy, scope),
                        "not_a_number": scope.not_a_number(SQL("i.company_amount")),
                    }
                ),
                company=scope.company_id,
                partners=scope.partners(SQL("i.partner_id")),
            )
        ]

    @api.model
    def _misdated_queries(self, policy, scope):
        return [
            SQL(
                """
                SELECT i.partner_id, 'bad_date'::varchar AS reason
                  FROM customer_purchase i
                 WHERE i.company_id = %s AND %s AND %s
                """,
                scope.company_id,
                scope.implausible(SQL("i.date")),
                scope.partners(SQL("i.partner_id")),
            )
        ]

    @api.model
    def _document_kinds(self, policy):
        return [
            DocumentKind(
                model="customer.purchase",
                name=self.env._("Imported Purchases"),
                domain=Domain("company_id", "=", policy.company_id.id),
                day="date",
                amount="amount",
                view="customer_classification.customer_purchase_view_list",
            )
        ]
