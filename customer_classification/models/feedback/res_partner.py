from odoo import api, fields, models

from ..common.access_groups import INSIGHT_GROUP
from ..common.called_records import check_one


class ResPartner(models.Model):
    """Counts what a customer said, and asks for more."""

    _name = "res.partner"
    _inherit = ["res.partner"]

    customer_feedback_count = fields.Integer(
        string="Feedback",
        compute="_compute_customer_feedback_count",
        groups=INSIGHT_GROUP,
        aggregator=None,
    )

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_customer_feedback_count(self):
        """Feedback of each customer that the reader may see: one query."""
        counts = self.env["customer.feedback"]._read_group(
            [("partner_id", "in", self.commercial_partner_id.ids)],
            ["partner_id"],
            ["__count"],
        )
        by_customer = {customer.id: count for customer, count in counts}
        for partner in self:
            customer = partner.commercial_partner_id
            partner.customer_feedback_count = by_customer.get(customer._origin.id, 0)

    def action_open_customer_feedback(self):
        """Open what the customer said."""
        check_one(self)
        action = self.env["ir.actions.actions"]._for_xml_id(
            "customer_classification.customer_feedback_action"
        )
        return {
            **action,
            "domain": [("partner_id", "=", self.commercial_partner_id.id)],
            "context": self._feedback_defaults(),
        }

    def action_open_customer_timeline(self):
        """Open what happened with the customer, the newest first."""
        check_one(self)
        action = self.env["ir.actions.actions"]._for_xml_id(
            "customer_classification.customer_timeline_action"
        )
        customer = self.commercial_partner_id
        return {
            **action,
            "name": self.env._("Timeline of %s", customer.display_name),
            "context": {"timeline_customer_id": customer.id},
        }

    def action_note_feedback(self):
        """Open a window for what the customer just said."""
        check_one(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Note Feedback"),
            "res_model": "customer.feedback",
            "view_mode": "form",
            "target": "new",
            "context": self._feedback_defaults(),
        }

    def action_ask_feedback(self):
        """Ask the customer how satisfied with us."""
        check_one(self)
        customer = self.commercial_partner_id
        return self.env["customer.feedback.request"]._open_new(
            {"partner_id": customer.id, "contact_id": (self - customer).id}
        )

    def _feedback_defaults(self):
        customer = self.commercial_partner_id
        contact = self - customer
        return {
            "default_partner_id": customer.id,
            "default_contact_id": contact.id,
        }
