from odoo import api, models
from odoo.tools import SQL

from ..source.classification_source import Since


class ClassificationFactsChangedMixin(models.AbstractModel):
    """Find the customers with possible changes since the last run.

    All other customers are as the last run left them: no row of theirs was written,
    no document of theirs came into force, no day of a review has come.
    """

    _name = "classification.facts.changed.mixin"
    _description = "Facts That May Be New"

    @api.model
    def _watermark(self):
        """Return the moment (UTC) up to which all writes are visible.

        A transaction that starts after this one sees all that was written before that
        moment: the start of the oldest transaction under way. One query.

        ``write_date`` is the start of its transaction, which may be long ago when it
        is committed.
        """
        [(moment,)] = self.env.execute_query(
            SQL(
                """
                SELECT min(xact_start) AT TIME ZONE 'UTC' FROM pg_stat_activity
                 WHERE datname = current_database() AND xact_start IS NOT NULL
                """
            )
        )
        return moment

    @api.model
    def _changed_scope(self, policy, scope, last):
        """Return the scope of the customers to look at again: one query.

        With their contacts, so that their documents are found by an index.

        :param last: the ``classification.run`` that looked at everybody the last time,
            or at all who had changed
        """
        self.env.flush_all()
        since = Since(last.watermark, last.as_of_date)
        documents = [
            query
            for name in self._source_names(policy)
            for query in self.env[name]._changed_queries(policy, scope, since)
        ]
        rows = self.env.execute_query(
            SQL(
                """
                SELECT changed.id, c.id
                  FROM (SELECT DISTINCT p.commercial_partner_id AS id
                          FROM (%s) d
                          JOIN res_partner p ON p.id = d.partner_id
                         WHERE p.commercial_partner_id IS NOT NULL
                         UNION %s) changed
                  -- By the index: that so few changed is more than the planner hopes.
                  LEFT JOIN LATERAL (
                       SELECT c.id FROM res_partner c
                        WHERE c.commercial_partner_id = changed.id OFFSET 0) c ON TRUE
                """,
                SQL(" UNION ALL ").join(
                    [
                        *documents,
                        *self._changed_partner_queries(scope, since),
                        *self._changed_heard_queries(policy._parameters(), since),
                    ]
                ),
                SQL(" UNION ").join(self._due_queries(scope, since)),
            )
        )
        customers = {customer for customer, __ in rows}
        contacts = {contact for __, contact in rows if contact}
        return scope.of_customers(sorted(customers), sorted(contacts | customers))

    @api.model
    def _changed_partner_queries(self, scope, since):
        """Return selects of partners with changes of their own.

        The partner itself was written, or an opportunity of it.
        """
        return [
            SQL("SELECT id FROM res_partner WHERE write_date >= %s", since.written),
            SQL(
                "SELECT partner_id FROM crm_lead WHERE write_date >= %s"
                " AND partner_id IS NOT NULL",
                since.written,
            ),
        ]

    @api.model
    def _changed_heard_queries(self, parameters, since):
        """Return selects of contacts of whom something was heard since.

        As far as the rules ask for it. Rooms above add them.
        """
        return []

    @api.model
    def _late_heard_queries(self, parameters, scope, since):
        """Return selects ``(partner_id, day)`` of what was recorded since.

        As far as the rules ask for it. Rooms above add them.
        """
        return []

    @api.model
    def _due_queries(self, scope, since):
        """Return selects of customers due although no document changed."""
        company = scope.company_id
        return [
            SQL(
                "SELECT partner_id FROM customer_profile"
                " WHERE company_id = %s AND next_review_date <= %s",
                company,
                scope.as_of_date,
            ),
            SQL(
                "SELECT partner_id FROM classification_dirty WHERE company_id = %s",
                company,
            ),
            SQL(
                "SELECT partner_id FROM classification_problem"
                " WHERE company_id = %s AND partner_id IS NOT NULL",
                company,
            ),
            SQL(
                "SELECT partner_id FROM classification_override WHERE company_id = %s"
                " AND status <> 'ended' AND end_date >= %s AND end_date < %s",
                company,
                since.day,
                scope.as_of_date,
            ),
        ]
