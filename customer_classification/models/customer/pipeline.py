"""Pipeline of runs over customers."""

from dataclasses import replace
from datetime import timedelta
from functools import cached_property, partial

from odoo.tools import SQL

from ...engine import AXES, CAUSES
from ..run.pipeline import Pipeline
from . import columns, first_classes, rehearsal
from .classification_facts import RULES_OF_FACTS
from .classification_move_mixin import CLASS_FIELDS
from .correction import Corrections
from .drift import Drift
from .explanation import numbers_of_all
from .memory import ends_of_grace, remembering, standing_limits
from .predicting import Predicting
from .prediction import MOST_NAMED, forget_predictions, write_predictions

# Columns of the profiles so far that are needed to write the new ones.
WRITTEN_PREVIOUS = ("policy", "value_tier", "segment", "content_hash")


class CustomerPipeline(Predicting, Pipeline):
    """Runs over customers, production and preview."""

    kind = "production"
    preview_kind = "preview"
    rules = "customer"
    subject = "partner_id"
    axes = AXES
    override_model = "classification.override"
    move_model = "classification.move"
    moves_action = "classification_move_action"
    changes_action = "classification_change_action"
    change_counts = ("tier_change_count", "stage_change_count", "risk_change_count")
    cause_codes = dict(zip(CAUSES, CAUSES, strict=True))

    def __init__(self, run, execution=None):
        super().__init__(run, execution)
        self.facts_model = self.env["classification.facts"]

    def find_last(self):
        return self.run._last_run(self.company)

    @cached_property
    def last_full(self):
        """Return the last run over all by these rules: at most one query."""
        return self.run._last_full_run(self.policy, self.last)

    def next_watermark(self):
        """Return the moment from which the next run has to look for new documents.

        The transaction of a caller began to read earlier, so an hour is allowed for
        others that were under way then and have ended since.
        """
        moment = self.facts_model._watermark()
        if self.execution.commits:
            return moment
        return moment - timedelta(hours=1)

    # Collecting

    def collect(self):
        """Read facts, classes so far, and the classes of former customers.

        Customers with a document that cannot be counted are excluded: they keep
        their classes, and the run counts them.
        """
        from ...engine import Window

        rules = self.policy._parameters()
        self.parameters = replace(rules, policy=self.rules_id)
        self.scope = self._scope()
        self.window = None if self.is_trial else Window(rules, self.as_of_date)
        self.behaviours = self._behaviours()
        facts, previous = self.facts_model._read(
            *(self.policy, self.parameters, self.scope, self.last_full or self.last),
            [one for one in (self.window, self.behaviours) if one is not None],
        )
        doubtful = self.facts_model._is_doubtful(facts)
        doubtful = facts.index[facts["is_customer"] & doubtful]
        problems, are_known = self.env["classification.problem"]._find(
            self.policy, self.scope, doubtful.tolist()
        )
        set_aside = facts.index.intersection([partner for partner, *__ in problems])
        self.set_aside(problems, self.scope.customer_ids, are_known)
        self.excluded = set_aside
        kept = ~facts.index.isin(set_aside)
        self.gone = previous[kept & ~facts["is_customer"]]
        kept &= facts["is_customer"]
        if not kept.all():  # a million rows are not copied for nothing
            facts, previous = facts[kept], previous[kept]
        self.facts, self.previous = facts, previous

    def _scope(self):
        """Return the scope to read: all customers, some, or the changed ones."""
        scope = self.facts_model._scope(
            self.policy, self.as_of_date, self.execution.subject_ids
        )
        if self.run.scope != "changed":
            return scope
        if not self.last or self.policy._has_moving_filter() or not self.last_full:
            self.run.scope = "all"
            return scope
        return self.facts_model._changed_scope(self.policy, scope, self.last)

    # Scoring

    def score(self):
        from ...engine import classify

        keeps_grace = self.policy.keeps_grace
        others = self.other_rules(self.previous["policy"])
        self.parameters = remembering(self.parameters, others, keeps_grace)
        edges = self.given_edges()
        standing = self.standing_edges()
        self.result = classify(
            self.facts,
            self.previous,
            self.parameters,
            self.as_of_date,
            edges,
            standing,
            frozen=self.kept_edges(self.parameters),
        )
        self.predict()
        by_predictions = self._by_predictions(self.result.frame, self.parameters)
        self.result = self.result._replace(frame=by_predictions)
        self.shown = self.find_shown()

    def given_edges(self):
        """Return the limits of the last full run, for a run over some customers.

        None where the run finds its own. Where there was no full run by these rules
        yet, all customers are read to find the limits: those found among some
        customers would be others.
        """
        from ...engine import Edges, classify

        if self.run.scope == "all":
            return None
        if self.last_full:
            return Edges.from_json(self.last_full.edges)
        everybody = self.facts_model._scope(self.policy, self.as_of_date)
        facts, __ = self.facts_model._read(self.policy, self.parameters, everybody)
        facts = facts[facts["is_customer"] & ~self.facts_model._is_doubtful(facts)]
        return classify(
            *(facts, None, self.parameters, self.as_of_date),
            standing=self.standing_edges(),
            frozen=self.kept_edges(self.parameters),
        ).edges

    def standing_edges(self):
        """Return the limits of the last run that still hold, or None."""
        return standing_limits(self.last, self.parameters)

    def kept_edges(self, parameters):
        """Return the limits that a manager keeps, or None."""
        before = self.last.policy_id  # read already, as a rule
        current = before if before.state == "published" else None
        return self.policy._kept_edges(parameters, current)

    def find_shown(self):
        """Return the classes as people see them, before and now: one query."""
        axes = list(AXES)
        frame = self.result.frame
        before = self.previous[axes].reindex(frame.index, fill_value=0)
        return self.shown_classes(before, frame[axes])

    # Comparing

    def compare(self):
        from ...engine import changes

        moving = self._is_moving()
        old_rules = self._old_rules(moving)
        self.previous = self.facts_model._with_own_counts(
            self.scope, self.previous, self.facts.index[moving]
        )
        moves = changes(
            self.previous,
            self.facts,
            self.result.frame,
            self.parameters,
            self.shown,
            old_rules,
        )
        moves["ends_grace"] = ends_of_grace(self, moves)
        self.run.grace_end_count = int(moves["ends_grace"].sum())
        self.moves = moves

    def _is_moving(self):
        """Return a mask of the customers whose classes differ from before."""
        axes = list(AXES)
        return (self.shown.before[axes] != self.shown.now[axes]).any(axis=1)

    def _old_rules(self, moving):
        """Return the classes of moving customers by the rules before.

        Three queries for each of these policies, of which there is one as a rule.

        :param moving: mask of the customers
        """
        policies = self.previous["policy"].reindex(self.facts.index, fill_value=0)
        return self.classes_by_old_rules(policies.where(moving, 0))

    def classes_by(self, policy, index):
        """Return the classes of some customers by another policy.

        By the limits that it would find, or, where it counts other documents, by
        those that it last found; None where it never found any.
        """
        from ...engine import Edges, classify

        policy = policy.exists()
        last = policy and self.run._last_full_run(policy)
        if not last:
            return None
        parameters, edges = policy._parameters(), Edges.from_json(last.edges)
        before = self.previous.reindex(self.facts.index, fill_value=0).loc[index]
        rules = (parameters, self.as_of_date)
        if self.run.scope == "all" and self._counts_as(policy):
            kept = self.kept_edges(parameters)
            found = classify(self.facts, before, *rules, standing=edges, frozen=kept)
            return self._by_predictions(found.frame.loc[index], parameters)
        own = self._facts_by(policy, parameters, index)
        found = classify(own, before.loc[own.index], *rules, edges).frame
        if not self._learns_as(policy):
            return found  # by other documents, nothing is predicted here
        return self._by_predictions(found, parameters)

    def _counts_as(self, policy):
        """Return whether another policy counts documents that were read."""
        if not policy._parameters().reads_no_more_than(self.parameters):
            return False
        return all(policy[name] == self.policy[name] for name in RULES_OF_FACTS)

    def _facts_by(self, policy, parameters, index):
        """Return facts of some customers as another policy counts them."""
        if self._counts_as(policy):
            return self.facts.loc[index]
        scope = self.facts_model._scope(policy, self.as_of_date, index.tolist())
        own, __ = self.facts_model._read(policy, parameters, scope)
        own = own.loc[own.index.intersection(index)]
        return own[~self.facts_model._is_doubtful(own)]

    # Summary

    def summarize(self):
        """Write counts on the run, and for a full run the cells of its result."""
        result = super().summarize()
        if self.run.scope == "all":
            self._write_results()
        self.keep_rehearsal()
        return result

    def summary_values(self):
        frame, per_axis = self.result.frame, self.moves["axis"].value_counts()
        unrated = frame["value_tier"] == self.parameters.unrated_key
        return {
            **self.cause_counts(self.moves),
            "looked_at_count": len(frame),
            "held_back_count": int(frame["held_back"].sum()),
            "unrated_count": int(unrated.sum()),
            "tier_change_count": int(per_axis.get("value_tier", 0)),
            "stage_change_count": int(per_axis.get("lifecycle_stage", 0)),
            "risk_change_count": int(per_axis.get("churn_risk", 0)),
            "edges": self.result.edges.to_json(),
            "notes": self.result.notes,
            "prediction": self._prediction_to_keep(),
            **self._drift_values(),
        }

    def _drift_values(self):
        """Return the distribution of a full production run, and how it differs."""
        from ...engine.customers.drift import distribution

        if self.is_trial or self.run.scope != "all":
            return {}
        found = distribution(self.facts, self.result.frame)
        return {"distribution": found, "drift": Drift(self.run).find(found)}

    def _write_results(self):
        """Create a row for each combination of tier, stage and risk: one insert."""
        axes, sums = list(AXES), self.summed_facts()
        cells = self.shown.now[axes].assign(**sums).groupby(axes).sum()
        stages = self.run._stage_ids()
        risks = (False, *columns.RISKS)
        self.env["classification.run.result"].create(
            [
                {
                    "run_id": self.run.id,
                    "company_id": self.company.id,
                    "currency_id": self.company.currency_id.id,
                    "as_of_date": self.as_of_date,
                    "kind": self.run.kind,
                    "value_tier_id": int(tier),
                    "lifecycle_stage_id": stages[stage],
                    "churn_risk": risks[risk],
                    **{name: cell[name] for name in sums},
                }
                for (tier, stage, risk), cell in cells.iterrows()
            ]
        )

    def summed_facts(self):
        """Return ``{column: values}`` that the cells of a result sum up."""
        return {
            "customer_count": 1,
            "revenue": self.facts["revenue"],
            "lifetime_revenue": self.facts["lifetime_revenue"],
        }

    def keep_rehearsal(self):
        """Keep the content of a preview: matrices, and the spread of values.

        Nothing of an hourly run that moves nobody.
        """
        moves = self.run.scope == "changed" and len(self.moves)
        if self.run.scope == "all" or moves:
            self.run.rehearsal = rehearsal.matrices(self)
        if self.run.scope == "all":
            self.run.histogram = rehearsal.histogram_values(self)

    # Approval

    def may_wait(self):
        return not self.is_trial and self.run.scope != "some"

    def moved_shares(self):
        moves = self.moves
        is_own = (moves["from"] != 0) & (moves["cause"] != "person")
        is_own &= moves["axis"].isin(("value_tier", "lifecycle_stage"))
        moved = moves[is_own]["partner_id"].unique()
        revenue = float(self.facts["revenue"].loc[moved].clip(lower=0).sum())
        customers, whole = self._population() if len(moved) else (0, 0)
        return len(moved), customers, revenue, whole

    def _population(self):
        """Return number and revenue of the customers classified before.

        At most one query: in a run over some, of the results of the last one over all.
        """
        if self.run.scope == "all":
            known = self.previous.index[self.previous["value_tier"] != 0]
            revenue = self.facts["revenue"].loc[known].clip(lower=0).sum()
            return len(known), float(revenue)
        [found] = self.env["classification.run.result"]._read_group(
            [("run_id", "=", self.last_full.id)],
            aggregates=["customer_count:sum", "revenue:sum"],
        )
        return found

    # Writing

    def apply(self):
        moves = self._with_valid_dates()
        self.writes_moves = not moves.empty
        self.run.watermark = self.execution.watermark
        self._keep_what_is_written()
        content = self._profile_content()
        segments = self._segments_before(content)
        with_profiles, others = self._predictions_to_write()
        touched = self.differing.union(self.gone.index).tolist()
        with self.env["customer.profile.total"]._following(self.run, touched):
            self._write_profiles(content, with_profiles)
            del content  # as large as the facts
            insert = partial(columns.insert_changes, days=self.prediction_days)
            self._write_rows(self._write_firsts(moves), insert)
            self._delete_profiles(self.gone.index)
        if len(others):
            write_predictions(self.env, self.company, others)
        forget_predictions(self.env, self.company, self.excluded.tolist())
        if self.run.scope != "some":
            self.env["classification.dirty"]._forget(self.company)
        self.update_overrides(self.shown)
        self.run._after_segments_written(segments)

    def _keep_what_is_written(self):
        """Drop the columns that only led to the classes.

        Of a million customers they take more memory than what is written.
        """
        written = columns.sources()
        self.facts = self.facts[[name for name in self.facts if name in written]]
        self.previous = self.previous[list(WRITTEN_PREVIOUS)]

    def _segments_before(self, content):
        """Return ``{customer id: segment before}`` of the profiles that differ."""
        now = content["segment_id"].loc[self.differing]
        before = self.previous["segment"].loc[self.differing]
        return before[(before != now).to_numpy()].to_dict()

    def write_moves(self):
        moves = self._with_valid_dates()
        self._write_rows(moves, columns.insert_moves)

    def _with_valid_dates(self):
        """Return the moves with the days from which they are valid.

        Among them, in production, those of former customers and corrections of
        earlier days.
        """
        import pandas as pd

        today = {"valid_date": pd.Timestamp(self.as_of_date), "is_correction": False}
        moves = self.moves.assign(**today)
        if self.is_trial:
            return moves
        corrected = Corrections(self).add_to(moves)
        if self.gone.empty:
            return corrected
        closing = self._closing_moves().assign(**today)
        return pd.concat([part for part in (corrected, closing) if len(part)])

    def _closing_moves(self):
        """Return the moves of former customers from their last classes to none."""
        long = self.gone[list(AXES)].melt(
            var_name="axis", value_name="from", ignore_index=False
        )
        moves = long[long["from"] != 0].reset_index()
        moves = moves.assign(to=0, cause="data", ends_grace=False)
        return moves[["partner_id", "axis", "from", "to", "cause", "ends_grace"]]

    def _profile_content(self):
        """Return the content of the profiles, and find which of them differ."""
        from ...engine import tier_fall_dates

        shown, frame = self.shown.now, self.result.frame
        shown["segment_id"] = self.segments
        falls = tier_fall_dates(self.window, frame, self.result.edges)
        frame = frame.assign(**self._shown_days(falls, frame))
        content = columns.profile_content(self.facts, frame, shown, self.run)
        self.result = self.result._replace(frame=None)  # its columns are in the content
        differs = content["content_hash"] != self.previous["content_hash"]
        self.differing = content.index[differs]
        return content

    def _shown_days(self, falls, frame):
        """Return the days on which classes are lost as people see them.

        One query where anybody decided about a class.
        """
        from ...engine import decided_days, decided_falls

        shown = self.shown.now
        if not shown["is_overridden"].any():
            return {"tier_fall_date": falls}
        ends = self.env[self.override_model]._ends_by_axis(
            self.company, self.as_of_date, frame.index
        )
        tiers = (each["value_tier"].to_numpy() for each in (frame, shown))
        falls = decided_falls(falls, self.window, *tiers, ends["value_tier"])
        dormant, lost = decided_days(
            *(frame["dormant_date"], frame["lost_date"]),
            *(shown["lifecycle_stage"].to_numpy(), ends["lifecycle_stage"]),
        )
        return {"tier_fall_date": falls, "dormant_date": dormant, "lost_date": lost}

    def _write_profiles(self, content, predictions):
        """Write the profiles whose content differs: four queries.

        :param predictions: those of the differing profiles, None where none moved
        """
        table = columns.PROFILES
        if predictions is not None:
            table = columns.PREDICTED_PROFILES
            for name in predictions:
                content[name] = predictions[name].reindex(content.index)
        hashes = self.previous["content_hash"]
        self.write_profiles(table, content, hashes, "customer.profile", self.are_new)

    @cached_property
    def are_new(self):
        """Return whether none of the customers has a profile so far."""
        return not self.previous[["policy", "value_tier"]].any(axis=None)

    @cached_property
    def segments(self):
        """Return the key of each customer's segment, by the classes as shown."""
        from ...engine import METRICS, segment_of

        frame, bins = self.result.frame, self.result.edges.bins
        scores = [frame[f"score_{metric}"].to_numpy() for metric in METRICS]
        return segment_of(scores, self.shown.now, bins, self.parameters)

    def _write_firsts(self, moves):
        """Write first classes, a row a customer; return the other moves.

        Five queries where there are any.
        """
        found, others = first_classes.split(moves)
        if not found.empty:
            back = self._with_history(found.index)
            found, others = first_classes.split(moves, back)
        if found.empty:
            return moves
        self.run.first_class_numbers = numbers_of_all(self.run, self.prediction_days)
        rows = first_classes.rows(self.facts, found, self.run)
        statement = first_classes.insert_firsts(self.run, columns.RISKS)
        kinds = first_classes.FIRST_KINDS
        self.write_table(rows, "tmp_first_class", kinds, statement)
        self.env["classification.change"].invalidate_model()
        return others

    def _with_history(self, customers):
        """Return which customers were classified before and come back: one query."""
        some = SQL("TRUE")
        if len(customers) <= MOST_NAMED:
            some = SQL("partner_id = ANY(%s)", customers.tolist())
        query = SQL(
            "SELECT DISTINCT partner_id FROM (%s) c WHERE company_id = %s AND %s",
            first_classes.all_changes(("partner_id", "company_id")),
            self.company.id,
            some,
        )
        return [partner for (partner,) in self.env.execute_query(query)]

    def _write_rows(self, moves, statement_of):
        """Add moves to the history, or to the moves of this run: four queries.

        :param statement_of: function from the run to the SQL that inserts them
        """
        if moves.empty:
            return
        statement = statement_of(self.run)
        rows = columns.move_rows(self.facts, moves, self.run)
        self.write_table(rows, "tmp_classification_move", columns.MOVE_KINDS, statement)
        self.env["classification.change"].invalidate_model()
        self.env["classification.move"].invalidate_model()

    def _delete_profiles(self, partner_ids):
        """Delete the profiles of former customers.

        They became contacts of another customer, or object to profiling.
        """
        if not len(partner_ids):
            return
        withheld = self.env["classification.withheld.row"]
        withheld._withhold_objectors(partner_ids.tolist())
        self.env["customer.profile"].with_context(active_test=False).search(
            [
                ("company_id", "=", self.company.id),
                ("partner_id", "in", partner_ids.tolist()),
            ]
        ).unlink()

    def after_run(self):
        if self.run.state == "done":
            Drift(self.run).alert()
        return super().after_run()

    # Showing

    def result_sentence(self):
        if self.run.state == "waiting":
            return self.env._(
                "%(customers)s %% of the customers would move: a manager has to "
                "approve it.",
                customers=self.moved_text("moved_percent"),
            )
        if self.run.state == "done":
            return self.env._(
                "Customers looked at: %(customers)s. Classes changed: %(changes)s.",
                customers=self.run.looked_at_count,
                changes=self.run.change_count,
            )
        return super().result_sentence()

    def approval_note(self):
        return self.env._(
            "%(customers)s %% of the customers, with %(revenue)s %% of the "
            "revenue, would move. Nothing was changed yet: look at who moves, then "
            "approve or reject it.",
            customers=self.moved_text("moved_percent"),
            revenue=self.moved_text("moved_revenue_percent"),
        )

    def rehearsal_view(self, sees_money):
        return rehearsal.view(self.run, sees_money)

    def ends_of_moves(self):
        return CLASS_FIELDS

    def preview_again(self):
        return self.policy.action_preview()
