from odoo import api, models
from odoo.tools import SQL


class CampaignTouchSource(models.AbstractModel):
    """Event registrations as touches of a campaign.

    A registration is an answer, attendance is participation.
    """

    _inherit = "campaign.touch.source"

    @api.model
    def _queries(self, policy, scope):
        return [*super()._queries(policy, scope), self._event_query(scope)]

    @api.model
    def _event_query(self, scope):
        """Return SQL of the registrations for events.

        A registration without a contact is known by its address. Cancelled ones
        and drafts are left out.
        """
        return SQL(
            _TOUCHES,
            company=scope.company_id,
            registered=scope.day(SQL("r.registered")),
            came=scope.day(SQL("r.came")),
        )


_TOUCHES = """
    SELECT r.campaign_id, r.partner_id, step.day, step.step,
           'event'::varchar AS source, NULL::float8 AS feedback
      FROM (SELECT COALESCE(r.utm_campaign_id, e.customer_campaign_id)
                       AS campaign_id,
                   COALESCE(r.partner_id, a.partner_id) AS partner_id,
                   r.create_date AS registered,
                   CASE WHEN r.state = 'done'
                        THEN COALESCE(r.date_closed, e.date_begin) END AS came
              FROM event_registration r
              JOIN event_event e ON e.id = r.event_id
              LEFT JOIN (SELECT email_normalized, min(id) AS partner_id
                           FROM res_partner
                          WHERE active AND email_normalized IS NOT NULL
                          GROUP BY email_normalized) a
                ON a.email_normalized = lower(trim(r.email))
             WHERE r.active AND r.state IN ('open', 'done')
               AND (r.company_id = %(company)s OR r.company_id IS NULL)) r
      CROSS JOIN LATERAL (
            VALUES (%(registered)s, 'answered'::varchar),
                   (%(came)s, 'joined'::varchar)) step (day, step)
     WHERE r.campaign_id IS NOT NULL AND step.day IS NOT NULL
"""
