from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from .arguments import as_choice
from .called_records import check_one
from .classification_product_columns import OTHER_KINDS
from .classification_run import RUN_KINDS
from .own_context import OWN


class ClassificationPolicy(models.Model):
    """The versioned rule book by which one company classifies its customers.

    A policy is written as a draft, published once and never changed after that:
    what has been decided by it can so be explained for ever. Changing the rules
    means publishing a new version.
    """

    _name = "classification.policy"
    _inherit = "classification.protected.mixin"
    _description = "Classification Policy"
    _order = "company_id, version desc, id desc"
    _check_company_auto = True
    _protected_fields = frozenset(
        {
            *("state", "version", "published_date", "published_by_id"),
            *("filter_user_id", "customer_rules_id", "product_rules_id"),
            *("campaign_rules_id", "kept_run_id", "kept_date", "kept_by_id"),
        }
    )

    name = fields.Char(required=True, translate=False)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    version = fields.Integer(default=1, readonly=True, copy=False, aggregator=None)
    state = fields.Selection(
        [("draft", "Draft"), ("published", "Published"), ("retired", "Retired")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
    )
    published_date = fields.Datetime(string="Published On", readonly=True, copy=False)
    published_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    run_ids = fields.One2many("classification.run", "policy_id")
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
                [
                    ("policy_id", "in", self.ids),
                    ("scope", "=", "all"),
                    ("kind", "not in", OTHER_KINDS),
                ],
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
        """The engine itself judges the rules; its error is told in a sentence."""
        for policy in self:
            if self.env.context.get("references_judged_later") is not OWN:
                policy._check_references()
            policy._parameters()

    @api.model_create_multi
    def create(self, vals_list):
        lines = self._default_lines()
        policies = super(
            ClassificationPolicy, self.with_context(rules_judged_later=OWN)
        ).create(
            [
                {**vals, **{name: vals.get(name) or lines[name] for name in lines}}
                for vals in vals_list
            ]
        )
        return policies.with_env(self.env)

    def write(self, vals):
        self._check_changeable(vals)
        return super(
            ClassificationPolicy, self.with_context(rules_judged_later=OWN)
        ).write(vals)

    def _check_changeable(self, vals):
        """Refuse changes of published policies but for the responsible.

        They explain the classes that they gave.
        """
        changed = set(vals) - self._protected_fields - self._changeable_fields()
        if changed and self.filtered(lambda policy: policy.state != "draft"):
            raise UserError(
                self.env._(
                    "A published policy is not changed, so that what it decided stays "
                    "explained. Make a new version, change that one and publish it."
                )
            )

    @api.model
    def _changeable_fields(self):
        """Names of the fields that people may change once it is published."""
        return {"responsible_id"}

    @api.ondelete(at_uninstall=False)
    def _unlink_except_published(self):
        if self.filtered(lambda policy: policy.state != "draft"):
            raise UserError(
                self.env._("Only a draft can be deleted; others explain past classes.")
            )

    @api.model
    def _first_policy_values(self, company):
        """Values of the policy with which a company starts."""
        return {
            "name": self.env._("Customer classes"),
            "company_id": company.id,
            "tz": company.partner_id.tz or self.env.user.tz or "UTC",
        }

    def _responsible_user(self):
        """Who is told of what a person has to look at."""
        self = self.sudo()  # other users' companies are not for everybody to read
        self.ensure_one()
        manager = self.env.ref("customer_classification.group_manager")
        candidates = self.responsible_id + self.published_by_id + self.create_uid
        candidates += manager.all_user_ids
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
        self._check_may_publish()
        for policy in self:
            if policy.state == "published":
                continue
            # A tier may have been archived since, or an addon uninstalled.
            policy._check_rules()
            policy._check_filters()
            current = self.sudo().search(
                [("company_id", "=", policy.company_id.id), ("state", "=", "published")]
            )
            since = policy._since_values() | current._kept_values()
            current.state = "retired"
            current.flush_recordset(["state"])
            policy.sudo().write(
                {
                    "state": "published",
                    "published_date": fields.Datetime.now(),
                    "published_by_id": self.env.uid,
                    **since,
                }
            )

    def _check_may_publish(self):
        """Managers publish drafts of the companies in which they work.

        :raises AccessError: somebody else asks
        :raises UserError: a policy is retired
        """
        self._check_manager()
        self.check_access("write")
        if self.filtered(lambda policy: policy.state == "retired"):
            raise UserError(
                self.env._(
                    "A retired policy explains past classes. Make a new version of it "
                    "and publish that one."
                )
            )

    def _check_manager(self):
        if not self.env.su and not self.env.user.has_group(
            "customer_classification.group_manager"
        ):
            raise AccessError(
                self.env._("Only a manager may write and publish policies.")
            )

    def action_new_version(self):
        """Open a draft that starts from this policy."""
        check_one(self)
        self._check_manager()
        self.check_access("write")
        # What became invalid since is mended in the draft: nothing else can be changed.
        policy = self.with_context(references_judged_later=OWN)
        draft = policy.copy({"name": self.name}).with_env(self.env)
        draft.sudo().version = self._next_version(self.company_id)
        return draft._open_form()

    @api.model
    def _next_version(self, company):
        """The number after the highest one of a company."""
        [(highest,)] = self.sudo()._read_group(
            [("company_id", "=", company.id)], aggregates=["version:max"]
        )
        return (highest or 0) + 1

    def _open_form(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    def action_recompute(self):
        """Queue a full run and show it; the scheduled action does the work."""
        check_one(self)
        run = self.env["classification.run"]._queue(self)
        return run._open_form()

    def action_open_runs(self):
        """Open the runs of this policy."""
        check_one(self)
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
        :raises UserError: when another run of the company is under way, a production
            run is asked of a policy that is not published, the day is still to come,
            or an argument is of a wrong kind.
        """
        check_one(self)
        runs = self.env["classification.run"]
        run = runs._prepare(
            self,
            as_of_date=runs._day_argument(as_of_date),
            partner_ids=runs._partner_argument(partner_ids),
            kind=as_choice(self.env, kind, dict(RUN_KINDS), runs._label_of("kind")),
            horizon_days=runs._horizon_argument(horizon_days),
        )
        run._execute()
        return run.with_env(self.env)

    def refresh(self):
        """Look at the customers whose documents changed since the last run, or whose
        day has come, and return the :class:`classification.run`.

        Gives what a run over everybody with the limits of the last one would give.

        :raises UserError: as :meth:`recompute`
        """
        check_one(self)
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
