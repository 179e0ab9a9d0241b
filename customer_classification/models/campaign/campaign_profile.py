from collections import defaultdict

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import formatLang

from ...engine.campaigns.lift import POWER
from ..common.access_groups import MONEY_GROUP
from ..common.big_integer import BigInteger
from ..common.called_records import check_one
from ..common.keyless_many2one import KeylessMany2one
from .utm_campaign import CHANNEL_SELECTION, GOAL_SELECTION

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

# From these scores on, and below, feedback is worth a word.
_GOOD_FEEDBACK, _BAD_FEEDBACK = 75, 50
# Shares of the largest of the three revenues by which they differ.
_AGREE, _DIFFER = 0.1, 0.3
# How much better or worse than the median of the peers is worth a word.
_BETTER, _WORSE = 1.2, 0.8
# Fewest participants of a tier worth mentioning, and the factor by which it must
# differ.
_ENOUGH, _HALF = 10, 2 / 3

# Figures by goal, the main one first; those of money only with access to amounts.
_FIGURES = {
    "awareness": (
        *("participant_count", "joined_count", "answered_count", "response_rate"),
        *("feedback_score", "customer_count"),
    ),
    "leads": (
        *("lead_count", "opportunity_count", "lead_rate", "cost_per_lead"),
        *("customer_count", "revenue"),
    ),
    "sales": (
        *("revenue", "order_count", "customer_count", "new_customer_count"),
        *("conversion_rate", "cost_per_new_customer"),
    ),
    "retention": (*("revenue", "won_back_count", "customer_count", "conversion_rate"),),
}
_OF_EVERY_GOAL = ("cost", "roi")
# Fields of the campaign with its targets and its budget.
_TARGETS = {
    "participant_count": "campaign_target_participants",
    "lead_count": "campaign_target_leads",
    "revenue": "campaign_target_revenue",
    "cost": "campaign_budget",
}
# Whether a figure is known at all; some are worth saying so, others are left out.
_KNOWN_BY = {"cost": "has_cost", "roi": "has_roi"}
_SHOWN_BY = {
    "cost_per_lead": "has_cost_per_lead",
    "cost_per_new_customer": "has_cost_per_new_customer",
    "feedback_score": "feedback_count",
}
_RATES = ("response_rate", "lead_rate", "conversion_rate", "roi")


