from dataclasses import dataclass, replace
from datetime import date, datetime

from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...copy_frames import TOO_LARGE, is_usable
from ..common.exchange_rates import conversion_factor, with_rates
from ..common.zones import day_in

# No document of a present-day company was in a computer before that day.
FIRST_PLAUSIBLE_DAY = date(1970, 1, 1)


@dataclass(frozen=True)
class Scope:
    """Scope of a run: customers, last day and currency.

    :ivar company_id: id of the company
    :ivar tz: name of the time zone in which days are days
    :ivar as_of_date: last day that counts
    :ivar digits: decimals of the company's currency
    :ivar currency_id: id of the company's currency
    :ivar customer_ids: ids of commercial partners, or None for everybody
    :ivar contact_ids: ids of them and of their contacts, where these are known
    :ivar root_company_id: id of the company that keeps the currencies' rates
    :ivar last_plausible_day: documents dated after it are dated by mistake
    :ivar variant_ids: ids of product variants, or None for all: of documents whose
        lines are read, the only lines
    :ivar recorded_until: last day on which documents were entered, None for any day
    """

    company_id: int
    tz: str
    as_of_date: date
    digits: int
    customer_ids: tuple[int, ...] | None = None
    currency_id: int = 0
    root_company_id: int = 0
    last_plausible_day: date = date.max
    variant_ids: tuple[int, ...] | None = None
    contact_ids: tuple[int, ...] | None = None
    recorded_until: date | None = None

    def of_customers(self, customer_ids, contact_ids=None):
        """Return the same scope for some customers."""
        return replace(
            self,
            customer_ids=tuple(customer_ids),
            contact_ids=None if contact_ids is None else tuple(contact_ids),
        )

    def day(self, column):
        """SQL of the day, in the time zone, of a timestamp kept in UTC."""
        return day_in(self.tz, column)

    def until(self, column):
        """SQL that keeps UTC timestamps up to the end of the as-of day."""
        return SQL(
            "%s < (%s::date + 1)::timestamp AT TIME ZONE %s AT TIME ZONE 'UTC'",
            column,
            self.as_of_date,
            self.tz,
        )

    def recorded(self, column):
        """Return SQL that keeps documents entered early enough.

        :param column: SQL of the moment (UTC) of their creation
        """
        if self.recorded_until is None:
            return SQL("TRUE")
        return replace(self, as_of_date=self.recorded_until).until(column)

    def came_after(self, column, day):
        """Return SQL that keeps UTC timestamps between two days.

        After the end of an earlier day, up to the end of the as-of day.
        """
        earlier = replace(self, as_of_date=day).until(column)
        return SQL("NOT (%s) AND %s", earlier, self.until(column))

    def with_rates(self, query):
        """Return SQL of a statement in which amounts are converted.

        Each such statement must pass through this.
        """
        return with_rates(query, SQL("SELECT %s AS id", self.root_company_id))

    def factor(self, currency, day):
        """Return SQL of the company's currency for one unit of another one.

        At the rate of a day: NULL without a rate, NaN for a rate that cannot be used.
        """
        return conversion_factor(
            root=SQL("%s", self.root_company_id),
            currency=currency,
            own_currency=SQL("%s", self.currency_id),
            day=day,
        )

    def foreign_factor(self, currency, day):
        """Return SQL of the factor, for foreign currencies only.

        NaN without a usable rate, and NULL for an amount in the company's currency.
        """
        return SQL(
            "CASE WHEN %s = %s THEN NULL ELSE COALESCE(%s, 'NaN') END",
            currency,
            self.currency_id,
            self.factor(currency, day),
        )

    def converted(self, amount, factor):
        """SQL of an amount by a factor, rounded as the company's currency."""
        return SQL(
            "round((%s)::numeric * (%s)::numeric, %s)", amount, factor, self.digits
        )

    def in_company_currency(self, amount, currency, day, foreign_amount=None):
        """Return SQL of an amount at the rate of a day; NaN without a rate.

        :param amount: SQL of the amount, as it is in the company's currency
        :param foreign_amount: SQL of it in another currency, where that is another
            column
        """
        return SQL(
            "CASE WHEN %(currency)s = %(own)s THEN %(amount)s ELSE %(foreign)s END",
            currency=currency,
            own=self.currency_id,
            amount=amount,
            foreign=self.converted(
                amount if foreign_amount is None else foreign_amount,
                SQL("COALESCE(%s, 'NaN')", self.factor(currency, day)),
            ),
        )

    def rate_problems(self, currency, day):
        """``{reason: SQL}`` of why an amount in a currency cannot be converted."""
        return {
            "no_rate": self.without_rate(currency),
            "bad_rate": SQL(
                "%s <> %s AND %s IS NOT TRUE",
                currency,
                self.currency_id,
                is_usable(self.factor(currency, day)),
            ),
        }

    def rate_changed(self, currency, day, since):
        """Return SQL that keeps foreign documents whose rate was rewritten.

        The document is of a day whose rate was written since a moment; one condition if
        there is no such rate.

        :param since: a :class:`Since`
        """
        changed = SQL(
            "FROM classification_rate_change c WHERE c.recorded_at >= %s"
            " AND (c.company_id IS NULL OR c.company_id = %s)",
            since.written,
            self.root_company_id,
        )
        return SQL(
            """
            (SELECT TRUE %(changed)s LIMIT 1)
            AND %(currency)s <> %(own)s
            AND EXISTS (SELECT %(changed)s
                           AND c.currency_id IN (%(currency)s, %(own)s)
                           AND %(day)s >= COALESCE(c.first_day, '-infinity')
                           AND %(day)s <= COALESCE(c.last_day, 'infinity'))
            """,
            changed=changed,
            currency=currency,
            own=self.currency_id,
            day=day,
        )

    def without_rate(self, currency):
        """Return SQL that keeps documents without a usable rate.

        They have no currency, or one for which Odoo has no usable rate.
        """
        return SQL(
            """
            %(currency)s IS DISTINCT FROM %(own)s
            AND (%(currency)s IS NULL OR %(currency)s NOT IN (
                SELECT currency_id FROM res_currency_rate
                 WHERE (company_id IS NULL OR company_id = %(root)s)
                   AND rate > 0 AND rate <= %(most)s))
            """,
            currency=currency,
            own=self.currency_id,
            root=self.root_company_id,
            most=TOO_LARGE,
        )

    def not_a_number(self, amount):
        """SQL that keeps documents whose amount cannot be counted."""
        return SQL("NOT (%s)", is_usable(amount))

    def implausible(self, moment):
        """Return SQL that keeps documents with an implausible date.

        A day or a UTC timestamp before computers, or more than a year from now.
        """
        return SQL(
            "(%(moment)s < %(first)s::date OR %(moment)s >= %(last)s::date + 1)",
            moment=moment,
            first=FIRST_PLAUSIBLE_DAY,
            last=self.last_plausible_day,
        )

    def reason(self, conditions):
        """Return SQL of the first reason whose condition holds, else NULL.

        :param conditions: ``{reason: SQL}``
        """
        cases = [
            SQL("WHEN %s THEN %s", condition, reason)
            for reason, condition in conditions.items()
        ]
        return SQL("(CASE %s END)::varchar", SQL(" ").join(cases))

    def partners(self, column):
        """SQL that keeps the documents of the customers and of their contacts."""
        if self.customer_ids is None:
            return SQL("%s IS NOT NULL", column)
        if self.contact_ids is not None:
            return SQL("%s = ANY(%s)", column, list(self.contact_ids))
        return SQL(
            "%s IN (SELECT id FROM res_partner WHERE commercial_partner_id = ANY(%s))",
            column,
            list(self.customer_ids),
        )

    def buyers(self, column):
        """SQL that keeps the documents of the customers, or all, also of nobody."""
        return SQL("TRUE") if self.customer_ids is None else self.partners(column)

    def variants(self, column):
        """SQL that keeps the lines of the variants that are looked at."""
        if self.variant_ids is None:
            return SQL("TRUE")
        return SQL("%s = ANY(%s)", column, list(self.variant_ids))

    def holding(self, column, table, document):
        """SQL that keeps the documents with a line of these variants.

        :param column: SQL of the id of the document
        :param table: name of the table of the lines
        :param document: name of its column with the document
        """
        if self.variant_ids is None:
            return SQL("TRUE")
        return SQL(
            "%s IN (SELECT %s FROM %s WHERE product_id = ANY(%s))",
            column,
            SQL.identifier(document),
            SQL.identifier(table),
            list(self.variant_ids),
        )


