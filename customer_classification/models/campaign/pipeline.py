"""Pipeline of runs over campaigns."""

from dataclasses import replace
from datetime import timedelta
from functools import cached_property

from odoo.tools import SQL

from ..run.pipeline import Pipeline
from . import columns, rehearsal
from .classification_campaign_facts import PREVIOUS
from .resting import Resting, touch_hashes


class CampaignPipeline(Pipeline):
    """Runs over campaigns and their participants, production and preview."""

    kind = "campaign"
    preview_kind = "campaign_preview"
    rules = "campaign"
    subject = "campaign_id"
    is_daily = True
    axes = ("performance",)
    move_model = "campaign.class.move"
    moves_action = "campaign_class_move_action"
    changes_action = "campaign_class_change_action"
    change_counts = ("campaign_change_count",)

    def __init__(self, run, execution=None):
        super().__init__(run, execution)
        self.facts_model = self.env["classification.campaign.facts"]

    # Collecting and scoring

    def collect(self):
        if not self.is_trial:
            self._follow_changes()
        rules = self.policy._campaign_parameters()
        self.parameters = replace(rules, usual_gap=self.usual_gap, policy=self.rules_id)
        self.last_alike = not self.is_trial and Resting.last_alike(self)
        self.read = self.facts_model._read(
            *(self.policy, self.as_of_date),
            Resting(self, self.last_alike) if self.last_alike else None,
        )
        self.campaigns = self.read.campaigns
        self.set_aside(self.read.problems)

    def _follow_changes(self):
        """Update the participants: merged customers, and live audiences."""
        self.env["campaign.participant"]._follow_customers()
        self.env["utm.campaign"]._refresh_live_audiences(self.company, self.as_of_date)

    @cached_property
    def usual_gap(self):
        """The gap that is usual among all customers: one query."""
        edges = self.run._last_full_run(self.policy).edges or {}
        own = self.policy._campaign_parameters().usual_gap
        return edges.get("population_gap_days") or own

    def score(self):
        outcome = self._evaluated(self.policy, self.parameters, self.read)
        self.participants, self.figures = outcome.participants, outcome.campaigns
        own = columns.own_hash(self.campaigns, self.figures)
        before = self.campaigns["own_hash"]
        self.figures["own_hash"] = before.where(self._rests(self.campaigns.index), own)

    def _rests(self, campaigns):
        """Mark campaigns that are not worked out again."""
        return campaigns.isin(
            () if self.read.resting is None else self.read.resting.index
        )

    def _evaluated(self, policy, parameters, read):
        """Return the evaluation of campaigns by the rules of a policy."""
        from ...engine import evaluate

        entered = read.people[read.people["is_entered"]]
        return evaluate(
            *(read.campaigns, entered, read.found, read.purchases),
            *(policy._parameters(), parameters, self.as_of_date, read.resting),
        )

    # Comparing

    def compare(self):
        from ...engine import campaign_changes

        previous = self.campaigns[list(PREVIOUS)]
        self.moves = campaign_changes(
            previous, self.figures, self.parameters, self._old_rules()
        )

    def _old_rules(self):
        """Return the performance of moving campaigns by the rules before.

        Six queries for each of these policies.
        """
        moved = self.campaigns["performance"] != self.figures["performance"]
        return self.classes_by_old_rules(self.campaigns["policy"].where(moved, 0))

    def classes_by(self, policy, index):
        """Return the performance of some campaigns by another policy."""
        read = self.facts_model._read(policy, self.as_of_date)
        rules = replace(policy._campaign_parameters(), usual_gap=self.usual_gap)
        outcome = self._evaluated(policy, rules, read)
        return outcome.campaigns["performance"].reindex(index)

    def summarize(self):
        result = super().summarize()
        self.run.rehearsal = rehearsal.matrices(self)
        return result

    def summary_values(self):
        return {
            **self.cause_counts(self.moves),
            "looked_at_count": len(self.campaigns),
            "unrated_count": int((self.figures["performance"] == 0).sum()),
            "campaign_change_count": len(self.moves),
        }

    # Writing

    def next_watermark(self):
        """Return the moment from which the next run has to look for new documents.

        The transaction of a caller began to read earlier, so an hour is allowed for
        others that were under way then and have ended since.
        """
        moment = self.env["classification.facts"]._watermark()
        return moment if self.execution.commits else moment - timedelta(hours=1)

    def apply(self):
        self.run.watermark = self.execution.watermark
        rests = self.read.resting is not None
        day = self.as_of_date.isoformat()
        self.run.edges = {
            "usual_gap": self.usual_gap,
            "since": self.last_alike.edges["since"] if rests else day,
            "campaigns": len(self.campaigns),
        }
        self._write_participants()
        self._write_profiles()
        self._write_changes()

    def _write_participants(self):
        """Write the participants whose content differs: nine queries.

        Delete those that earlier runs had found and this one does not find.
        """
        content = self._participant_content()
        known = self._known_participants()
        hashes = known["content_hash"].reindex(content.index, fill_value=0)
        differs = content[content["content_hash"] != hashes]
        gone = known[~known["is_entered"] & ~known.index.isin(content.index)]
        self.run.written_count = len(differs) + len(gone)
        if len(differs):
            sources = self.facts_model._source_codes()
            self.write_table(
                differs,
                "tmp_campaign_participant",
                columns.PARTICIPANT_KINDS,
                columns.upsert_participants(self.run, sources),
            )
        if len(gone):
            self.env.cr.execute(
                SQL(
                    "DELETE FROM campaign_participant"
                    " WHERE id = ANY(%s) AND NOT is_entered",
                    gone["id"].tolist(),
                )
            )
        self.env["campaign.participant"].invalidate_model()

    def _participant_content(self):
        """Return the participants' columns to write, with classes of that day."""
        tier, stage = self.facts_model._classes_then(
            self.company, self.participants, self.campaigns
        )
        digits = self.company.currency_id.decimal_places
        people = self.participants.assign(
            tier=tier, stage=stage, touch_hash=self._touch_hashes()
        )
        return columns.participant_content(people, digits)

    def _touch_hashes(self):
        hashes = touch_hashes(self.read.people, self.read.found)
        return hashes.reindex(self.participants.index, fill_value=0)

    def _known_participants(self):
        from ...engine import pair_key

        people = self.read.people
        people = people[~self._rests(people["campaign"])]
        return people.set_index(pair_key(people["campaign"], people["customer"]))

    def _write_profiles(self):
        """Write the results whose content differs: four queries."""
        content = columns.profile_content(self.campaigns, self.figures, self.rules_id)
        hashes = self.campaigns["content_hash"]
        self.write_profiles(columns.PROFILES, content, hashes, "campaign.profile")

    def _write_changes(self):
        """Add the moves to the history: four queries."""
        self._write_rows(columns.insert_changes(self.run))
        self.env["campaign.class.change"].invalidate_model()

    def write_moves(self):
        self._write_rows(columns.insert_moves(self.run))
        self.env[self.move_model].invalidate_model()

    def _write_rows(self, statement):
        """Write the moves by a statement, if there are any."""
        if self.moves.empty:
            return
        self.write_table(
            self.moves.rename(columns={"campaign": "campaign_id"}),
            "tmp_campaign_change",
            columns.CHANGE_KINDS,
            statement,
        )

    # Showing

    def result_sentence(self):
        if self.run.state == "done":
            return self.env._(
                "%(campaigns)s campaigns looked at, %(changes)s classes changed.",
                campaigns=self.run.looked_at_count,
                changes=self.run.change_count,
            )
        return super().result_sentence()

    def rehearsal_view(self, sees_money):
        return rehearsal.view(self.run, sees_money)

    def ends_of_moves(self):
        return rehearsal.AXES.ends()

    def preview_again(self):
        return self.policy.action_preview_campaigns()
