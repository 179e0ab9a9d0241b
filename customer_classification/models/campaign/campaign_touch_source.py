from odoo import api, models
from odoo.tools import SQL

# In the order in which a customer goes through them.
STEPS = ("addressed", "joined", "answered", "lead", "opportunity", "order")


class CampaignTouchSource(models.AbstractModel):
    """Touches: customers, campaigns and days, by documents.

    A glue addon adds its documents by extending :meth:`_queries`. Values entered in
    ``campaign.participant`` need not be repeated.
    """

    _name = "campaign.touch.source"
    _description = "Source of Touches with Campaigns"

    @api.model
    def _queries(self, policy, scope):
        """Return the selects of touches, one row a touch.

        A list of :class:`SQL` of ``(campaign_id integer, partner_id integer, day date,
        step varchar, source varchar, feedback float8)``.

        ``partner_id`` is the contact of the document, who is rolled up to its customer;
        ``step`` is one of :data:`STEPS`; ``source`` one of the selection of
        ``campaign.participant``; ``feedback`` is from 0 to 100, or NULL. Rows without
        campaign, contact or day, after the day of the run, or of campaigns of other
        companies may be among them: the caller leaves them out.

        :param policy: the ``classification.policy`` of the asking company
        :param scope: a :class:`Scope`, for days in the policy's time zone
        """
        return [
            self._lead_query(scope),
            self._order_query(scope),
            *self._invoice_queries(policy, scope),
        ]

    @api.model
    def _lead_query(self, scope):
        """Return the select of leads, also lost and archived ones.

        The customer was in touch all the same.
        """
        return SQL(
            """
            SELECT l.campaign_id, l.partner_id, %(day)s AS day,
                   (CASE l.type WHEN 'opportunity' THEN 'opportunity' ELSE 'lead' END
                   )::varchar AS step,
                   'document'::varchar AS source, NULL::float8 AS feedback
              FROM crm_lead l
             WHERE l.campaign_id IS NOT NULL
               AND (l.company_id = %(company)s OR l.company_id IS NULL)
            """,
            day=scope.day(SQL("l.create_date")),
            company=scope.company_id,
        )

    @api.model
    def _order_query(self, scope):
        """Confirmed orders that carry the campaign."""
        return SQL(
            """
            SELECT o.campaign_id, o.partner_id, %(day)s AS day,
                   'order'::varchar AS step,
                   'document'::varchar AS source, NULL::float8 AS feedback
              FROM sale_order o
             WHERE o.campaign_id IS NOT NULL AND o.state = 'sale'
               AND o.company_id = %(company)s
            """,
            day=scope.day(SQL("o.date_order")),
            company=scope.company_id,
        )

    @api.model
    def _invoice_queries(self, policy, scope):
        """Return the selects of customer invoices that carry a campaign.

        Only where invoices are the source: the sale of an invoice without an order is
        dated by it.
        """
        if policy.revenue_source != "invoice":
            return []
        return [
            SQL(
                """
                SELECT m.campaign_id, m.partner_id, m.invoice_date AS day,
                       'order'::varchar AS step,
                       'document'::varchar AS source, NULL::float8 AS feedback
                  FROM account_move m
                 WHERE m.campaign_id IS NOT NULL AND m.state = 'posted'
                   AND m.move_type IN ('out_invoice', 'out_receipt')
                   AND m.company_id = %s
                """,
                scope.company_id,
            )
        ]
