import ast
import re

from dateutil.relativedelta import relativedelta
from psycopg2 import Error as DatabaseError

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

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
    _inherit = "classification.policy"  # pylint: disable=consider-merging-classes-inherited

    sees_orders = fields.Boolean(compute="_compute_sees_documents")
    sees_invoices = fields.Boolean(compute="_compute_sees_documents")

    @api.depends_context("uid")
    def _compute_sees_documents(self):
        """Whether the screen may count what a filter matches: who reads no orders or
        invoices sees the filter as text."""
        self.sees_orders = self.env["sale.order"].has_access("read")
        self.sees_invoices = self.env["account.move"].has_access("read")

    @api.constrains(*FILTERS)
    def _check_filters(self):
        if self.env.context.get("references_judged_later"):
            return
        for policy in self:
            for name in FILTERS:
                policy._try_filter(name)

    def _try_filter(self, name):
        """Let the database read a filter without looking at a row.

        :raises ValidationError: naming the field of the policy
        """
        try:
            with self.env.cr.savepoint():
                matching = self._matching(name, SQL("0"), self._today())
                statement = SQL("SELECT WHERE FALSE AND %s", matching)
                self.env.cr.execute(statement, log_exceptions=False)
        except DatabaseError as error:
            raise self._filter_error(name, error) from error

    def _matching(self, name, column, as_of_date):
        """SQL condition that keeps the documents that a filter matches.

        :param name: field of the policy, of :data:`FILTERS`
        :param column: SQL of the id of the document
        :param as_of_date: day from which relative dates are counted
        :raises ValidationError: the filter cannot be read, naming the field
        """
        model = self._filtered_model(name)
        domain = self._filter_domain(name, as_of_date)
        if domain.is_true():
            return SQL("TRUE")
        try:
            query = model._search(domain, active_test=False, bypass_access=True)
        except (ValueError, TypeError, UserError, NotImplementedError) as error:
            raise self._filter_error(name, error) from error
        return SQL("%s IN %s", column, query.subselect())

    def _filter_domain(self, name, as_of_date):
        """The same as a :class:`Domain`, for people to open the documents.

        :raises ValidationError: the filter cannot be read, naming the field
        """
        model = self._filtered_model(name)
        domain = self._parse_filter(name, model)
        try:
            return _with_fixed_dates(domain, model, as_of_date)
        except (ValueError, TypeError) as error:
            raise self._filter_error(name, error) from error

    def _filter_or_nothing(self, name):
        """The :class:`Domain` of a filter as of today; nothing where it cannot be
        read, which the next run tells."""
        try:
            return self._filter_domain(name, self._today())
        except ValidationError:
            return Domain.FALSE

    def _filtered_model(self, name):
        """The documents of a filter, as nobody's rights and no archive limit them."""
        self.ensure_one()
        return (
            self.env[FILTERS[name]]
            .sudo()
            .with_company(self.company_id)
            .with_context(active_test=False, tz=self.tz)
        )

    def _parse_filter(self, name, model):
        """The :class:`Domain` of a filter, of which all fields exist."""
        try:
            domain = Domain(ast.literal_eval(self[name] or "[]"))
        except (ValueError, TypeError, SyntaxError, MemoryError) as error:
            raise ValidationError(
                self.env._(
                    "%s: this filter cannot be read. Use fields of the document and "
                    "fixed values.",
                    self._label_of(name),
                )
            ) from error
        missing = next(missing_fields(domain, model), None)
        if missing:
            raise ValidationError(
                self.env._(
                    "%(filter)s: there is no field “%(field)s” any more, so nothing "
                    "would match. Choose another one.",
                    filter=self._label_of(name),
                    field=missing,
                )
            )
        return domain

    def _filter_error(self, name, error):
        return ValidationError(
            self.env._(
                "%(filter)s: this filter cannot be used: %(error)s",
                filter=self._label_of(name),
                error=str(error).strip(),
            )
        )

    def _has_moving_filter(self):
        """Whether what a filter matches can change although no document does: it
        counts days, or looks at other records than the documents."""
        self.ensure_one()
        return any(
            "." in condition.field_expr
            or condition.operator in _ANY
            or any(map(_is_relative, _texts(condition.value)))
            for name, model in FILTERS.items()
            for condition in self._parse_filter(name, self.env[model]).iter_conditions()
        )


_ANY = ("any", "not any", "any!", "not any!")


def missing_fields(domain, model):
    """Paths of a domain that name a field that the models do not have."""
    for condition in domain.iter_conditions():
        found = field_of(condition, model)
        if not found:
            yield condition.field_expr
        elif condition.operator in _ANY:
            comodel = model.env[found.comodel_name] if found.relational else None
            if comodel is None:
                yield condition.field_expr
            else:
                yield from missing_fields(Domain(condition.value), comodel)


def field_of(condition, model):
    """The field at the end of the path of a condition, or None."""
    field = None
    for name in condition.field_expr.split("."):
        if field is not None and not field.relational:
            # Part of a date (“create_date.month_number”) or of properties.
            return field if field.type in ("date", "datetime", "properties") else None
        model = model if field is None else model.env[field.comodel_name]
        field = model._fields.get(name)
        if field is None:
            return None
    return field


def _with_fixed_dates(domain, model, day):
    """The domain with relative dates counted from a day, not from the clock."""

    def fix(condition):
        field, value = field_of(condition, model), condition.value
        if condition.operator in _ANY:
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
