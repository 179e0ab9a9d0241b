from odoo import api, fields, models
from odoo.exceptions import ValidationError


class SurveySurvey(models.Model):
    _inherit = "survey.survey"

    customer_company_id = fields.Many2one(
        "res.company",
        string="Feedback Counts For",
        ondelete="set null",
        help="The company for which the answers of customers are counted. Empty: that "
        "of the contact, else each company.",
    )

    @api.constrains("customer_company_id")
    def _check_customer_company_id(self):
        """Refuse companies in which the user does not work."""
        user = self.env.user
        if not user._is_superuser() and self.customer_company_id - user.company_ids:
            raise ValidationError(
                self.env._("Choose a company in which you work for the answers.")
            )
