from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..common.searched_values import searched_by_sql
from ..customer.res_partner import USER_GROUP

CHANNEL_SELECTION = [
    ("email", "Email"),
    ("phone", "Phone"),
    ("message", "Text or Chat Message"),
    ("social", "Social Media"),
    ("in_person", "In Person"),
    ("mail", "Mail"),
]


class ResPartner(models.Model):
    """How a customer likes to be reached: what was said, and what is seen."""

    # One file for each idea of a contact.
    _inherit = "res.partner"  # pylint: disable=consider-merging-classes-inherited

    customer_preferred_channel = fields.Selection(
        CHANNEL_SELECTION,
        string="Preferred Channel",
        groups=USER_GROUP,
        help="As this contact told you; each contact of a company has its own.",
    )
    customer_seen_channel = fields.Selection(
        CHANNEL_SELECTION,
        string="Seen Channel",
        compute="_compute_customer_seen_channel",
        search="_search_customer_seen_channel",
        compute_sudo=True,
        groups=USER_GROUP,
        help="By which way the customer was in touch most often in the last twelve "
        "months, all contacts of the company together: emails received from them, "
        "phone calls done as activities on a contact or an opportunity, meetings that "
        "took place. Where two are equal, the latest counts.",
    )

    @api.depends("commercial_partner_id")
    def _compute_customer_seen_channel(self):
        """One query."""
        seen = dict(
            self.env.execute_query(
                self._customer_seen_channel_query(
                    SQL(
                        "p.commercial_partner_id = ANY(%s)",
                        self._shown_customers().ids,
                    )
                )
            )
        )
        for partner in self:
            partner.customer_seen_channel = seen.get(partner.commercial_partner_id.id)

    @api.model
    def _search_customer_seen_channel(self, operator, value):
        return searched_by_sql(self, "customer_seen_channel", operator, value)

    @api.model
    def _customer_sql_fields(self):
        return {
            **super()._customer_sql_fields(),
            "customer_seen_channel": self._customer_seen_channel_sql,
        }

    @api.model
    def _customer_seen_channel_sql(self, alias, query):
        joined = query.make_alias(alias, "customer_seen_channel")
        query.add_join(
            "LEFT JOIN",
            joined,
            SQL("(%s)", self._customer_seen_channel_query(SQL("TRUE"))),
            SQL(
                "%s = %s",
                SQL.identifier(joined, "partner_id"),
                self._field_to_sql(alias, "commercial_partner_id", query),
            ),
        )
        return SQL.identifier(joined, "channel")

    @api.model
    def _customer_seen_channel_query(self, condition):
        """``(partner_id, channel)`` of the commercial partners whose contacts, ``p``,
        hold to a condition."""
        for name in ("mail.message", "mail.activity", "calendar.event", "crm.lead"):
            self.env[name].flush_model()
        self.flush_model(["commercial_partner_id"])
        today = fields.Date.today()
        return SQL(
            """
            SELECT DISTINCT ON (partner_id) partner_id, channel
              FROM (SELECT partner_id, channel,
                           COUNT(*) AS number, MAX(day) AS latest
                      FROM (%s UNION ALL %s UNION ALL %s) contact
                     GROUP BY partner_id, channel) seen
             ORDER BY partner_id, number DESC, latest DESC, channel
            """,
            *self._customer_contact_queries(
                condition, today - relativedelta(years=1), today
            ),
        )

    @api.model
    def _customer_contact_queries(self, condition, since, today):
        emails = SQL(
            """SELECT p.commercial_partner_id AS partner_id, 'email' AS channel,
                      m.date::date AS day
                 FROM mail_message m JOIN res_partner p ON p.id = m.author_id
                WHERE m.message_type = 'email' AND m.date >= %s AND %s""",
            since,
            condition,
        )
        calls = SQL(
            """SELECT p.commercial_partner_id, 'phone', a.date_done
                 FROM mail_activity a
                 JOIN mail_activity_type t
                   ON t.id = a.activity_type_id AND t.category = 'phonecall'
                 LEFT JOIN crm_lead l
                   ON a.res_model = 'crm.lead' AND l.id = a.res_id
                 JOIN res_partner p
                   ON p.id = CASE a.res_model WHEN 'res.partner' THEN a.res_id
                                              ELSE l.partner_id END
                WHERE a.active IS NOT TRUE AND a.date_done >= %s AND %s""",
            since,
            condition,
        )
        meetings = SQL(
            """SELECT p.commercial_partner_id, 'in_person', e.start::date
                 FROM calendar_event e
                 JOIN calendar_event_res_partner_rel r ON r.calendar_event_id = e.id
                 JOIN res_partner p ON p.id = r.res_partner_id
                WHERE e.active AND e.start >= %s AND e.start < %s AND %s""",
            since,
            today,
            condition,
        )
        return emails, calls, meetings
