from odoo import api, fields, models
from odoo.tools import SQL

from ..classified.profile_fields import ProfileInteger, ProfileMany2one
from ..common.access_groups import MONEY_GROUP
from ..common.big_integer import BigInteger
from ..common.called_records import check_one, check_records
from ..common.keyless_many2one import KeylessMany2one
from .selections import RISK_COLORS, RISK_SELECTION, TIER_REASONS


class CustomerProfile(models.Model):
    """Facts and classes of one customer in one company.

    Written only by runs, in SQL, and only where something differs: not through
    ``res.partner``, whose rows users edit all day, and not with ``mail.thread``, whose
    tracking costs two queries a row (``classification.change`` is the history).
    """

    _name = "customer.profile"
    _inherit = [
        "classification.counted.once.mixin",
        "classification.plain.fields.mixin",
        "classification.quick.read.mixin",
        "customer.profile.summary.mixin",
        "customer.profile.explanation.mixin",
        "customer.profile.segment.mixin",
        "customer.profile.outlook.mixin",
        "customer.profile.prediction.mixin",
        "customer.profile.documents.mixin",
        "customer.profile.coming.mixin",
        "customer.profile.share.mixin",
        "customer.profile.channel.mixin",
        "customer.profile.contact.mixin",
        "customer.profile.work.list.mixin",
    ]
    _description = "Customer Profile"
    _log_access = False
    _order = "value_score desc nulls last, id"
    _rec_name = "partner_id"
    _ratios = {"average_order": ("revenue", "order_count", 1, 0)}
    _technical_fields = frozenset(
        {
            *("value_tier_color", "lifecycle_stage_color", "segment_color"),
            *("churn_signals", "content_hash", "signal_complaint_count"),
            *("signal_complaint_count_before", "signal_satisfaction"),
            *("signal_satisfaction_count", "signal_interaction_date"),
            "answered_enquiry_count",
        }
    )

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    company_id = KeylessMany2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    currency_id = ProfileMany2one(related="company_id.currency_id")
    active = fields.Boolean(default=True, readonly=True)

    # Facts
    first_purchase_date = fields.Date(string="First Purchase", readonly=True)
    last_purchase_date = fields.Date(string="Last Purchase", readonly=True)
    visit_count = fields.Integer(
        string="Purchase Days",
        readonly=True,
        help="Different days with a purchase, in all.",
    )
    order_count = fields.Integer(
        string="Orders", readonly=True, help="Orders in the window of the policy."
    )
    lifetime_order_count = fields.Integer(
        string="Orders in All",
        readonly=True,
        help="Orders since the first purchase.",
    )
    revenue = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        help="Untaxed and net of refunds, in the window of the policy.",
    )
    lifetime_revenue = fields.Monetary(
        string="Revenue in All",
        readonly=True,
        groups=MONEY_GROUP,
        help="Net revenue since the first purchase, less refunds, in the "
        "company's currency.",
    )
    refund_amount = fields.Monetary(
        string="Refunds",
        readonly=True,
        groups=MONEY_GROUP,
        help="What was given back in the window of the policy.",
    )
    average_order = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        aggregator="avg",
        help="Net revenue divided by orders, in the window.",
    )
    margin = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        help="In the window, over the purchases of which the margin is known.",
    )
    has_margin = fields.Boolean(string="Margin Known", readonly=True)
    unknown_margin_count = fields.Integer(
        string="Documents of Unknown Margin",
        readonly=True,
        help="Orders, invoices, refunds and imported purchases in the window of which "
        "the margin is not known. They are missing in the margin.",
    )
    growth = fields.Float(
        readonly=True,
        digits=(5, 4),
        aggregator="avg",
        help="This half of the window against the one before: their difference "
        "divided by their sum, from -1 (stopped) over 0 (steady) to 1 (began).",
    )
    has_growth = fields.Boolean(string="Growth Known", readonly=True)
    open_opportunity_count = fields.Integer(
        string="Open Opportunities",
        readonly=True,
        help="Opportunities that are neither won nor lost.",
    )
    open_opportunity_revenue = fields.Monetary(
        string="Expected Revenue",
        readonly=True,
        groups=MONEY_GROUP,
        help="Expected revenue of the open opportunities.",
    )
    open_quotation_count = fields.Integer(
        string="Open Quotations",
        readonly=True,
        help="Quotations that are neither confirmed nor cancelled.",
    )
    open_quotation_amount = fields.Monetary(
        string="Quoted",
        readonly=True,
        groups=MONEY_GROUP,
        help="Amount of the open quotations, without tax.",
    )

    # Rhythm
    expected_gap_days = fields.Float(
        string="Own Rhythm (days)",
        readonly=True,
        digits=(10, 2),
        aggregator="avg",
        help="Days to expect between two purchases: the customer's own gaps, drawn "
        "towards the usual gap of all customers while there are few of them.",
    )
    expected_purchase_date = fields.Date(string="Next Purchase Expected", readonly=True)
    recency_days = fields.Integer(
        string="Days Since Last Purchase",
        compute="_compute_as_of",
        help="Days from the last purchase to the day of the classes.",
    )
    tenure_days = fields.Integer(
        string="Days Since First Purchase",
        compute="_compute_as_of",
        help="Days from the first purchase to the day of the classes.",
    )
    overdue_ratio = fields.Float(
        aggregator=None,
        compute="_compute_as_of",
        digits=(10, 2),
        help="Days since the last purchase divided by the own rhythm: over 1 is "
        "later than usual.",
    )
    as_of_date = fields.Date(
        string="As Of",
        compute="_compute_as_of",
        help="Day up to which the purchases are counted in these numbers.",
    )

    # Scores
    score_recency = fields.Integer(
        string="Recency Score",
        readonly=True,
        aggregator=None,
        help="How lately the customer bought, compared with all who bought; 5 is "
        "best with five scores.",
    )
    score_frequency = fields.Integer(
        string="Frequency Score",
        readonly=True,
        aggregator=None,
        help="How often the customer bought in the window, compared with all who "
        "bought; 5 is best with five scores.",
    )
    score_monetary = fields.Integer(
        string="Monetary Score",
        readonly=True,
        aggregator=None,
        help="How much the customer bought in the window, compared with all who "
        "bought; 5 is best with five scores.",
    )
    rfm_code = fields.Char(
        string="RFM",
        readonly=True,
        help="Scores for recency, frequency and monetary value; the highest is best.",
    )
    segment_id = KeylessMany2one(
        "customer.segment",
        readonly=True,
        ondelete="restrict",
        help="What the scores say, by the segment map of the policy, where it does not "
        "contradict the value tier, the lifecycle stage and the churn risk.",
    )
    segment_color = ProfileInteger(
        related="segment_id.color", string="Segment Color", aggregator=None
    )
    segment_action = fields.Text(related="segment_id.action")
    # Deprecated: kept for one release for existing clients and saved filters.
    rfm_segment = fields.Char(
        related="segment_id.code",
        string="Segment Code (Deprecated)",
        help="Use the segment instead.",
    )
    value_score = fields.Float(
        readonly=True,
        digits=(4, 1),
        aggregator="avg",
        help="The scores with the weights of the policy, from 0 to 100.",
    )

    # Classes
    value_tier_id = KeylessMany2one(
        "customer.value.tier", readonly=True, ondelete="restrict"
    )
    value_tier_color = ProfileInteger(
        related="value_tier_id.color", string="Value Tier Color", aggregator=None
    )
    tier_reason = fields.Selection(TIER_REASONS, readonly=True)
    tier_below_since = fields.Date(
        string="Below Its Limit Since",
        readonly=True,
        help="From this day on the value is below what keeps the tier.",
    )
    lifecycle_stage_id = KeylessMany2one(
        "customer.lifecycle.stage", readonly=True, ondelete="restrict"
    )
    lifecycle_stage_color = ProfileInteger(
        related="lifecycle_stage_id.color",
        string="Lifecycle Stage Color",
        aggregator=None,
    )
    shadow_tier_id = KeylessMany2one(
        "customer.value.tier",
        string="Tier by the Numbers",
        readonly=True,
        ondelete="restrict",
        help="What the numbers say; it differs from the value tier where a person "
        "decided.",
    )
    shadow_stage_id = KeylessMany2one(
        "customer.lifecycle.stage",
        string="Stage by the Numbers",
        readonly=True,
        ondelete="restrict",
    )
    shadow_risk = fields.Selection(
        RISK_SELECTION, string="Risk by the Numbers", readonly=True
    )
    is_overridden = fields.Boolean(
        string="Decided by a Person",
        readonly=True,
        help="Somebody decided about one of the classes; the numbers do not.",
    )
    override_ids = fields.One2many(
        "classification.override", compute="_compute_override_ids", string="Decisions"
    )
    problem_text = fields.Char(
        string="Set Aside Because", compute="_compute_problem_text"
    )
    won_back_count = fields.Integer(
        string="Times Won Back",
        readonly=True,
        help="How many purchases ended a time in which the customer had been dormant "
        "or lost, by the rules of today.",
    )
    churn_risk = fields.Selection(
        RISK_SELECTION,
        readonly=True,
        help="By the warning signs that the customer shows; no probability. A "
        "back-test tells how often it was right with your own customers.",
    )
    churn_risk_color = fields.Integer(compute="_compute_churn_risk_color")
    churn_signals = fields.Integer(readonly=True, aggregator=None)
    # The numbers of the signals that it shows, and of an answered enquiry: those of
    # the class, which stand when more is heard.
    signal_complaint_count = fields.Integer(
        string="Complaints That Count",
        readonly=True,
        aggregator=None,
        help="Complaints in the window, where they raise the churn risk; else 0.",
    )
    signal_complaint_count_before = fields.Integer(
        string="Complaints Before That Count",
        readonly=True,
        aggregator=None,
        help="Complaints in the window before, with which those that raise the churn "
        "risk are compared; else 0.",
    )
    signal_satisfaction = fields.Float(
        string="Satisfaction That Counts",
        digits=0,
        readonly=True,
        aggregator=None,
        help="Mean of the answers in the window, 0 to 100, where it raises the churn "
        "risk; else 0.",
    )
    signal_satisfaction_count = fields.Integer(
        string="Answers That Count",
        readonly=True,
        aggregator=None,
        help="Number of the answers whose mean raises the churn risk; else 0.",
    )
    signal_interaction_date = fields.Date(string="Silent Since", readonly=True)
    answered_enquiry_count = fields.Integer(
        string="Answered Enquiries",
        readonly=True,
        aggregator=None,
        help="Enquiries in the window that were answered, of who is interested by "
        "them; else 0.",
    )
    next_review_date = fields.Date(
        string="Next Review",
        readonly=True,
        help="The first day on which a class can change although nothing is bought.",
    )
    policy_id = KeylessMany2one(
        "classification.policy",
        readonly=True,
        ondelete="restrict",
        help="The version since which the rules about customers are the same: later "
        "ones may repeat them.",
    )
    # No index: every row would pay for it, and only deleting a run would use it.
    run_id = KeylessMany2one(
        "classification.run",
        string="Last Changed By",
        readonly=True,
        ondelete="set null",
    )
    content_hash = BigInteger(readonly=True, aggregator=None)

    change_ids = fields.One2many(
        "classification.change", compute="_compute_change_ids", string="Changes"
    )
    change_count = fields.Integer(
        compute="_compute_change_ids",
        help="Changes of value tier, lifecycle stage and churn risk.",
    )

    _partner_company_unique = models.Constraint(
        "UNIQUE(partner_id, company_id)", "A customer has one profile in a company."
    )
    # The order of the list: even with record rules on contacts, a page of it reads a
    # page, not all customers.
    _order_index = models.Index("(value_score DESC NULLS LAST, id)")
    # Counts by tier, by stage and by both need this index alone.
    _tier_index = models.Index("(company_id, value_tier_id, lifecycle_stage_id)")
    _segment_index = models.Index("(company_id, segment_id)")
    _overridden_index = models.Index("(company_id) WHERE is_overridden IS TRUE")
    # Hourly runs look for the customers whose review day has come.
    _review_index = models.Index("(company_id, next_review_date)")

    def init(self):
        """Leave room in the pages, so that updates touch no index.

        Enough to rewrite every row in its page, as after a publication; the table gets
        as large by two publications if there is less.
        """
        self.env.cr.execute(
            SQL("ALTER TABLE %s SET (fillfactor = 45)", SQL.identifier(self._table))
        )

    @api.depends("partner_id.display_name")
    def _compute_display_name(self):
        for profile in self:
            profile.display_name = profile.partner_id.display_name

    @api.depends("company_id", "first_purchase_date", "last_purchase_date", "run_id")
    def _compute_as_of(self):
        """Compute the day up to which days are counted.

        The day of the last run that looked at the customer: the last full one, or a
        later one that changed this profile. One query.
        """
        days = self._as_of_days()
        rows = []
        for told in self.sudo():
            as_of = days[told.company_id, told.run_id]
            recency = self._days_since(told.last_purchase_date, as_of)
            tenure = self._days_since(told.first_purchase_date, as_of)
            gap = told.expected_gap_days
            rows.append((as_of, recency, tenure, recency / gap if gap else 0))
        names = ("as_of_date", "recency_days", "tenure_days", "overdue_ratio")
        for name, values in zip(names, zip(*rows, strict=True), strict=False):
            self._show_column(name, values)

    def _as_of_days(self):
        """``{(company, last run that changed a profile): as-of date}``: one query."""
        full = self.env["classification.run"]._last_runs(self.company_id)
        pairs = {(profile.company_id, profile.run_id) for profile in self.sudo()}
        days = {}
        for company, own in pairs:
            runs = filter(None, (full.get(company), own))
            days[company, own] = max((run.as_of_date for run in runs), default=False)
        return days

    @api.depends("churn_risk")
    def _compute_churn_risk_color(self):
        colors = [RISK_COLORS.get(profile.churn_risk, 0) for profile in self]
        self._show_column("churn_risk_color", colors)

    @api.model
    def _days_since(self, day, as_of):
        """Return the days from a day to the as-of date.

        0 if one of them is missing.
        """
        return (as_of - day).days if day and as_of else 0

    def _compute_change_ids(self):
        """History of each profile's customer in its company: one query."""
        changes = self.env["classification.change"].search(
            [
                ("partner_id", "in", self.partner_id.ids),
                ("company_id", "in", self.company_id.ids),
            ]
        )
        grouped = changes.grouped(lambda change: (change.partner_id, change.company_id))
        for profile in self:
            own = grouped.get(
                (profile.partner_id, profile.company_id), changes.browse()
            )
            profile.change_ids = own
            profile.change_count = len(own)

    def _compute_override_ids(self):
        """Decisions about each profile's customer in its company: one query."""
        decisions = self.env["classification.override"].search(
            [
                ("partner_id", "in", self.partner_id.ids),
                ("company_id", "in", self.company_id.ids),
            ],
            order="ended_date desc nulls first, id desc",
        )
        grouped = decisions.grouped(lambda one: (one.partner_id, one.company_id))
        for profile in self:
            profile.override_ids = grouped.get(
                (profile.partner_id, profile.company_id), decisions.browse()
            )

    @api.depends_context("lang")
    def _compute_problem_text(self):
        """Why runs set this customer aside, if they do: one query."""
        problems = self.env["classification.problem"]
        texts = problems._texts("partner_id", self.partner_id.ids)
        for profile in self:
            key = (profile.partner_id.id, profile.company_id.id)
            profile.problem_text = texts.get(key)

    def _shadow_names(self, risks):
        """``{axis: name}`` of the classes by the numbers."""
        self.ensure_one()
        return {
            "value_tier": self.shadow_tier_id.name,
            "lifecycle_stage": self.shadow_stage_id.name,
            "churn_risk": risks.get(self.shadow_risk),
        }

    def action_override(self):
        """Open a form to decide about a class of this customer."""
        check_one(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Decide About %s", self.partner_id.display_name),
            "res_model": "classification.override",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_partner_id": self.partner_id.id,
                "default_company_id": self.company_id.id,
                "default_tier_id": self.value_tier_id.id,
            },
        }

    def action_recompute(self):
        """Recompute these customers now, with the limits of the last full run."""
        check_records(self)
        return self.env["classification.run"]._recompute_now(
            self.partner_id, self.company_id
        )

    def action_open_changes(self):
        """Open the history of this customer."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.classification_change_action"
        )
        action["domain"] = [
            ("partner_id", "=", self.partner_id.id),
            ("company_id", "=", self.company_id.id),
        ]
        action["context"] = {}
        return action

    def action_open_documents(self):
        """Open the documents that count and that the reader may see."""
        check_one(self)
        return self._open_documents()

    def action_open_partner(self):
        """Open the contact of this profile."""
        check_one(self)
        return self.partner_id.get_formview_action()
