"""Predictions of runs over customers, and the churn risk by them.

A run that learns predicts for all customers; all others, for those whose purchases
changed since. The stored prediction of all others stands, so that the next run finds
the same classes.
"""

from functools import cached_property

from .classification_facts import RULES_OF_FACTS
from .prediction import (
    MOST_NAMED,
    PROBABILITY,
    Behaviours,
    Given,
    moved,
    no_predictions,
    read_predictions,
    split_predictions,
    stands,
    to_keep,
)


class Predicting:
    """The part of :class:`.pipeline.CustomerPipeline` that predicts.

    :ivar behaviours: what was read with the facts to predict by, or None
    :ivar learnt: what this run learnt, or None
    :ivar stored_predictions: frame of the predictions so far, of those that were read
    :ivar moved_predictions: frame of the predictions to write
    :ivar chances: probability of a purchase by customer, NaN where none is known
    """

    def _behaviours(self):
        """Return what to read for predictions, or None.

        A run over some predicts nothing before one over all. A full run reads all
        customers only when it is time to learn.
        """
        if not self.may_predict:
            return None
        if self.run.scope != "all":
            return self._known_behaviours()
        horizon = self.policy.prediction_horizon_days
        if stands(self.kept_prediction, self.as_of_date, horizon):
            return None
        digits = self.parameters.currency_digits
        return Behaviours(self.as_of_date, digits, horizon, given=self._given())

    @cached_property
    def kept_prediction(self):
        """Return the JSON that the last full run learnt: at most two queries.

        A full run by other rules goes on with what was learnt from the same documents.
        """
        full, before = self.last_full, self.last.policy_id
        if not full and self.run.scope == "all" and self._learns_as(before):
            full = self.run._last_full_run(before, self.last)
        return full.prediction

    def _known_behaviours(self):
        """Return what to read to predict by what was learnt before, or None."""
        from ...engine import Learnt

        if not self.kept_prediction:
            return None
        learnt = Learnt.from_json(self.kept_prediction)
        digits = self.parameters.currency_digits
        given = self._given()
        return Behaviours(self.as_of_date, digits, learnt=learnt, given=given)

    def _given(self):
        """Return the predictions of the company's own model."""
        return Given(self.company, self.as_of_date)

    def _learns_as(self, policy):
        """Return whether predictions by another policy are the same.

        They know no window.
        """
        return all(
            policy[name] == self.policy[name]
            for name in RULES_OF_FACTS
            if name != "window_months"
        )

    def predict(self):
        """Predict what customers will do, and find which predictions move.

        A run that learns predicts for all: at most one query. All others predict for
        customers whose purchases changed: in a run over all four queries, in a run over
        some one, none where there is no such customer.
        """
        self.learnt, concerned, behaviours = None, None, self.behaviours
        self.behaviours = None  # as large as the facts
        self.stored_predictions = self.moved_predictions = no_predictions()
        if self.may_predict and not (behaviours and not behaviours.learnt):
            concerned = self._to_predict()
            behaviours = self._behaviours_of(concerned, behaviours)
        if behaviours:
            self._find_moved_predictions(behaviours, concerned)
        self.chances = self._known_chances()

    @property
    def may_predict(self):
        """Return whether this run knows nothing of days after its own.

        Stored predictions of a later day tell nothing about an earlier one.
        """
        last = self.last.as_of_date
        return not self.is_trial or not last or self.as_of_date >= last

    def _find_moved_predictions(self, behaviours, concerned):
        """Predict, and compare with the stored predictions.

        :param concerned: index of the customers to predict, None for all
        """
        is_new, gap = not behaviours.learnt, self.result.edges.population_gap_days
        learnt, now = behaviours.predict(self.facts.index, gap, self.parameters)
        self.learnt = learnt if is_new else None
        before = self.stored_predictions = self._read_stored(concerned)
        if concerned is not None:
            now = now[now.index.isin(concerned)]
            before = before[before.index.isin(concerned)]
        self.moved_predictions = moved(before, now)

    def _read_stored(self, concerned):
        """Return the stored predictions: one query, none without any profile."""
        if self.are_new:
            return no_predictions()
        scope = self.scope
        if self.run.scope == "all" and concerned is not None:
            scope = self._scope_of(concerned)
        before = read_predictions(self.env, scope)
        return before[~before.index.isin(self.gone.index)]

    def _scope_of(self, customers):
        """Return the scope of some customers, of all if they are very many.

        Up to a tenth of them, an index finds their purchases faster than a scan.
        """
        if len(customers) > max(MOST_NAMED, len(self.facts) // 10):
            return self.scope
        return self.scope.of_customers(customers.tolist())

    def _to_predict(self):
        """Return the customers whose stored prediction does not hold any more.

        Their purchases changed, or they have none although they bought: they were
        excluded until now. All others keep theirs until the next run that learns.
        """
        kept, now, before = self.kept_prediction, self.facts, self.previous
        if not kept or kept["proof"]["reason"] != "proved":
            return now.index[:0]
        digits = self.parameters.currency_digits
        bought, known = now["last_purchase_date"], before["last_purchase_date"]
        revenue = now["lifetime_revenue"] - before["lifetime_revenue"]
        differs = now["lifetime_order_count"] != before["lifetime_order_count"]
        differs |= (bought != known) | (revenue.abs() > 0.5 * 10.0**-digits)
        differs &= bought.notna() | known.notna()
        if not kept.get("source"):
            is_unknown = before[PROBABILITY].isna() | (before["policy"] == 0)
            differs |= is_unknown & (now["visit_count"] > 0)
        return now.index[differs]

    def _behaviours_of(self, customers, behaviours):
        """Return the behaviour of customers, or None where there are none.

        :param behaviours: of all customers of the run, where they were read with the
            facts; two queries otherwise
        """
        if not len(customers) or behaviours:
            return behaviours if len(customers) else None
        behaviours, scope = self._known_behaviours(), self._scope_of(customers)
        purchases = self.facts_model._read_purchases(self.policy, scope)
        days = purchases["day"].to_numpy("datetime64[D]").astype("int64")
        behaviours.add(purchases.assign(day=days), None)
        return behaviours

    def _known_chances(self):
        """Return the probability of a purchase by customer, NaN for unknown.

        It is the one that is stored when this run ends, so that the next run finds the
        same classes.
        """
        chances = self.previous[PROBABILITY].where(self.previous["policy"] != 0)
        if not self.may_predict:
            return chances * float("nan")
        rows = self.moved_predictions[PROBABILITY]
        rows = rows[rows.index.isin(chances.index)]
        chances.loc[rows.index] = rows
        return chances

    @cached_property
    def uses_predictions(self):
        """Return whether the churn risk of some customer goes by predictions."""
        uses = self.parameters.risk_by_predictions
        return bool(uses and self.chances.notna().any())

    @cached_property
    def prediction_days(self):
        """Return the horizon of the predictions behind a risk, None without any."""
        if not self.uses_predictions:
            return None
        return self.learnt.horizon if self.learnt else self.kept_prediction["horizon"]

    def _by_predictions(self, frame, parameters):
        """Return classes with the churn risk by predictions, where rules say so."""
        from ...engine import by_prediction

        if not parameters.risk_by_predictions or not self.chances.notna().any():
            return frame
        return by_prediction(frame, self.chances, parameters)

    # Writing

    def _prediction_to_keep(self):
        """Return what a full production run learnt, or what it repeats."""
        if self.is_trial or self.run.scope != "all":
            return False
        if self.learnt is None:
            return self.kept_prediction
        horizon = self.policy.prediction_horizon_days
        return to_keep(self.learnt, self.as_of_date, horizon)

    def _predictions_to_write(self):
        """Return the moved predictions: with differing profiles, and others."""
        rows = self.moved_predictions
        self.run.prediction_count = len(rows)
        if self.run.scope == "all" and not self.learnt:
            return None, rows  # those of the other differing profiles were not read
        return split_predictions(rows, self.stored_predictions, self.differing)
