from odoo import fields, models

from ..common.arguments import as_choice
from ..common.called_records import check_one
from .columns import CAMPAIGN_KINDS


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

    def recompute_campaigns(self, as_of_date=None, kind="production"):
        """Judge the campaigns of the company.

        :param kind: ``production`` writes the results; ``preview`` keeps nothing but
            which campaigns would move, by the rules of any version
        :param as_of_date: day (or ISO text) up to which touches, purchases and costs
            count; today in the policy's time zone by default
        :return: the :class:`classification.run`
        :raises UserError: when another run of the company is under way, the policy is
            not published, or the day is in the future or before that of the last run
        """
        check_one(self)
        self._follow_in_force()
        runs = self.env["classification.run"]
        kind = as_choice(self.env, kind, CAMPAIGN_KINDS, runs._label_of("kind"))
        day = runs._day_argument(as_of_date)
        execution = runs._prepare_of_kind(self, CAMPAIGN_KINDS[kind], day)
        return execution.execute().with_env(self.env)

    def action_preview_campaigns(self):
        """Show the changes that the rules would make among the campaigns."""
        check_one(self)
        return self.recompute_campaigns(kind="preview")._open_form()

    def action_recompute_campaigns(self):
        """Queue a run over the campaigns and show it."""
        check_one(self)
        run = self.env["classification.run"]._queue_of_kind(self, "campaign")
        return run._open_form()
