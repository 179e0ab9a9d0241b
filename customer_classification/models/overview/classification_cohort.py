from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..history.classification_history_mixin import COMPANY_BITS, DAY_KEYS

# Months of first purchases that are looked at, before the running one.
MONTHS = 12
# Bits of the months since the first purchase in the id of a row.
_AGE_BITS = 5


class ClassificationCohort(models.Model):
    """One customer in one month with documents, by first purchase month.

    Of those who bought for the first time in one of the last 12 months or in the
    running one. A month with refunds alone has their amount, and no purchase.
    """

    _name = "classification.cohort"
    _inherit = "classification.purchase.view.mixin"
    _description = "Customer in a Month after the First Purchase"
    _auto = False
    _order = "cohort desc, age, partner_id.id, company_id.id"
    _id_bits = COMPANY_BITS + _AGE_BITS

    cohort = fields.Date(
        string="Month of the First Purchase",
        readonly=True,
        depends_context=DAY_KEYS,
    )
    month = fields.Date(readonly=True, depends_context=DAY_KEYS)
    age = fields.Integer(
        string="Months Since",
        readonly=True,
        aggregator=None,
        depends_context=DAY_KEYS,
        help="Calendar months since that of the first purchase, which is 0.",
    )
    is_buyer = fields.Boolean(string="Bought", readonly=True, depends_context=DAY_KEYS)
    is_partial = fields.Boolean(
        string="Running Month",
        readonly=True,
        depends_context=DAY_KEYS,
        help="The month has not ended: its numbers still grow.",
    )
    revenue = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        depends_context=DAY_KEYS,
        help="Untaxed and net of refunds, in the month.",
    )

    @api.model
    def _rows_query(self, company, day, policy, purchases, digits):
        return SQL(
            """
            SELECT ((d.partner_id::bigint << %(company_bits)s) + %(company)s)
                       * %(ages)s + d.age AS id,
                   d.partner_id, %(company)s AS company_id, f.value_tier_id,
                   d.cohort, d.month, d.age, d.is_buyer, d.revenue,
                   d.month + interval '1 month' > %(day)s::date + 1 AS is_partial
              FROM (SELECT *, ((extract(year FROM month) - extract(year FROM cohort))
                               * 12 + extract(month FROM month)
                               - extract(month FROM cohort))::integer AS age
                      FROM (SELECT *, min(month) FILTER (WHERE is_buyer)
                                      OVER (PARTITION BY partner_id) AS cohort
                              FROM (%(months)s) by_month) dated
                     WHERE cohort >= %(first)s AND month >= cohort) d
              JOIN customer_profile f
                ON f.partner_id = d.partner_id AND f.company_id = %(company)s
            """,
            company_bits=COMPANY_BITS,
            ages=1 << _AGE_BITS,
            company=company.id,
            day=day,
            months=self._months_query(purchases, digits),
            first=day.replace(day=1) - relativedelta(months=MONTHS),
        )

    @api.model
    def _months_query(self, purchases, digits):
        """Return SQL of the documents of each customer by month."""
        return SQL(
            """
            SELECT c.commercial_partner_id AS partner_id,
                   date_trunc('month', d.day)::date AS month,
                   NULLIF(sum(round(d.amount::numeric, %(digits)s)), 'NaN') AS revenue,
                   bool_or(d.amount > 0 AND d.amount <> 'NaN') AS is_buyer
              FROM (%(purchases)s) d
              JOIN res_partner c ON c.id = d.partner_id
             GROUP BY 1, 2
            """,
            digits=digits,
            purchases=purchases,
        )
