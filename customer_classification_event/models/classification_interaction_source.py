from odoo import api, models
from odoo.tools import SQL

from odoo.addons.customer_classification.models.common.zones import day_in


class ClassificationInteractionSource(models.AbstractModel):
    """Events that customers attended."""

    _inherit = "classification.interaction.source"

    @api.model
    def _queries(self, zone, contact_ids=None):
        queries = super()._queries(zone, contact_ids)
        return [*queries, self._event_query(zone, contact_ids)]

    @api.model
    def _event_query(self, zone, contact_ids):
        """Return the select of registrations of contacts who came."""
        self.env["event.registration"].flush_model()
        self.env["event.event"].flush_model(["date_begin", "user_id"])
        return SQL(
            """
            SELECT r.partner_id, r.company_id, %s, 'event', 'in', e.user_id,
                   'event.registration', r.id
              FROM event_registration r
              JOIN event_event e ON e.id = r.event_id
             WHERE r.active AND r.state = 'done' AND %s
            """,
            day_in(zone, SQL("COALESCE(r.date_closed, e.date_begin)")),
            self._among(SQL("r.partner_id"), contact_ids),
        )

    @api.model
    def _changed_queries(self, since):
        """Add contacts whose registrations were written since."""
        changed = SQL(
            "SELECT r.partner_id FROM event_registration r"
            " WHERE r.partner_id IS NOT NULL AND r.write_date >= %s",
            since.written,
        )
        return [*super()._changed_queries(since), changed]
