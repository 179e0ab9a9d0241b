from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..common.keyless_many2one import KeylessMany2one
from ..complaint.customer_complaint import CHANNEL_SELECTION
from .customer_feedback_about_mixin import SCALES

KIND_SELECTION = [
    ("satisfaction", "Satisfaction"),
    ("recommendation", "Recommendation (NPS)"),
    ("rating", "Rating"),
    ("complaint", "Complaint"),
]
SCALE_SELECTION = [
    ("5", "1 to 5"),
    ("10", "0 to 10"),
    ("100", "0 to 100"),
    ("3", "1 to 3"),
]
# From which answer to "would you recommend us", 0 to 10, one is what.
_PROMOTER, _PASSIVE = 9, 7
_POINTS = {"promoter": 100, "passive": 0, "detractor": -100}


class CustomerFeedback(models.Model):
    """Opinion of a customer on us, a product, an order or a complaint.

    Every score is kept as given, with its scale, and as 0 to 100, so that answers on
    different scales can be compared.
    """

    _name = "customer.feedback"
    _inherit = [
        "customer.feedback.about.mixin",
        "classification.counted.once.mixin",
        "classification.document.mixin",
        "customer.classes.then.mixin",
    ]
    _description = "Feedback"
    _order = "date desc, id desc"
    _protected_fields = frozenset(
        {
            *("user_id", "request_id", "score", "recommendation"),
            *("recommendation_points", "is_recommendation"),
        }
    )
    _known_by = {"recommendation_points": "is_recommendation"}

    date = fields.Date(
        string="Day", required=True, default=fields.Date.context_today, index=True
    )
    kind = fields.Selection(KIND_SELECTION, required=True, default="satisfaction")
    scale = fields.Selection(SCALE_SELECTION, required=True, default="5")
    original_score = fields.Float(
        string="Answer",
        required=True,
        digits=(16, 1),
        aggregator=None,
        help="As the customer gave it, on its scale.",
    )
    score = fields.Float(
        string="Score (0 to 100)",
        compute="_compute_score",
        store=True,
        digits=(16, 1),
        aggregator="avg",
        help="The answer as 0 (worst) to 100 (best).",
    )
    recommendation = fields.Selection(
        [
            ("promoter", "Promoter"),
            ("passive", "Passive"),
            ("detractor", "Detractor"),
        ],
        string="Recommends Us",
        compute="_compute_score",
        store=True,
        help="By the answer to whether the customer would recommend us, 0 to 10: "
        "promoters from 9, detractors up to 6.",
    )
    is_recommendation = fields.Boolean(
        string="Asked for Recommendation", compute="_compute_score", store=True
    )
    recommendation_points = fields.Integer(
        string="Recommendation Score (NPS)",
        compute="_compute_score",
        store=True,
        aggregator="avg",
        help="Of 100 who answered, promoters less detractors.",
    )
    channel = fields.Selection(
        [*CHANNEL_SELECTION, ("survey", "Survey")], required=True, default="phone"
    )
    text = fields.Text(string="In Words")
    user_id = fields.Many2one(
        "res.users",
        string="Entered By",
        readonly=True,
        ondelete="set null",
        default=lambda self: self.env.user,
    )
    # Without a key, as rows are withheld one by one while a person objects.
    request_id = KeylessMany2one(
        "customer.feedback.request",
        string="Asked By",
        readonly=True,
        ondelete="set null",
        copy=False,
    )

    _one_answer = models.Constraint(
        "UNIQUE(request_id)", "Each request for feedback has one answer."
    )

    @api.model
    def _bounds(self):
        return {"original_score": (0, 100), "text": (0, 10_000)}

    @api.depends("original_score", "scale", "kind")
    def _compute_score(self):
        for feedback in self:
            low, high = SCALES.get(feedback.scale, (0, 100))
            feedback.score = 100 * (feedback.original_score - low) / (high - low)
            word = feedback._recommendation()
            feedback.recommendation = word
            feedback.is_recommendation = bool(word)
            feedback.recommendation_points = _POINTS.get(word, 0)

    def _recommendation(self):
        """Return what the answer makes of the customer, or False."""
        if self.kind != "recommendation" or self.scale != "10":
            return False
        if self.original_score >= _PROMOTER:
            return "promoter"
        return "passive" if self.original_score >= _PASSIVE else "detractor"

    @api.depends("partner_id.display_name", "score")
    def _compute_display_name(self):
        for feedback in self:
            feedback.display_name = self.env._(
                "%(customer)s: %(score)s of 100",
                customer=feedback.partner_id.display_name,
                score=round(feedback.score),
            )

    @api.onchange("kind")
    def _onchange_kind(self):
        if self.kind == "recommendation":
            self.scale = "10"

    @api.constrains("original_score", "scale", "kind")
    def _check_score(self):
        for feedback in self.filtered("scale"):
            low, high = SCALES[feedback.scale]
            if not low <= feedback.original_score <= high:
                raise ValidationError(
                    self.env._(
                        "The answer must be from %(low)s to %(high)s on this scale.",
                        low=low,
                        high=high,
                    )
                )
            if feedback.kind == "recommendation" and feedback.scale != "10":
                raise ValidationError(
                    self.env._("Recommendation is asked for on the scale 0 to 10.")
                )

    @api.constrains("date")
    def _check_date(self):
        today = fields.Date.context_today(self)
        if any(one.date > today for one in self.filtered("date")):
            raise ValidationError(self.env._("Feedback cannot be of a day to come."))
