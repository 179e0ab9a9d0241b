import uuid

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.misc import formatLang

from ...copy_frames import TOO_LARGE
from ..classified.kind import CAMPAIGN
from ..classified.profile_fields import ProfileFloat, ProfileInteger, ProfileMonetary
from ..common.access_groups import MONEY_GROUP, USER_GROUP
from ..common.called_records import check_one
from ..common.classification_condition_mixin import Condition
from ..common.classification_reason_mixin import (
    field_label,
    kept_reason_field,
    reason_of,
    reason_sentence,
    record_name,
)
from ..common.language import known_language
from ..common.profiling import NOT_OBJECTING, OBJECTING
from ..source.classification_source import FIRST_PLAUSIBLE_DAY

GOAL_SELECTION = [
    ("awareness", "Awareness"),
    ("sales", "Sales"),
    ("leads", "Leads"),
    ("retention", "Retention"),
]
CHANNEL_SELECTION = [("online", "Online"), ("offline", "Offline"), ("both", "Both")]
# Planners of campaigns and users with access to all sales may see the plan.
PLAN_GROUPS = f"customer_classification.group_officer,{MONEY_GROUP}"
_AMOUNTS = ("campaign_budget", "campaign_planned_cost", "campaign_target_revenue")
_COUNTS = ("campaign_target_participants", "campaign_target_leads")

TARGETS = frozenset(
    ("campaign_target_tier_ids", "campaign_target_stage_ids")
    + ("campaign_target_segment_ids", "campaign_target_tag_ids")
    + ("campaign_target_domain", "campaign_audience_mode", "company_id")
)

CURRENCY = {"currency_field": "campaign_result_currency_id"}


