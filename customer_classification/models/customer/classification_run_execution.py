import logging
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from ...copy_frames import write_frame
from ..common.own_context import OWN
from . import columns
from .classification_facts import RULES_OF_FACTS
from .customer_lifecycle_stage import STAGE_SELECTION

_logger = logging.getLogger(__name__)

# A run asks again when another transaction changed a row under it.
ATTEMPTS = 3


class ClassificationRun(models.Model):
    """How a run does its work: collect, score, compare, write."""

    # One file a concern: a run in one piece would be a thousand lines.
    _inherit = "classification.run"  # pylint: disable=consider-merging-classes-inherited

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
            told = self._mark_interrupted(company)
            self.with_context(told_run_ids=told.ids)._execute()
        except Exception:
            # In a failed transaction the lock could not be given back.
            self.env.cr.rollback()
            raise
        finally:
            self._unlock(company)

    @api.model
    def _mark_interrupted(self, company):
        """Who holds the lock knows that other runs of the company are dead.

        Return the failed runs of which somebody has something to do still: one query
        for both.
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
        """Mark the runs whose process was killed: who works on one holds the lock of
        its company."""
        for company in self.search([("state", "=", "running")]).company_id:
            try:
                self._lock(company, "session")
            except UserError:
                continue
            try:
                self._mark_interrupted(company)
                self._commit_progress()
            finally:
                self._unlock(company)

    def _execute(self):
        """Do the work; a failure ends in the run's own record, not in a traceback
        that nobody reads.

        :raises OperationalError: in the transaction of a caller, when another one came
            in between: Odoo repeats the caller's request
        """
        self.ensure_one()
        started = time.monotonic()
        if self.state != "running":
            self.write(self._begun())
        watermark = self._next_watermark()
        self._commit_progress()
        failure = self._attempt(watermark, started)
        if failure:
            self._end(failure, started)
            self._tell_of_failure()

    def _end(self, values, started):
        """Note the end of this run, and what came of it."""
        self.write(
            {
                **values,
                "end_date": fields.Datetime.now(),
                "duration": time.monotonic() - started,
            }
        )

    @api.model
    def _begun(self):
        """Values of a run that is being executed."""
        return {
            "state": "running",
            "start_date": fields.Datetime.now(),
            "step": "collect",
            "progress": 5,
        }

    def _attempt(self, watermark, started):
        """Go through the phases, again where another transaction came in between, and
        note the end; return what to write on a run that failed, else nothing."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._undo_on_error():
                    state = self._run_phases(watermark)
                    end = {"state": state, "progress": 100, "error": False}
                    self._end(end, started)
                    if state in ("done", "waiting"):
                        self._after_run()
                return {}
            except Exception as error:
                passing = _passing_error(error)
                if passing and not self._commits():
                    raise passing from error
                if not passing or attempt == ATTEMPTS:
                    return self._failure(passing or error)

    def _next_watermark(self):
        """The moment from which the next run has to look at what is written.

        Must be asked before the transaction that reads. In the transaction of a
        caller, which began to read before, an hour is allowed for others that were
        under way then and have ended since.
        """
        moment = self.env["classification.facts"]._watermark()
        if self._commits():
            return moment
        return moment - timedelta(hours=1)

    def _after_run(self):
        """What follows when a run has ended well; others add theirs."""
        if self.state == "waiting":
            self._ask_for_approval()

    @contextmanager
    def _undo_on_error(self):
        """Take back what a failed attempt wrote, and only that; keep the others, where
        it is for this run to commit."""
        if not self._commits():
            with self.env.cr.savepoint():
                yield
            return
        try:
            yield
            self._commit_progress()
        except Exception:
            self.env.cr.rollback()
            raise

    def _enter(self, step, progress):
        """Note how far the run is, for everybody to see where it may commit."""
        self.write({"step": step, "progress": progress})
        self._commit_progress()

    def _commits(self):
        """Whether the transaction is this run's own; else it is the caller's."""
        return self.env.context.get("classification_commit") is OWN

    def _commit_progress(self):
        if self._commits():
            self.env["ir.cron"]._commit_progress()

    def _run_phases(self, watermark):
        """Collect, score, compare, write; return the state in which the run ends."""
        from ...engine import changes, classify

        last = self._run_before()
        if self._is_backwards(last):
            self.notes = [{"code": "clock_back"}]
            return "done"
        self = self.with_context(last_run_id=last.id)
        parameters = self._customer_parameters()
        scope = self._scope(last)
        facts, previous, gone = self._collect(parameters, scope)
        self._enter("score", 50)
        parameters = self._remembering("customer", parameters, previous)
        edges = self._given_edges(parameters)
        standing = self._standing_edges(last, parameters)
        result = classify(
            *(facts, previous, parameters, self.as_of_date, edges, standing),
            frozen=self._kept_edges(parameters),
        )
        shown = self._shown(previous, result.frame)
        old_rules = self._by_old_rules(facts, previous, shown)
        self._enter("write", 70)
        moves = changes(previous, facts, result.frame, parameters, shown, old_rules)
        moves = self._with_grace_ends(facts, previous, moves, result, parameters)
        self._write_summary(facts, previous, result, moves, parameters, shown)
        waits = self._is_to_approve(facts, previous, moves)
        moves = self._dated(parameters, scope, last, moves, gone)
        if waits:
            self._write_moves(facts, moves, columns.insert_moves(self))
            return "waiting"
        if self.kind == "production":
            self.watermark = watermark
            self._write_profiles(facts, previous, result, shown, parameters)
            self._write_moves(facts, moves, columns.insert_changes(self))
            self._delete_profiles(gone.index)
            self._clean_up(shown)
        elif self.kind == "preview":
            self._write_moves(facts, moves, columns.insert_moves(self))
        return "done"

    def _dated(self, parameters, scope, last, moves, gone):
        """The moves with the days from which they are valid; among them those of who
        is no customer any more, and corrections of earlier days."""
        import pandas as pd

        today = pd.Timestamp(self.as_of_date)
        moves = moves.assign(valid_date=today, is_correction=False)
        if self.kind != "production":
            return moves
        farewells = self._farewells(gone).assign(valid_date=today, is_correction=False)
        corrected = self._corrected(parameters, scope, last, moves)
        return pd.concat(
            [part for part in (corrected, farewells) if len(part)] or [moves]
        )

    def _farewells(self, gone):
        """Moves from the last classes to none."""
        from ...engine import AXES

        long = gone[list(AXES)].melt(
            var_name="axis", value_name="from", ignore_index=False
        )
        moves = long[long["from"] != 0].reset_index()
        moves = moves.assign(to=0, cause="data", ends_grace=False)
        return moves[["partner_id", "axis", "from", "to", "cause", "ends_grace"]]

    # Collecting

    def _run_before(self):
        """The last run of the company: none or one query. A transaction sees what it
        saw when it prepared this one."""
        known = self.env.context.get("last_run_id")
        if known is None:
            return self._last_run(self.company_id)
        return self.sudo().browse(known)

    def _is_backwards(self, last):
        """Whether the clock stands before the day of the last run: what is known of a
        later day is not overwritten."""
        if self.kind != "production":
            return False
        return bool(last) and self.as_of_date < last.as_of_date

    def _scope(self, last):
        """Whose purchases are read: everybody's, those of some customers, or of who
        changed since the last run."""
        facts_model = self.env["classification.facts"]
        customer_ids = self.env.context.get("customer_ids")
        scope = facts_model._scope(self.policy_id, self.as_of_date, customer_ids)
        if self.scope != "changed":
            return scope
        if (
            not last
            or self.policy_id._has_moving_filter()
            or not self._last_full_run(self.policy_id)
        ):
            self.scope = "all"
            return scope
        ids = facts_model._changed_customer_ids(self.policy_id, scope, last)
        return replace(scope, customer_ids=tuple(ids))

    def _collect(self, parameters, scope):
        """Facts, classes so far, and the classes of who is no customer any more.

        Customers with a document that cannot be counted are set aside: they keep
        their classes, and the run tells of them.
        """
        facts_model = self.env["classification.facts"]
        facts, previous = facts_model._read(self.policy_id, parameters, scope)
        doubtful = facts.index[facts["is_customer"] & facts_model._is_doubtful(facts)]
        problems = self.env["classification.problem"]._find(
            self.policy_id, scope, doubtful.tolist()
        )
        set_aside = facts.index.intersection([partner for partner, *__ in problems])
        self._set_aside(problems, "partner_id", scope.customer_ids)
        kept = ~facts.index.isin(set_aside)
        gone = previous[kept & ~facts["is_customer"]]
        kept &= facts["is_customer"]
        if not kept.all():  # a million rows are not copied for nothing
            facts, previous = facts[kept], previous[kept]
        if self.kind == "back_test":
            previous = previous.iloc[:0]  # what is known today was not known then
        return facts, previous, gone

    def _set_aside(self, problems, subject, ids=None, kind="production"):
        """Count who is set aside; and where this run is of the kind that writes, keep
        why, for people to mend it.

        :param problems: as of ``classification.problem._replace``
        """
        if self.kind == kind:
            self.env["classification.problem"]._replace(self, problems, subject, ids)
        self.problem_count = len({record for record, *__ in problems})

    def _given_edges(self, parameters):
        """Limits of the last full run by these rules, for a run over some customers;
        None where the run finds its own.

        Where there was no full run by these rules yet, everybody is read to find
        them: limits found among some customers would be others.
        """
        from ...engine import Edges, classify

        if self.scope == "all":
            return None
        last = self._last_full_run(self.policy_id)
        if last:
            return Edges.from_json(last.edges)
        facts_model = self.env["classification.facts"]
        everybody = facts_model._scope(self.policy_id, self.as_of_date)
        facts, __ = facts_model._read(self.policy_id, parameters, everybody)
        facts = facts[facts["is_customer"] & ~facts_model._is_doubtful(facts)]
        standing = self._standing_edges(self._run_before(), parameters)
        return classify(
            *(facts, None, parameters, self.as_of_date),
            standing=standing,
            frozen=self._kept_edges(parameters),
        ).edges

    def _shown(self, previous, frame):
        """Classes as people see them, before and now, and who of them had them from
        a person: one query."""
        from ...engine import AXES, Shown, lay_over

        axes = list(AXES)
        numbers = previous.reindex(frame.index, fill_value=0)[axes]
        if self.kind == "back_test":
            return Shown(numbers, frame[axes].assign(is_overridden=False))
        decided, before = self.env["classification.override"]._decided(
            self.company_id, self.as_of_date
        )
        now = lay_over(frame[axes], decided)
        now["is_overridden"] = now.index.isin(decided.index)
        was = lay_over(numbers, before)
        was["is_overridden"] = was.index.isin(before.index)
        return Shown(was, now)

    def _by_old_rules(self, facts, previous, shown):
        """Classes that who moves would have by the rules that classified them before:
        three queries for each of these policies, of which there is one as a rule.

        :return: the engine's frame, or None where no other policy classified
        """
        import pandas as pd

        from ...engine import AXES

        previous = previous.reindex(facts.index, fill_value=0)
        moved = (shown.before[list(AXES)] != shown.now[list(AXES)]).any(axis=1)
        policies = previous["policy"].where(moved, 0)
        others = policies[~policies.isin((0, self._rules_id("customer")))]
        frames = []
        for policy_id, index in others.groupby(others).groups.items():
            policy = self.env["classification.policy"].browse(int(policy_id)).exists()
            try:
                frames.append(self._classes_by(policy, facts, previous, index))
            except ValidationError:
                continue  # rules of before that name what is no more say nothing
        known = [frame for frame in frames if frame is not None]
        return pd.concat(known) if known else None

    def _classes_by(self, policy, facts, previous, index):
        """What another policy says today of some customers, with the limits that it
        would find, or, where it counts other documents, those that it last found;
        None where it never found any."""
        from ...engine import Edges, classify

        last = policy and self._last_full_run(policy)
        if not last:
            return None
        parameters, edges = policy._parameters(), Edges.from_json(last.edges)
        before, today = previous.loc[index], self.as_of_date
        if self.scope == "all" and self._counts_as(policy):
            kept = self._kept_edges(parameters)
            rules = (parameters, today)
            found = classify(facts, before, *rules, standing=edges, frozen=kept)
            return found.frame.loc[index]
        own = self._facts_by(policy, parameters, facts, index)
        before = before.loc[own.index]
        return classify(own, before, parameters, today, edges).frame

    def _counts_as(self, policy):
        """Whether another policy counts the same documents."""
        return all(policy[name] == self.policy_id[name] for name in RULES_OF_FACTS)

    def _facts_by(self, policy, parameters, facts, index):
        """Facts of some customers as another policy counts them."""
        if self._counts_as(policy):
            return facts.loc[index]
        facts_model = self.env["classification.facts"]
        scope = facts_model._scope(policy, self.as_of_date, index.tolist())
        own, __ = facts_model._read(policy, parameters, scope)
        own = own.loc[own.index.intersection(index)]
        return own[~facts_model._is_doubtful(own)]

    # Approving

    def _is_to_approve(self, facts, previous, moves):
        """Whether so many move that a manager has to look first. What a person
        decided, and first classes, are no matter of approval."""
        if self.kind != "production" or self.scope == "some":
            return False
        moved = moves[
            (moves["from"] != 0)
            & (moves["cause"] != "person")
            & moves["axis"].isin(("value_tier", "lifecycle_stage"))
        ]["partner_id"].unique()
        customers, revenue = self._population(facts, previous)
        moved_revenue = float(facts["revenue"].loc[moved].clip(lower=0).sum())
        self.moved_customer_percent = 100 * len(moved) / customers if customers else 0
        self.moved_revenue_percent = 100 * moved_revenue / revenue if revenue else 0
        return not self.approved_by_id and self._exceeds_limits(customers)

    def _population(self, facts, previous):
        """``(customers, revenue)`` of all who were classified before: at most one
        query."""
        if self.scope == "all":
            known = previous.index[previous["value_tier"] != 0]
            return len(known), float(facts["revenue"].loc[known].clip(lower=0).sum())
        [(number, revenue)] = self.env["customer.profile"]._read_group(
            [("company_id", "=", self.company_id.id), ("active", "in", (True, False))],
            aggregates=["__count", "revenue:sum"],
        )
        return number, revenue

    def _exceeds_limits(self, customers):
        policy = self.policy_id
        if customers < policy.approval_min_customers:
            return False
        return any(
            limit and moved > limit
            for moved, limit in (
                (self.moved_customer_percent, policy.approval_customer_percent),
                (self.moved_revenue_percent, policy.approval_revenue_percent),
            )
        )

    # Writing

    def _write_summary(self, facts, previous, result, moves, parameters, shown):
        """Counts on the run, and for a full run the cells of its result."""
        self.write(self._summary_values(facts, previous, result, moves, parameters))
        if self.scope == "all":
            self._write_results(facts, shown.now)

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
        per_cause = moves["cause"].value_counts()
        return {
            **{
                f"{cause}_change_count": int(per_cause.get(cause, 0))
                for cause in ("data", "rules", "time", "person")
            },
            "looked_at_count": len(frame),
            "held_back_count": int(frame["held_back"].sum()),
            "unrated_count": int(unrated.sum()),
            "tier_change_count": int(per_axis.get("value_tier", 0)),
            "stage_change_count": int(per_axis.get("lifecycle_stage", 0)),
            "risk_change_count": int(per_axis.get("churn_risk", 0)),
            "edges": result.edges.to_json(),
            "notes": result.notes,
        }

    def _write_results(self, facts, shown):
        """One row for each combination of tier, stage and risk: one insert."""
        sums = self._summed_facts(facts)
        cells = shown[["value_tier", "lifecycle_stage", "churn_risk"]].assign(**sums)
        cells = cells.groupby(["value_tier", "lifecycle_stage", "churn_risk"]).sum()
        stages = self._stage_ids()
        risks = (False, "low", "medium", "high")
        self.env["classification.run.result"].create(
            [
                {
                    "run_id": self.id,
                    "company_id": self.company_id.id,
                    "currency_id": self.company_id.currency_id.id,
                    "as_of_date": self.as_of_date,
                    "kind": self.kind,
                    "value_tier_id": int(tier),
                    "lifecycle_stage_id": stages[stage],
                    "churn_risk": risks[risk],
                    **{name: cell[name] for name in sums},
                }
                for (tier, stage, risk), cell in cells.iterrows()
            ]
        )

    def _summed_facts(self, facts):
        """``{column of the result: values by customer}`` that its cells sum up;
        others add theirs."""
        return {
            "customer_count": 1,
            "revenue": facts["revenue"],
            "lifetime_revenue": facts["lifetime_revenue"],
        }

    @api.model
    @tools.ormcache()
    def _stage_ids(self):
        """Ids of the stages by the engine's codes, 0 for no stage. The stages are
        fixed, so that they are looked up once in the life of a process."""
        stages = self.env["customer.lifecycle.stage"].search_fetch([], ["code"])
        ids = {stage.code: stage.id for stage in stages}
        return (0, *(ids[code] for code, __ in STAGE_SELECTION))

    def _write_profiles(self, facts, previous, result, shown, parameters):
        """Write the profiles whose content differs from what stands: four queries."""
        shown.now["segment_id"] = _segments(result, shown.now, parameters)
        content = columns.profile_content(facts, result.frame, shown.now, self)
        differs = content["content_hash"] != previous["content_hash"]
        self.written_count = int(differs.sum())
        if not self.written_count:
            return
        columns.PROFILES.write(self, content, differs)
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
        """Forget who is no customer of its own any more: became a contact, or objects
        to profiling."""
        if not len(partner_ids):
            return
        withheld = self.env["classification.withheld.row"]
        withheld._withhold_objectors(partner_ids.tolist())
        self.env["customer.profile"].with_context(active_test=False).search(
            [
                ("company_id", "=", self.company_id.id),
                ("partner_id", "in", partner_ids.tolist()),
            ]
        ).unlink()

    def _clean_up(self, shown):
        """Forget what this run has seen to, and tell what it means for decisions."""
        if self.scope != "some":
            self.env["classification.dirty"]._forget(self.company_id)
        if any(classes["is_overridden"].any() for classes in shown):
            self.env["classification.override"]._update_status(
                self.company_id, self.as_of_date
            )


def _segments(result, shown, parameters):
    """Key of the segment of each customer, by the classes that people see."""
    from ...engine import METRICS, segment_of

    scores = [result.frame[f"score_{metric}"].to_numpy() for metric in METRICS]
    return segment_of(scores, shown, result.edges.bins, parameters)


def _passing_error(error):
    """The error behind an error by which another transaction came in between, so that
    the same may succeed in a new transaction; ``None`` for any other."""
    while error and not isinstance(error, PG_CONCURRENCY_EXCEPTIONS_TO_RETRY):
        error = error.__cause__ or error.__context__
    return error
