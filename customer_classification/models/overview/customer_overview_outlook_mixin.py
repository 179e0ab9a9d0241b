from odoo import api, models
from odoo.tools import SQL

PROFILE = "customer.profile"
SCORED = (("score_recency", ">", 0), ("score_frequency", ">", 0))
PREDICTED = ("has_prediction", "=", True)
# {way: what is asked of the growth}
DIRECTIONS = {"growing": ("growth", ">", 0), "shrinking": ("growth", "<", 0)}


class CustomerOverviewOutlookMixin(models.AbstractModel):
    """Where the places of the grid of recency and frequency are going."""

    _name = "customer.overview.outlook.mixin"
    _description = "Outlook in the Overview"

    @api.model
    def _outlook_block(self, choice):
        """Return the predicted revenue of each place, and who grows and shrinks.

        One query. Growth compares this half of the window of the rules with the one
        before; who buys as much, and who bought too little, is in neither number.
        """
        return {
            "cells": [
                self._outlook_cell(choice, *row) for row in self._outlook_rows(choice)
            ]
        }

    @api.model
    def _outlook_rows(self, choice):
        """Return rows of recency, frequency and the numbers of their customers."""
        query = self.env[PROFILE]._search(choice.domain(PROFILE, *SCORED))
        query.order, query.groupby = None, _PLACE
        return self.env.execute_query(query.select(_PLACE, *_NUMBERS))

    @api.model
    def _outlook_cell(self, choice, recency, frequency, predicted, amount, *ways):
        """Return what is expected of the customers of a place."""
        place = [
            ("score_recency", "=", recency),
            ("score_frequency", "=", frequency),
        ]
        return {
            "recency": recency,
            "frequency": frequency,
            "expected": choice.cell(
                PROFILE, [*place, PREDICTED], predicted, "expected_revenue", amount
            ),
            **{
                way: choice.cell(
                    PROFILE, [*place, ("has_growth", "=", True), condition], count
                )
                for (way, condition), count in zip(
                    DIRECTIONS.items(), ways, strict=True
                )
            },
        }


_PLACE = SQL("customer_profile.score_recency, customer_profile.score_frequency")
_NUMBERS = (
    SQL("count(*) FILTER (WHERE customer_profile.has_prediction)"),
    SQL(
        "sum(customer_profile.expected_revenue)"
        " FILTER (WHERE customer_profile.has_prediction)"
    ),
    SQL(
        "count(*) FILTER (WHERE customer_profile.has_growth"
        " AND customer_profile.growth > 0)"
    ),
    SQL(
        "count(*) FILTER (WHERE customer_profile.has_growth"
        " AND customer_profile.growth < 0)"
    ),
)
