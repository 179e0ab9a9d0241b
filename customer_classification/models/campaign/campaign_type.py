from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..common.called_records import check_one


class CampaignType(models.Model):
    """Type of a campaign: promotion, brand, event, loyalty … in a tree."""

    _name = "campaign.type"
    _inherit = ["classification.bounds.mixin", "classification.referred.mixin"]
    _description = "Campaign Type"
    _order = "sequence, complete_name, id"
    _parent_store = True
    _rec_name = "complete_name"
    _rec_names_search = ["name", "complete_name"]

    name = fields.Char(required=True, translate=True)
    display_name = fields.Char(recursive=True)
    complete_name = fields.Char(
        compute="_compute_complete_name", recursive=True, store=True
    )
    description = fields.Char(translate=True)
    sequence = fields.Integer(default=10)
    color = fields.Integer(aggregator=None)
    active = fields.Boolean(default=True)
    parent_id = fields.Many2one(
        "campaign.type", string="Type Above", index=True, ondelete="restrict"
    )
    child_ids = fields.One2many("campaign.type", "parent_id", string="Types Below")
    parent_path = fields.Char(index=True)
    campaign_count = fields.Integer(
        string="Campaigns", compute="_compute_campaign_count"
    )

    @api.depends("name", "parent_id.complete_name")
    def _compute_complete_name(self):
        for kind in self:
            above = kind.parent_id.complete_name
            kind.complete_name = f"{above} / {kind.name}" if above else kind.name

    @api.depends("name", "parent_id.display_name")
    @api.depends_context("lang")
    def _compute_display_name(self):
        """The path in the language of the reader; the stored one is for sorting."""
        for kind in self:
            above = kind.parent_id.display_name
            kind.display_name = f"{above} / {kind.name}" if above else kind.name

    @api.constrains("parent_id")
    def _check_parent(self):
        if self._has_cycle():
            raise ValidationError(
                self.env._("A campaign type cannot stand below itself.")
            )

    def _compute_campaign_count(self):
        """Count the campaigns of each type and of the types below it.

        As the list has them. One query, and one for the types below.
        """
        counts = self.env["utm.campaign"]._read_group(
            [("campaign_type_id", "child_of", self.ids)],
            ["campaign_type_id"],
            ["__count"],
        )
        for kind in self:
            path = kind.parent_path or ""
            kind.campaign_count = sum(
                count
                for other, count in counts
                if path and (other.parent_path or "").startswith(path)
            )

    def action_open_campaigns(self):
        """Open the campaigns of this type and of those below it."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.utm_campaign_action"
        )
        action["domain"] = [("campaign_type_id", "child_of", self.id)]
        action["context"] = {"default_campaign_type_id": self.id}
        return action
