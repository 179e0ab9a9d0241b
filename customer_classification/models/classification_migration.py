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

    *Query budget*: one for the rows, one for the time zones, and what revenue takes.
    """

    _name = "classification.migration"
    _inherit = "classification.history.revenue.mixin"
    _description = "Customer between Two Days"
    _auto = False
    _revenue_fields = {"from_revenue": "from_customer", "to_revenue": "to_customer"}

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
    from_tier_color = fields.Integer(
        related="from_tier_id.color", string="From Color", aggregator=None
    )
    to_tier_color = fields.Integer(
        related="to_tier_id.color", string="To Color", aggregator=None
    )
    from_stage_color = fields.Integer(
        related="from_stage_id.color", string="From Stage Color", aggregator=None
    )
    to_stage_color = fields.Integer(
        related="to_stage_id.color", string="To Stage Color", aggregator=None
    )
    from_risk_color = fields.Integer(compute="_compute_risk_colors")
    to_risk_color = fields.Integer(compute="_compute_risk_colors")
    from_revenue = fields.Monetary(
        string="Revenue Before",
        compute="_compute_revenue",
        search="_search_from_revenue",
        groups=MONEY_GROUP,
        help="Untaxed and net of refunds, in the window that ends on the first day, "
        "of who was a customer then: by the rules and the documents of today.",
    )
    to_revenue = fields.Monetary(
        string="Revenue After",
        compute="_compute_revenue",
        search="_search_to_revenue",
        groups=MONEY_GROUP,
        help="Untaxed and net of refunds, in the window that ends on the second day, "
        "of who was a customer then: by the rules and the documents of today.",
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
        """The rows of one company, from one walk through the changes: of each customer
        and axis, the latest one up to the later day, and the latest one up to the
        earlier day, which is the one that a change after that day follows.

        Not a join of two days: PostgreSQL cannot tell how many customers a day has,
        and might choose a nested loop for a million of them.
        """
        later, earlier = SQL("newer IS NULL"), SQL("is_earlier")
        start, end = (earlier, later) if first <= last else (later, earlier)
        return SQL(
            """
            SELECT (partner_id::bigint << %(bits)s) + %(company)s AS id,
                   partner_id,
                   %(company)s AS company_id,
                   %(classes)s
              FROM (SELECT *, valid_date <= %(earlier_day)s
                              AND (newer IS NULL OR newer > %(earlier_day)s)
                              AS is_earlier
                      FROM (SELECT *, lag(valid_date) OVER (
                                       PARTITION BY partner_id, axis
                                       ORDER BY valid_date DESC, create_date DESC,
                                                id DESC) AS newer
                              FROM (%(changes)s) known) followed) latest
             WHERE newer IS NULL OR is_earlier
             GROUP BY partner_id
            HAVING %(is_start)s OR %(is_end)s
            """,
            bits=COMPANY_BITS,
            company=company.id,
            classes=SQL(", ").join(
                [*self._ends("from", start), *self._ends("to", end)]
            ),
            earlier_day=min(first, last),
            changes=self._changes_query(company, max(first, last), zone),
            is_start=self._is_customer(start),
            is_end=self._is_customer(end),
        )

    @api.model
    def _ends(self, end, condition):
        """SQL of the columns of one day, ``condition`` telling its changes."""
        columns = {
            f"{end}_customer": self._is_customer(condition),
            f"{end}_tier_id": SQL("max(to_tier_id) FILTER (WHERE %s)", condition),
            f"{end}_stage_id": SQL("max(to_stage_id) FILTER (WHERE %s)", condition),
            f"{end}_risk": SQL("max(to_risk) FILTER (WHERE %s)", condition),
        }
        return [SQL("%s AS %s", v, SQL.identifier(k)) for k, v in columns.items()]

    @api.model
    def _revenue_days(self, name):
        first, last = self._days()
        return self._company_days(first if name == "from_revenue" else last)

    @api.depends("partner_id", "company_id", "from_customer", "to_customer")
    @api.depends_context(*DAY_KEYS)
    def _compute_revenue(self):
        self._compute_day_revenue()

    @api.model
    def _search_from_revenue(self, operator, value):
        return self._search_day_revenue("from_revenue", operator, value)

    @api.model
    def _search_to_revenue(self, operator, value):
        return self._search_day_revenue("to_revenue", operator, value)

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
