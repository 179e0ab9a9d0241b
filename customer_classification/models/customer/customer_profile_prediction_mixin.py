import math

from odoo import api, fields, models

from ..common.access_groups import MONEY_GROUP
from .prediction_trial import proof_reason_text

BASES = [
    ("probability", "What became of customers alike"),
    ("rhythm", "The own rhythm"),
    ("too_little", "Too little known"),
]
BANDS = [
    ("in_rhythm", "In rhythm"),
    ("late", "Late"),
    ("long_overdue", "Long overdue"),
]


class CustomerProfilePredictionMixin(models.AbstractModel):
    """Predictions about a customer, as far as their proof allows.

    The numbers are stored, written by runs in SQL where they moved by more than a step,
    and only where predictions have proved themselves on the company's own past. The
    sentences are worked out when they are read: by what the last full run learnt, and
    by the days since the last purchase.
    """

    _name = "customer.profile.prediction.mixin"
    _description = "Prediction of a Customer"

    currency_id = fields.Many2one("res.currency")  # that of the company, on profiles
    has_prediction = fields.Boolean(
        string="Predicted",
        readonly=True,
        help="Predictions have proved themselves on the company's own past, and there "
        "is one of this customer.",
    )
    purchase_probability = fields.Float(
        readonly=True,
        digits=(5, 4),
        aggregator="avg",
        help="Of a purchase within the days that the policy looks ahead, from 0 to 1. "
        "To sort and to filter by; the form says what became of customers alike.",
    )
    expected_revenue = fields.Monetary(
        string="Predicted Revenue",
        readonly=True,
        groups=MONEY_GROUP,
        help="Net revenue to expect within the days that the policy looks ahead. A "
        "mean: good for sums, less for one customer.",
    )
    revenue_low = fields.Monetary(
        string="Predicted Revenue From",
        readonly=True,
        groups=MONEY_GROUP,
        aggregator=None,
        help="About eight of ten such customers bring in between this and the upper "
        "end.",
    )
    revenue_high = fields.Monetary(
        string="Predicted Revenue Up To",
        readonly=True,
        groups=MONEY_GROUP,
        aggregator=None,
        help="About eight of ten such customers bring in between the lower end and "
        "this.",
    )
    revenue_at_risk = fields.Monetary(
        string="Revenue at Risk",
        readonly=True,
        groups=MONEY_GROUP,
        help="What the customer would bring in at the pace of its last year, times "
        "the probability that it buys nothing.",
    )
    prediction_basis = fields.Selection(
        BASES, string="Prediction By", compute="_compute_prediction"
    )
    rhythm_band = fields.Selection(
        BANDS, string="Rhythm", compute="_compute_prediction"
    )
    prediction_text = fields.Char(
        string="What to Expect", compute="_compute_prediction"
    )

    @api.depends("has_prediction", "purchase_probability", "visit_count")
    @api.depends_context("lang")
    def _compute_prediction(self):
        """Compute the allowed statements.

        A query for each policy, and those of the days.
        """
        proofs = self._learnt_by_policy()
        for profile, seen in zip(self.sudo(), self, strict=True):
            learnt = proofs[profile.policy_id]
            band = profile._rhythm_band()
            alike = profile._alike(learnt)
            seen.rhythm_band = band
            if alike:
                seen.prediction_basis = "probability"
                seen.prediction_text = profile._alike_text(alike, learnt)
            elif band:
                seen.prediction_basis = "rhythm"
                seen.prediction_text = profile._rhythm_text(band, learnt)
            elif profile.visit_count:
                seen.prediction_basis = "too_little"
                seen.prediction_text = self.env._(
                    "Too little known: fewer than three days with a purchase."
                )
            else:
                seen.prediction_basis = seen.prediction_text = False

    def _learnt_by_policy(self):
        """Return ``{policy: what its last full run learnt, or None}``."""
        from ...engine import Learnt

        runs = self.env["classification.run"]
        found = {self.env["classification.policy"].sudo(): None}
        for policy in self.sudo().policy_id:
            kept = runs._last_full_run(policy).prediction
            found[policy] = Learnt.from_json(kept) if kept else None
        return found

    def _rhythm_band(self):
        """Return the band by the own rhythm; False with too few purchases."""
        from ...engine.customers.gate import LEAST_VISITS

        if self.visit_count < LEAST_VISITS or not self.expected_gap_days:
            return False
        ratio = round(self.overdue_ratio, 6)
        if ratio >= self.policy_id.dormant_ratio:
            return "long_overdue"
        return "late" if ratio >= self.policy_id.at_risk_ratio else "in_rhythm"

    def _alike(self, learnt):
        """Return the customers of about this probability, one horizon ago."""
        if not (self.has_prediction and learnt and learnt.proof.is_proved):
            return None
        place = sum(edge <= self.purchase_probability for edge in learnt.proof.edges)
        return learnt.proof.bins[place]

    def _alike_text(self, alike, learnt):
        """Tell natural frequencies, the interval rounded outwards."""
        text = self._frequency_text(alike, learnt.horizon)
        if not learnt.source:
            return text
        return self.env._(
            "%(sentence)s Told by your own model %(model)s.",
            sentence=text,
            model=learnt.source,
        )

    def _frequency_text(self, alike, horizon):
        return self.env._(
            "Of %(customers)s customers like this one, %(buyers)s bought again within "
            "%(days)s days (%(low)s to %(high)s of 100).",
            customers=alike.customers,
            buyers=alike.buyers,
            days=horizon,
            low=math.floor(100 * alike.low + 1e-9),
            high=math.ceil(100 * alike.high - 1e-9),
        )

    def _rhythm_text(self, band, learnt):
        return self.env._(
            "%(band)s by its own rhythm. How likely a purchase is, is not told: "
            "%(reason)s.",
            band=dict(self._fields["rhythm_band"]._description_selection(self.env))[
                band
            ],
            reason=proof_reason_text(self.env, learnt and learnt.proof.reason),
        )
