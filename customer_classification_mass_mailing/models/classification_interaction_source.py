from odoo import api, models
from odoo.tools import SQL

from odoo.addons.customer_classification.models.common.zones import day_in


class ClassificationInteractionSource(models.AbstractModel):
    """Mailings that customers opened, clicked or answered.

    Each mailing is one interaction with a customer: the furthest step, on its day. A
    mailing that nobody opened is none.
    """

    _inherit = "classification.interaction.source"

    @api.model
    def _queries(self, zone, contact_ids=None):
        queries = super()._queries(zone, contact_ids)
        return [*queries, self._mailing_query(zone, contact_ids)]

    @api.model
    def _mailing_query(self, zone, contact_ids):
        """Return the select of the traces of mailings.

        A trace names a contact, a document of one, or an address of a mailing list,
        which is that of the oldest contact that has it.
        """
        for name in ("mailing.trace", "mailing.contact", "res.partner"):
            self.env[name].flush_model()
        return SQL(
            """
            SELECT d.partner_id, d.company_id, %(day)s,
                   CASE WHEN t.reply_datetime IS NOT NULL THEN 'mailing_answered'
                        WHEN t.links_click_datetime IS NOT NULL THEN 'mailing_clicked'
                        ELSE 'mailing_opened' END,
                   'in', NULL::integer, 'mailing.trace', t.id
              FROM (%(documents)s) d (model, res_id, partner_id, company_id)
              JOIN mailing_trace t ON t.model = d.model AND t.res_id = d.res_id
             WHERE t.open_datetime IS NOT NULL AND t.is_test_trace IS NOT TRUE
            """,
            day=day_in(
                zone,
                SQL(
                    "COALESCE(t.reply_datetime, t.links_click_datetime,"
                    " t.open_datetime)"
                ),
            ),
            documents=self._mailing_documents(contact_ids),
        )

    @api.model
    def _changed_queries(self, since):
        """Add customers whose mailings were opened, clicked or answered since."""
        changed = SQL(
            """
            SELECT d.partner_id
              FROM (%s) d (model, res_id, partner_id, company_id)
              JOIN mailing_trace t ON t.model = d.model AND t.res_id = d.res_id
             WHERE t.open_datetime IS NOT NULL AND t.write_date >= %s
            """,
            self._mailing_documents(None),
            since.written,
        )
        return [*super()._changed_queries(since), changed]

    @api.model
    def _mailing_documents(self, contact_ids):
        """Return the select of what a trace of a customer can name."""
        return SQL(
            """
            SELECT 'res.partner', p.id, p.id, p.company_id
              FROM res_partner p WHERE %(contacts)s
             UNION ALL
            SELECT 'crm.lead', l.id, l.partner_id, l.company_id
              FROM crm_lead l WHERE %(leads)s
             UNION ALL
            SELECT 'sale.order', o.id, o.partner_id, o.company_id
              FROM sale_order o WHERE %(orders)s
             UNION ALL
            SELECT 'mailing.contact', m.id, p.id, p.company_id
              FROM res_partner p
              JOIN mailing_contact m ON m.email_normalized = p.email_normalized
             WHERE p.active AND %(contacts)s AND NOT EXISTS (
                   SELECT 1 FROM res_partner older
                    WHERE older.active AND older.id < p.id
                      AND older.email_normalized = p.email_normalized)
            """,
            contacts=self._among(SQL("p.id"), contact_ids),
            leads=self._among(SQL("l.partner_id"), contact_ids),
            orders=self._among(SQL("o.partner_id"), contact_ids),
        )
