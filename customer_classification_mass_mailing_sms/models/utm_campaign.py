from odoo import fields, models

from odoo.addons.customer_classification.models.common.called_records import check_one


class UtmCampaign(models.Model):
    _inherit = "utm.campaign"

    # Odoo reads them on every user's form, also without access to mailings.
    mailing_sms_count = fields.Integer(compute_sudo=True)
    ab_testing_mailings_sms_count = fields.Integer(compute_sudo=True)

    def action_prepare_sms(self):
        """Draft text messages to the audience, and open them.

        :raises UserError: there is no audience
        """
        check_one(self)
        return self._draft_campaign_mailing(
            {"mailing_type": "sms", "sms_subject": self.title}
        )
