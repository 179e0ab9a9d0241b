from odoo import models
from odoo.exceptions import AccessError, UserError

from ..common.access_groups import INSIGHT_GROUP
from ..common.called_records import check_one

_TEMPLATE = "customer_classification.mail_template_class_letter"


class ResPartner(models.Model):
    """A customer who is told the own classes."""

    _name = "res.partner"
    _inherit = ["res.partner"]

    def action_send_class_letter(self):
        """Open Odoo's composer with *Your Classification and Why*.

        :raises AccessError: the user is none of this addon
        :raises UserError: the contact has no address
        """
        check_one(self)
        if not self.env.user.has_group(INSIGHT_GROUP):
            raise AccessError(self.env._("You may not send this."))
        if not self.email:
            raise UserError(self.env._("%s has no e-mail address.", self.display_name))
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Your Classification and Why"),
            "res_model": "mail.compose.message",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_model": self._name,
                "default_res_ids": self.ids,
                "default_composition_mode": "comment",
                "default_template_id": self.env.ref(_TEMPLATE).id,
                "default_email_layout_xmlid": "mail.mail_notification_light",
                "allowed_company_ids": self.env.companies.ids,
            },
        }

    def _class_letter_html(self):
        """Return the letter for an e-mail, without amounts.

        Odoo keeps the e-mail on the contact, where others read it who may not see
        what a customer paid.
        """
        self.check_access("read")
        letters = self.env["customer.class.letter"]._letters(
            self, self.env.company, has_amounts=False
        )
        return self.env["ir.qweb"]._render(
            "customer_classification.class_letter", {"letter": letters[self]}
        )
