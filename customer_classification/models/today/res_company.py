from odoo import fields, models


class ResCompany(models.Model):
    """Says how much is put before a salesperson on one day."""

    _name = "res.company"
    _inherit = ["res.company"]

    customer_today_limit = fields.Integer(
        aggregator=None,
        string="Customers a Day",
        default=20,
        help="How many customers the page Today shows at most.",
    )

    _customer_today_limit_bounds = models.Constraint(
        "CHECK(customer_today_limit BETWEEN 1 AND 200)",
        "The page Today shows 1 to 200 customers.",
    )
