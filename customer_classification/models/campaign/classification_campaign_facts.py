from typing import NamedTuple

from odoo import api, models
from odoo.tools import SQL

from ...copy_frames import (
    LAST_DAY,
    is_usable,
    null_free_day,
    null_free_float,
    read_frame,
    write_frame,
)
from ..common.profiling import OBJECTING
from ..customer.first_classes import all_changes
from ..source.classification_source import FIRST_PLAUSIBLE_DAY
from .campaign_touch_source import STEPS
from .columns import dates
from .resting import with_hashes
from .utm_campaign import CHANNEL_SELECTION, GOAL_SELECTION

_TEXT = {
    "goal": [code for code, __ in GOAL_SELECTION],
    "channel": [code for code, __ in CHANNEL_SELECTION],
    "performance": ["strong", "on_target", "weak"],
}


def _is_impossible(column):
    """SQL of whether a planned day cannot be true."""
    return SQL(
        "%s NOT BETWEEN %s::date AND %s::date",
        SQL(column),
        FIRST_PLAUSIBLE_DAY,
        LAST_DAY,
    )


# Columns read of each campaign, {column: (kind on the wire, SQL)}: c is the campaign, f
# its profile so far, l its leads, k its cost.
CAMPAIGN = {
    "start": ("day", SQL("c.campaign_start_date")),
    "end": ("day", SQL("c.campaign_end_date")),
    "goal": (
        "int",
        SQL("array_position(%s::varchar[], c.campaign_goal)", _TEXT["goal"]),
    ),
    "channel": (
        "int",
        SQL("array_position(%s::varchar[], c.campaign_channel)", _TEXT["channel"]),
    ),
    "type": ("int", SQL("c.campaign_type_id")),
    "window": ("int", SQL("c.campaign_attribution_days")),
    "target_participants": ("int", SQL("c.campaign_target_participants")),
    "target_leads": ("int", SQL("c.campaign_target_leads")),
    "target_revenue": ("float", SQL("COALESCE(c.campaign_target_revenue, 0)")),
    "active": ("bool", SQL("c.active")),
    "lead_count": ("int", SQL("l.leads")),
    "opportunity_count": ("int", SQL("l.opportunities")),
    "cost": ("float", SQL("k.cost")),
    "bad_campaign_cost": ("bool", SQL("k.cost = 'NaN'")),
    "bad_campaign_target": (
        "bool",
        SQL("NOT (%s)", is_usable(SQL("c.campaign_target_revenue"))),
    ),
    "bad_campaign_date": ("bool", _is_impossible("c.campaign_start_date")),
    "bad_campaign_end": ("bool", _is_impossible("c.campaign_end_date")),
    "performance": (
        "int",
        SQL("array_position(%s::varchar[], f.performance_class)", _TEXT["performance"]),
    ),
    "policy": ("int", SQL("f.policy_id")),
    "own_hash": ("big", SQL("f.own_hash")),
    "content_hash": ("big", SQL("f.content_hash")),
}
PREVIOUS = ("performance", "policy", "own_hash", "content_hash")
ENTERED = {
    "id": "int",
    "campaign": "int",
    "customer": "int",
    "contact": "int",
    "source": "int",
    "is_entered": "bool",
    "is_control": "bool",
    "is_impossible": "bool",
    "addressed": "day",
    "joined": "day",
    "answered": "day",
    "feedback": "float",
    "content_hash": "big",
    "touch_hash": "big",
}
FOUND = {
    "campaign": "int",
    "customer": "int",
    "contact": "int",
    "day": "day",
    "step": "int",
    "source": "int",
    "number": "int",
    "feedback": "float",
}
# Sources of participants chosen before any answer: only these are compared with the
# control group.
DRAWN = ("audience", "manual")


class Read(NamedTuple):
    """Facts that a run over campaigns reads.

    :ivar campaigns: all that can be judged, by id
    :ivar people: participants so far, those found by runs as well
    :ivar found: touches in documents
    :ivar purchases: of the customers of both
    :ivar problems: ``[(campaign, reason, documents)]`` of the excluded campaigns
    :ivar resting: figures of the campaigns that are not worked out again, None where
        all are; ``people`` and ``found`` are of customers of the others
    """

    campaigns: object
    people: object
    found: object
    purchases: object
    problems: list
    resting: object = None


