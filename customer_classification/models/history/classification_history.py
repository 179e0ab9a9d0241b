from datetime import date

from odoo import api, fields, models
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..customer.first_classes import AXIS_COLUMNS
from ..customer.selections import RISK_COLORS, RISK_SELECTION
from .classification_history_mixin import COMPANY_BITS, DAY_KEYS

# Field that holds the class, by axis.
CLASS_FIELDS = {
    "value_tier": "value_tier_id",
    "lifecycle_stage": "lifecycle_stage_id",
    "churn_risk": "churn_risk",
}
LAST_DAY = date(9999, 12, 31)


class ClassificationHistory(models.Model):
    """One customer in one company as classified on a past day.

    See ``classification.history.mixin`` for how a day is chosen.

    *Query budget*: one for the rows, one for the time zones, one for the dates since
    when the classes hold, where these are read, and what revenue takes.
    """

    _name = "classification.history"
    _inherit = "classification.history.revenue.mixin"
    _description = "Customer as of a Day"
    _auto = False
    _revenue_fields = {"revenue": None}

    as_of_date = fields.Date(string="As Of", readonly=True, depends_context=DAY_KEYS)
    value_tier_id = fields.Many2one(
        "customer.value.tier", readonly=True, depends_context=DAY_KEYS
    )
    lifecycle_stage_id = fields.Many2one(
        "customer.lifecycle.stage", readonly=True, depends_context=DAY_KEYS
    )
    churn_risk = fields.Selection(
        RISK_SELECTION, readonly=True, depends_context=DAY_KEYS
    )
    value_tier_color = fields.Integer(
        related="value_tier_id.color", string="Value Tier Color", aggregator=None
    )
    lifecycle_stage_color = fields.Integer(
        related="lifecycle_stage_id.color",
        string="Lifecycle Stage Color",
        aggregator=None,
    )
    churn_risk_color = fields.Integer(compute="_compute_churn_risk_color")
    value_tier_since = fields.Date(string="Tier Since", compute="_compute_since")
    lifecycle_stage_since = fields.Date(string="Stage Since", compute="_compute_since")
    churn_risk_since = fields.Date(string="Risk Since", compute="_compute_since")
    revenue = fields.Monetary(
        compute="_compute_revenue",
        search="_search_revenue",
        groups=MONEY_GROUP,
        help="Untaxed and net of refunds, in the window that ends on the day: by the "
        "rules and the documents of today.",
    )

    @property
    def _table_query(self):
        days = self._company_days(self._context_day("history_date"))
        return SQL(" UNION ALL ").join(self._company_query(*place) for place in days)

    @api.model
    def _company_query(self, company, day, zone):
        """Return SQL of the rows of one company.

        Of each customer and axis, the latest change, in the order of the index of the
        changes; else the first class, which all changes follow. A page is read from
        both indexes without a sort.
        """
        classes = {axis: self._latest_class(axis) for axis in AXIS_COLUMNS}
        return SQL(
            """
            SELECT (partner_id::bigint << %(bits)s) + %(company)s AS id,
                   partner_id,
                   %(company)s AS company_id,
                   %(day)s::date AS as_of_date,
                   %(tier)s AS value_tier_id,
                   %(stage)s AS lifecycle_stage_id,
                   %(risk)s AS churn_risk
              FROM (SELECT * FROM (
                        SELECT DISTINCT ON (partner_id, axis)
                               partner_id, axis, to_tier_id, to_stage_id, to_risk
                          FROM classification_change
                         WHERE %(conditions)s
                         ORDER BY partner_id, axis, valid_date DESC, create_date DESC,
                                  id DESC) change
                     UNION ALL
                    SELECT partner_id, NULL::varchar, tier_id, stage_id, risk
                      FROM classification_first_class
                     WHERE %(conditions)s) latest
             GROUP BY partner_id
            -- PostgreSQL takes the customers for 200 and would hash all of them for a
            -- page; with DISTINCT it reads them in the order of the indexes.
            HAVING count(DISTINCT partner_id) > 0 AND (
                   %(tier)s IS NOT NULL OR %(stage)s IS NOT NULL
                OR %(risk)s IS NOT NULL)
            """,
            bits=COMPANY_BITS,
            company=company.id,
            day=day,
            tier=classes["value_tier"],
            stage=classes["lifecycle_stage"],
            risk=classes["churn_risk"],
            conditions=self._conditions(company, day, zone),
        )

    @api.model
    def _latest_class(self, axis):
        """SQL of a class: that of the change on the axis, else the first one."""
        return SQL(
            "CASE WHEN bool_or(axis = %(axis)s)"
            " THEN max(%(class)s) FILTER (WHERE axis IS NOT NULL)"
            " ELSE max(%(class)s) FILTER (WHERE axis IS NULL) END",
            **{"axis": axis, "class": SQL.identifier(AXIS_COLUMNS[axis][2])},
        )

    @api.model
    def _periods_query(self, axis):
        """Return the SQL of ``(partner_id, company_id, class_id, since, until)``.

        The periods of each customer on an axis, without their last day and open at the
        end; of the customers that the reader may see, in the companies that are
        enabled. Of several changes of one day the last one counts.
        """
        column = SQL.identifier(AXIS_COLUMNS[axis][2])
        readable = self._readable_customers()
        return SQL(" UNION ALL ").join(
            SQL(
                """
                SELECT partner_id, %(company)s AS company_id, %(column)s AS class_id,
                       valid_date AS since, lead(valid_date) OVER (
                           PARTITION BY partner_id ORDER BY valid_date, create_date, id
                       ) AS until
                  FROM (%(changes)s) known
                 WHERE axis = %(axis)s AND %(readable)s
                """,
                company=company.id,
                column=column,
                changes=self._changes_query(company, LAST_DAY, zone),
                **{"axis": axis, "readable": readable},
            )
            for company, __, zone in self._company_days(LAST_DAY)
        )

    @api.model
    def _readable_customers(self):
        """Return the SQL of whether the reader may see a customer of a change."""
        if self.env.su or self.env["ir.rule"]._readable("res.partner").is_true():
            return SQL("TRUE")
        partners = self.env["res.partner"].with_context(active_test=False)
        return SQL("partner_id IN %s", partners._search([]).subselect())

    @api.model
    def _revenue_days(self, name):
        return self._company_days(self._context_day("history_date"))

    @api.depends("partner_id", "company_id")
    @api.depends_context(*DAY_KEYS)
    def _compute_revenue(self):
        self._compute_day_revenue()

    @api.model
    def _search_revenue(self, operator, value):
        return self._search_day_revenue("revenue", operator, value)

    @api.depends("churn_risk")
    @api.depends_context(*DAY_KEYS)
    def _compute_churn_risk_color(self):
        for row in self:
            row.churn_risk_color = RISK_COLORS.get(row.churn_risk, 0)

    @api.depends("partner_id", "company_id", *CLASS_FIELDS.values())
    @api.depends_context(*DAY_KEYS)
    def _compute_since(self):
        """Days since when each class holds without a break: one query."""
        since = self._since()
        for row in self:
            for axis, name in CLASS_FIELDS.items():
                key = (row.partner_id.id, row.company_id.id, axis)
                row[f"{axis}_since"] = row[name] and since.get(key)

    def _since(self):
        """Return ``{(customer id, company id, axis): day}``.

        Two changes to one class, as a correction makes them, count from the first on.
        """
        model = self._of_customers(self.partner_id.ids)
        query = SQL(" UNION ALL ").join(
            model._since_query(*place)
            for place in self._company_days(self._context_day("history_date"))
        )
        return {
            (partner, company, axis): day
            for partner, company, axis, day in self.env.execute_query(query)
        }

    @api.model
    def _since_query(self, company, day, zone):
        """Return SQL of the change that led to each current class.

        The latest one that led to another class than the one before; changes overruled
        on their own day are left out.
        """
        code = SQL("COALESCE(to_tier_id::text, to_stage_id::text, to_risk)")
        return SQL(
            """
            SELECT partner_id, %(company)s, axis, max(valid_date)
                       FILTER (WHERE code IS DISTINCT FROM code_before)
              FROM (SELECT partner_id, axis, valid_date, code,
                           lead(code) OVER (PARTITION BY partner_id, axis
                                            ORDER BY valid_date DESC) AS code_before
                      FROM (SELECT DISTINCT ON (partner_id, axis, valid_date)
                                   partner_id, axis, valid_date, %(code)s AS code
                              FROM (%(changes)s) known
                             ORDER BY partner_id, axis, valid_date DESC,
                                      create_date DESC, id DESC) of_day) pair
             GROUP BY partner_id, axis
            """,
            company=company.id,
            code=code,
            changes=self._changes_query(company, day, zone),
        )
