from odoo import fields, models

from ...models.common.called_records import check_one


class CustomerDocumentChoice(models.TransientModel):
    """A kind of document behind a customer's classes, to be opened as a list.

    Made by the profile; the documents are those that the reader may see.
    """

    _name = "customer.document.choice"
    _description = "Kind of Documents Behind a Classification"
    _order = "id"

    profile_id = fields.Many2one(
        "customer.profile", required=True, readonly=True, ondelete="cascade"
    )
    name = fields.Char(string="Documents", required=True, readonly=True)
    model = fields.Char(required=True, readonly=True)
    document_count = fields.Integer(string="Number", readonly=True)

    def action_open(self):
        """Open the documents of this kind."""
        check_one(self)
        check_one(self.profile_id)
        for kind, domain in self.profile_id._documents():
            if (kind.model, kind.name) == (self.model, self.name):
                return self.profile_id._open_list(kind, domain)
        return self.profile_id._no_documents()
