from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError

from ..common.arguments import as_choice, as_number
from ..common.called_records import check_one
from ..common.classification_reason_mixin import refusal
from ..common.own_context import OWN
from ..common.punctuation import listed
from ..common.sentences import PERCENT_FIELDS
from .customer_rules_warnings import customer_warnings
from .rule_fields import (
    DEFAULT_METRICS,
    DEFAULT_TEMPLATE,
    DEFAULT_TIERS,
    LINE_FIELDS,
    NO_VALUE_TIER,
    PLAIN_FIELDS,
    SCORE_FIELDS,
    SEGMENT_TEMPLATES,
)

_DAYS = (0, 36_500)
_COUNT = (0, 1_000_000)
_PERCENT = (0, 100)
_FACTOR = (0, 1000)
HORIZON = "prediction_horizon_days"
LEAST_HORIZON_DAYS = 30
# {field: (lowest, highest)}. Values beyond have no meaning for a company, and a run
# could not compute with them.
_BOUNDS = {
    **dict.fromkeys(
        (
            *("keep_margin", "limit_tolerance", "refund_share"),
            *("risk_high_below", "risk_medium_below"),
        ),
        _PERCENT,
    ),
    "decline_growth": (-100, 100),
    "dissatisfied_below": (0, 100),
    "shrinkage": (0, 1e9),
    **dict.fromkeys(
        (
            *("min_tenure_days", "grace_days", "min_gap_days", "new_days"),
            *("loyal_tenure_days", "dormant_min_days", "lost_min_days"),
            "won_back_days",
        ),
        _DAYS,
    ),
    HORIZON: (0, 365),
    **dict.fromkeys(
        (
            *("customers_per_bin", "min_orders", "min_customers"),
            *("loyal_orders", "growth_min_orders", "complaints_from"),
            "satisfaction_min_count",
        ),
        _COUNT,
    ),
    **dict.fromkeys(
        (
            *("at_risk_ratio", "dormant_ratio", "lost_ratio"),
            *("risk_overdue", "risk_far_overdue", "risk_declining"),
            *("risk_refunds", "risk_medium_from", "risk_high_from"),
            *("risk_complaints", "risk_dissatisfied", "risk_silent", "silent_ratio"),
        ),
        _FACTOR,
    ),
}


