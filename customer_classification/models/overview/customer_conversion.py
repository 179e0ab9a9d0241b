from odoo import api, fields, models
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..history.classification_history_mixin import COMPANY_BITS


class CustomerConversion(models.Model):
    """One customer in one company, from the first lead to the second purchase.

    Those with a lead or opportunity, and those who bought. The source and the medium
    and the campaign are those of the first lead, else of the first confirmed order; the
    salesperson is
    that of the first order, else of the first lead. What was bought is that of the
    customer's profile.

    *Query budget*: one for the rows.
    """

    _name = "customer.conversion"
    _inherit = "classification.counted.once.mixin"
    _description = "Customer from Lead to Loyalty"
    _auto = False
    _order = "first_purchase_date desc nulls last, id"
    _rec_name = "partner_id"
    # Most customers came by no campaign.
    _subject_is_optional = True
    _depends = {
        "customer.profile": [
            *("partner_id", "company_id", "first_purchase_date", "visit_count"),
            *("lifetime_revenue", "value_tier_id", "order_count"),
        ],
        "crm.lead": [
            *("partner_id", "company_id", "source_id", "medium_id", "user_id"),
            "campaign_id",
        ],
        "sale.order": [
            *("partner_id", "company_id", "source_id", "medium_id", "user_id"),
            *("campaign_id", "state", "date_order"),
        ],
    }
    _ratios = {
        "conversion_rate": ("converted_count", "lead_count", 100, 0),
        "repeat_rate": ("repeat_count", "customer_count", 100, 0),
        "retention_rate": ("kept_count", "customer_count", 100, 0),
        "customer_value": ("revenue", "customer_count", 1, 0),
    }
    _weighted_by = {"days_to_purchase": "converted_count"}

    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    value_tier_id = fields.Many2one("customer.value.tier", readonly=True)
    source_id = fields.Many2one("utm.source", readonly=True)
    medium_id = fields.Many2one("utm.medium", string="Marketing Medium", readonly=True)
    campaign_id = fields.Many2one("utm.campaign", readonly=True)
    user_id = fields.Many2one(
        "res.users",
        string="Salesperson",
        readonly=True,
        help="Of the first order, else of the first lead.",
    )
    lead_date = fields.Date(string="First Lead", readonly=True)
    first_purchase_date = fields.Date(string="First Purchase", readonly=True)
    lead_count = fields.Integer(
        string="With a Lead",
        readonly=True,
        help="Customers with a lead or opportunity.",
    )
    converted_count = fields.Integer(
        string="Converted",
        readonly=True,
        help="Had a lead, and bought for the first time on its day or later.",
    )
    conversion_rate = fields.Float(
        string="Conversion Rate (%)",
        digits=(16, 1),
        readonly=True,
        aggregator="avg",
        help="Of 100 customers with a lead, those who bought for the first time on "
        "its day or later.",
    )
    days_to_purchase = fields.Integer(
        string="Days to First Purchase",
        readonly=True,
        aggregator="avg",
        help="From the first lead, of those who were converted.",
    )
    customer_count = fields.Integer(string="Bought", readonly=True)
    repeat_count = fields.Integer(
        string="Bought Again",
        readonly=True,
        help="Customers with purchases on two days or more.",
    )
    repeat_rate = fields.Float(
        string="Repeat Purchase Rate (%)",
        digits=(16, 1),
        readonly=True,
        aggregator="avg",
        help="Of 100 customers who bought, those who bought on two days or more.",
    )
    kept_count = fields.Integer(
        string="Still Buying",
        readonly=True,
        help="Customers with an order in the window of the rules.",
    )
    retention_rate = fields.Float(
        string="Retention Rate (%)",
        digits=(16, 1),
        readonly=True,
        aggregator="avg",
        help="Of 100 customers who ever bought, those with an order in the window of "
        "the rules.",
    )
    revenue = fields.Monetary(
        string="Revenue in All",
        readonly=True,
        groups=MONEY_GROUP,
        help="Untaxed and net of refunds, over all time.",
    )
    customer_value = fields.Monetary(
        string="Revenue per Customer",
        readonly=True,
        groups=MONEY_GROUP,
        aggregator="avg",
        help="Revenue in all divided by the customers who bought.",
    )

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT r.*, 100.0 * r.converted_count / NULLIF(r.lead_count, 0)
                       AS conversion_rate,
                   100.0 * r.repeat_count / NULLIF(r.customer_count, 0) AS repeat_rate,
                   100.0 * r.kept_count / NULLIF(r.customer_count, 0)
                       AS retention_rate,
                   r.revenue / NULLIF(r.customer_count, 0) AS customer_value,
                   CASE WHEN r.converted_count = 1
                        THEN r.first_purchase_date - r.lead_date END
                       AS days_to_purchase
              FROM (SELECT (f.partner_id::bigint << %(bits)s) + f.company_id AS id,
                           f.partner_id, f.company_id, f.value_tier_id,
                           f.first_purchase_date, f.lifetime_revenue AS revenue,
                           l.day AS lead_date,
                           CASE WHEN l.day IS NULL THEN o.source_id ELSE l.source_id
                           END AS source_id,
                           CASE WHEN l.day IS NULL THEN o.medium_id ELSE l.medium_id
                           END AS medium_id,
                           CASE WHEN l.day IS NULL THEN o.campaign_id
                           ELSE l.campaign_id END AS campaign_id,
                           CASE WHEN o.day IS NULL THEN l.user_id ELSE o.user_id
                           END AS user_id,
                           (l.day IS NOT NULL)::integer AS lead_count,
                           (f.first_purchase_date IS NOT NULL)::integer
                               AS customer_count,
                           COALESCE(l.day <= f.first_purchase_date, FALSE)::integer
                               AS converted_count,
                           (f.visit_count > 1)::integer AS repeat_count,
                           (f.first_purchase_date IS NOT NULL
                            AND f.order_count > 0)::integer AS kept_count
                      FROM customer_profile f
                      LEFT JOIN (%(leads)s) l
                        ON l.partner_id = f.partner_id AND l.company_id = f.company_id
                      LEFT JOIN (%(orders)s) o
                        ON o.partner_id = f.partner_id AND o.company_id = f.company_id
                     WHERE f.company_id = ANY(%(companies)s)
                       AND (l.day IS NOT NULL OR f.first_purchase_date IS NOT NULL)) r
            """,
            bits=COMPANY_BITS,
            leads=self._first_query("crm_lead", "create_date", SQL("TRUE")),
            orders=self._first_query(
                "sale_order", "date_order", SQL("d.state = 'sale'")
            ),
            companies=self.env.companies.ids,
        )

    @api.model
    def _first_query(self, table, day, condition):
        """Return SQL of the first document of each customer in a company.

        One without a company is one of each. Days are those of the company's rules, as
        the day of the first purchase is.
        """
        return SQL(
            """
            SELECT DISTINCT ON (c.commercial_partner_id, k.id)
                   c.commercial_partner_id AS partner_id, k.id AS company_id,
                   (d.%(day)s AT TIME ZONE 'UTC' AT TIME ZONE COALESCE(y.tz, 'UTC')
                   )::date AS day, d.source_id, d.medium_id, d.user_id, d.campaign_id
              FROM %(table)s d
              JOIN res_partner c ON c.id = d.partner_id
              JOIN unnest(%(companies)s) k(id)
                ON d.company_id IS NULL OR d.company_id = k.id
              LEFT JOIN classification_policy y
                ON y.company_id = k.id AND y.state = 'published'
             WHERE %(condition)s
             ORDER BY c.commercial_partner_id, k.id, d.%(day)s, d.id
            """,
            day=SQL.identifier(day),
            table=SQL.identifier(table),
            companies=self.env.companies.ids,
            condition=condition,
        )
