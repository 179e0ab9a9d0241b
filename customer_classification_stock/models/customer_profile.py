from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import format_date

from odoo.addons.customer_classification.models.feedback.customer_profile_heard_mixin import (  # noqa: E501
    of_all_zones,
    search_of,
)

# Shares of fewer orders, or lines of orders, say nothing.
MINIMUM = 3
# {field: (column of the deliveries by customer and company, value of nothing)}
COLUMNS = {
    "delivery_count": ("judged", 0),
    "late_delivery_count": ("late", 0),
    "late_delivery_count_before": ("late_before", 0),
    "late_delivery_share": ("late_share", 0.0),
    "late_delivery_days": ("late_days", 0.0),
    "overdue_delivery_count": ("overdue", 0),
    "delivered_line_count": ("delivered", 0),
    "returned_line_count": ("returned", 0),
    "returned_line_count_before": ("returned_before", 0),
    "return_share": ("return_share", 0.0),
    "last_return_date": ("last_return", False),
}
# OFFSET 0: the days of a move are worked out once, and not in each of the sums.
# An order is judged on the first day on which it is late, else on the day on which all
# of it was there. What is known of it then does not change any more.
DELIVERIES = """
    WITH lines AS (
        SELECT partner_id, company_id, first_day, before_day, order_id,
               min(due) FILTER (WHERE due < COALESCE(done, today)) + 1 AS late_day,
               bool_and(done IS NOT NULL) FILTER (WHERE due IS NOT NULL) AS is_done,
               max(done) FILTER (WHERE due IS NOT NULL) AS done_day,
               bool_or(done IS NULL AND due < today) AS is_overdue,
               max(COALESCE(done, today) - due) AS days,
               min(done) FILTER (WHERE NOT is_return) AS delivered,
               max(done) FILTER (WHERE is_return) AS last_return,
               bool_or(is_return AND done >= first_day) AS is_returned_now,
               bool_or(is_return AND done >= before_day AND done < first_day)
                   AS is_returned_before
          FROM (SELECT c.commercial_partner_id AS partner_id, w.company_id, w.today,
                       w.first_day, w.before_day, v.order_id, v.line_id, v.is_return,
                       CASE WHEN NOT v.is_return THEN v.due END AS due,
                       CASE WHEN v.done <= w.today THEN v.done END AS done
                  FROM (%(moves)s OFFSET 0) v
                  JOIN res_partner c ON c.id = v.partner_id
                  JOIN (%(windows)s) w ON w.company_id = v.company_id
                 WHERE %(counts)s
                OFFSET 0) moved
         GROUP BY line_id, order_id, partner_id, company_id, today, first_day,
                  before_day
    ), orders AS (
        SELECT partner_id, company_id, first_day, before_day,
               min(late_day) AS late_day, max(days) AS days,
               CASE WHEN bool_and(is_done) THEN max(done_day) END AS done_day,
               bool_or(is_overdue) AS is_overdue
          FROM lines
         GROUP BY order_id, partner_id, company_id, first_day, before_day
    ), by_order AS (
        SELECT partner_id, company_id,
               count(*) FILTER (WHERE COALESCE(late_day, done_day) >= first_day)
                   AS judged,
               count(*) FILTER (WHERE late_day >= first_day) AS late,
               count(*) FILTER (WHERE late_day >= before_day AND late_day < first_day)
                   AS late_before,
               avg(days) FILTER (WHERE late_day >= first_day)::float8 AS late_days,
               count(*) FILTER (WHERE is_overdue) AS overdue
          FROM orders
         GROUP BY partner_id, company_id
    ), by_line AS (
        SELECT partner_id, company_id,
               count(*) FILTER (WHERE delivered >= first_day) AS delivered,
               count(*) FILTER (WHERE delivered >= first_day
                                  AND last_return IS NOT NULL) AS delivered_back,
               count(*) FILTER (WHERE is_returned_now) AS returned,
               count(*) FILTER (WHERE is_returned_before) AS returned_before,
               max(last_return) AS last_return
          FROM lines
         GROUP BY partner_id, company_id
    )
    SELECT *,
           CASE WHEN judged >= %(least)s THEN 100 * late::float8 / judged END
               AS late_share,
           CASE WHEN delivered >= %(least)s
                THEN 100 * delivered_back::float8 / delivered END AS return_share
      FROM by_line LEFT JOIN by_order USING (partner_id, company_id)
"""


