"""Campaigns at rest: a run need not work them out again."""

from datetime import timedelta

from odoo.tools import SQL

from ...copy_frames import read_frame
from ..source.classification_source import Since
from .columns import PROFILES, content_hash

# Everything is worked out again after so many days, whatever seems to have changed.
MOST_DAYS = 7
# What is the campaign's own, besides its touches.
OWN = (
    *("start", "end", "goal", "channel", "type", "target_participants"),
    *("target_leads", "target_revenue", "active", "lead_count"),
    *("opportunity_count", "cost"),
)


class Resting:
    """Finds the campaigns of which nothing changed since the last run.

    A campaign rests when it was settled before that run (see the engine's
    :func:`settled`), its own values are those that were seen then, and neither touches
    nor purchases of its customers changed: campaigns share a purchase, so that the
    touches of others count, too. It keeps its figures; only its peers may still judge
    it otherwise.

    *Query budget*: two.

    :param pipeline: the run over campaigns
    :param last: the run before it, see :meth:`last_alike`
    """

    def __init__(self, pipeline, last):
        self.pipeline = pipeline
        self.env = pipeline.env
        self.last = last

    @staticmethod
    def last_alike(pipeline):
        """Return the last run if this one may rely on it, else an empty recordset.

        Not after a week, by other rules, or where another rhythm is usual by now: it
        decides who was won back. One query.
        """
        last = pipeline.run._last_campaign_run(pipeline.policy)
        seen = last.edges or {}
        week_ago = pipeline.as_of_date - timedelta(days=MOST_DAYS)
        if (
            not last
            or pipeline.policy.write_date >= last.watermark
            or seen.get("usual_gap") != pipeline.usual_gap
            or seen.get("since", "") <= week_ago.isoformat()
            or last.as_of_date > pipeline.as_of_date
        ):
            return last.browse()
        return last

    def find(self, campaigns, people, found, scope):
        """Return the figures of the campaigns that rest, None if none may.

        :param campaigns: with the hashes of :func:`with_hashes`
        :param people: participants so far, with ``touch_hash`` as the last run kept it
        :param found: touches in documents
        """
        known = self._known(scope)
        if self._is_disturbed(known, campaigns, people):
            return None
        parts = (campaigns, people[people["is_entered"]], found)
        last_touch = self._settled(*parts)
        changed = self._changed_pairs(people, found)
        changed += self._customers_of(~campaigns.index.isin(known.index), *parts)
        changed += self._changed_customers(scope)
        mine = campaigns["values_hash"]
        rests = last_touch.index.intersection(
            known.index[known["values_hash"] == mine.reindex(known.index)]
        )
        rests = rests.difference(_campaigns_of(changed, people, found))
        return known.loc[rests].assign(last_touch=last_touch.loc[rests])

    def _settled(self, campaigns, entered, found):
        """Return the last touches of the campaigns that the last run saw settled."""
        from ...engine import settled

        rules, day = self.pipeline.parameters, self.last.as_of_date
        return settled(campaigns, entered, found, rules, day)

    def _is_disturbed(self, known, campaigns, people):
        """Check if a campaign or a participant is gone, or a window another.

        Whose purchases that concerns is not known any more.
        """
        if len(known) != (self.last.edges or {}).get("campaigns"):
            return True
        if not known.index.isin(campaigns.index).all():
            return True
        kept = people.groupby("campaign")["touch_hash"].sum()
        kept = kept.reindex(known.index, fill_value=0)
        kept += campaigns["window_hash"].reindex(known.index)
        return bool((kept != known["touches_hash"]).any())

    def _changed_pairs(self, people, found):
        """Return the customers whose touches with a campaign are others by now."""
        from ...engine import pair_key

        before = people["touch_hash"].set_axis(
            pair_key(people["campaign"], people["customer"])
        )
        now = touch_hashes(people, found)
        pairs = before.index.union(now.index)
        # Without a value, numbers of 64 bits would become less exact ones.
        before, now = (one.reindex(pairs, fill_value=0) for one in (before, now))
        return (pairs[before != now].to_numpy() & 0xFFFFFFFF).tolist()

    def _customers_of(self, mask, campaigns, entered, found):
        """Return the customers of some campaigns."""
        chosen = campaigns.index[mask]
        return [
            customer
            for frame in (entered, found)
            for customer in frame.loc[frame["campaign"].isin(chosen), "customer"]
        ]

    def _changed_customers(self, scope):
        """Return the customers whose purchases or classes may differ: one query.

        Purchases that were deleted disturb their campaigns, see
        ``classification.dirty``.
        """
        facts, policy = self.env["classification.facts"], self.pipeline.policy
        since = Since(self.last.watermark, self.last.as_of_date)
        queries = [
            query
            for name in facts._source_names(policy)
            for query in self.env[name]._changed_queries(policy, scope, since)
        ]
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT p.commercial_partner_id
                  FROM (%(documents)s) d
                  JOIN res_partner p ON p.id = d.partner_id
                 UNION
                SELECT commercial_partner_id FROM res_partner
                 WHERE write_date >= %(moment)s
                 UNION
                SELECT partner_id FROM classification_change
                 WHERE company_id = %(company)s AND create_date >= %(moment)s
                   AND valid_date < %(day)s
                """,
                documents=SQL(" UNION ALL ").join(queries),
                moment=since.written,
                company=scope.company_id,
                day=since.day,
            )
        )
        return [customer for (customer,) in rows if customer]

    def _known(self, scope):
        """Return the figures that the campaigns have, by campaign: one query.

        Without those that were excluded: what changed meanwhile was not looked at.
        """
        import pandas as pd

        from .classification_campaign_facts import day_numbers

        kinds = {name: column.kind for name, column in PROFILES.columns.items()}
        columns = read_frame(
            self.env.cr, self._known_query(scope), {"campaign": "int", **kinds}
        )
        index = pd.Index(columns.pop("campaign"), name="campaign")
        sources = {name: one.source or name for name, one in PROFILES.columns.items()}
        frame = pd.DataFrame(columns, index).rename(columns=sources)
        return frame.assign(start=day_numbers(frame["start"]))

    def _known_query(self, scope):
        facts = self.env["classification.facts"]
        return SQL(
            """
            SELECT f.campaign_id, %s
              FROM campaign_profile f
             WHERE f.company_id = %s
               AND NOT EXISTS (SELECT FROM classification_problem x
                                WHERE x.company_id = f.company_id
                                  AND x.campaign_id = f.campaign_id)
            """,
            SQL(", ").join(
                facts._null_free(column.kind, _as_read(name, column))
                for name, column in PROFILES.columns.items()
            ),
            scope.company_id,
        )


def _as_read(name, column):
    """Return the SQL of a column as the engine has it: words by numbers."""
    code = SQL.identifier("f", name)
    if column.words:
        return SQL("array_position(%s::varchar[], %s)", list(column.words), code)
    return code


def _campaigns_of(customers, people, found):
    """Return the campaigns of some customers."""
    return {
        campaign
        for frame in (people, found)
        for campaign in frame.loc[frame["customer"].isin(customers), "campaign"]
    }


# Hashes


def with_hashes(campaigns, people, found):
    """Return campaigns with hashes of their values, and of all their touches.

    ``touches_hash`` is the sum over the participants and that of the window.
    """
    import pandas as pd

    hashes = touch_hashes(people, found)
    touches = hashes.groupby(hashes.index.to_numpy() >> 32).sum()
    touches = touches.reindex(campaigns.index, fill_value=0)
    window = pd.Series(content_hash(campaigns[["window"]]), campaigns.index)
    return campaigns.assign(
        values_hash=content_hash(campaigns[list(OWN)]),
        window_hash=window,
        touches_hash=touches + window,
    )


def touch_hashes(people, found):
    """Return a hash of the touches of each participant, by ``pair_key``.

    Of what people entered and of documents, in whatever order they come.
    """
    import pandas as pd

    from ...engine import pair_key

    entered = people[people["is_entered"]]
    entered = entered.drop(columns=["id", "content_hash", "touch_hash"])
    hashes = [
        pd.Series(content_hash(frame), pair_key(frame["campaign"], frame["customer"]))
        for frame in (entered, found)
    ]
    return pd.concat(hashes).groupby(level=0).sum()
