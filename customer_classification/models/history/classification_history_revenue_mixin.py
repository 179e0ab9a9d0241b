from dataclasses import replace

from dateutil.relativedelta import relativedelta

from odoo import api, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..common.own_context import with_own_context
from ..common.searched_values import searched_by_sql
from ..customer.classification_facts import RULES_OF_FACTS
from .classification_history_mixin import CustomerIds


class ClassificationHistoryRevenueMixin(models.AbstractModel):
    """Revenue of a past day: net of refunds, in the window ending on it.

    The history keeps the revenue at each change, which belongs to no chosen day. So
    revenue is counted from the purchases, by the rules and the documents of today: days
    can be compared, and today's revenue is that of the profiles. The state of knowledge
    on a past day plays no part in it.

    *How it works*: the purchases of the window, as the sources give them to a run, are
    added up by customer and joined once. Where nobody asks for revenue, no purchase is
    read. `./dev bench history` measures it.

    *Query budget*: one for the policies beside that of the rows; where rows are read,
    one for the policies and one for the revenue of each day.
    """

    _name = "classification.history.revenue.mixin"
    _inherit = "classification.history.mixin"
    _description = "Revenue of Customers on a Day"

    # ``{field: field that is set for customers of that day, None for all}``
    _revenue_fields = {}

    @api.model
    def _revenue_days(self, name):
        """``[(company, day, time zone)]`` of a field of revenue."""
        raise NotImplementedError

    def _compute_day_revenue(self):
        """Revenue of these customers alone: two queries a field."""
        model = self._of_customers(self.partner_id.ids)
        for name, was_customer in self._revenue_fields.items():
            rows = self.env.execute_query(model._revenue_query(name))
            found = {tuple(key): revenue for *key, revenue in rows}
            for row in self:
                revenue = found.get((row.company_id.id, row.partner_id.id), 0)
                row[name] = (not was_customer or row[was_customer]) and revenue

    @api.model
    def _search_day_revenue(self, name, operator, value):
        return searched_by_sql(self, name, operator, value)

    def _field_to_sql(self, alias, field_expr, query=None):
        """Return SQL of revenue through a join.

        NULL for a partner that was not a customer, and where it cannot be counted.
        """
        if field_expr not in self._revenue_fields or query is None:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        joined = self._revenue_join(alias, field_expr, query)
        revenue = SQL(
            "CASE WHEN %(joined)s.partner_id IS NULL THEN 0"
            " ELSE %(joined)s.revenue END",
            joined=SQL.identifier(joined),
        )
        was_customer = self._revenue_fields[field_expr]
        if not was_customer:
            return revenue
        return SQL(
            "CASE WHEN %s THEN %s END", SQL.identifier(alias, was_customer), revenue
        )

    @api.model
    def _revenue_keys(self):
        """Return the columns by which revenue is joined to the rows."""
        return "partner_id", "company_id"

    @api.model
    def _revenue_join(self, alias, name, query):
        """Join the revenue of a day to a query once, and return its alias."""
        joined = query.make_alias(alias, name)
        if joined in query._joins:
            return joined
        conditions = [
            SQL("%s = %s", SQL.identifier(joined, key), SQL.identifier(alias, key))
            for key in self._revenue_keys()
        ]
        query.add_join(
            "LEFT JOIN",
            joined,
            SQL("(%s)", self._revenue_query(name)),
            SQL(" AND ").join(conditions),
        )
        return joined

    @api.model
    def _revenue_query(self, name):
        """Return SQL of ``(company_id, partner_id, revenue)`` in the window.

        One row for each customer with purchases there.
        """
        self.env.flush_all()
        policies = self._ruling_policies()
        return SQL(" UNION ALL ").join(
            SQL("(%s)", self._company_revenue(company, day, policies.get(company)))
            for company, day, __ in self._revenue_days(name)
        )

    @api.model
    def _ruling_policies(self):
        """Return ``{company: policy}`` by which revenue is counted.

        The published policy, else the last one that was. One query.
        """
        policies = with_own_context(self.env["classification.policy"]).search_fetch(
            [
                ("company_id", "in", self.env.companies.ids),
                ("state", "in", ("published", "retired")),
            ],
            RULES_OF_FACTS,
            order="state desc, id",  # published comes before retired, backwards
        )
        return {policy.company_id.with_env(self.env): policy for policy in policies}

    @api.model
    def _company_revenue(self, company, day, policy):
        """Return SQL of the rows of one company.

        NULL for everybody where a filter of the policy cannot be read.
        """
        scope, purchases = self._scoped_purchases(policy, day)
        if purchases is None:
            return self._unknown_revenue(company)
        query = SQL(
            """
            SELECT %(company)s AS company_id, c.commercial_partner_id AS partner_id,
                   NULLIF(sum(round(d.amount, %(digits)s)), 'NaN') AS revenue
              FROM (%(purchases)s) d
              JOIN res_partner c ON c.id = d.partner_id
             WHERE d.day >= %(first)s
             GROUP BY c.commercial_partner_id
            """,
            company=company.id,
            digits=scope.digits,
            purchases=purchases,
            first=day - relativedelta(months=policy.window_months, days=-1),
        )
        return scope.with_rates(query)

    @api.model
    def _scoped_purchases(self, policy, day, recorded_until=None):
        """Return ``(scope, SQL of the purchases up to a day)``.

        Of the customers in the context, if there are some. Both are None without a
        policy, and where a filter of it cannot be read.

        :param recorded_until: last day on which the documents were entered
        """
        if not policy:
            return None, None
        facts = with_own_context(self.env["classification.facts"])
        customer_ids = self.env.context.get("history_customer_ids")
        if not isinstance(customer_ids, CustomerIds):
            customer_ids = None
        scope = replace(
            facts._scope(policy, day, customer_ids), recorded_until=recorded_until
        )
        try:
            return scope, facts._purchase_query(policy, scope)
        except UserError:
            return None, None

    @api.model
    def _unknown_revenue(self, company):
        return SQL(
            "SELECT %s AS company_id, id AS partner_id, NULL::numeric AS revenue"
            " FROM res_partner WHERE commercial_partner_id = id",
            company.id,
        )
