from dataclasses import dataclass
from datetime import date

from odoo import api, models
from odoo.tools import SQL


@dataclass(frozen=True)
class Scope:
    """What a run looks at: whose purchases, up to which day, in which money.

    :ivar company_id: id of the company
    :ivar tz: name of the time zone in which days are days
    :ivar as_of_date: last day that counts
    :ivar digits: decimals of the company's currency
    :ivar customer_ids: ids of commercial partners, or None for everybody
    """

    company_id: int
    tz: str
    as_of_date: date
    digits: int
    customer_ids: tuple[int, ...] | None = None

    def day(self, column):
        """SQL of the day, in the time zone, of a timestamp kept in UTC."""
        if self.tz == "UTC":
            return SQL("%s::date", column)
        return SQL("(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)::date", column, self.tz)

    def until(self, column):
        """SQL that keeps UTC timestamps up to the end of the as-of day."""
        return SQL(
            "%s < (%s::date + 1)::timestamp AT TIME ZONE %s AT TIME ZONE 'UTC'",
            column,
            self.as_of_date,
            self.tz,
        )

    def partners(self, column):
        """SQL that keeps the documents of the customers and of their contacts."""
        if self.customer_ids is None:
            return SQL("%s IS NOT NULL", column)
        return SQL(
            "%s IN (SELECT id FROM res_partner WHERE commercial_partner_id = ANY(%s))",
            column,
            list(self.customer_ids),
        )


class ClassificationSource(models.AbstractModel):
    """One kind of document from which purchases are read.

    A glue addon adds a kind by an abstract model that inherits this one, answers
    the methods, and stands in ``classification.facts._source_names``.
    """

    _name = "classification.source"
    _description = "Source of Purchases"

    @api.model
    def _purchase_queries(self, policy, scope):
        """Return a list of :class:`SQL` selects of ``(partner_id integer, day date,
        amount numeric, margin numeric)``, one row a document.

        ``amount`` is untaxed, in the company's currency at the document's own rate,
        rounded to its decimals, negative for what is given back; ``margin`` is NULL
        where it is not known. The documents are those of ``scope``.

        :param policy: the ``classification.policy``
        :param scope: a :class:`Scope`
        """
        raise NotImplementedError
