from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .classification_history_mixin import COMPANY_BITS, DAY_KEYS
from .customer_profile import MONEY_GROUP, RISK_COLORS, RISK_SELECTION

# Days between the two dates where the first one is not given.
DEFAULT_DAYS = 90


class ClassificationMigration(models.Model):
    """One customer in one company on two days: from which classes to which.

    The days are ``history_from_date``, 90 days before the second one by default, and
    ``history_date``; see ``classification.history.mixin``. Whoever was a customer on
    one of them has a row.

    *Query budget*: one for the rows, one for the time zones.
    """

    _name = "classification.migration"
    _inherit = "classification.history.mixin"
    _description = "Customer between Two Days"
    _auto = False

    from_customer = fields.Boolean(
        string="Customer Before",
        readonly=True,
        depends_context=DAY_KEYS,
        help="Had a class on the first day.",
    )
    to_customer = fields.Boolean(
        string="Customer After",
        readonly=True,
        depends_context=DAY_KEYS,
        help="Had a class on the second day.",
    )
    from_tier_id = fields.Many2one(
        "customer.value.tier",
        string="Tier Before",
        readonly=True,
        depends_context=DAY_KEYS,
    )
    to_tier_id = fields.Many2one(
        "customer.value.tier",
        string="Tier After",
        readonly=True,
        depends_context=DAY_KEYS,
    )
    from_stage_id = fields.Many2one(
        "customer.lifecycle.stage",
        string="Stage Before",
        readonly=True,
        depends_context=DAY_KEYS,
    )
    to_stage_id = fields.Many2one(
        "customer.lifecycle.stage",
        string="Stage After",
        readonly=True,
        depends_context=DAY_KEYS,
    )
    from_risk = fields.Selection(
        RISK_SELECTION, string="Risk Before", readonly=True, depends_context=DAY_KEYS
    )
    to_risk = fields.Selection(
        RISK_SELECTION, string="Risk After", readonly=True, depends_context=DAY_KEYS
    )
    from_tier_color = fields.Integer(related="from_tier_id.color", string="From Color")
    to_tier_color = fields.Integer(related="to_tier_id.color", string="To Color")
    from_stage_color = fields.Integer(
        related="from_stage_id.color", string="From Stage Color"
    )
    to_stage_color = fields.Integer(
        related="to_stage_id.color", string="To Stage Color"
    )
    from_risk_color = fields.Integer(compute="_compute_risk_colors")
    to_risk_color = fields.Integer(compute="_compute_risk_colors")
    from_revenue = fields.Monetary(
        string="Revenue Before",
        readonly=True,
        groups=MONEY_GROUP,
        depends_context=DAY_KEYS,
        help="Net revenue in the window, as of the customer's last change up to the "
        "first day.",
    )
    to_revenue = fields.Monetary(
        string="Revenue After",
        readonly=True,
        groups=MONEY_GROUP,
        depends_context=DAY_KEYS,
        help="Net revenue in the window, as of the customer's last change up to the "
        "second day.",
    )

    @property
    def _table_query(self):
        first, last = self._days()
        return SQL(" UNION ALL ").join(
            self._company_query(company, first, last, zone)
            for company, __, zone in self._company_days(last)
        )

    @api.model
    def _company_query(self, company, first, last, zone):
        """The rows of one company. Whoever had a class up to the earlier day is among
        those who had one up to the later day, which so leads the join, in order."""
        later, earlier = SQL.identifier("later"), SQL.identifier("earlier")
        start, end = (earlier, later) if first <= last else (later, earlier)
        return SQL(
            """
            SELECT (partner_id::bigint << %(bits)s) + %(company)s AS id,
                   partner_id,
                   %(company)s AS company_id,
                   COALESCE(%(start)s.is_customer, FALSE) AS from_customer,
                   COALESCE(%(end)s.is_customer, FALSE) AS to_customer,
                   %(start)s.value_tier_id AS from_tier_id,
                   %(end)s.value_tier_id AS to_tier_id,
                   %(start)s.lifecycle_stage_id AS from_stage_id,
                   %(end)s.lifecycle_stage_id AS to_stage_id,
                   %(start)s.churn_risk AS from_risk,
                   %(end)s.churn_risk AS to_risk,
                   CASE WHEN %(start)s.is_customer THEN %(start)s.revenue END
                       AS from_revenue,
                   CASE WHEN %(end)s.is_customer THEN %(end)s.revenue END AS to_revenue
              FROM (%(later_query)s) later
              LEFT JOIN (%(earlier_query)s) earlier USING (partner_id)
             WHERE later.is_customer OR earlier.is_customer
            """,
            bits=COMPANY_BITS,
            company=company.id,
            start=start,
            end=end,
            later_query=self._latest_query(company, max(first, last), zone),
            earlier_query=self._latest_query(company, min(first, last), zone),
        )

    @api.depends("from_risk", "to_risk")
    @api.depends_context(*DAY_KEYS)
    def _compute_risk_colors(self):
        for row in self:
            row.from_risk_color = RISK_COLORS.get(row.from_risk, 0)
            row.to_risk_color = RISK_COLORS.get(row.to_risk, 0)

    @api.model
    def _days(self):
        """The two days that are compared."""
        last = self._context_day("history_date") or self._today()
        first = self._context_day("history_from_date")
        return first or last - timedelta(days=DEFAULT_DAYS), last
