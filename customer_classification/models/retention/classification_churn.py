from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..customer.customer_lifecycle_stage import STAGE_SELECTION
from ..history.classification_history_mixin import COMPANY_BITS, DAY_KEYS

# Complete months that are looked at, before the running one.
MONTHS = 24
# A month in the id of a row: its number by this, which is more than the months.
_MONTH_BITS = 5
# Stages of who has bought and is not lost.
KEPT_STAGES = ("new", "active", "loyal", "dormant", "won_back")


class ClassificationChurn(models.Model):
    """One customer in one month: kept, or lost.

    Of each of the last 24 months and the running one, those customers who had bought
    and were not lost when it began. Lost are those whose lifecycle stage was Lost at
    its end, or is so today in the running month. The churn rate of a month is the
    share of the lost; that in revenue the share of theirs in the revenue of all, in
    the policy's window up to the day before the month. Worked out from the history
    when asked, see ``classification.history.mixin``.

    *Query budget*: one for the rows, one for the time zones, and one for the policies
    where revenue is read.
    """

    _name = "classification.churn"
    _inherit = "classification.history.revenue.mixin"
    _description = "Customer in a Month"
    _auto = False
    _order = "month desc, partner_id.id, company_id.id"
    _revenue_fields = {"revenue": None, "lost_revenue": "is_lost"}
    _id_bits = COMPANY_BITS + _MONTH_BITS

    month = fields.Date(readonly=True, depends_context=DAY_KEYS)
    is_partial = fields.Boolean(
        string="Running Month",
        readonly=True,
        depends_context=DAY_KEYS,
        help="The month has not ended: its rate still grows.",
    )
    tier_id = fields.Many2one(
        "customer.value.tier",
        string="Tier When It Began",
        readonly=True,
        depends_context=DAY_KEYS,
    )
    stage_id = fields.Many2one(
        "customer.lifecycle.stage",
        string="Stage When It Began",
        readonly=True,
        depends_context=DAY_KEYS,
    )
    cohort = fields.Date(
        string="First Purchase", readonly=True, depends_context=DAY_KEYS
    )
    reason_id = fields.Many2one(
        "customer.lost.reason",
        string="Reason",
        readonly=True,
        depends_context=DAY_KEYS,
    )
    is_lost = fields.Boolean(string="Lost", readonly=True, depends_context=DAY_KEYS)
    customer_count = fields.Integer(
        string="Customers",
        readonly=True,
        aggregator="sum",
        depends_context=DAY_KEYS,
        help="Had bought and were not lost when the month began.",
    )
    lost_count = fields.Integer(
        string="Lost Customers",
        readonly=True,
        aggregator="sum",
        depends_context=DAY_KEYS,
    )
    churn_rate = fields.Float(
        string="Churn Rate (%)",
        digits=(16, 1),
        readonly=True,
        aggregator="avg",
        depends_context=DAY_KEYS,
        help="Of 100 customers at the beginning of a month, those who were lost at its "
        "end.",
    )
    revenue = fields.Monetary(
        compute="_compute_revenue",
        search="_search_revenue",
        groups=MONEY_GROUP,
        help="Untaxed and net of refunds, in the window that ends before the month.",
    )
    lost_revenue = fields.Monetary(
        compute="_compute_revenue",
        search="_search_lost_revenue",
        groups=MONEY_GROUP,
        help="The revenue of the lost, in the window that ends before the month.",
    )
    revenue_churn_rate = fields.Float(
        string="Churn Rate in Revenue (%)",
        digits=(16, 1),
        compute="_compute_revenue_churn_rate",
        aggregator="avg",
        groups=MONEY_GROUP,
        help="Of 100 of revenue before a month, what the customers lost in it had "
        "bought.",
    )

    @property
    def _table_query(self):
        history = self.env["classification.history"].with_context(
            **{key: self.env.context.get(key) for key in DAY_KEYS},
            history_customer_ids=self.env.context.get("history_customer_ids"),
        )
        self.env["customer.loss"].flush_model()
        codes = [code for code, __ in STAGE_SELECTION]
        ids = self.env["classification.run"]._stage_ids()
        stages = dict(zip(codes, ids[1:], strict=True))
        return SQL(
            """
            SELECT ((s.partner_id::bigint << %(company_bits)s) + s.company_id)
                       * %(months)s + m.number %% %(months)s AS id,
                   s.partner_id, s.company_id, m.month, m.is_partial,
                   t.class_id AS tier_id, s.class_id AS stage_id,
                   f.first_purchase_date AS cohort, r.reason_id,
                   e.partner_id IS NOT NULL AS is_lost,
                   1 AS customer_count,
                   (e.partner_id IS NOT NULL)::integer AS lost_count,
                   CASE WHEN e.partner_id IS NULL THEN 0 ELSE 100 END::float8
                       AS churn_rate
              FROM (%(series)s) m
              JOIN (%(stages)s) s
                ON s.company_id = m.company_id AND s.class_id = ANY(%(kept)s)
               AND s.since < m.month AND (s.until IS NULL OR s.until >= m.month)
              LEFT JOIN (%(stages)s) e
                ON e.partner_id = s.partner_id AND e.company_id = s.company_id
               AND e.class_id = %(lost)s
               AND e.since <= m.last AND (e.until IS NULL OR e.until > m.last)
              LEFT JOIN (%(tiers)s) t
                ON t.partner_id = s.partner_id AND t.company_id = s.company_id
               AND t.since < m.month AND (t.until IS NULL OR t.until >= m.month)
              LEFT JOIN customer_profile f
                ON f.partner_id = s.partner_id AND f.company_id = s.company_id
              LEFT JOIN (SELECT DISTINCT ON (partner_id, company_id, month)
                                partner_id, company_id, reason_id,
                                date_trunc('month', lost_date)::date AS month
                           FROM customer_loss
                          ORDER BY partner_id, company_id, month, lost_date DESC) r
                ON r.partner_id = e.partner_id AND r.company_id = e.company_id
               AND r.month = m.month
            """,
            company_bits=COMPANY_BITS,
            months=1 << _MONTH_BITS,
            series=self._month_series(),
            stages=history._periods_query("lifecycle_stage"),
            tiers=history._periods_query("value_tier"),
            kept=[stages[code] for code in KEPT_STAGES],
            lost=stages["lost"],
        )

    @api.model
    def _last_days(self):
        """Return ``[(company, last day looked at, time zone)]``."""
        return self._company_days(self._context_day("history_date"))

    @api.model
    def _month_series(self):
        """Return SQL of the months of each company, with number and days."""
        return SQL(" UNION ALL ").join(
            SQL(
                """
                SELECT %(company)s AS company_id, month::date AS month,
                       LEAST(month + interval '1 month - 1 day', %(day)s)::date AS last,
                       month + interval '1 month' > %(day)s::date + 1 AS is_partial,
                       (extract(year FROM month) * 12 + extract(month FROM month))
                           ::integer AS number
                  FROM generate_series(%(first)s::timestamp, %(day)s::timestamp,
                                       '1 month') month
                """,
                company=company.id,
                first=self._first_month(day),
                day=day,
            )
            for company, day, __ in self._last_days()
        )

    @api.model
    def _first_month(self, day):
        return day.replace(day=1) - relativedelta(months=MONTHS)

    # Revenue

    @api.depends("partner_id", "company_id", "month", "is_lost")
    @api.depends_context(*DAY_KEYS)
    def _compute_revenue(self):
        """Revenue before the month, of these customers alone: two queries."""
        rows = self.env.execute_query(
            self._of_customers(self.partner_id.ids)._revenue_query("revenue")
        )
        found = {tuple(key): revenue for *key, revenue in rows}
        for row in self:
            key = (row.company_id.id, row.partner_id.id, row.month)
            row.revenue = found.get(key, 0)
            row.lost_revenue = row.is_lost and row.revenue

    @api.depends("revenue", "lost_revenue")
    @api.depends_context(*DAY_KEYS)
    def _compute_revenue_churn_rate(self):
        for row in self:
            row.revenue_churn_rate = 100 if row.is_lost and row.revenue > 0 else 0

    @api.model
    def _search_revenue(self, operator, value):
        return self._search_day_revenue("revenue", operator, value)

    @api.model
    def _search_lost_revenue(self, operator, value):
        return self._search_day_revenue("lost_revenue", operator, value)

    @api.model
    def _revenue_keys(self):
        return (*super()._revenue_keys(), "month")

    def _field_to_sql(self, alias, field_expr, query=None):
        """Return SQL of the share in revenue of a row, for its aggregate."""
        if field_expr != "revenue_churn_rate" or query is None:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        lost, every = (
            self._field_to_sql(alias, name, query)
            for name in ("lost_revenue", "revenue")
        )
        return SQL("100 * (%s / NULLIF(GREATEST(%s, 0), 0))::float8", lost, every)

    def _read_group_select(self, aggregate_spec, query):
        """Divide sums for the rate in revenue: rates of rows have no average."""
        if aggregate_spec != "revenue_churn_rate:avg":
            return super()._read_group_select(aggregate_spec, query)
        self._check_field_access(self._fields["revenue_churn_rate"], "read")
        lost, every = (
            self._field_to_sql(self._table, name, query)
            for name in ("lost_revenue", "revenue")
        )
        return SQL(
            "100 * (sum(GREATEST(COALESCE(%s, 0), 0))"
            " / NULLIF(sum(GREATEST(%s, 0)), 0))::float8",
            lost,
            every,
        )

    @api.model
    def _revenue_days(self, name):
        return self._last_days()

    @api.model
    def _company_revenue(self, company, day, policy):
        """Return SQL of the revenue of a company before each month."""
        scope, purchases = self._scoped_purchases(policy, day)
        if purchases is None:
            return self._unknown_revenue(company)
        query = SQL(
            """
            SELECT %(company)s AS company_id, d.customer_id AS partner_id, m.month,
                   NULLIF(sum(d.amount), 'NaN') AS revenue
              FROM (%(series)s) m
              JOIN (SELECT c.commercial_partner_id AS customer_id,
                           date_trunc('month', d.day)::date AS month,
                           sum(round(d.amount, %(digits)s)) AS amount
                      FROM (%(purchases)s) d
                      JOIN res_partner c ON c.id = d.partner_id
                     GROUP BY 1, 2) d
                ON d.month < m.month
               AND d.month >= m.month - make_interval(months => %(window)s)
             WHERE m.company_id = %(company)s
             GROUP BY d.customer_id, m.month
            """,
            company=company.id,
            digits=scope.digits,
            series=self._month_series(),
            purchases=purchases,
            window=policy.window_months,
        )
        return scope.with_rates(query)

    @api.model
    def _unknown_revenue(self, company):
        """Return SQL that knows the revenue of nobody."""
        return SQL(
            "SELECT %s AS company_id, p.id AS partner_id, m.month,"
            " NULL::numeric AS revenue FROM res_partner p, (%s) m"
            " WHERE p.commercial_partner_id = p.id",
            company.id,
            self._month_series(),
        )
