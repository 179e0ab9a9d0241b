from odoo import models

from ..common.called_records import check_one


class SaleOrder(models.Model):
    """Asks the customer about an order."""

    _inherit = "sale.order"

    def action_ask_feedback(self):
        """Ask the customer how satisfied with the order."""
        check_one(self)
        customer = self.partner_id.commercial_partner_id
        contact = self.partner_id - customer
        return self.env["customer.feedback.request"]._open_new(
            {
                "partner_id": customer.id,
                "contact_id": contact.id,
                "company_id": self.company_id.id,
                "order_id": self.id,
            }
        )
