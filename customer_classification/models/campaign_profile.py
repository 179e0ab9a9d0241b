from odoo import api, fields, models

from .called_records import check_one
from .customer_profile import MONEY_GROUP, BigInteger
from .utm_campaign_taxonomy import CHANNEL_SELECTION, GOAL_SELECTION

PERFORMANCE_SELECTION = [
    ("strong", "Strong"),
    ("on_target", "On Target"),
    ("weak", "Weak"),
]
# Codes of the engine, in its order, with the words for them.
PERFORMANCE_REASON_SELECTION = [
    ("target", "Against its target"),
    ("peers", "Against its peers"),
    ("not_started", "Not rated: not started"),
    ("running", "Not rated: still running"),
    ("nobody", "Not rated: nobody took part"),
    ("no_measure", "Not rated: no target and too few peers"),
]
LIFT_VERDICT_SELECTION = [
    ("works", "Shown to work"),
    ("harms", "Shown to harm"),
    ("unclear", "Too small to conclude"),
]


class CampaignProfile(models.Model):
    """What came of one campaign in one company, and its performance class.

    Written by runs in SQL, only where something differs, and by nobody else. A
    campaign of a company has one profile; one that belongs to all has one in each.
    """

    _name = "campaign.profile"
    _inherit = "classification.counted.once.mixin"
    _description = "Result of a Campaign"
    # Not by revenue, which not everybody may read.
    _order = "start_date desc nulls last, id desc"
    _rec_name = "campaign_id"
    _ratios = {
        "response_rate": ("answered_count", "participant_count", 100, 0),
        "lead_rate": ("lead_customer_count", "participant_count", 100, 0),
        "conversion_rate": ("customer_count", "participant_count", 100, 0),
        "roi": ("margin", "cost", 100, -100),
        "cost_per_lead": ("cost", "lead_count", 1, 0),
        "cost_per_new_customer": ("cost", "new_customer_count", 1, 0),
    }
    _weighted_by = {"feedback_score": "feedback_count"}

    campaign_id = fields.Many2one(
        "utm.campaign", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade", index=True
    )
    problem_text = fields.Char(
        string="Set Aside Because", compute="_compute_problem_text"
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    active = fields.Boolean(default=True, readonly=True)

    # What was judged
    type_id = fields.Many2one(
        "campaign.type", readonly=True, ondelete="set null", index="btree_not_null"
    )
    goal = fields.Selection(GOAL_SELECTION, readonly=True)
    channel = fields.Selection(CHANNEL_SELECTION, readonly=True)
    start_date = fields.Date(
        string="Started",
        readonly=True,
        help="The first touch, where the campaign has no first day.",
    )
    end_date = fields.Date(string="Ended", readonly=True)
    user_id = fields.Many2one(related="campaign_id.user_id", string="Responsible")

    # How far people went
    # Customers and purchases belong to several campaigns: their numbers have no sum.
    participant_count = fields.Integer(
        aggregator=None,
        string="Participants",
        readonly=True,
        help="Customers who were in touch with the campaign, each once, without the "
        "control group.",
    )
    control_count = fields.Integer(
        string="Control Group", readonly=True, aggregator=None
    )
    addressed_count = fields.Integer(string="Addressed", readonly=True, aggregator=None)
    joined_count = fields.Integer(string="Took Part", readonly=True, aggregator=None)
    answered_count = fields.Integer(
        aggregator=None,
        string="Answered",
        readonly=True,
        help="Customers who answered, took part, or came with a lead or an order.",
    )
    lead_count = fields.Integer(
        string="Leads", readonly=True, help="Leads and opportunities, also lost ones."
    )
    opportunity_count = fields.Integer(string="Opportunities", readonly=True)
    lead_customer_count = fields.Integer(
        string="Customers With Leads", readonly=True, aggregator=None
    )
    order_count = fields.Integer(
        aggregator=None,
        string="Orders",
        readonly=True,
        help="Purchases within the attribution window. One that two campaigns touched "
        "stands with both.",
    )
    customer_count = fields.Integer(
        aggregator=None,
        string="Customers",
        readonly=True,
        help="Customers who bought within the attribution window.",
    )
    new_customer_count = fields.Integer(
        string="New Customers", readonly=True, aggregator=None
    )
    won_back_count = fields.Integer(string="Won Back", readonly=True, aggregator=None)
    feedback_count = fields.Integer(string="Feedbacks", readonly=True)
    feedback_score = fields.Float(
        string="Feedback", readonly=True, digits=(5, 1), aggregator="avg"
    )

    # Money
    revenue = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        help="Net revenue within the attribution window, by the attribution of the "
        "policy: untaxed, less what was given back of these purchases whenever it was. "
        "It is not the amount invoiced that Odoo shows, which takes vendor bills off.",
    )
    revenue_first = fields.Monetary(
        string="Revenue (First Touch)", readonly=True, groups=MONEY_GROUP
    )
    revenue_last = fields.Monetary(
        string="Revenue (Last Touch)", readonly=True, groups=MONEY_GROUP
    )
    revenue_linear = fields.Monetary(
        string="Revenue (Equal Shares)", readonly=True, groups=MONEY_GROUP
    )
    margin = fields.Monetary(
        readonly=True, groups=MONEY_GROUP, help="Of the same purchases."
    )
    has_margin = fields.Boolean(string="Margin Known", readonly=True)
    is_margin_assumed = fields.Boolean(
        string="Margin Assumed",
        readonly=True,
        help="Of some purchases the margin is the one that the policy assumes.",
    )
    cost = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        help="Costs of the campaign and vendor bills that carry it, without tax.",
    )
    has_cost = fields.Boolean(string="Cost Known", readonly=True)
    roi = fields.Float(
        string="Return (%)",
        readonly=True,
        digits=(12, 1),
        aggregator="avg",
        groups=MONEY_GROUP,
        help="Margin less cost, divided by cost.",
    )
    has_roi = fields.Boolean(string="Return Known", readonly=True)
    cost_per_lead = fields.Monetary(readonly=True, aggregator="avg", groups=MONEY_GROUP)
    has_cost_per_lead = fields.Boolean(readonly=True)
    cost_per_new_customer = fields.Monetary(
        readonly=True, aggregator="avg", groups=MONEY_GROUP
    )
    has_cost_per_new_customer = fields.Boolean(readonly=True)

    # Shares
    response_rate = fields.Float(
        string="Response (%)", readonly=True, digits=(5, 1), aggregator="avg"
    )
    lead_rate = fields.Float(
        string="Lead Rate (%)", readonly=True, digits=(5, 1), aggregator="avg"
    )
    conversion_rate = fields.Float(
        string="Conversion (%)", readonly=True, digits=(5, 1), aggregator="avg"
    )
    peer_count = fields.Integer(string="Peers", readonly=True, aggregator=None)
    peer_response_rate = fields.Float(readonly=True, digits=(5, 1), aggregator=None)
    peer_lead_rate = fields.Float(readonly=True, digits=(5, 1), aggregator=None)
    peer_conversion_rate = fields.Float(readonly=True, digits=(5, 1), aggregator=None)

    # Lift
    treated_count = fields.Integer(
        aggregator=None,
        string="Compared",
        readonly=True,
        help="Customers who were chosen and not left out, whether or not the campaign "
        "reached them.",
    )
    treated_rate = fields.Float(
        string="Bought With It (%)", readonly=True, digits=(5, 2), aggregator=None
    )
    control_rate = fields.Float(
        string="Bought Without It (%)", readonly=True, digits=(5, 2), aggregator=None
    )
    lift = fields.Float(
        string="Lift (points)",
        readonly=True,
        digits=(5, 2),
        aggregator=None,
        help="How many more of a hundred bought than in the control group.",
    )
    lift_low = fields.Float(readonly=True, digits=(5, 2), aggregator=None)
    lift_high = fields.Float(readonly=True, digits=(5, 2), aggregator=None)
    lift_verdict = fields.Selection(LIFT_VERDICT_SELECTION, readonly=True)
    lift_is_exact = fields.Boolean(readonly=True)
    lift_more = fields.Integer(
        string="More Customers Needed", readonly=True, aggregator=None
    )
    incremental_revenue = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        help="What the customers bought more than the control group would have.",
        aggregator=None,
    )
    incremental_low = fields.Monetary(
        readonly=True, groups=MONEY_GROUP, aggregator=None
    )
    incremental_high = fields.Monetary(
        readonly=True, groups=MONEY_GROUP, aggregator=None
    )
    contaminated_count = fields.Integer(
        aggregator=None,
        string="Left Out, but Reached",
        readonly=True,
        help="Customers of the control group who were in touch with the campaign all "
        "the same.",
    )

    # The class
    performance_class = fields.Selection(
        PERFORMANCE_SELECTION, string="Performance", readonly=True
    )
    performance_reason = fields.Selection(PERFORMANCE_REASON_SELECTION, readonly=True)
    performance_ratio = fields.Float(
        string="Of the Target (%)",
        readonly=True,
        digits=(12, 1),
        aggregator=None,
        groups=MONEY_GROUP,
        help="What was reached of the target, or of the median of the peers.",
    )

    as_of_date = fields.Date(
        string="As Of",
        compute="_compute_as_of_date",
        help="Day up to which touches, purchases and costs are counted.",
    )
    policy_id = fields.Many2one(
        "classification.policy",
        readonly=True,
        ondelete="restrict",
        help="The version since which the rules about campaigns are the same: later "
        "ones may repeat them.",
    )
    run_id = fields.Many2one(
        "classification.run",
        string="Last Changed By",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    own_hash = BigInteger(
        readonly=True, aggregator=None, help="Of what is the campaign's own."
    )
    content_hash = BigInteger(readonly=True, aggregator=None)
    change_ids = fields.One2many(
        "campaign.class.change", compute="_compute_change_ids", string="Changes"
    )
    change_count = fields.Integer(compute="_compute_change_ids")

    _campaign_company_unique = models.Constraint(
        "UNIQUE(campaign_id, company_id)", "A campaign has one result in a company."
    )

    @api.depends("campaign_id.display_name")
    def _compute_display_name(self):
        for profile in self:
            profile.display_name = profile.campaign_id.display_name

    @api.depends("company_id", "run_id")
    def _compute_as_of_date(self):
        """The day of the last run over the campaigns of the company: one query for
        each company."""
        runs = self.env["classification.run"]
        days = {
            company: runs._last_campaign_run(company).as_of_date
            for company in self.company_id
        }
        for profile in self:
            profile.as_of_date = days.get(profile.company_id)

    def _compute_change_ids(self):
        """History of each profile's campaign in its company: one query."""
        changes = self.env["campaign.class.change"].search(
            [
                ("campaign_id", "in", self.campaign_id.ids),
                ("company_id", "in", self.company_id.ids),
            ]
        )
        grouped = changes.grouped(lambda one: (one.campaign_id, one.company_id))
        for profile in self:
            own = grouped.get(
                (profile.campaign_id, profile.company_id), changes.browse()
            )
            profile.change_ids = own
            profile.change_count = len(own)

    @api.depends_context("lang")
    def _compute_problem_text(self):
        """Why runs set this campaign aside, if they do: one query."""
        problems = self.env["classification.problem"]
        texts = problems._texts("campaign_id", self.campaign_id.ids)
        for profile in self:
            key = (profile.campaign_id.id, profile.company_id.id)
            profile.problem_text = texts.get(key)

    def action_open_campaign(self):
        """Open the campaign of this result."""
        check_one(self)
        return self.campaign_id.get_formview_action()

    def action_open_participants(self):
        """Open who was in touch with this campaign, as the button counts them."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.campaign_participant_action"
        )
        action["domain"] = [
            ("campaign_id", "=", self.campaign_id.id),
            ("company_id", "=", self.company_id.id),
            ("is_control", "=", False),
            ("first_touch_date", "!=", False),
        ]
        action["context"] = {"default_campaign_id": self.campaign_id.id}
        return action

    def action_open_changes(self):
        """Open the history of this campaign."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.campaign_class_change_action"
        )
        action["domain"] = [
            ("campaign_id", "=", self.campaign_id.id),
            ("company_id", "=", self.company_id.id),
        ]
        action["context"] = {}
        return action
