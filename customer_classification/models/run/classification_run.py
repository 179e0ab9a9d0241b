from datetime import date

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, format_date

from ..common.access_groups import MONEY_GROUP
from ..common.arguments import BIGGEST_ID, as_choice, as_day, as_number
from ..common.called_records import check_one
from ..common.classification_reason_mixin import kept_reason_field
from ..common.language import known_language
from ..common.own_context import with_own_context
from ..common.run_kinds import RUN_KINDS
from ..common.sentences import note_sentence
from .execution import Execution, running_values
from .pipeline import Pipeline

# First key of the advisory lock; the second one is the id of the company.
LOCK_KEY = 1_129_270_867
FIRST_DAY = date(1970, 1, 1)


class ClassificationRun(models.Model):
    """One execution of a policy: the common part of all kinds of runs.

    The record, the queue, the lock, the approval and the messages are here. A kind of
    run does its work in its :class:`Pipeline`; a run is carried out by
    :class:`Execution`.
    """

    _name = "classification.run"
    _inherit = [
        "mail.thread",
        "mail.activity.mixin",
        "classification.kept.mixin",
        "classification.reason.mixin",
        "classification.referred.mixin",
        "classification.run.time.mixin",
    ]
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
            ("all", "All"),
            ("changed", "What changed"),
            ("some", "Chosen ones"),
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
    looked_at_count = fields.Integer(string="Looked At", readonly=True, aggregator=None)
    written_count = fields.Integer(
        string="Profiles Written", readonly=True, aggregator=None
    )
    change_count = fields.Integer(string="Changes", compute="_compute_change_count")
    held_back_count = fields.Integer(
        string="Held Back",
        readonly=True,
        help="Classes kept by the keep limit or the grace period.",
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
        help="A document of theirs cannot be counted. They keep their last classes "
        "until it is mended.",
        aggregator=None,
    )
    moved_percent = fields.Float(
        string="Moved (%)", readonly=True, digits=(5, 1), aggregator=None
    )
    moved_revenue_percent = fields.Float(
        string="Revenue Moved (%)", readonly=True, digits=(5, 1), aggregator=None
    )
    approved_by_id = fields.Many2one("res.users", readonly=True)
    error_reason = kept_reason_field()
    error = fields.Text(
        compute="_compute_told_reason",
        search="_search_told_reason",
    )
    notes = fields.Json(readonly=True)
    notes_text = fields.Text(string="Remarks", compute="_compute_notes_text")
    grace_end_count = fields.Integer(
        string="Fall With the Old Limits",
        readonly=True,
        help="Who loses a class only because the rules changed a limit, or what is "
        "compared with it: tolerance and grace period by the rules before end with "
        "them.",
        aggregator=None,
    )
    policy_state = fields.Selection(related="policy_id.state", string="Policy State")
    rehearsal = fields.Json(
        readonly=True,
        groups=MONEY_GROUP,
        help="From which class to which they go, with their revenue.",
    )
    rehearsal_view = fields.Json(
        string="Before and After", compute="_compute_rehearsal_view"
    )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_explaining(self):
        if self.filtered(lambda run: not run._is_trial() or run.state == "running"):
            raise UserError(
                self.env._(
                    "A run explains the classes that it gave, so it is kept. Previews "
                    "and back-tests can be deleted."
                )
            )

    # Kinds

    @api.model
    def _pipelines(self):
        """Return ``{kind: subclass of Pipeline}``. Override to add kinds."""
        return {}

    def _pipeline(self, execution=None):
        """Return the pipeline of this run; a bare one before there is a kind."""
        return self._pipelines().get(self.kind, Pipeline)(self, execution)

    @api.model
    def _is_trial_kind(self, kind):
        """Return whether runs of a kind change no class."""
        return self._pipelines()[kind].kind != kind

    def _is_trial(self):
        return self._is_trial_kind(self.kind)

    @api.model
    def _writing_kinds(self):
        """Return the kinds of runs that change classes."""
        return [kind for kind in self._pipelines() if not self._is_trial_kind(kind)]

    @api.model
    def _daily_kinds(self):
        """Return the kinds that each policy has once a day besides the customers."""
        pipelines = self._pipelines()
        return [kind for kind in self._writing_kinds() if pipelines[kind].is_daily]

    @api.model
    def _hourly_kinds(self):
        """Return the kinds with hourly runs over changed records.

        Besides the customers.
        """
        pipelines = self._pipelines()
        return [kind for kind in self._writing_kinds() if pipelines[kind].is_hourly]

    @api.model
    def _change_counts(self):
        """Return the names of the fields that count changes, of all kinds."""
        pipelines = self._pipelines().values()
        names = [name for pipeline in pipelines for name in pipeline.change_counts]
        return list(dict.fromkeys(names))

    def _rules_id(self, rules):
        """Return the id of the version since which rules of this run are the same.

        :param rules: which: customer, product or campaign
        """
        return self.policy_id._rules_since(rules).id

    # Fields

    @api.model
    def _label_of(self, name):
        """Return the label of a field."""
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

    @api.depends(lambda self: self._change_counts())
    def _compute_change_count(self):
        for run in self:
            counts = run._pipeline().change_counts
            run.change_count = sum(run[name] for name in counts)

    @api.depends("rehearsal")
    @api.depends_context("uid", "lang")
    def _compute_rehearsal_view(self):
        """Show the matrices in the reader's words, amounts where they may be seen."""
        sees_money = self._sees_money()
        for run in self:
            stored = run.sudo().rehearsal
            run.rehearsal_view = stored and run._pipeline().rehearsal_view(sees_money)

    @api.model
    def _sees_money(self):
        return self.env.su or self.env.user.has_group(MONEY_GROUP)

    # Starting

    @api.model
    def _prepare_of_kind(
        self, policy, kind, as_of_date=None, subject_ids=None, scope=None
    ):
        """Return the execution of a new run of a kind, in this transaction.

        :param subject_ids: the only subjects of the run, all by default
        :param scope: of the run; by default all, or some where subjects are given
        :raises UserError: a run of a kind that writes is before the last one
        """
        self._check_may_run(policy, kind, is_for_some=subject_ids is not None)
        as_of_date = fields.Date.to_date(as_of_date) or policy._today()
        self._check_day(policy, as_of_date)
        last = None
        if not self._is_trial_kind(kind):
            last = self._last_run_of_kind(policy.company_id, kind)
            self._check_not_before_run(last, kind, as_of_date)
        values = {
            "kind": kind,
            "scope": scope or ("all" if subject_ids is None else "some"),
            "as_of_date": as_of_date,
        }
        return self._start(policy, values, subject_ids=subject_ids, last=last)

    @api.model
    def _check_not_before_run(self, last, kind, as_of_date):
        """Refuse a day before that of the last run of a kind."""
        if not last or as_of_date >= last.as_of_date:
            return
        words = dict(self._fields["kind"]._description_selection(self.env))
        raise UserError(
            self.env._(
                "%(what)s of %(company)s: a run as of %(last)s was made already.",
                what=words[kind],
                company=last.company_id.name,
                last=format_date(self.env, last.as_of_date),
            )
        )

    @api.model
    def _start(self, policy, values, subject_ids=None, last=None):
        """Take the lock, create a run and return its execution.

        :param values: of the run
        :param subject_ids: the only subjects of the run, all by default
        :param last: the last run of the kind, where it is known
        """
        company = policy.company_id
        self._lock(company, "transaction")
        own = self._in_own_context(policy)
        failed = own._mark_interrupted(company)
        run = own.create(
            {
                "policy_id": policy.id,
                "company_id": company.id,  # saves an update
                **running_values(),
                **values,
            }
        )
        return Execution(run, subject_ids=subject_ids, last=last, failed=failed)

    @api.model
    def _in_own_context(self, policy):
        """Return runs as the program itself sees them, in the company of a policy.

        The caller's context must not give a run its state, its approval or its limits.
        """
        return with_own_context(
            self, tracking_disable=True, allowed_company_ids=policy.company_id.ids
        )

    @api.model
    def _day_argument(self, day):
        """Return the day of a run, from an argument of a caller."""
        return as_day(self.env, day, self._label_of("as_of_date"))

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
        is_trial = self._is_trial_kind(kind)
        level = "user" if is_for_some and not is_trial else "officer"
        if not self.env.su and not self.env.user.has_group(
            f"customer_classification.group_{level}"
        ):
            raise AccessError(
                self.env._("You may not recompute these customers' classes.")
            )
        if not is_trial and policy.state != "published":
            raise UserError(
                self.env._(
                    "Publish the policy first: only a published policy classifies."
                )
            )

    @api.model
    def _lock(self, company, level):
        """Allow one run of a company at a time.

        :param level: ``transaction``, or ``session`` for a run that commits between
            the steps and unlocks at its end
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
    def _queue_of_kind(self, policy, kind):
        """Return the run of a kind that waits already, or a new one.

        Triggers the scheduled action.
        """
        policy.check_access("read")
        self._check_may_run(policy, kind)
        waiting = self.sudo().search(
            [
                ("policy_id", "=", policy.id),
                ("kind", "=", kind),
                ("state", "=", "queued"),
            ],
            limit=1,
        )
        run = waiting or self._in_own_context(policy).create(
            {"policy_id": policy.id, "kind": kind, "as_of_date": policy._today()}
        )
        self._trigger_queue()
        return run.with_env(self.env)

    @api.model
    def _trigger_queue(self):
        self.env.ref("customer_classification.ir_cron_recompute").sudo()._trigger()

    # The queue

    @api.model
    def _process_queue(self, policies, scope):
        """Execute the queued runs, after queueing those that the policies need.

        Called by the scheduled actions, commits after each step.

        :param scope: ``all`` for the daily runs, ``changed`` for the hourly ones
        """
        self = self.with_context(tracking_disable=True)
        cron = self.env["ir.cron"]
        self._mark_dead()
        self._queue_due(policies, scope)
        waiting = self.search([("state", "=", "queued")], order="id")
        waiting -= waiting._drop_outdated()
        cron._commit_progress(remaining=len(waiting))
        for run in waiting:
            run._execute_locked()
            if not cron._commit_progress(1):
                break

    def _execute_locked(self):
        """Execute a queued run, with commits between the steps.

        Leave it in the queue while another run of the company is under way.
        """
        company = self.company_id
        try:
            self._lock(company, "session")
        except UserError:
            return
        try:
            failed = self._mark_interrupted(company)
            Execution(self, commits=True, failed=failed).execute()
        except Exception:
            # A failed transaction could not release the lock.
            self.env.cr.rollback()
            raise
        finally:
            self._unlock(company)

    def _execute(self):
        """Execute a queued run in the transaction of the caller."""
        return Execution(self).execute()

    @api.model
    def _mark_interrupted(self, company):
        """Mark other running runs as interrupted: one query, also for the result.

        The holder of the lock knows that they are dead.

        :return: failed runs that have an open activity
        """
        found = self.search_fetch(
            [
                ("company_id", "=", company.id),
                *("|", ("state", "=", "running")),
                *("&", ("state", "=", "failed"), ("activity_ids", "!=", False)),
            ],
            ["state", "kind"],
        )
        dead = found.filtered(lambda run: run.state == "running")
        dead.write({"state": "interrupted", "end_date": fields.Datetime.now()})
        return found - dead

    @api.model
    def _mark_dead(self):
        """Mark the runs whose process was killed, and commit.

        A living process holds the lock of the company.
        """
        for company in self.search([("state", "=", "running")]).company_id:
            try:
                self._lock(company, "session")
            except UserError:
                continue
            try:
                self._mark_interrupted(company)
                self.env["ir.cron"]._commit_progress()
            finally:
                self._unlock(company)

    def _drop_outdated(self):
        """Reject and return the runs whose rules were replaced meanwhile."""
        outdated = self.filtered(
            lambda run: not run._is_trial() and run.policy_id.state != "published"
        )
        outdated.write(
            {
                "state": "rejected",
                "error_reason": {"code": "outdated"},
            }
        )
        return outdated

    @api.model
    def _queue_due(self, policies, scope):
        """Queue the runs that are due: two queries a kind.

        The daily ones of each policy that had none; or the hourly ones of each policy
        of which a run looked at everything today.
        """
        if scope == "all":
            due = [
                (policy, kind)
                for kind in self._daily_kinds()
                for policy in self._due_policies(policies, kind)
            ]
        else:
            due = [
                (policy, kind)
                for kind in self._hourly_kinds()
                for policy in self._policies_of_today(policies, kind)
            ]
        self.create(
            [
                {
                    "policy_id": policy.id,
                    "kind": kind,
                    "scope": scope,
                    "as_of_date": policy._today(),
                }
                for policy, kind in due
            ]
        )

    @api.model
    def _due_policies(self, policies, kind):
        """Return the policies without a run over all of a kind today."""
        states = ("queued", "waiting", "done", "rejected")
        had = self._days_of_kind(policies, kind, states)
        return [one for one in policies if had.get(one) != one._today()]

    @api.model
    def _policies_of_today(self, policies, kind):
        """Return the policies of which a run of a kind looked at everything today."""
        had = self._days_of_kind(policies, kind, ("done",))
        return [one for one in policies if had.get(one) == one._today()]

    @api.model
    def _days_of_kind(self, policies, kind, states):
        """Return ``{policy: last day of a run over all of a kind}``.

        Only runs by the same rules count. Two queries.
        """
        alike = policies._versions_alike(self._pipelines()[kind].rules)
        days = self._read_group(
            [
                ("policy_id", "in", [version.id for version in alike]),
                ("kind", "=", kind),
                ("scope", "=", "all"),
                ("state", "in", states),
            ],
            ["policy_id"],
            ["as_of_date:max"],
        )
        return self._latest_days(alike, days)

    @api.model
    def _latest_days(self, alike, days):
        """Return ``{policy: the latest day}`` of days by version.

        :param alike: the result of ``classification.policy._versions_alike``
        :param days: ``[(version, day)]``
        """
        latest = {}
        for version, day in days:
            for policy in alike[version]:
                latest[policy] = max(day, latest.get(policy, day))
        return latest

    # Reading

    @api.model
    def _last_run_of_kind(self, company, kind):
        """Return the last successful run of a kind in a company: one query.

        Those over chosen subjects do not count.
        """
        return self.sudo().search_fetch(
            [
                ("company_id", "=", company.id),
                ("kind", "=", kind),
                ("scope", "!=", "some"),
                ("state", "=", "done"),
            ],
            ["as_of_date"],
            order="as_of_date desc, id desc",
            limit=1,
        )

    def _result_sentence(self):
        """Return the outcome of this run, or of no run, in a sentence."""
        return self._pipeline().result_sentence()

    # Approving

    def action_approve(self):
        """Queue this run again, approved; the scheduled action does the work."""
        self._check_may_approve()
        self._check_rules_in_force()
        self._forget_moves()
        self.sudo().write({"state": "queued", "approved_by_id": self.env.uid})
        self._settle_activities(self.env._("Approved"))
        self._trigger_queue()

    def _forget_moves(self):
        """Delete the moves that were found and not made: they are made now."""
        for run in self.sudo():
            model = run._pipeline().move_model
            if model:
                run.env[model].search([("run_id", "=", run.id)]).unlink()

    def action_reject(self):
        """Leave the classes as they are."""
        self._check_may_approve()
        self.sudo().state = "rejected"
        self._settle_activities(self.env._("Rejected"))

    def action_publish_rules(self):
        """Publish the draft that this run previewed."""
        check_one(self)
        return self.policy_id.action_ask_publish()

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

    def _after_classes_written(self):
        """Hook called when a run has written classes, in its transaction."""

    def _after_segments_written(self, before):
        """Hook called when a run over customers has written their segments.

        :param before: ``{customer id: id of the segment before, or 0}`` of who moved
        """

    def _ask_for_approval(self):
        """Notify the manager that this run waits; reject earlier waiting ones."""
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
        run = self._for_responsible()
        note = run._pipeline().approval_note()
        self._notify_manager(run.env._("Approve new classes"), note)

    def _for_responsible(self):
        """Return the run in the language of the user responsible."""
        user = self.policy_id._responsible_user()
        return self.with_context(lang=known_language(self.env, user.lang))

    def _notify_manager(self, summary, note):
        """Schedule an activity for the responsible user of the policy."""
        user = self.policy_id._responsible_user()
        self.activity_schedule(
            "mail.mail_activity_data_todo", user_id=user.id, summary=summary, note=note
        )

    # Showing

    def action_open_moves(self):
        """Open the moves that this run found and did not make."""
        check_one(self)
        return self._open_list(self._pipeline().moves_action)

    def action_open_changes(self):
        """Open the changes that this run made."""
        check_one(self)
        return self._open_list(self._pipeline().changes_action)

    def _open_list(self, name):
        """Open a list of the records of this run, of every axis."""
        if not name:
            raise UserError(self.env._("Runs of this kind have no such list."))
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"customer_classification.{name}"
        )
        return {**action, "domain": [("run_id", "=", self.id)], "context": {}}

    def action_open_movers(self, axis, ends):
        """Open the moves of a cell, a row or a column of a matrix.

        :param ends: ``{"from": key, "to": key}``, or one of them: id of a record or
            word of a selection, False for none
        """
        check_one(self)
        action = self.action_open_moves()
        known = self._pipeline().ends_of_moves()
        known = known[as_choice(self.env, axis, known, self.env._("Axis"))]
        if not isinstance(ends, dict):
            raise UserError(self.env._("Say from and to which class they move."))
        moves = self.env[action["res_model"]]
        conditions = [
            self._end_condition(moves, known, end, key) for end, key in ends.items()
        ]
        action["domain"] += [("axis", "=", axis), *conditions]
        return action

    def _end_condition(self, moves, known, end, key):
        """Return the condition on one end of moves, of the class with a key."""
        name = known[as_choice(self.env, end, known, self.env._("End"))]
        field = moves._fields[name]
        if key is not False:
            label = field._description_string(self.env)
            if field.relational:
                as_number(self.env, key, 1, BIGGEST_ID, label, whole=True)
            else:
                as_choice(self.env, key, field.get_values(self.env), label)
        return (name, "=", key)

    def action_open_grace_ends(self):
        """Open the moves that are due to limits that these rules changed."""
        check_one(self)
        action = self.action_open_moves()
        action["domain"] += [("ends_grace", "=", True)]
        return action

    def action_keep_grace(self):
        """Have the draft keep the classes through the change, and preview it anew."""
        check_one(self)
        policy = self.policy_id
        policy._check_manager()
        policy.check_access("write")
        is_preview = self.kind == self._pipeline().preview_kind
        if policy.state != "draft" or not is_preview:
            raise UserError(
                self.env._("Only a draft can be changed: preview a new version of it.")
            )
        policy.keeps_grace = True
        return self._pipeline().preview_again()

    def action_open_problems(self):
        """Open the records excluded in this company now."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.classification_problem_action"
        )
        action["domain"] = [("company_id", "=", self.company_id.id)]
        return action

    def _open_form(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            **self._pipeline().form_values(),
        }
