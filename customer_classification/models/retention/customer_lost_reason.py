from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..common.called_records import check_one


class CustomerLostReason(models.Model):
    """Reason why customers stop buying: price, product, service, competitor …

    Reasons are a tree, so that reports can be as fine as wanted.
    """

    _name = "customer.lost.reason"
    _inherit = "classification.bounds.mixin"
    _description = "Reason for Losing a Customer"
    _parent_store = True
    _rec_name = "complete_name"
    _rec_names_search = ["name"]
    _order = "sequence, name, id"

    name = fields.Char(required=True, translate=True)
    complete_name = fields.Char(
        string="Reason",
        compute="_compute_complete_name",
        recursive=True,
    )
    parent_id = fields.Many2one(
        "customer.lost.reason", string="Above", ondelete="cascade", index=True
    )
    parent_path = fields.Char(index=True)
    child_ids = fields.One2many("customer.lost.reason", "parent_id", string="Below")
    description = fields.Char(translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    loss_count = fields.Integer(string="Lost Customers", compute="_compute_loss_count")

    @api.depends("name", "parent_id.complete_name")
    @api.depends_context("lang")
    def _compute_complete_name(self):
        for reason in self:
            above = reason.parent_id.complete_name
            name = reason.name or ""
            reason.complete_name = f"{above} / {name}" if above else name

    @api.constrains("parent_id")
    def _check_parent_id(self):
        if self._has_cycle():
            raise ValidationError(
                self.env._("A reason cannot be below one of those below it.")
            )

    def _compute_loss_count(self):
        """Losses of each reason and those below it: one query."""
        counted = self.env["customer.loss"]._read_group(
            [("reason_id", "child_of", self.ids)], ["reason_id"], ["__count"]
        )
        for reason in self:
            path = reason.parent_path or ""
            reason.loss_count = sum(
                count
                for below, count in counted
                if path and (below.parent_path or "").startswith(path)
            )

    def action_open_losses(self):
        """Open the customers lost for this reason, and those below it."""
        check_one(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.complete_name,
            "res_model": "customer.loss",
            "view_mode": "list,form",
            "domain": [("reason_id", "child_of", self.ids)],
        }
