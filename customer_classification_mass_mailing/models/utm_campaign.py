from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.customer_classification.models.common.called_records import check_one


class UtmCampaign(models.Model):
    _inherit = "utm.campaign"

    # Odoo reads them on every user's form, also without access to mailings.
    mailing_mail_count = fields.Integer(compute_sudo=True)
    ab_testing_mailings_count = fields.Integer(compute_sudo=True)

    def _campaign_mailing_domain(self):
        """Return the domain of the audience without the control group.

        A mailing reads it when it is sent.
        """
        return [
            (
                "customer_participation_ids",
                "any",
                [("campaign_id", "=", self.id), ("is_control", "=", False)],
            )
        ]

    def action_prepare_mailing(self):
        """Draft a mailing to the audience, and open it.

        :raises UserError: there is no audience
        """
        check_one(self)
        return self._draft_campaign_mailing({"mailing_type": "mail"})

    def _draft_campaign_mailing(self, values):
        self.ensure_one()
        domain = self._campaign_mailing_domain()
        if not self.env["res.partner"].search_count(domain, limit=1):
            raise UserError(
                self.env._("Choose the audience of %s first.", self.display_name)
            )
        mailing = self.env["mailing.mailing"].create(
            {
                "subject": self.title,
                "campaign_id": self.id,
                "user_id": self.user_id.id or self.env.uid,
                "mailing_model_id": self.env["ir.model"]._get_id("res.partner"),
                "mailing_domain": repr(domain),
                **values,
            }
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": "mailing.mailing",
            "res_id": mailing.id,
            "views": [(False, "form")],
        }
