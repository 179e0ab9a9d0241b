from odoo import fields, models


class ResPartner(models.Model):
    _inherit = "res.partner"

    # So that a mailing can ask for the audience of a campaign.
    customer_participation_ids = fields.One2many(
        "campaign.participant",
        "contact_id",
        string="Campaigns as Contact",
        groups="base.group_user",
    )
