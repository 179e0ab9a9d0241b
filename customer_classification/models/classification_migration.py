from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .classification_history_mixin import DAY_KEYS
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
    _order = "from_tier_id, to_tier_id, id"

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
        return SQL(
            """
            SELECT id, partner_id, company_id,
                   bool_or(side = 1) AS from_customer,
                   bool_or(side = 2) AS to_customer,
                   max(value_tier_id) FILTER (WHERE side = 1) AS from_tier_id,
                   max(value_tier_id) FILTER (WHERE side = 2) AS to_tier_id,
                   max(lifecycle_stage_id) FILTER (WHERE side = 1) AS from_stage_id,
                   max(lifecycle_stage_id) FILTER (WHERE side = 2) AS to_stage_id,
                   max(churn_risk) FILTER (WHERE side = 1) AS from_risk,
                   max(churn_risk) FILTER (WHERE side = 2) AS to_risk,
                   max(revenue) FILTER (WHERE side = 1) AS from_revenue,
                   max(revenue) FILTER (WHERE side = 2) AS to_revenue
              FROM (SELECT 1 AS side, f.* FROM (%(first)s) f
                     UNION ALL
                    SELECT 2 AS side, t.* FROM (%(last)s) t) end_of_way
             GROUP BY id, partner_id, company_id
            """,
            first=self._history_query(first),
            last=self._history_query(last),
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
