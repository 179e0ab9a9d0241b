from odoo import models


class MailingMailing(models.Model):
    """Mailings speak of customers as the company does that sends them.

    Odoo's queue runs as its own user: without this, classes and next products in the
    audience and in the text would be those of that user's company.
    """

    _inherit = "mailing.mailing"

    def _get_remaining_recipients(self):
        return super(
            MailingMailing, self._in_sending_company()
        )._get_remaining_recipients()

    def _action_send_mail(self, res_ids=None):
        for mailing in self:
            sent = mailing._in_sending_company()
            super(MailingMailing, sent)._action_send_mail(res_ids)
        return True

    def _in_sending_company(self):
        """Return the mailing in the company of its campaign, else of who sends it.

        Only where Odoo's queue sends it: people send in the company they chose.
        """
        if not self.env.su:
            return self
        user = self.user_id or self.write_uid or self.env.user
        return self.with_company(self.campaign_id.company_id or user.company_id)
