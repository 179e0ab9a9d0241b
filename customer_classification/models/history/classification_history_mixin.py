from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, OrderedSet

from ..common.arguments import as_day
from ..common.called_records import check_one
from ..customer.first_classes import all_changes

# The id of a row holds its customer and its company: it is the same on every day, and
# below 2^53, exact in JavaScript.
COMPANY_BITS = 20
# Context keys on which the rows depend beside the history: one record, many days.
DAY_KEYS = ("history_date", "history_from_date", "history_known_date")
# Columns of the changes used in the queries.
CHANGE_COLUMNS = (
    *("id", "partner_id", "company_id", "axis", "valid_date", "create_date"),
    *("to_tier_id", "to_stage_id", "to_risk"),
)
# Days between two days that are compared, where the first one is not given.
DEFAULT_DAYS = 90
# Years of which there can be a history.
YEARS = range(1900, 2201)


class CustomerIds(tuple):
    """Ids of customers in the context, which no client can put there."""


class ClassificationHistoryMixin(models.AbstractModel):
    """Customers on a day of the past, worked out from the changes when asked.

    The history is bitemporal. On a day, that change counts of each customer and axis
    which is valid latest up to the day; among those of one day, the one recorded last.
    A change recorded later with an earlier day, a correction, so counts from its own
    day to the next change's. As known on a day, later recorded changes are not seen.

    The days are in the context, as dates or their text, each the whole day in the
    time zone of the company's policy:

    - ``history_date``: today by default;
    - ``history_known_date``: changes recorded up to the end of this day; everything by
      default.

    Only the enabled companies are looked at.

    *Query budget*: one for the rows, and one for the time zones where they matter:
    where a day is missing, or known on a day.
    """

    _name = "classification.history.mixin"
    _description = "Customers on a Day"
    _rec_name = "partner_id"
    # As the index of the changes has them: a page does not wait for all customers, and
    # customers keep their places from day to day.
    _order = "partner_id.id, company_id.id"
    # Bits of an id that follow those of the customer.
    _id_bits = COMPANY_BITS
    _depends = {
        "classification.change": [
            *("partner_id", "company_id", "axis", "valid_date", "create_date"),
            *("to_tier_id", "to_stage_id", "to_risk"),
        ]
    }

    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    user_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")
    country_id = fields.Many2one(related="partner_id.country_id")

    @api.model
    def _search(self, domain, *args, **kwargs):
        """Restrict a search to the customers that the domain names.

        They are named by themselves or by the numbers of their rows: the index of the
        changes begins with the customer.
        """
        customer_ids = self._named_customers(Domain(domain))
        if customer_ids is not None:
            self = self._of_customers(customer_ids)
        return super()._search(domain, *args, **kwargs)

    @api.private
    def fetch(self, field_names=None):
        """Refuse a context without a day in it before Odoo keeps values by it."""
        for key in DAY_KEYS:
            self._context_day(key)
        return super().fetch(field_names)

    @api.model
    def _of_customers(self, ids):
        """Look at some customers only."""
        return self.with_context(history_customer_ids=CustomerIds(ids))

    @api.model
    def _named_customers(self, domain):
        """Return ids of the customers a domain is limited to; None for all."""
        terms = list(domain)
        if "|" in terms or "!" in terms:
            return None
        for term in terms:
            if isinstance(term, tuple) and term[0] in ("id", "partner_id"):
                name, operator, value = term
                ids = [value] if operator == "=" else value
                if operator in ("=", "in") and self._are_ids(ids):
                    return [i >> self._id_bits if name == "id" else i for i in ids]
        return None

    @api.model
    def _are_ids(self, values):
        return isinstance(values, list | tuple | set | frozenset | OrderedSet) and all(
            isinstance(value, int) for value in values
        )

    # Days

    @api.model
    def _context_day(self, key):
        """Return the day in the context, or None."""
        day = as_day(self.env, self.env.context.get(key), self.env._("History"))
        if day and day.year not in YEARS:
            raise UserError(
                self.env._(
                    "%(day)s is too far away: choose a day of the years %(first)s to "
                    "%(last)s.",
                    day=fields.Date.to_string(day),
                    first=YEARS[0],
                    last=YEARS[-1],
                )
            )
        return day

    @api.model
    def _days(self):
        """The two days that are compared."""
        last = self._context_day("history_date") or self._today()
        first = self._context_day("history_from_date")
        return first or last - timedelta(days=DEFAULT_DAYS), last

    @api.model
    def _zones(self):
        """``{company: time zone}`` of the published policies: one query."""
        policies = (
            self.env["classification.policy"]
            .sudo()
            .search_fetch(
                [
                    ("company_id", "in", self.env.companies.ids),
                    ("state", "=", "published"),
                ],
                ["company_id", "tz"],
                order="id",
            )
        )
        return {policy.company_id: policy.tz for policy in policies}

    @api.model
    def _first_day(self):
        """The first day on which a customer had a class, or False: one query."""
        [(day,)] = self.env["classification.change"]._read_group(
            [("company_id", "in", self.env.companies.ids)], [], ["valid_date:min"]
        )
        return day

    @api.model
    def _end_of_day(self, day, zone):
        """Return the instant at which a day ends in a time zone.

        In UTC without a zone, as in the database.
        """
        midnight = datetime.combine(day + timedelta(days=1), time.min)
        return (
            pytz.timezone(zone)
            .localize(midnight)
            .astimezone(pytz.utc)
            .replace(tzinfo=None)
        )

    # Queries

    @api.model
    def _changes_query(self, company, day, zone):
        """Return SQL of the changes of a company valid and known on a day.

        Restricted to the customers in the context, if there are some.
        """
        return SQL(
            """
            SELECT id, partner_id, axis, valid_date, create_date, to_tier_id,
                   to_stage_id, to_risk
              FROM (%s) change
             WHERE %s
            """,
            all_changes(CHANGE_COLUMNS),
            self._conditions(company, day, zone),
        )

    @api.model
    def _conditions(self, company, day, zone):
        """Return SQL that keeps the changes of a company valid and known."""
        conditions = [
            SQL("company_id = %s", company.id),
            SQL("valid_date <= %s", day),
        ]
        known = self._context_day("history_known_date")
        if known:
            end = self._end_of_day(known, zone)
            conditions.append(SQL("create_date < %s", end))
        customer_ids = self.env.context.get("history_customer_ids")
        if isinstance(customer_ids, CustomerIds):
            conditions.append(SQL("partner_id = ANY(%s)", list(customer_ids)))
        return SQL(" AND ").join(conditions)

    @api.model
    def _is_customer(self, condition):
        """Return SQL that checks if a customer has a class.

        By the latest changes of the axes.
        """
        return SQL(
            "count(COALESCE(to_tier_id, to_stage_id)) FILTER (WHERE %(condition)s)"
            " + count(to_risk) FILTER (WHERE %(condition)s) > 0",
            condition=condition,
        )

    @api.model
    def _company_days(self, day=None):
        """Return ``[(company, day, time zone)]`` of the enabled companies.

        Without a given day: today, in the time zone of the company's policy. One query,
        or none where the time zones do not matter.
        """
        is_zoned = not day or self._context_day("history_known_date")
        zones = self._zones() if is_zoned else {}
        return [
            (company, day or self._today_in(zone), zone)
            for company in self.env.companies
            for zone in [zones.get(company, "UTC")]
        ]

    @api.model
    def _today_in(self, zone):
        return fields.Date.context_today(self.with_context(tz=zone))

    @api.model
    def _today(self):
        """Today in the current company."""
        return self._today_in(self._zones().get(self.env.company, "UTC"))

    # Actions

    def action_open_customer(self):
        """Open the profile of the customer, or the contact without a profile."""
        check_one(self)
        profile = self.env["customer.profile"].search(
            [
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("active", "in", (True, False)),
            ]
        )
        return (profile or self.partner_id).get_formview_action()
