from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL, format_date, formatLang

from ..common.access_groups import MONEY_GROUP
from .customer_lifecycle_stage import STAGE_SELECTION
from .customer_profile import RISK_SELECTION

# Full runs before this one that it is compared with.
TRAILING_RUNS = 5
# Measures of the engine's distribution in the order in which they are shown.
MEASURES = (
    *("value_tier", "lifecycle_stage", "churn_risk"),
    *("revenue", "order_count", "recency_days"),
)
# Those whose classes are limited by amounts.
MONEY_MEASURES = ("revenue",)
# Below it, an index is shown as zero.
VISIBLE_INDEX = 0.005


class ClassificationRun(models.Model):
    """Drift: whether the customers of a full production run look like those of the
    runs before, and whether purchases still come in from every source.

    *Query budget*: two; where something jumped or dried up, two more to see whether
    the manager knows already, and those of an activity.
    """

    _inherit = "classification.run"  # pylint: disable=consider-merging-classes-inherited

    distribution = fields.Json(
        readonly=True,
        groups=MONEY_GROUP,
        help="Customers by class of each measure, for comparison with later runs.",
    )
    drift = fields.Json(readonly=True, groups=MONEY_GROUP)
    drift_table = fields.Html(
        string="Comparison", compute="_compute_drift_table", sanitize=False
    )

    # Computing

    def _summary_values(self, facts, previous, result, moves, parameters):
        from ...engine.customers.drift import distribution

        values = super()._summary_values(facts, previous, result, moves, parameters)
        if self.kind == "production" and self.scope == "all":
            values["distribution"] = distribution(facts, result.frame)
            values["drift"] = self._find_drift(values["distribution"])
        return values

    def _find_drift(self, distribution):
        """A distribution beside those of the runs before, and purchases beside those
        of the months before, as JSON."""
        before = self._trailing_runs()
        rules = self._rules_id("customer")
        return {
            "runs": len(before),
            "limit": self.policy_id.drift_limit,
            "rules_changed": any(
                policy._rules_since("customer").id != rules
                for policy in before.policy_id
            ),
            **self._drift_of_measures(before, distribution),
            **self._drift_of_sources(before),
        }

    def _after_run(self):
        result = super()._after_run()
        if self.state == "done" and self._alarms():
            new = self._alarms() - self._trailing_runs()[:1]._alarms()
            new -= new and self._open_alarms()
            if new:
                self._tell_drift(new)
        return result

    def _trailing_runs(self):
        """The last full production runs of the company before this one, newest
        first: one query."""
        runs = self.search_fetch(
            [
                ("company_id", "=", self.company_id.id),
                ("kind", "=", "production"),
                ("scope", "=", "all"),
                ("state", "=", "done"),
                ("watermark", "!=", False),
                ("id", "<", self.id),
            ],
            ["as_of_date", "distribution", "drift", "policy_id"],
            order="id desc",
            limit=TRAILING_RUNS,
        )
        return runs.filtered("distribution")

    def _drift_of_measures(self, before, distribution):
        from ...engine.customers.drift import drift, jumped

        found = drift(before.mapped("distribution"), distribution)
        limit = self.policy_id.drift_limit
        return {"measures": found, "jumped": jumped(found, limit) if limit else []}

    def _drift_of_sources(self, before):
        """How many purchases came from each source lately, and before: what the first
        run of a day found stands for the day.

        :param before: the runs before this one, newest first
        """
        from ...engine.customers.drift import PERIODS_BEFORE, dried_up

        last = before[:1]
        if last.as_of_date == self.as_of_date and last.policy_id == self.policy_id:
            return {name: last.drift[name] for name in ("sources", "dried_up")}
        sources, dry = [], []
        for source, channel, recent, before, last in self._documents_by_source():
            key = "/".join(filter(None, (source, channel)))
            if dried_up(recent, before):
                dry.append(key)
            sources.append(
                {
                    "key": key,
                    "source": source,
                    "channel": channel,
                    "recent": recent,
                    "usual": before / PERIODS_BEFORE,
                    "last_day": fields.Date.to_string(last),
                }
            )
        return {"sources": sources, "dried_up": dry}

    def _documents_by_source(self):
        """Rows of source, channel, purchases of the last period and of those before,
        day of the last one: one query for all sources and periods."""
        from ...engine.customers.drift import PERIOD_DAYS, PERIODS_BEFORE

        recent = self.as_of_date - timedelta(days=PERIOD_DAYS)
        before = recent - timedelta(days=PERIOD_DAYS * PERIODS_BEFORE)
        facts = self.env["classification.facts"]
        scope = facts._scope(self.policy_id, self.as_of_date)
        queries = [
            SQL("SELECT %s AS source, d.channel, d.day FROM (%s) d", name, query)
            for name in facts._source_names(self.policy_id)
            for query in self.env[name]._document_queries(self.policy_id, scope, before)
        ]
        counts = SQL(
            """
            SELECT d.source, d.channel, count(*) FILTER (WHERE d.day > %(recent)s),
                   count(*) FILTER (WHERE d.day <= %(recent)s), max(d.day)
              FROM (%(documents)s) d
             GROUP BY d.source, d.channel
             ORDER BY d.source, d.channel
            """,
            recent=recent,
            documents=SQL(" UNION ALL ").join(queries),
        )
        return self.env.execute_query(scope.with_rates(counts))

    # Telling

    def _alarms(self):
        """Keys of what this run found to have jumped or dried up."""
        found = self.drift or {}
        return {*found.get("jumped", ()), *found.get("dried_up", ())}

    def _open_alarms(self):
        """What a manager has been told of and has not dealt with yet."""
        told = self.search(
            [
                ("company_id", "=", self.company_id.id),
                ("state", "=", "done"),
                ("activity_ids", "!=", False),
                ("id", "!=", self.id),
            ]
        )
        return set().union(*(run._alarms() for run in told))

    def _tell_drift(self, keys):
        """An activity on this run, in the language of the one who gets it."""
        user = self.policy_id._responsible_user()
        run = self.with_context(lang=user.lang)
        note = Markup("<p>%s</p><ul>%s</ul>") % (
            run._drift_introduction(),
            Markup().join(
                Markup("<li>%s</li>") % sentence
                for sentence in run._drift_sentences(keys)
            ),
        )
        run._tell_manager(run.env._("Something changed with the customers"), note)

    def _drift_introduction(self):
        if self.drift["rules_changed"]:
            return self.env._(
                "Compared with the runs before, some of them by other rules:"
            )
        return self.env._("Compared with the runs before, by the same rules:")

    def _drift_sentences(self, keys):
        """What jumped, and which sources dried up, each in a sentence."""
        found = self.drift
        return [
            *(
                self._jump_sentence(measure)
                for measure in found["jumped"]
                if measure in keys
            ),
            *(
                self._dry_sentence(source)
                for source in found["sources"]
                if source["key"] in keys
            ),
        ]

    def _jump_sentence(self, measure):
        """A sentence for everybody, without the amounts that limit a class."""
        one = self.drift["measures"][measure]
        if measure in MONEY_MEASURES:
            return self.env._(
                "%(measure)s: the customers are spread otherwise. The page Drift "
                "tells how, to who may see all sales.",
                measure=self._measure_label(measure),
            )
        percent = self.env["classification.back.test.line"]._percent_text
        return self.env._(
            "%(measure)s, %(class)s: from %(before)s to %(now)s of the customers.",
            **{
                "measure": self._measure_label(measure),
                "class": self._class_label(measure, one["class"]),
                "before": percent(one["share_before"]),
                "now": percent(one["share_now"]),
            },
        )

    def _dry_sentence(self, source):
        from ...engine.customers.drift import PERIOD_DAYS

        values = {
            "documents": self._source_label(source),
            "day": format_date(self.env, source["last_day"]),
            "recent": source["recent"],
            "usual": formatLang(self.env, source["usual"], 0),
            "days": PERIOD_DAYS,
        }
        if not source["recent"]:
            return self.env._(
                "%(documents)s: none since %(day)s; %(usual)s in %(days)s days are "
                "usual.",
                **values,
            )
        return self.env._(
            "%(documents)s: only %(recent)s in the last %(days)s days; %(usual)s are "
            "usual.",
            **values,
        )

    def _measures_in_order(self):
        """Pairs of measure and what was found: JSON keeps no order."""
        measures = self.drift["measures"]
        return [(name, measures[name]) for name in MEASURES if name in measures]

    # Words

    @api.model
    def _measure_label(self, measure):
        return {
            "value_tier": self.env._("Value tier"),
            "lifecycle_stage": self.env._("Lifecycle stage"),
            "churn_risk": self.env._("Churn risk"),
            "revenue": self.env._("Revenue in the window"),
            "order_count": self.env._("Orders in the window"),
            "recency_days": self.env._("Days since the last purchase"),
        }[measure]

    @api.model
    def _class_label(self, measure, name):
        """The word for a class of a measure."""
        if name == "none":
            return self.env._("none")
        if measure == "value_tier":
            tier = self.env["customer.value.tier"].browse(int(name)).exists()
            return tier.name or self.env._("a deleted tier")
        if measure == "lifecycle_stage":
            codes = [code for code, __ in STAGE_SELECTION]
            stages = self.env["customer.lifecycle.stage"]
            return stages.browse(self._stage_ids()[codes.index(name) + 1]).name
        if measure == "churn_risk":
            field = self.env["customer.profile"]._fields["churn_risk"]
            words = dict(field._description_selection(self.env))
            return words.get(name, dict(RISK_SELECTION)[name])
        return self._octave_label(int(name), is_money=measure == "revenue")

    @api.model
    def _octave_label(self, number, is_money):
        """The limits of a class of a quantity, see the engine's ``octave``; the upper
        one is no part of it, so that the last whole number is one less."""
        if number == 0:
            return self.env._("zero or less") if is_money else "0"
        if number == 1:
            return self.env._("below %s", 2) if is_money else "1"
        low, high = 2 ** (number - 1), 2**number - (not is_money)
        return self.env._(
            "%(low)s to %(high)s",
            low=formatLang(self.env, low, 0),
            high=formatLang(self.env, high, 0),
        )

    @api.model
    def _source_label(self, source):
        """The name of a kind of documents, with the channel of imported ones."""
        name = self.env["ir.model"]._get(source["source"]).name
        if not source["channel"]:
            return name
        return self.env._(
            "%(documents)s (%(channel)s)", documents=name, channel=source["channel"]
        )

    # Showing

    @api.depends("drift")
    @api.depends_context("lang", "uid")
    def _compute_drift_table(self):
        """In the reader's words; classes of the revenue for who may see it."""
        sees_money = self._sees_money()
        for run, seen in zip(self.sudo(), self, strict=True):
            seen.drift_table = run.drift and run.env["ir.qweb"]._render(
                "customer_classification.drift_table",
                run._drift_table_values(sees_money),
            )

    def _drift_table_values(self, sees_money):
        """What the template shows: a row for each measure and each source."""
        from ...engine.customers.drift import SHIFT_LIMIT

        found = self.drift
        percent = self.env["classification.back.test.line"]._percent_text
        return {
            "measures": [
                {
                    "label": self._measure_label(measure),
                    "psi": formatLang(self.env, one["psi"], 2),
                    # What moved most of what hardly moved is no news.
                    "moved": one["psi"] >= VISIBLE_INDEX
                    and (sees_money or measure not in MONEY_MEASURES),
                    "class": self._class_label(measure, one["class"]),
                    "before": percent(one["share_before"]),
                    "now": percent(one["share_now"]),
                    "jumped": measure in found["jumped"],
                    "shifted": one["psi"] > max(SHIFT_LIMIT, one["chance"]),
                }
                for measure, one in self._measures_in_order()
            ],
            "sources": [
                {
                    "label": self._source_label(source),
                    "recent": source["recent"],
                    "usual": formatLang(self.env, source["usual"], 1),
                    "last_day": format_date(self.env, source["last_day"]),
                    "dry": source["key"] in found["dried_up"],
                }
                for source in found["sources"]
            ],
            "runs": found["runs"],
            "limit": found["limit"] and formatLang(self.env, found["limit"], 2),
            "rules_changed": found["rules_changed"],
        }
