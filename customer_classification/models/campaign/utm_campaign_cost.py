from odoo import fields, models

from ..common.access_groups import MONEY_GROUP
from ..common.called_records import check_one


class UtmCampaign(models.Model):
    """What a campaign cost: its own lines, and the vendor bills that carry it."""

    # One file for each idea of a campaign.
    _inherit = "utm.campaign"  # pylint: disable=consider-merging-classes-inherited

    campaign_cost_ids = fields.One2many(
        "campaign.cost", "campaign_id", string="Costs", groups=MONEY_GROUP
    )
    campaign_bill_count = fields.Integer(
        string="Vendor Bills",
        compute="_compute_campaign_bill_count",
        groups="account.group_account_readonly,account.group_account_invoice",
    )

    def _compute_campaign_bill_count(self):
        """Vendor bills of each campaign: one query."""
        counts = dict(
            self.env["account.move"]._read_group(
                self._campaign_bill_domain(), ["campaign_id"], ["__count"]
            )
        )
        for campaign in self:
            campaign.campaign_bill_count = counts.get(campaign._origin, 0)

    def _campaign_bill_domain(self):
        return [
            ("campaign_id", "in", self.ids),
            ("move_type", "in", ("in_invoice", "in_refund", "in_receipt")),
            ("state", "!=", "cancel"),
        ]

    def action_open_campaign_bills(self):
        """Open the vendor bills of this campaign."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_in_invoice_type"
        )
        action["domain"] = self._campaign_bill_domain()
        action["context"] = {
            "default_move_type": "in_invoice",
            "default_campaign_id": self.id,
        }
        return action
