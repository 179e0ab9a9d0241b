from odoo import fields, models

KIND_SELECTION = [
    ("quality", "Quality"),
    ("delivery", "Delivery"),
    ("technique", "Technique"),
    ("service", "Service"),
]


class CustomerComplaintCause(models.Model):
    """Why a customer had to complain, for those who make it better."""

    _name = "customer.complaint.cause"
    _inherit = "classification.bounds.mixin"
    _description = "Cause of Complaints"
    _order = "sequence, name, id"

    name = fields.Char(required=True, translate=True)
    kind = fields.Selection(
        KIND_SELECTION,
        required=True,
        default="quality",
        help="Who has to make it better: those who make, deliver, develop or serve.",
    )
    description = fields.Char(translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
