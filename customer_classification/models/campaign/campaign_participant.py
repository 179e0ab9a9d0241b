from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..common.big_integer import BigInteger
from ..common.called_records import check_one

# How a customer came to a campaign; addons add theirs.
SOURCE_SELECTION = [
    ("audience", "Chosen"),
    ("manual", "Entered or imported"),
    ("document", "Lead or order"),
    ("mailing", "Mailing"),
    ("event", "Event"),
    ("other", "Other"),
]
# Fields that people enter; a run fills in the empty ones.
ENTERED_FIELDS = (
    *("contact_id", "is_control", "addressed_date", "joined_date", "answered_date"),
    *("feedback_score", "has_feedback"),
)
# Fields that a run writes: the customer's classes, the touches and the results.
RESULT_FIELDS = frozenset(
    {
        *("first_touch_date", "last_touch_date", "value_tier_id"),
        *("lifecycle_stage_id", "lead_count", "opportunity_count", "order_count"),
        *("is_converted", "is_new", "is_won_back", "revenue_first", "revenue_last"),
        *("revenue_linear", "revenue", "margin", "has_margin"),
    }
)
_DAYS = ("addressed_date", "joined_date", "answered_date")


class CampaignParticipant(models.Model):
    """One customer in one campaign: touches, classes then and results.

    People, imports and audiences enter rows; a run adds customers found in documents,
    and writes the results into all. A run never overwrites entered values; rows that
    only runs know come and go with the documents they were found in.
    """

    _name = "campaign.participant"
    _inherit = [
        "classification.bounds.mixin",
        "classification.protected.mixin",
        "classification.counted.once.mixin",
        "classification.plain.fields.mixin",
    ]
    _description = "Participant of a Campaign"
    _technical_fields = frozenset({"content_hash", "touch_hash"})
    _order = "campaign_id, id"
    _rec_name = "partner_id"
    _protected_fields = RESULT_FIELDS | {
        *("source", "is_entered", "content_hash", "touch_hash"),
    }
    _fixed_fields = frozenset({"campaign_id", "company_id", "partner_id"})
    _check_company_auto = True
    # A purchase touched by two campaigns counts for both.
    _added_within = {"order_count": "campaign_id"}
    _known_by = {"feedback_score": "has_feedback"}

    campaign_id = fields.Many2one(
        "utm.campaign",
        required=True,
        ondelete="cascade",
        index=True,
        check_company=True,
    )
    company_id = fields.Many2one(
        "res.company",
        compute="_compute_company_id",
        store=True,
        precompute=True,
        required=True,
        index=True,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        ondelete="cascade",
        index=True,
        check_company=True,
        help="A contact stands for its company: each customer takes part once.",
    )
    contact_id = fields.Many2one(
        "res.partner",
        string="Contact",
        ondelete="set null",
        index="btree_not_null",
        check_company=True,
        help="Who exactly was in touch with the campaign.",
    )
    source = fields.Selection(
        SOURCE_SELECTION,
        string="Came By",
        required=True,
        default="manual",
        readonly=True,
    )
    is_entered = fields.Boolean(
        string="Entered by People",
        default=True,
        readonly=True,
        help="Stays, whatever runs find.",
    )
    is_control = fields.Boolean(
        string="Control Group",
        help="Left out on purpose: shows what customers buy without the campaign.",
    )

    # Response
    addressed_date = fields.Date(string="Addressed")
    joined_date = fields.Date(string="Took Part")
    answered_date = fields.Date(string="Answered")
    feedback_score = fields.Float(
        string="Feedback",
        digits=(5, 1),
        aggregator="avg",
        help="What the customer thinks of the campaign, from 0 to 100.",
    )
    has_feedback = fields.Boolean(string="Feedback Known")
    first_touch_date = fields.Date(
        string="First Touch",
        readonly=True,
        help="The first day on which the customer was in touch with the campaign.",
    )
    last_touch_date = fields.Date(string="Last Touch", readonly=True)

    # Customer before the campaign
    value_tier_id = fields.Many2one(
        "customer.value.tier",
        string="Value Tier Then",
        readonly=True,
        ondelete="restrict",
        help="As of the first touch; of the campaign's first day without one.",
    )
    lifecycle_stage_id = fields.Many2one(
        "customer.lifecycle.stage",
        string="Lifecycle Stage Then",
        readonly=True,
        ondelete="restrict",
        help="As of the first touch; of the campaign's first day without one.",
    )

    # Results
    lead_count = fields.Integer(
        string="Leads", readonly=True, help="Leads and opportunities, also lost ones."
    )
    opportunity_count = fields.Integer(string="Opportunities", readonly=True)
    order_count = fields.Integer(
        string="Orders",
        readonly=True,
        help="Purchases within the attribution window.",
    )
    is_converted = fields.Boolean(
        string="Bought", readonly=True, help="Within the attribution window."
    )
    is_new = fields.Boolean(
        string="New Customer",
        readonly=True,
        help="The first purchase ever lies in the attribution window.",
    )
    is_won_back = fields.Boolean(
        string="Won Back",
        readonly=True,
        help="A purchase in the attribution window ended a dormant time.",
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
    revenue = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        help="Net revenue by the attribution of the policy.",
    )
    margin = fields.Monetary(readonly=True, groups=MONEY_GROUP)
    has_margin = fields.Boolean(string="Margin Known", readonly=True)
    content_hash = BigInteger(readonly=True, aggregator=None)
    touch_hash = BigInteger(
        readonly=True, aggregator=None, help="Of the touches that the last run read."
    )

    _campaign_partner_unique = models.Constraint(
        "UNIQUE(campaign_id, company_id, partner_id)",
        "Each customer takes part in a campaign once.",
    )

    @api.depends("campaign_id.company_id")
    def _compute_company_id(self):
        """Take the company of the campaign.

        In a campaign of all companies, the one that entered the customer.
        """
        for participant in self:
            participant.company_id = (
                participant.campaign_id.company_id
                or participant.company_id
                or self.env.company
            )

    @api.constrains("feedback_score")
    def _check_feedback_score(self):
        for participant in self:
            if not 0 <= participant.feedback_score <= 100:
                raise ValidationError(
                    self.env._(
                        "%s: feedback is from 0 to 100.",
                        participant.partner_id.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        self._check_all_values(vals_list)
        vals_list = [self._with_known_feedback(vals) for vals in vals_list]
        vals_list = self._of_customers(vals_list)
        if self.env.context.get("import_file"):
            return self._create_or_update(vals_list)
        return super().create([self._complete(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._with_known_feedback(vals))

    @api.model
    def _completed_for_write(self, vals):
        """Complete the values with those that follow from them.

        Entered values are kept. Results that no run wrote are overwritten by the
        next run, which knows its own by their hash.
        """
        if set(ENTERED_FIELDS) & set(vals):
            vals = {**vals, "is_entered": True}
        if RESULT_FIELDS & set(vals):
            vals = {"content_hash": 0, **vals}
        return vals

    @api.model
    def _with_known_feedback(self, vals):
        """A score that is given is known, even 0."""
        score = vals.get("feedback_score")
        if score is None or "has_feedback" in vals and not score:
            return vals
        return {**vals, "has_feedback": score is not False}

    @api.model
    def _complete(self, vals):
        """Complete entered values with the day of addressing.

        Without a day, it is the campaign's first one, but not later than today; the
        control group was not addressed.
        """
        if vals.get("is_control") or any(vals.get(name) for name in _DAYS):
            return vals
        if vals.get("source", "manual") != "manual":
            return vals
        start = self.env["utm.campaign"].browse(vals.get("campaign_id"))
        start = start.campaign_start_date
        today = fields.Date.context_today(self)
        return {**vals, "addressed_date": min(start or today, today)}

    @api.model
    def _of_customers(self, vals_list):
        """Return the values with the customer in place of a contact.

        The contact is noted beside.
        """
        ids = [vals["partner_id"] for vals in vals_list if vals.get("partner_id")]
        partners = self.env["res.partner"].browse(ids)
        customers = {
            partner.id: partner.commercial_partner_id.id or partner.id
            for partner in partners
        }
        return [
            {
                **vals,
                "partner_id": customers[vals["partner_id"]],
                "contact_id": vals.get("contact_id") or vals["partner_id"],
            }
            if vals.get("partner_id")
            else vals
            for vals in vals_list
        ]

    @api.model
    def _create_or_update(self, vals_list):
        """Update known participants and create the others.

        One search, one create, and one write for each known participant.
        """
        keys = [self._import_key(vals) for vals in vals_list]
        known = self._known(vals_list)
        fresh = {}
        for key, vals in zip(keys, vals_list, strict=True):
            if key in known:
                known[key].write(
                    {name: vals[name] for name in ENTERED_FIELDS if vals.get(name)}
                )
            else:
                fresh.setdefault(key, {}).update(vals)
        created = super().create([self._complete(vals) for vals in fresh.values()])
        known |= dict(zip(fresh, created, strict=True))
        return self.browse([known[key].id for key in keys])

    @api.model
    def _known(self, vals_list):
        """Return known participants of an import.

        ``{(campaign id, customer id): participant}``: one query.
        """
        found = self.search(
            [
                ("campaign_id", "in", [v.get("campaign_id") for v in vals_list]),
                ("partner_id", "in", [v.get("partner_id") for v in vals_list]),
                ("company_id", "in", self.env.companies.ids),
            ]
        )
        return {(one.campaign_id.id, one.partner_id.id): one for one in found}

    @api.model
    def _import_key(self, vals):
        return vals.get("campaign_id"), vals.get("partner_id")

    # Customers who become another one

    @api.model
    def _follow_customers(self):
        """Move participants to the companies that contacts joined since.

        Two queries.
        """
        self._fold(
            SQL(
                """
                SELECT r.id, r.commercial_partner_id
                  FROM res_partner r
                 WHERE r.commercial_partner_id IN (
                        SELECT moved.commercial_partner_id
                          FROM campaign_participant m
                          JOIN res_partner moved ON moved.id = m.partner_id
                         WHERE moved.commercial_partner_id <> moved.id)
                """
            )
        )

    @api.model
    def _fold(self, customers):
        """Fold participants of a campaign that are one customer.

        The first days of all are kept, and the result is in the control group only
        where all were. Two queries.

        :param customers: SQL of ``(partner id, id of the customer who it is)``
        """
        self.flush_model()
        self.env.cr.execute(SQL(_FOLD, customers=customers))
        self.env.cr.execute(SQL(_FORGET_FOLDED, customers=customers))
        self.invalidate_model()

    def action_open_customer(self):
        """Open the customer."""
        check_one(self)
        return self.partner_id.get_formview_action()


# A participant of the customer is kept, else the first one: never two of one customer.
_FOLD = """
    UPDATE campaign_participant p
       SET partner_id = own.customer, addressed_date = own.addressed,
           joined_date = own.joined, answered_date = own.answered,
           is_control = own.is_control, is_entered = own.is_entered,
           feedback_score = own.feedback, has_feedback = own.feedback IS NOT NULL
      FROM (SELECT (array_agg(m.id ORDER BY m.partner_id <> c.customer, m.id))[1] AS id,
                   c.customer, min(m.addressed_date) AS addressed,
                   min(m.joined_date) AS joined, min(m.answered_date) AS answered,
                   bool_and(m.is_control IS TRUE) AS is_control,
                   bool_or(m.is_entered) AS is_entered,
                   avg(m.feedback_score) FILTER (WHERE m.has_feedback) AS feedback
              FROM campaign_participant m
              JOIN (%(customers)s) c (partner, customer) ON c.partner = m.partner_id
             GROUP BY m.campaign_id, m.company_id, c.customer
            HAVING count(*) > 1 OR min(m.partner_id) <> c.customer) own
     WHERE p.id = own.id
"""
_FORGET_FOLDED = """
    DELETE FROM campaign_participant p
     USING (%(customers)s) c (partner, customer)
     WHERE c.partner = p.partner_id AND c.customer <> p.partner_id
"""
