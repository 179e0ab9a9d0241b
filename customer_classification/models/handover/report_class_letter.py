from odoo import api, models


class ReportClassLetter(models.AbstractModel):
    """*Your Classification and Why* of profiles."""

    _name = "report.customer_classification.report_class_letter"
    _inherit = ["report.handover.mixin"]
    _description = "Your Classification and Why"
    _printed_model = "customer.profile"

    @api.model
    def _values(self, records):
        letters, model = {}, self.env["customer.class.letter"]
        for company, profiles in records.grouped("company_id").items():
            found = model._letters_to_print(profiles.partner_id, company)
            letters |= {one: found[one.partner_id] for one in profiles}
        return {"letters": [letters[one] for one in records]}
