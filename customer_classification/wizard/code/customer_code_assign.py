from odoo import api, fields, models
from odoo.exceptions import AccessError

from ...models.common.called_records import check_one
from ...models.common.classification_condition_mixin import guarded
from ..tag.selection import selected_ids


class CustomerCodeAssign(models.TransientModel):
    """Count the customers who would get or change their code, and assign."""

    _name = "customer.code.assign"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "Assign Customer Codes"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    is_selection = fields.Boolean(readonly=True)
    partner_ids = fields.Many2many("res.partner", string="Contacts", readonly=True)
    first_count = fields.Integer(string="Get a First Code", compute="_compute_counts")
    changed_count = fields.Integer(
        string="Change Their Code", compute="_compute_counts"
    )
    has_scheme = fields.Boolean(compute="_compute_counts")

    @api.model
    def default_get(self, fields_list):
        """The contacts that are selected in a list, or all customers."""
        values = super().default_get(fields_list)
        if self.env.context.get("active_model") == "res.partner":
            selected = self.env["res.partner"].browse(selected_ids(self.env))
            values["partner_ids"] = [fields.Command.set(selected.exists().ids)]
            values["is_selection"] = True
        return values

    @api.depends("company_id", "partner_ids", "is_selection")
    def _compute_counts(self):
        for wizard in self:
            steps, first = wizard._assignment()._plan(
                wizard.company_id, wizard._partner_ids()
            )
            wizard.first_count = first
            wizard.changed_count = len(steps) - first
            wizard.has_scheme = bool(
                self.env["customer.code.scheme"].search_count(
                    [("company_id", "=", wizard.company_id.id)], limit=1
                )
            )

    def action_assign(self):
        """Assign the codes, and say how many."""
        check_one(self)
        assignment, partner_ids = self._assignment(), self._partner_ids()
        with guarded(self.env, self.env["customer.code.scheme"]._failed):
            first, changed = assignment._assign(self.company_id, partner_ids)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%(first)s customers have their first code, "
                    "%(changed)s another one.",
                    first=first,
                    changed=changed,
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _assignment(self):
        """Officers assign codes, which moves the next number of a scheme."""
        self.check_access("write")
        if self.company_id not in self.env.companies:
            raise AccessError(
                self.env._("You are not working in %s now.", self.company_id.name)
            )
        return self.env["customer.code.assignment"].sudo()

    def _partner_ids(self):
        if not self.is_selection:
            return None
        return self.partner_ids._filtered_access("read").ids
