from odoo import fields, models


class ProjectProject(models.Model):
    _inherit = "project.project"

    customer_has_complaints = fields.Boolean(
        string="Tasks Are Complaints",
        help="Each task of a customer counts as a complaint on the customer's page: "
        "open until its state or stage closes it, overdue after its deadline.",
    )
