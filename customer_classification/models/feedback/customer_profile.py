from odoo import models


class CustomerProfile(models.Model):
    _name = "customer.profile"
    _inherit = [
        "customer.profile",
        "customer.profile.voice.mixin",
        "customer.profile.interaction.mixin",
    ]