class CampaignProfile(models.Model):
    """Result of a campaign in one company, and its performance class.

    Written by runs in SQL, only where something differs, and by nobody else. A
    campaign of a company has one profile; one that belongs to all has one in each.
    """

    _name = "campaign.profile"
    _inherit = [
        "classification.counted.once.mixin",
        "classification.plain.fields.mixin",
    ]
    _description = "Result of a Campaign"
    _log_access = False
    # Not by revenue, which not everybody may read.
    _order = "start_date desc nulls last, id desc"
    _rec_name = "campaign_id"
    _technical_fields = frozenset(
        {"content_hash", "own_hash", "touches_hash", "values_hash"}
    )
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
    company_id = KeylessMany2one(
        "res.company", required=True, readonly=True, ondelete="cascade", index=True
    )
    problem_text = fields.Char(
        string="Set Aside Because", compute="_compute_problem_text"
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    active = fields.Boolean(default=True, readonly=True)

    # Judged figures
    type_id = KeylessMany2one(
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
        string="Control Group",
        readonly=True,
        aggregator=None,
        help="Chosen customers whom chance left out of the campaign, to compare with.",
    )
    addressed_count = fields.Integer(
        string="Addressed",
        readonly=True,
        aggregator=None,
        help="Participants who were addressed, such as by a mailing or an invitation.",
    )
    joined_count = fields.Integer(
        string="Took Part",
        readonly=True,
        aggregator=None,
        help="Participants who took part, such as those who came to an event.",
    )
    answered_count = fields.Integer(
        aggregator=None,
        string="Answered",
        readonly=True,
        help="Customers who answered, took part, or came with a lead or an order.",
    )
    lead_count = fields.Integer(
        string="Leads", readonly=True, help="Leads and opportunities, also lost ones."
    )
    opportunity_count = fields.Integer(
        string="Opportunities",
        readonly=True,
        help="Opportunities that carry the campaign.",
    )
    lead_customer_count = fields.Integer(
        string="Customers With Leads",
        readonly=True,
        aggregator=None,
        help="Customers with a lead that carries the campaign; each counts once.",
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
        string="New Customers",
        readonly=True,
        aggregator=None,
        help="Customers whose first purchase ever came within the attribution "
        "window and stayed.",
    )
    won_back_count = fields.Integer(
        string="Won Back",
        readonly=True,
        aggregator=None,
        help="Customers who were dormant or lost, and bought within the "
        "attribution window.",
    )
    feedback_count = fields.Integer(
        string="Feedbacks", readonly=True, help="Participants with a feedback score."
    )
    feedback_score = fields.Float(
        string="Feedback",
        readonly=True,
        digits=(5, 1),
        aggregator="avg",
        help="Mean of the feedback scores of the participants, 0 to 100.",
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
        string="Revenue (First Touch)",
        readonly=True,
        groups=MONEY_GROUP,
        help="Net revenue of purchases in the attribution window, each given to "
        "the campaign that touched the customer first.",
    )
    revenue_last = fields.Monetary(
        string="Revenue (Last Touch)",
        readonly=True,
        groups=MONEY_GROUP,
        help="Net revenue of purchases in the attribution window, each given to "
        "the campaign that touched the customer last.",
    )
    revenue_linear = fields.Monetary(
        string="Revenue (Equal Shares)",
        readonly=True,
        groups=MONEY_GROUP,
        help="Net revenue of purchases in the attribution window, shared equally "
        "by the campaigns that touched the customer.",
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
    cost_per_lead = fields.Monetary(
        readonly=True,
        aggregator="avg",
        groups=MONEY_GROUP,
        help="Cost of the campaign divided by its leads; empty where the cost is "
        "not known.",
    )
    has_cost_per_lead = fields.Boolean(readonly=True)
    cost_per_new_customer = fields.Monetary(
        readonly=True,
        aggregator="avg",
        groups=MONEY_GROUP,
        help="Cost of the campaign divided by its new customers; empty where the "
        "cost is not known.",
    )
    has_cost_per_new_customer = fields.Boolean(readonly=True)

    # Shares
    response_rate = fields.Float(
        string="Response (%)",
        readonly=True,
        digits=(5, 1),
        aggregator="avg",
        help="Participants who answered, of 100.",
    )
    lead_rate = fields.Float(
        string="Lead Rate (%)",
        readonly=True,
        digits=(5, 1),
        aggregator="avg",
        help="Participants with a lead, of 100.",
    )
    conversion_rate = fields.Float(
        string="Conversion (%)",
        readonly=True,
        digits=(5, 1),
        aggregator="avg",
        help="Participants who bought within the attribution window, of 100.",
    )
    peer_count = fields.Integer(
        string="Peers",
        readonly=True,
        aggregator=None,
        help="Other campaigns of the same type and goal that are over.",
    )
    peer_response_rate = fields.Float(
        readonly=True,
        digits=(5, 1),
        aggregator=None,
        help="Median response of the peers.",
    )
    peer_lead_rate = fields.Float(
        readonly=True,
        digits=(5, 1),
        aggregator=None,
        help="Median lead rate of the peers.",
    )
    peer_conversion_rate = fields.Float(
        readonly=True,
        digits=(5, 1),
        aggregator=None,
        help="Median conversion of the peers.",
    )

    # Lift
    treated_count = fields.Integer(
        aggregator=None,
        string="Compared",
        readonly=True,
        help="Customers who were chosen and not left out, whether or not the campaign "
        "reached them.",
    )
    treated_rate = fields.Float(
        string="Bought With It (%)",
        readonly=True,
        digits=(5, 2),
        aggregator=None,
        help="Buyers of 100 customers who were chosen or entered.",
    )
    control_rate = fields.Float(
        string="Bought Without It (%)",
        readonly=True,
        digits=(5, 2),
        aggregator=None,
        help="Buyers of 100 customers of the control group.",
    )
    lift = fields.Float(
        string="Lift (points)",
        readonly=True,
        digits=(5, 2),
        aggregator=None,
        help="How many more of a hundred bought than in the control group.",
    )
    lift_low = fields.Float(
        readonly=True,
        digits=(5, 2),
        aggregator=None,
        help="Lower bound of the lift, with the confidence of the rules.",
    )
    lift_high = fields.Float(
        readonly=True,
        digits=(5, 2),
        aggregator=None,
        help="Upper bound of the lift, with the confidence of the rules.",
    )
    lift_verdict = fields.Selection(LIFT_VERDICT_SELECTION, readonly=True)
    lift_is_exact = fields.Boolean(readonly=True)
    lift_more = fields.Integer(
        string="More Customers Needed",
        readonly=True,
        aggregator=None,
        help="About how many more customers are needed to tell whether the "
        "campaign had an effect.",
    )
    incremental_revenue = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        help="What the customers bought more than the control group would have.",
        aggregator=None,
    )
    incremental_low = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        aggregator=None,
        help="Lower bound of the additional revenue.",
    )
    incremental_high = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        aggregator=None,
        help="Upper bound of the additional revenue.",
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
    policy_id = KeylessMany2one(
        "classification.policy",
        readonly=True,
        ondelete="restrict",
        help="The version since which the rules about campaigns are the same: later "
        "ones may repeat them.",
    )
    run_id = KeylessMany2one(
        "classification.run",
        string="Last Changed By",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    own_hash = BigInteger(
        readonly=True, aggregator=None, help="Of what is the campaign's own."
    )
    values_hash = BigInteger(
        readonly=True, aggregator=None, help="Of the values that the last run read."
    )
    touches_hash = BigInteger(
        readonly=True,
        aggregator=None,
        help="Of the touches that the last run read; 0 to work out all again.",
    )
    content_hash = BigInteger(readonly=True, aggregator=None)
    change_ids = fields.One2many(
        "campaign.class.change", compute="_compute_change_ids", string="Changes"
    )
    change_count = fields.Integer(
        compute="_compute_change_ids", help="Changes of the performance class."
    )

    _campaign_company_unique = models.Constraint(
        "UNIQUE(campaign_id, company_id)", "A campaign has one result in a company."
    )

    # Explanation

    performance_text = fields.Char(
        string="Why This Performance", compute="_compute_texts"
    )
    lift_text = fields.Char(string="Effect", compute="_compute_texts")
    findings = fields.Html(
        string="Strengths and Weaknesses",
        compute="_compute_findings",
        sanitize=False,
    )
    cost_text = fields.Char(
        string="Cost and Return", compute="_compute_money_texts", groups=MONEY_GROUP
    )
    cost_note = fields.Char(
        string="Cost to Enter", compute="_compute_money_texts", groups=MONEY_GROUP
    )
    attribution_text = fields.Char(
        string="Three Ways to Count",
        compute="_compute_money_texts",
        groups=MONEY_GROUP,
    )

    # Scorecard

    scorecard = fields.Html(compute="_compute_scorecard", sanitize=False)

    @api.depends("campaign_id.display_name")
    def _compute_display_name(self):
        for profile in self:
            profile.display_name = profile.campaign_id.display_name

    @api.depends("company_id", "run_id")
    def _compute_as_of_date(self):
        """Compute the day of the last run over campaigns.

        One query for each company.
        """
        runs = self.env["classification.run"]
        days = {
            company: runs._last_run_of_kind(company, "campaign").as_of_date
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
        """Compute why runs exclude this campaign: one query."""
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
        """Open the customers in touch with this campaign, as the button counts."""
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

    # Explanation

    @api.depends("own_hash", "content_hash", "policy_id")
    @api.depends_context("lang", "uid")
    def _compute_texts(self):
        """Compute the sentences from profiles and policies.

        The reached share of a revenue is shown only to users with access to it.
        """
        sees_money = self.env.user.has_group(MONEY_GROUP)
        for profile, seen in zip(self.sudo(), self, strict=True):
            seen.performance_text = profile._explain_performance(sees_money)
            seen.lift_text = profile._explain_lift()

    @api.depends(
        *("own_hash", "content_hash", "policy_id", "campaign_id.campaign_budget")
    )
    @api.depends_context("lang", "uid")
    def _compute_findings(self):
        """Compute strengths and weaknesses.

        Two queries beside those of reading profiles, campaigns and policies. Amounts
        are left out for readers who may not see them, also where a campaign shows the
        text, which reads as the superuser.
        """
        sees_money = self.env.user.has_group(MONEY_GROUP)
        tiers = self.sudo()._bought_by_tier()
        for profile, seen in zip(self.sudo(), self, strict=True):
            own = tiers.get((profile.campaign_id, profile.company_id), {})
            seen.findings = profile._findings_html(*profile._find(sees_money, own))

    @api.depends("own_hash", "content_hash", "policy_id")
    @api.depends_context("lang")
    def _compute_money_texts(self):
        for profile, seen in zip(self.sudo(), self, strict=True):
            seen.cost_text = profile._explain_cost()
            missing = self.env._("Cost missing")
            seen.cost_note = False if profile.has_cost else missing
            seen.attribution_text = profile._explain_attribution()

    def _number(self, value, digits=1):
        return formatLang(self.env, value, digits)

    def _amount(self, value):
        return formatLang(self.env, value, currency_obj=self.currency_id)

    def _explain_performance(self, sees_money):
        """Return why a campaign has its class.

        With a target of one's own choice, the reached share would reveal the revenue.
        """
        if not sees_money and self._is_judged_by_money():
            return self._explain_rating()
        policy = self.policy_id
        values = {
            "ratio": self._number(self.performance_ratio),
            "figure": self._judged_figure(),
            "strong": self._number(policy.campaign_strong_percent),
            "weak": self._number(policy.campaign_weak_percent),
            "peers": self.peer_count,
            "needed": policy.campaign_min_peers,
        }
        sentence = {
            "target": lambda **v: self.env._(
                "%(figure)s reached %(ratio)s %% of the target; strong from "
                "%(strong)s %%, weak below %(weak)s %%.",
                **v,
            ),
            "peers": lambda **v: self.env._(
                "%(ratio)s %% of what is usual among %(peers)s campaigns of the same "
                "type and goal; strong from %(strong)s %%, weak below %(weak)s %%.",
                **v,
            ),
            "not_started": lambda **v: self.env._("It has not started yet."),
            "running": lambda **v: self.env._("It is still running."),
            "nobody": lambda **v: self.env._("Nobody took part so far."),
            "no_measure": lambda **v: self.env._(
                "It has no target, and %(peers)s other campaigns of its type and goal "
                "are over; %(needed)s are needed to compare with.",
                **v,
            ),
        }.get(self.performance_reason)
        return sentence and sentence(**values)

    def _is_judged_by_money(self):
        """Return whether revenue decides the class."""
        rated = self.performance_reason in ("target", "peers")
        return rated and self.goal not in ("awareness", "leads")

    def _explain_rating(self):
        """Explain the rating by the basis of comparison, without a number."""
        if self.performance_reason == "target":
            return self.env._("Its net revenue was compared with its target.")
        return self.env._(
            "Compared with %s campaigns of the same type and goal.", self.peer_count
        )

    def _judged_figure(self):
        """Return the figure of the goal, at the beginning of a sentence."""
        return {
            "awareness": self.env._("Participants"),
            "leads": self.env._("Leads"),
        }.get(self.goal, self.env._("Net revenue"))

    def _explain_lift(self):
        if not self.lift_verdict:
            return self.env._(
                "No control group: what customers would have bought anyway is not "
                "known."
            )
        values = {
            "treated": self._number(self.treated_rate),
            "control": self._number(self.control_rate),
            "lift": self._number(self.lift),
            "low": self._number(self.lift_low),
            "high": self._number(self.lift_high),
            "confidence": self._number(self.policy_id.campaign_confidence_percent, 0),
            "more": self.lift_more,
        }
        seen = self.env._(
            "%(treated)s %% bought with it, %(control)s %% without it: %(lift)s points "
            "of difference (%(confidence)s %% interval from %(low)s to %(high)s).",
            **values,
        )
        return f"{seen} {self._lift_conclusion(values)}"

    def _lift_conclusion(self, values):
        if self.lift_verdict == "works":
            return self.env._("It is shown to work.")
        if self.lift_verdict == "harms":
            return self.env._("It is shown to do harm.")
        if self.lift_more:
            return self.env._(
                "Too small to conclude; about %(more)s more customers, shared out in "
                "the same way, are needed to find such a difference with a chance of "
                "%(power)s %%.",
                power=round(100 * POWER),
                **values,
            )
        return self.env._("Too small to conclude.")

    def _explain_cost(self):
        if not self.has_cost:
            return self.env._("Cost missing: enter what it cost to see the return.")
        cost = self._amount(self.cost)
        if not self.has_margin:
            return self.env._(
                "It cost %s. The margin of its sales is not known, so there is no "
                "return; the policy can assume one.",
                cost,
            )
        if not self.has_roi:
            return self.env._("It cost %s: no return on nothing.", cost)
        values = {
            "cost": cost,
            "margin": self._amount(self.margin),
            "roi": self._number(self.roi),
        }
        if self.is_margin_assumed:
            return self.env._(
                "It cost %(cost)s and brought a margin of %(margin)s, some of it "
                "assumed: a return of %(roi)s %%.",
                **values,
            )
        return self.env._(
            "It cost %(cost)s and brought a margin of %(margin)s: a return of "
            "%(roi)s %%.",
            **values,
        )

    def _explain_attribution(self):
        values = {
            "first": self._amount(self.revenue_first),
            "last": self._amount(self.revenue_last),
            "linear": self._amount(self.revenue_linear),
        }
        seen = self.env._(
            "First touch %(first)s, last touch %(last)s, equal shares %(linear)s.",
            **values,
        )
        return f"{seen} {self._disagreement()}"

    def _disagreement(self):
        """Return how far the three ways to count differ, in words."""
        amounts = (self.revenue_first, self.revenue_last, self.revenue_linear)
        most = max(map(abs, amounts))
        spread = (max(amounts) - min(amounts)) / most if most else 0
        if spread < _AGREE:
            return self.env._("They agree.")
        if spread < _DIFFER:
            return self.env._(
                "They differ by %s %%: other campaigns had a part in it.",
                self._number(spread * 100, 0),
            )
        return self.env._(
            "They differ by %s %%: what it brought depends on how one counts.",
            self._number(spread * 100, 0),
        )

    def _findings_html(self, strengths, weaknesses):
        parts = [
            Markup("<p class='mb-1 fw-bold'>%s</p><ul>%s</ul>")
            % (title, Markup("").join(Markup("<li>%s</li>") % one for one in found))
            for title, found in (
                (self.env._("Strengths"), strengths),
                (self.env._("Weaknesses"), weaknesses),
            )
            if found
        ]
        return Markup("").join(parts) or False

    def _find(self, sees_money, tiers):
        """Return ``(strengths, weaknesses)`` as sentences.

        :param tiers: ``{tier: (participants, buyers)}``
        """
        found = [
            *self._findings_of_class(sees_money),
            *self._findings_against_peers(),
            *self._findings_of_customers(),
            *self._findings_of_tiers(tiers),
            *(self._findings_of_money() if sees_money else ()),
        ]
        return (
            [text for is_strength, text in found if is_strength],
            [text for is_strength, text in found if not is_strength],
        )

    def _findings_of_class(self, sees_money):
        if self.performance_class in ("strong", "weak"):
            text = self._explain_performance(sees_money)
            yield self.performance_class == "strong", text
        if self.lift_verdict in ("works", "harms"):
            yield self.lift_verdict == "works", self._explain_lift()
        if self.contaminated_count:
            yield (
                False,
                self.env._(
                    "%s customers of the control group were reached all the same, "
                    "which hides a part of the effect.",
                    self.contaminated_count,
                ),
            )

    def _findings_against_peers(self):
        """Return shares that stand out among the peers, if there are enough."""
        if self.peer_count < self.policy_id.campaign_min_peers:
            return
        for name in ("response_rate", "lead_rate", "conversion_rate"):
            own, usual = self[name], self[f"peer_{name}"]
            if not usual or _WORSE <= own / usual < _BETTER:
                continue
            yield (
                own > usual,
                self.env._(
                    "%(what)s: %(own)s, usual is %(usual)s.",
                    what=self._fields[name]._description_string(self.env),
                    own=self._number(own),
                    usual=self._number(usual),
                ),
            )

    def _findings_of_customers(self):
        if self.new_customer_count:
            yield (
                True,
                self.env._(
                    "%s customers bought for the first time.", self.new_customer_count
                ),
            )
        if self.won_back_count:
            yield (
                True,
                self.env._("%s dormant customers were won back.", self.won_back_count),
            )
        if self.performance_reason not in ("not_started", "nobody", "running"):
            if not self.customer_count and self.goal in ("sales", "retention"):
                yield False, self.env._("Nobody who took part bought.")
            if not self.lead_count and self.goal == "leads":
                yield False, self.env._("It brought no lead.")
        if self.feedback_count:
            yield from self._findings_of_feedback()

    def _bought_by_tier(self):
        """Return participants and buyers by tier at the first touch.

        ``{(campaign, company): {tier then: (participants, buyers)}}``. Two queries.
        """
        participants = self.env["campaign.participant"]
        domain = [
            ("campaign_id", "in", self.campaign_id.ids),
            ("company_id", "in", self.company_id.ids),
            ("first_touch_date", "!=", False),
            ("is_control", "=", False),
            ("value_tier_id", "!=", False),
        ]
        keys = ["campaign_id", "company_id", "value_tier_id"]
        bought = {
            tuple(key): count
            for *key, count in participants._read_group(
                [*domain, ("is_converted", "=", True)], keys, ["__count"]
            )
        }
        found = defaultdict(dict)
        for *key, count in participants._read_group(domain, keys, ["__count"]):
            campaign, company, tier = key
            found[campaign, company][tier] = count, bought.get(tuple(key), 0)
        return found

    def _findings_of_tiers(self, tiers):
        """Tiers with which it did much better or worse than with all."""
        everybody = self.conversion_rate
        for tier, (count, bought) in tiers.items():
            rate = 100 * bought / count
            if count < _ENOUGH or not everybody:
                continue
            if _HALF < rate / everybody < 1 / _HALF:
                continue
            yield (
                rate > everybody,
                self.env._(
                    "Of %(count)s customers of the tier %(tier)s %(rate)s %% bought, "
                    "of all %(all)s %%.",
                    count=count,
                    tier=tier.name,
                    rate=self._number(rate),
                    all=self._number(everybody),
                ),
            )

    def _findings_of_feedback(self):
        score = self.feedback_score
        if _BAD_FEEDBACK <= score < _GOOD_FEEDBACK:
            return
        yield (
            score >= _GOOD_FEEDBACK,
            self.env._(
                "Feedback of %(score)s of 100, from %(count)s customers.",
                score=self._number(score, 0),
                count=self.feedback_count,
            ),
        )

    def _findings_of_money(self):
        if self.has_roi:
            yield self.roi > 0, self._explain_cost()
        elif self.participant_count:
            yield False, self._explain_cost()
        budget = self.campaign_id.campaign_budget
        if self.has_cost and budget and self.cost > budget:
            yield (
                False,
                self.env._(
                    "It cost %(cost)s, over its budget of %(budget)s.",
                    cost=self._amount(self.cost),
                    budget=self._amount(budget),
                ),
            )

    # Scorecard

    @api.depends(
        *("own_hash", "content_hash", "policy_id"),
        *(f"campaign_id.{target}" for target in _TARGETS.values()),
    )
    @api.depends_context("lang", "uid")
    def _compute_scorecard(self):
        """Compute the scorecard as a table in the reader's language.

        The queries of reading profiles, campaigns and policies. Amounts are left out
        for readers who may not see them, also where a campaign shows the table, which
        reads as the superuser.
        """
        sees_money = self.env.user.has_group(MONEY_GROUP)
        for profile, seen in zip(self.sudo(), self, strict=True):
            seen.scorecard = self.env["ir.qweb"]._render(
                "customer_classification.campaign_scorecard",
                {"lines": profile._scorecard_lines(sees_money)},
            )

    def _scorecard_lines(self, sees_money):
        names = (*_FIGURES[self.goal or "sales"], *_OF_EVERY_GOAL)
        return [
            self._scorecard_line(name)
            for name in names
            if sees_money or self._fields[name].groups != MONEY_GROUP
            if name not in _SHOWN_BY or self[_SHOWN_BY[name]]
        ]

    def _scorecard_line(self, name):
        """Return the values of one figure for the template."""
        known = self[_KNOWN_BY[name]] if name in _KNOWN_BY else True
        target = self.campaign_id[_TARGETS[name]] if name in _TARGETS else 0
        percent = 100 * self[name] / target if known and target else None
        return {
            "label": self._fields[name]._description_string(self.env),
            "target": target and self._figure(name, target),
            "usual": self._usual_figure(name),
            "actual": known and self._figure(name, self[name]),
            "percent": None if percent is None else self._number(percent, 0),
            "width": max(0, min(100, round(percent or 0))),
            "color": percent is not None and self._bar_color(name, percent),
        }

    def _figure(self, name, value):
        if self._fields[name].type == "monetary":
            return self._amount(value)
        if name in _RATES:
            return self.env._("%s %%", self._number(value))
        return self._number(value, 0)

    def _usual_figure(self, name):
        """Return the median of the peers, if there are enough of them."""
        peers = f"peer_{name}"
        enough = self.peer_count >= self.policy_id.campaign_min_peers
        if peers not in self._fields or not enough:
            return False
        return self._figure(name, self[peers])

    def _bar_color(self, name, percent):
        """A colour of Bootstrap, by the limits of the policy; a cost only warns."""
        if name == "cost":
            return "danger" if percent > 100 else "secondary"
        if percent >= self.policy_id.campaign_strong_percent:
            return "success"
        return "danger" if percent < self.policy_id.campaign_weak_percent else "info"