@dataclass(frozen=True)
class Since:
    """Starting point of an incremental run.

    :ivar written: moment (UTC) before which all that was written is known
    :ivar day: last as-of date that was looked at
    """

    written: datetime
    day: date


@dataclass(frozen=True)
class DocumentKind:
    """Documents of one kind that a policy counts, for people to open.

    :ivar model: name of the model
    :ivar name: their name for people
    :ivar domain: those that count, of any customer and day
    :ivar day: field with the day, a date or a UTC datetime
    :ivar bought: domain of the purchases among them: of a positive amount
    :ivar view: external id of the list view
    """

    model: str
    name: str
    domain: Domain
    day: str
    bought: Domain
    view: str


class ClassificationSource(models.AbstractModel):
    """One kind of document from which purchases are read.

    A glue addon adds a kind by an abstract model that inherits this one, implements the
    methods, and is listed in ``classification.facts._source_names``.
    """

    _name = "classification.source"
    _description = "Source of Purchases"
    # Where customers bought, of all that this source counts.
    _channel = None

    @api.model
    def _purchase_queries(self, policy, scope):
        """Return :class:`SQL` selects of the purchases, one row a document.

        Columns: ``(partner_id integer, day date, amount numeric, margin numeric)``.

        ``amount`` is untaxed, in the company's currency at the rate of the document's
        day, rounded to its decimals, negative for returns, and NaN if it cannot be
        counted; ``margin`` is NULL if it is unknown. The documents are those of
        ``scope``.

        :param policy: the ``classification.policy``
        :param scope: a :class:`Scope`
        """
        raise NotImplementedError

    @api.model
    def _asked_queries(self, policy, scope):
        """Return ``(select, SQL of the day of the quotation)`` of the purchases.

        The select has the columns of :meth:`_purchase_queries`, under the name ``d``.
        """
        queries = self._purchase_queries(policy, scope)
        return [(query, SQL("NULL::date")) for query in queries]

    @api.model
    def _channel_queries(self, policy, scope):
        """Return selects of purchases with their channel.

        Columns ``(partner_id, day, amount, channel)`` of the same purchases as in
        :meth:`_purchase_queries`. The channel is a key of
        ``customer_profile_channel_mixin.CHANNELS``.
        """
        return [
            self._with_channel(query, self._channel)
            for query in self._purchase_queries(policy, scope)
        ]

    @api.model
    def _with_channel(self, query, channel):
        return SQL(
            "SELECT d.partner_id, d.day, d.amount, %s::varchar AS channel FROM (%s) d",
            channel,
            query,
        )

    @api.model
    def _changed_queries(self, policy, scope, since):
        """Return :class:`SQL` selects of ``partner_id`` with changed documents.

        Their documents were written since a moment, or came into force by their date
        since a day.

        :param since: a :class:`Since`
        """
        raise NotImplementedError

    @api.model
    def _late_queries(self, policy, scope, since):
        """Return :class:`SQL` selects of ``(partner_id, day)`` of new purchases.

        Purchases that count, written since a moment.

        :param since: a :class:`Since`
        """
        raise NotImplementedError

    @api.model
    def _problem_queries(self, policy, scope):
        """Return :class:`SQL` selects of ``(partner_id, reason varchar)``.

        One row a document, NULL for one that can be counted; see the reasons of
        ``classification.problem``. Only customers with an amount that is NaN are looked
        at.
        """
        raise NotImplementedError

    @api.model
    def _misdated_queries(self, policy, scope):
        """Return :class:`SQL` selects of documents with a wrong date.

        The columns are those of :meth:`_problem_queries`. The documents have no day, or
        an implausible one (see :meth:`Scope.implausible`); :meth:`_purchase_queries`
        may leave them out.
        """
        return []

    @api.model
    def _reference_queries(self, policy, scope):
        """Return the selects of the references of documents that count.

        A list of :class:`SQL` selects of ``(partner_id integer, reference varchar)``.

        A list of :class:`SQL` selects of ``(partner_id integer, reference varchar)``.

        An imported purchase of the same customer with one of them is the same sale.
        """
        return []

    @api.model
    def _is_prepaid_order_line(self, line):
        """Return SQL that tells prepayment lines of orders from sales.

        Prepayment lines are paid in advance, or pay with such money: down payments;
        glue addons add others.

        :param line: SQL of the alias of the line
        """
        return SQL("%s.is_downpayment IS TRUE", line)

    @api.model
    def _is_prepaid_move_line(self, line):
        """The same of a line of an invoice."""
        return SQL("%s.is_downpayment IS TRUE", line)

    @api.model
    def _is_sold(self, line):
        """SQL that keeps the order lines that are sales."""
        return SQL(
            "(%s.display_type IS NULL AND NOT %s)",
            line,
            self._is_prepaid_order_line(line),
        )

    @api.model
    def _is_invoiced(self, line):
        """SQL that keeps the lines of invoices that are sales."""
        return SQL(
            "(%s.display_type = 'product' AND NOT %s)",
            line,
            self._is_prepaid_move_line(line),
        )

    @api.model
    def _document_queries(self, policy, scope, before):
        """Return :class:`SQL` selects of ``(channel varchar, day date)``.

        One row a purchase, refunds left out.

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

    @api.model
    def _document_kinds(self, policy):
        """Return a list of :class:`DocumentKind` for opening documents.

        They cover the documents that :meth:`_purchase_queries` counts.
        """
        raise NotImplementedError
