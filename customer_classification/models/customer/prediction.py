"""Predictions of a run: learning, writing, and the sentences.

Once a week a full run learns from all customers, predicts for all, and keeps what it
learnt. Other runs predict by that for the customers whose purchases changed. The stored
prediction stands until it is off by more than a step, or every week every profile would
be written.
"""

from datetime import timedelta

from odoo import fields
from odoo.tools import SQL

from ...copy_frames import float_or_null, null_free_float, read_frame, write_frame
from ..classified.profile_table import column_of

# What was learnt stands for so many days: learning takes longer than a settled run.
LEARNT_DAYS = 7
# Steps: of the probability, and of amounts as a share of the larger one.
STEP, AMOUNT_STEP = 0.01, 0.02
# Customers beyond it are not named in a query one by one.
MOST_NAMED = 10_000
PROBABILITY = "purchase_probability"
PROBABILITY_PLACES = 4
_TABLE = "tmp_customer_prediction"


class Behaviours:
    """Behaviour of customers, taken from their purchases part by part.

    :param learnt: of the last full run, by which to predict; None to learn anew
    :param horizon: days to look ahead, 0 for the usual ones
    :param given: predictions of the company's own model, where it may have some
    """

    def __init__(self, as_of, digits, horizon=0, learnt=None, given=None):
        self.given = given
        self.as_of = as_of
        self.digits = digits
        self.horizon = learnt.horizon if learnt else horizon
        self.learnt = learnt
        self.parts = []
        # Behaviour one horizon before the day on which the own model is judged, and
        # on that day.
        self.judged = []

    def add(self, purchases, usual_gap):
        """Take the behaviour of customers from all their purchases."""
        from ...engine import History, snapshots, usual_horizon
        from ...engine.common.columns import day_number

        self.horizon = self.horizon or usual_horizon(usual_gap)
        history = History.of(purchases, self.digits)
        if self.learnt:
            found = history.behaviour(day_number(self.as_of), self.horizon)
        else:
            found = snapshots(history, self.as_of, self.horizon)
            self._add_judged(history)
        self.parts.append(found)

    def _add_judged(self, history):
        from ...engine.common.columns import day_number

        day = self.given and self.given.judged_day(self.horizon)
        if day:
            days = (day_number(day) - self.horizon, day_number(day))
            self.judged.append(
                tuple(history.behaviour(one, self.horizon) for one in days)
            )

    def predict(self, kept, usual_gap, parameters):
        """Return ``(learnt, frame)``: the predictions of customers who have one.

        :param kept: index of the customers who are classified
        """
        from ...engine import PREDICTION, outlook

        learnt, now = self._learn(kept, usual_gap)
        given = None
        if learnt.source:
            given = self.given.of_today(learnt, now.index)
        frame = outlook(learnt, now, parameters, given)[list(PREDICTION)]
        return learnt, rounded(frame[frame[PROBABILITY].notna()], self.digits)

    def _learn(self, kept, usual_gap):
        """Return what was learnt, and the behaviour of today."""
        import pandas as pd

        from ...engine import joined, learn

        if self.learnt:
            now = pd.concat(self.parts).sort_index()
            return self.learnt, now[now.index.isin(kept)]
        found = joined(self.parts).only(kept)
        learnt = learn(found, self.horizon, usual_gap)
        return self._with_given(learnt, kept), found.now

    def _with_given(self, learnt, kept):
        """Return what was learnt, by the company's own model if that is better."""
        import pandas as pd

        from ...engine import with_given

        if not self.judged:
            return learnt
        before, past = (
            pd.concat(frames).sort_index() for frames in zip(*self.judged, strict=True)
        )
        return with_given(
            learnt,
            self.given.name,
            self.given.of_judged_day(self.horizon),
            before[before.index.isin(kept)],
            past[past.index.isin(kept)],
        )


class Given:
    """Predictions of a company's own model (``classification.prediction``)."""

    def __init__(self, company, as_of):
        self.model = company.env["classification.prediction"].sudo()
        self.company = company
        self.as_of = as_of
        self.found = None
        self.was_asked = False

    @property
    def name(self):
        """Return the name of the model that is judged."""
        return self.found[0]

    def judged_day(self, horizon):
        """Return the day of which predictions are judged, or None.

        One query, once.
        """
        if not self.was_asked:
            self.was_asked = True
            self.found = self.model._judged(self.company, horizon, self.as_of)
        return self.found and self.found[1]

    def of_judged_day(self, horizon):
        """Return the predictions that are judged, by customer: one query."""
        return self.model._of_day(self.company, horizon, *self.found)

    def of_today(self, learnt, customers):
        """Return the predictions of today of some customers, by id: one query."""
        few = customers.tolist() if len(customers) <= MOST_NAMED else None
        model = (learnt.horizon, learnt.source)
        return self.model._of_today(self.company, *model, self.as_of, few)


