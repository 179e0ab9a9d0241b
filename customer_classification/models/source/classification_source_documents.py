from odoo import api, models
from odoo.tools import SQL


class ClassificationSource(models.AbstractModel):
    """Purchases as they come in, to see whether a source still gives any."""

    _inherit = "classification.source"

    @api.model
    def _document_queries(self, policy, scope, before):
        """Return a list of :class:`SQL` selects of ``(channel varchar, day date)``,
        one row a purchase, refunds left out.

        :param scope: a :class:`Scope`; its as-of date is the last day
        :param before: the day before the first one
        """
        return [
            SQL(
                "SELECT NULL::varchar AS channel, d.day FROM (%s) d"
                " WHERE d.amount > 0 AND d.day > %s",
                query,
                before,
            )
            for query in self._purchase_queries(policy, scope)
        ]


class ClassificationSourceSale(models.AbstractModel):
    """The index on the order date finds the few orders of the last months; their day
    in a time zone, by which purchases are read, has none."""

    _inherit = "classification.source.sale"

    @api.model
    def _document_queries(self, policy, scope, before):
        if policy.revenue_source != "sale":
            return []
        return [
            SQL(
                """
                SELECT NULL::varchar AS channel, %(day)s AS day
                  FROM sale_order o %(joins)s
                 WHERE o.state = 'sale' AND %(amount)s > 0
                   AND o.company_id = %(company)s
                   AND %(period)s AND %(partners)s AND %(matching)s
                """,
                day=scope.day(SQL("o.date_order")),
                amount=self._order_amount(),
                joins=self._order_joins(),
                company=scope.company_id,
                period=scope.came_after(SQL("o.date_order"), before),
                partners=scope.partners(SQL("o.partner_id")),
                matching=self._matching(policy, scope),
            )
        ]


class ClassificationSourceInvoice(models.AbstractModel):
    """Credit notes are no purchases: they are not looked through."""

    _inherit = "classification.source.invoice"

    @api.model
    def _document_queries(self, policy, scope, before):
        if policy.revenue_source != "invoice":
            return []
        return [
            SQL(
                "SELECT NULL::varchar AS channel, d.day FROM (%s) d"
                " WHERE d.amount > 0 AND d.day > %s",
                self._move_query(policy, scope),
                before,
            )
        ]


class ClassificationSourceImport(models.AbstractModel):
    """Each channel is a source of its own: it is one import that stops."""

    _inherit = "classification.source.import"

    @api.model
    def _document_queries(self, policy, scope, before):
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
