from odoo import models
from odoo.fields import Domain

from .classification_condition_mixin import check_readable_fields


class AccountMoveLine(models.Model):
    """Accounts are searched by fields that the reader may read.

    Odoo looks for them as superuser.
    """

    _inherit = "account.move.line"

    def _search_account_id(self, operator, value):
        if isinstance(value, Domain) and not self.env.su:
            check_readable_fields(value, self.env["account.account"])
        return super()._search_account_id(operator, value)
