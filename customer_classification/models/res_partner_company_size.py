from odoo import api, fields, models
from odoo.tools.sql import column_exists, create_column

from .customer_company_size import SIZE_SELECTION
from .res_partner import USER_GROUP

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
        rates = self._customer_turnover_rates(sizes.currency_id[:1])
        for partner in self:
            rate = rates.get(partner.customer_turnover_currency_id, 1)
            partner.customer_company_size = sizes._size_of(
                partner.customer_employee_count, partner.customer_turnover * rate
            )

    def _customer_turnover_rates(self, target):
        today = fields.Date.context_today(self)
        return {
            currency: currency._convert(1, target, self.env.company, today, round=False)
            for currency in self.customer_turnover_currency_id
            if target
        }

    @api.model
    def _recompute_customer_company_size(self):
        """Size up again everybody of whom a number is known: one query to find them."""
        known = (
            self.sudo()
            .with_context(active_test=False)
            .search(
                [
                    "|",
                    ("customer_employee_count", ">", 0),
                    ("customer_turnover", ">", 0),
                ],
                order="id",
            )
        )
        self.env.add_to_compute(self._fields["customer_company_size"], known)