class ClassificationCampaignFacts(models.AbstractModel):
    """Read the facts of a company's campaigns as of a day.

    *How it works*: the sources of touches give selects, of which one aggregate by
    campaign, customer, day and step leaves the database, rolled up to the commercial
    partner. Entered values are kept beside it. Purchases are those of the customers'
    own runs, read only for the customers whom a campaign touched or left out.

    *Query budget*: five, two more to find campaigns at rest, and three for the classes
    at the first touch, whatever the number of campaigns and customers.
    """

    _name = "classification.campaign.facts"
    _description = "Facts about Campaigns"

    @api.model
    def _read(self, policy, as_of_date, resting=None):
        """Return what the engine's :func:`evaluate` takes, as :class:`Read`.

        :param resting: a :class:`Resting` to find the campaigns that need not be worked
            out again; purchases are read for the customers of the others
        """
        self.env.flush_all()
        scope = self.env["classification.facts"]._scope(policy, as_of_date)
        campaigns = self._read_campaigns(policy, scope)
        people = self._read_people(scope)
        found = self._read_found(policy, scope)
        problems = self._problems(campaigns, people)
        set_aside = {campaign for campaign, *__ in problems}
        if set_aside:
            campaigns = campaigns[~campaigns.index.isin(set_aside)]
            people = people[~people["campaign"].isin(set_aside)]
            found = found[~found["campaign"].isin(set_aside)]
        campaigns = with_hashes(campaigns, people, found)
        figures = resting and resting.find(campaigns, people, found, scope)
        if figures is not None:
            people, found = _of_others(figures.index, people, found)
        purchases = self._read_purchases(policy, scope, people, found)
        return Read(campaigns, people, found, purchases, problems, figures)

    @api.model
    def _problems(self, campaigns, people):
        """Return campaigns with unusable numbers or dates.

        ``[(campaign, reason, documents)]``.
        """
        dates = campaigns["bad_campaign_date"] | campaigns["bad_campaign_end"]
        impossible = people["campaign"][people["is_impossible"]].value_counts()
        found = {
            "bad_campaign_cost": campaigns["bad_campaign_cost"],
            "bad_campaign_target": campaigns["bad_campaign_target"],
            "bad_campaign_date": dates,
        }
        return [
            *(
                (campaign, reason, 0)
                for reason, mask in found.items()
                for campaign in campaigns.index[mask].tolist()
            ),
            *(
                (campaign, "bad_participant_date", int(number))
                for campaign, number in impossible.items()
                if campaign in campaigns.index
            ),
        ]

    @api.model
    def _source_codes(self):
        """Ways to come to a campaign, in the order of their numbers from 1."""
        field = self.env["campaign.participant"]._fields["source"]
        return field.get_values(self.env)

    # Campaigns

    @api.model
    def _read_campaigns(self, policy, scope):
        """Read campaigns of the company and of all companies, by id.

        One query.
        """
        import pandas as pd

        kinds = {name: kind for name, (kind, __) in CAMPAIGN.items()}
        columns = read_frame(
            self.env.cr, self._campaign_query(policy, scope), {"id": "int", **kinds}
        )
        index = pd.Index(columns.pop("id"), name="campaign")
        frame = pd.DataFrame(columns, index)
        days = {name: day_numbers(frame[name]) for name in ("start", "end")}
        return frame.assign(**days)

    @api.model
    def _campaign_query(self, policy, scope):
        facts = self.env["classification.facts"]
        return SQL(
            """
            SELECT c.id, %(columns)s
              FROM utm_campaign c
              LEFT JOIN (%(leads)s) l ON l.campaign_id = c.id
              LEFT JOIN (%(costs)s) k ON k.campaign_id = c.id
              LEFT JOIN campaign_profile f
                ON f.campaign_id = c.id AND f.company_id = %(company)s
             WHERE c.company_id = %(company)s OR c.company_id IS NULL
             ORDER BY c.id
            """,
            columns=SQL(", ").join(
                facts._null_free(kind, code) for kind, code in CAMPAIGN.values()
            ),
            leads=self._lead_count_query(scope),
            costs=self._cost_query(policy, scope),
            company=scope.company_id,
        )

    @api.model
    def _lead_count_query(self, scope):
        """Return SQL of the leads of each campaign, also those without contact."""
        return SQL(
            """
            SELECT l.campaign_id, count(*)::integer AS leads,
                   (count(*) FILTER (WHERE l.type = 'opportunity'))::integer
                       AS opportunities
              FROM crm_lead l
             WHERE l.campaign_id IS NOT NULL AND %s
               AND (l.company_id = %s OR l.company_id IS NULL)
             GROUP BY l.campaign_id
            """,
            scope.until(SQL("l.create_date")),
            scope.company_id,
        )

    @api.model
    def _cost_query(self, policy, scope):
        """Return the select of the cost of each campaign.

        Its own lines, and the vendor bills that carry it, without tax.
        """
        lines = self.env["campaign.cost"]._company_amounts(
            SQL(
                "c.company_id = %s AND c.date <= %s",
                scope.company_id,
                scope.as_of_date,
            )
        )
        return SQL(
            """
            SELECT campaign_id,
                   sum(CASE WHEN %(bad)s THEN 'NaN' ELSE amount END)::float8 AS cost
              FROM (SELECT campaign_id, amount
                      FROM (%(lines)s) line (id, campaign_id, day, amount)
                     UNION ALL
                    SELECT m.campaign_id, -m.amount_untaxed_signed
                      FROM account_move m
                     WHERE m.campaign_id IS NOT NULL AND m.state = 'posted'
                       AND m.move_type IN ('in_invoice', 'in_refund', 'in_receipt')
                       AND m.company_id = %(company)s
                       AND COALESCE(m.invoice_date, m.date) <= %(day)s) part
             GROUP BY campaign_id
            """,
            bad=scope.not_a_number(SQL("amount")),
            lines=lines,
            company=scope.company_id,
            day=scope.as_of_date,
        )

    # People

    @api.model
    def _read_people(self, scope):
        """Read all participants so far.

        One query.
        """
        import pandas as pd

        feedback = SQL("CASE WHEN p.has_feedback THEN p.feedback_score END")
        query = SQL(
            """
            SELECT p.id, p.campaign_id, p.partner_id, COALESCE(p.contact_id, 0),
                   COALESCE(array_position(%(sources)s::varchar[], p.source), 0),
                   COALESCE(p.is_entered, FALSE), COALESCE(p.is_control, FALSE),
                   %(impossible)s,
                   %(addressed)s, %(joined)s, %(answered)s, %(feedback)s,
                   COALESCE(p.content_hash, 0), COALESCE(p.touch_hash, 0)
              FROM campaign_participant p
             WHERE p.company_id = %(company)s
             ORDER BY p.id
            """,
            sources=self._source_codes(),
            impossible=SQL(" OR ").join(
                SQL("COALESCE(%s, FALSE)", scope.implausible(SQL(column)))
                for column in ("p.addressed_date", "p.joined_date", "p.answered_date")
            ),
            addressed=null_free_day(SQL("p.addressed_date")),
            joined=null_free_day(SQL("p.joined_date")),
            answered=null_free_day(SQL("p.answered_date")),
            feedback=null_free_float(feedback),
            company=scope.company_id,
        )
        frame = pd.DataFrame(read_frame(self.env.cr, query, ENTERED))
        drawn = [self._source_codes().index(name) + 1 for name in DRAWN]
        days = ("addressed", "joined", "answered")
        return frame.assign(
            is_drawn=frame["source"].isin(drawn),
            **{name: _until(frame[name], scope.as_of_date) for name in days},
        )

    @api.model
    def _read_found(self, policy, scope):
        """Touches in documents, by campaign, customer, day and step: one query."""
        import pandas as pd

        touches = self.env["campaign.touch.source"]._queries(policy, scope)
        query = SQL(
            """
            SELECT t.campaign_id, c.commercial_partner_id, min(t.partner_id), %(day)s,
                   array_position(%(steps)s::varchar[], t.step),
                   COALESCE(min(array_position(%(sources)s::varchar[], t.source)), 0),
                   count(*)::integer, %(feedback)s
              FROM (%(touches)s) t
              JOIN res_partner c ON c.id = t.partner_id
              JOIN utm_campaign k ON k.id = t.campaign_id
               AND (k.company_id = %(company)s OR k.company_id IS NULL)
             WHERE t.day BETWEEN %(first)s AND %(as_of)s
               AND c.commercial_partner_id IS NOT NULL
               AND c.id NOT IN %(objecting)s
               AND c.commercial_partner_id NOT IN %(objecting)s
               AND t.step = ANY(%(steps)s)
             GROUP BY t.campaign_id, c.commercial_partner_id, t.day, t.step
            """,
            day=null_free_day(SQL("t.day")),
            steps=list(STEPS),
            sources=self._source_codes(),
            feedback=null_free_float(SQL("avg(t.feedback)")),
            touches=SQL(" UNION ALL ").join(touches),
            objecting=OBJECTING,
            company=scope.company_id,
            first=FIRST_PLAUSIBLE_DAY,
            as_of=scope.as_of_date,
        )
        frame = pd.DataFrame(read_frame(self.env.cr, query, FOUND))
        return frame.assign(day=day_numbers(frame["day"]))

    @api.model
    def _read_purchases(self, policy, scope, people, found):
        """Read all purchases of participants and control groups.

        Two queries.
        """
        import numpy as np

        customers = np.union1d(people["customer"], found["customer"]).tolist()
        purchases = self.env["classification.facts"]._read_purchases(
            policy, scope.of_customers(customers)
        )
        purchases = purchases.rename(columns={"partner_id": "customer"})
        return purchases.assign(day=day_numbers(purchases["day"]))

    # Classes at the first touch

    @api.model
    def _classes_then(self, company, people, campaigns):
        """Return tier and stage of each participant at the first touch.

        Or on the campaign's first day where nothing touched it: ids by position, 0 for
        none. Four queries.
        """
        start = campaigns["start"].reindex(people["campaign"]).to_numpy()
        day = people["first_touch"].where(people["first_touch"].notna(), start)
        frame = people[["customer"]].assign(day=dates(day), place=range(len(people)))
        kinds = {"place": "int", "customer": "int", "day": "day"}
        write_frame(self.env.cr, frame, "tmp_campaign_then", kinds)
        found = read_frame(
            self.env.cr,
            SQL(
                "SELECT t.place, COALESCE(%s, 0), COALESCE(%s, 0)"
                " FROM tmp_campaign_then t ORDER BY t.place",
                self._class_then(company, "value_tier", "to_tier_id"),
                self._class_then(company, "lifecycle_stage", "to_stage_id"),
            ),
            {"place": "int", "tier": "int", "stage": "int"},
        )
        self.env.cr.execute("DROP TABLE tmp_campaign_then")
        return found["tier"], found["stage"]

    @api.model
    def _class_then(self, company, axis, column):
        """Return SQL of a class on the day of ``t``, from the history."""
        return SQL(
            """
            (SELECT h.%(column)s FROM (%(changes)s) h
              WHERE h.company_id = %(company)s AND h.partner_id = t.customer
                AND h.axis = %(axis)s
                AND h.valid_date <= DATE '1970-01-01' + NULLIF(t.day, %(none)s)
              ORDER BY h.valid_date DESC, h.create_date DESC, h.id DESC LIMIT 1)
            """,
            column=SQL.identifier(column),
            changes=all_changes(
                (
                    *("id", "partner_id", "company_id", "axis", "valid_date"),
                    *("create_date", column),
                )
            ),
            company=company.id,
            axis=axis,
            none=-(2**31),
        )


def day_numbers(days):
    """Return days as float64 day numbers, NaN for missing ones."""
    import numpy as np

    values = days.to_numpy("datetime64[D]")
    numbers = values.astype("int64").astype("float64")
    return np.where(np.isnat(values), np.nan, numbers)


def _of_others(resting, people, found):
    """Return the rows of the customers of campaigns that do not rest.

    Also their rows in campaigns that rest: touches share a purchase.
    """
    import numpy as np

    others = [
        frame.loc[~frame["campaign"].isin(resting), "customer"]
        for frame in (people, found)
    ]
    customers = np.union1d(*others)
    return tuple(frame[frame["customer"].isin(customers)] for frame in (people, found))


def _until(days, as_of_date):
    """The same without days that are still to come."""
    import numpy as np

    numbers = day_numbers(days)
    today = np.datetime64(as_of_date, "D").astype("int64")
    return np.where(numbers > today, np.nan, numbers)
