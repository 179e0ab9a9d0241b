from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...engine.customers import customer_codes

SEGMENT_SELECTION = [
    ("tier", "Value Tier"),
    ("stage", "Lifecycle Stage"),
    ("type", "Person or Company"),
    ("country", "Country"),
    ("state", "State"),
    ("industry", "Industry"),
    ("size", "Company Size"),
    ("number", "Running Number"),
    ("text", "Fixed Text"),
]
LENGTHS = {"tier": 1, "stage": 1, "type": 1, "size": 1, "country": 2, "number": 5}


class CustomerCodeSegment(models.Model):
    """A part of a code: its meaning, and its number of characters."""

    _name = "customer.code.segment"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "Segment of a Customer Code"
    _order = "sequence, id"
    _rec_name = "kind"

    scheme_id = fields.Many2one(
        "customer.code.scheme", required=True, ondelete="cascade", index=True
    )
    sequence = fields.Integer(default=10)
    kind = fields.Selection(SEGMENT_SELECTION, required=True, default="number")
    width = fields.Integer(
        string="Length",
        required=True,
        compute="_compute_width",
        store=True,
        precompute=True,
        readonly=False,
        help="What is longer is cut, but for a running number; what is shorter is "
        "filled up, a number with leading zeros.",
        aggregator=None,
    )
    padding = fields.Char(
        string="Filler",
        size=1,
        default="X",
        help="Fills up what is shorter or not known: a digit or a letter.",
    )
    text = fields.Char(help="Digits and letters that every code of the scheme has.")

    @api.depends("kind", "text")
    def _compute_width(self):
        for segment in self:
            if segment.kind == "text":
                segment.width = len(customer_codes.letters(segment.text)) or 1
            else:
                segment.width = LENGTHS.get(segment.kind, 3)

    @api.model
    def _bounds(self):
        return {"width": (1, 20), "text": (0, 20)}

    @api.constrains("kind", "width", "padding", "text")
    def _check_segment(self):
        for segment in self:
            if not 1 <= segment.width <= 20:
                raise ValidationError(
                    self.env._("A segment of a code has from 1 to 20 characters.")
                )
            if segment.kind == "text" and not customer_codes.letters(segment.text):
                raise ValidationError(
                    self.env._("A fixed text needs a digit or a letter from A to Z.")
                )
            if len(customer_codes.letters(segment.padding)) != 1:
                raise ValidationError(
                    self.env._("The filler is one digit or letter from A to Z.")
                )

    def _plain(self):
        """These segments, in their order, for the engine."""
        return tuple(
            customer_codes.Segment(
                segment.kind,
                segment.width,
                customer_codes.letters(segment.padding) or "X",
                segment.text or None,
            )
            for segment in self.sorted("sequence")
        )
