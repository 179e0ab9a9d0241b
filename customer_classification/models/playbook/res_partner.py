from odoo import fields, models

from ..common.called_records import check_one


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner"]

    customer_case_count = fields.Integer(
        string="Playbook Cases",
        compute="_compute_customer_case_count",
        groups="customer_classification.group_user",
    )

    def _compute_customer_case_count(self):
        """Count the cases of the customer: one query."""
        counts = dict(
            self.env["customer.playbook.case"]._read_group(
                [
                    ("partner_id", "in", self.commercial_partner_id.ids),
                    ("is_control", "=", False),
                ],
                ["partner_id"],
                ["__count"],
            )
        )
        for partner in self:
            customer = partner.commercial_partner_id._origin
            partner.customer_case_count = counts.get(customer, 0)

    def write(self, vals):
        """Stop the open cases of persons who object, before they are withheld."""
        if vals.get("customer_objects_profiling"):
            self.env["customer.playbook.case"]._stop_objecting(self)
        return super().write(vals)

    def unlink(self):
        """Delete the cases with their activities and conversations."""
        cases = self.env["customer.playbook.case"].sudo()
        cases.search([("partner_id", "in", self.ids)]).unlink()
        return super().unlink()

    def action_open_customer_cases(self):
        """Open the cases of this customer."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.customer_playbook_case_action"
        )
        customer = self.commercial_partner_id
        return {
            **action,
            "domain": [("partner_id", "=", customer.id), ("is_control", "=", False)],
            "context": {},
        }
