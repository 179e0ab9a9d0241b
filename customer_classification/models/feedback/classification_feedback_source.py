from odoo import api, models
from odoo.tools import SQL

from ..common.profiling import OBJECTING
from ..common.zones import day_by_rules
from .classification_interaction_source import OURS

# The day of a complaint where the rules of its company are: windows and runs have such
# days, and people say so.
COMPLAINT_DAY = day_by_rules(SQL("d.open_date"), SQL("d.company_id"))


class ClassificationFeedbackSource(models.AbstractModel):
    """Feedback of customers, by what it was said in.

    A glue addon adds its documents by extending :meth:`_queries`, as with
    ``classification.source`` and purchases.
    """

    _name = "classification.feedback.source"
    _description = "Source of Feedback"

    @api.model
    def _queries(self, now, contact_ids=None):
        """Return the selects of feedback, one row an answer or complaint.

        A list of :class:`SQL` of ``(partner_id integer, company_id integer, day date,
        kind varchar, score float8, is_open boolean, is_overdue boolean, hours float8,
        res_model varchar, res_id integer, product_tmpl_id integer)``.

        ``partner_id`` is the contact of the document, who is rolled up to its customer;
        ``company_id`` NULL counts for every company; ``kind`` is *complaint*,
        *satisfaction*, *rating* or *recommendation*; ``score`` from 0 to 100, or NULL.
        The next three are of complaints, ``hours`` being the working hours to the
        solution, or NULL. Then follow the document, each once, and the product. Callers
        leave out contacts of whom nothing counts: see :meth:`_counts`.

        :param now: the moment, in UTC, at which deadlines are over
        :param contact_ids: ids of contacts, or None for all
        """
        among = SQL("TRUE")
        if contact_ids is not None:
            among = SQL("d.partner_id = ANY(%s)", contact_ids)
        return [self._complaint_query(now, among), self._feedback_query(among)]

    @api.model
    def _counts(self, contact):
        """Return the SQL of whether answers of a contact count.

        Those of people who work for us do not, nor those of persons who object to
        profiling.
        """
        return SQL(
            "%(contact)s NOT IN %(ours)s AND %(contact)s NOT IN %(objecting)s",
            contact=contact,
            ours=OURS,
            objecting=OBJECTING,
        )

    @api.model
    def _complaint_query(self, now, among):
        self.env["customer.complaint"].flush_model()
        return SQL(
            """
            SELECT d.partner_id, d.company_id, %s AS day,
                   'complaint'::varchar AS kind, NULL::float8 AS score,
                   d.is_solved IS NOT TRUE AS is_open,
                   COALESCE(d.next_deadline < %s, FALSE) AS is_overdue,
                   CASE WHEN d.is_solved THEN d.solution_hours::float8 END AS hours,
                   'customer.complaint'::varchar AS res_model, d.id AS res_id,
                   d.product_tmpl_id
              FROM customer_complaint d
             WHERE %s
            """,
            COMPLAINT_DAY,
            now,
            among,
        )

    @api.model
    def _feedback_query(self, among):
        """Return the select of feedback; what is said in a complaint counts there."""
        self.env["customer.feedback"].flush_model()
        return SQL(
            """
            SELECT d.partner_id, d.company_id, d.date AS day, d.kind::varchar,
                   d.score::float8, FALSE, FALSE, NULL::float8, 'customer.feedback',
                   d.id, d.product_tmpl_id
              FROM customer_feedback d
             WHERE (d.kind <> 'complaint' OR d.complaint_id IS NULL) AND %s
            """,
            among,
        )

    @api.model
    def _changed_queries(self, since):
        """Return selects of contacts whose feedback was written since.

        :param since: the ``Since`` of the last run
        """
        return [
            SQL(
                "SELECT partner_id FROM %s WHERE write_date >= %s",
                SQL.identifier(table),
                since.written,
            )
            for table in ("customer_complaint", "customer_feedback")
        ]

    @api.model
    def _late_queries(self, company_id, since):
        """Return selects ``(partner_id, day)`` of feedback recorded since."""
        return [
            SQL(
                "SELECT partner_id, %s FROM %s"
                " WHERE company_id = %s AND create_date >= %s",
                *(day, SQL("%s d", SQL.identifier(table)), company_id, since.written),
            )
            for table, day in (
                ("customer_complaint", COMPLAINT_DAY),
                ("customer_feedback", SQL("date")),
            )
        ]
