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

    _customer_playbook_limit_bounds = models.Constraint(
        "CHECK(customer_playbook_limit BETWEEN 0 AND 10000)",
        "Playbooks give a person 0 to 10,000 new activities a day; 0 for no limit.",
    )
