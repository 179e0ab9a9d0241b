from odoo import api, fields, models
from odoo.exceptions import UserError

from ..common.own_context import OWN


class ClassificationPolicyLine(models.AbstractModel):
    """Line of the rules about customers, judged together with all others."""

    _name = "classification.policy.line"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "Line of a Classification Policy"
    _fixed_fields = frozenset({"rules_id"})

    rules_id = fields.Many2one(
        "customer.rules", required=True, ondelete="cascade", index=True
    )
    rules_state = fields.Selection(related="rules_id.state")
    currency_id = fields.Many2one(related="rules_id.currency_id")

    @api.constrains(lambda self: self._rule_fields())
    def _check_rules(self):
        # Lines are written one after the other: the rules check them when all are
        # written.
        if self.env.context.get("rules_judged_later") is not OWN:
            self.rules_id._check_rules()

    @api.model
    def _rule_fields(self):
        """Names of the fields that decide about classes."""
        return set()

    @api.model
    def _content_fields(self):
        """Names of the fields in which two versions can differ."""
        return self._rule_fields() - {"rules_id"}

    def _line_label(self):
        """Return the label of this line among the others of its version."""
        raise NotImplementedError

    def _in_words(self):
        """Return this line in words."""
        raise NotImplementedError

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._check_draft()
        return lines

    def write(self, vals):
        self._check_draft()
        result = super().write(vals)
        self._check_draft()  # the line may have moved to other rules
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_published(self):
        self._check_draft()

    def _check_draft(self):
        if any(line.rules_state != "draft" for line in self):
            raise UserError(
                self.env._("The limits of a published policy are not changed.")
            )
