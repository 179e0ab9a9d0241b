import base64
import binascii

from odoo import fields, models
from odoo.exceptions import UserError

from ...models.common.called_records import check_one


class ClassificationPolicyImport(models.TransientModel):
    """Makes a draft from the file of a policy."""

    _name = "classification.policy.import"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "Import of a Policy"

    file = fields.Binary(
        string="File of a Policy",
        required=True,
        attachment=False,
        help="What “Export” on a policy gives, from this database or another one.",
    )
    file_name = fields.Char()
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )

    def action_import(self):
        """Create the draft and open it; a wrong file creates nothing."""
        check_one(self)
        policy = self.env["classification.policy"]._from_file(
            self._content(), self.company_id
        )
        return policy._open_form()

    def _content(self):
        """Bytes of the file.

        :raises UserError: they did not arrive as a file does
        """
        try:
            return base64.b64decode(self.file or b"")
        except binascii.Error as error:
            raise UserError(self.env._("This is no file of a policy.")) from error
