from odoo import api, fields, models
from odoo.tools import SQL

from ..history.classification_history_mixin import DAY_KEYS

NO_PURCHASES = SQL(
    "SELECT NULL::integer AS partner_id, NULL::date AS day, NULL::numeric AS amount"
    " WHERE FALSE"
)


class ClassificationPurchaseViewMixin(models.AbstractModel):
    """Rows worked out from the purchases of customers when asked.

    By the rules and the documents of today, as the sources give them to a run, up to
    the day ``history_date`` of the context; see ``classification.history.mixin``. Only
    customers with a profile have rows: those who object to profiling have none.

    *Query budget*: one for the rows, one for the policies, and one for the time zones
    where no day is given.
    """

    _name = "classification.purchase.view.mixin"
    _inherit = "classification.history.revenue.mixin"
    _description = "Rows from Purchases"

    value_tier_id = fields.Many2one(
        "customer.value.tier",
        readonly=True,
        depends_context=DAY_KEYS,
        help="The tier of today.",
    )

    @property
    def _table_query(self):
        self.env.flush_all()
        policies = self._ruling_policies()
        return SQL(" UNION ALL ").join(
            SQL("(%s)", self._company_rows(company, day, policies.get(company)))
            for company, day, __ in self._company_days(
                self._context_day("history_date")
            )
        )

    @api.model
    def _company_rows(self, company, day, policy):
        """Return SQL of the rows of one company."""
        scope, purchases = self._scoped_purchases(policy, day)
        if purchases is None:
            return self._rows_query(company, day, None, NO_PURCHASES, 0)
        query = self._rows_query(company, day, policy, purchases, scope.digits)
        return scope.with_rates(query)

    @api.model
    def _rows_query(self, company, day, policy, purchases, digits):
        """Return SQL of the rows, from SQL of ``(partner_id, day, amount)``.

        :param policy: the rules by which purchases count, None where there are none
        :param purchases: one row a document up to the day; an amount that cannot be
            counted is NaN
        """
        raise NotImplementedError
