from odoo import api, fields, models

from ..common.access_groups import INSIGHT_GROUP
from ..common.called_records import check_one


class ResPartner(models.Model):
    """Counts the complaints of a customer."""

    _name = "res.partner"
    _inherit = ["res.partner"]

    customer_complaint_ids = fields.One2many(
        "customer.complaint",
        "partner_id",
        string="Complaints of the Customer",
        groups=INSIGHT_GROUP,
        readonly=True,
        copy=False,
        help="For filters and smart tags, as by category and day.",
    )
    customer_complaint_count = fields.Integer(
        string="Complaints",
        compute="_compute_customer_complaint_count",
        groups=INSIGHT_GROUP,
        aggregator=None,
    )

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_customer_complaint_count(self):
        """Complaints of each customer that the reader may see: one query."""
        counts = self.env["customer.complaint"]._read_group(
            [("partner_id", "in", self.commercial_partner_id.ids)],
            ["partner_id"],
            ["__count"],
        )
        by_customer = {customer.id: count for customer, count in counts}
        for partner in self:
            customer = partner.commercial_partner_id
            partner.customer_complaint_count = by_customer.get(customer._origin.id, 0)

    def action_open_customer_complaints(self):
        """Open the complaints of the customer."""
        check_one(self)
        action = self.env["ir.actions.actions"]._for_xml_id(
            "customer_classification.customer_complaint_action"
        )
        customer = self.commercial_partner_id
        return {
            **action,
            "domain": [("partner_id", "=", customer.id)],
            "context": {"default_partner_id": customer.id},
        }
