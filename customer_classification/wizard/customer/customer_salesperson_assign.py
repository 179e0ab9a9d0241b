from odoo import api, fields, models
from odoo.exceptions import UserError

from ...models.common.called_records import check_one
from ..tag.selection import selected_ids


class CustomerSalespersonAssign(models.TransientModel):
    """Say who looks after many contacts."""

    _name = "customer.salesperson.assign"
    _inherit = "classification.bounds.mixin"
    _description = "Assign a Salesperson"

    user_id = fields.Many2one(
        "res.users",
        string="Salesperson",
        required=True,
        default=lambda self: self.env.user,
        domain=[("share", "=", False)],
    )
    customer_count = fields.Integer(string="Customers", compute="_compute_count")
    other_count = fields.Integer(
        string="Of Them Others' So Far",
        compute="_compute_count",
        help="Customers of whom another salesperson takes care until now.",
    )

    @api.depends("user_id")
    @api.depends_context("active_ids")
    def _compute_count(self):
        """Two queries."""
        held = [contact.user_id for contact in self._contacts()]
        for wizard in self:
            wizard.customer_count = len(held)
            wizard.other_count = sum(bool(user - wizard.user_id) for user in held)

    def _contacts(self):
        """Return the selected contacts, which the user may read."""
        if self.env.context.get("active_model") != "res.partner":
            return self.env["res.partner"]
        contacts = self.env["res.partner"].browse(selected_ids(self.env)).exists()
        contacts.check_access("read")
        return contacts

    def action_assign(self):
        """Write the salesperson on the contacts, as the user may do by hand."""
        check_one(self)
        contacts = self._contacts()
        if not contacts:
            raise UserError(self.env._("Nobody is chosen: select customers first."))
        contacts.write({"user_id": self.user_id.id})
        return {"type": "ir.actions.act_window_close"}
