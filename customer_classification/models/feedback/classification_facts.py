from odoo import api, fields, models
from odoo.tools import SQL

from ...copy_frames import null_free_day, null_free_float, read_frame

# Columns of what was heard, in their order: {column: kind on the wire}.
HEARD = {
    "complaint_count": "float",
    "complaint_count_before": "float",
    "satisfaction": "float",
    "satisfaction_count": "float",
    "interaction_count": "float",
    "last_interaction_date": "day",
    "answered_enquiry_count": "float",
    "heard_first_date": "day",
    "heard_before_first_date": "day",
}
_NULL_FREE = {"float": null_free_float, "day": null_free_day}


class ClassificationFacts(models.AbstractModel):
    """Add what customers say and do to the facts, as of a day.

    Each part is read only where the rules ask for it. All parts leave the database by
    one statement, which scans each table of documents once.
    """

    _inherit = "classification.facts"

    @api.model
    def _asks_purchases(self, policy, parameters):
        """Return whether the day of the last interaction is all that is needed."""
        if not parameters.reads_interactions or "interactions" in parameters.weights:
            return False
        return self.env["classification.source.sale"]._tells_quotations(policy)

    @api.model
    def _read_heard(self, parameters, scope, asked=False):
        """Return what was heard, a frame by customer, or None: one query."""
        if asked:
            self = self.with_context(orders_known=scope)
        if not parameters.reads_heard:
            return None
        day = scope.as_of_date
        windows = SQL(
            "(VALUES (NULL::integer, %s::date, %s::date, %s::date))",
            *(day, parameters.window_start(day), parameters.before_start(day)),
        )
        query = self._heard_query(parameters, scope, windows, SQL("TRUE"))
        return self._read_by_partner(HEARD, query)

    @api.model
    def _heard_at(self, parameters, scope, points):
        """Return what was heard by customers up to days of their own: one query.

        None where the rules do not ask for it.

        :param points: frame with ``partner_id`` and ``day``
        :return: frame with the columns of ``HEARD``, rows and index as the points
        """
        import pandas as pd

        if not parameters.reads_heard:
            return None
        keys = pd.MultiIndex.from_arrays([points["partner_id"], points["day"]])
        by_customer = SQL("w.partner_id = c.commercial_partner_id")
        windows = self._windows_of_points(parameters, points)
        query = self._heard_query(parameters, scope, windows, by_customer, SQL("h.day"))
        kinds = {"partner_id": "int", "day": "day", **HEARD}
        found = pd.DataFrame(read_frame(self.env.cr, query, kinds))
        found = found.set_index(["partner_id", "day"]).reindex(keys)
        return found.set_axis(points.index)

    @api.model
    def _windows_of_points(self, parameters, points):
        """Return SQL of customers, days, and where the windows of these begin."""
        days = [day.date() for day in points["day"]]
        starts = {
            day: (parameters.window_start(day), parameters.before_start(day))
            for day in set(days)
        }
        return SQL(
            "unnest(%s::integer[], %s::date[], %s::date[], %s::date[])",
            points["partner_id"].tolist(),
            days,
            [starts[day][0] for day in days],
            [starts[day][1] for day in days],
        )

    @api.model
    def _heard_query(self, parameters, scope, windows, of_window, day=None):
        """Return SQL of what was heard by customer, and by day where one is given.

        :param windows: SQL of ``(partner_id, day, first_day, before_day)``
        :param of_window: SQL of whether a window ``w`` is one of the contact ``c``
        :param day: SQL of the day among the columns
        """
        names = {"windows": windows, "of_window": of_window}
        parts = [
            SQL(part, **names, **more)
            for part, more in self._heard_parts(parameters, scope, is_one_day=not day)
        ]
        columns = [
            _NULL_FREE[kind](SQL("max(%s)", SQL.identifier("h", name)))
            for name, kind in HEARD.items()
        ]
        days = [null_free_day(day)] if day else []
        return SQL(
            "%s SELECT h.partner_id, %s FROM (%s) h GROUP BY h.partner_id, h.day",
            self._heard_contacts_once(scope),
            SQL(", ").join([*days, *columns]),
            SQL(" UNION ALL ").join(parts),
        )

    @api.model
    def _heard_parts(self, parameters, scope, is_one_day):
        """Yield ``(SQL, its values)`` of each part that the rules ask for.

        :param is_one_day: whether all customers are asked about as of the scope's day
        """
        contacts = self._heard_contacts(scope)
        if parameters.reads_feedback:
            source = self.env["classification.feedback.source"].sudo()
            rows = source._queries(fields.Datetime.now(), contacts)
            counts = source._counts(SQL("v.partner_id"))
            yield _FEEDBACK, {**self._heard_rows(rows, scope), "counts": counts}
        if parameters.reads_interactions:
            source = self.env["classification.interaction.source"].sudo()
            queries, counts = source._queries(scope.tz, contacts), False
            if "interactions" in parameters.weights:
                counts = True
            elif is_one_day:
                queries = [self._newest_query(query, scope) for query in queries]
            rows = self._heard_rows(queries, scope)
            yield _INTERACTIONS, {**rows, "counts": counts}
        if parameters.interested_by_enquiry:
            source = self.env["classification.interaction.source"].sudo()
            rows = [source._answered_enquiry_query(scope.tz, contacts)]
            yield _ENQUIRIES, self._heard_rows(rows, scope)

    @api.model
    def _heard_rows(self, queries, scope):
        return {"rows": SQL(" UNION ALL ").join(queries), "company": scope.company_id}

    @api.model
    def _newest_query(self, query, scope):
        """Return SQL of the newest interaction of each contact, of one source.

        Where rules ask for the last day only, a row a contact is joined to the
        customers instead of a row an interaction.
        """
        return SQL(
            """
            SELECT v.partner_id, NULL::integer AS company_id, max(v.day) AS day
              FROM (%s) v (partner_id, company_id, day, kind, direction, user_id,
                           res_model, res_id)
             WHERE (v.company_id = %s OR v.company_id IS NULL) AND v.day <= %s
             GROUP BY v.partner_id
            """,
            query,
            scope.company_id,
            scope.as_of_date,
        )

    @api.model
    def _heard_contacts_once(self, scope):
        """Return SQL before the select: the ids of contacts, which many parts ask."""
        if scope.customer_ids is None or scope.contact_ids is None:
            return SQL()
        return SQL(
            "WITH heard_contact AS MATERIALIZED (SELECT %s::integer[] AS ids)",
            list(scope.contact_ids),
        )

    @api.model
    def _heard_contacts(self, scope):
        """Return SQL of the ids of the contacts of a scope, or None for all."""
        if scope.customer_ids is None:
            return None
        if scope.contact_ids is not None:
            return SQL("(SELECT ids FROM heard_contact)::integer[]")
        return SQL(
            "ARRAY(SELECT c.id FROM res_partner c WHERE c.commercial_partner_id"
            " = ANY(%s))",
            list(scope.customer_ids),
        )

    # What changed

    @api.model
    def _changed_heard_queries(self, parameters, since):
        """Return selects of contacts of whom something was heard since."""
        queries = super()._changed_heard_queries(parameters, since)
        if parameters.reads_feedback:
            source = self.env["classification.feedback.source"].sudo()
            queries += source._changed_queries(since)
        if parameters.reads_interactions or parameters.interested_by_enquiry:
            source = self.env["classification.interaction.source"].sudo()
            queries += source._changed_queries(since)
        return queries

    @api.model
    def _late_heard_queries(self, parameters, scope, since):
        """Return selects ``(partner_id, day)`` of feedback recorded since."""
        queries = super()._late_heard_queries(parameters, scope, since)
        if parameters.reads_feedback:
            source = self.env["classification.feedback.source"].sudo()
            queries += source._late_queries(scope.company_id, since)
        return queries


