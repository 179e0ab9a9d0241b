from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.base.models.res_partner import _tz_get

from ..common.classification_condition_mixin import ANY, Condition
from ..common.classification_reason_mixin import field_label
from ..common.own_context import OWN
from .relative_dates import is_relative, texts_of, with_fixed_dates
from .rule_fields import (
    FILTERS,
)


class ClassificationPolicySourcesMixin(models.AbstractModel):
    """Which documents of which day count, and in which window."""

    _name = "classification.policy.sources.mixin"
    _description = "Sources of a Policy"

    tz = fields.Selection(
        _tz_get,
        string="Time Zone",
        required=True,
        default=lambda self: self._default_tz(),
        help="A purchase belongs to the day that it was in this time zone.",
    )
    revenue_source = fields.Selection(
        [
            ("sale", "Confirmed sales orders"),
            ("invoice", "Posted customer invoices"),
        ],
        string="What Counts",
        required=True,
        default="sale",
        help="What counts as a purchase. Only one of the two, so that no sale counts "
        "twice. Imported purchases are added, but for those with the reference of a "
        "document of the same customer that counts.",
    )
    count_point_of_sale = fields.Boolean(
        string="Point of Sale Too",
        help="Paid orders of the point of sale count as well, each sale once: beside "
        "sales orders without the lines that settle one of them, beside invoices those "
        "without an invoice. Only where the point of sale is installed.",
    )
    subtract_credit_notes = fields.Boolean(
        default=True,
        help="With sales orders: posted credit notes lower the revenue on their own "
        "day, as far as they take back orders that count. What was credited of an "
        "order that was cancelled, made smaller or invoiced again takes nothing.",
    )
    subtract_unlinked_credit_notes = fields.Boolean(
        string="Credit Notes without Origin",
        help="Credit notes that name no order and reverse no invoice, such as a bonus "
        "at the end of the year: also lower the revenue by them. Nobody knows whether "
        "what they give back was counted before, so they are left out by default.",
    )
    sale_domain = fields.Char(
        string="Only These Orders",
        help="Only sales orders that match count. A date such as “today -30d” is "
        "counted from the day of the run.",
    )
    invoice_domain = fields.Char(
        string="Only These Invoices",
        help="Only invoices and credit notes that match count. A date such as "
        "“today -30d” is counted from the day of the run.",
    )
    window_months = fields.Integer(
        string="Window",
        default=12,
        required=True,
        help="Frequency, revenue and value look at this many months up to the day "
        "of the run.",
        aggregator=None,
    )
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

    @api.model
    def _default_tz(self):
        return self.env.company.partner_id.tz or self.env.user.tz or "UTC"

    def _today(self):
        """Today in the time zone of the policy."""
        return fields.Date.context_today(self.with_context(tz=self.tz))

    # Filters: the documents that count

    @api.depends_context("uid")
    def _compute_sees_documents(self):
        """Compute if the screen may count the documents of a filter.

        Users without access to orders or invoices see the filter as text.
        """
        self.sees_orders = self.env["sale.order"].has_access("read")
        self.sees_invoices = self.env["account.move"].has_access("read")

    @api.constrains(*FILTERS, "company_id")
    def _check_filters(self):
        if self.env.context.get("references_judged_later") is OWN:
            return
        # A constraint runs as superuser; publishing checks with the run's rights.
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
        """Return the non-empty filters as of today.

        :param person: the user whose rights apply; by default the filters' author
        """
        for name in FILTERS:
            if not self._parse_filter(name, self.env[FILTERS[name]]).is_true():
                yield self._filter_condition(name, self._today(), person)

    def _matching(self, name, column, as_of_date):
        """Return the SQL condition of the documents that a filter matches.

        :param name: field of the policy, of :data:`FILTERS`
        :param column: SQL of the id of the document
        :param as_of_date: day from which relative dates are counted
        :raises UserError: the filter cannot be read, naming the field, or its author
            may not read all of it any more
        """
        if self._parse_filter(name, self.env[FILTERS[name]]).is_true():
            return SQL("TRUE")
        condition = self._filter_condition(name, as_of_date)
        condition.try_out_once()
        return SQL("%s IN %s", column, condition.ids())

    def _filter_condition(self, name, as_of_date, person=None):
        """Return the :class:`Condition` of a filter, with dates from a day.

        :param person: the user whose rights apply; by default the filter's author
        """
        self.ensure_one()
        label = field_label(self._fields[name])
        model = self._condition_eyes(FILTERS[name], self.company_id, label, person)
        condition = Condition(model.with_context(tz=self.tz), self[name], label)
        condition.rewrite(
            lambda domain, model: with_fixed_dates(domain, model, as_of_date)
        )
        return condition

    def _filter_domain(self, name, as_of_date):
        """The same as a :class:`Domain`, for people to open the documents.

        :raises ValidationError: the filter cannot be read, naming the field
        """
        label = field_label(self._fields[name])
        condition = Condition(self.env[FILTERS[name]], self[name], label)
        condition.rewrite(
            lambda domain, model: with_fixed_dates(domain, model, as_of_date)
        )
        return condition.domain()

    def _filter_or_nothing(self, name):
        """Return the :class:`Domain` of a filter as of today.

        It matches nothing if the current user cannot use it; the next run gives the
        reason.
        """
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
        label = field_label(self._fields[name])
        return Condition(model, self[name], label).domain()

    def _has_moving_filter(self):
        """Check if a filter's matches can change without a changed document.

        They can if it counts days, or looks at other records than the documents.
        """
        self.ensure_one()
        return any(
            "." in condition.field_expr
            or condition.operator in ANY
            or any(map(is_relative, texts_of(condition.value)))
            for name, model in FILTERS.items()
            for condition in self._parse_filter(name, self.env[model]).iter_conditions()
        )
