from datetime import date

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, format_date, formatLang

from .arguments import as_day, as_ids, as_number
from .called_records import check_one
from .classification_sentences import note_sentence
from .customer_profile import MONEY_GROUP
from .own_context import OWN, with_own_context

# First key of the advisory lock; the second one is the id of the company.
LOCK_KEY = 1_129_270_867
RUN_KINDS = [
    ("production", "Production"),
    ("preview", "Preview"),
    ("back_test", "Back-test"),
]
# Runs of these kinds change no class: nothing is explained by them later.
TRIAL_KINDS = ("preview", "back_test", "product_preview")
FIRST_DAY = date(1970, 1, 1)
LONGEST_HORIZON_DAYS = 36_500


class ClassificationRun(models.Model):
    """One execution of a policy.

    *How it works*: collect (one query for the facts and the classes so far), score
    (the engine, in memory), compare (by a hash of what would be written), write
    (only the rows that differ, in one statement each for profiles and changes).
    Production, preview and back-test go this one way and differ in whether the
    last step is taken.

    *Query budget*: at most 20 for any number of customers.

    A run that the scheduled action executes commits between the steps, so that its
    progress is seen; writing is one transaction, so that a killed run leaves every
    customer in the old or in the new state.
    """

    _name = "classification.run"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _description = "Classification Run"
    _order = "id desc"
    _rec_names_search = ["policy_id"]

    policy_id = fields.Many2one(
        "classification.policy",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    company_id = fields.Many2one(related="policy_id.company_id", store=True, index=True)
    kind = fields.Selection(
        RUN_KINDS,
        required=True,
        readonly=True,
        default="production",
    )
    scope = fields.Selection(
        [
            ("all", "All customers"),
            ("changed", "Customers who changed"),
            ("some", "Chosen customers"),
        ],
        required=True,
        readonly=True,
        default="all",
    )
    as_of_date = fields.Date(string="As Of", required=True, readonly=True)
    state = fields.Selection(
        [
            ("queued", "Waiting"),
            ("running", "Running"),
            ("waiting", "To Approve"),
            ("done", "Done"),
            ("rejected", "Rejected"),
            ("failed", "Failed"),
            ("interrupted", "Interrupted"),
        ],
        required=True,
        readonly=True,
        default="queued",
        index=True,
    )
    step = fields.Selection(
        [
            ("collect", "Reading the purchases"),
            ("score", "Working out the classes"),
            ("write", "Writing what changed"),
        ],
        readonly=True,
    )
    progress = fields.Float(readonly=True, aggregator=None)
    start_date = fields.Datetime(string="Started", readonly=True)
    end_date = fields.Datetime(string="Ended", readonly=True)
    duration = fields.Float(string="Seconds", readonly=True, digits=(10, 2))
    looked_at_count = fields.Integer(
        string="Customers Looked At", readonly=True, aggregator=None
    )
    written_count = fields.Integer(
        string="Profiles Written", readonly=True, aggregator=None
    )
    tier_change_count = fields.Integer(
        string="Tier Changes", readonly=True, aggregator=None
    )
    stage_change_count = fields.Integer(
        string="Stage Changes", readonly=True, aggregator=None
    )
    risk_change_count = fields.Integer(
        string="Risk Changes", readonly=True, aggregator=None
    )
    change_count = fields.Integer(string="Changes", compute="_compute_change_count")
    held_back_count = fields.Integer(
        string="Held Back",
        readonly=True,
        help="Customers who keep their tier by the keep limit or the grace period.",
        aggregator=None,
    )
    unrated_count = fields.Integer(string="Not Rated", readonly=True, aggregator=None)
    data_change_count = fields.Integer(
        string="By New Data", readonly=True, aggregator=None
    )
    rules_change_count = fields.Integer(
        string="By New Rules", readonly=True, aggregator=None
    )
    time_change_count = fields.Integer(string="By Time", readonly=True, aggregator=None)
    person_change_count = fields.Integer(
        string="By a Person", readonly=True, aggregator=None
    )
    problem_count = fields.Integer(
        string="Set Aside",
        readonly=True,
        help="Customers with a document that cannot be counted. They keep their last "
        "classes until it is mended.",
        aggregator=None,
    )
    moved_customer_percent = fields.Float(
        string="Customers Moved (%)", readonly=True, digits=(5, 1), aggregator=None
    )
    moved_revenue_percent = fields.Float(
        string="Revenue Moved (%)", readonly=True, digits=(5, 1), aggregator=None
    )
    approved_by_id = fields.Many2one("res.users", readonly=True)
    watermark = fields.Datetime(
        readonly=True,
        help="What was written before this moment (UTC) has been looked at.",
    )
    error = fields.Text(readonly=True)
    edges = fields.Json(readonly=True, groups=MONEY_GROUP)
    notes = fields.Json(readonly=True)
    notes_text = fields.Text(string="Remarks", compute="_compute_notes_text")
    result_ids = fields.One2many("classification.run.result", "run_id", readonly=True)
    change_ids = fields.One2many("classification.change", "run_id", readonly=True)
    move_ids = fields.One2many("classification.move", "run_id", readonly=True)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_trials(self):
        if self.filtered(
            lambda run: run.kind not in TRIAL_KINDS or run.state == "running"
        ):
            raise UserError(
                self.env._(
                    "A run explains the classes that it gave, so it is kept. Previews "
                    "and back-tests can be deleted."
                )
            )

    @api.model
    def _label_of(self, name):
        """What people call a field."""
        return self._fields[name]._description_string(self.env)

    @api.depends("policy_id", "as_of_date")
    def _compute_display_name(self):
        for run in self:
            run.display_name = self.env._(
                "%(policy)s, as of %(day)s",
                policy=run.policy_id.name or "",
                day=fields.Date.to_string(run.as_of_date) or "",
            )

    @api.depends("notes")
    @api.depends_context("lang")
    def _compute_notes_text(self):
        for run in self:
            run.notes_text = "\n".join(
                note_sentence(self.env, note) for note in run.notes or []
            )

    @api.depends("tier_change_count", "stage_change_count", "risk_change_count")
    def _compute_change_count(self):
        for run in self:
            run.change_count = (
                run.tier_change_count + run.stage_change_count + run.risk_change_count
            )

    # Starting

    @api.model
    def _prepare(
        self,
        policy,
        as_of_date=None,
        partner_ids=None,
        kind="production",
        scope=None,
        **values,
    ):
        """A run about to be executed in this transaction, with the lock taken."""
        self._check_may_run(policy, kind, is_for_some=partner_ids is not None)
        as_of_date = fields.Date.to_date(as_of_date)
        self._check_day(policy, as_of_date)
        last = self._last_run(policy.company_id)
        if kind == "production" and as_of_date:
            self._check_not_before(last, as_of_date)
        self._lock(policy.company_id, "transaction")
        own = self._in_own_context(policy)
        told = own._mark_interrupted(policy.company_id)
        run = own.create(
            {
                "policy_id": policy.id,
                "company_id": policy.company_id.id,  # spares an update
                "kind": kind,
                "scope": scope or ("all" if partner_ids is None else "some"),
                "as_of_date": as_of_date or policy._today(),
                **self._begun(),
                **values,
            }
        )
        return run.with_context(
            customer_ids=self._customer_ids(partner_ids),
            last_run_id=last.id,
            told_run_ids=told.ids,
        )

    @api.model
    def _in_own_context(self, policy):
        """Runs as the program itself sees them, in the company of a policy.

        The caller's context must not give a run its state, its approval or its limits.
        """
        return with_own_context(
            self, tracking_disable=True, allowed_company_ids=policy.company_id.ids
        )

    @api.model
    def _check_not_before(self, last, as_of_date):
        """What the last run knows of a later day is not overwritten by an earlier
        one."""
        if last and as_of_date < last.as_of_date:
            raise UserError(
                self.env._(
                    "The customers of %(company)s were classified as of %(last)s "
                    "already. To look at an earlier day, make a back-test.",
                    company=last.company_id.name,
                    last=format_date(self.env, last.as_of_date),
                )
            )

    @api.model
    def _day_argument(self, day):
        """The day up to which a run looks, as a caller hands it over."""
        return as_day(self.env, day, self._label_of("as_of_date"))

    @api.model
    def _horizon_argument(self, days):
        """The days after that of a back-test, as a caller hands them over."""
        if days is None or days is False:
            return None
        label = self._label_of("horizon_days")
        return as_number(self.env, days, 0, LONGEST_HORIZON_DAYS, label, whole=True)

    @api.model
    def _partner_argument(self, partner_ids):
        """Ids of contacts that a caller hands over and may read: one query.

        None stands for everybody.
        """
        if partner_ids is None:
            return None
        return as_ids(self.env, "res.partner", partner_ids)

    @api.model
    def _check_day(self, policy, day):
        """Refuse a day still to come, or before the calendar of the engine."""
        today = policy._today()
        if day and not FIRST_DAY <= day <= today:
            raise UserError(
                self.env._(
                    "%(day)s: choose a day from %(first)s to today, %(today)s.",
                    day=format_date(self.env, day),
                    first=format_date(self.env, FIRST_DAY),
                    today=format_date(self.env, today),
                )
            )

    @api.model
    def _check_may_run(self, policy, kind, is_for_some=False):
        """Refuse runs that the user may not start, or by rules not in force.

        Users recompute some customers, Officers everybody; trials are for Officers.

        :param is_for_some: whether only chosen customers are looked at
        """
        level = "user" if is_for_some and kind == "production" else "officer"
        if not self.env.su and not self.env.user.has_group(
            f"customer_classification.group_{level}"
        ):
            raise AccessError(
                self.env._("You may not recompute these customers' classes.")
            )
        if kind not in TRIAL_KINDS and policy.state != "published":
            raise UserError(
                self.env._(
                    "Publish the policy first: only a published policy classifies."
                )
            )

    @api.model
    def _customer_ids(self, partner_ids):
        """Ids of the commercial partners of partners, None for everybody.

        :raises AccessError: the caller may not read one of them
        """
        if partner_ids is None:
            return None
        partners = self.env["res.partner"].browse(partner_ids)
        customers = partners.sudo().commercial_partner_id.sudo(self.env.su)
        (customers - partners).check_access("read")
        return customers.ids

    @api.model
    def _lock(self, company, level):
        """One run of a company at a time.

        :param level: ``transaction``, or ``session`` for a run that commits on its
            way and unlocks at its end
        :raises UserError: when another run holds the lock
        """
        function = {
            "transaction": SQL("pg_try_advisory_xact_lock"),
            "session": SQL("pg_try_advisory_lock"),
        }[level]
        [(taken,)] = self.env.execute_query(
            SQL("SELECT %s(%s, %s)", function, LOCK_KEY, company.id)
        )
        if not taken:
            raise UserError(
                self.env._(
                    "The customers of %s are being recomputed right now. Try again "
                    "when that run has ended.",
                    company.name,
                )
            )

    @api.model
    def _unlock(self, company):
        self.env.cr.execute(
            SQL("SELECT pg_advisory_unlock(%s, %s)", LOCK_KEY, company.id)
        )

    @api.model
    def _queue(self, policy):
        """The run of the policy that waits already, or a new one; the scheduled
        action is woken up."""
        policy.check_access("read")
        self._check_may_run(policy, "production")
        waiting = self.sudo().search(
            [
                ("policy_id", "=", policy.id),
                ("kind", "=", "production"),
                ("state", "=", "queued"),
            ],
            limit=1,
        )
        run = waiting or self._in_own_context(policy).create(
            {"policy_id": policy.id, "as_of_date": policy._today()}
        )
        self.env.ref("customer_classification.ir_cron_recompute").sudo()._trigger()
        return run.with_env(self.env)

    @api.model
    def _recompute_now(self, partners, companies):
        """Recompute some customers in this transaction and say what came of it."""
        runs = self.browse()
        for company in companies:
            policy = company.sudo()._get_customer_policy()
            if policy:
                runs += policy.with_env(self.env).recompute(partner_ids=partners.ids)
        return runs._notification()

    # What waits

    @api.model
    def _process_queue(self, policies, scope):
        """Execute what waits; first queue the runs of a scope that the policies need.

        Called by the scheduled actions, commits after each step.
        """
        self = self.with_context(classification_commit=OWN, tracking_disable=True)
        self._mark_dead()
        self._queue_due(policies, scope)
        waiting = self.search([("state", "=", "queued")], order="id")
        waiting -= waiting._drop_outdated()
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(waiting))
        for run in waiting:
            run._execute_locked()
            if not cron._commit_progress(1):
                break

    def _drop_outdated(self):
        """Reject and return the runs whose rules were replaced meanwhile."""
        outdated = self.filtered(
            lambda run: run.kind not in TRIAL_KINDS
            and run.policy_id.state != "published"
        )
        outdated.write(
            {
                "state": "rejected",
                "error": self.env._("Another policy was published in the meantime."),
            }
        )
        return outdated

    @api.model
    def _queue_due(self, policies, scope):
        """Queue a run over everybody for each policy that had none today; or one over
        who changed, for each that had one over everybody before."""
        if scope == "all":
            states = ("queued", "waiting", "done", "rejected")
            had = self._full_run_days(policies, states)
            due = [p for p in policies if had.get(p) != p._today()]
        else:
            had = self._full_run_days(policies, ("done",))
            due = [policy for policy in policies if policy in had]
        self.create(
            [{"policy_id": p.id, "as_of_date": p._today(), "scope": scope} for p in due]
        )

    @api.model
    def _full_run_days(self, policies, states):
        """``{policy: last as-of date of its production runs over everybody}``."""
        return dict(
            self._read_group(
                [
                    ("policy_id", "in", policies.ids),
                    ("scope", "=", "all"),
                    ("kind", "=", "production"),
                    ("state", "in", states),
                ],
                ["policy_id"],
                ["as_of_date:max"],
            )
        )

    # Reading

    @api.model
    def _last_runs(self, companies):
        """``{company: last production run}`` that looked at all customers, or at all
        who had changed: one query, and one for the runs when they are read."""
        last = self.sudo()._read_group(
            [
                ("company_id", "in", companies.ids),
                ("kind", "=", "production"),
                ("scope", "in", ("all", "changed")),
                ("watermark", "!=", False),
                ("state", "=", "done"),
            ],
            ["company_id"],
            ["id:max"],
        )
        runs = self.sudo().browse([run_id for __, run_id in last])
        return {run.company_id: run for run in runs}

    @api.model
    def _last_run(self, company):
        """The run that :meth:`_last_runs` tells of one company: one query."""
        return self.sudo().search_fetch(
            [
                ("company_id", "=", company.id),
                ("kind", "=", "production"),
                ("scope", "in", ("all", "changed")),
                ("watermark", "!=", False),
                ("state", "=", "done"),
            ],
            ["policy_id", "as_of_date", "watermark", "edges"],
            order="id desc",
            limit=1,
        )

    @api.model
    def _last_full_run(self, policy):
        """The last production run over everybody, which found limits, by the rules of
        a policy about customers: also as a later version repeats them."""
        since = policy._rules_since("customer")
        return self.sudo().search(
            [
                "|",
                ("policy_id", "=", since.id),  # published before this was kept
                ("policy_id.customer_rules_id", "=", since.id),
                ("kind", "=", "production"),
                ("scope", "=", "all"),
                ("watermark", "!=", False),
                ("state", "=", "done"),
            ],
            order="id desc",
            limit=1,
        )

    def _result_sentence(self):
        """What came of this run, or of no run, in a sentence."""
        if self.state == "waiting":
            return self.env._(
                "%(customers)s %% of the customers would move: a manager has to "
                "approve it.",
                customers=formatLang(self.env, self.moved_customer_percent, 1),
            )
        if self.state == "done":
            return self.env._(
                "Customers looked at: %(customers)s. Classes changed: %(changes)s.",
                customers=self.looked_at_count,
                changes=self.change_count,
            )
        return self.error

    def _notification(self):
        """A message to the user about runs that have just ended."""
        failed = self.filtered(lambda run: run.state == "failed")
        set_aside = sum(self.mapped("problem_count"))
        moved = sum(self.mapped("change_count"))
        if failed:
            message = failed[0].error
        elif not self:
            message = self.env._("No policy is published, so nothing was recomputed.")
        elif set_aside:
            message = self.env._(
                "%s customers keep their classes, because a document of theirs cannot "
                "be counted. See Set Aside.",
                set_aside,
            )
        elif moved:
            message = self.env._("Classes changed: %s.", moved)
        else:
            message = self.env._("The classes are up to date.")
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": message,
                "type": "danger" if failed else "success",
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    # Approving

    def action_approve(self):
        """Have this run done after all; the scheduled action does the work."""
        self._check_may_approve()
        self._check_rules_in_force()
        self._forget_moves()
        self.sudo().write({"state": "queued", "approved_by_id": self.env.uid})
        self._settle_activities(self.env._("Approved"))
        self.env.ref("customer_classification.ir_cron_recompute").sudo()._trigger()

    def _forget_moves(self):
        """What was rehearsed is done now."""
        self.sudo().move_ids.unlink()

    def action_reject(self):
        """Leave the classes as they are."""
        self._check_may_approve()
        self.sudo().state = "rejected"
        self._settle_activities(self.env._("Rejected"))

    def _check_may_approve(self):
        self.check_access("read")
        if not self.env.user.has_group("customer_classification.group_manager"):
            raise AccessError(self.env._("Only a manager may approve or reject a run."))
        if self.filtered(lambda run: run.state != "waiting"):
            raise UserError(self.env._("This run does not wait for an approval."))

    def _check_rules_in_force(self):
        if self.filtered(lambda run: run.policy_id.state != "published"):
            raise UserError(
                self.env._(
                    "Another policy was published since. Reject this run; the next one "
                    "goes by the new rules."
                )
            )

    def _settle_activities(self, feedback):
        with_own_context(self).activity_ids.action_feedback(feedback=feedback)

    def _ask_for_approval(self):
        """Tell the manager that this run waits; give up those that waited before."""
        earlier = self.search(
            [
                ("company_id", "=", self.company_id.id),
                ("kind", "=", self.kind),
                ("state", "=", "waiting"),
                ("id", "!=", self.id),
            ]
        )
        earlier._settle_activities(self.env._("A later run took its place."))
        earlier.state = "rejected"
        self._tell_manager(self.env._("Approve new classes"), self._approval_note())

    def _approval_note(self):
        """What the manager is told of a run that waits."""
        return self.env._(
            "%(customers)s %% of the customers, with %(revenue)s %% of the "
            "revenue, would move. Nothing was changed yet: look at who moves, then "
            "approve or reject it.",
            customers=formatLang(self.env, self.moved_customer_percent, 1),
            revenue=formatLang(self.env, self.moved_revenue_percent, 1),
        )

    def _tell_manager(self, summary, note):
        """Give the one who is responsible for the policy something to do."""
        user = self.policy_id._responsible_user()
        self.activity_schedule(
            "mail.mail_activity_data_todo", user_id=user.id, summary=summary, note=note
        )

    def action_open_moves(self):
        """Open the moves that this run found and did not make."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.classification_move_action"
        )
        action["domain"] = [("run_id", "=", self.id)]
        action["context"] = {}  # of every axis, as the button counts them
        return action

    def action_open_problems(self):
        """Open the customers of this company who are set aside now."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.classification_problem_action"
        )
        action["domain"] = [("company_id", "=", self.company_id.id)]
        return action

    def action_open_changes(self):
        """Open the changes that this run made."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.classification_change_action"
        )
        action["domain"] = [("run_id", "=", self.id)]
        action["context"] = {}
        return action

    def _open_form(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }
