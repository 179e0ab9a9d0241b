from odoo import api, fields, models
from odoo.exceptions import ValidationError

# Rules about campaigns, in the order of the screen.
CAMPAIGN_FIELDS = (
    *("campaign_attribution_days", "campaign_attribution_model"),
    *("campaign_margin_percent", "campaign_judged_by", "campaign_strong_percent"),
    *("campaign_weak_percent", "campaign_min_peers", "campaign_confidence_percent"),
)
# {field: (lowest, highest)}
_RANGES = {
    "campaign_strong_percent": (0, 10_000),
    "campaign_weak_percent": (0, 10_000),
    "campaign_attribution_days": (0, 3650),
    "campaign_margin_percent": (0, 100),
    "campaign_min_peers": (1, 1_000_000),
    "campaign_confidence_percent": (50, 99.9),
}


class CampaignRules(models.Model):
    """Rules about campaigns: attribution, performance, confidence."""

    _name = "campaign.rules"
    _inherit = "classification.rules.mixin"
    _description = "Campaign Rules"
    _kind = "campaign"
    _preview_kind = "campaign_preview"
    _run_kind = "campaign"

    campaign_attribution_days = fields.Integer(
        string="Campaign Attribution Window",
        default=30,
        help="A purchase counts for the campaigns with which the customer was in touch "
        "within so many days before, or on the same day. A campaign can have a window "
        "of its own.",
        aggregator=None,
    )
    campaign_attribution_model = fields.Selection(
        [
            ("linear", "Equal shares"),
            ("first", "First touch"),
            ("last", "Last touch"),
        ],
        string="Campaign Attribution",
        required=True,
        default="linear",
        help="To whom a purchase is given that several campaigns touched: by this, "
        "return and targets are reckoned. The other two are shown beside it.",
    )
    campaign_margin_percent = fields.Float(
        string="Assumed Margin",
        digits=(5, 1),
        help="Where the margin of a purchase is not known, this share of its revenue. "
        "0: not assumed, and then there is no return.",
        aggregator=None,
    )
    campaign_judged_by = fields.Selection(
        [
            ("target_or_peers", "Its target, or its peers without one"),
            ("target", "Its target"),
            ("peers", "Its peers"),
        ],
        string="Campaigns Judged By",
        required=True,
        default="target_or_peers",
        help="Peers are the campaigns of the same type and goal that are over.",
    )
    campaign_strong_percent = fields.Float(
        string="Strong From",
        default=120,
        digits=(6, 1),
        help="Share of the target, or of the median of the peers.",
        aggregator=None,
    )
    campaign_weak_percent = fields.Float(
        string="Weak Below",
        default=80,
        digits=(6, 1),
        help="Share of the target, or of the median of the peers.",
        aggregator=None,
    )
    campaign_min_peers = fields.Integer(
        string="Peers Needed",
        default=3,
        help="With fewer other campaigns of its type and goal, a campaign is not "
        "compared with them.",
        aggregator=None,
    )
    campaign_confidence_percent = fields.Float(
        string="Confidence of the Lift",
        default=95,
        digits=(5, 1),
        help="How sure the interval around the lift is to hold what is true.",
        aggregator=None,
    )

    _one_published = models.UniqueIndex(
        "(company_id) WHERE state = 'published'",
        "A company has one published version of its campaign rules.",
    )

    @api.model
    def _plain_rules(self):
        return CAMPAIGN_FIELDS

    @api.model
    def _bounds(self):
        return super()._bounds() | _RANGES

    @api.constrains(*CAMPAIGN_FIELDS)
    def _check_rules(self):
        for rules in self:
            if not 0 < rules.campaign_weak_percent <= rules.campaign_strong_percent:
                raise ValidationError(
                    self.env._(
                        "%(low)s must be above 0 and at most %(high)s.",
                        low=self._label_of("campaign_weak_percent"),
                        high=self._label_of("campaign_strong_percent"),
                    )
                )

    def _parameters(self, policy):
        """Return the engine's :class:`CampaignParameters` of these rules."""
        from ...engine import CampaignParameters

        self.ensure_one()
        return CampaignParameters(
            policy=policy.id,
            currency_digits=self.currency_id.decimal_places,
            attribution_days=self.campaign_attribution_days,
            attribution_model=self.campaign_attribution_model,
            assumed_margin=self.campaign_margin_percent / 100 or None,
            judged_by=self.campaign_judged_by,
            strong=self.campaign_strong_percent / 100,
            weak=self.campaign_weak_percent / 100,
            min_peers=self.campaign_min_peers,
            confidence=self.campaign_confidence_percent / 100,
            documents=(*policy._document_rules(), *policy._rhythm_rules()),
        )

    def _preview(self, policy):
        return policy.recompute_campaigns(kind="preview")

    def _queue_run(self, policy):
        return self.env["classification.run"]._queue_of_kind(policy, "campaign")
