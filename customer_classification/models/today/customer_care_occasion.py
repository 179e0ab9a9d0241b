from odoo import models
from odoo.tools import SQL


class CustomerCareOccasion(models.Model):
    """Visits that are due, on the page Today."""

    _inherit = "customer.care.occasion"

    def _due_of(self, sellers):
        """Return ``[(customer id, last day)]`` of salespersons who are due.

        One query.
        """
        self.env.flush_all()
        condition = SQL(
            "p.commercial_partner_id IN"
            " (SELECT id FROM res_partner WHERE user_id = ANY(%s))",
            sellers.ids,
        )
        return self.env.execute_query(
            SQL(
                "SELECT v.id, v.last_day FROM (%s) v (id, due, last_day, days)"
                " WHERE v.due <= %s",
                self._due_query(condition),
                self._today(),
            )
        )

    def _visit_queries(self, condition, since, today):
        """Customers whom a person called done on the page count as visited."""
        answers = SQL(
            """
            SELECT p.commercial_partner_id, %s
              FROM customer_today_answer a JOIN res_partner p ON p.id = a.partner_id
             WHERE a.kind = 'visit' AND a.answer = 'done' AND a.create_date >= %s
               AND %s
            """,
            self._day_of(SQL("a.create_date")),
            since,
            condition,
        )
        return [*super()._visit_queries(condition, since, today), answers]
