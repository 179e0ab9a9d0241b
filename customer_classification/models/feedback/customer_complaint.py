from odoo import api, fields, models

from ..common.called_records import check_one
from ..complaint.customer_complaint import KNOWN_BY
from ..complaint.customer_complaint_clock_mixin import CLOCK_FIELDS


class CustomerComplaint(models.Model):
    """Asks the customer what came of a complaint."""

    _name = "customer.complaint"
    _inherit = ["customer.complaint", "classification.document.mixin"]
    _protected_fields = CLOCK_FIELDS | {"satisfaction", "has_satisfaction"}
    _known_by = {**KNOWN_BY, "satisfaction": "has_satisfaction"}

    feedback_ids = fields.One2many(
        "customer.feedback", "complaint_id", string="Feedback", readonly=True
    )
    satisfaction = fields.Float(
        string="Satisfaction After",
        compute="_compute_satisfaction",
        store=True,
        digits=(16, 1),
        aggregator="avg",
        help="The last answer of the customer about this complaint, 0 to 100.",
    )
    has_satisfaction = fields.Boolean(
        string="Satisfaction Known", compute="_compute_satisfaction", store=True
    )

    @api.depends("feedback_ids.score", "feedback_ids.kind", "feedback_ids.date")
    def _compute_satisfaction(self):
        for complaint in self:
            answers = complaint.feedback_ids.filtered(
                lambda one: one.kind in ("satisfaction", "rating")
            )
            last = answers.sorted(lambda one: (one.date, one.id))[-1:]
            complaint.satisfaction = last.score
            complaint.has_satisfaction = bool(last)

    def action_ask_feedback(self):
        """Ask the customer how satisfied with the solution."""
        check_one(self)
        return self.env["customer.feedback.request"]._open_new(
            {
                "partner_id": self.partner_id.id,
                "contact_id": self.contact_id.id,
                "company_id": self.company_id.id,
                "complaint_id": self.id,
                "product_tmpl_id": self.product_tmpl_id.id,
            }
        )
