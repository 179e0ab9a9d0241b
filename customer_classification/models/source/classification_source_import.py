from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from .classification_source import DocumentKind


class ClassificationSourceImport(models.AbstractModel):
    """Past and outside purchases that were imported.

    Added to the others, except those of which a document of the same customer with the
    same reference counts.
    """

    _name = "classification.source.import"
    _inherit = "classification.source"
    _description = "Imported Purchases"
    _channel = "import"

    @api.model
    def _purchase_queries(self, policy, scope):
        return [
            SQL(
                """
                SELECT i.partner_id, i.date AS day, %(amount)s AS amount,
                       CASE WHEN i.has_margin THEN %(margin)s END AS margin
                  FROM customer_purchase i
                 WHERE i.company_id = %(company)s
                   AND i.date <= %(as_of_date)s AND %(recorded)s
                   AND %(partners)s AND NOT %(is_known)s
                """,
                recorded=scope.recorded(SQL("i.create_date")),
                is_known=self._is_known(policy, scope),
                amount=self._company_amount(scope, "amount"),
                margin=self._company_amount(scope, "margin"),
                company=scope.company_id,
                as_of_date=scope.as_of_date,
                partners=scope.partners(SQL("i.partner_id")),
            )
        ]

    @api.model
    def _is_known(self, policy, scope):
        """Return the SQL of whether a document counts for a purchase ``i``.

        Nothing is looked up where no purchase was imported with a reference. Sorted
        once by customer and reference, so that no plan of joins can take much longer.
        """
        names = self.env["classification.facts"]._source_names(policy)
        documents = [
            query
            for name in names
            for query in self.env[name]._reference_queries(policy, scope)
        ]
        if not documents:
            return SQL("FALSE")
        return SQL(
            """
            EXISTS (
                SELECT FROM (
                    SELECT id, bool_or(id IS NULL) OVER same AS has_document
                      FROM (SELECT NULL::integer AS id, d.reference,
                                   p.commercial_partner_id AS customer_id
                              FROM (%(documents)s) d
                              JOIN res_partner p ON p.id = d.partner_id
                             WHERE EXISTS (SELECT FROM customer_purchase
                                            WHERE company_id = %(company)s
                                              AND reference IS NOT NULL)
                             UNION ALL
                            SELECT imported.id, imported.reference,
                                   c.commercial_partner_id
                              FROM customer_purchase imported
                              JOIN res_partner c ON c.id = imported.partner_id
                             WHERE imported.company_id = %(company)s
                               AND imported.amount > 0
                               AND imported.reference IS NOT NULL) listed
                    WINDOW same AS (PARTITION BY customer_id, reference)) known
                 WHERE known.id = i.id AND known.has_document)
            """,
            documents=SQL(" UNION ALL ").join(documents),
            company=scope.company_id,
        )

    @api.model
    def _company_amount(self, scope, name):
        """Return SQL of the amount or margin in company currency.

        As stored, or at the current rate of the day.
        """
        return scope.in_company_currency(
            SQL.identifier("i", f"company_{name}"),
            SQL("i.currency_id"),
            SQL("i.date"),
            SQL.identifier("i", name),
        )

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
            ),
            SQL(
                "SELECT i.partner_id FROM customer_purchase i"
                " WHERE i.company_id = %s AND %s",
                scope.company_id,
                scope.rate_changed(SQL("i.currency_id"), SQL("i.date"), since),
            ),
        ]

    @api.model
    def _late_queries(self, policy, scope, since):
        return [
            SQL(
                "SELECT i.partner_id, i.date AS day FROM customer_purchase i"
                " WHERE i.company_id = %s AND %s",
                scope.company_id,
                reason,
            )
            for reason in (
                SQL("i.write_date >= %s", since.written),
                scope.rate_changed(SQL("i.currency_id"), SQL("i.date"), since),
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
                        **scope.rate_problems(SQL("i.currency_id"), SQL("i.date")),
                        "not_a_number": scope.not_a_number(
                            self._company_amount(scope, "amount")
                        ),
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
    def _document_queries(self, policy, scope, before):
        """Each channel is a source of its own: it is one import that stops."""
        return [
            SQL(
                """
                SELECT i.channel, i.date AS day
                  FROM customer_purchase i
                 WHERE i.company_id = %(company)s AND i.amount > 0
                   AND i.date > %(before)s AND i.date <= %(as_of_date)s
                   AND %(partners)s
                """,
                company=scope.company_id,
                before=before,
                as_of_date=scope.as_of_date,
                partners=scope.partners(SQL("i.partner_id")),
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
                bought=Domain("amount", ">", 0),
                view="customer_classification.customer_purchase_view_list",
            )
        ]
