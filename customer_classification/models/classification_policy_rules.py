from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.base.models.res_partner import _tz_get

from .classification_sentences import PERCENT_FIELDS, rule_sentence

# (code of the tier, top share of the customers in percent)
DEFAULT_TIERS = (("vip", 5), ("high", 20), ("medium", 50), ("low", 100))
# (metric, weight in percent); these stand in every policy.
DEFAULT_METRICS = (("recency", 20), ("frequency", 30), ("monetary", 50))
# Whom shares compare, and who has no value.
SHARE_FIELDS = ("tier_ties", "share_of", "count_archived", "no_value_rule")
# The tier that one of these rules gives; the engine knows it by its id.
NO_VALUE_TIER = "no_value_tier_id"
# Fields that the engine takes as they are.
PLAIN_FIELDS = (
    *("window_months", "customers_per_bin", "value_metric", "tier_method"),
    *("min_orders", "min_tenure_days", "min_customers", "grace_days"),
    *("one_step_down", "shrinkage", "min_gap_days", "new_days", "loyal_orders"),
    *("loyal_tenure_days", "at_risk_ratio", "dormant_ratio", "dormant_min_days"),
    *("lost_ratio", "lost_min_days", "won_back_days", "growth_min_orders"),
    *("risk_overdue", "risk_far_overdue", "risk_declining", "risk_refunds"),
    *("risk_medium_from", "risk_high_from"),
    *SHARE_FIELDS,
)
SOURCE_FIELDS = (
    *("tz", "revenue_source", "subtract_credit_notes"),
    *("subtract_unlinked_credit_notes", "prospect_scope"),
    *("sale_domain", "invoice_domain"),
)
SAFETY_FIELDS = (
    *("approval_customer_percent", "approval_revenue_percent"),
    *("approval_min_customers", "drift_limit"),
)
LINE_FIELDS = ("metric_ids", "tier_ids", "segment_ids")


