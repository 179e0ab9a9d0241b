from odoo import fields, models

from ..common.called_records import check_one


class ClassificationPolicy(models.Model):
    """Rules about campaigns as a part of the policy."""

    _name = "classification.policy"
    _inherit = ["classification.policy"]
    _inherits = {"campaign.rules": "campaign_rules_id"}

    campaign_rules_id = fields.Many2one(
        "campaign.rules",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    campaign_since_id = fields.Many2one(
        "classification.policy",
        string="Campaign Rules Since",
        copy=False,
        readonly=True,
        help="The version since which the rules about campaigns are the same.",
    )
    subject = fields.Selection(
        selection_add=[("campaign", "Campaign Rules")],
        ondelete={"campaign": "set default"},
    )

    def _campaign_parameters(self):
        """Return the engine's :class:`CampaignParameters` of this version."""
        return self.campaign_rules_id._parameters(self)

    def recompute_campaigns(self, as_of_date=None):
        """Judge the campaigns of the company, and return the
        :class:`classification.run`.

        :param as_of_date: day (or ISO text) up to which touches, purchases and costs
            count; today in the policy's time zone by default
        :raises UserError: when another run of the company is under way, the policy is
            not published, or the day is still to come or before that of the last run
        """
        check_one(self)
        runs = self.env["classification.run"]
        day = runs._day_argument(as_of_date)
        execution = runs._prepare_of_kind(self, "campaign", day)
        return execution.execute().with_env(self.env)

    def action_recompute_campaigns(self):
        """Queue a run over the campaigns and show it."""
        check_one(self)
        run = self.env["classification.run"]._queue_of_kind(self, "campaign")
        return run._open_form()
