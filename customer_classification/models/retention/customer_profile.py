from odoo import api, fields, models

from ..common.called_records import check_one


class CustomerProfile(models.Model):
    """Asks why a customer was lost."""

    _inherit = "customer.profile"

    is_lost = fields.Boolean(string="Lost", compute="_compute_is_lost")

    @api.depends("lifecycle_stage_id.code")
    def _compute_is_lost(self):
        for profile in self:
            profile.is_lost = profile.lifecycle_stage_id.code == "lost"

    def action_open_loss(self):
        """Open why the customer was lost, or ask for it."""
        check_one(self)
        model = self.env["customer.loss"].with_company(self.company_id)
        key = (self.partner_id.id, self.company_id.id)
        loss = model.search(
            [
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("lost_date", "=", model._lost_days(self.partner_id).get(key)),
            ],
            limit=1,
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Why Lost"),
            "res_model": "customer.loss",
            "view_mode": "form",
            "res_id": loss.id,
            "target": "new",
            "context": {
                "default_partner_id": self.partner_id.id,
                "default_company_id": self.company_id.id,
            },
        }
