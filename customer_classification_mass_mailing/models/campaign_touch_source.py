from odoo import api, models
from odoo.tools import SQL

# Went out and, as far as is known, arrived.
REACHED = ("pending", "sent", "open", "reply")


class CampaignTouchSource(models.AbstractModel):
    """Customers reached by mailings of a campaign, with clicks and replies.

    Opening a mail is not an answer: programs open mails, too.
    """

    _inherit = "campaign.touch.source"

    @api.model
    def _queries(self, policy, scope):
        return [*super()._queries(policy, scope), self._mailing_query(scope)]

    @api.model
    def _mailing_query(self, scope):
        """Return SQL of the mailing traces.

        A trace names a record: a contact, a document of one, or only an address,
        which is looked for among the contacts.
        """
        return SQL(
            _TOUCHES,
            reached=list(REACHED),
            sent=scope.day(SQL("t.sent_datetime")),
            answered=scope.day(SQL("t.answered")),
        )


_TOUCHES = """
    SELECT t.campaign_id, t.partner_id, step.day, step.step,
           'mailing'::varchar AS source, NULL::float8 AS feedback
      FROM (SELECT t.campaign_id, t.sent_datetime,
                   LEAST(t.links_click_datetime, t.reply_datetime) AS answered,
                   COALESCE(p.id, l.partner_id, o.partner_id, a.partner_id)
                       AS partner_id
              FROM mailing_trace t
              LEFT JOIN res_partner p
                ON t.model = 'res.partner' AND p.id = t.res_id
              LEFT JOIN crm_lead l ON t.model = 'crm.lead' AND l.id = t.res_id
              LEFT JOIN sale_order o
                ON t.model = 'sale.order' AND o.id = t.res_id
              LEFT JOIN (SELECT email_normalized, min(id) AS partner_id
                           FROM res_partner
                          WHERE active AND email_normalized IS NOT NULL
                          GROUP BY email_normalized) a
                ON a.email_normalized = t.email
             WHERE t.campaign_id IS NOT NULL
               AND t.trace_status = ANY(%(reached)s)
               AND t.is_test_trace IS NOT TRUE) t
      CROSS JOIN LATERAL (
            VALUES (%(sent)s, 'addressed'::varchar),
                   (%(answered)s, 'answered'::varchar)) step (day, step)
     WHERE step.day IS NOT NULL
"""
