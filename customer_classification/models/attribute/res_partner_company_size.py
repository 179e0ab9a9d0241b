from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.sql import column_exists, create_column

from ..customer.res_partner import USER_GROUP
from .customer_company_size import SIZE_SELECTION

# Columns of stored computed fields, made before Odoo looks: it would compute the size
# of every contact there is, of whom no number is known yet.
COLUMNS = {"customer_company_size": "varchar", "customer_turnover_currency_id": "int4"}


class ResPartner(models.Model):
    """How large a company is: what is known, and the size that follows.

    They belong to the company: Odoo hands them down to its contacts, as the industry.
    """

    # One file for each idea of a contact.
    _inherit = "res.partner"  # pylint: disable=consider-merging-classes-inherited

    customer_employee_count = fields.Integer(
        string="Employees",
        groups=USER_GROUP,
        aggregator="avg",
        help="Of the whole company: its contacts show the same. 0 is not known.",
    )
    customer_turnover = fields.Monetary(
        string="Yearly Turnover",
        currency_field="customer_turnover_currency_id",
        groups=USER_GROUP,
        aggregator="avg",
        help="What the customer sells in a year. Of the whole company: its contacts "
        "show the same. 0 is not known.",
    )
    customer_turnover_currency_id = fields.Many2one(
        "res.currency",
        string="Turnover Currency",
        compute="_compute_customer_turnover_currency_id",
        store=True,
        readonly=False,
        groups=USER_GROUP,
        help="That of the company in which the turnover was entered, unless you change "
        "it.",
    )
    customer_company_size = fields.Selection(
        SIZE_SELECTION,
        string="Company Size",
        compute="_compute_customer_company_size",
        store=True,
        groups=USER_GROUP,
        help="The larger of the sizes by employees and by turnover, by the limits "
        "under Configuration, Company Sizes. Empty where neither is known.",
    )

    def _auto_init(self):
        for name, kind in COLUMNS.items():
            if not column_exists(self.env.cr, self._table, name):
                create_column(self.env.cr, self._table, name, kind)
        return super()._auto_init()

    @api.model
    def _commercial_fields(self):
        return [
            *super()._commercial_fields(),
            "customer_employee_count",
            "customer_turnover",
            "customer_turnover_currency_id",
        ]

    @api.depends("customer_turnover")
    def _compute_customer_turnover_currency_id(self):
        for partner in self:
            partner.customer_turnover_currency_id = (
                partner.customer_turnover_currency_id
                or (partner.customer_turnover and self.env.company.currency_id)
            )

    @api.depends(
        "customer_employee_count",
        "customer_turnover",
        "customer_turnover_currency_id",
    )
    def _compute_customer_company_size(self):
        """By the limits, with a turnover in another currency at today's rate: a query
        for the limits and one for each currency."""
        sizes = self.env["customer.company.size"]._all()
        currencies = self.customer_turnover_currency_id
        rates = self._customer_rates(currencies, sizes.currency_id[:1])
        for partner in self:
            rate = rates.get(partner.customer_turnover_currency_id, 1)
            partner.customer_company_size = sizes._size_of(
                partner.customer_employee_count, partner.customer_turnover * rate
            )

    @api.model
    def _customer_rates(self, currencies, target):
        """``{currency: rate}`` to another one, today: a query for each."""
        today = fields.Date.context_today(self)
        return {
            currency: currency._convert(1, target, self.env.company, today, round=False)
            for currency in currencies
            if target
        }

    @api.model
    def _customer_place_sql(self, passed, limits):
        """How many of the limits are passed."""
        return SQL(" + ").join(SQL("(%s)::int", SQL(passed, limit)) for limit in limits)

    @api.model
    def _recompute_customer_company_size(self):
        """Size up again everybody of whom a number is known: one update, after a query
        for the currencies in use. The ORM would update a hundred at a time."""
        sizes = self.env["customer.company.size"]._all()
        currency_ids, rates = self._customer_turnover_rate_arrays(sizes.currency_id[:1])
        self.env.execute_query(
            SQL(
                """
                UPDATE res_partner p
                   SET customer_company_size = s.size
                  FROM (SELECT n.id, (%(names)s::varchar[])[1 + GREATEST(
                                   CASE WHEN n.customer_employee_count > 0
                                        THEN %(employees)s END,
                                   CASE WHEN n.customer_turnover > 0
                                        THEN %(turnover)s END)] AS size
                          FROM res_partner n
                          LEFT JOIN UNNEST(%(currencies)s::int[], %(rates)s::float[])
                                 AS r (currency_id, rate)
                            ON r.currency_id = n.customer_turnover_currency_id
                         WHERE n.customer_employee_count > 0
                            OR n.customer_turnover > 0) s
                 WHERE p.id = s.id AND p.customer_company_size IS DISTINCT FROM s.size
                RETURNING p.id
                """,
                names=sizes.mapped("size"),
                employees=self._customer_place_sql(
                    "n.customer_employee_count >= %s",
                    sizes[:-1].mapped("employee_limit"),
                ),
                turnover=self._customer_place_sql(
                    "n.customer_turnover * COALESCE(r.rate, 1) > %s",
                    sizes[:-1].mapped("turnover_limit"),
                ),
                currencies=currency_ids,
                rates=rates,
            )
        )
        self.invalidate_model(["customer_company_size"])

    @api.model
    def _customer_turnover_rate_arrays(self, target):
        """Ids of the currencies in use and their rates to another one."""
        self.env.flush_all()
        used = self.env.execute_query(
            SQL(
                "SELECT DISTINCT customer_turnover_currency_id FROM res_partner"
                " WHERE customer_turnover > 0"
                " AND customer_turnover_currency_id IS NOT NULL"
            )
        )
        currencies = self.env["res.currency"].browse(row[0] for row in used)
        rates = self._customer_rates(currencies, target)
        return currencies.ids, [rates[currency] for currency in currencies]
