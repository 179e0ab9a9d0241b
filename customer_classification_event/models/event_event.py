from odoo import fields, models


class EventEvent(models.Model):
    _inherit = "event.event"

    customer_campaign_id = fields.Many2one(
        "utm.campaign",
        string="Campaign",
        ondelete="set null",
        index="btree_not_null",
        help="Who registers takes part in this campaign, unless the registration "
        "carries another one.",
    )
