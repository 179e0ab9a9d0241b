import re

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..common.classification_condition_mixin import ANY, Condition, field_of
from ..common.own_context import OWN

# {field of the policy: the documents that it picks}
FILTERS = {"sale_domain": "sale.order", "invoice_domain": "account.move"}
_WEEKDAYS = (
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
)
_UNITS = {"d": "days", "w": "weeks", "m": "months", "y": "years"}
_TERM = re.compile(r"([+=-])(?:(\d+)([dwmy])|(week_start|[a-z]+day))")


class ClassificationPolicy(models.Model):
    """Which documents count: the filters of the policy, as SQL.

    A filter that cannot be read, or that names what is no more, matches nothing and
    ends the run in a sentence: everything would be wrong and look right.
    """

    # One file for each idea of a policy.
    _name = "classification.policy"
    _inherit = ["classification.policy", "classification.condition.mixin"]
    _condition_person = "filter_user_id"
    _condition_texts = tuple(FILTERS)
    _condition_fields = frozenset((*FILTERS, "company_id"))

    filter_user_id = fields.Many2one(
        "res.users",
        string="Filters Looked At By",
        default=lambda self: self.env.uid,
        copy=False,
        readonly=True,
        help="Who wrote the filters: they find the documents that this person may "
        "read.",
    )

    sees_orders = fields.Boolean(compute="_compute_sees_documents")
    sees_invoices = fields.Boolean(compute="_compute_sees_documents")

    @api.depends_context("uid")
    def _compute_sees_documents(self):
        """Whether the screen may count what a filter matches: who reads no orders or
        invoices sees the filter as text."""
        self.sees_orders = self.env["sale.order"].has_access("read")
        self.sees_invoices = self.env["account.move"].has_access("read")

    @api.constrains(*FILTERS, "company_id")
    def _check_filters(self):
        if self.env.context.get("references_judged_later") is OWN:
            return
        # A constraint judges as superuser; who publishes, as the run will.
        person = self._condition_root if self.env.su else None
        for policy in self:
            for condition in policy._filter_conditions(person):
                condition.try_out()

    def _check_condition_rights(self):
        if self.env.context.get("references_judged_later") is OWN:
            return
        for policy in self:
            for condition in policy._filter_conditions(self.env.user):
                condition.check_rights()

    def _filter_conditions(self, person=None):
        """The filters that say anything, as of today.

        :param person: who looks; by default who wrote them
        """
        for name in FILTERS:
            if not self._parse_filter(name, self.env[FILTERS[name]]).is_true():
                yield self._filter_condition(name, self._today(), person)

    def _matching(self, name, column, as_of_date):
        """SQL condition that keeps the documents that a filter matches.

        :param name: field of the policy, of :data:`FILTERS`
        :param column: SQL of the id of the document
        :param as_of_date: day from which relative dates are counted
        :raises UserError: the filter cannot be read, naming the field, or whoever
            wrote it may not read all of it any more
        """
        if self._parse_filter(name, self.env[FILTERS[name]]).is_true():
            return SQL("TRUE")
        condition = self._filter_condition(name, as_of_date)
        condition.try_out_once()
        return SQL("%s IN %s", column, condition.ids())

    def _filter_condition(self, name, as_of_date, person=None):
        """The :class:`Condition` of a filter, with dates counted from a day.

        :param person: who looks; by default who wrote it
        """
        self.ensure_one()
        label = self._label_of(name)
        model = self._condition_eyes(FILTERS[name], self.company_id, label, person)
        condition = Condition(model.with_context(tz=self.tz), self[name], label)
        condition.rewrite(
            lambda domain, model: _with_fixed_dates(domain, model, as_of_date)
        )
        return condition

    def _filter_domain(self, name, as_of_date):
        """The same as a :class:`Domain`, for people to open the documents.

        :raises ValidationError: the filter cannot be read, naming the field
        """
        condition = Condition(self.env[FILTERS[name]], self[name], self._label_of(name))
        condition.rewrite(
            lambda domain, model: _with_fixed_dates(domain, model, as_of_date)
        )
        return condition.domain()

    def _filter_or_nothing(self, name):
        """The :class:`Domain` of a filter as of today; nothing where it cannot be
        read, or not by the current user, which the next run tells."""
        try:
            domain = self._filter_domain(name, self._today())
            Condition(self.env[FILTERS[name]], self[name], name).check_rights()
        except UserError:
            return Domain.FALSE
        return domain

    def _filter_problems(self):
        """Why the next run cannot use the filters, in sentences."""
        try:
            for condition in self._filter_conditions():
                condition.check_rights()
        except UserError as error:
            return [error.args[0]]
        return []

    def _parse_filter(self, name, model):
        """The :class:`Domain` of a filter, of which all fields exist."""
        return Condition(model, self[name], self._label_of(name)).domain()

    def _has_moving_filter(self):
        """Whether what a filter matches can change although no document does: it
        counts days, or looks at other records than the documents."""
        self.ensure_one()
        return any(
            "." in condition.field_expr
            or condition.operator in ANY
            or any(map(_is_relative, _texts(condition.value)))
            for name, model in FILTERS.items()
            for condition in self._parse_filter(name, self.env[model]).iter_conditions()
        )


def _with_fixed_dates(domain, model, day):
    """The domain with relative dates counted from a day, not from the clock."""

    def fix(condition):
        field, value = field_of(condition, model), condition.value
        if condition.operator in ANY:
            comodel = model.env[field.comodel_name]
            value = _with_fixed_dates(Domain(value), comodel, day)
        elif field.type in ("date", "datetime"):
            if isinstance(value, str):
                value = _fixed_date(value, day)
            elif isinstance(value, (list, tuple, set)):
                value = [_fixed_date(item, day) for item in value]
        return Domain(condition.field_expr, condition.operator, value)

    return domain.map_conditions(fix)


def _texts(value):
    """The texts in the value of a condition."""
    items = value if isinstance(value, (list, tuple, set)) else [value]
    return [item for item in items if isinstance(item, str)]


def _is_relative(text):
    return bool(re.match(r"(today|now|[+=-](\d+[a-zA-Z]|[a-z_]+))(\s|$)", text))


def _fixed_date(value, day):
    """A date that is written relative to today (“today -30d”, “=1d”, “-1m =monday”),
    counted from a day; other values as they are.

    :raises ValueError: it counts in parts of a day, or says nothing known
    """
    if not isinstance(value, str) or not _is_relative(value):
        return value
    terms = value.split()
    for term in terms[1:] if terms[0] in ("today", "now") else terms:
        match = _TERM.fullmatch(term)
        if not match:
            raise ValueError(f"{term} in {value}")
        day = _step(day, *match.groups())
    return day


def _step(day, sign, number, unit, weekday):
    """A day moved by a term of a relative date; weeks begin on Monday."""
    if weekday:
        place = 0 if weekday == "week_start" else _WEEKDAYS.index(weekday)
        offset = place - day.weekday()
        if sign == "+" and offset < 0:
            offset += 7
        elif sign == "-" and offset > 0:
            offset -= 7
        return day + relativedelta(days=offset)
    if sign == "=":
        return day + relativedelta(**{_UNITS[unit].removesuffix("s"): int(number)})
    return day + relativedelta(**{_UNITS[unit]: int(sign + number)})
