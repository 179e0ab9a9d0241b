from collections import defaultdict

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..common.searched_values import searched_by_sql

# Months that are looked at where a company has no rules.
_MONTHS = 12


def of_all_zones(windows):
    """Return SQL of the windows of all companies, whatever their zones."""
    return SQL(" UNION ALL ").join(windows.values())


def search_of(name):
    """Return the search method of a field that is read through a join."""
    return lambda self, operator, value: searched_by_sql(self, name, operator, value)


class CustomerProfileHeardMixin(models.AbstractModel):
    """Fields of profiles that are read through a join, and not stored.

    What was said and done changes by the hour, and no run has to write it. A query
    counts it by customer and company in the window of the rules and in the one before;
    lists, filters, groups and sorts go through one join with that query.

    *Query budget*: one for all fields of a join and all profiles, one for their
    contacts, and one for the rules of each company.
    """

    _name = "customer.profile.heard.mixin"
    _description = "Profile With What Was Heard of the Customer"

    @api.model
    def _heard(self):
        """Return the joins by name.

        ``{name: (query, {field: (column, value of nothing)})}``. The query is a method
        that gives SQL with the columns ``partner_id`` (the customer) and
        ``company_id``, for windows by time zone and contacts (None for all).
        """
        return {}

    def _set_heard(self, name):
        """Set the fields of a join."""
        query, columns = self._heard()[name]
        self.env["res.partner"].flush_model(["commercial_partner_id"])
        contacts = self.env["res.partner"].sudo().with_context(active_test=False)
        domain = [("commercial_partner_id", "in", self.partner_id.ids)]
        ids = contacts.search(domain, order="id").ids
        rows = self.env.execute_query_dict(query(self._windows(self.company_id), ids))
        found = {(row["partner_id"], row["company_id"]): row for row in rows}
        for profile in self:
            row = found.get((profile.partner_id.id, profile.company_id.id), {})
            for field, (column, nothing) in columns.items():
                profile[field] = row.get(column) or nothing

    @api.model
    def _windows(self, companies):
        """Return SQL of the days of companies by the time zone of their rules.

        ``{zone: SQL}`` of company, today, and where the windows begin.
        """
        by_zone = defaultdict(list)
        for company in companies or [self.env["res.company"]]:
            policy = company and company.sudo()._get_customer_policy()
            values = self._window_values(company, policy)
            by_zone[policy and policy.tz or "UTC"].append(values)
        return {
            zone: SQL(
                "SELECT * FROM (VALUES %s) w(company_id, today, first_day, before_day)",
                SQL(", ").join(rows),
            )
            for zone, rows in by_zone.items()
        }

    @api.model
    def _window_values(self, company, policy):
        today = policy._today() if policy else fields.Date.today()
        months = policy.window_months if policy else _MONTHS
        # Windows begin on the day after: so runs count, too.
        last = today - relativedelta(months=months)
        first, before = (
            day + relativedelta(days=1)
            for day in (last, last - relativedelta(months=months))
        )
        return SQL(
            "(%s, %s::date, %s::date, %s::date)", company.id or 0, today, first, before
        )

    def _heard_join(self, name, alias, query):
        """Join one of the queries to a query on profiles, once; return its alias."""
        joined = query.make_alias(alias, name)
        if joined in query._joins:  # made a moment ago: the clock may have moved
            return joined
        heard, __ = self._heard()[name]
        self.env["res.partner"].flush_model(["commercial_partner_id"])
        condition = SQL(" AND ").join(
            SQL("%s = %s", SQL.identifier(joined, key), SQL.identifier(alias, key))
            for key in ("partner_id", "company_id")
        )
        rows = SQL("(%s)", heard(self._windows(self.env.companies)))
        query.add_join("LEFT JOIN", joined, rows, condition)
        return joined

    def _field_to_sql(self, alias, field_expr, query=None):
        """Return SQL of a column of a join; nothing is 0."""
        for name, (__, columns) in self._heard().items():
            if field_expr in columns and query is not None:
                self._check_field_access(self._fields[field_expr], "read")
                joined = self._heard_join(name, alias, query)
                return self._heard_value(joined, field_expr, *columns[field_expr])
        return super()._field_to_sql(alias, field_expr, query)

    @api.model
    def _heard_value(self, joined, field_expr, column, nothing):
        value, field = SQL.identifier(joined, column), self._fields[field_expr]
        kind = field.type
        if kind == "date":
            return value
        if kind == "float" and (digits := field.get_digits(self.env)):
            value = SQL("ROUND(%s::numeric, %s)", value, digits[1])  # as it is shown
        as_kind = SQL("integer" if kind == "integer" else "float8")
        return SQL("COALESCE(%s, %s)::%s", value, nothing, as_kind)
