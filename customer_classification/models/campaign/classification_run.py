from odoo import api, fields, models

from .pipeline import CampaignPipeline


class ClassificationRun(models.Model):
    """Runs over campaigns: production and preview.

    *Query budget*: 41 for any number of campaigns and participants, and a few for each
    live audience.
    """

    _name = "classification.run"
    _inherit = "classification.run"

    kind = fields.Selection(
        selection_add=[
            ("campaign", "Campaigns"),
            ("campaign_preview", "Preview of Campaigns"),
        ],
        ondelete={"campaign": "cascade", "campaign_preview": "cascade"},
    )
    campaign_change_count = fields.Integer(
        string="Campaign Changes", readonly=True, aggregator=None
    )
    campaign_change_ids = fields.One2many(
        "campaign.class.change", "run_id", readonly=True
    )
    campaign_move_ids = fields.One2many("campaign.class.move", "run_id", readonly=True)

    @api.model
    def _pipelines(self):
        return {
            **super()._pipelines(),
            "campaign": CampaignPipeline,
            "campaign_preview": CampaignPipeline,
        }

    @api.model
    def _last_campaign_run(self, policy):
        """Return the last run over campaigns by a version of the rules: one query."""
        return self.sudo().search_fetch(
            [
                ("policy_id", "=", policy.id),
                ("kind", "=", "campaign"),
                ("state", "=", "done"),
                ("watermark", "!=", False),
            ],
            ["as_of_date", "edges", "watermark"],
            order="id desc",
            limit=1,
        )
