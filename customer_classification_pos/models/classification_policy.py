from odoo import fields, models


class ClassificationPolicy(models.Model):
    """Counts the point of sale in every new policy."""

    _inherit = "classification.policy"

    count_point_of_sale = fields.Boolean(default=True)
