from odoo import fields, models

from ..common.access_groups import USER_GROUP
from ..common.own_columns import OWN_PREFETCH


class ResPartner(models.Model):
    """When somebody said that the data of a contact are right."""

    _name = "res.partner"
    _inherit = ["res.partner"]

    customer_checked_date = fields.Date(
        string="Data Checked On",
        copy=False,
        groups=USER_GROUP,
        help="The day on which somebody said that the data of this contact are right.",
        prefetch=OWN_PREFETCH,
    )
