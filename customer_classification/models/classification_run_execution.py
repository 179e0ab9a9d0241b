import logging
import time
from contextlib import contextmanager

from psycopg2 import Error as DatabaseError

from odoo import api, fields, models, tools
from odoo.exceptions import UserError

from ..copy_frames import write_frame
from . import classification_columns as columns
from .customer_lifecycle_stage import STAGE_SELECTION

_logger = logging.getLogger(__name__)

# A run asks again when another transaction changed a row under it.
ATTEMPTS = 3


class ClassificationRun(models.Model):
    """How a run does its work: collect, score, compare, write."""

    _inherit = "classification.run"

    # Executing

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