class CustomerProfile(models.Model):
    """Late deliveries and returned goods of a customer.

    In the window of the rules and in the one before. Nothing is stored, and no run
    reads it: the fields are read, searched, sorted and grouped through one join with
    the moves of the orders.

    *Query budget*: one, one for the contacts, and one for the rules of each company.
    """

    _inherit = "customer.profile"

    delivery_count = fields.Integer(
        string="Deliveries",
        compute="_compute_deliveries",
        search=search_of("delivery_count"),
        compute_sudo=True,
        aggregator=None,
        help="Orders with a promised day whose delivery was completed, or became "
        "late, in the window of the rules.",
    )
    late_delivery_count = fields.Integer(
        string="Late Deliveries",
        compute="_compute_deliveries",
        search=search_of("late_delivery_count"),
        compute_sudo=True,
        aggregator=None,
        help="Of these orders, those of which something came after the promised day, "
        "or is missing since.",
    )
    late_delivery_count_before = fields.Integer(
        string="Late Deliveries Before",
        compute="_compute_deliveries",
        search=search_of("late_delivery_count_before"),
        compute_sudo=True,
        aggregator=None,
        help="Orders that became late in the window before.",
    )
    late_delivery_share = fields.Float(
        string="Late Deliveries (%)",
        compute="_compute_deliveries",
        search=search_of("late_delivery_share"),
        compute_sudo=True,
        aggregator=None,
        digits=(16, 1),
        help="Of a hundred deliveries in the window, so many were late. 0 also where "
        "there were fewer than three: too little is known.",
    )
    late_delivery_days = fields.Float(
        string="Days Late",
        compute="_compute_deliveries",
        search=search_of("late_delivery_days"),
        compute_sudo=True,
        aggregator=None,
        digits=(16, 1),
        help="Mean days from the promised day until all was there, or until today, "
        "of the late deliveries in the window.",
    )
    overdue_delivery_count = fields.Integer(
        string="Overdue Deliveries",
        compute="_compute_deliveries",
        search=search_of("overdue_delivery_count"),
        compute_sudo=True,
        aggregator=None,
        help="Orders of which something is missing now after the promised day.",
    )
    delivered_line_count = fields.Integer(
        string="Delivered Order Lines",
        compute="_compute_deliveries",
        search=search_of("delivered_line_count"),
        compute_sudo=True,
        aggregator=None,
        help="Order lines of which the first goods were delivered in the window.",
    )
    returned_line_count = fields.Integer(
        string="Returned Order Lines",
        compute="_compute_deliveries",
        search=search_of("returned_line_count"),
        compute_sudo=True,
        aggregator=None,
        help="Order lines of which goods came back in the window.",
    )
    returned_line_count_before = fields.Integer(
        string="Returned Order Lines Before",
        compute="_compute_deliveries",
        search=search_of("returned_line_count_before"),
        compute_sudo=True,
        aggregator=None,
        help="Order lines of which goods came back in the window before.",
    )
    return_share = fields.Float(
        string="Returned Order Lines (%)",
        compute="_compute_deliveries",
        search=search_of("return_share"),
        compute_sudo=True,
        aggregator=None,
        digits=(16, 1),
        help="Of a hundred order lines delivered in the window, goods of so many "
        "have come back. 0 also where there were fewer than three: too little "
        "is known.",
    )
    last_return_date = fields.Date(
        string="Last Return",
        compute="_compute_deliveries",
        search=search_of("last_return_date"),
        compute_sudo=True,
    )
    delivery_text = fields.Char(
        string="Deliveries and Returns in Words", compute="_compute_delivery_text"
    )

    @api.model
    def _heard(self):
        return {**super()._heard(), "delivery": (self._delivery_query, COLUMNS)}

    @api.depends("partner_id", "company_id")
    def _compute_deliveries(self):
        self._set_heard("delivery")

    @api.model
    def _delivery_query(self, windows, contact_ids=None):
        """Return SQL of deliveries and returns, by customer and company."""
        source = self.env["classification.delivery.source"].sudo()
        feedback = self.env["classification.feedback.source"].sudo()
        return SQL(
            DELIVERIES,
            moves=source._moves(contact_ids),
            windows=of_all_zones(windows),
            counts=feedback._counts(SQL("v.partner_id")),
            least=MINIMUM,
        )

    # Sentence

    @api.depends(*COLUMNS)
    @api.depends_context("lang")
    def _compute_delivery_text(self):
        for profile in self:
            words = (profile._lateness_words(), profile._return_words())
            profile.delivery_text = " ".join(filter(None, words)) or self.env._(
                "No delivery with a promised day is known."
            )

    def _lateness_words(self):
        counts = self.delivery_count, self.late_delivery_count_before
        if not any((*counts, self.overdue_delivery_count)):
            return False
        text = self.env._(
            "Deliveries: %(number)s, late %(late)s, in the time before %(before)s; "
            "overdue now %(overdue)s.",
            number=self.delivery_count,
            late=self.late_delivery_count,
            before=self.late_delivery_count_before,
            overdue=self.overdue_delivery_count,
        )
        if self.delivery_count >= MINIMUM:
            return text
        few = self.env._("Too little is known for a share of late deliveries.")
        return f"{text} {few}"

    def _return_words(self):
        if not self.last_return_date:
            return False
        return self.env._(
            "Returned goods: of %(returned)s order lines, in the time before "
            "%(before)s; delivered %(delivered)s. The last ones came back on %(day)s.",
            returned=self.returned_line_count,
            before=self.returned_line_count_before,
            delivered=self.delivered_line_count,
            day=format_date(self.env, self.last_return_date),
        )
