from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import format_date

from ..common.called_records import check_one
from .customer_profile_heard_mixin import of_all_zones, search_of

# {field: (column of what was said by customer and company, value of nothing)}
COLUMNS = {
    "complaint_count": ("complaints", 0),
    "complaint_count_before": ("complaints_before", 0),
    "open_complaint_count": ("open", 0),
    "overdue_complaint_count": ("overdue", 0),
    "complaint_hours": ("hours", 0.0),
    "satisfaction": ("satisfaction", 0.0),
    "satisfaction_count": ("satisfaction_number", 0),
    "recommendation_score": ("recommendation", 0.0),
    "recommendation_count": ("recommendation_number", 0),
    "last_feedback_date": ("last_day", False),
    "complaint_change": ("change", 0),
}
# In the window, in the window before, and what is open, by commercial partner. What is
# of no company counts for each.
VOICE = """
    SELECT g.*, g.complaints - g.complaints_before AS change
      FROM (SELECT c.commercial_partner_id AS partner_id, w.company_id,
                   count(*) FILTER (WHERE %(is_complaint)s AND %(now)s)
                       AS complaints,
                   count(*) FILTER (WHERE %(is_complaint)s AND %(before)s)
                       AS complaints_before,
                   count(*) FILTER (WHERE v.is_open) AS open,
                   count(*) FILTER (WHERE v.is_overdue) AS overdue,
                   avg(v.hours) FILTER (WHERE %(now)s) AS hours,
                   avg(v.score) FILTER (WHERE %(is_satisfaction)s AND %(now)s)
                       AS satisfaction,
                   count(v.score) FILTER (WHERE %(is_satisfaction)s AND %(now)s)
                       AS satisfaction_number,
                   avg(CASE WHEN v.score >= 90 THEN 100 WHEN v.score >= 70 THEN 0
                            ELSE -100 END::float8)
                       FILTER (WHERE %(is_recommendation)s AND %(now)s)
                       AS recommendation,
                   count(*) FILTER (WHERE %(is_recommendation)s AND %(now)s)
                       AS recommendation_number,
                   max(v.day) FILTER (WHERE v.kind <> 'complaint') AS last_day
              FROM (%(rows)s) v
              JOIN res_partner c ON c.id = v.partner_id
              JOIN (%(windows)s) w
                ON w.company_id = v.company_id OR v.company_id IS NULL
             WHERE %(counts)s
             GROUP BY c.commercial_partner_id, w.company_id) g
"""


