from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_datetime

from ..common.language import known_language
from ..common.own_context import with_own_context
from ..common.searched_values import searched_by_sql
from .working_time import WorkingTime

WARNING_TYPE = "customer_classification.mail_activity_type_complaint"
# Complaints of one transaction of the scheduled action.
_BATCH = 500
# The deadlines and all they follow from, kept by the program.
CLOCK_FIELDS = frozenset(
    {
        *("answered_date", "solved_date", "closed_date", "stopped_date"),
        *("is_answered", "is_solved", "paused_hours", "warned_deadline"),
        *("response_limit", "solution_limit", "warning_limit", "next_deadline"),
        *("response_deadline", "solution_deadline", "warning_date"),
        *("response_hours", "solution_hours", "late_count"),
    }
)


class CustomerComplaintClockMixin(models.AbstractModel):
    """Complaint with the deadlines that were promised for it.

    The promise is that of the rows of deadlines when the complaint is made or judged
    anew; later changes of the rows keep it. Deadlines follow from it on the working
    calendar of the company. While the customer is asked the clock stands: the hours of
    that time are added to the deadline of the solution.

    *Query budget*: one for the rows, one for the value tiers, and two for each four
    weeks and company, whatever the number of complaints.
    """

    _name = "customer.complaint.clock.mixin"
    _description = "Complaint With Deadlines"

    open_date = fields.Datetime(
        string="Complained",
        required=True,
        default=lambda self: fields.Datetime.now(),
        index=True,
        help="When the customer complained: the deadlines count from here.",
    )
    answered_date = fields.Datetime(
        string="First Answer", readonly=True, copy=False, tracking=True
    )
    solved_date = fields.Datetime(string="Solved On", readonly=True, copy=False)
    closed_date = fields.Datetime(string="Closed On", readonly=True, copy=False)
    stopped_date = fields.Datetime(
        string="Clock Stopped",
        readonly=True,
        copy=False,
        help="Since then the customer is asked, or the complaint is solved.",
    )
    paused_hours = fields.Float(
        string="Waited for the Customer (hours)",
        readonly=True,
        copy=False,
        aggregator=None,
    )
    response_limit = fields.Float(
        string="Promised Answer (hours)",
        compute="_compute_limits",
        store=True,
        aggregator=None,
    )
    solution_limit = fields.Float(
        string="Promised Solution (hours)",
        compute="_compute_limits",
        store=True,
        aggregator=None,
    )
    warning_limit = fields.Float(
        string="Warning Before (hours)",
        compute="_compute_limits",
        store=True,
        aggregator=None,
    )
    response_deadline = fields.Datetime(
        string="Answer Until", compute="_compute_deadlines", store=True
    )
    solution_deadline = fields.Datetime(
        string="Solve Until", compute="_compute_deadlines", store=True
    )
    next_deadline = fields.Datetime(
        compute="_compute_deadlines",
        store=True,
        index="btree_not_null",
        help="The answer's until there is one, then the solution's; none while the "
        "customer is asked.",
    )
    warning_date = fields.Datetime(
        string="Warn From",
        compute="_compute_deadlines",
        store=True,
        index="btree_not_null",
    )
    warned_deadline = fields.Datetime(
        string="Warned of Deadline", readonly=True, copy=False
    )
    is_answered = fields.Boolean(
        string="Answered", compute="_compute_deadlines", store=True
    )
    is_solved = fields.Boolean(
        string="Solved or Closed", compute="_compute_deadlines", store=True
    )
    response_hours = fields.Float(
        string="Hours to Answer",
        compute="_compute_deadlines",
        store=True,
        aggregator="avg",
        digits=(16, 1),
        help="Working hours from the complaint to the first answer.",
    )
    solution_hours = fields.Float(
        string="Hours to Solve",
        compute="_compute_deadlines",
        store=True,
        aggregator="avg",
        digits=(16, 1),
        help="Working hours from the complaint to the solution, without the time in "
        "which we waited for the customer.",
    )
    late_count = fields.Integer(
        string="Answered or Solved Late",
        compute="_compute_deadlines",
        store=True,
        aggregator="sum",
    )
    deadline_state = fields.Selection(
        [
            ("none", "No Deadline"),
            ("paused", "Clock Stopped"),
            ("running", "In Time"),
            ("soon", "Due Soon"),
            ("overdue", "Overdue"),
            ("done", "Done in Time"),
            ("late", "Done Late"),
        ],
        string="Deadline",
        compute="_compute_deadline_state",
        search="_search_deadline_state",
    )

    # Promise

    @api.depends("partner_id", "company_id", "category_id", "severity")
    def _compute_limits(self):
        """Take the hours of the most specific row: two queries."""
        rows = self.env["customer.complaint.deadline"].sudo().search(Domain.TRUE)
        tiers = self._tiers()
        for complaint in self:
            # A promise that was given stands once the complaint is solved.
            if complaint.solved_date and complaint.solution_limit:
                complaint.response_limit = complaint.response_limit
                complaint.solution_limit = complaint.solution_limit
                complaint.warning_limit = complaint.warning_limit
                continue
            key = (complaint.partner_id._origin.id, complaint.company_id.id)
            row = rows._fitting(complaint, tiers.get(key, rows.tier_id.browse()))
            complaint.response_limit = row.response_hours
            complaint.solution_limit = row.solution_hours
            complaint.warning_limit = row.warning_hours

    def _tiers(self):
        """Return ``{(customer id, company id): value tier}``: one query."""
        found = (
            self.env["customer.profile"]
            .sudo()
            .search_fetch(
                [
                    ("partner_id", "in", self.partner_id._origin.ids),
                    ("company_id", "in", self.company_id.ids),
                ],
                ["partner_id", "company_id", "value_tier_id"],
            )
        )
        return {
            (one.partner_id.id, one.company_id.id): one.value_tier_id for one in found
        }

    # Clock

    @api.depends(
        *("open_date", "company_id", "answered_date", "solved_date", "stopped_date"),
        *("paused_hours", "response_limit", "solution_limit", "warning_limit"),
        "warned_deadline",
    )
    def _compute_deadlines(self):
        """Work out deadlines and hours by the calendar of each company."""
        for company, complaints in self.grouped("company_id").items():
            time = WorkingTime(company)
            for complaint in complaints:
                complaint._set_deadlines(time)
                complaint._set_hours(time)

    def _set_deadlines(self, time):
        start, answer, solution = self.open_date, False, False
        if start and self.solution_limit:
            answer = time.after(start, self.response_limit) or False
            hours = self.solution_limit + self.paused_hours
            solution = time.after(start, hours) or False
        self.response_deadline, self.solution_deadline = answer, solution
        is_running = not self.stopped_date
        self.next_deadline = is_running and (solution if self.answered_date else answer)
        self.warning_date = (
            self.next_deadline
            and self.next_deadline != self.warned_deadline
            and time.before(self.next_deadline, self.warning_limit)
        )

    def _set_hours(self, time):
        start, answered, solved = self.open_date, self.answered_date, self.solved_date
        self.is_answered, self.is_solved = bool(answered), bool(solved)
        self.response_hours = time.between(start, answered) if answered else 0
        hours = time.between(start, solved) if solved else 0
        self.solution_hours = max(hours - self.paused_hours, 0)
        self.late_count = int(
            _is_late(answered, self.response_deadline)
            or _is_late(solved, self.solution_deadline)
        )

    @api.depends("next_deadline", "warning_date", "warned_deadline", "late_count")
    @api.depends("stopped_date", "solved_date", "solution_deadline")
    def _compute_deadline_state(self):
        now = fields.Datetime.now()
        for complaint in self:
            complaint.deadline_state = complaint._deadline_state_at(now)

    def _deadline_state_at(self, now):
        """Return how the complaint stands to its deadlines at a moment."""
        if not self.solution_deadline:
            return "none"
        if self.solved_date:
            return "late" if self.late_count else "done"
        if self.stopped_date:
            return "paused"
        if self.next_deadline < now:
            return "overdue"
        is_warned = self.warned_deadline == self.next_deadline
        is_soon = is_warned or self.warning_date and self.warning_date <= now
        return "soon" if is_soon else "running"

    @api.model
    def _search_deadline_state(self, operator, value):
        return searched_by_sql(self, "deadline_state", operator, value)

    def _field_to_sql(self, alias, field_expr, query=None):
        """Return SQL of how complaints stand to their deadlines now."""
        if field_expr != "deadline_state" or query is None:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        names = (
            *("solution_deadline", "solved_date", "late_count", "stopped_date"),
            *("next_deadline", "warned_deadline", "warning_date"),
        )
        return SQL(
            """
            CASE WHEN %(solution_deadline)s IS NULL THEN 'none'
                 WHEN %(solved_date)s IS NOT NULL
                 THEN CASE WHEN %(late_count)s > 0 THEN 'late' ELSE 'done' END
                 WHEN %(stopped_date)s IS NOT NULL THEN 'paused'
                 WHEN %(next_deadline)s < %(now)s THEN 'overdue'
                 WHEN %(next_deadline)s = %(warned_deadline)s
                      OR %(warning_date)s <= %(now)s THEN 'soon'
                 ELSE 'running' END
            """,
            now=fields.Datetime.now(),
            **{name: self._field_to_sql(alias, name, query) for name in names},
        )

    def _resume(self, now):
        """Let the clock of complaints go on, without the hours in which it stood."""
        for company, complaints in (
            self.filtered("stopped_date").grouped("company_id").items()
        ):
            time = WorkingTime(company)
            for complaint in complaints:
                hours = time.between(complaint.stopped_date, now)
                complaint.paused_hours += hours
        self.stopped_date = False

    # Warning

    @api.model
    def _cron_warn(self):
        """Give the owners an activity before each deadline."""
        cron = self.env["ir.cron"]
        domain = [("warning_date", "<=", fields.Datetime.now())]
        model = with_own_context(self)
        cron._commit_progress(remaining=model.search_count(domain))
        while complaints := model.search(domain, limit=_BATCH):
            complaints._warn()
            if not cron._commit_progress(len(complaints)):
                break

    def _warn(self):
        """Make one activity for each complaint whose deadline is near.

        A few queries, and one for each company.
        """
        owners = self._owners()
        self.env["mail.activity"].with_context(mail_activity_quick_update=True).create(
            [one._warning_values(owner) for one, owner in owners.items() if owner]
        )
        for deadline, complaints in self.grouped("next_deadline").items():
            complaints.warned_deadline = deadline

    def _owners(self):
        """Return ``{complaint: user}``: the owner, else who is responsible."""
        return {
            complaint: self._usable_owner(complaint.user_id, complaint.company_id)
            or self._responsible(complaint.company_id)
            for complaint in self
        }

    def _warning_values(self, owner):
        lang = known_language(self.env, owner.lang)
        texts = self.with_context(lang=lang, tz=owner.tz)
        until = format_datetime(texts.env, self.next_deadline, tz=owner.tz or "UTC")
        summary = (
            texts.env._("Solve the complaint until %s", until)
            if self.answered_date
            else texts.env._("Answer the complaint until %s", until)
        )
        return {
            "activity_type_id": self.env.ref(WARNING_TYPE).id,
            "automated": True,
            "res_model_id": self.env["ir.model"]._get_id(self._name),
            "res_id": self.id,
            "user_id": owner.id,
            "summary": summary,
            "date_deadline": fields.Datetime.context_timestamp(
                texts, self.next_deadline
            ).date(),
        }


def _is_late(moment, deadline):
    return bool(moment and deadline and moment > deadline)