def stands(kept, as_of, horizon):
    """Return whether what a run learnt holds on a day.

    :param kept: ``prediction`` of the last full run
    :param horizon: of the policy, 0 for the usual one
    """
    if not kept or kept["asked"] != horizon:
        return False
    age = as_of - fields.Date.to_date(kept["date"])
    return timedelta() <= age < timedelta(LEARNT_DAYS)


def to_keep(learnt, as_of, horizon):
    """Return what a full run learnt, as JSON, with the day and the rule."""
    day = fields.Date.to_string(as_of)
    return {**learnt.to_json(), "date": day, "asked": horizon}


def rounded(frame, digits):
    """Return predictions as they are stored."""
    places = dict.fromkeys(frame.columns, digits)
    return frame.round({**places, PROBABILITY: PROBABILITY_PLACES}) + 0.0


def no_predictions():
    """Return an empty frame of predictions by customer."""
    import pandas as pd

    from ...engine import PREDICTION

    index = pd.Index([], dtype="int32", name="partner_id")
    return pd.DataFrame(columns=list(PREDICTION), index=index, dtype="float64")


def read_predictions(env, scope):
    """Return the stored predictions by customer: one query."""
    import pandas as pd

    from ...engine import PREDICTION

    partners = SQL("TRUE")
    if scope.customer_ids is not None:
        partners = SQL("f.partner_id = ANY(%s)", list(scope.customer_ids))
    query = SQL(
        "SELECT f.partner_id, %s FROM customer_profile f"
        " WHERE f.company_id = %s AND f.has_prediction AND %s",
        SQL(", ").join(null_free_float(SQL.identifier("f", n)) for n in PREDICTION),
        scope.company_id,
        partners,
    )
    kinds = {"partner_id": "int", **dict.fromkeys(PREDICTION, "float")}
    columns = read_frame(env.cr, query, kinds)
    index = pd.Index(columns.pop("partner_id"), name="partner_id")
    return pd.DataFrame(columns, index)


def moved(before, now):
    """Return the predictions to write: those that moved by more than a step.

    Customers who have none any more are rows of NaN.
    """
    import numpy as np

    index = before.index.union(now.index).rename("partner_id")
    old = before.reindex(index).to_numpy()
    new = now.reindex(index)
    values = new.to_numpy()
    steps = AMOUNT_STEP * np.fmax(np.abs(old), np.abs(values))
    steps[:, new.columns.get_loc(PROBABILITY)] = STEP
    same = (np.abs(values - old) <= steps + 1e-9) | (np.isnan(values) & np.isnan(old))
    return new[~same.all(axis=1)]


def split_predictions(rows, before, differing):
    """Return the predictions to write with the profiles, and all others.

    With the profiles go those of all that differ, also where the prediction stands.

    :param rows: the predictions that moved
    :param before: those stored so far
    :param differing: customers whose profile differs
    :return: ``(frame by differing customer or None, frame)``
    """
    is_own = rows.index.isin(differing)
    if not is_own.any():
        return None, rows
    whole = before.reindex(differing)
    whole.loc[rows.index[is_own]] = rows[is_own]
    return whole, rows[~is_own]


def write_predictions(env, company, frame):
    """Write predictions into the profiles: three queries."""
    from ...engine import PREDICTION

    kinds = {"partner_id": "int", **dict.fromkeys(PREDICTION, "float")}
    write_frame(env.cr, frame.reset_index(), _TABLE, kinds)
    known = float_or_null(column_of(PROBABILITY))
    env.cr.execute(
        SQL(
            "UPDATE customer_profile f SET has_prediction = %s IS NOT NULL, %s"
            " FROM %s t WHERE f.partner_id = t.partner_id AND f.company_id = %s",
            known,
            SQL(", ").join(
                SQL("%s = %s", SQL.identifier(name), float_or_null(column_of(name)))
                for name in PREDICTION
            ),
            SQL.identifier(_TABLE),
            company.id,
        )
    )
    env.cr.execute(SQL("DROP TABLE %s", SQL.identifier(_TABLE)))
    env["customer.profile"].invalidate_model()


def forget_predictions(env, company, partner_ids):
    """Empty the predictions of customers who are set aside.

    Their purchases cannot be counted, so that an old number would be wrong. One query,
    or none without such customers.
    """
    from ...engine import PREDICTION

    if not partner_ids:
        return
    env.cr.execute(
        SQL(
            "UPDATE customer_profile SET has_prediction = NULL, %s"
            " WHERE company_id = %s AND partner_id = ANY(%s) AND has_prediction",
            SQL(", ").join(SQL("%s = NULL", SQL.identifier(n)) for n in PREDICTION),
            company.id,
            partner_ids,
        )
    )
    env["customer.profile"].invalidate_model()
