import logging
import time
from contextlib import contextmanager

from psycopg2 import Error as DatabaseError

from odoo import api, fields, models, tools
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL

from ..copy_frames import write_frame
from . import classification_columns as columns
from .classification_sentences import note_sentence
from .customer_lifecycle_stage import STAGE_SELECTION

_logger = logging.getLogger(__name__)

# First key of the advisory lock; the second one is the id of the company.
LOCK_KEY = 1_129_270_867
# A run asks again when another transaction changed a row under it.
ATTEMPTS = 3


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
    _description = "Classification Run"
    _order = "id desc"

    policy_id = fields.Many2one(
        "classification.policy",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    company_id = fields.Many2one(related="policy_id.company_id", store=True, index=True)
    kind = fields.Selection(
        [
            ("production", "Production"),
            ("preview", "Preview"),
            ("back_test", "Back-test"),
        ],
        required=True,
        readonly=True,
        default="production",
    )
    scope = fields.Selection(
        [("all", "All customers"), ("some", "Chosen customers")],
        required=True,
        readonly=True,
        default="all",
    )
    as_of_date = fields.Date(string="As Of", required=True, readonly=True)
    state = fields.Selection(
        [
            ("queued", "Waiting"),
            ("running", "Running"),
            ("done", "Done"),
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
    looked_at_count = fields.Integer(string="Customers Looked At", readonly=True)
    written_count = fields.Integer(string="Profiles Written", readonly=True)
    tier_change_count = fields.Integer(string="Tier Changes", readonly=True)
    stage_change_count = fields.Integer(string="Stage Changes", readonly=True)
    risk_change_count = fields.Integer(string="Risk Changes", readonly=True)
    change_count = fields.Integer(string="Changes", compute="_compute_change_count")
    held_back_count = fields.Integer(
        string="Held Back",
        readonly=True,
        help="Customers who keep their tier by the keep limit or the grace period.",
    )
    unrated_count = fields.Integer(string="Not Rated", readonly=True)
    error = fields.Text(readonly=True)
    edges = fields.Json(readonly=True)
    notes = fields.Json(readonly=True)
    notes_text = fields.Text(string="Remarks", compute="_compute_notes_text")
    result_ids = fields.One2many("classification.run.result", "run_id", readonly=True)
    change_ids = fields.One2many("classification.change", "run_id", readonly=True)
    move_ids = fields.One2many("classification.move", "run_id", readonly=True)

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
    def _prepare(self, policy, as_of_date=None, partner_ids=None, kind="production"):
        """A run about to be executed in this transaction, with the lock taken."""
        self._check_may_run(policy, partner_ids, kind)
        self._lock(policy.company_id, "transaction")
        self.sudo()._mark_interrupted(policy.company_id)
        return (
            self.sudo()
            .create(
                {
                    "policy_id": policy.id,
                    "kind": kind,
                    "scope": "all" if partner_ids is None else "some",
                    "as_of_date": as_of_date or policy._today(),
                }
            )
            .with_context(customer_ids=self._customer_ids(partner_ids))
        )

    @api.model
    def _check_may_run(self, policy, partner_ids, kind):
        """Users recompute some customers, Officers everybody, by the rules in force."""
        level = "user" if partner_ids is not None else "officer"
        if not self.env.su and not self.env.user.has_group(
            f"customer_classification.group_{level}"
        ):
            raise AccessError(
                self.env._("You may not recompute these customers' classes.")
            )
        if kind == "production" and policy.state != "published":
            raise UserError(
                self.env._(
                    "Publish the policy first: only a published policy classifies."
                )
            )

    @api.model
    def _customer_ids(self, partner_ids):
        """Ids of the commercial partners of partners, None for everybody."""
        if partner_ids is None:
            return None
        partners = self.env["res.partner"].sudo().browse(partner_ids)
        return partners.commercial_partner_id.ids

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
        self._check_may_run(policy, None, "production")
        waiting = self.sudo().search(
            [("policy_id", "=", policy.id), ("state", "=", "queued")], limit=1
        )
        run = waiting or self.sudo().create(
            {"policy_id": policy.id, "as_of_date": policy._today()}
        )
        self.env.ref("customer_classification.ir_cron_recompute").sudo()._trigger()
        return run.sudo(False)

    @api.model
    def _recompute_now(self, partners, companies):
        """Recompute some customers in this transaction and say what came of it."""
        runs = self.browse()
        for company in companies:
            policy = company.sudo()._get_customer_policy()
            if policy:
                runs += policy.with_env(self.env).recompute(partner_ids=partners.ids)
        return runs._notification()

    # Executing

    @api.model
    def _process_queue(self, policies):
        """Execute what waits; first queue today's run of each policy that had none.

        Called by the scheduled action, commits after each step.
        """
        self = self.with_context(classification_commit=True)
        self._queue_daily(policies)
        waiting = self.search([("state", "=", "queued")], order="id")
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(waiting))
        for run in waiting:
            run._execute_locked()
            if not cron._commit_progress(1):
                break

    @api.model
    def _queue_daily(self, policies):
        """Queue a run for each policy without a finished or waiting one of its
        today."""
        recent = self.search(
            [
                ("policy_id", "in", policies.ids),
                ("scope", "=", "all"),
                ("kind", "=", "production"),
                ("state", "in", ("queued", "done")),
            ]
        )
        served = {(run.policy_id, run.as_of_date) for run in recent}
        self.create(
            [
                {"policy_id": policy.id, "as_of_date": policy._today()}
                for policy in policies
                if (policy, policy._today()) not in served
            ]
        )

    def _execute_locked(self):
        """Execute one queued run, committing on the way; a company that is being
        recomputed elsewhere stays queued."""
        company = self.company_id
        try:
            self._lock(company, "session")
        except UserError:
            return
        try:
            self._mark_interrupted(company)
            self._execute()
        finally:
            self._unlock(company)

    @api.model
    def _mark_interrupted(self, company):
        """Who holds the lock knows that other runs of the company are dead."""
        self.search([("company_id", "=", company.id), ("state", "=", "running")]).write(
            {"state": "interrupted", "end_date": fields.Datetime.now()}
        )

    def _execute(self):
        """Do the work; a failure ends in the run's own record, not in a traceback
        that nobody reads."""
        self.ensure_one()
        started = time.monotonic()
        self.write({"state": "running", "start_date": fields.Datetime.now()})
        self._enter("collect", 5)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._undo_on_error():
                    self._run_phases()
                values = {"state": "done", "progress": 100, "error": False}
                break
            except DatabaseError as error:
                values = self._failure(error)
                if not self._is_passing(error) or attempt == ATTEMPTS:
                    break
            except Exception as error:
                values = self._failure(error)
                break
        self.write(
            {
                **values,
                "end_date": fields.Datetime.now(),
                "duration": time.monotonic() - started,
            }
        )
        if self.state == "done":
            self._after_run()

    def _after_run(self):
        """What follows when a run has ended well; others add theirs."""

    @contextmanager
    def _undo_on_error(self):
        """Take back what a failed attempt wrote, and only that."""
        if not self.env.context.get("classification_commit"):
            with self.env.cr.savepoint():
                yield
            return
        try:
            yield
        except Exception:
            self.env.cr.rollback()
            raise

    def _is_passing(self, error):
        """Whether the same statement may succeed when it is tried again: a
        serialization failure (40001) or a deadlock (40P01), and nothing but a new
        transaction helps, which the caller's own one is not."""
        return error.pgcode in ("40001", "40P01") and self.env.context.get(
            "classification_commit"
        )

    def _failure(self, error):
        """Values that tell people what went wrong; the log has the traceback."""
        _logger.info("Classification run %s failed", self.id, exc_info=error)
        return {"state": "failed", "error": str(error).strip() or repr(error)}

    def _enter(self, step, progress):
        """Note how far the run is, for everybody to see where it may commit."""
        self.write({"step": step, "progress": progress})
        if self.env.context.get("classification_commit"):
            self.env["ir.cron"]._commit_progress()

    def _run_phases(self):
        """Collect, score, compare, write."""
        from ..engine import changes, classify

        policy = self.policy_id
        parameters = policy._parameters()
        facts_model = self.env["classification.facts"]
        scope = facts_model._scope(
            policy, self.as_of_date, self.env.context.get("customer_ids")
        )
        facts, previous = facts_model._read(policy, parameters, scope)
        gone = facts.index[~facts["is_customer"]]
        facts, previous = facts.drop(gone), previous.drop(gone)
        self._enter("score", 50)
        if self.kind == "back_test":
            previous = previous.iloc[:0]  # what is known today was not known then
        result = classify(
            facts, previous, parameters, self.as_of_date, self._given_edges()
        )
        self._enter("write", 70)
        moves = changes(previous, facts, result.frame, parameters)
        self._write_summary(facts, previous, result, moves, parameters)
        if self.kind == "production":
            self._write_profiles(facts, previous, result.frame)
            self._write_moves(facts, moves, columns.insert_changes(self))
            self._delete_profiles(gone)
        elif self.kind == "preview":
            self._write_moves(facts, moves, columns.insert_moves(self))

    def _given_edges(self):
        """Limits of the last full run of this policy, for a run over some customers;
        None where the run has to find them."""
        from ..engine import Edges

        if self.scope == "all":
            return None
        last = self._last_full_runs(self.company_id).get(self.company_id)
        if not last or last.policy_id != self.policy_id:
            return None
        return Edges.from_json(last.edges)

    # Writing

    def _write_summary(self, facts, previous, result, moves, parameters):
        """Counts on the run, and for a full run the cells of its result."""
        self.write(self._summary_values(facts, previous, result, moves, parameters))
        if self.scope == "all":
            self._write_results(facts, result.frame)

    def _summary_values(self, facts, previous, result, moves, parameters):
        """Values of this run that tell what it found; others add theirs.

        :param facts: frame of facts, and ``active``, by customer
        :param previous: frame of the classes so far, by customer
        :param result: the engine's ``Classification``
        :param moves: the engine's changes, long
        :param parameters: the engine's ``Parameters``
        """
        frame = result.frame
        unrated = frame["value_tier"] == parameters.unrated_key
        per_axis = moves["axis"].value_counts()
        return {
            "looked_at_count": len(frame),
            "held_back_count": int(frame["held_back"].sum()),
            "unrated_count": int(unrated.sum()),
            "tier_change_count": int(per_axis.get("value_tier", 0)),
            "stage_change_count": int(per_axis.get("lifecycle_stage", 0)),
            "risk_change_count": int(per_axis.get("churn_risk", 0)),
            "edges": result.edges.to_json(),
            "notes": result.notes,
        }

    def _write_results(self, facts, frame):
        """One row for each combination of tier, stage and risk: one insert."""
        cells = frame[["value_tier", "lifecycle_stage", "churn_risk"]].assign(
            customer_count=1,
            revenue=facts["revenue"],
            lifetime_revenue=facts["lifetime_revenue"],
        )
        cells = cells.groupby(["value_tier", "lifecycle_stage", "churn_risk"]).sum()
        stages = self._stage_ids()
        risks = (False, "low", "medium", "high")
        self.env["classification.run.result"].create(
            [
                {
                    "run_id": self.id,
                    "value_tier_id": int(tier),
                    "lifecycle_stage_id": stages[stage],
                    "churn_risk": risks[risk],
                    "customer_count": int(cell.customer_count),
                    "revenue": cell.revenue,
                    "lifetime_revenue": cell.lifetime_revenue,
                }
                for (tier, stage, risk), cell in cells.iterrows()
            ]
        )

    @api.model
    @tools.ormcache()
    def _stage_ids(self):
        """Ids of the stages by the engine's codes, 0 for no stage. The stages are
        fixed, so that they are looked up once in the life of a process."""
        stages = self.env["customer.lifecycle.stage"].search_fetch([], ["code"])
        ids = {stage.code: stage.id for stage in stages}
        return (0, *(ids[code] for code, __ in STAGE_SELECTION))

    def _write_profiles(self, facts, previous, frame):
        """Write the profiles whose content differs from what stands: four queries."""
        content = columns.profile_content(facts, frame, self)
        content["content_hash"] = columns.content_hash(content)
        differs = content["content_hash"] != previous["content_hash"]
        content = content[differs].reset_index()
        self.written_count = len(content)
        if content.empty:
            return
        kinds = {"partner_id": "int", **columns.profile_kinds()}
        write_frame(self.env.cr, content, "tmp_customer_profile", kinds)
        self.env.cr.execute(columns.upsert_profiles(self))
        self.env.cr.execute("DROP TABLE tmp_customer_profile")
        self.env["customer.profile"].invalidate_model()

    def _write_moves(self, facts, moves, statement):
        """Append moves to the history, or to the moves of this run: four queries."""
        if moves.empty:
            return
        rows = columns.move_rows(facts, moves, self)
        write_frame(self.env.cr, rows, "tmp_classification_move", columns.MOVE_KINDS)
        self.env.cr.execute(statement)
        self.env.cr.execute("DROP TABLE tmp_classification_move")
        self.env["classification.change"].invalidate_model()
        self.env["classification.move"].invalidate_model()

    def _delete_profiles(self, partner_ids):
        """Forget who is no customer of its own any more: became a contact."""
        if not len(partner_ids):
            return
        self.env["customer.profile"].with_context(active_test=False).search(
            [
                ("company_id", "=", self.company_id.id),
                ("partner_id", "in", partner_ids.tolist()),
            ]
        ).unlink()

    # Reading

    @api.model
    def _last_full_runs(self, companies):
        """``{company: last full production run}``: one query, and one for the runs
        when they are read."""
        last = self.sudo()._read_group(
            [
                ("company_id", "in", companies.ids),
                ("kind", "=", "production"),
                ("scope", "=", "all"),
                ("state", "=", "done"),
            ],
            ["company_id"],
            ["id:max"],
        )
        runs = self.sudo().browse([run_id for __, run_id in last])
        return {run.company_id: run for run in runs}

    def _tier_limits(self):
        """``{tier id: value from which a customer enters it}`` of this run."""
        limits = (self.edges or {}).get("tier_limits", {})
        return {int(tier): limit for tier, limit in limits.items()}

    def _result_sentence(self):
        """What came of this run, or of no run, in a sentence."""
        if self.state == "done":
            return self.env._(
                "%(customers)s customers looked at, %(changes)s classes changed.",
                customers=self.looked_at_count,
                changes=self.change_count,
            )
        return self.error

    def _notification(self):
        """A message to the user about runs that have just ended."""
        failed = self.filtered(lambda run: run.state == "failed")
        moved = sum(self.mapped("change_count"))
        if failed:
            message = failed[0].error
        elif not self:
            message = self.env._("No policy is published, so nothing was recomputed.")
        elif moved:
            message = self.env._("%s classes changed.", moved)
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

    def action_open_changes(self):
        """Open the changes that this run made."""
        self.ensure_one()
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
