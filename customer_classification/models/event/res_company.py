from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    customer_notes_moves = fields.Boolean(
        string="Note Moves of Customers",
        help="The conversation of a contact says to which value tier, lifecycle stage "
        "or churn risk the customer moved.",
    )
