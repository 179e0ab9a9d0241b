from datetime import timedelta

from odoo import api, fields, models

from ...models.common.called_records import check_one
from ...models.customer.back_test import DEFAULT_HORIZON_DAYS


class ClassificationBackTest(models.TransientModel):
    """Ask for the day and the horizon of a back-test, and start it."""

    _name = "classification.back.test"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "Back-test of a Policy"

    policy_id = fields.Many2one(
        "classification.policy", required=True, ondelete="cascade"
    )
    as_of_date = fields.Date(
        string="As Of",
        required=True,
        compute="_compute_as_of_date",
        store=True,
        readonly=False,
    )
    horizon_days = fields.Integer(
        string="Days Afterwards", required=True, default=DEFAULT_HORIZON_DAYS
    )
    days_over = fields.Integer(compute="_compute_days_over")

    @api.depends("policy_id")
    def _compute_as_of_date(self):
        """The last day of which the usual days afterwards are over."""
        for wizard in self:
            today = wizard.policy_id._today()
            wizard.as_of_date = today - timedelta(days=DEFAULT_HORIZON_DAYS + 1)

    @api.depends("as_of_date", "policy_id")
    def _compute_days_over(self):
        for wizard in self:
            since = wizard.policy_id._today() - (
                wizard.as_of_date or fields.Date.today()
            )
            wizard.days_over = max(since.days - 1, 0)

    def action_run(self):
        """Run the back-test and show its findings."""
        check_one(self)
        run = self.policy_id.recompute(
            as_of_date=self.as_of_date,
            kind="back_test",
            horizon_days=self.horizon_days,
        )
        return run._open_form()