class ClassificationPolicy(models.Model):
    """What a policy can say: every constant of the calculation is a field."""

    # One file for each idea of a policy.
    _inherit = "classification.policy"  # pylint: disable=consider-merging-classes-inherited

    # Sources
    tz = fields.Selection(
        _tz_get,
        string="Time Zone",
        required=True,
        default=lambda self: self._default_tz(),
        help="A purchase belongs to the day that it was in this time zone.",
    )
    revenue_source = fields.Selection(
        [
            ("sale", "Confirmed sales orders"),
            ("invoice", "Posted customer invoices"),
        ],
        string="What Counts",
        required=True,
        default="sale",
        help="What counts as a purchase. Only one of the two, so that no sale counts "
        "twice. Imported purchases are always added.",
    )
    subtract_credit_notes = fields.Boolean(
        default=True,
        help="With sales orders: posted credit notes lower the revenue on their own "
        "day, as far as they take back orders that count. What was credited of an "
        "order that was cancelled, made smaller or invoiced again takes nothing.",
    )
    subtract_unlinked_credit_notes = fields.Boolean(
        string="Credit Notes without Origin",
        help="Credit notes that name no order and reverse no invoice, such as a bonus "
        "at the end of the year: also lower the revenue by them. Nobody knows whether "
        "what they give back was counted before, so they are left out by default.",
    )
    sale_domain = fields.Char(
        string="Only These Orders",
        help="Only sales orders that match count. A date such as “today -30d” is "
        "counted from the day of the run.",
    )
    invoice_domain = fields.Char(
        string="Only These Invoices",
        help="Only invoices and credit notes that match count. A date such as "
        "“today -30d” is counted from the day of the run.",
    )
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
    window_months = fields.Integer(
        string="Window",
        default=12,
        required=True,
        help="Frequency, revenue and value look at this many months up to the day "
        "of the run.",
        aggregator=None,
    )

    # Scores
    metric_ids = fields.One2many(
        "classification.policy.metric", "policy_id", string="Scores", copy=True
    )
    customers_per_bin = fields.Integer(
        string="Customers per Score",
        default=10,
        help="Equal shares of fewer customers than this tell nothing: with few who "
        "bought, there are fewer scores.",
        aggregator=None,
    )

    limit_tolerance = fields.Float(
        string="Limits Stand Within",
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
        "classification.policy.tier", "policy_id", string="Limits", copy=True
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

    # Churn risk
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

    # Safety
    approval_customer_percent = fields.Float(
        string="Most Customers Moved",
        default=20,
        digits=(5, 1),
        help="A run that would move more than this share of the customers, or of the "
        "products, to another class writes nothing and waits for a manager. 0: no "
        "limit.",
        aggregator=None,
    )
    approval_revenue_percent = fields.Float(
        string="Most Revenue Moved",
        default=30,
        digits=(5, 1),
        help="A run that would move customers, or products, with more than this share "
        "of the revenue to another class writes nothing and waits for a manager. 0: no "
        "limit.",
        aggregator=None,
    )
    approval_min_customers = fields.Integer(
        string="No Approval Below",
        default=50,
        help="With fewer classified customers, or products, than this, no approval is "
        "asked.",
        aggregator=None,
    )
    drift_limit = fields.Float(
        string="Drift Alarm From",
        default=0.25,
        digits=(5, 2),
        help="After each run the classes and numbers are compared with those of the "
        "runs before. The responsible person is told from this population stability "
        "index on: below 0.1 is calm, 0.25 a clear shift. 0: no alarm.",
        aggregator=None,
    )
    responsible_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self._default_responsible(),
        copy=False,
        help="Who is told when a run waits for approval, fails, or finds that the "
        "numbers have shifted. Can be changed at any time.",
    )

    @api.model
    def _default_tz(self):
        return self.env.company.partner_id.tz or self.env.user.tz or "UTC"

    @api.model
    def _default_responsible(self):
        """Who writes the policy; the first ones are written by no person."""
        return self.env.user if self.env.uid != SUPERUSER_ID else False

    @api.model
    def _label_of(self, name):
        """What people call a field."""
        return self._fields[name]._description_string(self.env)

    def _check_references(self):
        """Refuse tiers and segments that are there no more: archived ones get no new
        customers.

        :raises ValidationError: naming the tier or segment
        """
        for sentence in self._archived_sentences():
            raise ValidationError(sentence)

    def _archived_sentences(self):
        """What is wrong with each tier and segment that is archived."""
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

    @api.model
    def _rule_fields(self):
        """Names of the fields that stand once the policy is published."""
        return {
            "company_id",
            *SOURCE_FIELDS,
            *PLAIN_FIELDS,
            *PERCENT_FIELDS,
            *SAFETY_FIELDS,
            *LINE_FIELDS,
        }

    @api.model
    def _default_lines(self):
        """``{field: commands}`` of the lines of a policy that is given none."""
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
        """One limit for each of the tiers shipped that still exist; for other tiers,
        equal shares. The lowest takes everybody else."""
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

    def _parameters(self):
        """The engine's :class:`Parameters` of this version.

        :raises ValidationError: with a sentence that names the line, when the rules
            contradict each other.
        """
        from ..engine import Parameters, RuleError

        self.ensure_one()
        try:
            return Parameters(
                policy=self.id,
                tiers=tuple(
                    line._tier_limit() for line in self.tier_ids.sorted("tier_sequence")
                ),
                unrated_key=self.env["customer.value.tier"]._unrated_id(),
                components=tuple(line._component() for line in self.metric_ids),
                segments=tuple(line._segment() for line in self.segment_ids),
                currency_digits=self.currency_id.decimal_places,
                no_value_key=self._no_value_tier().id or 0,
                documents=self._document_rules(),
                **{name: self[name] for name in PLAIN_FIELDS},
                **{name: self[name] / 100 for name in PERCENT_FIELDS},
            )
        except RuleError as error:
            raise ValidationError(rule_sentence(self, error)) from error
