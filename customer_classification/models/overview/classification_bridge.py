from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..history.classification_history_mixin import COMPANY_BITS, DAY_KEYS

# In the order of the bars.
MOVEMENTS = [
    ("new", "New"),
    ("won_back", "Won Back"),
    ("grown", "Grown"),
    ("shrunk", "Shrunk"),
    ("lost", "Lost"),
    ("same", "Unchanged"),
    ("unknown", "Cannot Be Counted"),
]


class ClassificationBridge(models.Model):
    """One customer in one company, with its revenue in two windows.

    The windows are those of the policy, and end on ``history_from_date`` and on
    ``history_date``. Each customer with a document in one of them has a row, and one
    movement: so the revenue of the first window and all changes add up to that of the
    second one.
    """

    _name = "classification.bridge"
    _inherit = "classification.purchase.view.mixin"
    _description = "Customer in the Revenue Bridge"
    _auto = False

    movement = fields.Selection(
        MOVEMENTS,
        readonly=True,
        depends_context=DAY_KEYS,
        help="New: bought for the first time after the first day. Won back: bought "
        "before, but not in the first window. Lost: bought in the first window, but "
        "not in the second one.",
    )
    from_revenue = fields.Monetary(
        string="Revenue Before",
        readonly=True,
        groups=MONEY_GROUP,
        depends_context=DAY_KEYS,
        help="Untaxed and net of refunds, in the window that ends on the first day.",
    )
    to_revenue = fields.Monetary(
        string="Revenue After",
        readonly=True,
        groups=MONEY_GROUP,
        depends_context=DAY_KEYS,
        help="Untaxed and net of refunds, in the window that ends on the second day.",
    )
    revenue_change = fields.Monetary(
        string="Change",
        readonly=True,
        groups=MONEY_GROUP,
        depends_context=DAY_KEYS,
        help="Revenue after, less revenue before.",
    )

    @property
    def _table_query(self):
        first, last = self._days()
        if first > last:
            raise UserError(
                self.env._("The first day must not lie after the second one.")
            )
        return super()._table_query

    @api.model
    def _rows_query(self, company, day, window_months, purchases, digits):
        first, __ = self._days()
        ends = {"before": first, "after": day}
        windows = {
            name: SQL(
                "d.day > %s AND d.day <= %s",
                end - relativedelta(months=window_months),
                end,
            )
            for name, end in ends.items()
        }
        return SQL(
            """
            SELECT (r.partner_id::bigint << %(bits)s) + %(company)s AS id,
                   r.partner_id, %(company)s AS company_id, f.value_tier_id,
                   r.from_revenue, r.to_revenue,
                   r.to_revenue - r.from_revenue AS revenue_change,
                   CASE WHEN r.to_revenue - r.from_revenue IS NULL THEN 'unknown'
                        WHEN r.buys_after AND r.first_day > %(first)s THEN 'new'
                        WHEN r.buys_after AND NOT r.buys_before THEN 'won_back'
                        WHEN r.buys_before AND NOT r.buys_after THEN 'lost'
                        WHEN r.to_revenue > r.from_revenue THEN 'grown'
                        WHEN r.to_revenue < r.from_revenue THEN 'shrunk'
                        ELSE 'same' END AS movement
              FROM (SELECT c.commercial_partner_id AS partner_id,
                           min(d.day) FILTER (WHERE d.amount > 0) AS first_day,
                           %(numbers)s
                      FROM (%(purchases)s) d
                      JOIN res_partner c ON c.id = d.partner_id
                     GROUP BY c.commercial_partner_id
                    HAVING bool_or(%(before)s) OR bool_or(%(after)s)) r
              JOIN customer_profile f
                ON f.partner_id = r.partner_id AND f.company_id = %(company)s
            """,
            bits=COMPANY_BITS,
            company=company.id,
            first=first,
            numbers=SQL(", ").join(
                [
                    self._revenue_in("from_revenue", windows["before"], digits),
                    self._revenue_in("to_revenue", windows["after"], digits),
                    self._buys_in("buys_before", windows["before"]),
                    self._buys_in("buys_after", windows["after"]),
                ]
            ),
            purchases=purchases,
            **windows,
        )

    @api.model
    def _revenue_in(self, name, window, digits):
        """Return SQL of the revenue in a window; NULL where it is not known."""
        return SQL(
            "NULLIF(COALESCE(sum(round(d.amount::numeric, %s)) FILTER (WHERE %s), 0),"
            " 'NaN') AS %s",
            digits,
            window,
            SQL.identifier(name),
        )

    @api.model
    def _buys_in(self, name, window):
        return SQL(
            "COALESCE(bool_or(d.amount > 0) FILTER (WHERE %s), FALSE) AS %s",
            window,
            SQL.identifier(name),
        )