class UtmCampaign(models.Model):
    """Campaigns: their purpose, audience, cost and revenue.

    The result is not stored here: a run cannot collide with someone who edits a
    campaign. It is the profile of the campaign in its own company, or in the current
    one where it belongs to all; its fields are searched, sorted and grouped through
    one join.
    """

    _name = "utm.campaign"
    _inherit = [
        "utm.campaign",
        "classification.classified.mixin",
        "classification.condition.mixin",
        "classification.counted.once.mixin",
        "classification.protected.mixin",
        "classification.reason.mixin",
    ]
    _classified_kind = CAMPAIGN
    _protected_fields = frozenset({"campaign_error_reason", "campaign_salt"})
    _ratios = {
        "campaign_response_rate": (
            *("campaign_answered_count", "campaign_participant_count"),
            *(100, 0),
        ),
        "campaign_conversion_rate": (
            *("campaign_customer_count", "campaign_participant_count"),
            *(100, 0),
        ),
        "campaign_roi": ("campaign_margin", "campaign_cost", 100, -100),
    }

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

    # Audience

    _condition_person = "campaign_targeted_by_id"
    _condition_texts = ("campaign_target_domain",)
    _condition_fields = TARGETS
    _told_reason = "campaign_error"
    _kept_reason = "campaign_error_reason"

    campaign_target_tier_ids = fields.Many2many(
        "customer.value.tier",
        relation="utm_campaign_target_tier_rel",
        column1="campaign_id",
        column2="tier_id",
        string="Target Tiers",
        context={"active_test": False},  # see the segments
    )
    campaign_target_stage_ids = fields.Many2many(
        "customer.lifecycle.stage",
        relation="utm_campaign_target_stage_rel",
        column1="campaign_id",
        column2="stage_id",
        string="Target Stages",
    )
    campaign_target_segment_ids = fields.Many2many(
        "customer.segment",
        relation="utm_campaign_target_segment_rel",
        column1="campaign_id",
        column2="segment_id",
        ondelete="restrict",
        string="Target Segments",
        # An archived target still restricts the audience.
        context={"active_test": False},
    )
    campaign_target_tag_ids = fields.Many2many(
        "res.partner.category",
        relation="utm_campaign_target_tag_rel",
        column1="campaign_id",
        column2="tag_id",
        string="Target Tags",
        context={"active_test": False},  # see the segments
        help="Customers with one of these tags, or with one below it.",
    )
    campaign_target_domain = fields.Char(
        string="Target Filter",
        help="Further conditions on the contact; all of them must hold.",
    )
    campaign_targeted_by_id = fields.Many2one(
        "res.users",
        string="Targets Looked At By",
        default=lambda self: self.env.uid,
        copy=False,
        readonly=True,
        help="Who said last whom the campaign is for. The targets are the customers "
        "whom this person may read.",
    )
    campaign_error_reason = kept_reason_field()
    campaign_error = fields.Char(
        string="Why Nobody Joins",
        compute="_compute_told_reason",
        search="_search_told_reason",
        help="A filter that cannot be used chooses nobody.",
    )
    campaign_audience_mode = fields.Selection(
        [("frozen", "Frozen"), ("live", "Live")],
        string="Audience",
        default="frozen",
        required=True,
        help="Frozen: who was chosen once. Live: every night who has come to belong to "
        "the targets joins, until the campaign ends. Nobody ever leaves.",
    )
    campaign_control_share = fields.Float(
        string="Control Group (%)",
        digits=(5, 1),
        help="So many of a hundred customers are left out, by chance and in each value "
        "tier alike: what they buy all the same shows what the campaign did. 0: no "
        "control group.",
        aggregator=None,
    )
    campaign_salt = fields.Char(
        string="Chance",
        default=lambda self: uuid.uuid4().hex,
        copy=False,
        readonly=True,
        help="Decides who is in the control group, each campaign for itself.",
    )
    campaign_participant_ids = fields.One2many(
        "campaign.participant", "campaign_id", string="Participants"
    )
    campaign_listed_count = fields.Integer(
        string="Customers Listed",
        compute="_compute_campaign_listed_count",
        groups=USER_GROUP,
        help="Who stands in the list of participants, the control group included.",
    )
    campaign_audience_count = fields.Integer(
        string="Customers Meant",
        compute="_compute_campaign_audience_count",
        help="As who set the targets sees them.",
    )
    campaign_has_targets = fields.Boolean(
        compute="_compute_campaign_has_targets",
        help="Whether classes, tags or a filter say whom the campaign is for.",
    )
    campaign_audience_text = fields.Char(
        string="Customers Chosen",
        compute="_compute_campaign_audience_text",
        groups=USER_GROUP,
        help="Who stands in the list of participants, and who of them is left out.",
    )
    campaign_can_read_targets = fields.Boolean(
        compute="_compute_campaign_can_read_targets",
        help="Whether the user may read all that the target filter asks for.",
    )

    # Costs

    campaign_cost_ids = fields.One2many(
        "campaign.cost", "campaign_id", string="Costs", groups=MONEY_GROUP
    )
    campaign_bill_count = fields.Integer(
        string="Vendor Bills",
        compute="_compute_campaign_bill_count",
        groups="account.group_account_readonly,account.group_account_invoice",
    )

    # Result

    campaign_profile_id = fields.Many2one(
        "campaign.profile",
        string="Result",
        compute="_compute_classified_profile",
        search="_search_classified_profile",
        compute_sudo=True,
        groups=USER_GROUP,
        help="What came of this campaign.",
    )
    campaign_result_currency_id = fields.Many2one(
        related="campaign_profile_id.currency_id",
        string="Currency of the Result",
        groups=USER_GROUP,
    )
    campaign_performance = fields.Selection(
        related="campaign_profile_id.performance_class",
        string="Performance",
        groups=USER_GROUP,
    )
    campaign_performance_text = fields.Char(
        related="campaign_profile_id.performance_text",
        string="Why This Performance",
        groups=USER_GROUP,
    )
    campaign_findings = fields.Html(
        related="campaign_profile_id.findings",
        string="Strengths and Weaknesses",
        groups=USER_GROUP,
    )
    campaign_scorecard = fields.Html(
        related="campaign_profile_id.scorecard",
        string="Target and Actual",
        groups=USER_GROUP,
    )
    campaign_lift_text = fields.Char(
        related="campaign_profile_id.lift_text", string="Effect", groups=USER_GROUP
    )
    campaign_cost_text = fields.Char(
        related="campaign_profile_id.cost_text",
        string="Cost and Return",
        groups=MONEY_GROUP,
    )
    campaign_attribution_text = fields.Char(
        related="campaign_profile_id.attribution_text",
        string="Three Ways to Count",
        groups=MONEY_GROUP,
    )
    campaign_result_date = fields.Date(
        related="campaign_profile_id.as_of_date",
        string="Result As Of",
        groups=USER_GROUP,
    )
    campaign_change_count = fields.Integer(
        related="campaign_profile_id.change_count",
        string="Performance Changes",
        groups=USER_GROUP,
        aggregator=None,
    )
    campaign_participant_count = ProfileInteger(
        related="campaign_profile_id.participant_count",
        string="Number of Participants",
        groups=USER_GROUP,
    )
    campaign_addressed_count = ProfileInteger(
        related="campaign_profile_id.addressed_count",
        string="Addressed",
        groups=USER_GROUP,
    )
    campaign_answered_count = ProfileInteger(
        related="campaign_profile_id.answered_count",
        string="Answered",
        groups=USER_GROUP,
    )
    campaign_lead_count = ProfileInteger(
        related="campaign_profile_id.lead_count",
        string="Leads of the Campaign",
        groups=USER_GROUP,
    )
    campaign_opportunity_count = ProfileInteger(
        related="campaign_profile_id.opportunity_count",
        string="Opportunities of the Campaign",
        groups=USER_GROUP,
    )
    campaign_order_count = ProfileInteger(
        related="campaign_profile_id.order_count", string="Orders", groups=USER_GROUP
    )
    campaign_customer_count = ProfileInteger(
        related="campaign_profile_id.customer_count",
        string="Customers",
        groups=USER_GROUP,
    )
    campaign_new_customer_count = ProfileInteger(
        related="campaign_profile_id.new_customer_count",
        string="New Customers",
        groups=USER_GROUP,
    )
    campaign_won_back_count = ProfileInteger(
        related="campaign_profile_id.won_back_count",
        string="Won Back",
        groups=USER_GROUP,
    )
    campaign_response_rate = ProfileFloat(
        related="campaign_profile_id.response_rate",
        string="Response (%)",
        groups=USER_GROUP,
    )
    campaign_conversion_rate = ProfileFloat(
        related="campaign_profile_id.conversion_rate",
        string="Conversion (%)",
        groups=USER_GROUP,
    )
    campaign_feedback_score = ProfileFloat(
        related="campaign_profile_id.feedback_score",
        aggregator=None,
        string="Feedback",
        groups=USER_GROUP,
    )
    campaign_revenue = ProfileMonetary(
        related="campaign_profile_id.revenue",
        string="Net Revenue",
        groups=MONEY_GROUP,
        **CURRENCY,
    )
    campaign_margin = ProfileMonetary(
        related="campaign_profile_id.margin",
        string="Margin",
        groups=MONEY_GROUP,
        **CURRENCY,
    )
    campaign_cost = ProfileMonetary(
        related="campaign_profile_id.cost",
        string="Actual Cost",
        groups=MONEY_GROUP,
        **CURRENCY,
    )
    campaign_has_cost = fields.Boolean(
        related="campaign_profile_id.has_cost",
        string="Cost Known",
        groups=MONEY_GROUP,
    )
    campaign_roi = ProfileFloat(
        related="campaign_profile_id.roi", string="Return (%)", groups=MONEY_GROUP
    )
    campaign_has_roi = fields.Boolean(
        related="campaign_profile_id.has_roi",
        string="Return Known",
        groups=MONEY_GROUP,
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
        """Take the currency of the campaign's company.

        That of the current one where the campaign belongs to all.
        """
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

    # Audience

    @api.constrains("campaign_control_share")
    def _check_campaign_control_share(self):
        for campaign in self:
            if not 0 <= campaign.campaign_control_share <= 50:
                raise ValidationError(
                    self.env._("The control group can be 0 to 50 % of the audience.")
                )

    @api.constrains(*TARGETS)
    def _check_campaign_target_domain(self):
        for campaign in self:
            if campaign._campaign_has_filter():
                campaign._campaign_condition(self._condition_root).try_out()

    def _check_condition_rights(self):
        for campaign in self:
            if campaign._campaign_has_filter():
                campaign._campaign_condition(self.env.user).check_rights()

    @api.depends("campaign_participant_ids")
    def _compute_campaign_listed_count(self):
        """One query."""
        counts = dict(
            self.env["campaign.participant"]._read_group(
                [("campaign_id", "in", self.ids)], ["campaign_id"], ["__count"]
            )
        )
        for campaign in self:
            campaign.campaign_listed_count = counts.get(campaign._origin, 0)

    def _condition_taken(self):
        return super()._condition_taken() | {"campaign_error_reason": False}

    def _campaign_has_filter(self):
        """Return whether there is a filter, even an unreadable one."""
        return (self.campaign_target_domain or "[]").strip() != "[]"

    def _campaign_condition(self, person=None):
        """Return the filter as a :class:`Condition`.

        :param person: the user whose rights apply; by default the targets' author
        :raises AccessError: that person may not work there any more
        """
        self.ensure_one()
        label = field_label(self._fields["campaign_target_domain"])
        if self.title:
            label = record_name(self.sudo()) if self.id else self.title
        company = self._campaign_company()
        partners = self._condition_eyes("res.partner", company, label, person)
        text = self.campaign_target_domain
        # Archived contacts are in no audience.
        partners = partners.with_context(active_test=True)
        return Condition(partners, text, label, NOT_OBJECTING)

    def _campaign_audience_condition(self, person=None):
        """Return the :class:`Condition` of the targeted contacts.

        Contacts that meet all of tiers, stages, segments, tags and filter. Nobody
        where nothing is set.

        :param person: the user whose rights apply; by default the targets' author
        """
        condition = self._campaign_condition(person)
        condition.check()
        condition.rewrite(lambda domain, __: self._campaign_audience_domain(domain))
        return condition

    def _campaign_audience_domain(self, extra):
        parts = [
            Domain(name, operator, records.ids)
            for name, operator, records in (
                ("customer_value_tier_id", "in", self.campaign_target_tier_ids),
                ("customer_lifecycle_stage_id", "in", self.campaign_target_stage_ids),
                ("customer_segment_id", "in", self.campaign_target_segment_ids),
                ("category_id", "child_of", self.campaign_target_tag_ids),
            )
            if records
        ]
        if not extra.is_true():
            parts.append(extra)
        return Domain.AND(parts) if parts else Domain.FALSE

    def _campaign_company(self):
        """The company for which participants are noted."""
        self.ensure_one()
        return self.company_id or self.env.company

    def _campaign_audience(self):
        """Return the targeted contacts, with the rights of the targets' author.

        :raises UserError: the filter cannot be used
        """
        with self._campaign_audience_condition().guarded() as condition:
            found = condition.records.search(condition.searched(), order="id")
        return self.env["res.partner"].browse(found.ids)

    @api.depends(*sorted(TARGETS - {"campaign_audience_mode"}))
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_campaign_audience_count(self):
        """Count the targeted customers of the campaign on the form.

        One query a campaign. With the rights of the targets' author, for readers with
        access to the fields of the filter; unsaved targets with the rights of the user.
        """
        for campaign in self:
            try:
                campaign.campaign_audience_count = campaign._count_audience()
            except UserError:
                campaign.campaign_audience_count = 0

    @api.depends(
        *("campaign_target_tier_ids", "campaign_target_stage_ids"),
        *("campaign_target_segment_ids", "campaign_target_tag_ids"),
        "campaign_target_domain",
    )
    def _compute_campaign_has_targets(self):
        """A campaign that was started from a selection has none."""
        for campaign in self:
            campaign.campaign_has_targets = bool(
                campaign.campaign_target_tier_ids
                or campaign.campaign_target_stage_ids
                or campaign.campaign_target_segment_ids
                or campaign.campaign_target_tag_ids
                or campaign._campaign_has_filter()
            )

    @api.depends("campaign_participant_ids.is_control")
    def _compute_campaign_audience_text(self):
        """Say how many were chosen, and left out by chance: one query."""
        counts = dict.fromkeys(self.ids, (0, 0))
        for campaign, is_control, count in self.env["campaign.participant"]._read_group(
            [("campaign_id", "in", self.ids)],
            ["campaign_id", "is_control"],
            ["__count"],
        ):
            listed, control = counts[campaign.id]
            counts[campaign.id] = (listed + count, control + count * is_control)
        for campaign in self:
            listed, control = counts.get(campaign._origin.id, (0, 0))
            campaign.campaign_audience_text = campaign._audience_text(listed, control)

    def _audience_text(self, listed, control):
        if not listed:
            return False
        if not control:
            return self.env._(
                "%(listed)s, nobody left out: no control group",
                listed=formatLang(self.env, listed, 0),
            )
        return self.env._(
            "%(listed)s, of whom %(control)s (%(share)s %%) are left out by chance as "
            "the control group",
            listed=formatLang(self.env, listed, 0),
            control=formatLang(self.env, control, 0),
            share=formatLang(self.env, 100 * control / listed, 1),
        )

    @api.depends("campaign_target_domain")
    @api.depends_context("uid")
    def _compute_campaign_can_read_targets(self):
        for campaign in self:
            campaign.campaign_can_read_targets = campaign._can_read_targets()

    def _can_read_targets(self):
        """Check if the reader may read the targets.

        A filter that nobody can use hides nothing.
        """
        try:
            self._campaign_condition(self.env.user).check_rights()
        except AccessError:
            return False
        except ValidationError:
            return True
        return True

    def _count_audience(self):
        """Return the number of targeted customers, 0 without access to the filter.

        :raises UserError: the filter cannot be used
        """
        if not self._can_read_targets():
            return 0
        person = self.campaign_targeted_by_id if self.id else self.env.user
        with self._campaign_audience_condition(person).guarded() as condition:
            [(count,)] = condition.records._read_group(
                condition.searched(), [], ["commercial_partner_id:count_distinct"]
            )
        return count

    def action_choose_audience(self):
        """Make targeted customers participants, and draw the control group."""
        check_one(self)
        self._check_campaign_audience_access("create")
        self._campaign_condition(self.env.user).check_rights()
        partners = self._campaign_audience()
        if not partners:
            raise UserError(
                self.env._(
                    "Nobody is meant. Say whom the campaign is for by tiers, stages, "
                    "segments, tags or a filter."
                )
            )
        self.sudo().campaign_error_reason = False
        count = self._add_campaign_audience(partners)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._("%s customers were added.", count),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _add_campaign_audience(self, partners, addressed_date=False):
        """Add customers as participants, some of them as control group.

        Return how many are new. Two queries.

        The control group has its share in each value tier: membership follows from
        a hash of the customer and the campaign, so that chance decides, and the same
        way again. Existing participants are left unchanged.

        :param partners: contacts count as their commercial partners
        :param addressed_date: day on which the others than the control group were
            addressed
        """
        self._check_campaign_audience_access("create")
        participants = self.env["campaign.participant"]
        self.env.flush_all()
        company = self._campaign_company()
        self.env.cr.execute(
            SQL(
                _ADD_AUDIENCE,
                campaign=self.id,
                company=company.id,
                owners=company.sudo().parent_ids.ids,
                user=self.env.uid,
                partners=partners.ids,
                objecting=OBJECTING,
                salt=f"{self.campaign_salt or ''}{self.id}",
                share=self.campaign_control_share / 100,
                day=addressed_date or None,
            )
        )
        count = self.env.cr.rowcount
        participants.invalidate_model()
        self.invalidate_recordset(["campaign_participant_ids"])
        return count

    def _refresh_live_audiences(self, company, day):
        """Add customers who newly meet the targets of live campaigns.

        A few queries for each such campaign that is under way.
        """
        live = self.sudo().search(
            [
                ("campaign_audience_mode", "=", "live"),
                ("company_id", "in", (company.id, False)),
                ("campaign_start_date", "<=", day),
                "|",
                ("campaign_end_date", "=", False),
                ("campaign_end_date", ">=", day),
            ]
        )
        for campaign in live.with_company(company):
            if campaign.company_id or campaign._is_targeted_in(company):
                campaign._refresh_live_audience()

    def _is_targeted_in(self, company):
        """Return whether the author of the targets works in a company.

        For campaigns of all companies.
        """
        person = self.campaign_targeted_by_id
        return self.env(user=person.id or self.env.uid).su or (
            company in person.company_ids
        )

    def _refresh_live_audience(self):
        """Add the targeted customers; on failure show the reason on the form."""
        # The filter is shown with the rights of its author.
        words = self.with_context(
            lang=known_language(self.env, self.campaign_targeted_by_id.lang)
        )
        try:
            partners = words._campaign_audience()
        except UserError as error:
            self._set_campaign_error(reason_of(error))
            return
        self._set_campaign_error(False)
        if partners:
            self._add_campaign_audience(partners)

    def _set_campaign_error(self, reason):
        """Set the reason why nobody joins; notify the targets' author once.

        :param reason: of :mod:`classification_reason_mixin`, or False
        """
        if self.campaign_error_reason == reason:
            return
        self.campaign_error_reason = reason
        user = self.campaign_targeted_by_id
        if reason and user.active:
            campaign = self.with_context(lang=known_language(self.env, user.lang))
            self.env["mail.thread"].sudo().message_notify(
                partner_ids=user.partner_id.ids,
                subject=campaign.env._("Nobody joins the campaign %s", self.title),
                body=reason_sentence(campaign.env, reason),
                model=self._name,
                res_id=self.id,
            )

    def _check_campaign_audience_access(self, operation):
        """Refuse users without write access to participants of the company."""
        self.ensure_one()
        self.check_access("read")
        self.env["campaign.participant"].check_access(operation)
        company = self._campaign_company()
        if not self.env.su and company not in self.env.companies:
            raise AccessError(
                self.env._(
                    "The campaign is one of %s. Switch to that company first.",
                    company.sudo().name,
                )
            )

    def action_note_addressed(self):
        """Record that the audience is addressed today.

        All but the control group, where there is no day yet: one query.

        Nothing is recorded for customers that the user may not read.
        """
        check_one(self)
        self._check_campaign_audience_access("write")
        participants = self.env["campaign.participant"]
        self.env.flush_all()
        own = participants._search([("campaign_id", "=", self.id)])
        today = fields.Date.context_today(self)
        self.env.cr.execute(
            SQL(
                """
                UPDATE campaign_participant
                   SET addressed_date = %(today)s, write_uid = %(user)s,
                       write_date = now() AT TIME ZONE 'UTC'
                 WHERE campaign_id = %(campaign)s AND company_id = %(company)s
                   AND addressed_date IS NULL AND is_control IS NOT TRUE AND is_entered
                   AND id IN %(own)s
                """,
                own=own.subselect(),
                today=today,
                user=self.env.uid,
                campaign=self.id,
                company=self._campaign_company().id,
            )
        )
        participants.invalidate_model()
        return True

    # Costs

    def _compute_campaign_bill_count(self):
        """Vendor bills of each campaign: one query."""
        counts = dict(
            self.env["account.move"]._read_group(
                self._campaign_bill_domain(), ["campaign_id"], ["__count"]
            )
        )
        for campaign in self:
            campaign.campaign_bill_count = counts.get(campaign._origin, 0)

    def _campaign_bill_domain(self):
        return [
            ("campaign_id", "in", self.ids),
            ("move_type", "in", ("in_invoice", "in_refund", "in_receipt")),
            ("state", "!=", "cancel"),
        ]

    def action_open_campaign_bills(self):
        """Open the vendor bills of this campaign."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "account.action_move_in_invoice_type"
        )
        action["domain"] = self._campaign_bill_domain()
        action["context"] = {
            "default_move_type": "in_invoice",
            "default_campaign_id": self.id,
        }
        return action

    # Result

    def write(self, vals):
        """Remove other companies' results of a campaign given to a company."""
        company_id = vals.get("company_id")
        if company_id and type(company_id) is int:
            self.check_access("write")
            given = self.filtered(lambda one: one.company_id.id != company_id)
            given._check_may_leave(company_id)
            given._leave_other_companies(company_id)
        return super().write(vals)

    def _check_may_leave(self, company_id):
        """Refuse campaigns of companies where the user does not work.

        That is the one to which they are given, and all that have results of theirs:
        two queries.
        """
        if self.env.su or not self:
            return
        own = self.env.user.company_ids.ids
        found = Domain("campaign_id", "in", self.ids) & Domain(
            "company_id", "not in", [*own, company_id]
        )
        others = any(
            self.env[model].sudo().search_count(found & active, limit=1)
            for model, active in (
                ("campaign.profile", Domain("active", "in", (True, False))),
                ("campaign.participant", Domain.TRUE),
            )
        )
        if company_id not in own or others:
            raise AccessError(
                self.env._(
                    "You may give a campaign to a company only where you work in it "
                    "and in all companies that have results of the campaign."
                )
            )

    def _leave_other_companies(self, company_id):
        """Delete results of other companies.

        Profiles, and participants that runs find again; of customers entered for more
        than one company all but one. Two queries.
        """
        if not self:
            return
        self.env.flush_all()
        places = {"campaigns": self.ids, "company": company_id}
        for statement in (_LEAVE_PROFILES, _LEAVE_PARTICIPANTS):
            self.env.cr.execute(SQL(statement, **places))
        self.env["campaign.profile"].invalidate_model()
        self.env["campaign.participant"].invalidate_model()

    @api.depends("company_id")
    @api.depends_context("company", "allowed_company_ids")
    def _compute_classified_profile(self):
        return super()._compute_classified_profile()

    def _classified_companies(self):
        """Return the classified companies among the enabled ones."""
        return self.env.companies

    def _classified_key(self, kind):
        return self._origin, self.company_id or self.env.company

    @api.model
    def _classified_join_condition(self, kind, alias, joined, query):
        return SQL(
            "%(campaign)s = %(id)s AND %(company)s = COALESCE(%(own)s, %(current)s)"
            " AND %(company)s = ANY(%(companies)s)",
            campaign=SQL.identifier(joined, "campaign_id"),
            id=SQL.identifier(alias, "id"),
            company=SQL.identifier(joined, "company_id"),
            own=SQL.identifier(alias, "company_id"),
            current=self.env.company.id,
            companies=self.env.companies.ids,
        )

    def action_open_campaign_profile(self):
        """Open all figures of this campaign."""
        check_one(self)
        return self._open_classified_profile()

    def action_open_campaign_changes(self):
        """Open the history of this campaign's performance."""
        check_one(self)
        return self.campaign_profile_id.action_open_changes()

    def action_open_campaign_participants(self):
        """Open the participants of this campaign."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.campaign_participant_action"
        )
        action["domain"] = [("campaign_id", "=", self.id)]
        action["context"] = {"default_campaign_id": self.id}
        return action

    def action_open_campaign_tags(self):
        """Open the results of this campaign by tags of its participants."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.campaign_participant_tag_action"
        )
        action["domain"] = [("campaign_id", "=", self.id)]
        action["context"] = {}
        return action


