from odoo import api, fields, models
from odoo.tools import SQL

from ..common.zones import day_in
from ..source.classification_source import Scope

# Partners of the people who work for us.
OURS = SQL("(SELECT u.partner_id FROM res_users u WHERE u.share IS NOT TRUE)")
# {kind of activity: kind of interaction}
_ACTIVITIES = {"phonecall": "call", "meeting": "visit"}


class ClassificationInteractionSource(models.AbstractModel):
    """Interactions with customers, by what they were done in.

    A glue addon adds its documents by extending :meth:`_queries`, as with
    ``classification.source`` and purchases. Messages are counted without being read.
    """

    _name = "classification.interaction.source"
    _description = "Source of Interactions"

    @api.model
    def _queries(self, zone, contact_ids=None):
        """Return the selects of interactions, one row an interaction.

        A list of :class:`SQL` of ``(partner_id integer, company_id integer, day date,
        kind varchar, direction varchar, user_id integer, res_model varchar, res_id
        integer)``.

        ``partner_id`` is the contact, who is rolled up to the customer; ``company_id``
        NULL counts for every company; ``direction`` is *in* where the customer began,
        else *out*; the last two are the document. Days are those of the zone: who
        asks for several companies asks once for each zone of their rules. Rows of days
        to come may be among them: the caller leaves them out.

        :param zone: name of the time zone in which moments have their day
        :param contact_ids: ids of contacts, or None for all
        """
        self._flush()
        return [
            self._received_query(zone, contact_ids),
            self._sent_query(zone, contact_ids),
            self._activity_query(contact_ids),
            self._meeting_query(zone, contact_ids),
            self._lead_query(zone, contact_ids),
            self._form_query(zone, contact_ids),
            self._quotation_query(zone, contact_ids),
        ]

    @api.model
    def _flush(self):
        for name in (
            *("mail.message", "mail.notification", "mail.activity", "calendar.event"),
            *("calendar.attendee", "crm.lead", "sale.order", "res.users"),
        ):
            self.env[name].flush_model()

    @api.model
    def _among(self, column, contact_ids):
        """Return the SQL of the contacts that are asked for."""
        if contact_ids is None:
            return SQL("%s IS NOT NULL", column)
        return SQL("%s = ANY(%s)", column, contact_ids)

    @api.model
    def _received_query(self, zone, contact_ids):
        """Return the select of e-mails and portal messages of customers."""
        return SQL(
            """
            SELECT m.author_id AS partner_id, m.record_company_id AS company_id,
                   %s AS day, 'mail'::varchar AS kind,
                   'in'::varchar AS direction, NULL::integer AS user_id,
                   'mail.message'::varchar AS res_model, m.id AS res_id
              FROM mail_message m
             WHERE m.message_type IN ('email', 'comment') AND %s
               AND m.author_id NOT IN %s
            """,
            day_in(zone, SQL("m.date")),
            self._among(SQL("m.author_id"), contact_ids),
            OURS,
        )

    @api.model
    def _sent_query(self, zone, contact_ids):
        """Return the select of what our people wrote to customers."""
        return SQL(
            """
            SELECT n.res_partner_id, m.record_company_id, %s, 'mail', 'out',
                   m.create_uid, 'mail.message', m.id
              FROM mail_notification n
              JOIN mail_message m ON m.id = n.mail_message_id
             WHERE n.notification_type = 'email' AND %s
               AND m.message_type IN ('email', 'comment', 'email_outgoing')
               AND m.author_id IN %s AND n.res_partner_id NOT IN %s
            """,
            day_in(zone, SQL("m.date")),
            self._among(SQL("n.res_partner_id"), contact_ids),
            OURS,
            OURS,
        )

    @api.model
    def _activity_query(self, contact_ids):
        """Return the select of calls and visits that were done as activities."""
        partner = SQL("COALESCE(l.partner_id, o.partner_id, p.id)")
        kinds = SQL(" ").join(
            SQL("WHEN %s THEN %s", *pair) for pair in _ACTIVITIES.items()
        )
        return SQL(
            """
            SELECT %(partner)s, COALESCE(l.company_id, o.company_id), a.date_done,
                   (CASE t.category %(kinds)s END)::varchar, 'out', a.user_id,
                   'mail.activity', a.id
              FROM mail_activity a
              JOIN mail_activity_type t ON t.id = a.activity_type_id
              LEFT JOIN crm_lead l ON a.res_model = 'crm.lead' AND l.id = a.res_id
              LEFT JOIN sale_order o ON a.res_model = 'sale.order' AND o.id = a.res_id
              LEFT JOIN res_partner p ON a.res_model = 'res.partner' AND p.id = a.res_id
             WHERE a.active IS NOT TRUE AND a.date_done IS NOT NULL
               AND t.category = ANY(%(categories)s) AND %(among)s AND %(places)s
            """,
            partner=partner,
            kinds=kinds,
            categories=list(_ACTIVITIES),
            among=self._among(partner, contact_ids),
            places=self._activity_places(contact_ids),
        )

    @api.model
    def _activity_places(self, contact_ids):
        """Return the SQL of the documents of contacts, by which there is an index."""
        if contact_ids is None:
            return SQL("TRUE")
        return SQL(
            """
            (a.res_model = 'res.partner' AND a.res_id = ANY(%(ids)s)
             OR a.res_model = 'crm.lead' AND a.res_id = ANY(ARRAY(
                SELECT id FROM crm_lead WHERE partner_id = ANY(%(ids)s)))
             OR a.res_model = 'sale.order' AND a.res_id = ANY(ARRAY(
                SELECT id FROM sale_order WHERE partner_id = ANY(%(ids)s))))
            """,
            ids=contact_ids,
        )

    @api.model
    def _meeting_query(self, zone, contact_ids):
        """Return the select of meetings that took place, one row an attendee.

        A meeting of whole days has its own last day, wherever one is.
        """
        return SQL(
            """
            SELECT d.partner_id, NULL::integer,
                   CASE WHEN e.allday THEN e.stop_date ELSE %s END, 'meeting', 'out',
                   e.user_id, 'calendar.event', e.id
              FROM calendar_attendee d
              JOIN calendar_event e ON e.id = d.event_id
             WHERE e.active AND e.stop <= %s AND d.state IS DISTINCT FROM 'declined'
               AND %s AND d.partner_id NOT IN %s
            """,
            day_in(zone, SQL("e.stop")),
            fields.Datetime.now(),
            self._among(SQL("d.partner_id"), contact_ids),
            OURS,
        )

    @api.model
    def _lead_query(self, zone, contact_ids):
        return SQL(
            """
            SELECT l.partner_id, l.company_id, %s, 'enquiry', 'in', l.user_id,
                   'crm.lead', l.id
              FROM crm_lead l
             WHERE %s
            """,
            day_in(zone, SQL("l.create_date")),
            self._among(SQL("l.partner_id"), contact_ids),
        )

    @api.model
    def _form_query(self, zone, contact_ids):
        """Return the select of enquiries that name an address and no contact.

        As those of the contact form of a website, where nobody need be logged in. They
        are of the oldest contact that has the address.
        """
        return SQL(
            "SELECT f.partner_id, l.company_id, %s, 'enquiry', 'in', l.user_id,"
            " 'crm.lead', l.id FROM (%s) f JOIN crm_lead l ON l.id = f.id",
            day_in(zone, SQL("l.create_date")),
            self._form_contacts(self._among(SQL("p.id"), contact_ids)),
        )

    @api.model
    def _form_contacts(self, condition):
        """Return the select ``(id of the enquiry, partner_id)`` by address."""
        self.env["res.partner"].flush_model(["email_normalized", "active"])
        return SQL(
            """
            SELECT l.id, p.id AS partner_id
              FROM crm_lead l
              JOIN res_partner p ON p.email_normalized = l.email_normalized
             WHERE l.partner_id IS NULL AND p.active AND p.id NOT IN %s AND %s
               AND NOT EXISTS (
                   SELECT 1 FROM res_partner older
                    WHERE older.active AND older.id < p.id
                      AND older.email_normalized = p.email_normalized)
            """,
            OURS,
            condition,
        )

    @api.model
    def _quotation_query(self, zone, contact_ids):
        """Return the select of quotations, also of those that were confirmed.

        Without confirmed ones where the context has the ``Scope`` of a run that knows
        their days from the purchases that it reads; clients cannot send one.
        """
        sale, without = self.env["classification.source.sale"], SQL("TRUE")
        if isinstance(scope := self.env.context.get("orders_known"), Scope):
            without = SQL(
                "(o.state <> 'sale' OR NOT %s)", scope.until(SQL("o.date_order"))
            )
        return SQL(
            """
            SELECT o.partner_id, o.company_id, %s, 'quotation', 'in',
                   o.user_id, 'sale.order', o.id
              FROM sale_order o
             WHERE o.state <> 'cancel' AND %s AND %s AND %s
            """,
            sale._quotation_day(zone),
            sale._is_quotation(),
            without,
            self._among(SQL("o.partner_id"), contact_ids),
        )

    @api.model
    def _answered_enquiry_query(self, zone, contact_ids=None):
        """Return the select of enquiries that one of us answered.

        ``(partner_id, company_id, day, answer_day, lost_day)``: by an e-mail or a
        comment that the customer sees, a call or a visit; ``lost_day`` is NULL unless
        it was lost.
        """
        self._flush()
        return SQL(
            """
            SELECT l.partner_id, l.company_id, %(created)s AS day,
                   answer.day AS answer_day,
                   CASE WHEN l.active IS NOT TRUE OR l.won_status = 'lost'
                        THEN COALESCE(%(closed)s, DATE '-infinity')
                        END AS lost_day
              FROM crm_lead l
             CROSS JOIN LATERAL (
                   SELECT min(a.day) AS day FROM (
                          SELECT %(written)s AS day
                            FROM mail_message m
                            LEFT JOIN mail_message_subtype s ON s.id = m.subtype_id
                           WHERE m.model = 'crm.lead' AND m.res_id = l.id
                             AND m.message_type IN ('email', 'comment',
                                                    'email_outgoing')
                             AND m.is_internal IS NOT TRUE AND s.internal IS NOT TRUE
                             AND m.author_id IN %(ours)s
                           UNION ALL
                          SELECT d.date_done
                            FROM mail_activity d
                            JOIN mail_activity_type t ON t.id = d.activity_type_id
                           WHERE d.res_model = 'crm.lead' AND d.res_id = l.id
                             AND d.active IS NOT TRUE
                             AND t.category = ANY(%(categories)s)) a) answer
             WHERE answer.day IS NOT NULL AND %(among)s
            """,
            created=day_in(zone, SQL("l.create_date")),
            closed=day_in(zone, SQL("l.date_closed")),
            written=day_in(zone, SQL("m.date")),
            ours=OURS,
            categories=list(_ACTIVITIES),
            among=self._among(SQL("l.partner_id"), contact_ids),
        )

    @api.model
    def _changed_queries(self, since):
        """Return selects of contacts with interactions that were written since.

        Or that took place since. Enquiries and quotations are looked at in any case.

        :param since: the ``Since`` of the last run
        """
        return [
            self._changed_message_query(since),
            self._changed_activity_query(since),
            SQL(
                """
                SELECT d.partner_id
                  FROM calendar_event e
                  JOIN calendar_attendee d ON d.event_id = e.id
                 WHERE d.partner_id IS NOT NULL
                   AND (e.write_date >= %(written)s OR d.write_date >= %(written)s
                        OR e.stop >= %(written)s AND e.stop <= %(now)s)
                """,
                written=since.written,
                now=fields.Datetime.now(),
            ),
            SQL(
                "SELECT f.partner_id FROM (%s) f",
                self._form_contacts(SQL("l.write_date >= %s", since.written)),
            ),
        ]

    @api.model
    def _changed_message_query(self, since):
        """Return the select of whom new messages are from, to or about.

        About are the customers of opportunities: an answer of ours may reach nobody by
        e-mail.
        """
        return SQL(
            """
            SELECT whose.partner_id
              FROM mail_message m
             CROSS JOIN LATERAL (
                   SELECT m.author_id AS partner_id
                    WHERE m.author_id IS NOT NULL AND m.author_id NOT IN %(ours)s
                    UNION ALL
                   SELECT n.res_partner_id FROM mail_notification n
                    WHERE n.mail_message_id = m.id AND n.notification_type = 'email'
                    UNION ALL
                   SELECT l.partner_id FROM crm_lead l
                    WHERE m.model = 'crm.lead' AND l.id = m.res_id) whose
             WHERE m.create_date >= %(written)s
               AND m.message_type IN ('email', 'comment', 'email_outgoing')
               AND whose.partner_id IS NOT NULL
            """,
            ours=OURS,
            written=since.written,
        )

    @api.model
    def _changed_activity_query(self, since):
        """Return the select of whose calls and visits were done since."""
        partner = SQL("COALESCE(l.partner_id, o.partner_id, p.id)")
        return SQL(
            """
            SELECT %(partner)s
              FROM mail_activity a
              LEFT JOIN crm_lead l ON a.res_model = 'crm.lead' AND l.id = a.res_id
              LEFT JOIN sale_order o ON a.res_model = 'sale.order' AND o.id = a.res_id
              LEFT JOIN res_partner p ON a.res_model = 'res.partner' AND p.id = a.res_id
             WHERE a.active IS NOT TRUE AND a.write_date >= %(written)s
               AND %(partner)s IS NOT NULL
            """,
            partner=partner,
            written=since.written,
        )
