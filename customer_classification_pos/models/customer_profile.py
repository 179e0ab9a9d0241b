from odoo import fields, models


class CustomerProfile(models.Model):
    """Shows the last purchase also where it was one at the counter."""

    _inherit = "customer.profile"

    last_document = fields.Reference(
        selection_add=[("pos.order", "Order of the Point of Sale")],
        ondelete={"pos.order": "set null"},
    )