class CustomerRules(models.Model):
    """Rules about customers: scores, tiers, segments, lifecycle, churn risk.

    Every constant of the calculation is a field.
    """

    _name = "customer.rules"
    _inherit = "classification.rules.mixin"
    _description = "Customer Rules"
    _kind = "customer"
    _run_kind = "production"
    _preview_kind = "preview"

    prospect_scope = fields.Selection(
        [
            ("contact", "Every contact that is no supplier and no colleague"),
            ("engaged", "Contacts with an open opportunity or quotation"),
        ],
        string="Prospects",
        required=True,
        default="contact",
        help="Who is classified although they never bought.",
    )
    # Scores
    metric_ids = fields.One2many(
        "classification.policy.metric", "rules_id", string="Scores", copy=True
    )
    customers_per_bin = fields.Integer(
        string="Customers per Score",
        default=10,
        help="Minimum customers per score. With fewer buyers, fewer scores are used.",
        aggregator=None,
    )

    limit_tolerance = fields.Float(
        string="Limit Tolerance (%)",
        default=20,
        digits=(5, 1),
        help="The limits of equal shares and of the best share stand until one of "
        "them is off by more than this: with 20 %, “the best 5 %” until it is fewer "
        "than 4 % or more than 6 % of the customers. With 0, every run over "
        "everybody finds them anew, and customers at a limit go to and fro.",
        aggregator=None,
    )

    # Value tiers
    value_metric = fields.Selection(
        [
            ("revenue", "Net revenue in the window"),
            ("margin", "Margin in the window"),
            ("score", "Value score (0 to 100)"),
        ],
        string="Value",
        required=True,
        default="revenue",
        help="By what the value tiers are made.",
    )
    tier_method = fields.Selection(
        [
            ("top_percent", "Best share of the customers"),
            ("limit", "Fixed limits"),
        ],
        string="Tiers By",
        required=True,
        default="top_percent",
        help="A share of the customers who bought in the window, or fixed limits that "
        "stand whatever the others buy.",
    )
    tier_ids = fields.One2many(
        "classification.policy.tier", "rules_id", string="Limits", copy=True
    )
    min_orders = fields.Integer(
        string="Orders Needed",
        default=2,
        help="A customer with fewer orders is rated only once known for long enough.",
        aggregator=None,
    )
    min_tenure_days = fields.Integer(
        string="Known For At Least",
        default=30,
        help="A customer with few orders is rated this many days after the first one.",
        aggregator=None,
    )
    min_customers = fields.Integer(
        string="Customers Needed",
        default=10,
        help="Shares of the customers need at least this many who bought.",
        aggregator=None,
    )
    keep_margin = fields.Float(
        string="Tolerance Below the Limit",
        default=10,
        digits=(5, 1),
        help="A customer keeps the tier until the value is this many percent below "
        "its limit. A tier can have its own keep limit instead.",
        aggregator=None,
    )
    grace_days = fields.Integer(
        string="Grace Period",
        default=30,
        help="A customer below the keep limit still keeps the tier for this long.",
        aggregator=None,
    )
    one_step_down = fields.Boolean(
        string="One Tier at a Time", help="A customer loses one tier at a time."
    )

    # Lifecycle
    shrinkage = fields.Float(
        string="Weight of the Usual Rhythm",
        default=2,
        digits=(6, 2),
        help="A customer's own rhythm is the mean of the own gaps between purchases "
        "and of this many gaps that are usual among all customers. The more, the less "
        "a short history counts.",
        aggregator=None,
    )
    min_gap_days = fields.Float(
        string="Shortest Rhythm",
        default=1,
        digits=(6, 2),
        help="No rhythm is taken to be shorter than this many days.",
        aggregator=None,
    )
    new_days = fields.Integer(
        string="New For",
        default=30,
        help="A customer is new for this many days after the first purchase; one who "
        "bought on one day only also until the usual gap of all customers has passed.",
        aggregator=None,
    )
    loyal_orders = fields.Integer(
        string="Loyal From",
        default=5,
        help="Loyal are active customers with this many orders ever who are known for "
        "long enough.",
        aggregator=None,
    )
    loyal_tenure_days = fields.Integer(
        string="Loyal When Known For",
        default=180,
        help="Loyal are active customers with enough orders, this many days after the "
        "first one.",
        aggregator=None,
    )
    dormant_ratio = fields.Float(
        string="Dormant After",
        default=3,
        digits=(6, 2),
        help="Dormant when this many times the customer's own rhythm has passed "
        "without a purchase.",
        aggregator=None,
    )
    dormant_min_days = fields.Integer(
        string="Dormant Not Before",
        default=30,
        help="Nobody is dormant before this many days without a purchase.",
        aggregator=None,
    )
    lost_ratio = fields.Float(
        string="Lost After",
        default=6,
        digits=(6, 2),
        help="Lost when this many times the customer's own rhythm has passed without "
        "a purchase.",
        aggregator=None,
    )
    lost_min_days = fields.Integer(
        string="Lost Not Before",
        default=60,
        help="Nobody is lost before this many days without a purchase.",
        aggregator=None,
    )
    won_back_days = fields.Integer(
        string="Won Back For",
        default=90,
        help="A customer who came back after having been dormant or lost counts as "
        "won back for this many days, or until the next purchase.",
        aggregator=None,
    )

    interested_by_enquiry = fields.Boolean(
        string="Interested by an Answered Enquiry",
        default=True,
        help="Who never bought is interested not only by an open opportunity or "
        "quotation, but also by an enquiry in the window that we answered and that is "
        "not lost.",
    )
    prediction_horizon_days = fields.Integer(
        string="Prediction Horizon",
        default=0,
        help="How many days predictions look ahead, from 30 to 365. With 0 by the "
        "usual gap: the larger of 90 days and twice the usual gap between purchases.",
        aggregator=None,
    )

    # Churn risk
    risk_by_predictions = fields.Boolean(
        string="By Predictions Where Proved",
        default=True,
        help="Where predictions have proved themselves on your own past, the risk of "
        "a customer goes by how many customers like this one buy again. Of all others "
        "it goes by the points of the signals.",
    )
    risk_high_below = fields.Float(
        string="High Risk Below",
        default=40,
        digits=(5, 1),
        help="High when fewer of 100 customers like this one buy again within the "
        "prediction horizon.",
        aggregator=None,
    )
    risk_medium_below = fields.Float(
        string="Medium Risk Below",
        default=70,
        digits=(5, 1),
        help="Medium when fewer of 100 customers like this one buy again within the "
        "prediction horizon.",
        aggregator=None,
    )
    at_risk_ratio = fields.Float(
        string="Overdue After",
        default=1.5,
        digits=(6, 2),
        help="Overdue when this many times the customer's own rhythm has passed. Far "
        "overdue is who would be dormant by the rhythm alone.",
        aggregator=None,
    )
    decline_growth = fields.Float(
        string="Declining From",
        default=-33,
        digits=(5, 1),
        help="Declining when the recent half of the window falls behind the one "
        "before by this many percent of both: -100 % bought nothing any more, -33 % "
        "half as much as before.",
        aggregator=None,
    )
    growth_min_orders = fields.Integer(
        string="Orders for a Trend",
        default=3,
        help="Growth and decline are told when one half of the window has at least "
        "this many orders; with fewer, chance decides.",
        aggregator=None,
    )
    refund_share = fields.Float(
        string="Many Refunds From",
        default=20,
        digits=(5, 1),
        help="Many refunds when they reach this share of the sales in percent.",
        aggregator=None,
    )
    risk_overdue = fields.Float(
        string="Points for Overdue",
        default=2,
        digits=(5, 1),
        help="How much it counts that a customer is overdue, not yet far.",
        aggregator=None,
    )
    risk_far_overdue = fields.Float(
        string="Points for Far Overdue",
        default=4,
        digits=(5, 1),
        help="How much it counts that a customer is far overdue; it replaces overdue.",
        aggregator=None,
    )
    risk_declining = fields.Float(
        string="Points for Declining",
        default=2,
        digits=(5, 1),
        help="How much it counts that a customer buys less than before.",
        aggregator=None,
    )
    risk_refunds = fields.Float(
        string="Points for Many Refunds",
        default=1,
        digits=(5, 1),
        help="How much it counts that a customer gives much back.",
        aggregator=None,
    )
    complaints_from = fields.Integer(
        string="Complaints Rising From",
        default=2,
        help="Complaints rise when a customer has at least this many complaints and "
        "questions in the window, and more than in the window before.",
        aggregator=None,
    )
    dissatisfied_below = fields.Float(
        default=50,
        digits=(5, 1),
        help="Dissatisfied when the mean of the answers about satisfaction and of the "
        "ratings in the window is below this, 0 to 100.",
        aggregator=None,
    )
    satisfaction_min_count = fields.Integer(
        string="Answers Needed",
        default=2,
        help="With fewer answers in the window too little is known about the "
        "satisfaction: it counts neither for the churn risk nor for the value score.",
        aggregator=None,
    )
    silent_ratio = fields.Float(
        string="Silent After",
        default=2,
        digits=(6, 2),
        help="Silent when this many times the customer's own rhythm has passed without "
        "any interaction or purchase: no e-mail either way, call, visit, meeting, "
        "enquiry or quotation. Customers of whom no interaction is known at all are "
        "not silent.",
        aggregator=None,
    )
    risk_complaints = fields.Float(
        string="Points for Rising Complaints",
        default=2,
        digits=(5, 1),
        help="How much it counts that a customer complains more than before. With 0 "
        "complaints are not looked at.",
        aggregator=None,
    )
    risk_dissatisfied = fields.Float(
        string="Points for Dissatisfied",
        default=2,
        digits=(5, 1),
        help="How much it counts that a customer is dissatisfied. With 0 answers are "
        "not looked at.",
        aggregator=None,
    )
    risk_silent = fields.Float(
        string="Points for Silent",
        default=1,
        digits=(5, 1),
        help="How much it counts that a customer was not in touch for long. With 0 "
        "interactions are not looked at.",
        aggregator=None,
    )
    risk_medium_from = fields.Float(
        string="Medium Risk From",
        default=2,
        digits=(5, 1),
        help="The points of all signals that a customer shows are added up; from this "
        "sum on the risk is medium.",
        aggregator=None,
    )
    risk_high_from = fields.Float(
        string="High Risk From",
        default=4,
        digits=(5, 1),
        help="The points of all signals that a customer shows are added up; from this "
        "sum on the risk is high.",
        aggregator=None,
    )

    # Customers compared by shares, and customers without a value
    tier_ties = fields.Selection(
        [
            ("out", "Stay below it: never more than the share"),
            ("in", "Reach it: never fewer than the share"),
        ],
        string="Equal Values at a Limit",
        compute="_compute_tier_ties",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        help="Where several customers with the same value stand on both sides of a "
        "share, none of them is in the better tier, or all of them are. With 15 of 215 "
        "customers at the highest score, “the best 5 %” are nobody or these 15. Scores "
        "have few different values, so that they begin with all of them in.",
    )
    share_of = fields.Selection(
        [
            ("buyers", "The customers who bought in the window"),
            ("positive", "Those of them with a value above 0"),
        ],
        string="Shares Of",
        required=True,
        default="buyers",
        help="Of whom “the best 5 %” are five percent. Customers who gave back as much "
        "as they bought make the better tiers larger, unless they are left out.",
    )
    count_archived = fields.Boolean(
        string="Archived Customers Count",
        help="Archived customers are compared with the others where scores and shares "
        "are found. Otherwise “the best 5 %” are five percent of the customers whom "
        "lists show. Archived customers have classes in both cases.",
    )
    no_value_rule = fields.Selection(
        [
            ("limits", "The tier by the limits, as all others"),
            ("last", "The last tier"),
            ("own", "A tier of their own"),
            ("unrated", "No tier: they are not rated"),
        ],
        string="With a Value of 0 or Less",
        required=True,
        default="limits",
        help="Which tier customers have who gave back as much as they bought, or "
        "bought nothing in the window but did before. Whoever falls into a tier keeps "
        "the one before for the grace period; who is not rated loses it at once.",
    )
    no_value_tier_id = fields.Many2one(
        "customer.value.tier",
        string="Tier for 0 or Less",
        ondelete="restrict",
        domain=[("is_unrated", "=", False)],
        help="A tier below all others, which has no limit of its own.",
    )

    # Segments
    segment_ids = fields.One2many(
        "classification.policy.segment",
        "rules_id",
        string="Customer Segments",
        copy=True,
    )

    # Shown beside the rules
    kept_run_id = fields.Many2one(
        "classification.run",
        string="Limits Kept of Run",
        compute="_compute_kept_limits",
    )
    kept_limits_text = fields.Char(string="Kept Limits", compute="_compute_kept_limits")
    warning_text = fields.Text(string="Warnings", compute="_compute_warning_text")
    limits_histogram = fields.Json(
        string="Movable Limits", compute="_compute_limits_histogram"
    )

    _one_published = models.UniqueIndex(
        "(company_id) WHERE state = 'published'",
        "A company has one published version of its customer rules.",
    )

    @api.model
    def _bounds(self):
        """Return the bounds, equal to those of the engine.

        The engine itself judges contradictions between rules.
        """
        return super()._bounds() | _BOUNDS

    @api.model
    def _plain_rules(self):
        own = ("prospect_scope", HORIZON)
        return (*own, *PLAIN_FIELDS, *PERCENT_FIELDS)

    @api.model
    def _rule_fields(self):
        return super()._rule_fields() | {*LINE_FIELDS, NO_VALUE_TIER}

    def _content(self):
        lines = {
            name: [
                {field: line[field] for field in sorted(line._content_fields())}
                for line in self[name].sorted("id")
            ]
            for name in LINE_FIELDS
        }
        return {**super()._content(), NO_VALUE_TIER: self[NO_VALUE_TIER], **lines}

    def _says_the_same(self, other):
        return self.prospect_scope == other.prospect_scope

    @api.constrains(lambda self: self._rule_fields())
    def _check_rules(self):
        """Have the engine judge the rules, and raise its error as a sentence."""
        for rules in self:
            if self.env.context.get("references_judged_later") is not OWN:
                rules._check_references()
            rules._parameters()

    @api.model_create_multi
    def create(self, vals_list):
        lines = self._default_lines()
        rules = super(CustomerRules, self.with_context(rules_judged_later=OWN)).create(
            [
                {**vals, **{name: vals.get(name) or lines[name] for name in lines}}
                for vals in vals_list
            ]
        )
        return rules.with_env(self.env)

    def write(self, vals):
        return super(CustomerRules, self.with_context(rules_judged_later=OWN)).write(
            vals
        )

    def copy_data(self, default=None):
        """Copy having no segments, too: else the copy would get the usual ones."""
        vals_list = super().copy_data(default)
        for vals in vals_list:
            vals["segment_ids"] = vals.get("segment_ids") or [fields.Command.clear()]
        return vals_list

    def _last_change(self):
        dates = [self[name].mapped("write_date") for name in LINE_FIELDS]
        return max([super()._last_change(), *sum(dates, [])])

    # Defaults

    @api.model
    def _default_lines(self):
        """Return ``{field: commands}`` of the default lines of rules.

        For rules that are created without lines.
        """
        metrics = [
            fields.Command.create({"metric": metric, "weight": weight})
            for metric, weight in DEFAULT_METRICS
        ]
        return {
            "metric_ids": metrics,
            "tier_ids": self._default_tier_commands(),
            "segment_ids": self._default_segment_commands(),
        }

    @api.model
    def _default_tier_commands(self):
        """Limits of the tiers with which rules begin.

        One for each of the tiers shipped that still exist; for other tiers, equal
        shares. The lowest takes everybody else.
        """
        tiers = self.env["customer.value.tier"].search([("is_unrated", "=", False)])
        known = dict(DEFAULT_TIERS)
        used = tiers.filtered(lambda tier: tier.code in known) or tiers
        limits = [
            known.get(tier.code, 100 * place / len(used))
            for place, tier in enumerate(used, 1)
        ]
        return [
            fields.Command.create({"tier_id": tier.id, "limit": limit})
            for tier, limit in zip(used, [*limits[:-1], 100], strict=False)
        ]

    # Content

    def _parameters(self, policy=None):
        """Return the engine's :class:`Parameters` of these rules.

        Those of a draft are read each time; published ones never change, and are read
        once in the life of a process. See :meth:`_read_parameters`.
        """
        if policy is None or policy.state == "draft":
            return self._read_parameters(policy)
        return self._kept_parameters(policy.id, self.currency_id.decimal_places)

    @tools.ormcache("self.id", "policy_id", "digits")
    def _kept_parameters(self, policy_id, digits):
        """Return the parameters of a version that nobody can change.

        :param digits: decimals of the currency, which may be another one some day
        """
        policy = self.env["classification.policy"].browse(policy_id)
        return self._read_parameters(policy)

    def _read_parameters(self, policy):
        """Return the parameters from the lines of these rules.

        :param policy: the policy that combines them, with the rules for counting
            purchases; None to check the rules by themselves
        :raises ValidationError: with a sentence that names the line, when the rules
            contradict each other
        """
        from ...engine import Parameters, RuleError

        combined = {"policy": self.id}
        if policy is not None:
            combined = {
                "policy": policy.id,
                "window_months": policy.window_months,
                "documents": policy._document_rules(),
            }
        try:
            return Parameters(
                tiers=tuple(
                    line._tier_limit() for line in self.tier_ids.sorted("tier_sequence")
                ),
                unrated_key=self.env["customer.value.tier"]._unrated_id(),
                components=tuple(line._component() for line in self.metric_ids),
                segments=tuple(line._segment() for line in self.segment_ids),
                currency_digits=self.currency_id.decimal_places,
                no_value_key=self._no_value_tier().id or 0,
                **{name: self[name] for name in PLAIN_FIELDS},
                **{name: self[name] / 100 for name in PERCENT_FIELDS},
                **combined,
            )
        except RuleError as error:
            raise refusal(
                ValidationError,
                self.env,
                "rule",
                rule=error.code,
                values=error.values,
            ) from error

    def _check_references(self):
        """Refuse archived tiers and segments: they get no new customers.

        :raises ValidationError: naming the tier or segment
        """
        for sentence in self._archived_sentences():
            raise ValidationError(sentence)

    def _archived_sentences(self):
        """Return a sentence for each archived tier and segment in use."""
        for tier in self._tiers_in_order().filtered(lambda tier: not tier.active):
            yield self.env._(
                "%s: this value tier is archived. Restore it, or remove its limit.",
                tier.name,
            )
        for segment in self.segment_ids.segment_id.filtered(lambda one: not one.active):
            yield self.env._(
                "%s: this segment is archived. Restore it, or take it out of the map.",
                segment.name,
            )

    @api.depends("value_metric")
    def _compute_tier_ties(self):
        for rules in self:
            rules.tier_ties = "in" if rules.value_metric == "score" else "out"

    def _tiers_in_order(self):
        """The tiers of these rules, the best first; the last one takes the rest."""
        tiers = self.tier_ids.sorted("tier_sequence").tier_id
        return tiers | self._no_value_tier()

    def _no_value_tier(self):
        """Return the tier for values of 0 and less, or an empty one."""
        has_own = self.no_value_rule == "own"
        return self.no_value_tier_id if has_own else self.no_value_tier_id.browse()

    def _value_digits(self):
        """Return the decimals of the values that decide tiers.

        A score has one.
        """
        return 1 if self.value_metric == "score" else self.currency_id.decimal_places

    @api.constrains(HORIZON)
    def _check_prediction_horizon(self):
        for rules in self:
            if 0 < rules.prediction_horizon_days < LEAST_HORIZON_DAYS:
                raise ValidationError(
                    self.env._(
                        "Predictions look ahead from 30 to 365 days, or, with 0, as "
                        "far as the usual gap says: %s days is too short.",
                        rules.prediction_horizon_days,
                    )
                )

    @api.constrains(NO_VALUE_TIER, "no_value_rule", "tier_ids")
    def _check_no_value_tier(self):
        for rules in self:
            tier, tiers = rules._no_value_tier(), rules.tier_ids.tier_id
            lowest = max(tiers.mapped("sequence"), default=0)
            if tier and tier not in tiers and tier.sequence <= lowest:
                raise ValidationError(
                    self.env._(
                        "%(tier)s: the tier for values of 0 or less comes after all "
                        "others. Give it the highest number in the list of value "
                        "tiers.",
                        tier=tier.name,
                    )
                )

    def _tier_benefits(self):
        """Return ``{tier id: (percent of the revenue, amount a customer)}``.

        The benefits that tiers grant; tiers without one are left out.
        """
        return {
            line.tier_id.id: (line.benefit_percent, line.benefit_amount)
            for line in self.tier_ids
            if line.benefit_percent or line.benefit_amount
        }

    @api.depends(lambda self: self._fields_to_warn_of())
    @api.depends_context("lang")
    def _compute_warning_text(self):
        runs = self.env["classification.run"]._last_runs(self.company_id)
        for rules in self:
            edges = runs[rules.company_id].edges if rules.company_id in runs else {}
            buyers = (edges or {}).get("buyer_count", 0)
            rules.warning_text = "\n".join(
                customer_warnings(rules, rules.policy_id, buyers)
            )

    @api.model
    def _fields_to_warn_of(self):
        """Names of the fields from which the warnings follow."""
        return (
            *self._rule_fields(),
            *("metric_ids.metric", "metric_ids.weight"),
            *("tier_ids.tier_id.active", "tier_ids.limit"),
            "segment_ids.segment_id.active",
        )

    @api.depends_context("lang")
    def _compute_kept_limits(self):
        """Compute if and since when limits are kept, from the policy."""
        for rules in self:
            rules.kept_run_id = rules.policy_id.kept_run_id
            rules.kept_limits_text = rules.policy_id.kept_limits_text

    @api.depends_context("uid", "lang")
    def _compute_limits_histogram(self):
        for rules in self:
            policy = rules.policy_id
            rules.limits_histogram = policy and policy._histogram_to_move()

    # Segments

    def action_take_segments(self, template=DEFAULT_TEMPLATE):
        """Replace the segments of this draft by those of a template.

        :param template: ``classes`` (never contradicts tier, stage and
            risk), ``ten`` (the map of the R package rfm) or ``five``
        """
        check_one(self)
        self._check_manager()
        self.check_access("write")
        label = self._label_of("segment_ids")
        template = as_choice(self.env, template, SEGMENT_TEMPLATES, label)
        segments, missing = self._template_segments(template)
        if missing:
            raise UserError(
                self.env._(
                    "Segments with these codes are missing or archived: %s. Make or "
                    "restore them first.",
                    listed(self.env, missing),
                )
            )
        lines = self._template_commands(template, segments)
        self.write({"segment_ids": [fields.Command.clear(), *lines]})

    @api.model
    def _default_segment_commands(self):
        """Return the default segments of rules, none if some are missing."""
        segments, missing = self._template_segments(DEFAULT_TEMPLATE)
        return [] if missing else self._template_commands(DEFAULT_TEMPLATE, segments)

    @api.model
    def _template_segments(self, template):
        """Return ``{code: id}`` of a template's segments, and the missing codes.

        One query.
        """
        from ...engine.customers.segment_maps import TEMPLATES

        codes = [code for code, *__ in TEMPLATES[template]]
        found = self.env["customer.segment"].search_fetch(
            [("code", "in", codes)], ["code"]
        )
        segments = {segment.code: segment.id for segment in found}
        return segments, [code for code in codes if code not in segments]

    @api.model
    def _template_commands(self, template, segments):
        from ...engine.customers.segment_maps import TEMPLATES

        return [
            fields.Command.create(
                {
                    "segment_id": segments[code],
                    "sequence": place,
                    "cells": cells,
                    "claim_activity": activity,
                    "claim_value": value,
                    "otherwise_id": segments.get(otherwise, False),
                }
            )
            for place, (code, cells, activity, value, otherwise) in enumerate(
                TEMPLATES[template], 1
            )
        ]

    # Segment grid

    def get_segment_grid(self):
        """Return the number of the company's customers by scores.

        Two queries. Counted as the reader counts the list of customers; revenues only
        for those who may see amounts. Scores are in fifths, as the map is.

        :return: ``{"as_of_date": ISO text or False, "currency_id": id or False,
            "cells": [[recency, frequency, monetary, customers, revenue]]}``, without
            revenues for others
        """
        check_one(self)
        run = self.env["classification.run"]._last_run(self.company_id)
        sees_money = self.env["classification.run"]._sees_money()
        sums = ["__count", "revenue:sum"] if sees_money else ["__count"]
        groups = self.env["customer.profile"]._read_group(
            [("company_id", "=", self.company_id.id), ("score_recency", ">", 0)],
            SCORE_FIELDS,
            sums,
        )
        return {
            "as_of_date": fields.Date.to_string(run.as_of_date) or False,
            "currency_id": sees_money and self.currency_id.id,
            "cells": self._cells_of_scores(groups, self._fifths_of(run.edges)),
        }

    @api.model
    def _fifths_of(self, edges):
        """Return, for each score of a run, the fifth of each value; 0 for none.

        :param edges: JSON of the engine's ``Edges``, as a run keeps it, or nothing
        """
        from ...engine.customers.columns import METRICS
        from ...engine.customers.segments import fifth_of

        bins = (edges or {}).get("bins") or {}
        return [fifth_of(bins.get(metric, 5)).tolist() for metric in METRICS]

    @api.model
    def _cells_of_scores(self, groups, fifths):
        """Groups by scores as groups by cell, some of which fall together."""
        cells = {}
        for recency, frequency, monetary, *sums in groups:
            scores = zip(fifths, (recency, frequency, monetary), strict=True)
            cell = tuple(of[min(score, len(of) - 1)] for of, score in scores)
            known = cells.get(cell, [0] * len(sums))
            pairs = zip(known, sums, strict=True)
            cells[cell] = [total + (part or 0) for total, part in pairs]
        return [[*cell, *cells[cell]] for cell in sorted(cells)]

    def action_open_segment_cell(self, recency=None, frequency=None, monetary=None):
        """Open the customers with certain scores, as the grid counts them.

        :param recency: score in fifths, 1 to 5, as the other two
        :param monetary: no value for all
        """
        check_one(self)
        given = [(0, recency), (1, frequency)]
        given += [] if monetary is None or monetary is False else [(2, monetary)]
        run = self.env["classification.run"]._last_run(self.company_id)
        fifths = self._fifths_of(run.edges)
        domain, names = [("company_id", "=", self.company_id.id)], []
        for place, score in given:
            letter = "RFM"[place]
            score = as_number(self.env, score, 1, 5, letter, whole=True)
            scores = [one for one, fifth in enumerate(fifths[place]) if fifth == score]
            domain.append((SCORE_FIELDS[place], "in", scores))
            names.append(f"{letter}{score}")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.customer_profile_action"
        )
        name = self.env._("Customers with %s", " ".join(names))
        return {**action, "name": name, "domain": domain, "context": {}}

    # Runs

    def _preview(self, policy):
        return policy.recompute(kind="preview")

    def _queue_run(self, policy):
        return self.env["classification.run"]._queue(policy)

    def action_release_limits(self):
        """Let the next run over everybody find its own limits again."""
        check_one(self)
        return self.policy_id.action_release_limits()
