import math

from odoo import api, fields, models
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..common.exchange_rates import at_rate_of_company, digits_of, with_rates


class CampaignCost(models.Model):
    """Cost of a campaign beside the vendor bills that carry it."""

    _name = "campaign.cost"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "Cost of a Campaign"
    _order = "date desc, id desc"
    _fixed_fields = frozenset({"company_id"})
    _check_company_auto = True

    campaign_id = fields.Many2one(
        "utm.campaign",
        required=True,
        index=True,
        ondelete="cascade",
        check_company=True,
    )
    company_id = fields.Many2one(
        "res.company",
        compute="_compute_company_id",
        store=True,
        precompute=True,
        required=True,
        index=True,
    )
    date = fields.Date(required=True, default=fields.Date.context_today)
    name = fields.Char(string="Description", required=True)
    kind = fields.Selection(
        [
            ("media", "Media and advertising"),
            ("production", "Production and print"),
            ("service", "Agency and services"),
            ("event", "Event and travel"),
            ("discount", "Discounts and gifts"),
            ("staff", "Own work"),
            ("other", "Other"),
        ],
        required=True,
        default="media",
    )
    amount = fields.Monetary(
        required=True,
        groups=MONEY_GROUP,
        help="Without tax; negative for what was paid back.",
        aggregator=None,
    )
    currency_id = fields.Many2one(
        "res.currency",
        required=True,
        default=lambda self: self.env.company.currency_id,
    )
    company_currency_id = fields.Many2one(
        related="company_id.currency_id", string="Company Currency"
    )
    company_amount = fields.Monetary(
        string="Amount in Company Currency",
        currency_field="company_currency_id",
        compute="_compute_company_amount",
        groups=MONEY_GROUP,
        help="At the rate of the day of the cost; 0 while there is none.",
    )

    @api.depends("campaign_id.company_id")
    def _compute_company_id(self):
        """Take the company of the campaign.

        A campaign of all companies costs each its own.
        """
        for cost in self:
            cost.company_id = (
                cost.campaign_id.company_id or cost.company_id or self.env.company
            )

    @api.depends("amount", "currency_id", "date", "company_id")
    def _compute_company_amount(self):
        """Convert at each cost's own day: one query for saved ones.

        Without a rate nothing is known in company currency.
        """
        self.flush_model()
        amounts = {}
        if self._origin.ids:
            query = self._company_amounts(SQL("c.id = ANY(%s)", self._origin.ids))
            amounts = {
                cost: amount
                for cost, __, __, amount in self.env.execute_query(query)
                if not math.isnan(amount)
            }
        for cost in self:
            cost.company_amount = amounts.get(cost._origin.id, 0)

    @api.model
    def _company_amounts(self, condition):
        """Return the SQL of costs in company currency.

        ``(id, campaign, day, amount)`` at the rate of the day; NaN without one.

        :param condition: SQL about ``campaign_cost`` as ``c``
        """
        query = SQL(
            """
            SELECT c.id, c.campaign_id, c.date AS day,
                   COALESCE(round(%(amount)s, %(digits)s), 'NaN') AS amount
              FROM campaign_cost c
              JOIN res_company company ON company.id = c.company_id
              JOIN res_currency u ON u.id = company.currency_id
             WHERE c.amount IS NOT NULL AND %(condition)s
            """,
            amount=at_rate_of_company(
                SQL("c.amount"), SQL("c.amount"), SQL("c.currency_id"), SQL("c.date")
            ),
            digits=digits_of(SQL("u")),
            condition=condition,
        )
        return with_rates(query)