_NOW = "v.day >= w.first_day"
_BEFORE = "v.day < w.first_day"
_COMPLAINT = "v.kind = 'complaint'"
_ANSWER = "v.kind IN ('satisfaction', 'rating') AND v.score IS NOT NULL"

_FEEDBACK = f"""
    SELECT c.commercial_partner_id AS partner_id, w.day,
           count(*) FILTER (WHERE {_COMPLAINT} AND {_NOW})::float8 AS complaint_count,
           count(*) FILTER (WHERE {_COMPLAINT} AND {_BEFORE})::float8
               AS complaint_count_before,
           avg(v.score) FILTER (WHERE {_ANSWER} AND {_NOW}) AS satisfaction,
           count(*) FILTER (WHERE {_ANSWER} AND {_NOW})::float8 AS satisfaction_count,
           NULL::float8 AS interaction_count, NULL::date AS last_interaction_date,
           NULL::float8 AS answered_enquiry_count,
           min(v.day) FILTER (WHERE ({_COMPLAINT} OR {_ANSWER}) AND {_NOW})
               AS heard_first_date,
           min(v.day) FILTER (WHERE {_COMPLAINT} AND {_BEFORE})
               AS heard_before_first_date
      FROM (%(rows)s) v
      JOIN res_partner c ON c.id = v.partner_id
      JOIN %(windows)s w (partner_id, day, first_day, before_day) ON %(of_window)s
     WHERE (v.company_id = %(company)s OR v.company_id IS NULL) AND %(counts)s
       AND v.day <= w.day AND v.day >= w.before_day
     GROUP BY c.commercial_partner_id, w.day
"""
# What is of no company counts for each.
_INTERACTIONS = f"""
    SELECT c.commercial_partner_id AS partner_id, w.day, NULL::float8
               AS complaint_count, NULL::float8 AS complaint_count_before,
           NULL::float8 AS satisfaction, NULL::float8 AS satisfaction_count,
           count(*) FILTER (WHERE {_NOW} AND %(counts)s)::float8 AS interaction_count,
           max(v.day) AS last_interaction_date,
           NULL::float8 AS answered_enquiry_count,
           min(v.day) FILTER (WHERE {_NOW} AND %(counts)s) AS heard_first_date,
           NULL::date AS heard_before_first_date
      FROM (%(rows)s) v
      JOIN res_partner c ON c.id = v.partner_id
      JOIN %(windows)s w (partner_id, day, first_day, before_day) ON %(of_window)s
     WHERE (v.company_id = %(company)s OR v.company_id IS NULL) AND v.day <= w.day
     GROUP BY c.commercial_partner_id, w.day
"""
_ENQUIRIES = f"""
    SELECT c.commercial_partner_id AS partner_id, w.day, NULL::float8
               AS complaint_count, NULL::float8 AS complaint_count_before,
           NULL::float8 AS satisfaction, NULL::float8 AS satisfaction_count,
           NULL::float8 AS interaction_count, NULL::date AS last_interaction_date,
           count(*)::float8 AS answered_enquiry_count, min(v.day) AS heard_first_date,
           NULL::date AS heard_before_first_date
      FROM (%(rows)s) v
      JOIN res_partner c ON c.id = v.partner_id
      JOIN %(windows)s w (partner_id, day, first_day, before_day) ON %(of_window)s
     WHERE (v.company_id = %(company)s OR v.company_id IS NULL) AND {_NOW}
       AND v.answer_day <= w.day AND (v.lost_day IS NULL OR v.lost_day > w.day)
     GROUP BY c.commercial_partner_id, w.day
"""
