from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..copy_frames import TOO_LARGE
from .classification_source import FIRST_PLAUSIBLE_DAY
from .customer_profile import MONEY_GROUP

GOAL_SELECTION = [
    ("awareness", "Awareness"),
    ("sales", "Sales"),
    ("leads", "Leads"),
    ("retention", "Retention"),
]
CHANNEL_SELECTION = [("online", "Online"), ("offline", "Offline"), ("both", "Both")]
# Who plans campaigns and who sees all sales know what they are to cost.
PLAN_GROUPS = f"customer_classification.group_officer,{MONEY_GROUP}"
_AMOUNTS = ("campaign_budget", "campaign_planned_cost", "campaign_target_revenue")
_COUNTS = ("campaign_target_participants", "campaign_target_leads")


class UtmCampaign(models.Model):
    """What a campaign is and what it is for: type, goal, channel, time and targets."""

    # One file for each idea of a campaign.
    _inherit = "utm.campaign"  # pylint: disable=consider-merging-classes-inherited

    campaign_type_id = fields.Many2one(
        "campaign.type", string="Type", ondelete="restrict", index="btree_not_null"
    )
    campaign_goal = fields.Selection(
        GOAL_SELECTION,
        string="Goal",
        default="sales",
        help="What the campaign is judged by: how many it reached, what it sold, the "
        "leads that it brought, or the customers whom it kept.",
    )
    campaign_medium_ids = fields.Many2many(
        "utm.medium",
        relation="utm_campaign_medium_rel",
        column1="campaign_id",
        column2="medium_id",
        string="Media",
    )
    campaign_channel = fields.Selection(
        CHANNEL_SELECTION,
        string="Channel",
        compute="_compute_campaign_channel",
        store=True,
        readonly=False,
        help="Follows from the media; yours to say otherwise.",
    )
    campaign_start_date = fields.Date(string="Starts", copy=False, index=True)
    campaign_end_date = fields.Date(string="Ends", copy=False)
    campaign_currency_id = fields.Many2one(
        "res.currency",
        compute="_compute_campaign_currency_id",
        string="Currency of the Campaign",
    )
    campaign_budget = fields.Monetary(
        string="Budget",
        currency_field="campaign_currency_id",
        groups=PLAN_GROUPS,
        help="What the campaign may cost.",
        aggregator=None,
    )
    campaign_planned_cost = fields.Monetary(
        string="Planned Cost",
        currency_field="campaign_currency_id",
        groups=PLAN_GROUPS,
        help="What it is expected to cost.",
        aggregator=None,
    )
    campaign_target_participants = fields.Integer(
        string="Target: Participants", aggregator=None
    )
    campaign_target_leads = fields.Integer(string="Target: Leads")
    campaign_target_revenue = fields.Monetary(
        string="Target: Revenue",
        currency_field="campaign_currency_id",
        groups=MONEY_GROUP,
        help="Net revenue that the campaign shall bring. For who may see all sales: "
        "what is reached of it tells the revenue.",
        aggregator=None,
    )
    campaign_attribution_days = fields.Integer(
        string="Attribution Window",
        help="A purchase counts for the campaign within so many days after the "
        "customer was in touch with it. 0: as the policy says.",
        aggregator=None,
    )

    @api.depends("campaign_medium_ids.customer_origin")
    def _compute_campaign_channel(self):
        """A referral is made by people: offline."""
        for campaign in self:
            origins = campaign.campaign_medium_ids.mapped("customer_origin")
            online = "online" in origins
            offline = bool({"offline", "referral"} & set(origins))
            if online or offline:
                campaign.campaign_channel = (
                    "both" if online and offline else "online" if online else "offline"
                )

    @api.depends("company_id")
    @api.depends_context("company")
    def _compute_campaign_currency_id(self):
        """That of the campaign's company; of the current one, where it belongs to
        all."""
        for campaign in self:
            company = campaign.company_id or self.env.company
            campaign.campaign_currency_id = company.currency_id

    @api.model
    def _bounds(self):
        return {
            **super()._bounds(),
            **{name: (0, TOO_LARGE) for name in _AMOUNTS},
            **{name: (0, 1_000_000_000) for name in _COUNTS},
            "campaign_attribution_days": (0, 3650),
            "campaign_control_share": (0, 50),
        }

    @api.constrains("campaign_start_date", "campaign_end_date")
    def _check_campaign_dates(self):
        for campaign in self:
            start, end = campaign.campaign_start_date, campaign.campaign_end_date
            if start and end and end < start:
                raise ValidationError(
                    self.env._("%s cannot end before it starts.", campaign.title)
                )
            for day in filter(None, (start, end)):
                if not FIRST_PLAUSIBLE_DAY.year <= day.year < 2200:
                    raise ValidationError(
                        self.env._(
                            "%(campaign)s: %(day)s cannot be a day of a campaign.",
                            campaign=campaign.title,
                            day=day.isoformat(),
                        )
                    )
