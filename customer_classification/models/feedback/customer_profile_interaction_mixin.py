from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import format_date

from .customer_profile_heard_mixin import search_of

# {field: (column of the interactions by customer and company, value of nothing)}
COLUMNS = {
    "interaction_count": ("number", 0),
    "interaction_count_before": ("number_before", 0),
    "interaction_received_count": ("received", 0),
    "last_interaction_date": ("last_day", False),
    "interaction_days": ("days", 0),
}
# What is of no company counts for each.
INTERACTIONS = """
    SELECT c.commercial_partner_id AS partner_id, w.company_id,
           count(*) FILTER (WHERE v.day >= w.first_day) AS number,
           count(*) FILTER (WHERE v.day >= w.before_day AND v.day < w.first_day)
               AS number_before,
           count(*) FILTER (WHERE v.day >= w.first_day AND v.direction = 'in')
               AS received,
           max(v.day) AS last_day, w.today - max(v.day) AS days
      FROM (%(rows)s) v
      JOIN res_partner c
        ON c.id = v.partner_id AND c.customer_objects_profiling IS NOT TRUE
      JOIN (%(windows)s) w ON w.company_id = v.company_id OR v.company_id IS NULL
     WHERE v.day <= w.today
     GROUP BY c.commercial_partner_id, w.company_id, w.today
"""


class CustomerProfileInteractionMixin(models.AbstractModel):
    """Interactions with a customer, in this window and the one before."""

    _name = "customer.profile.interaction.mixin"
    _inherit = "customer.profile.heard.mixin"
    _description = "Interactions With a Customer"

    interaction_count = fields.Integer(
        string="Interactions",
        compute="_compute_interactions",
        search=search_of("interaction_count"),
        compute_sudo=True,
        aggregator=None,
        help="E-mails, calls, visits, meetings, enquiries and quotations in the window "
        "of the rules.",
    )
    interaction_count_before = fields.Integer(
        string="Interactions Before",
        compute="_compute_interactions",
        search=search_of("interaction_count_before"),
        compute_sudo=True,
        aggregator=None,
        help="Interactions in the window before.",
    )
    interaction_received_count = fields.Integer(
        string="Interactions of the Customer",
        compute="_compute_interactions",
        search=search_of("interaction_received_count"),
        compute_sudo=True,
        aggregator=None,
        help="Of the interactions in the window, those that the customer began.",
    )
    last_interaction_date = fields.Date(
        string="Last Interaction",
        compute="_compute_interactions",
        search=search_of("last_interaction_date"),
        compute_sudo=True,
    )
    interaction_days = fields.Integer(
        string="Days Since the Last Interaction",
        compute="_compute_interactions",
        search=search_of("interaction_days"),
        compute_sudo=True,
        aggregator=None,
        help="0 also where there was none: see the last interaction.",
    )
    silence_ratio = fields.Float(
        compute="_compute_silence_ratio",
        search=search_of("silence_ratio"),
        compute_sudo=True,
        aggregator=None,
        digits=(16, 1),
        help="Days since the last interaction or purchase, the later of both, as a "
        "multiple of the own rhythm of purchases: from 2 on the customer is silent. 0 "
        "where no interaction or no rhythm is known.",
    )
    interaction_text = fields.Char(
        string="Interactions in Words", compute="_compute_interaction_text"
    )

    @api.model
    def _heard(self):
        joins = super()._heard()
        return {**joins, "interaction": (self._interaction_query, COLUMNS)}

    @api.depends("partner_id", "company_id")
    def _compute_interactions(self):
        self._set_heard("interaction")

    @api.model
    def _interaction_query(self, windows, contact_ids=None):
        """Return SQL of the interactions, by customer and company."""
        source = self.env["classification.interaction.source"].sudo()
        return SQL(" UNION ALL ").join(
            SQL(
                INTERACTIONS,
                rows=SQL(" UNION ALL ").join(source._queries(zone, contact_ids)),
                windows=of_zone,
            )
            for zone, of_zone in windows.items()
        )

    @api.depends(
        *("interaction_days", "last_interaction_date"),
        *("expected_gap_days", "last_purchase_date"),
    )
    def _compute_silence_ratio(self):
        for profile in self:
            gap, days = profile.expected_gap_days, profile.interaction_days
            spoken, bought = profile.last_interaction_date, profile.last_purchase_date
            if spoken and bought and bought > spoken:
                days = max(days - (bought - spoken).days, 0)
            profile.silence_ratio = gap and days / gap

    def _field_to_sql(self, alias, field_expr, query=None):
        """Return SQL of the ratio, from the join and the profile's own rhythm."""
        if field_expr != "silence_ratio" or query is None:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        days = SQL(
            "GREATEST(%(days)s - GREATEST(%(bought)s - %(spoken)s, 0), 0)",
            days=self._field_to_sql(alias, "interaction_days", query),
            bought=self._field_to_sql(alias, "last_purchase_date", query),
            spoken=self._field_to_sql(alias, "last_interaction_date", query),
        )
        return SQL(
            # Rounded as the field is.
            "COALESCE(ROUND((%s / NULLIF(%s, 0))::numeric, 1), 0)::float8",
            days,
            self._field_to_sql(alias, "expected_gap_days", query),
        )

    @api.depends(*COLUMNS)
    @api.depends_context("lang")
    def _compute_interaction_text(self):
        for profile in self:
            profile.interaction_text = profile._interaction_words()

    def _interaction_words(self):
        if not self.last_interaction_date:
            return self.env._("No interaction is known.")
        return self.env._(
            "Interactions: %(number)s, begun by the customer %(received)s; in the time "
            "before %(before)s. The last one on %(day)s, days ago: %(days)s.",
            number=self.interaction_count,
            received=self.interaction_received_count,
            before=self.interaction_count_before,
            day=format_date(self.env, self.last_interaction_date),
            days=self.interaction_days,
        )