class CustomerProfileVoiceMixin(models.AbstractModel):
    """Feedback of a customer, in the window of the rules and the one before.

    Nothing is stored: what is open and overdue changes by the hour. The fields are
    read, searched, sorted and grouped through one join with all that was said.

    *Query budget*: one, and one for the rules of each company.
    """

    _name = "customer.profile.voice.mixin"
    _inherit = "customer.profile.heard.mixin"
    _description = "What a Customer Said"

    complaint_count = fields.Integer(
        string="Complaints",
        compute="_compute_voice",
        search=search_of("complaint_count"),
        compute_sudo=True,
        aggregator=None,
        help="Complaints and questions in the window of the rules.",
    )
    complaint_count_before = fields.Integer(
        string="Complaints Before",
        compute="_compute_voice",
        search=search_of("complaint_count_before"),
        compute_sudo=True,
        aggregator=None,
        help="Complaints and questions in the window before.",
    )
    open_complaint_count = fields.Integer(
        string="Open Complaints",
        compute="_compute_voice",
        search=search_of("open_complaint_count"),
        compute_sudo=True,
        aggregator=None,
        help="Complaints that are not solved yet.",
    )
    overdue_complaint_count = fields.Integer(
        string="Overdue Complaints",
        compute="_compute_voice",
        search=search_of("overdue_complaint_count"),
        compute_sudo=True,
        aggregator=None,
        help="Open complaints whose deadline has passed.",
    )
    complaint_hours = fields.Float(
        string="Hours to Solve Complaints",
        compute="_compute_voice",
        search=search_of("complaint_hours"),
        compute_sudo=True,
        aggregator=None,
        digits=(16, 1),
        help="Mean working hours to the solution, of complaints in the window.",
    )
    satisfaction = fields.Float(
        string="Satisfaction (0 to 100)",
        compute="_compute_voice",
        search=search_of("satisfaction"),
        compute_sudo=True,
        aggregator=None,
        digits=(16, 1),
        help="Mean of the answers about satisfaction and of the ratings in the window. "
        "0 also where nobody answered: see the number of answers.",
    )
    satisfaction_count = fields.Integer(
        string="Answers About Satisfaction",
        compute="_compute_voice",
        search=search_of("satisfaction_count"),
        compute_sudo=True,
        aggregator=None,
        help="Answers in the window by which satisfaction is found.",
    )
    recommendation_score = fields.Float(
        string="Recommendation (NPS)",
        compute="_compute_voice",
        search=search_of("recommendation_score"),
        compute_sudo=True,
        aggregator=None,
        digits=(16, 1),
        help="Promoters less detractors, of 100 answers of the customer in the window.",
    )
    recommendation_count = fields.Integer(
        string="Answers About Recommendation",
        compute="_compute_voice",
        search=search_of("recommendation_count"),
        compute_sudo=True,
        aggregator=None,
        help="Answers in the window by which recommendation is found.",
    )
    last_feedback_date = fields.Date(
        string="Last Feedback",
        compute="_compute_voice",
        search=search_of("last_feedback_date"),
        compute_sudo=True,
    )
    complaint_change = fields.Integer(
        string="More Complaints Than Before",
        compute="_compute_voice",
        search=search_of("complaint_change"),
        compute_sudo=True,
        aggregator=None,
        help="Complaints in the window less those in the window before.",
    )
    voice_text = fields.Char(
        string="What the Customer Says", compute="_compute_voice_text"
    )

    @api.model
    def _heard(self):
        return {**super()._heard(), "voice": (self._voice_query, COLUMNS)}

    @api.depends("partner_id", "company_id")
    def _compute_voice(self):
        self._set_heard("voice")

    @api.model
    def _voice_query(self, windows, contact_ids=None):
        """Return SQL of what was said, by customer and company."""
        source = self.env["classification.feedback.source"].sudo()
        rows = source._queries(fields.Datetime.now(), contact_ids)
        kinds = {
            "is_complaint": ("complaint",),
            "is_satisfaction": ("satisfaction", "rating"),
            "is_recommendation": ("recommendation",),
        }
        return SQL(
            VOICE,
            now=SQL("v.day >= w.first_day"),
            before=SQL("v.day >= w.before_day AND v.day < w.first_day"),
            rows=SQL(" UNION ALL ").join(rows),
            windows=of_all_zones(windows),
            counts=source._counts(SQL("v.partner_id")),
            **{name: SQL("v.kind = ANY(%s)", [*kind]) for name, kind in kinds.items()},
        )

    def action_open_complaints(self):
        """Open the complaints of the customer."""
        check_one(self)
        return self.partner_id.action_open_customer_complaints()

    def action_open_feedback(self):
        """Open what the customer said."""
        check_one(self)
        return self.partner_id.action_open_customer_feedback()

    def action_open_timeline(self):
        """Open what happened with the customer, the newest first."""
        check_one(self)
        return self.partner_id.action_open_customer_timeline()

    # Sentence

    @api.depends(*COLUMNS)
    @api.depends_context("lang")
    def _compute_voice_text(self):
        for profile in self:
            words = (
                profile._satisfaction_words(),
                profile._recommendation_words(),
                profile._complaint_words(),
            )
            profile.voice_text = " ".join(filter(None, words)) or self.env._(
                "Too little is known: no answer and no complaint in the window."
            )

    def _satisfaction_words(self):
        if not self.satisfaction_count:
            return False
        score = round(self.satisfaction)
        if self.satisfaction_count == 1:
            return self.env._("Satisfaction %s of 100, by one answer only.", score)
        return self.env._(
            "Satisfaction %(score)s of 100, the mean of %(number)s answers, the last "
            "on %(day)s.",
            score=score,
            number=self.satisfaction_count,
            day=format_date(self.env, self.last_feedback_date),
        )

    def _recommendation_words(self):
        if not self.recommendation_count:
            return False
        if self.recommendation_score > 0:
            return self.env._("Recommends us.")
        if self.recommendation_score < 0:
            return self.env._("Does not recommend us.")
        return self.env._("Neither recommends us nor advises against us.")

    def _complaint_words(self):
        if not self.complaint_count and not self.open_complaint_count:
            return False
        return self.env._(
            "Complaints: %(number)s, in the time before %(before)s; open %(open)s, "
            "overdue %(overdue)s.",
            number=self.complaint_count,
            before=self.complaint_count_before,
            open=self.open_complaint_count,
            overdue=self.overdue_complaint_count,
        )
