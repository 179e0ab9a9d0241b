"""The phases of a run, which all kinds of runs share."""

from functools import cached_property

from odoo.exceptions import ValidationError
from odoo.tools import formatLang

from ...copy_frames import apply_frame
from ...engine import CAUSES


class Pipeline:
    """Pipeline of the runs of a kind; one object for one run.

    Five phases: :meth:`collect` the facts and the classes so far, :meth:`score` them
    with the engine, :meth:`compare` both, ask whether the run :meth:`waits` for an
    approval, :meth:`apply` them. A trial goes the same way and keeps what it found
    (:meth:`write_trial`).

    A new kind is a subclass, registered by ``classification.run._pipelines``.
    """

    # The kind of run that writes; runs of other kinds with this pipeline are trials.
    kind = None
    # The trial that shows what the rules would change.
    preview_kind = None
    # The set of rules in the policy: customer, product or campaign.
    rules = None
    # Field of ``classification.problem`` with the excluded subject.
    subject = None
    # Each policy has such a run every day, besides the one over customers.
    is_daily = False
    # Hourly runs look at changed records, after one over all on that day.
    is_hourly = False
    # Whether the run may have written changes; at times it knows that it has not.
    writes_moves = True
    # Names of the classes in the engine's frames.
    axes = ()
    # Model of the manual overrides, and of the trial moves.
    override_model = None
    move_model = None
    # Names of the actions that show the moves and the changes of a run.
    moves_action = None
    changes_action = None
    # Fields of the run that count its changes.
    change_counts = ()
    # The engine's names of the causes in the moves.
    cause_codes = {cause: number for number, cause in enumerate(CAUSES, 1)}

    def __init__(self, run, execution=None):
        self.run = run
        self.env = run.env
        self.execution = execution
        self.policy = run.policy_id
        self.company = run.company_id
        self.as_of_date = run.as_of_date

    # The way of every run

    def run_phases(self):
        """Go through the phases and return the state in which the run ends."""
        if self.is_backwards():
            self.run.notes = [{"code": "clock_back"}]
            return "done"
        self.collect()
        self.execution.set_step("score", 50)
        self.score()
        self.compare()
        self.execution.set_step("write", 70)
        self.summarize()
        if self.waits():
            self.write_moves()
            return "waiting"
        if self.is_trial:
            self.write_trial()
        else:
            self.apply()
            if self.writes_moves:
                self.run._after_classes_written()
        return "done"

    @property
    def is_trial(self):
        """Check if this run only tries out, without changing any class."""
        return self.run.kind != self.kind

    @cached_property
    def last(self):
        """Return the last run of this kind before this one.

        At most one query.
        """
        if self.execution.last is not None:
            return self.execution.last
        return self.find_last()

    def find_last(self):
        """Return the last run of the kind in the company."""
        return self.run._last_run_of_kind(self.company, self.kind)

    def is_backwards(self):
        """Return whether the clock is before the day of the last run.

        Results of a later day are not overwritten.
        """
        if self.is_trial:
            return False
        return bool(self.last) and self.as_of_date < self.last.as_of_date

    # The phases

    def next_watermark(self):
        """Return the moment from which the next run has to look for new documents.

        Asked before the transaction that reads; None where every run reads all.
        """
        return None

    def collect(self):
        """Read the facts, the rules and the classes so far."""
        raise NotImplementedError

    def score(self):
        """Find the classes with the engine."""
        raise NotImplementedError

    def compare(self):
        """Find the moves between the classes so far and the new ones."""
        raise NotImplementedError

    def summarize(self):
        """Write the summary on the run."""
        self.run.write(self.summary_values())

    def waits(self):
        """Return whether a manager has to approve the moves before they are made.

        Manual decisions and first-time classifications never need approval.
        """
        if not self.may_wait():
            return False
        moved, whole, moved_revenue, whole_revenue = self.moved_shares()
        self.run.write(
            {
                "moved_percent": _percent(moved, whole),
                "moved_revenue_percent": _percent(moved_revenue, whole_revenue),
            }
        )
        return not self.run.approved_by_id and self._exceeds_limits(whole)

    def apply(self):
        """Write profiles and changes."""
        raise NotImplementedError

    def write_trial(self):
        """Keep the findings of a trial."""
        self.write_moves()

    def write_moves(self):
        """Keep the moves that are not made, for people to look at."""
        raise NotImplementedError

    def after_run(self):
        """Hook called after a successful run. Override to extend."""

    # Parts of the phases

    def set_aside(self, problems, ids=None, are_known=True):
        """Count the excluded subjects.

        A run that writes keeps the reasons: no query where there are none, and it is
        known that there were none.

        :param problems: as ``classification.problem._replace`` takes them
        :param ids: the subjects that were read, all by default
        :param are_known: whether there may be problems of earlier runs
        """
        if not self.is_trial and (problems or are_known):
            model = self.env["classification.problem"]
            model._replace(self.run, problems, self.subject, ids)
        self.run.problem_count = len({record for record, *__ in problems})

    @cached_property
    def rules_id(self):
        """Id of the version since which the rules of this run are the same."""
        return self.run._rules_id(self.rules)

    def other_rules(self, policies):
        """Return ``{id: rules}`` of other versions that gave classes before.

        Skip an old policy that refers to deleted records.

        :param policies: ids of the policies of the classes so far
        """
        ids = policies[~policies.isin((0, self.rules_id))].unique().tolist()
        rules = {}
        for policy in self.env["classification.policy"].browse(ids):
            try:
                rules[policy.id] = policy._rules_about(self.rules)
            except ValidationError:
                continue
        return rules

    def classes_by_old_rules(self, policies):
        """Return the current classes by the rules of the classes so far.

        Skip an old policy that refers to deleted records.

        :param policies: ids of the policies, 0 for subjects that do not move
        :return: frame in the engine's form, None if no other policy classified
        """
        import pandas as pd

        others = policies[~policies.isin((0, self.rules_id))]
        found = []
        for policy_id, index in others.groupby(others).groups.items():
            policy = self.env["classification.policy"].browse(int(policy_id))
            try:
                found.append(self.classes_by(policy, index))
            except ValidationError:
                continue
        known = [frame for frame in found if frame is not None]
        return pd.concat(known) if known else None

    def classes_by(self, policy, index):
        """Return the classes of some subjects by the rules of another policy."""
        raise NotImplementedError

    def shown_classes(self, before, now):
        """Return the classes as people see them, before and now, as ``Shown``.

        :param before: frame of the classes so far, as computed
        :param now: frame of the classes of now, as computed
        """
        from ...engine import Shown

        overrides = self.env[self.override_model]
        decided, earlier = overrides._decided(self.company, self.as_of_date)
        return Shown(_with_overrides(before, earlier), _with_overrides(now, decided))

    def update_overrides(self, shown):
        """Update the status of the decisions, if somebody made any."""
        if any(classes["is_overridden"].any() for classes in shown):
            overrides = self.env[self.override_model]
            overrides._update_status(self.company, self.as_of_date)

    def cause_counts(self, moves):
        """Return the fields of the run that count moves by their cause."""
        found = moves["cause"].value_counts()
        return {
            f"{cause}_change_count": int(found[code]) if code in found.index else 0
            for cause, code in self.cause_codes.items()
        }

    def summary_values(self):
        """Return the values of the run that summarize its findings."""
        return {}

    def may_wait(self):
        """Return whether runs as this one may need an approval."""
        return False

    def moved_shares(self):
        """Return moving subjects, all subjects, and the revenue of both.

        Only subjects that were classified before count.
        """
        raise NotImplementedError

    def _exceeds_limits(self, whole):
        if whole < self.policy.approval_min_customers:
            return False
        return any(
            limit and moved > limit
            for moved, limit in (
                (self.run.moved_percent, self.policy.approval_customer_percent),
                (self.run.moved_revenue_percent, self.policy.approval_revenue_percent),
            )
        )

    def write_profiles(self, table, content, hashes, model, are_new=False):
        """Write the profiles whose content differs: four queries.

        :param table: the :class:`ProfileTable`
        :param content: frame of the columns to write, with ``content_hash``
        :param hashes: those of the profiles so far
        :param model: name of the model of the profiles
        :param are_new: whether none of these subjects has a profile
        """
        differs = content["content_hash"] != hashes
        self.run.written_count += int(differs.sum())
        if differs.any():
            table.apply(self.run, content, differs, are_new)
            self.env[model].invalidate_model()

    def write_table(self, frame, table, kinds, *statements, mask=None):
        """Copy a frame into a temporary table and execute statements on it.

        Three queries besides the statements.
        """
        apply_frame(self.env.cr, frame, table, kinds, *statements, mask=mask)

    # Showing

    def result_sentence(self):
        """Return the outcome of the run in a sentence."""
        return self.run.error

    def approval_note(self):
        """Return the manager's note about a run that waits."""
        raise NotImplementedError

    def rehearsal_view(self, sees_money):
        """Return the matrices of the run that a reader may see, if any."""
        return False

    def ends_of_moves(self):
        """Return ``{axis: {"from" or "to": field of the moves}}``."""
        raise NotImplementedError

    def preview_again(self):
        """Preview the policy of the run once more and show it."""
        raise NotImplementedError

    def form_values(self):
        """Return values of the action that opens the run, besides the usual ones."""
        return {}

    def moved_text(self, name):
        """Return a percentage of the run in the reader's language."""
        return formatLang(self.env, self.run[name], 1)


def _percent(part, whole):
    return 100 * float(part) / float(whole) if whole else 0


def _with_overrides(classes, decided):
    """Return the classes as shown, with a mark where a person decided."""
    from ...engine import apply_overrides

    shown = apply_overrides(classes, decided)
    shown["is_overridden"] = shown.index.isin(decided.index)
    return shown
