from odoo import models

from .res_partner import COUNTED_ONCE, UNKNOWN_IF_ZERO


class ResUsers(models.Model):
    """Customer figures on users: those of the customer of their contact.

    Totals count each customer once.
    """

    _name = "res.users"
    _inherit = ["res.users", "classification.counted.once.mixin"]
    _counted_by = ("commercial_partner_id",)
    _counted_once = COUNTED_ONCE
    _unknown_if_zero = UNKNOWN_IF_ZERO
