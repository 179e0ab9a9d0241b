from odoo import api, models
from odoo.fields import Domain


class MailThread(models.AbstractModel):
    """Followers are searched by what the reader may read of them.

    Odoo looks for them as superuser. A condition on a follower's fields would tell any
    user the revenue of a contact, by the records that the contact follows.
    """

    _inherit = "mail.thread"

    @api.model
    def _search_message_partner_ids(self, operator, operand):
        user = self.env.user
        if isinstance(operand, Domain) and not self.env.su and user._is_internal():
            partners = self.env["res.partner"].with_context(active_test=False)
            operand = partners._search(operand)
        return super()._search_message_partner_ids(operator, operand)
