from odoo import fields, models
from odoo.exceptions import UserError

from ..common.called_records import check_one


class ClassificationRun(models.Model):
    """Keeping the limits that a run found."""

    # One file a concern: a run in one piece would be a thousand lines.
    _inherit = "classification.run"  # pylint: disable=consider-merging-classes-inherited

    def action_keep_limits(self):
        """Have all runs to come go by the limits of this one, until somebody releases
        them."""
        check_one(self)
        policies = self.env["classification.policy"]
        policies._check_manager()
        self.check_access("read")
        self._check_company_is_on()
        current = self._policy_in_force()
        current.check_access("write")
        current.sudo().write(
            {
                "kept_run_id": self.id,
                "kept_date": fields.Datetime.now(),
                "kept_by_id": self.env.uid,
            }
        )
        if self.sudo() != self._last_full_run(current):
            self._queue(current)  # other limits are in force
        return current._open_form()

    def _check_company_is_on(self):
        if self.company_id not in self.env.companies:
            raise UserError(
                self.env._("Switch on the company of this run to keep its limits.")
            )

    def _policy_in_force(self):
        """The published policy, whose rules found the limits of this run.

        :raises UserError: this run has no limits to keep
        """
        current = self.env["classification.policy"].search(
            [("company_id", "=", self.company_id.id), ("state", "=", "published")]
        )
        if self.kind != "production" or self.state != "done" or not self.sudo().edges:
            raise UserError(
                self.env._(
                    "Only the limits of a run that gave the customers their classes "
                    "can be kept."
                )
            )
        rules = current and current._rules_since("customer").id
        if not rules or self._rules_id("customer") != rules:
            raise UserError(
                self.env._(
                    "This run went by other rules than those in force. Keep the limits "
                    "of a later run."
                )
            )
        return current

    def _kept_edges(self, parameters):
        """The limits that are kept, for a run that finds limits of today; None for a
        past day, when nobody kept them yet."""
        if self.kind == "back_test":
            return None
        before = self._run_before().policy_id  # read already, as a rule
        current = before if before.state == "published" else None
        return self.policy_id._kept_edges(parameters, current)
