from odoo import api, models

from ..common.access_groups import MANAGER_GROUP


class CustomerOverview(models.AbstractModel):
    _name = "customer.overview"
    _inherit = "customer.overview"

    @api.model
    def action_open(self):
        """Open the first steps for managers until they are done or dismissed."""
        company = self.env.company.sudo()
        if company.customer_first_steps and self.env.user.has_group(MANAGER_GROUP):
            return self.env["ir.actions.act_window"]._for_xml_id(
                "customer_classification.classification_first_steps_action"
            )
        return super().action_open()
