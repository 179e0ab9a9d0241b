from odoo import fields, models

from ...models.common.called_records import check_one


class ClassificationPublish(models.TransientModel):
    """Ask for confirmation before rules are published without a preview."""

    _name = "classification.publish"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "Publication without a Preview"
    _fixed_fields = frozenset({"policy_id"})

    policy_id = fields.Many2one(
        "classification.policy", required=True, ondelete="cascade"
    )
    has_preview = fields.Boolean(compute="_compute_has_preview")

    def _compute_has_preview(self):
        """Compute if there are previews of the changes of the version."""
        for wizard in self:
            rules = wizard.policy_id._changed_rules()
            wizard.has_preview = bool(rules and rules._preview_kind)

    def action_preview(self):
        """Show the changes of the version, without changing a class."""
        check_one(self)
        return self.policy_id.action_preview()

    def action_publish(self):
        """Publish the version all the same."""
        check_one(self)
        return self.policy_id.action_publish()
