from dataclasses import replace

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import SQL

from ..copy_frames import write_frame
from . import classification_campaign_columns as columns
from .called_records import check_one
from .classification_campaign_facts import PREVIOUS


class ClassificationRun(models.Model):
    """A run over campaigns: the same record, lock, queue and path, with other facts
    and another engine.

    *Query budget*: 36 for any number of campaigns and participants, and a few for each
    live audience.
    """

    _inherit = "classification.run"  # pylint: disable=consider-merging-classes-inherited

    kind = fields.Selection(
        selection_add=[("campaign", "Campaigns")], ondelete={"campaign": "cascade"}
    )
    campaign_change_count = fields.Integer(
        string="Campaign Changes", readonly=True, aggregator=None
    )
    campaign_change_ids = fields.One2many(
        "campaign.class.change", "run_id", readonly=True
    )

    @api.depends("campaign_change_count")
    def _compute_change_count(self):
        result = super()._compute_change_count()
        for run in self:
            run.change_count += run.campaign_change_count
        return result

    # Starting

    @api.model
    def _daily_kinds(self):
        return [*super()._daily_kinds(), "campaign"]

    @api.model
    def _prepare_campaigns(self, policy, as_of_date=None):
        """A run over the campaigns about to be executed in this transaction."""
        return self._prepare_of_kind(policy, "campaign", as_of_date)

    @api.model
    def _queue_campaigns(self, policy):
        """The run over campaigns that waits already, or a new one."""
        return self._queue_of_kind(policy, "campaign")

    @api.model
    def _last_campaign_run(self, company):
        """The last run over the campaigns of a company that ended well: one query."""
        return self._last_run_of_kind(company, "campaign")

    # Executing

    def _run_phases(self, watermark):
        if self.kind == "campaign":
            return self._run_campaign_phases()
        return super()._run_phases(watermark)

    def _run_campaign_phases(self):
        """Collect, score, compare, write; return the state in which the run ends."""
        from ..engine import campaign_changes, evaluate

        last = self._last_campaign_run(self.company_id)
        if last and self.as_of_date < last.as_of_date:
            self.notes = [{"code": "clock_back"}]
            return "done"
        self.env["campaign.participant"]._follow_customers()
        self.env["utm.campaign"]._refresh_live_audiences(
            self.company_id, self.as_of_date
        )
        parameters = self._campaign_parameters()
        facts = self.env["classification.campaign.facts"]
        campaigns, people, found, purchases, problems = facts._read(
            self.policy_id, self.as_of_date
        )
        self._set_aside(problems, "campaign_id", kind="campaign")
        entered = people[people["is_entered"]]
        self._enter("score", 50)
        outcome = evaluate(
            campaigns,
            entered,
            found,
            purchases,
            self.policy_id._parameters(),
            parameters,
            self.as_of_date,
        )
        figures = outcome.campaigns
        figures["own_hash"] = columns.own_hash(campaigns, figures)
        previous = campaigns[list(PREVIOUS)]
        old_rules = self._performance_by_old_rules(campaigns, figures)
        moves = campaign_changes(previous, figures, parameters, old_rules)
        self._enter("write", 70)
        self._write_campaign_summary(campaigns, figures, moves)
        self._write_participants(campaigns, people, outcome.participants)
        self._write_campaign_profiles(campaigns, figures)
        self._write_campaign_changes(moves)
        return "done"

    def _campaign_parameters(self):
        """The rules, and the gap that is usual among all customers: one query."""
        parameters = self.policy_id._campaign_parameters()
        edges = self._last_full_run(self.policy_id).edges or {}
        usual = edges.get("population_gap_days") or parameters.usual_gap
        policy = self._rules_id("campaign")
        return replace(parameters, usual_gap=usual, policy=policy)

    def _performance_by_old_rules(self, campaigns, figures):
        """Performance that campaigns whose performance differs would have by the rules
        that judged them before; None where no other policy did. Six queries for each
        of these policies."""
        import pandas as pd

        moved = campaigns["performance"] != figures["performance"]
        policies = campaigns["policy"].where(moved, 0)
        others = policies[~policies.isin((0, self._rules_id("campaign")))]
        parts = []
        for policy_id, index in others.groupby(others).groups.items():
            policy = self.env["classification.policy"].browse(int(policy_id))
            try:
                parts.append(self._performance_by(policy).reindex(index))
            except ValidationError:
                continue  # rules of before that name what is no more say nothing
        return pd.concat(parts) if parts else None

    def _performance_by(self, policy):
        """The performance of the campaigns as another policy judges it today."""
        from ..engine import evaluate

        campaigns, people, found, purchases, __ = self.env[
            "classification.campaign.facts"
        ]._read(policy, self.as_of_date)
        parameters = policy._campaign_parameters()
        usual = self._campaign_parameters().usual_gap
        return evaluate(
            campaigns,
            people[people["is_entered"]],
            found,
            purchases,
            policy._parameters(),
            replace(parameters, usual_gap=usual),
            self.as_of_date,
        ).campaigns["performance"]

    def _write_campaign_summary(self, campaigns, figures, moves):
        from ..engine import CAUSES

        per_cause = moves["cause"].value_counts()
        self.write(
            {
                **{
                    f"{cause}_change_count": int(per_cause.get(number, 0))
                    for number, cause in enumerate(CAUSES, 1)
                },
                "looked_at_count": len(campaigns),
                "unrated_count": int((figures["performance"] == 0).sum()),
                "campaign_change_count": len(moves),
            }
        )

    def _write_participants(self, campaigns, before, people):
        """Write the participants whose content differs from what stands, and forget
        those that runs had found and find no more: nine queries."""
        from ..engine import pair_key

        facts = self.env["classification.campaign.facts"]
        tier, stage = facts._classes_then(self.company_id, people, campaigns)
        people = people.assign(tier=tier, stage=stage)
        content = columns.participant_content(
            people, self.company_id.currency_id.decimal_places
        )
        known = before.set_index(pair_key(before["campaign"], before["customer"]))
        hashes = known["content_hash"].reindex(content.index, fill_value=0)
        differs = content[content["content_hash"] != hashes]
        gone = known[~known["is_entered"] & ~known.index.isin(content.index)]
        self.written_count = len(differs) + len(gone)
        if len(differs):
            table = "tmp_campaign_participant"
            write_frame(self.env.cr, differs, table, columns.PARTICIPANT_KINDS)
            self.env.cr.execute(
                columns.upsert_participants(self, facts._source_codes())
            )
            self.env.cr.execute("DROP TABLE tmp_campaign_participant")
        if len(gone):
            self.env.cr.execute(
                SQL(
                    "DELETE FROM campaign_participant"
                    " WHERE id = ANY(%s) AND NOT is_entered",
                    gone["id"].tolist(),
                )
            )
        self.env["campaign.participant"].invalidate_model()

    def _write_campaign_profiles(self, campaigns, figures):
        """Write the results whose content differs from what stands: four queries."""
        content = columns.profile_content(
            campaigns, figures, self._rules_id("campaign")
        )
        content = content[content["content_hash"] != campaigns["content_hash"]]
        self.written_count += len(content)
        if content.empty:
            return
        kinds = {"campaign": "int", **columns.profile_kinds()}
        write_frame(self.env.cr, content.reset_index(), "tmp_campaign_profile", kinds)
        self.env.cr.execute(columns.upsert_profiles(self))
        self.env.cr.execute("DROP TABLE tmp_campaign_profile")
        self.env["campaign.profile"].invalidate_model()

    def _write_campaign_changes(self, moves):
        """Append the moves to the history: four queries."""
        if moves.empty:
            return
        write_frame(self.env.cr, moves, "tmp_campaign_change", columns.CHANGE_KINDS)
        self.env.cr.execute(columns.insert_changes(self))
        self.env.cr.execute("DROP TABLE tmp_campaign_change")
        self.env["campaign.class.change"].invalidate_model()

    # Telling

    def _result_sentence(self):
        if self.kind == "campaign" and self.state == "done":
            return self.env._(
                "%(campaigns)s campaigns looked at, %(changes)s classes changed.",
                campaigns=self.looked_at_count,
                changes=self.change_count,
            )
        return super()._result_sentence()

    def action_open_changes(self):
        check_one(self)
        if self.kind != "campaign":
            return super().action_open_changes()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.campaign_class_change_action"
        )
        action["domain"] = [("run_id", "=", self.id)]
        action["context"] = {}
        return action
