from odoo import api, models


class CustomerTimeline(models.Model):
    """Shows the words of a rating to those who may read it."""

    _inherit = "customer.timeline"

    @api.model
    def _document_text(self, document):
        """Return the words of a rating, else what was rated."""
        if document._name != "rating.rating":
            return super()._document_text(document)
        return document.feedback or self.env._("Rating of %s", document.res_name)
