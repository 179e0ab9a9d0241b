from odoo import api, models
from odoo.exceptions import UserError

from ..common.punctuation import listed


class UtmCampaign(models.Model):
    """Campaigns that scheduled reports are about."""

    _inherit = "utm.campaign"

    @api.ondelete(at_uninstall=False)
    def _unlink_except_all_of_a_report(self):
        """Refuse to delete all campaigns that a report is about.

        Without any, it would be about those of everybody. One query where no report is
        about them.
        """
        schedules = self.env["customer.report.schedule"].sudo()
        domain = [("campaign_ids", "in", self.ids)]
        found = schedules.with_context(active_test=False).search(domain)
        alone = found.campaign_ids.filtered(
            lambda one: any(one in each.campaign_ids <= self for each in found)
        )
        if alone:
            raise UserError(
                self.env._(
                    "A scheduled report is about %s alone: choose other campaigns"
                    " there, or delete it, first.",
                    listed(self.env, (alone & self).mapped("title")),
                )
            )
