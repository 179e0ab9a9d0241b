from odoo import fields, models


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = ["res.company"]

    customer_playbook_limit = fields.Integer(
        aggregator=None,
        string="New Activities of Playbooks",
        default=20,
        help="Most new activities that playbooks give a person a day; 0 for no limit. "
        "The most valuable customers come first, the others wait.",
    )
