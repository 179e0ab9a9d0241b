from odoo import api, fields, models


class CustomerTimeline(models.Model):
    """Shows mailings that the customer opened, clicked or answered."""

    _inherit = "customer.timeline"

    detail = fields.Selection(
        selection_add=[
            ("mailing_opened", "Mailing Opened"),
            ("mailing_clicked", "Mailing Clicked"),
            ("mailing_answered", "Mailing Answered"),
        ]
    )

    @api.model
    def _text_paths(self):
        return {**super()._text_paths(), "mailing.trace": ("mass_mailing_id.subject",)}
