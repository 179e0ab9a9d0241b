from datetime import timedelta

from odoo import api, models
from odoo.tools import SQL

from .work_list import WorkList

_MODULE = "customer_classification"
# Sorted as the 0 that is shown where there is no number.
_EMPTY_LAST = frozenset(
    {
        *("purchase_probability", "expected_revenue", "revenue_low"),
        *("revenue_high", "revenue_at_risk"),
    }
)
# As-of dates: of the last run over a company, and of the last run of a profile.
_DAYS = SQL(
    """
    SELECT DISTINCT ON (company_id) company_id, as_of_date
      FROM classification_run
     WHERE kind = 'production' AND scope IN ('all', 'changed')
       AND watermark IS NOT NULL AND state = 'done'
     ORDER BY company_id, id DESC
    """
)


class CustomerProfileWorkListMixin(models.AbstractModel):
    """Opens the customers at risk in the order that held most on the own past."""

    _name = "customer.profile.work.list.mixin"
    _inherit = "classification.sql.fields.mixin"
    _description = "Work List of Customers at Risk"

    @api.model
    def action_open_work_list(self):
        """Open those who bought within the horizon, the most urgent first.

        The same customers among whom the orders were compared.
        """
        self.env["customer.profile"].check_access("read")
        work_list = WorkList(self.env.company)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"{_MODULE}.customer_profile_action_work_list"
        )
        action.pop("path", None)  # whoever loads the page again comes here again
        action["domain"] = self._work_list_domain(work_list)
        action["views"] = [
            *(
                (self._work_list_view(kind, work_list.order), kind)
                for kind in ("list", "kanban")
            ),
            (False, "form"),
        ]
        action["context"] = {}
        if self._opens_on_own():
            action["context"]["search_default_my_customers"] = 1
        return action

    @api.model
    def get_work_list_reason(self):
        """Return why the work list of the current company has its order."""
        self.env["customer.profile"].check_access("read")
        return WorkList(self.env.company).reason()

    @api.model
    def _work_list_view(self, kind, order):
        return self.env.ref(f"{_MODULE}.customer_profile_view_{kind}_by_{order}").id

    @api.model
    def _work_list_domain(self, work_list):
        """Return the domain of the customers of the current company."""
        domain = [
            ("company_id", "=", self.env.company.id),
            ("last_purchase_date", "!=", False),
        ]
        if work_list.horizon:
            since = work_list.run.as_of_date - timedelta(days=work_list.horizon)
            domain.append(("last_purchase_date", ">=", since))
        return domain

    # Sorting

    @api.model
    def _customer_sql_fields(self):
        return {
            **super()._customer_sql_fields(),
            "overdue_ratio": self._overdue_ratio_sql,
        }

    @api.model
    def _overdue_ratio_sql(self, alias, query):
        """Return the SQL of the days since the last purchase by the own rhythm."""
        runs = self.env["classification.run"]
        runs.flush_model(["state", "watermark", "as_of_date"])
        company = query.make_alias(alias, "company_day")
        own = query.make_alias(alias, "own_day")
        query.add_join(
            "LEFT JOIN",
            company,
            SQL("(%s)", _DAYS),
            SQL(
                "%s = %s",
                SQL.identifier(company, "company_id"),
                self._field_to_sql(alias, "company_id", query),
            ),
        )
        query.add_join(
            "LEFT JOIN",
            own,
            "classification_run",
            SQL(
                "%s = %s",
                SQL.identifier(own, "id"),
                self._field_to_sql(alias, "run_id", query),
            ),
        )
        return SQL(
            "COALESCE((GREATEST(%s, %s) - %s) / NULLIF(%s, 0)::float8, 0)",
            SQL.identifier(company, "as_of_date"),
            SQL.identifier(own, "as_of_date"),
            self._field_to_sql(alias, "last_purchase_date", query),
            self._field_to_sql(alias, "expected_gap_days", query),
        )

    @api.model
    def _order_field_to_sql(self, alias, field_name, direction, nulls, query):
        """Sort customers without a prediction as those with 0."""
        if field_name in _EMPTY_LAST and not nulls:
            is_falling = direction.code == "DESC"
            nulls = SQL("NULLS LAST") if is_falling else SQL("NULLS FIRST")
        return super()._order_field_to_sql(alias, field_name, direction, nulls, query)
