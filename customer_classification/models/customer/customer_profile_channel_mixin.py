from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..common.own_context import with_own_context
from ..common.searched_values import searched_by_sql

# {field: channel of the sources' purchases}
CHANNELS = {
    "order_revenue": "order",
    "web_revenue": "web",
    "counter_revenue": "counter",
    "invoice_revenue": "invoice",
    "import_revenue": "import",
    "credit_revenue": "credit",
}


def _revenue(name, label, help_text):
    """Return the field of the revenue of one channel."""

    def search(profiles, operator, value):
        return searched_by_sql(profiles, name, operator, value)

    return fields.Monetary(
        string=label,
        compute="_compute_channel_revenue",
        search=search,
        groups=MONEY_GROUP,
        help=help_text,
    )


class CustomerProfileChannelMixin(models.AbstractModel):
    """Tells where the revenue of the window was made.

    Counted when asked, from the same selects of the sources as a run counts, in the
    window and by the rules of the company's last run: the channels add up to the
    revenue, until a document changes that no run has seen yet. A run reads each table
    of documents once and keeps no channel of them; one more scan would make each run
    longer for what few look at.

    *Query budget*: two, and one for each company.
    """

    _name = "customer.profile.channel.mixin"
    _inherit = "classification.sql.fields.mixin"
    _description = "Revenue by Channel"

    currency_id = fields.Many2one("res.currency")  # that of the company, on profiles
    order_revenue = _revenue(
        "order_revenue",
        "Revenue: Orders",
        "Of sales orders in the window, without web orders.",
    )
    web_revenue = _revenue(
        "web_revenue", "Revenue: Web", "Of orders of the web shop in the window."
    )
    counter_revenue = _revenue(
        "counter_revenue",
        "Revenue: Counter",
        "Of the point of sale in the window, net of refunds.",
    )
    invoice_revenue = _revenue(
        "invoice_revenue", "Revenue: Invoices", "Of invoices in the window."
    )
    import_revenue = _revenue(
        "import_revenue",
        "Revenue: Imports",
        "Of imported purchases in the window, net of refunds.",
    )
    credit_revenue = _revenue(
        "credit_revenue",
        "Revenue: Credit Notes",
        "What credit notes took back in the window.",
    )

    @api.depends("partner_id", "company_id", "revenue")
    def _compute_channel_revenue(self):
        """Revenue of these customers alone."""
        ids = self.partner_id.ids
        query = self._channel_revenue_query(self.company_id, ids)
        rows = self.env.execute_query(query) if ids else []
        found = {(company, partner): amounts for company, partner, *amounts in rows}
        nothing = [0] * len(CHANNELS)
        rows = [
            found.get((profile.company_id.id, profile.partner_id.id)) or nothing
            for profile in self
        ]
        for place, name in enumerate(CHANNELS):
            self._show_column(name, [amounts[place] or 0 for amounts in rows])

    @api.model
    def _customer_sql_fields(self):
        """Revenue by channel of whole companies, joined once to a query."""

        def sql_of(name):
            return lambda alias, query: self._channel_revenue_sql(alias, name, query)

        return {
            **super()._customer_sql_fields(),
            **{name: sql_of(name) for name in CHANNELS},
        }

    @api.model
    def _channel_revenue_sql(self, alias, name, query):
        joined = query.make_alias(alias, "channel_revenue")
        if joined not in query._joins:
            companies = self.env.companies
            condition = SQL(" AND ").join(
                SQL(
                    "%s = %s",
                    SQL.identifier(joined, key),
                    self._field_to_sql(alias, key, query),
                )
                for key in ("company_id", "partner_id")
            )
            rows = self._channel_revenue_query(companies)
            query.add_join("LEFT JOIN", joined, SQL("(%s)", rows), condition)
        return SQL("COALESCE(%s, 0)", SQL.identifier(joined, name))

    @api.model
    def _channel_revenue_query(self, companies, customer_ids=None):
        """Return SQL of ``(company_id, partner_id, *CHANNELS)``."""
        self.env.flush_all()
        return SQL(" UNION ALL ").join(
            SQL("(%s)", self._company_channels(company, customer_ids))
            for company in companies
        )

    @api.model
    def _company_channels(self, company, customer_ids):
        """Return SQL of the customers of one company with purchases in the window.

        Of nobody before the first run, and where a filter of the rules cannot be read.
        """
        run = self.env["classification.run"]._last_run_of_kind(company, "production")
        facts = with_own_context(self.env["classification.facts"])
        policy, day = run.policy_id, run.as_of_date
        amounts = self._channel_sums()
        if run:
            scope = facts._scope(policy, day, customer_ids)
            try:
                purchases = facts._channel_query(policy, scope)
            except UserError:
                run = run.browse()
        if not run:
            return SQL(
                "SELECT NULL::int4 AS company_id, NULL::int4 AS partner_id, %s"
                " FROM (SELECT 0::numeric AS amount, ''::varchar AS channel) d"
                " WHERE FALSE GROUP BY d.channel",
                amounts,
            )
        query = SQL(
            """
            SELECT %(company)s AS company_id, c.commercial_partner_id AS partner_id,
                   %(amounts)s
              FROM (%(purchases)s) d
              JOIN res_partner c ON c.id = d.partner_id
             WHERE d.day >= %(first)s
             GROUP BY c.commercial_partner_id
            """,
            company=company.id,
            amounts=amounts,
            purchases=purchases,
            first=day - relativedelta(months=policy.window_months, days=-1),
        )
        return scope.with_rates(query)

    @api.model
    def _channel_sums(self):
        """Return SQL of the sum of each channel, NULL where one cannot be counted."""
        return SQL(", ").join(
            SQL(
                "NULLIF(sum(d.amount) FILTER (WHERE d.channel = %s), 'NaN') AS %s",
                channel,
                SQL.identifier(name),
            )
            for name, channel in CHANNELS.items()
        )
