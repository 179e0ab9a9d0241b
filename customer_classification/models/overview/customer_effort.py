from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..history.classification_history_mixin import COMPANY_BITS, DAY_KEYS

# Complete months that are looked at, before the running one.
MONTHS = 12
# Bits of the month in the id of a row, which is more than the months.
_MONTH_BITS = 4
# {field: kinds of interactions that it counts}
EFFORTS = {
    "mail_count": ("mail",),
    "call_count": ("call",),
    "visit_count": ("visit",),
    "meeting_count": ("meeting",),
    "campaign_count": ("campaign",),
}
_ADDRESSED = SQL(
    "SELECT partner_id, company_id, addressed_date, 'campaign', 'out', NULL::integer,"
    " 'campaign.participant', id FROM campaign_participant"
    " WHERE is_control IS NOT TRUE AND addressed_date IS NOT NULL"
)


class CustomerEffort(models.Model):
    """Effort for one customer in one month, beside the purchases.

    E-mails and messages of ours, calls and visits done as activities, meetings, and
    being addressed by campaigns, each once a customer, and the net revenue of the
    month; of the last 12 months and the running one. Effort and revenue stand side by
    side: neither is the cause of the other.

    *Query budget*: that of ``classification.purchase.view.mixin``.
    """

    _name = "customer.effort"
    _inherit = "classification.purchase.view.mixin"
    _description = "Effort for a Customer in a Month"
    _auto = False
    _order = "month desc, partner_id.id, company_id.id"
    _id_bits = COMPANY_BITS + _MONTH_BITS

    month = fields.Date(readonly=True, depends_context=DAY_KEYS)
    is_partial = fields.Boolean(
        string="Running Month",
        readonly=True,
        depends_context=DAY_KEYS,
        help="The month has not ended: its numbers still grow.",
    )
    mail_count = fields.Integer(
        string="E-mails and Messages",
        readonly=True,
        aggregator="sum",
        depends_context=DAY_KEYS,
        help="Of ours to the customer.",
    )
    call_count = fields.Integer(
        string="Calls", readonly=True, aggregator="sum", depends_context=DAY_KEYS
    )
    visit_count = fields.Integer(
        string="Visits",
        readonly=True,
        aggregator="sum",
        depends_context=DAY_KEYS,
        help="Done as activities of the kind Meeting.",
    )
    meeting_count = fields.Integer(
        string="Meetings",
        readonly=True,
        aggregator="sum",
        depends_context=DAY_KEYS,
        help="In the calendar, with somebody of the customer.",
    )
    campaign_count = fields.Integer(
        string="Addressed by Campaigns",
        readonly=True,
        aggregator="sum",
        depends_context=DAY_KEYS,
    )
    effort_count = fields.Integer(
        string="Effort",
        readonly=True,
        aggregator="sum",
        depends_context=DAY_KEYS,
        help="E-mails, calls, visits, meetings and campaigns together.",
    )
    order_count = fields.Integer(
        string="Purchases", readonly=True, aggregator="sum", depends_context=DAY_KEYS
    )
    revenue = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        depends_context=DAY_KEYS,
        help="Untaxed and net of refunds, in the month.",
    )

    @api.model
    def _rows_query(self, company, day, policy, purchases, digits):
        first = day.replace(day=1) - relativedelta(months=MONTHS)
        return SQL(
            """
            SELECT ((f.partner_id::bigint << %(company_bits)s) + %(company)s)
                       * %(months)s
                       + ((extract(year FROM m.month) - %(year)s) * 12
                          + extract(month FROM m.month) - %(first_month)s)::integer
                       AS id,
                   f.partner_id, %(company)s AS company_id, f.value_tier_id, m.month,
                   m.month + interval '1 month' > %(day)s::date + 1 AS is_partial,
                   %(counts)s, %(total)s AS effort_count, m.order_count, m.revenue
              FROM (SELECT d.partner_id, d.month, %(sums)s,
                           COALESCE(sum(d.orders), 0)::integer AS order_count,
                           NULLIF(sum(d.revenue), 'NaN') AS revenue
                      FROM (%(purchases)s UNION ALL %(efforts)s) d
                     GROUP BY 1, 2) m
              JOIN customer_profile f
                ON f.partner_id = m.partner_id AND f.company_id = %(company)s
            """,
            company_bits=COMPANY_BITS,
            company=company.id,
            months=1 << _MONTH_BITS,
            year=first.year,
            first_month=first.month,
            day=day,
            counts=SQL(", ").join(
                SQL("m.%s", SQL.identifier(name)) for name in EFFORTS
            ),
            total=SQL(" + ").join(
                SQL("m.%s", SQL.identifier(name)) for name in EFFORTS
            ),
            sums=SQL(", ").join(
                SQL(
                    "(count(*) FILTER (WHERE d.kind = ANY(%s)))::integer AS %s",
                    list(kinds),
                    SQL.identifier(name),
                )
                for name, kinds in EFFORTS.items()
            ),
            purchases=self._purchase_months(purchases, digits, first),
            efforts=self._effort_months(company, policy, first, day),
        )

    @api.model
    def _purchase_months(self, purchases, digits, first):
        """Return SQL of the purchases of customers by month."""
        return SQL(
            """
            SELECT c.commercial_partner_id AS partner_id,
                   date_trunc('month', p.day)::date AS month, NULL::varchar AS kind,
                   count(*) FILTER (WHERE p.amount > 0 AND p.amount <> 'NaN') AS orders,
                   sum(round(p.amount::numeric, %(digits)s)) AS revenue
              FROM (%(purchases)s) p
              JOIN res_partner c ON c.id = p.partner_id
             WHERE p.day >= %(first)s
             GROUP BY 1, 2
            """,
            digits=digits,
            purchases=purchases,
            first=first,
        )

    @api.model
    def _effort_months(self, company, policy, first, day):
        """Return SQL of what was done, one row a customer and document."""
        source = self.env["classification.interaction.source"].sudo()
        queries = source._queries(policy.tz if policy else "UTC")
        self.env["campaign.participant"].flush_model()
        return SQL(
            """
            SELECT e.partner_id, e.month, e.kind, 0::bigint, 0::numeric
              FROM (SELECT DISTINCT c.commercial_partner_id AS partner_id,
                           date_trunc('month', i.day)::date AS month, i.kind,
                           i.res_model, i.res_id
                      FROM (%(rows)s UNION ALL %(campaigns)s)
                           AS i(partner_id, company_id, day, kind, direction, user_id,
                                res_model, res_id)
                      JOIN res_partner c ON c.id = i.partner_id
                     WHERE i.direction = 'out' AND i.day BETWEEN %(first)s AND %(day)s
                       AND (i.company_id IS NULL OR i.company_id = %(company)s)) e
            """,
            rows=SQL(" UNION ALL ").join(queries),
            campaigns=_ADDRESSED,
            first=first,
            day=day,
            company=company.id,
        )
