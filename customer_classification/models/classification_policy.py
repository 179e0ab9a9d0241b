from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.base.models.res_partner import _tz_get

from .classification_sentences import rule_sentence

# (code of the tier, top share of the customers in percent)
DEFAULT_TIERS = (("vip", 5), ("high", 20), ("medium", 50), ("low", 100))


class ClassificationPolicy(models.Model):
    """The versioned rule book by which one company classifies its customers.

    A policy is written as a draft, published once and never changed after that:
    what has been decided by it can so be explained for ever. Changing the rules
    means publishing a new version.
    """

    _name = "classification.policy"
    _description = "Classification Policy"
    _order = "company_id, version desc, id desc"
    _check_company_auto = True

    name = fields.Char(required=True, translate=False)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    version = fields.Integer(default=1, readonly=True, copy=False)
    state = fields.Selection(
        [("draft", "Draft"), ("published", "Published"), ("retired", "Retired")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
    )
    published_date = fields.Datetime(string="Published On", readonly=True, copy=False)
    published_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    tz = fields.Selection(
        _tz_get,
        string="Time Zone",
        required=True,
        default=lambda self: self._default_tz(),
        help="A purchase belongs to the day that it was in this time zone.",
    )

    # Sources
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
        "day. If you correct invoices by a credit note and a new invoice, classify "
        "by invoices instead.",
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
        string="Window (months)",
        default=12,
        required=True,
        help="Frequency, revenue and value look at this many months up to the day "
        "of the run.",
    )

    # Scores
    bins = fields.Integer(
        string="Scores From 1 To",
        default=5,
        required=True,
        help="Recency, frequency and monetary value get a score from 1 to this "
        "number by comparison with all customers who bought.",
    )
    weight_recency = fields.Float(string="Weight of Recency", default=20, digits=(5, 1))
    weight_frequency = fields.Float(
        string="Weight of Frequency", default=30, digits=(5, 1)
    )
    weight_monetary = fields.Float(
        string="Weight of Monetary Value", default=50, digits=(5, 1)
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
    )
    tier_method = fields.Selection(
        [
            ("top_percent", "Best share of the customers"),
            ("limit", "Fixed limits"),
        ],
        string="Tiers By",
        required=True,
        default="top_percent",
    )
    tier_ids = fields.One2many(
        "classification.policy.tier", "policy_id", string="Limits", copy=True
    )
    min_orders = fields.Integer(
        string="Orders Needed",
        default=2,
        help="Below this number of orders, a customer is rated only once known for "
        "the number of days beside.",
    )
    min_tenure_days = fields.Integer(string="Known For At Least", default=30)
    min_customers = fields.Integer(
        string="Customers Needed",
        default=10,
        help="Shares of the customers need at least this many who bought.",
    )
    keep_margin = fields.Float(
        string="Tolerance Below the Limit",
        default=10,
        digits=(5, 1),
        help="A customer keeps the tier until the value is this many percent below "
        "its limit.",
    )
    grace_days = fields.Integer(
        string="Grace Period",
        default=30,
        help="A customer below the keep limit still keeps the tier for this long.",
    )
    one_step_down = fields.Boolean(
        string="One Tier at a Time", help="A customer loses one tier at a time."
    )

    # Lifecycle
    new_days = fields.Integer(
        string="New For",
        default=30,
        help="A customer is new for this many days after the first purchase.",
    )
    loyal_orders = fields.Integer(string="Loyal From Orders", default=5)
    loyal_tenure_days = fields.Integer(string="Loyal When Known For", default=180)
    dormant_ratio = fields.Float(
        string="Dormant After",
        default=3,
        digits=(6, 2),
        help="Dormant when this many times the customer's own rhythm has passed "
        "without a purchase.",
    )
    dormant_min_days = fields.Integer(string="Dormant Not Before", default=30)
    lost_ratio = fields.Float(string="Lost After", default=6, digits=(6, 2))
    lost_min_days = fields.Integer(string="Lost Not Before", default=60)
    won_back_days = fields.Integer(
        string="Won Back For",
        default=90,
        help="A customer who came back after having been dormant or lost counts as "
        "won back for this many days, or until the next purchase.",
    )

    # Churn risk
    at_risk_ratio = fields.Float(
        string="Overdue After",
        default=1.5,
        digits=(6, 2),
        help="Overdue when this many times the customer's own rhythm has passed.",
    )
    decline_growth = fields.Float(
        string="Declining From",
        default=-33,
        digits=(5, 1),
        help="Declining when the second half of the window falls behind the first "
        "by this many percent.",
    )
    refund_share = fields.Float(
        string="Many Refunds From",
        default=20,
        digits=(5, 1),
        help="Many refunds when they reach this share of the sales in percent.",
    )

    run_ids = fields.One2many("classification.run", "policy_id")
    # Safety
    approval_customer_percent = fields.Float(
        string="Approval Above (% of Customers)",
        default=20,
        digits=(5, 1),
        help="A run that would move more of the customers waits for a manager. 0: "
        "never.",
    )
    approval_revenue_percent = fields.Float(
        string="Approval Above (% of Revenue)",
        default=30,
        digits=(5, 1),
        help="A run that would move customers with more of the revenue waits for a "
        "manager. 0: never.",
    )
    approval_min_customers = fields.Integer(
        string="Approval From Customers",
        default=50,
        help="With fewer customers than this, runs are never stopped.",
    )

    run_count = fields.Integer(compute="_compute_run_count")
    last_run_id = fields.Many2one("classification.run", compute="_compute_last_run")
    last_run_state = fields.Selection(
        selection=lambda self: self.env["classification.run"]
        ._fields["state"]
        ._description_selection(self.env),
        string="State of the Last Run",
        compute="_compute_last_run",
    )
    last_run_date = fields.Datetime(
        string="End of the Last Run", compute="_compute_last_run"
    )
    last_run_text = fields.Char(
        string="Result of the Last Run", compute="_compute_last_run"
    )

    _one_published = models.UniqueIndex(
        "(company_id) WHERE state = 'published'",
        "A company has one published policy. Retire the other one first.",
    )

    @api.model
    def _default_tz(self):
        return self.env.company.partner_id.tz or self.env.user.tz or "UTC"

    @api.depends("name", "version")
    def _compute_display_name(self):
        for policy in self:
            policy.display_name = self.env._(
                "%(name)s (version %(version)s)",
                name=policy.name or "",
                version=policy.version,
            )

    def _compute_run_count(self):
        counts = dict(
            self.env["classification.run"]._read_group(
                [("policy_id", "in", self.ids)], ["policy_id"], ["__count"]
            )
        )
        for policy in self:
            policy.run_count = counts.get(policy, 0)

    @api.depends_context("lang")
    def _compute_last_run(self):
        last = dict(
            self.env["classification.run"]._read_group(
                [("policy_id", "in", self.ids), ("scope", "=", "all")],
                ["policy_id"],
                ["id:max"],
            )
        )
        for policy in self:
            run = self.env["classification.run"].browse(last.get(policy))
            policy.last_run_id = run
            policy.last_run_state = run.state
            policy.last_run_date = run.end_date
            policy.last_run_text = run._result_sentence()

    @api.constrains(lambda self: self._rule_fields())
    def _check_rules(self):
        """The engine itself judges the rules; its sentence is shown."""
        for policy in self.filtered("tier_ids"):
            policy._parameters()

    @api.constrains(lambda self: self._not_negative_fields())
    def _check_not_negative(self):
        for policy in self:
            for name in self._not_negative_fields():
                if policy[name] < 0:
                    label = self._fields[name]._description_string(self.env)
                    raise ValidationError(self.env._("%s cannot be negative.", label))

    @api.constrains("tier_ids")
    def _check_tiers(self):
        for policy in self:
            if not policy.tier_ids:
                raise ValidationError(
                    self.env._(
                        "Give the policy at least one value tier with its limit."
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        policies = super().create(vals_list)
        for policy in policies.filtered(lambda policy: not policy.tier_ids):
            policy.tier_ids = policy._default_tier_commands()
        policies._check_tiers()
        return policies

    def write(self, vals):
        if self._rule_fields() & set(vals) and self.filtered(
            lambda policy: policy.state != "draft"
        ):
            raise UserError(
                self.env._(
                    "A published policy is not changed, so that what it decided stays "
                    "explained. Make a new version, change that one and publish it."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_published(self):
        if self.filtered(lambda policy: policy.state != "draft"):
            raise UserError(
                self.env._("Only a draft can be deleted; others explain past classes.")
            )

    @api.model
    def _rule_fields(self):
        """Names of the fields that decide about classes."""
        return {
            *("company_id", "tz", "revenue_source", "subtract_credit_notes"),
            *("prospect_scope", "window_months", "bins", "weight_recency"),
            *("weight_frequency", "weight_monetary", "value_metric", "tier_method"),
            *("tier_ids", "min_orders", "min_tenure_days", "min_customers"),
            *("keep_margin", "grace_days", "one_step_down", "new_days"),
            *("loyal_orders", "loyal_tenure_days", "dormant_ratio"),
            *("dormant_min_days", "lost_ratio", "lost_min_days", "won_back_days"),
            *("at_risk_ratio", "decline_growth", "refund_share"),
        }

    @api.model
    def _not_negative_fields(self):
        """Names of the numbers that are zero or more."""
        return (
            *("min_orders", "min_tenure_days", "min_customers", "grace_days"),
            *("new_days", "loyal_orders", "loyal_tenure_days", "won_back_days"),
            *("dormant_min_days", "lost_min_days"),
        )

    @api.model
    def _first_policy_values(self, company):
        """Values of the policy with which a company starts."""
        return {
            "name": self.env._("Customer classes"),
            "company_id": company.id,
            "tz": company.partner_id.tz or self.env.user.tz or "UTC",
        }

    def _default_tier_commands(self):
        """One limit line for each of the tiers shipped that still exist."""
        tiers = {
            tier.code: tier.id for tier in self.env["customer.value.tier"].search([])
        }
        return [
            fields.Command.create({"tier_id": tiers[code], "limit": limit})
            for code, limit in DEFAULT_TIERS
            if code in tiers
        ]

    def _parameters(self):
        """The engine's :class:`Parameters` of this version.

        :raises ValidationError: with the engine's sentence when the rules
            contradict each other.
        """
        from ..engine import Parameters, TierLimit

        self.ensure_one()
        try:
            return Parameters(
                policy=self.id,
                tiers=tuple(
                    TierLimit(key=line.tier_id.id, limit=line.limit)
                    for line in self.tier_ids.sorted("tier_sequence")
                ),
                unrated_key=self.env["customer.value.tier"]._unrated_id(),
                weight_recency=self.weight_recency / 100,
                weight_frequency=self.weight_frequency / 100,
                weight_monetary=self.weight_monetary / 100,
                keep_margin=self.keep_margin / 100,
                decline_growth=self.decline_growth / 100,
                refund_share=self.refund_share / 100,
                currency_digits=self.currency_id.decimal_places,
                **{name: self[name] for name in self._plain_parameters()},
            )
        except ValueError as error:
            raise ValidationError(rule_sentence(self.env, str(error))) from error

    @api.model
    def _plain_parameters(self):
        """Names of the fields that the engine takes as they are."""
        return (
            *("window_months", "bins", "value_metric", "tier_method", "min_orders"),
            *("min_tenure_days", "min_customers", "grace_days", "one_step_down"),
            *("new_days", "loyal_orders", "loyal_tenure_days", "dormant_ratio"),
            *("dormant_min_days", "lost_ratio", "lost_min_days", "won_back_days"),
            "at_risk_ratio",
        )

    def _responsible_user(self):
        """Who is told of what a person has to look at."""
        self.ensure_one()
        manager = self.env.ref("customer_classification.group_manager")
        candidates = self.published_by_id + self.create_uid + manager.all_user_ids
        people = candidates.filtered(
            lambda user: user.active
            and user != self.env.ref("base.user_root")
            and self.company_id in user.company_ids
        )
        return people[:1] or self.env.ref("base.user_admin")

    def _today(self):
        """Today in the time zone of the policy."""
        return fields.Date.context_today(self.with_context(tz=self.tz))

    # Actions

    def action_publish(self):
        """Make these drafts the rule books of their companies, and have everybody
        classified by them."""
        self._publish()
        for policy in self:
            self.env["classification.run"]._queue(policy)

    def _publish(self):
        """Make these drafts the rule books of their companies; what follows is up to
        the caller."""
        for policy in self:
            if policy.state == "published":
                continue
            current = self.search(
                [("company_id", "=", policy.company_id.id), ("state", "=", "published")]
            )
            current.state = "retired"
            current.flush_recordset(["state"])
            policy.write(
                {
                    "state": "published",
                    "published_date": fields.Datetime.now(),
                    "published_by_id": self.env.uid,
                }
            )

    def action_new_version(self):
        """Open a draft that starts from this policy."""
        self.ensure_one()
        versions = self.search([("company_id", "=", self.company_id.id)])
        draft = self.copy({"name": self.name})
        draft.version = max(versions.mapped("version")) + 1
        return draft._open_form()

    def _open_form(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    def action_recompute(self):
        """Queue a full run and show it; the scheduled action does the work."""
        self.ensure_one()
        run = self.env["classification.run"]._queue(self)
        return run._open_form()

    def action_open_runs(self):
        """Open the runs of this policy."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.classification_run_action"
        )
        action["domain"] = [("policy_id", "=", self.id)]
        return action

    # The one way in

    def recompute(
        self,
        as_of_date=None,
        partner_ids=None,
        kind="production",
        horizon_days=None,
    ):
        """Run this policy and return the :class:`classification.run`.

        :param as_of_date: day (or ISO text) up to which purchases count; today in
            the policy's time zone by default.
        :param partner_ids: ids of partners of whom only the customers are looked
            at, with the limits of the last full run; everybody by default.
        :param kind: ``production`` writes the classes; ``preview`` and
            ``back_test`` only the counts on the run.
        :param horizon_days: of a back-test: days after ``as_of_date`` of which the
            purchases are compared with the classes; 180 by default, fewer where
            fewer are over.
        :raises UserError: when another run of the company is under way, or a
            production run is asked of a policy that is not published, or a
            back-test of a day that is not past.
        """
        self.ensure_one()
        self.check_access("read")
        run = self.env["classification.run"]._prepare(
            self,
            as_of_date=as_of_date,
            partner_ids=partner_ids,
            kind=kind,
            horizon_days=horizon_days,
        )
        run._execute()
        return run.with_env(self.env)

    def refresh(self):
        """Look at the customers whose documents changed since the last run, or whose
        day has come, and return the :class:`classification.run`.

        Gives what a run over everybody with the limits of the last one would give.

        :raises UserError: as :meth:`recompute`
        """
        self.ensure_one()
        self.check_access("read")
        run = self.env["classification.run"]._prepare(self, scope="changed")
        run._execute()
        return run.with_env(self.env)

    @api.model
    def _cron_recompute(self):
        """Run every published policy for today, and the runs that people queued."""
        self._process_queue("all")

    @api.model
    def _cron_refresh(self):
        """Bring the classes of every company up to the hour."""
        self._process_queue("changed")

    @api.model
    def _process_queue(self, scope):
        published = self.search([("state", "=", "published")], order="company_id")
        self.env["classification.run"]._process_queue(published, scope)
