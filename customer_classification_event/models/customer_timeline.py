from odoo import api, fields, models


class CustomerTimeline(models.Model):
    """Shows events that the customer attended."""

    _inherit = "customer.timeline"

    detail = fields.Selection(
        selection_add=[
            ("event", "Event Attended"),
        ]
    )

    @api.model
    def _text_paths(self):
        return {**super()._text_paths(), "event.registration": ("event_id.name",)}
