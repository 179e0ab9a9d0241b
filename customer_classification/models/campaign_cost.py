from odoo import api, fields, models
from odoo.tools import SQL

from .customer_profile import MONEY_GROUP


class CampaignCost(models.Model):
    """What a campaign cost, beside the vendor bills that carry it."""

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
        help="At the rate of the day of the cost.",
    )

    @api.depends("campaign_id.company_id")
    def _compute_company_id(self):
        """That of the campaign; a campaign of all companies costs each its own."""
        for cost in self:
            cost.company_id = (
                cost.campaign_id.company_id or cost.company_id or self.env.company
            )

    @api.depends("amount", "currency_id", "date", "company_id")
    def _compute_company_amount(self):
        """Convert at each cost's own day: one query for those that are saved."""
        self.flush_model()
        amounts = {}
        if self._origin.ids:
            query = self._company_amounts(SQL("c.id = ANY(%s)", self._origin.ids))
            amounts = {
                cost: amount for cost, __, __, amount in self.env.execute_query(query)
            }
        for cost in self:
            cost.company_amount = amounts.get(cost._origin.id, 0)

    @api.model
    def _company_amounts(self, condition):
        """SQL of ``(id, campaign, day, amount in company currency)`` of costs; as Odoo
        converts: by the last rate up to the day, else the first after it, else 1.

        :param condition: SQL about ``campaign_cost`` as ``c``
        """
        rate = self.env["customer.purchase"]._rate_sql
        return SQL(
            """
            SELECT need.id, need.campaign_id, need.day,
                   round((need.amount * %(own)s
                          / COALESCE(NULLIF(%(other)s, 0), 1))::numeric, need.digits)
              FROM (SELECT c.id, c.campaign_id, c.date AS day, c.amount,
                           c.currency_id AS currency, m.currency_id AS own_currency,
                           split_part(m.parent_path, '/', 1)::integer AS company,
                           CASE WHEN u.rounding > 0 AND u.rounding < 1
                                THEN ceil(log(1 / u.rounding))::integer
                                ELSE 0 END AS digits
                      FROM campaign_cost c
                      JOIN res_company m ON m.id = c.company_id
                      JOIN res_currency u ON u.id = m.currency_id
                     WHERE %(condition)s) need
            """,
            own=rate("own_currency"),
            other=rate("currency"),
            condition=condition,
        )
