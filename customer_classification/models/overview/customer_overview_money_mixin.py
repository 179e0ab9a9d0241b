from collections import defaultdict
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from .classification_bridge import MOVEMENTS

PROFILE, BRIDGE, COHORT = (
    *("customer.profile", "classification.bridge"),
    "classification.cohort",
)
# Amounts of the bridge.
MEASURES = ("known_revenue", "to_revenue", "correction", "revenue_change")
# Of so many of a hundred customers, the best first, is told what they bring.
SHARES = (1, 5, 10, 20, 30, 50, 75, 100)


class CustomerOverviewMoneyMixin(models.AbstractModel):
    """Blocks of the overview about revenue: bridge, cohorts and concentration."""

    _name = "customer.overview.money.mixin"
    _description = "Revenue in the Overview"

    @api.model
    def _bridge_block(self, choice):
        """Return the revenue of two windows, and what lies between them.

        Two queries. What was corrected since the first day and the movements add up to
        the difference, to the cent; without access to amounts there are only the
        customers.
        """
        by_movement, corrected = defaultdict(list), []
        for movement, is_corrected, *numbers in self.env[BRIDGE]._read_group(
            choice.domain(BRIDGE),
            ["movement", "is_corrected"],
            ["__count", *choice.amounts(*(f"{one}:sum" for one in MEASURES))],
        ):
            by_movement[movement].append(numbers)
            corrected += [numbers] if is_corrected else []
        everybody = [own for groups in by_movement.values() for own in groups]
        bars = {"corrected": corrected} if corrected else {}
        bars.update({name: by_movement[name] for name, __ in MOVEMENTS})
        return {
            "opening": self._bridge_cell(choice, [], "known_revenue", everybody),
            "movements": [
                {"name": name, **self._bridge_bar(choice, name, groups)}
                for name, groups in bars.items()
                if groups
            ],
            "closing": self._bridge_cell(choice, [], "to_revenue", everybody),
        }

    @api.model
    def _bridge_bar(self, choice, name, groups):
        """Return the corrections or a movement."""
        if name == "corrected":
            condition = ("is_corrected", "=", True)
            return self._bridge_cell(choice, [condition], "correction", groups)
        condition = ("movement", "=", name)
        return self._bridge_cell(choice, [condition], "revenue_change", groups)

    @api.model
    def _bridge_cell(self, choice, conditions, measure, groups):
        """Return a number from ``[(count, *amounts of MEASURES)]``."""
        place = MEASURES.index(measure)
        return choice.cell(
            BRIDGE,
            conditions,
            sum(count for count, *__ in groups),
            measure,
            sum(amounts[place] or 0 for __, *amounts in groups if amounts),
        )

    @api.model
    def _cohorts_block(self, choice):
        """Return who bought again in which month after the first purchase.

        Two queries.
        """
        groups = self.env[COHORT]._read_group(
            choice.domain(COHORT),
            ["cohort:month", "age", "is_buyer"],
            ["__count", *choice.amounts("revenue:sum")],
        )
        found = defaultdict(dict)
        for cohort, age, is_buyer, *numbers in groups:
            found[cohort].setdefault(age, {})[is_buyer] = numbers
        return {
            "cohorts": [
                {
                    "month": fields.Date.to_string(cohort),
                    "cells": [
                        self._cohort_cells(choice, cohort, age, ages.get(age, {}))
                        for age in range(self._months_between(cohort, choice.last) + 1)
                    ],
                }
                for cohort, ages in sorted(found.items(), reverse=True)
            ],
        }

    @api.model
    def _months_between(self, first, last):
        return 12 * (last.year - first.year) + last.month - first.month

    @api.model
    def _cohort_cells(self, choice, cohort, age, found):
        """Return the buyers and the revenue of a cohort in a month."""
        month = cohort + relativedelta(months=age)
        place = [("cohort", "=", fields.Date.to_string(cohort)), ("age", "=", age)]
        buyers, *__ = found.get(True, [0])
        rows = sum(count for count, *__ in found.values())
        revenue = sum(own[-1] or 0 for own in found.values())
        is_partial = month + relativedelta(months=1) > choice.last + timedelta(days=1)
        return {
            "age": age,
            "is_partial": is_partial,
            "buyers": choice.cell(COHORT, [*place, ("is_buyer", "=", True)], buyers),
            "revenue": choice.has_money
            and choice.cell(COHORT, place, rows, "revenue", revenue),
        }

    @api.model
    def _pareto_block(self, choice):
        """Return which part of the revenue the best customers bring.

        One query. Equal revenues are taken together: so a part may have more customers
        than its share.
        """
        if not choice.has_money:
            return {"points": []}
        buys = ("revenue", ">", 0)
        query = self.env[PROFILE]._search(choice.domain(PROFILE, buys))
        rows = self.env.execute_query(self._pareto_query(query))
        return {
            "points": [
                choice.cell(
                    PROFILE,
                    [buys, ("revenue", ">=", limit)],
                    count,
                    "revenue",
                    total,
                )
                for count, total, limit in rows
            ]
        }

    @api.model
    def _pareto_query(self, query):
        """Return SQL of customers, revenue and least revenue of each part.

        Revenues are sorted once, for the least one of each part, and then counted and
        added up between these few: windows over each row take twice as long.
        """
        return SQL(
            """
            WITH buyer AS MATERIALIZED (%(buyers)s),
                 edge AS (
                SELECT array_agg(DISTINCT least ORDER BY least) AS leasts
                  FROM unnest((SELECT percentile_disc(%(shares)s::float8[])
                                      WITHIN GROUP (ORDER BY revenue DESC)
                                 FROM buyer)) least
            ), part AS (
                SELECT width_bucket(revenue, leasts) AS place,
                       count(*) AS customers, sum(revenue) AS total
                  FROM buyer, edge
                 GROUP BY place
            )
            SELECT (sum(customers) OVER better)::bigint AS customers,
                   sum(total) OVER better, leasts[place]::float8
              FROM part, edge
            WINDOW better AS (ORDER BY place DESC)
             ORDER BY customers
            """,
            buyers=query.subselect(SQL.identifier(query.table, "revenue")),
            shares=[share / 100 for share in SHARES],
        )
