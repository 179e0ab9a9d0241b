from odoo import api, models
from odoo.exceptions import UserError


class CustomerSegment(models.Model):
    """Segments as the targets of campaigns."""

    _inherit = "customer.segment"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_targeted(self):
        """Refuse segments that campaigns are for: one query.

        Without one of its targets, a campaign would be for more customers.
        """
        campaign = (
            self.env["utm.campaign"]
            .sudo()
            .with_context(active_test=False)
            .search([("campaign_target_segment_ids", "in", self.ids)], limit=1)
        )
        if campaign:
            raise UserError(
                self.env._(
                    "The campaign %s is for customers of this segment. Archive the "
                    "segment instead.",
                    campaign.title,
                )
            )
