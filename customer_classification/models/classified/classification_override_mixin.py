from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

DEFAULT_DAYS = 90
SOON_DAYS = 14


class ClassificationOverrideMixin(models.AbstractModel):
    """A person's decision about a class: which, why, until when.

    Runs never overwrite it. They go on computing the class (the *shadow*) and mark, in
    the status, decisions that end or that differ from the computed class. A model of
    decisions sets its subject in ``_classified_kind``, has an ``axis``, a field for the
    class on each, and shows the decision by ``_apply``.

    The author and the time are recorded by the program. Changing a decision makes a new
    one: the former one is kept beside it, as a decision that has ended.
    """

    _name = "classification.override.mixin"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "Decision About a Class"
    _protected_fields = frozenset(
        {"start_date", "user_id", "ended_date", "ended_by_id", "status"}
    )
    _fixed_fields = frozenset({"company_id", "axis"})

    # The ClassifiedKind of the records that are decided about.
    _classified_kind = None

    company_id = fields.Many2one(
        "res.company",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
    )
    reason = fields.Text(required=True, help="Why the numbers are not right here.")
    start_date = fields.Date(
        string="Since",
        required=True,
        readonly=True,
        default=fields.Date.context_today,
    )
    end_date = fields.Date(
        string="Until",
        required=True,
        default=lambda self: self._default_end_date(),
        help="Last day. After it the numbers decide again.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Decided By",
        readonly=True,
        default=lambda self: self.env.user,
    )
    ended_date = fields.Datetime(string="Ended On", readonly=True)
    ended_by_id = fields.Many2one(
        "res.users", string="Ended By", readonly=True, copy=False
    )
    status = fields.Selection(
        [
            ("active", "In force"),
            ("expiring", "Ends soon"),
            ("agrees", "The numbers agree by now"),
            ("unsupported", "The numbers moved since"),
            ("ended", "Ended"),
        ],
        required=True,
        readonly=True,
        default="active",
        index=True,
    )

    # Each model of decisions names its own model.
    earlier_ids = fields.One2many(
        "classification.override.mixin",
        compute="_compute_earlier_ids",
        string="Decided Before",
        help="Earlier decisions about the same, and what this one said before it was "
        "changed.",
    )

    @property
    def _subject(self):
        """Name of the field with the customer or product."""
        return self._classified_kind.subject

    @api.model
    def _default_end_date(self):
        return fields.Date.context_today(self) + timedelta(days=DEFAULT_DAYS)

    @api.model
    def _class_fields(self):
        """``{axis: name of the field with the decided class}``."""
        raise NotImplementedError

    def _compute_earlier_ids(self):
        """Ended decisions on the same, the last one first: one query."""
        name = self._subject
        ended = self.search(
            [
                (name, "in", self[name].ids),
                ("company_id", "in", self.company_id.ids),
                ("status", "=", "ended"),
            ],
            order="ended_date desc, id desc",
        )
        grouped = ended.grouped(self._place)
        for decision in self:
            same = grouped.get(self._place(decision), ended.browse())
            decision.earlier_ids = same - decision._origin

    @api.model
    def _place(self, decision):
        """Return the subject and axis of a decision."""
        return (
            decision[self._subject],
            decision.company_id,
            decision.axis,
        )

    def _apply(self):
        """Show the decision at once, or the computed class after it."""
        raise NotImplementedError

    @api.constrains(lambda self: self._class_constrained())
    def _check_class(self):
        names = self._class_fields()
        for decision in self:
            if not decision[names[decision.axis]]:
                raise ValidationError(self.env._("Choose the class that you decide."))

    @api.model
    def _class_constrained(self):
        return ("axis", *self._class_fields().values()) if self._classified_kind else ()

    @api.constrains("start_date", "end_date")
    def _check_end_date(self):
        for decision in self:
            if decision.end_date < decision.start_date:
                raise ValidationError(
                    self.env._("A decision cannot end before the day it is made.")
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Decide, in place of earlier decisions on the same, and show it at once."""
        decisions = super().create(vals_list)
        decisions._earlier_ones()._end()
        decisions._apply()
        return decisions

    @api.model
    def _completed_for_create(self, vals_list):
        """Add the day by the calendar of each company.

        That of the person may be another one, by the time zone.
        """
        if self.env.su:
            return vals_list
        default = self.env.company.id
        companies = {vals.get("company_id") or default for vals in vals_list}
        days = {
            company.id: self._day_of(company)
            for company in self.env["res.company"].browse(companies)
        }
        return [
            {**vals, "start_date": days[vals.get("company_id") or default]}
            for vals in vals_list
        ]

    @api.model
    def _day_of(self, company):
        """Today by the calendar of a company's policy."""
        policy = company.sudo()._get_customer_policy()
        return policy._today() if policy else fields.Date.context_today(self)

    def write(self, vals):
        """Decide anew, and keep the former decision beside it.

        Writes of the program itself are not decisions.
        """
        names = {
            "axis",
            "end_date",
            self._subject,
            *self._class_fields().values(),
        }
        is_decision = not self.env.su and (names | {"reason"}) & set(vals)
        if is_decision:
            self.check_access("write")
            self._refuse_ended()
            kept = self._versions()
        result = super().write(vals)
        if is_decision:
            self._keep(kept)
            self.sudo()._sign()
        if names & set(vals):
            self._apply()
        return result

    def _refuse_ended(self):
        if self.filtered(lambda decision: decision.status == "ended"):
            raise UserError(
                self.env._(
                    "This decision has ended and explains past classes. Make a new one."
                )
            )

    def _versions(self):
        """Values of these decisions as they are, as ones that end now."""
        names = (
            *("company_id", "axis", "reason", "start_date", "end_date", "user_id"),
            *(
                self._subject,
                *self._class_fields().values(),
                *self._number_fields(),
            ),
        )
        return [
            {
                name: self._fields[name].convert_to_write(decision[name], decision)
                for name in names
            }
            | self._end_values()
            for decision in self.sudo()
        ]

    @api.model
    def _keep(self, versions):
        """Create decisions that have ended: nothing is decided by them."""
        return super(ClassificationOverrideMixin, self.sudo()).create(versions)

    def _sign(self):
        """Record the author, the day and the computed classes of a decision.

        One write for each combination of computed classes.
        """
        numbers = self._numbers_now()
        days = {company: self._day_of(company) for company in self.company_id}
        for (company, values), decisions in self.grouped(
            lambda one: (one.company_id, tuple(numbers[one].items()))
        ).items():
            decisions.write(
                {
                    "user_id": self.env.uid,
                    "start_date": days[company],
                    **dict(values),
                }
            )

    @api.model
    def _number_fields(self):
        """Return the names of the fields with the computed classes of its day."""
        raise NotImplementedError

    def _numbers_now(self):
        """Return ``{decision: {field: current computed class}}``."""
        raise NotImplementedError

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(
            self.env._(
                "A decision explains past classes. End it instead of deleting it."
            )
        )

    def _earlier_ones(self):
        """Decisions in force on the same axis of the same subjects: one query."""
        name = self._subject
        found = self.sudo().search(
            [
                ("id", "not in", self.ids),
                (name, "in", self[name].ids),
                ("company_id", "in", self.company_id.ids),
                ("status", "!=", "ended"),
            ]
        )
        places = set(map(self._place, self))
        return found.filtered(lambda one: self._place(one) in places)

    @api.model
    def _end_values(self):
        return {
            "status": "ended",
            "ended_date": fields.Datetime.now(),
            "ended_by_id": self.env.uid,
        }

    def _end(self):
        self.sudo().write(self._end_values())

    def action_end(self):
        """Let the numbers decide again, from now on."""
        self.check_access("write")
        self._refuse_ended()
        self._end()
        self._apply()

    # Queries of runs

    def _profiles(self):
        """Return ``{(subject, company): profile}`` of these decisions: one query."""
        kind = self._classified_kind
        profiles = (
            self.env[kind.profile_model]
            .with_context(active_test=False)
            .search(
                [
                    (kind.subject, "in", self[kind.subject].ids),
                    ("company_id", "in", self.company_id.ids),
                ]
            )
        )
        return {(one[kind.subject], one.company_id): one for one in profiles}

    @api.model
    def _update_status(self, company, as_of_date):
        """Update which decisions end, or differ from the computed class.

        One query.
        """
        self.flush_model()
        self.env[self._classified_kind.profile_model].flush_model()
        self.env.cr.execute(
            SQL(
                "UPDATE %s o SET status = s.status FROM (%s) s"
                " WHERE s.id = o.id AND o.status <> s.status",
                SQL.identifier(self._table),
                self._status_query(company, as_of_date),
            )
        )
        self.invalidate_model(["status"])

    @api.model
    def _status_query(self, company, as_of_date):
        """Return the SQL of the status of each decision that has not ended."""
        kind = self._classified_kind
        subject = SQL.identifier(kind.subject)
        return SQL(
            """
            SELECT o.id, CASE
                   WHEN o.end_date < %(today)s THEN 'ended'
                   WHEN %(now)s = %(decided)s THEN 'agrees'
                   WHEN %(now)s <> %(then)s THEN 'unsupported'
                   WHEN o.end_date <= %(soon)s THEN 'expiring'
                   ELSE 'active' END AS status
              FROM %(table)s o
              JOIN %(profiles)s f ON f.%(subject)s = o.%(subject)s
               AND f.company_id = o.company_id
             WHERE o.company_id = %(company)s AND o.status <> 'ended'
            """,
            **self._status_classes(),
            table=SQL.identifier(self._table),
            profiles=SQL.identifier(self.env[kind.profile_model]._table),
            subject=subject,
            today=as_of_date,
            soon=as_of_date + timedelta(days=SOON_DAYS),
            company=company.id,
        )

    @api.model
    def _status_classes(self):
        """Return the SQL of the classes that decide the status.

        ``now``, ``then`` and ``decided``: the class on the axis of a decision ``o``
        with the profile ``f``, '' for none.
        """
        raise NotImplementedError

    @api.model
    def _class_sql(self, alias, names):
        """Return the SQL of the class on the decision's axis as text.

        Empty text without a class.

        :param names: ``{axis: column}``
        """
        return SQL(
            "COALESCE(CASE o.axis %s END, '')",
            SQL(" ").join(
                SQL("WHEN %s THEN %s::text", axis, SQL.identifier(alias, name))
                for axis, name in names.items()
            ),
        )
