from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import format_date

from ..common.called_records import check_one
from ..common.searched_values import searched_by_sql

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
# Months that are looked at where a company has no rules.
_MONTHS = 12
# In the window, in the window before, and what is open, by commercial partner.
VOICE = """
    SELECT g.*, g.complaints - g.complaints_before AS change
      FROM (SELECT c.commercial_partner_id AS partner_id, v.company_id,
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
              JOIN (VALUES %(windows)s) w(company_id, first_day, before_day)
                ON w.company_id = v.company_id
             WHERE %(condition)s
             GROUP BY c.commercial_partner_id, v.company_id) g
"""


def _search(name):
    """Return the search method of a field."""
    return lambda self, operator, value: searched_by_sql(self, name, operator, value)


class CustomerProfile(models.Model):
    """Feedback of a customer, in the window of the rules and the one before.

    Nothing is stored: what is open and overdue changes by the hour. The fields are
    read, searched, sorted and grouped through one join with all that was said.

    *Query budget*: one, and one for the rules of each company.
    """

    _inherit = "customer.profile"

    complaint_count = fields.Integer(
        string="Complaints",
        compute="_compute_voice",
        search=_search("complaint_count"),
        compute_sudo=True,
        aggregator=None,
        help="Complaints and questions in the window of the rules.",
    )
    complaint_count_before = fields.Integer(
        string="Complaints Before",
        compute="_compute_voice",
        search=_search("complaint_count_before"),
        compute_sudo=True,
        aggregator=None,
        help="Complaints and questions in the window before.",
    )
    open_complaint_count = fields.Integer(
        string="Open Complaints",
        compute="_compute_voice",
        search=_search("open_complaint_count"),
        compute_sudo=True,
        aggregator=None,
    )
    overdue_complaint_count = fields.Integer(
        string="Overdue Complaints",
        compute="_compute_voice",
        search=_search("overdue_complaint_count"),
        compute_sudo=True,
        aggregator=None,
    )
    complaint_hours = fields.Float(
        string="Hours to Solve Complaints",
        compute="_compute_voice",
        search=_search("complaint_hours"),
        compute_sudo=True,
        aggregator=None,
        digits=(16, 1),
        help="Mean working hours to the solution, of complaints in the window.",
    )
    satisfaction = fields.Float(
        string="Satisfaction (0 to 100)",
        compute="_compute_voice",
        search=_search("satisfaction"),
        compute_sudo=True,
        aggregator=None,
        digits=(16, 1),
        help="Mean of the answers about satisfaction and of the ratings in the window. "
        "0 also where nobody answered: see the number of answers.",
    )
    satisfaction_count = fields.Integer(
        string="Answers About Satisfaction",
        compute="_compute_voice",
        search=_search("satisfaction_count"),
        compute_sudo=True,
        aggregator=None,
    )
    recommendation_score = fields.Float(
        string="Recommendation (NPS)",
        compute="_compute_voice",
        search=_search("recommendation_score"),
        compute_sudo=True,
        aggregator=None,
        digits=(16, 1),
        help="Promoters less detractors, of 100 answers of the customer in the window.",
    )
    recommendation_count = fields.Integer(
        string="Answers About Recommendation",
        compute="_compute_voice",
        search=_search("recommendation_count"),
        compute_sudo=True,
        aggregator=None,
    )
    last_feedback_date = fields.Date(
        string="Last Feedback",
        compute="_compute_voice",
        search=_search("last_feedback_date"),
        compute_sudo=True,
    )
    complaint_change = fields.Integer(
        string="More Complaints Than Before",
        compute="_compute_voice",
        search=_search("complaint_change"),
        compute_sudo=True,
        aggregator=None,
        help="Complaints in the window less those in the window before.",
    )
    voice_text = fields.Char(
        string="What the Customer Says", compute="_compute_voice_text"
    )

    @api.depends("partner_id", "company_id")
    def _compute_voice(self):
        """All fields of all profiles: one query, and one for each company."""
        voice = self._voice_query(
            self.company_id,
            SQL("c.commercial_partner_id = ANY(%s)", self.partner_id.ids),
        )
        found = {
            (row["partner_id"], row["company_id"]): row
            for row in self.env.execute_query_dict(voice)
        }
        for profile in self:
            row = found.get((profile.partner_id.id, profile.company_id.id), {})
            for name, (column, nothing) in COLUMNS.items():
                profile[name] = row.get(column) or nothing

    @api.model
    def _voice_query(self, companies, condition):
        """SQL of what was said, by customer and company."""
        self.env["res.partner"].flush_model(["commercial_partner_id"])
        source = self.env["classification.feedback.source"].sudo()
        rows = source._queries(fields.Datetime.now())
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
            windows=SQL(", ").join(map(self._window_values, companies or [None])),
            condition=condition,
            **{
                name: SQL("v.kind = ANY(%s)", list(kind))
                for name, kind in kinds.items()
            },
        )

    @api.model
    def _window_values(self, company):
        """Return the SQL of a company and the first days of its two windows."""
        policy = company and company.sudo()._get_customer_policy()
        today = policy._today() if policy else fields.Date.today()
        months = policy.window_months if policy else _MONTHS
        first, before = (today - relativedelta(months=n * months) for n in (1, 2))
        return SQL(
            "(%s, %s::date, %s::date)", company.id if company else 0, first, before
        )

    def _voice_join(self, alias, query):
        """Join what was said to a query on profiles, once; return the alias."""
        joined = query.make_alias(alias, "voice")
        voice = self._voice_query(self.env.companies, SQL("TRUE"))
        query.add_join(
            "LEFT JOIN",
            joined,
            SQL("(%s)", voice),
            SQL(" AND ").join(
                SQL("%s = %s", SQL.identifier(joined, key), SQL.identifier(alias, key))
                for key in ("partner_id", "company_id")
            ),
        )
        return joined

    def _field_to_sql(self, alias, field_expr, query=None):
        """Return SQL of a column of that join; nothing is 0."""
        column, nothing = COLUMNS.get(field_expr, (None, None))
        if column is None or query is None:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        value = SQL.identifier(self._voice_join(alias, query), column)
        kind = self._fields[field_expr].type
        if kind == "date":
            return value
        as_kind = SQL("integer" if kind == "integer" else "float8")
        return SQL("COALESCE(%s, %s)::%s", value, nothing, as_kind)

    def action_open_complaints(self):
        """Open the complaints of the customer."""
        check_one(self)
        return self.partner_id.action_open_customer_complaints()

    def action_open_feedback(self):
        """Open what the customer said."""
        check_one(self)
        return self.partner_id.action_open_customer_feedback()

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
            "%(number)s complaints, %(before)s in the time before; %(open)s open, "
            "%(overdue)s overdue.",
            number=self.complaint_count,
            before=self.complaint_count_before,
            open=self.open_complaint_count,
            overdue=self.overdue_complaint_count,
        )
