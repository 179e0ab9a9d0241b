from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..history.classification_history_mixin import COMPANY_BITS, DAY_KEYS
from .classification_purchase_view_mixin import NO_PURCHASES

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
    second one. What was known on the first day and what was corrected since add up to
    the revenue of the first window. Who cannot be counted has no amounts at all.
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
    known_revenue = fields.Monetary(
        string="Revenue Known Then",
        readonly=True,
        groups=MONEY_GROUP,
        depends_context=DAY_KEYS,
        help="Untaxed and net of refunds, in the window that ends on the first day, by "
        "the documents that were entered up to the end of that day.",
    )
    correction = fields.Monetary(
        string="Corrected",
        readonly=True,
        groups=MONEY_GROUP,
        depends_context=DAY_KEYS,
        help="Orders, invoices, credit notes and purchases of the first window that "
        "were entered after the first day. What was changed or cancelled since counts "
        "as it is today: Odoo keeps no earlier amounts. Nothing where no customer had "
        "been classified yet on the first day.",
    )
    is_corrected = fields.Boolean(
        readonly=True,
        depends_context=DAY_KEYS,
        help="The revenue of the first window is another one than was known then.",
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
    def _rows_query(self, company, day, policy, purchases, digits):
        first, __ = self._days()
        windows = {
            name: self._window(policy, end)
            for name, end in {"before": first, "after": day}.items()
        }
        return SQL(
            """
            SELECT *, from_revenue - known_revenue AS correction,
                   from_revenue <> known_revenue AS is_corrected
              FROM (SELECT (r.partner_id::bigint << %(bits)s) + %(company)s AS id,
                   r.partner_id, %(company)s AS company_id, f.value_tier_id,
                   r.change AS revenue_change,
                   CASE WHEN r.change IS NULL THEN NULL ELSE r.from_revenue END
                       AS from_revenue,
                   CASE WHEN r.change IS NULL THEN NULL ELSE r.to_revenue END
                       AS to_revenue,
                   CASE WHEN r.change IS NULL THEN NULL
                        WHEN NOT %(was_classified)s OR k.is_unknown
                        THEN r.from_revenue
                        ELSE COALESCE(k.revenue, 0) END AS known_revenue,
                   CASE WHEN r.change IS NULL THEN 'unknown'
                        WHEN r.buys_after AND r.first_day > %(first)s THEN 'new'
                        WHEN r.buys_after AND NOT r.buys_before THEN 'won_back'
                        WHEN r.buys_before AND NOT r.buys_after THEN 'lost'
                        WHEN r.to_revenue > r.from_revenue THEN 'grown'
                        WHEN r.to_revenue < r.from_revenue THEN 'shrunk'
                        ELSE 'same' END AS movement
              FROM (SELECT *, to_revenue - from_revenue AS change
                      FROM (%(sums)s) added) r
              LEFT JOIN (%(known)s) k ON k.partner_id = r.partner_id
              JOIN customer_profile f
                ON f.partner_id = r.partner_id AND f.company_id = %(company)s) b
            """,
            bits=COMPANY_BITS,
            company=company.id,
            first=first,
            was_classified=self._was_classified(company, policy, first),
            sums=self._sums_query(purchases, digits, **windows),
            known=self._known_query(policy, first, windows["before"], digits),
        )

    @api.model
    def _window(self, policy, end):
        """Return SQL that keeps the purchases of the window that ends on a day."""
        months = policy.window_months if policy else 0
        return SQL(
            "d.day > %s AND d.day <= %s", end - relativedelta(months=months), end
        )

    @api.model
    def _sums_query(self, purchases, digits, before, after):
        """Return SQL of the revenue and purchases of customers in two windows."""
        return SQL(
            """
            SELECT c.commercial_partner_id AS partner_id,
                   min(d.day) FILTER (WHERE d.amount > 0) AS first_day, %(numbers)s
              FROM (%(purchases)s) d
              JOIN res_partner c ON c.id = d.partner_id
             GROUP BY c.commercial_partner_id
            HAVING bool_or(%(before)s) OR bool_or(%(after)s)
            """,
            numbers=SQL(", ").join(
                [
                    self._revenue_in("from_revenue", before, digits),
                    self._revenue_in("to_revenue", after, digits),
                    self._buys_in("buys_before", before),
                    self._buys_in("buys_after", after),
                ]
            ),
            purchases=purchases,
            before=before,
            after=after,
        )

    @api.model
    def _known_query(self, policy, first, window, digits):
        """Return SQL of the revenue of the first window as known on its last day."""
        __, purchases = self._scoped_purchases(policy, first, recorded_until=first)
        return SQL(
            """
            SELECT partner_id, NULLIF(amount, 'NaN') AS revenue,
                   amount = 'NaN' AS is_unknown
              FROM (SELECT c.commercial_partner_id AS partner_id,
                           sum(round(d.amount::numeric, %s)) AS amount
                      FROM (%s) d
                      JOIN res_partner c ON c.id = d.partner_id
                     WHERE %s
                     GROUP BY c.commercial_partner_id) summed
            """,
            digits,
            NO_PURCHASES if purchases is None else purchases,
            window,
        )

    @api.model
    def _was_classified(self, company, policy, day):
        """Return SQL of whether customers had been classified by the end of a day.

        Where nobody counted then, documents of before are no corrections.
        """
        zone = policy.tz if policy else "UTC"
        return SQL(
            "EXISTS (SELECT FROM classification_run"
            " WHERE company_id = %s AND kind = 'production' AND state = 'done'"
            " AND end_date < %s)",
            company.id,
            self._end_of_day(day, zone),
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
