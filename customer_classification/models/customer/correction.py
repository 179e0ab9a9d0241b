"""Corrections of the past, when a document arrives late.

A document dated before the last run, and written after it, may change the classes of
the days in between. The recorded classes stay in the history; a correction, valid from
the earlier day and recorded today, is added to it.
"""

from odoo.tools import SQL

from ..source.classification_source import FIRST_PLAUSIBLE_DAY, Since
from .first_classes import all_changes
from .selections import RISK_SELECTION


class Corrections:
    """The corrections that a run over customers makes."""

    def __init__(self, pipeline):
        self.pipeline = pipeline
        self.run = pipeline.run
        self.env = pipeline.env
        self.facts_model = pipeline.facts_model

    def add_to(self, moves):
        """Return the moves, after corrections of earlier days.

        At most five queries, two where nothing is late.

        :param moves: the engine's changes, long, with valid dates
        """
        import pandas as pd

        last = self.pipeline.last  # a full run, or one over all changes
        # By other rules, the days before would not be corrected but judged anew.
        if self.run.scope == "some" or not last._is_by(self.pipeline.rules_id):
            return moves
        late = dict(self._late_days(Since(last.watermark, last.as_of_date)))
        if not late:
            return moves
        believed = self._believed(late)
        if believed.empty:
            return moves
        corrections = self._corrections(believed)
        known = self._known_now(believed, corrections)
        moves = moves[~self._is_included(moves, known)]
        parts = [part for part in (corrections, moves) if len(part)]
        return pd.concat(parts) if parts else moves

    def _late_days(self, since):
        """Return ``[(customer, day of the first late document)]``: one query.

        Without customers with a manual override in the days since: the classes shown
        then are not corrected by computed ones.
        """
        policy, scope = self.pipeline.policy, self.pipeline.scope
        queries = [
            query
            for name in self.facts_model._source_names(policy)
            for query in self.env[name]._late_queries(policy, scope, since)
        ]
        rules = (self.pipeline.parameters, scope, since)
        queries += self.facts_model._late_heard_queries(*rules)
        return self.env.execute_query(
            SQL(
                """
                SELECT p.commercial_partner_id, min(d.day)
                  FROM (%s) d
                  JOIN res_partner p ON p.id = d.partner_id
                 WHERE d.day >= %s AND d.day <= %s AND d.day < %s
                   AND p.commercial_partner_id IS NOT NULL
                 GROUP BY p.commercial_partner_id
                HAVING NOT EXISTS (
                       SELECT FROM classification_override o
                        WHERE o.partner_id = p.commercial_partner_id
                          AND o.company_id = %s
                          AND COALESCE(o.ended_date::date, o.end_date) >= min(d.day))
                """,
                SQL(" UNION ALL ").join(queries),
                FIRST_PLAUSIBLE_DAY,
                since.day,
                self.pipeline.as_of_date,
                self.pipeline.company.id,
            )
        )

    def _believed(self, late):
        """Return the classes so far of the late days and of later changes.

        One query.

        :param late: ``{customer: day}``
        :return: frame with ``partner_id``, ``day`` and codes of the three axes, of
            customers that had classes on that day; sorted by customer and day
        """
        import pandas as pd

        rows = self.env.execute_query(
            SQL(
                """
                WITH late AS (SELECT * FROM unnest(%(partners)s, %(days)s::date[])
                                    AS late(partner_id, day)),
                     point AS (
                        SELECT partner_id, day FROM late
                         UNION
                        SELECT c.partner_id, c.valid_date
                          FROM (%(changes)s) c
                          JOIN late USING (partner_id)
                         WHERE c.company_id = %(company)s
                           AND c.valid_date > late.day
                           AND c.valid_date < %(as_of_date)s)
                SELECT partner_id, day, %(tier)s, %(stage)s, %(risk)s FROM point
                 ORDER BY partner_id, day
                """,
                partners=list(late),
                days=list(late.values()),
                changes=all_changes(("partner_id", "company_id", "valid_date")),
                company=self.pipeline.company.id,
                as_of_date=self.pipeline.as_of_date,
                tier=self._believed_class("value_tier", "to_tier_id"),
                stage=self._believed_class("lifecycle_stage", "to_stage_id"),
                risk=self._believed_class("churn_risk", "to_risk"),
            )
        )
        stages, risks = self.run._stage_ids(), [False, *(r for r, __ in RISK_SELECTION)]
        known = [
            (who, day, tier, stages.index(stage or 0), risks.index(risk or False))
            for who, day, tier, stage, risk in rows
            if tier
        ]
        names = ["partner_id", "day", "value_tier", "lifecycle_stage", "churn_risk"]
        frame = pd.DataFrame(known, columns=names)
        return frame.assign(day=pd.to_datetime(frame["day"]))

    def _believed_class(self, axis, column):
        """Return SQL of the class believed on a point's day."""
        return SQL(
            """
            (SELECT c.%s FROM (%s) c
              WHERE c.partner_id = point.partner_id AND c.company_id = %s
                AND c.axis = %s AND c.valid_date <= point.day
              ORDER BY c.valid_date DESC, c.id DESC LIMIT 1)
            """,
            SQL.identifier(column),
            all_changes(
                ("id", "partner_id", "company_id", "axis", "valid_date", column)
            ),
            self.pipeline.company.id,
            axis,
        )

    def _corrections(self, believed):
        """Return the moves from the recorded classes of a day to the correct ones.

        Correct by today's knowledge of that day. One query for the purchases, and one
        for what was heard where the rules ask for it.
        """
        import pandas as pd

        from ...engine import AXES, Edges
        from ...engine.customers.replay import classes_at, facts_at

        ids = tuple(believed["partner_id"].unique().tolist())
        scope = self.pipeline.scope.of_customers(ids)
        purchases = self.facts_model._read_purchases(self.pipeline.policy, scope)
        parameters = self.pipeline.parameters
        facts = facts_at(purchases, believed, parameters)
        heard = self.facts_model._heard_at(parameters, scope, believed)
        if heard is not None:
            facts = facts.assign(**heard)
        edges = Edges.from_json(self.run.edges)
        before = facts.assign(
            **{axis: believed[axis] for axis in AXES},
            tier_below_since=pd.NaT,
            won_back_count=0,
            policy=parameters.policy,
        )
        found = classes_at(facts, before, believed["day"], parameters, edges)
        parts = [self._moves_of(axis, believed, found, facts) for axis in AXES]
        moves = self._without_predicted(pd.concat(parts))
        return moves.sort_values(["partner_id", "valid_date"])

    def _without_predicted(self, moves):
        """Return moves without the churn risk of customers who are predicted.

        What predictions said on an earlier day cannot be worked out again.
        """
        if not self.pipeline.uses_predictions:
            return moves
        chances = self.pipeline.chances
        predicted = moves["partner_id"].isin(chances.index[chances.notna()])
        return moves[~(predicted & (moves["axis"] == "churn_risk"))]

    def _moves_of(self, axis, believed, found, facts):
        import pandas as pd

        differs = (believed[axis] != found[axis]).to_numpy()
        rows = believed[differs]
        return pd.DataFrame(
            {
                "partner_id": rows["partner_id"],
                "axis": axis,
                "from": rows[axis].astype("int64"),
                "to": found[axis][differs].astype("int64"),
                "cause": "data",
                "valid_date": rows["day"],
                "is_correction": True,
                "ends_grace": False,
                "revenue": facts["revenue"][differs],
            }
        )

    def _known_now(self, believed, corrections):
        """Return ``{(customer, axis): class}`` of today by the corrected history."""
        from ...engine import AXES

        latest = believed.drop_duplicates("partner_id", keep="last")
        days = dict(zip(latest["partner_id"], latest["day"], strict=True))
        known = {}
        for move in corrections.itertuples(index=False):
            if move.valid_date == days[move.partner_id]:
                known[move.partner_id, move.axis] = move.to
        for axis in AXES:
            for who, code in zip(latest["partner_id"], latest[axis], strict=True):
                known.setdefault((who, axis), code)
        return known

    def _is_included(self, moves, known):
        """Return which moves the corrections include already, from an earlier day."""
        keys = zip(moves["partner_id"], moves["axis"], strict=True)
        codes = [known.get(key) for key in keys]
        return moves["to"].eq(codes)
