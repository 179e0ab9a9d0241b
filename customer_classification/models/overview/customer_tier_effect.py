from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..classified.classification_class_move_mixin import CAUSE_SELECTION
from ..common.access_groups import MONEY_GROUP
from ..history.classification_history_mixin import COMPANY_BITS, DAY_KEYS

# Days before and after a move, where the context names no other number.
DAYS = 90
# Between a week and a year.
_DAYS_RANGE = range(7, 367)
_KEYS = (*DAY_KEYS, "effect_days")


class CustomerTierEffect(models.Model):
    """One customer before and after a move to another tier.

    Net revenue, purchases and interactions of the 90 days up to the day of the move,
    and of as many days after it (``effect_days`` in the context: 7 to 366). Each
    customer counts once, by the latest move of which all days have passed, so that no
    purchase is in two rows. First classes are no moves.

    A tier is reached by buying: who rose had bought much shortly before, who fell had
    bought little. So the two columns tell what became of customers, not what the tier
    did to them.

    *Query budget*: that of ``classification.purchase.view.mixin``.
    """

    _name = "customer.tier.effect"
    _inherit = [
        "classification.counted.once.mixin",
        "classification.purchase.view.mixin",
    ]
    _description = "Customer before and after a Move of Tier"
    _auto = False
    _order = "move_date desc, partner_id.id, company_id.id"
    _ratios = {
        "revenue_change_rate": ("revenue_change", "revenue_before", 100, 0),
        "bought_rate": ("bought_count", "customer_count", 100, 0),
    }

    move_date = fields.Date(
        string="Moved on",
        readonly=True,
        depends_context=_KEYS,
        help="The latest move of which all days have passed.",
    )
    from_tier_id = fields.Many2one(
        "customer.value.tier",
        string="Tier Before",
        readonly=True,
        depends_context=_KEYS,
    )
    to_tier_id = fields.Many2one(
        "customer.value.tier",
        string="Tier After",
        readonly=True,
        depends_context=_KEYS,
    )
    direction = fields.Selection(
        [("up", "Better"), ("down", "Worse"), ("other", "Neutral")],
        readonly=True,
        depends_context=_KEYS,
        help="From or to Not Rated is neither better nor worse.",
    )
    cause = fields.Selection(CAUSE_SELECTION, readonly=True, depends_context=_KEYS)
    customer_count = fields.Integer(
        string="Customers",
        readonly=True,
        aggregator="sum",
        depends_context=_KEYS,
        help="Each once, by the latest move of which all days have passed.",
    )
    order_count_before = fields.Integer(
        string="Purchases Before",
        readonly=True,
        aggregator="sum",
        depends_context=_KEYS,
        help="In the days up to the day of the move.",
    )
    order_count_after = fields.Integer(
        string="Purchases After",
        readonly=True,
        aggregator="sum",
        depends_context=_KEYS,
        help="In as many days after the day of the move.",
    )
    bought_count = fields.Integer(
        string="Bought Afterwards",
        readonly=True,
        aggregator="sum",
        depends_context=_KEYS,
        help="Customers with a purchase in the days after the move.",
    )
    bought_rate = fields.Float(
        string="Bought Afterwards (%)",
        digits=(16, 1),
        readonly=True,
        aggregator="avg",
        depends_context=_KEYS,
        help="Of 100 customers, those with a purchase in the days after the move.",
    )
    interaction_count_before = fields.Integer(
        string="Interactions Before",
        readonly=True,
        aggregator="sum",
        depends_context=_KEYS,
        help="E-mails, calls, visits, meetings, forms and quotations, of ours and of "
        "the customer, in the days up to the day of the move.",
    )
    interaction_count_after = fields.Integer(
        string="Interactions After",
        readonly=True,
        aggregator="sum",
        depends_context=_KEYS,
        help="The same in as many days after the day of the move.",
    )
    revenue_before = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        depends_context=_KEYS,
        help="Untaxed and net of refunds, in the days up to the day of the move.",
    )
    revenue_after = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        depends_context=_KEYS,
        help="Untaxed and net of refunds, in as many days after the day of the move.",
    )
    revenue_change = fields.Monetary(
        string="Change of Revenue",
        readonly=True,
        groups=MONEY_GROUP,
        depends_context=_KEYS,
        help="Revenue after the move less revenue before.",
    )
    revenue_change_rate = fields.Float(
        string="Change of Revenue (%)",
        digits=(16, 1),
        readonly=True,
        aggregator="avg",
        groups=MONEY_GROUP,
        depends_context=_KEYS,
        help="The change in 100 of the revenue before.",
    )

    @api.model
    def _effect_days(self):
        """Return the days before and after a move that are looked at."""
        days = self.env.context.get("effect_days", DAYS)
        if type(days) is not int or days not in _DAYS_RANGE:
            raise UserError(
                self.env._(
                    "Choose between %(first)s and %(last)s days before and after.",
                    first=_DAYS_RANGE[0],
                    last=_DAYS_RANGE[-1],
                )
            )
        return days

    @api.private
    def fetch(self, field_names=None):
        """Refuse days that cannot be looked at before Odoo keeps values by them."""
        self._effect_days()
        return super().fetch(field_names)

    @api.model
    def _rows_query(self, company, day, policy, purchases, digits):
        days = self._effect_days()
        return SQL(
            """
            SELECT r.*, r.revenue_after - r.revenue_before AS revenue_change,
                   100 * (r.revenue_after - r.revenue_before)
                       / NULLIF(r.revenue_before, 0) AS revenue_change_rate,
                   100 * r.bought_count AS bought_rate
              FROM (WITH move AS MATERIALIZED (%(moves)s)
                    SELECT (m.partner_id::bigint << %(bits)s) + %(company)s AS id,
                           m.partner_id, %(company)s AS company_id, f.value_tier_id,
                           m.day AS move_date, m.from_tier_id, m.to_tier_id,
                           m.direction, m.cause, 1 AS customer_count, %(bought)s,
                           %(heard)s
                      FROM move m
                      JOIN customer_profile f ON f.partner_id = m.partner_id
                                             AND f.company_id = %(company)s
                      LEFT JOIN (%(purchases)s) p ON p.partner_id = m.partner_id
                      LEFT JOIN (%(interactions)s) i ON i.partner_id = m.partner_id
                   ) r
            """,
            moves=self._moves_query(company, day, days),
            bits=COMPANY_BITS,
            company=company.id,
            bought=_known("p", _BOUGHT),
            heard=_known("i", _HEARD),
            purchases=self._bought_query(purchases, digits, days),
            interactions=self._heard_query(company, policy, days),
        )

    @api.model
    def _moves_query(self, company, day, days):
        """Return SQL of the latest move of each customer whose days have passed.

        Of the changes of one day, the one recorded last counts; the tier before is that
        of the change before, so that late corrections are followed.
        """
        self.env["customer.value.tier"].flush_model()
        return SQL(
            """
            SELECT DISTINCT ON (s.partner_id) s.partner_id, s.valid_date AS day,
                   s.from_tier_id, s.to_tier_id, c.cause,
                   CASE WHEN a.is_unrated OR b.is_unrated THEN 'other'
                        WHEN b.sequence > a.sequence THEN 'down' ELSE 'up' END
                       AS direction
              FROM (SELECT d.*, lag(d.to_tier_id) OVER (PARTITION BY d.partner_id
                                                        ORDER BY d.valid_date)
                                    AS from_tier_id
                      FROM (SELECT DISTINCT ON (partner_id, valid_date) *
                              FROM (%(changes)s) changes
                             WHERE axis = 'value_tier'
                             ORDER BY partner_id, valid_date, create_date DESC, id DESC
                           ) d) s
              JOIN customer_value_tier a ON a.id = s.from_tier_id
              JOIN customer_value_tier b ON b.id = s.to_tier_id
              LEFT JOIN classification_change c ON c.id = s.id
             WHERE s.from_tier_id <> s.to_tier_id
               AND s.valid_date <= %(day)s::date - %(days)s
             ORDER BY s.partner_id, s.valid_date DESC
            """,
            changes=self._changes_query(company, day, "UTC"),
            day=day,
            days=days,
        )

    @api.model
    def _bought_query(self, purchases, digits, days):
        """Return SQL of the purchases of each customer before and after."""
        return SQL(
            """
            SELECT m.partner_id,
                   NULLIF(COALESCE(sum(d.amount) FILTER (WHERE d.day <= m.day), 0),
                          'NaN') AS revenue_before,
                   NULLIF(COALESCE(sum(d.amount) FILTER (WHERE d.day > m.day), 0),
                          'NaN') AS revenue_after,
                   (count(*) FILTER (WHERE d.is_order AND d.day <= m.day))::integer
                       AS order_count_before,
                   (count(*) FILTER (WHERE d.is_order AND d.day > m.day))::integer
                       AS order_count_after,
                   COALESCE(bool_or(d.is_order AND d.day > m.day), FALSE)::integer
                       AS bought_count
              FROM move m
              JOIN (SELECT c.commercial_partner_id AS partner_id, p.day,
                           p.amount > 0 AND p.amount <> 'NaN' AS is_order,
                           round(p.amount::numeric, %(digits)s) AS amount
                      FROM (%(purchases)s) p
                      JOIN res_partner c ON c.id = p.partner_id) d
                ON d.partner_id = m.partner_id
               AND d.day BETWEEN m.day - %(days)s + 1 AND m.day + %(days)s
             GROUP BY m.partner_id
            """,
            digits=digits,
            purchases=purchases,
            days=days,
        )

    @api.model
    def _heard_query(self, company, policy, days):
        """Return SQL of the interactions with each customer before and after.

        What is for two contacts of one customer counts once.
        """
        source = self.env["classification.interaction.source"].sudo()
        queries = source._queries(policy.tz if policy else "UTC")
        return SQL(
            """
            SELECT h.partner_id,
                   (count(*) FILTER (WHERE h.day <= h.move_day))::integer
                       AS interaction_count_before,
                   (count(*) FILTER (WHERE h.day > h.move_day))::integer
                       AS interaction_count_after
              FROM (SELECT DISTINCT m.partner_id, m.day AS move_day, i.day,
                           i.res_model, i.res_id
                      FROM (%(rows)s) AS i(partner_id, company_id, day, kind,
                                           direction, user_id, res_model, res_id)
                      JOIN res_partner c ON c.id = i.partner_id
                      JOIN move m ON m.partner_id = c.commercial_partner_id
                     WHERE i.day BETWEEN m.day - %(days)s + 1 AND m.day + %(days)s
                       AND (i.company_id IS NULL OR i.company_id = %(company)s)) h
             GROUP BY h.partner_id
            """,
            rows=SQL(" UNION ALL ").join(queries),
            days=days,
            company=company.id,
        )


_BOUGHT = (
    *("revenue_before", "revenue_after", "order_count_before", "order_count_after"),
    "bought_count",
)
_HEARD = ("interaction_count_before", "interaction_count_after")


def _known(alias, names):
    """Return SQL of columns, 0 for customers without a row there."""
    return SQL(", ").join(
        SQL(
            "CASE WHEN %s IS NULL THEN 0 ELSE %s END AS %s",
            SQL.identifier(alias, "partner_id"),
            SQL.identifier(alias, name),
            SQL.identifier(name),
        )
        for name in names
    )
