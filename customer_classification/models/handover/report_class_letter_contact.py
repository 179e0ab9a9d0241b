from odoo import api, models


class ReportClassLetterContact(models.AbstractModel):
    """*Your Classification and Why* of contacts, in the company of the reader."""

    _name = "report.customer_classification.report_class_letter_contact"
    _inherit = ["report.handover.mixin"]
    _description = "Your Classification and Why, of a Contact"
    _printed_model = "res.partner"

    @api.model
    def _values(self, records):
        model = self.env["customer.class.letter"]
        letters = model._letters_to_print(records, self.env.company)
        return {"letters": [letters[one] for one in records]}