# In each tier, as many of the newcomers are left out as are missing to its share. By
# the order of the hashes, not by a limit on them: in small tiers the share would be
# left to chance.
_ADD_AUDIENCE = """
    WITH customer AS (
        SELECT DISTINCT p.commercial_partner_id AS id
          FROM res_partner p
         WHERE p.id = ANY(%(partners)s) AND p.commercial_partner_id IS NOT NULL
           AND (p.company_id IS NULL OR p.company_id = ANY(%(owners)s))
           AND p.id NOT IN %(objecting)s
           AND p.commercial_partner_id NOT IN %(objecting)s
    ), member AS (
        SELECT customer.id, COALESCE(f.value_tier_id, 0) AS tier, m.is_control,
               m.id IS NULL AS is_new, md5(%(salt)s || ':' || customer.id) AS chance
          FROM customer
          LEFT JOIN customer_profile f
            ON f.partner_id = customer.id AND f.company_id = %(company)s
          LEFT JOIN campaign_participant m
            ON m.partner_id = customer.id AND m.campaign_id = %(campaign)s
           AND m.company_id = %(company)s
    ), tier AS (
        SELECT tier, round(count(*) * %(share)s) - count(*) FILTER (WHERE is_control)
                     AS missing
          FROM member GROUP BY tier
    )
    INSERT INTO campaign_participant
           (campaign_id, company_id, partner_id, contact_id, source, is_entered,
            is_control, addressed_date, create_uid, write_uid, create_date, write_date)
    SELECT %(campaign)s, %(company)s, placed.id, placed.id, 'audience', TRUE,
           placed.is_control, CASE WHEN NOT placed.is_control THEN %(day)s::date END,
           %(user)s, %(user)s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
      FROM (SELECT member.id,
                   row_number() OVER (PARTITION BY tier ORDER BY chance, member.id)
                       <= tier.missing AS is_control
              FROM member JOIN tier USING (tier)
             WHERE is_new) placed
        ON CONFLICT (campaign_id, company_id, partner_id) DO NOTHING
"""


_LEAVE_PROFILES = """
    DELETE FROM campaign_profile
     WHERE campaign_id = ANY(%(campaigns)s) AND company_id <> %(company)s
"""

_LEAVE_PARTICIPANTS = """
    DELETE FROM campaign_participant p
     WHERE p.campaign_id = ANY(%(campaigns)s)
       AND (NOT p.is_entered OR p.company_id <> %(company)s AND EXISTS (
                SELECT FROM campaign_participant o
                 WHERE o.campaign_id = p.campaign_id AND o.partner_id = p.partner_id
                   AND o.is_entered
                   AND (o.company_id = %(company)s OR o.id < p.id)))
"""
