"""Drift: compare the customers of a run with those of earlier runs."""

from datetime import timedelta

from markupsafe import Markup

from odoo import fields
from odoo.tools import SQL, format_date, formatLang

from .customer_lifecycle_stage import STAGE_SELECTION
from .selections import RISK_SELECTION

# Number of earlier full runs to compare with.
TRAILING_RUNS = 5
# Measures of the engine's distribution in the order in which they are shown.
MEASURES = (
    *("value_tier", "lifecycle_stage", "churn_risk"),
    *("revenue", "order_count", "recency_days"),
)
# Measures with classes limited by amounts.
MONEY_MEASURES = ("revenue",)
# Below it, an index is shown as zero.
VISIBLE_INDEX = 0.005


class Drift:
    """The drift of a full production run.

    Also whether purchases still come in from every source.

    *Query budget*: two; where something jumped or dried up that had not in the run
    before, another to see whether the manager knows already, and those of an activity.
    """

    def __init__(self, run):
        self.run = run
        self.env = run.env

    # Finding

    def find(self, distribution):
        """Compare a distribution with those of earlier runs, and the purchases.

        The purchases are compared with those of the months before.

        :return: what is stored on the run, as JSON
        """
        before = self._trailing_runs()
        rules = self.run._rules_id("customer")
        return {
            "runs": len(before),
            "known": sorted(Drift(before[:1]).alarms()),
            "limit": self.run.policy_id.drift_limit,
            "rules_changed": any(
                policy._rules_since("customer").id != rules
                for policy in before.policy_id
            ),
            **self._drift_of_measures(before, distribution),
            **self._drift_of_sources(before),
        }

    def _trailing_runs(self):
        """Return the last full production runs before this one, newest first.

        One query.
        """
        runs = self.run.search_fetch(
            [
                ("company_id", "=", self.run.company_id.id),
                ("kind", "=", "production"),
                ("scope", "=", "all"),
                ("state", "=", "done"),
                ("watermark", "!=", False),
                ("id", "<", self.run.id),
            ],
            ["as_of_date", "distribution", "drift", "policy_id"],
            order="id desc",
            limit=TRAILING_RUNS,
        )
        return runs.filtered("distribution")

    def _drift_of_measures(self, before, distribution):
        from ...engine.customers.drift import drift, jumped

        found = drift(before.mapped("distribution"), distribution)
        limit = self.run.policy_id.drift_limit
        return {"measures": found, "jumped": jumped(found, limit) if limit else []}

    def _drift_of_sources(self, before):
        """Return how many purchases came from each source lately, and before.

        The first run of a day counts for the day.

        :param before: the runs before this one, newest first
        """
        from ...engine.customers.drift import PERIODS_BEFORE, dried_up

        run, last = self.run, before[:1]
        if (last.as_of_date, last.policy_id) == (run.as_of_date, run.policy_id):
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
        """Return source, channel, purchases lately and before, and last day.

        One query for all sources and periods.
        """
        from ...engine.customers.drift import PERIOD_DAYS, PERIODS_BEFORE

        recent = self.run.as_of_date - timedelta(days=PERIOD_DAYS)
        before = recent - timedelta(days=PERIOD_DAYS * PERIODS_BEFORE)
        facts, policy = self.env["classification.facts"], self.run.policy_id
        scope = facts._scope(policy, self.run.as_of_date)
        queries = [
            SQL("SELECT %s AS source, d.channel, d.day FROM (%s) d", name, query)
            for name in facts._source_names(policy)
            for query in self.env[name]._document_queries(policy, scope, before)
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

    # Alerting

    def alert(self):
        """Notify the manager of new jumps and dried-up sources.

        Those known from earlier runs are not reported again.
        """
        found = self.run.drift or {}
        new = self.alarms() - set(found.get("known", ()))
        new -= new and self._open_alarms()
        if new:
            self._notify(new)

    def alarms(self):
        """Return the keys of the jumps and dried-up sources of this run."""
        found = self.run.drift or {}
        return {*found.get("jumped", ()), *found.get("dried_up", ())}

    def _open_alarms(self):
        """Return the alarms that a manager knows and has not dealt with yet."""
        known = self.run.search(
            [
                ("company_id", "=", self.run.company_id.id),
                ("state", "=", "done"),
                ("activity_ids", "!=", False),
                ("id", "!=", self.run.id),
            ]
        )
        return set().union(*(Drift(run).alarms() for run in known))

    def _notify(self, keys):
        """Schedule an activity on the run, in the language of its user."""
        own = Drift(self.run._for_responsible())
        note = Markup("<p>%s</p><ul>%s</ul>") % (
            own._introduction(),
            Markup().join(
                Markup("<li>%s</li>") % sentence for sentence in own._sentences(keys)
            ),
        )
        summary = own.env._("Something changed with the customers")
        own.run._notify_manager(summary, note)

    def _introduction(self):
        if self.run.drift["rules_changed"]:
            return self.env._(
                "Compared with the runs before, some of them by other rules:"
            )
        return self.env._("Compared with the runs before, by the same rules:")

    def _sentences(self, keys):
        """Return a sentence for each measure that jumped and source that dried up."""
        found = self.run.drift
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
        """Return a sentence for all readers, without amounts that limit a class."""
        one = self.run.drift["measures"][measure]
        if measure in MONEY_MEASURES:
            return self.env._(
                "%(measure)s: the customers are spread otherwise. The page Drift "
                "tells how, to who may see all sales.",
                measure=self.measure_label(measure),
            )
        percent = self.env["classification.back.test.line"]._percent_text
        return self.env._(
            "%(measure)s, %(class)s: from %(before)s to %(now)s of the customers.",
            **{
                "measure": self.measure_label(measure),
                "class": self.class_label(measure, one["class"]),
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
        """Return pairs of measure and its result: JSON keeps no order."""
        measures = self.run.drift["measures"]
        return [(name, measures[name]) for name in MEASURES if name in measures]

    # Words

    def measure_label(self, measure):
        return {
            "value_tier": self.env._("Value tier"),
            "lifecycle_stage": self.env._("Lifecycle stage"),
            "churn_risk": self.env._("Churn risk"),
            "revenue": self.env._("Revenue in the window"),
            "order_count": self.env._("Orders in the window"),
            "recency_days": self.env._("Days since the last purchase"),
        }[measure]

    def class_label(self, measure, name):
        """Return the word for a class of a measure."""
        if name == "none":
            return self.env._("none")
        if measure == "value_tier":
            tier = self.env["customer.value.tier"].browse(int(name)).exists()
            return tier.name or self.env._("a deleted tier")
        if measure == "lifecycle_stage":
            codes = [code for code, __ in STAGE_SELECTION]
            stages = self.env["customer.lifecycle.stage"]
            return stages.browse(self.run._stage_ids()[codes.index(name) + 1]).name
        if measure == "churn_risk":
            field = self.env["customer.profile"]._fields["churn_risk"]
            words = dict(field._description_selection(self.env))
            return words.get(name, dict(RISK_SELECTION)[name])
        return self._octave_label(int(name), is_money=measure == "revenue")

    def _octave_label(self, number, is_money):
        """Return the limits of a class of a quantity, see the engine's ``octave``.

        The upper one is not part of it, so that the last whole number is one less.
        """
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

    def _source_label(self, source):
        """Return the name of a kind of documents, with their channel."""
        name = self.env["ir.model"]._get(source["source"]).name
        if not source["channel"]:
            return name
        return self.env._(
            "%(documents)s (%(channel)s)", documents=name, channel=source["channel"]
        )

    # Showing

    def table_values(self, sees_money):
        """Return the values of the template: rows for measures and for sources."""
        from ...engine.customers.drift import SHIFT_LIMIT

        found = self.run.drift
        percent = self.env["classification.back.test.line"]._percent_text
        return {
            "measures": [
                {
                    "label": self.measure_label(measure),
                    "psi": formatLang(self.env, one["psi"], 2),
                    # The largest part of a tiny shift is not worth showing.
                    "moved": one["psi"] >= VISIBLE_INDEX
                    and (sees_money or measure not in MONEY_MEASURES),
                    "class": self.class_label(measure, one["class"]),
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
