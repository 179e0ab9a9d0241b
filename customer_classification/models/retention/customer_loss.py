from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..common.own_context import with_own_context


class CustomerLoss(models.Model):
    """Why a customer was lost, as far as somebody knows.

    One for each time that a customer was lost; the day is that on which the lifecycle
    stage became Lost, and is found by the program.
    """

    _name = "customer.loss"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "Lost Customer"
    _order = "lost_date desc, id desc"
    _rec_name = "partner_id"
    _check_company_auto = True
    _protected_fields = frozenset({"lost_date", "user_id"})
    _fixed_fields = frozenset({"partner_id", "company_id"})
    _read_references = ("partner_id", "product_tmpl_id")

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        ondelete="cascade",
        index=True,
        check_company=True,
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    lost_date = fields.Date(
        string="Lost Since",
        required=True,
        readonly=True,
        help="Since when the lifecycle stage is Lost.",
    )
    reason_id = fields.Many2one(
        "customer.lost.reason", required=True, ondelete="restrict", index=True
    )
    product_tmpl_id = fields.Many2one(
        "product.template",
        string="Because of Product",
        ondelete="set null",
        check_company=True,
        help="The product that the reason is about, where it is known.",
    )
    service_type_id = fields.Many2one(
        "product.service.type",
        string="Because of Service",
        ondelete="set null",
        help="The kind of service that the reason is about, where it is known.",
    )
    note = fields.Text()
    user_id = fields.Many2one(
        "res.users",
        string="Told By",
        readonly=True,
        ondelete="set null",
        default=lambda self: self.env.user,
    )
    salesperson_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")
    recovered_date = fields.Date(
        string="Bought Again",
        compute="_compute_recovered",
        help="First purchase after the customer was lost.",
    )
    recovered_revenue = fields.Monetary(
        string="Revenue Recovered",
        compute="_compute_recovered",
        groups=MONEY_GROUP,
        help="Untaxed and net of refunds, since the customer was lost.",
    )

    _once = models.Constraint(
        "UNIQUE(partner_id, company_id, lost_date)",
        "The reason of this loss is known already: change that one.",
    )

    @api.model
    def _bounds(self):
        return {"note": (0, 10_000)}

    @api.model
    def _completed_for_create(self, vals_list):
        """Complete the values with the commercial partner and the day of the loss.

        One query for the contacts, one for the profiles.
        """
        vals_list = self._with_context_values(
            super()._completed_for_create(vals_list), ("partner_id", "company_id")
        )
        partners = self.env["res.partner"].browse(
            [vals["partner_id"] for vals in vals_list if vals.get("partner_id")]
        )
        partners.check_access("read")
        days = self._lost_days(partners.commercial_partner_id)
        return [self._completed(vals, days) for vals in vals_list]

    @api.model
    def _completed(self, vals, days):
        """Return the values of one loss, with its customer and day."""
        partner = self.env["res.partner"].browse(vals.get("partner_id"))
        customer = partner.commercial_partner_id
        company = vals.get("company_id") or self.env.company.id
        day = vals.get("lost_date") or days.get((customer.id, company))
        if customer and not day:
            raise UserError(
                self.env._(
                    "%s is not lost: the lifecycle stage is another one.",
                    customer.display_name,
                )
            )
        return {**vals, "partner_id": customer.id, "lost_date": day}

    @api.model
    def _lost_days(self, customers):
        """Return ``{(customer id, company id): day}`` of those who are lost now.

        At most four queries.
        """
        history = self.env["classification.history"]
        rows = history.search([("partner_id", "in", customers.ids)])
        return {
            (row.partner_id.id, row.company_id.id): row.lifecycle_stage_since
            for row in rows
            if row.lifecycle_stage_id.code == "lost"
        }

    @api.depends("partner_id", "company_id", "lost_date")
    def _compute_recovered(self):
        """Compute what was bought since: a query a company."""
        found = {}
        for company, losses in self.grouped("company_id").items():
            found.update(losses._recovered(company))
        for loss in self:
            day, revenue = found.get(loss.id, (False, 0))
            loss.recovered_date, loss.recovered_revenue = day, revenue

    def _recovered(self, company):
        """Return ``{id: (day of the first purchase, revenue)}`` of losses.

        Nothing where the documents cannot be read by the policy's filter.
        """
        policy = company.sudo()._get_customer_policy()
        losses = self.filtered(lambda loss: loss.id and loss.lost_date)
        if not policy or not losses:
            return {}
        facts = with_own_context(self.env["classification.facts"])
        scope = facts._scope(policy, policy._today(), losses.partner_id.ids)
        try:
            purchases = facts._purchase_query(policy, scope)
        except UserError:
            return {}
        query = SQL(
            """
            SELECT l.id, min(d.day) FILTER (WHERE d.amount > 0),
                   NULLIF(sum(round(d.amount, %(digits)s)), 'NaN')
              FROM customer_loss l
              JOIN res_partner c ON c.commercial_partner_id = l.partner_id
              JOIN (%(purchases)s) d ON d.partner_id = c.id AND d.day > l.lost_date
             WHERE l.id = ANY(%(ids)s)
             GROUP BY l.id
            """,
            digits=scope.digits,
            purchases=purchases,
            ids=losses.ids,
        )
        self.env.flush_all()
        rows = self.env.execute_query(scope.with_rates(query))
        return {key: (day, revenue or 0) for key, day, revenue in rows}
