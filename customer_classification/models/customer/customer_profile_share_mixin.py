from odoo import api, fields, models
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..common.searched_values import searched_by_sql

# The revenue of the last full run of each company, of all its customers.
_TOTALS = SQL(
    """
    SELECT r.company_id, sum(c.revenue) AS revenue
      FROM (SELECT DISTINCT ON (company_id) id, company_id FROM classification_run
             WHERE kind = 'production' AND scope = 'all' AND state = 'done'
               AND watermark IS NOT NULL
             ORDER BY company_id, id DESC) r
      JOIN classification_run_result c ON c.run_id = r.id
     GROUP BY r.company_id HAVING sum(c.revenue) > 0
    """
)


class CustomerProfileShareMixin(models.AbstractModel):
    """Tells which part of a company's revenue is that of a customer.

    Of the revenue of all customers in the window, as of the last run over everybody.
    The share of several customers is the sum of theirs.
    """

    _name = "customer.profile.share.mixin"
    _inherit = "classification.sql.fields.mixin"
    _description = "Share of All Revenue"

    revenue_share = fields.Float(
        string="Share of Revenue",
        compute="_compute_revenue_share",
        search="_search_revenue_share",
        aggregator="sum",
        groups=MONEY_GROUP,
        help="Revenue in the window divided by that of all customers in the last run "
        "over everybody.",
    )

    @api.depends("revenue", "company_id")
    def _compute_revenue_share(self):
        """One query."""
        self._flush_runs()
        totals = dict(self.env.execute_query(_TOTALS))
        shares = []
        for profile in self:
            total = totals.get(profile.company_id.id)
            shares.append(profile.revenue / total if total else 0)
        self._show_column("revenue_share", shares)

    @api.model
    def _search_revenue_share(self, operator, value):
        return searched_by_sql(self, "revenue_share", operator, value)

    @api.model
    def _customer_sql_fields(self):
        return {
            **super()._customer_sql_fields(),
            "revenue_share": self._revenue_share_sql,
        }

    @api.model
    def _revenue_share_sql(self, alias, query):
        self._flush_runs()
        joined = query.make_alias(alias, "company_revenue")
        query.add_join(
            "LEFT JOIN",
            joined,
            SQL("(%s)", _TOTALS),
            SQL(
                "%s = %s",
                SQL.identifier(joined, "company_id"),
                self._field_to_sql(alias, "company_id", query),
            ),
        )
        return SQL(
            "(%s::float8 / %s::float8)",
            self._field_to_sql(alias, "revenue", query),
            SQL.identifier(joined, "revenue"),
        )

    @api.model
    def _flush_runs(self):
        """Write what the totals are read from."""
        self.env["classification.run"].flush_model(["state", "watermark"])
        self.env["classification.run.result"].flush_model(["revenue"])
