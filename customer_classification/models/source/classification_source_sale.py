from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..common.zones import day_in
from .classification_source import DocumentKind

# Odoo works out the rate that it stores on an order by this day.
_RATE_DAY = SQL("o.date_order::date")


class ClassificationSourceSale(models.AbstractModel):
    """Confirmed sales orders on the day of their confirmation.

    With posted credit notes that take back something of them, if the policy wants it.

    Amounts follow the rate of the order's day in UTC, as Odoo works out the rate that
    it stores; the stored rate is kept when the rate is corrected.
    """

    _name = "classification.source.sale"
    _inherit = "classification.source"
    _description = "Purchases from Sales Orders"

    @api.model
    def _purchase_queries(self, policy, scope):
        if policy.revenue_source != "sale":
            return []
        queries = [self._order_query(policy, scope)]
        if policy.subtract_credit_notes:
            credit = self.env["classification.source.credit"]
            queries.append(credit._purchase_query(policy, scope))
        return queries

    @api.model
    def _channel_queries(self, policy, scope):
        if policy.revenue_source != "sale":
            return []
        is_web = SQL(
            ", CASE WHEN %s = 'online' THEN 'web' ELSE 'order' END AS channel",
            self._order_channel(),
        )
        queries = [self._order_query(policy, scope, is_web)]
        if policy.subtract_credit_notes:
            credit = self.env["classification.source.credit"]
            notes = credit._purchase_query(policy, scope)
            queries.append(self._with_channel(notes, "credit"))
        return [
            SQL("SELECT d.partner_id, d.day, d.amount, d.channel FROM (%s) d", query)
            for query in queries
        ]

    @api.model
    def _order_query(self, policy, scope, more=None):
        """Return SQL of the orders with their untaxed amounts.

        :param more: SQL of columns beside these

        Down payments add nothing to the untaxed amount of an order, and notes and
        sections have none, so the order's own sum is the amount sold.
        """
        return SQL(
            """
            SELECT o.partner_id, %(day)s AS day, %(amount)s AS amount,
                   %(margin)s AS margin %(more)s
              FROM sale_order o %(joins)s
             WHERE o.state = 'sale'
               AND o.company_id = %(company)s
               AND %(until)s AND %(recorded)s AND %(partners)s AND %(matching)s
            """,
            recorded=scope.recorded(SQL("o.create_date")),
            day=scope.day(SQL("o.date_order")),
            amount=self._company_amount(self._order_amount(), scope),
            joins=self._order_joins(),
            margin=self._margin(scope),
            more=more or SQL(),
            company=scope.company_id,
            until=scope.until(SQL("o.date_order")),
            partners=scope.partners(SQL("o.partner_id")),
            matching=self._matching(policy, scope),
        )

    @api.model
    def _reference_queries(self, policy, scope):
        """Orders are known by their own number and by that of their invoice."""
        if policy.revenue_source != "sale":
            return []
        counted = SQL(
            "o.state = 'sale' AND o.company_id = %s AND %s AND %s AND %s",
            scope.company_id,
            scope.until(SQL("o.date_order")),
            scope.partners(SQL("o.partner_id")),
            self._matching(policy, scope),
        )
        return [
            SQL(
                "SELECT o.partner_id, o.name AS reference FROM sale_order o WHERE %s",
                counted,
            ),
            SQL(
                """
                SELECT o.partner_id, m.name FROM sale_order o
                  JOIN account_move m ON m.invoice_origin = o.name
                   AND m.company_id = o.company_id AND m.state = 'posted'
                   AND m.move_type IN ('out_invoice', 'out_receipt')
                 WHERE %s
                """,
                counted,
            ),
        ]

    @api.model
    def _order_amount(self):
        """Return SQL of an order's untaxed amount, in its own currency."""
        return SQL("o.amount_untaxed")

    @api.model
    def _order_channel(self):
        """SQL of the channel of an order, NULL for none; glue addons tell some."""
        return SQL("NULL")

    @api.model
    def _is_quotation(self):
        """Return the SQL of orders that were quotations before confirmation."""
        return SQL("TRUE")

    @api.model
    def _quotation_day(self, zone):
        """Return the SQL of the day in a zone on which a quotation was asked for.

        An order that was entered after its own date was asked for on that date.
        """
        moment = SQL(
            "CASE WHEN o.state = 'sale' THEN LEAST(o.create_date, o.date_order)"
            " ELSE o.create_date END"
        )
        return day_in(zone, SQL("(%s)", moment))

    @api.model
    def _tells_quotations(self, policy):
        """Return whether all confirmed quotations are among the purchases."""
        if policy.revenue_source != "sale":
            return False
        return policy._parse_filter("sale_domain", self.env["sale.order"]).is_true()

    @api.model
    def _asked_queries(self, policy, scope):
        """Return the purchases, orders with the day of their quotation."""
        if policy.revenue_source != "sale":
            return []
        asked = SQL(
            ", CASE WHEN %s THEN %s END AS asked",
            self._is_quotation(),
            self._quotation_day(scope.tz),
        )
        others = super()._asked_queries(policy, scope)[1:]
        query = self._order_query(policy, scope, asked)
        return [(query, SQL("d.asked")), *others]

    @api.model
    def _open_quotations(self):
        """Return the domain of open quotations; glue addons leave some out."""
        return Domain("state", "in", ("draft", "sent"))

    @api.model
    def _bought_orders(self):
        """Domain of the orders of which :meth:`_order_amount` may be positive."""
        return Domain("amount_untaxed", ">", 0)

    @api.model
    def _order_joins(self):
        """SQL of the joins that :meth:`_order_amount` needs; glue addons add some."""
        return SQL()

    @api.model
    def _rate_problems(self, scope):
        """Return ``{reason: SQL}`` of orders without a company amount."""
        return scope.rate_problems(SQL("o.currency_id"), _RATE_DAY)

    @api.model
    def _matching(self, policy, scope):
        """SQL that keeps the orders that the policy's filter matches."""
        return policy._matching("sale_domain", SQL("o.id"), scope.as_of_date)

    @api.model
    def _company_amount(self, amount, scope):
        """SQL of an order's amount in company currency at the rate of its day."""
        return scope.in_company_currency(amount, SQL("o.currency_id"), _RATE_DAY)

    @api.model
    def _margin(self, scope):
        """SQL of an order's margin; no cost is known before ``sale_margin``."""
        if "margin" in self.env["sale.order"]._fields:
            return self._company_amount(SQL("o.margin"), scope)
        return SQL("NULL::numeric")

    @api.model
    def _changed_queries(self, policy, scope, since):
        """Return selects of changed orders and quotations.

        Both, whichever counts as a purchase: a quotation makes a prospect interested,
        until it expires.
        """
        reasons = (
            SQL("o.write_date >= %s", since.written),
            scope.came_after(SQL("o.date_order"), since.day),
            SQL(
                "o.state IN ('draft', 'sent') AND o.validity_date >= %s"
                " AND o.validity_date < %s",
                since.day,
                scope.as_of_date,
            ),
            scope.rate_changed(SQL("o.currency_id"), _RATE_DAY, since),
        )
        return [
            SQL(
                "SELECT o.partner_id FROM sale_order o WHERE o.company_id = %s AND %s",
                scope.company_id,
                reason,
            )
            for reason in reasons
        ]

    @api.model
    def _late_queries(self, policy, scope, since):
        if policy.revenue_source != "sale":
            return []
        return [
            SQL(
                """
                SELECT o.partner_id, %(day)s AS day FROM sale_order o
                 WHERE o.company_id = %(company)s AND o.state = 'sale'
                   AND %(reason)s AND %(matching)s
                """,
                day=scope.day(SQL("o.date_order")),
                company=scope.company_id,
                reason=reason,
                matching=self._matching(policy, scope),
            )
            for reason in (
                SQL("o.write_date >= %s", since.written),
                scope.rate_changed(SQL("o.currency_id"), _RATE_DAY, since),
            )
        ]

    @api.model
    def _problem_queries(self, policy, scope):
        if policy.revenue_source != "sale":
            return []
        amount = self._company_amount(self._order_amount(), scope)
        return [
            SQL(
                """
                SELECT o.partner_id, %(reason)s AS reason
                  FROM sale_order o %(joins)s
                 WHERE o.state = 'sale' AND o.company_id = %(company)s
                   AND %(partners)s AND %(matching)s
                """,
                reason=scope.reason(
                    {
                        **self._rate_problems(scope),
                        "not_a_number": scope.not_a_number(amount),
                    }
                ),
                joins=self._order_joins(),
                company=scope.company_id,
                partners=scope.partners(SQL("o.partner_id")),
                matching=self._matching(policy, scope),
            )
        ]

    @api.model
    def _misdated_queries(self, policy, scope):
        if policy.revenue_source != "sale":
            return []
        return [
            SQL(
                """
                SELECT o.partner_id, 'bad_date'::varchar AS reason
                  FROM sale_order o
                 WHERE o.state = 'sale' AND o.company_id = %(company)s
                   AND %(implausible)s AND %(partners)s AND %(matching)s
                """,
                company=scope.company_id,
                implausible=scope.implausible(SQL("o.date_order")),
                partners=scope.partners(SQL("o.partner_id")),
                matching=self._matching(policy, scope),
            )
        ]

    @api.model
    def _document_queries(self, policy, scope, before):
        """The index on the order date finds the few orders of the last months.

        Their day in a time zone, by which purchases are read, has none.
        """
        if policy.revenue_source != "sale":
            return []
        return [
            SQL(
                """
                SELECT (%(channel)s)::varchar AS channel, %(day)s AS day
                  FROM sale_order o %(joins)s
                 WHERE o.state = 'sale' AND %(amount)s > 0
                   AND o.company_id = %(company)s
                   AND %(period)s AND %(partners)s AND %(matching)s
                """,
                channel=self._order_channel(),
                day=scope.day(SQL("o.date_order")),
                amount=self._order_amount(),
                joins=self._order_joins(),
                company=scope.company_id,
                period=scope.came_after(SQL("o.date_order"), before),
                partners=scope.partners(SQL("o.partner_id")),
                matching=self._matching(policy, scope),
            )
        ]

    @api.model
    def _document_kinds(self, policy):
        if policy.revenue_source != "sale":
            return []
        orders = DocumentKind(
            model="sale.order",
            name=self.env._("Orders"),
            domain=Domain("state", "=", "sale")
            & Domain("company_id", "=", policy.company_id.id)
            & policy._filter_or_nothing("sale_domain"),
            day="date_order",
            bought=self._bought_orders(),
            view="sale.view_order_tree",
        )
        if not policy.subtract_credit_notes:
            return [orders]
        invoice = self.env["classification.source.invoice"]
        credit_notes = invoice._move_kind(
            policy, self.env._("Credit Notes"), ["out_refund"]
        )
        return [orders, credit_notes]
