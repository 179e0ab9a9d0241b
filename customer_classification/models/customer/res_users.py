from odoo import models

from .res_partner import COUNTED_ONCE, UNKNOWN_IF_ZERO


class ResUsers(models.Model):
    """Users show the numbers of the customer whose contacts they are, and totals have
    them once."""

    _name = "res.users"
    _inherit = ["res.users", "classification.counted.once.mixin"]
    _counted_by = ("commercial_partner_id",)
    _counted_once = COUNTED_ONCE
    _unknown_if_zero = UNKNOWN_IF_ZERO
