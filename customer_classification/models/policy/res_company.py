from odoo import api, models


class ResCompany(models.Model):
    _name = "res.company"
    _inherit = ["res.company", "classification.referred.mixin"]

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        companies._create_first_customer_policy()
        return companies

    def _create_first_customer_policy(self):
        """Publish the default policy for the companies that have none yet.

        :return: these policies
        """
        policy_model = self.env["classification.policy"].sudo()
        served = policy_model.search([("company_id", "in", self.ids)]).company_id
        policies = policy_model.create(
            [policy_model._first_policy_values(company) for company in self - served]
        )
        policies._publish()
        return policies

    def _get_customer_policy(self):
        """Return the published policy of this company, with its fields, or none.

        One query.
        """
        self.ensure_one()
        return self.env["classification.policy"].search_fetch(
            [("company_id", "=", self.id), ("state", "=", "published")], limit=1
        )

    def _get_customer_zone(self):
        """Return the time zone of the rules of this company; UTC without rules."""
        return self.sudo()._get_customer_policy().tz or "UTC"
