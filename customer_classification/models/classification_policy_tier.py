from odoo import api, fields, models
from odoo.exceptions import UserError


class ClassificationPolicyTier(models.Model):
    """From which value on a policy puts a customer into a tier."""

    _name = "classification.policy.tier"
    _description = "Tier Limit of a Classification Policy"
    _order = "tier_sequence, id"

    policy_id = fields.Many2one(
        "classification.policy", required=True, ondelete="cascade", index=True
    )
    policy_state = fields.Selection(related="policy_id.state")
    tier_id = fields.Many2one(
        "customer.value.tier",
        required=True,
        ondelete="restrict",
        domain=[("is_unrated", "=", False)],
    )
    tier_sequence = fields.Integer(related="tier_id.sequence", store=True)
    limit = fields.Float(
        digits=(16, 2),
        help="Best share of the customers in percent, or the lowest value, as the "
        "policy says. The last tier takes everybody else.",
    )

    _tier_unique = models.Constraint(
        "UNIQUE(policy_id, tier_id)", "A value tier has one limit in a policy."
    )

    @api.constrains("tier_id", "limit")
    def _check_limits(self):
        self.policy_id._check_rules()

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._check_draft()
        return lines

    def write(self, vals):
        self._check_draft()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_published(self):
        self._check_draft()

    def _check_draft(self):
        """The limits of a published policy stand as long as it explains classes."""
        if any(line.policy_state != "draft" for line in self):
            raise UserError(
                self.env._("The limits of a published policy are not changed.")
            )
