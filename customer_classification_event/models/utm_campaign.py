from odoo import api, fields, models

from odoo.addons.customer_classification.models.common.called_records import check_one


class UtmCampaign(models.Model):
    _inherit = "utm.campaign"

    campaign_event_ids = fields.One2many(
        "event.event", "customer_campaign_id", string="Events"
    )
    campaign_event_count = fields.Integer(
        compute="_compute_campaign_event_count", string="Number of Events"
    )

    @api.depends("campaign_event_ids")
    def _compute_campaign_event_count(self):
        """Events that the reader may see: one query."""
        domain = [("customer_campaign_id", "in", self.ids)]
        counts = dict(
            self.env["event.event"]._read_group(
                domain, ["customer_campaign_id"], ["__count"]
            )
        )
        for campaign in self:
            campaign.campaign_event_count = counts.get(campaign._origin, 0)

    def action_open_campaign_events(self):
        """Open the events of this campaign."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "event.action_event_view"
        )
        return {
            **action,
            "domain": [("customer_campaign_id", "=", self.id)],
            "context": {"default_customer_campaign_id": self.id},
        }
