from odoo import api, fields, models

from .arguments import as_choice
from .classification_columns import STAGE_RANK
from .customer_profile import RISK_COLORS

# Fields with the class before and after, by axis.
ENDS = {
    "value_tier": {"from": "from_tier_id", "to": "to_tier_id"},
    "lifecycle_stage": {"from": "from_stage_id", "to": "to_stage_id"},
    "churn_risk": {"from": "from_risk", "to": "to_risk"},
}
# Better is higher, as for stages.
RISK_RANK = {"low": 2, "medium": 1, "high": 0}


class ClassificationMigration(models.Model):
    """The matrix of customers from each class to each class, in one answer."""

    _inherit = "classification.migration"

    @api.model
    @api.readonly
    def get_matrix(self, axis):
        """Customers from each class to each class between the two days.

        Whoever was no customer on the first day stands in the first row, whoever is
        none on the second day in the last column. So the other rows add up to the
        customers of the first day, and the other columns to those of the second.

        :param axis: ``value_tier``, ``lifecycle_stage`` or ``churn_risk``
        :return: dict of

            - ``from_date``, ``to_date``;
            - ``first_date``: the first day with a class, False where there is none;
            - ``currency_id`` of the amounts, False where there are none: for who may
              not see them, and where companies of several currencies are switched on;
            - ``rows`` and ``columns``, in the order of the classes: dicts of
              ``name``, ``color``, ``rank`` (higher is better; False compares with
              nothing), ``is_customer``, and ``domain`` of the customers;
            - ``cells``: those with customers, dicts of ``row`` and ``column``
              (places in the lists), ``count``, and ``before`` and ``revenue``: of
              these customers on the first and on the second day
        :raise UserError: on an unknown axis and on a day that is none

        At most four queries for any number of customers with both days given, two more
        with amounts, and one more for each time zone lookup.
        """
        self.browse().check_access("read")
        as_choice(self.env, axis, ENDS, self.env._("Axis"))
        first, last = self._days()
        currency = self._matrix_currency()
        groups = self._matrix_groups(axis, bool(currency))
        classes = self._matrix_classes(axis, groups)
        return {
            "from_date": fields.Date.to_string(first),
            "to_date": fields.Date.to_string(last),
            "first_date": fields.Date.to_string(self._first_day()),
            "currency_id": currency.id,
            "rows": [self._outside("from"), *self._heads(axis, "from", classes)],
            "columns": [*self._heads(axis, "to", classes), self._outside("to")],
            "cells": self._matrix_cells(groups, [head["key"] for head in classes]),
        }

    @api.model
    def _matrix_currency(self):
        """The currency of all companies that are switched on, for who may see amounts;
        none otherwise."""
        currencies = self.env.companies.currency_id
        is_shown = self._has_field_access(self._fields["to_revenue"], "read")
        return currencies if is_shown and len(currencies) == 1 else currencies.browse()

    @api.model
    def _matrix_groups(self, axis, has_money):
        """``[(from key, to key, was customer, is customer, customers, *amounts)]``; a
        key is an id, a code, or False. One query, and two for the rules of amounts."""
        amounts = ["from_revenue:sum", "to_revenue:sum"] if has_money else []
        groups = self._read_group(
            [],
            [*ENDS[axis].values(), "from_customer", "to_customer"],
            ["__count", *amounts],
        )
        return [
            (self._key(old), self._key(new), *numbers) for old, new, *numbers in groups
        ]

    @api.model
    def _key(self, value):
        return value.id if isinstance(value, models.BaseModel) else value

    # Rows and columns

    @api.model
    def _matrix_classes(self, axis, groups):
        """The classes in their order, as dicts; no class comes last, where customers
        have none."""
        used = {old for old, __, was, *__ in groups if was}
        used |= {new for __, new, __, now, *__ in groups if now}
        classes = {
            "value_tier": self._tier_classes,
            "lifecycle_stage": self._stage_classes,
            "churn_risk": self._risk_classes,
        }[axis](used)
        if False in used:
            classes.append(self._class(False, self.env._("None"), 0, False))
        return classes

    @api.model
    def _class(self, key, name, color, rank):
        return {"key": key, "name": name, "color": color, "rank": rank}

    @api.model
    def _tier_classes(self, used):
        """The tiers in use, and archived ones that customers were in."""
        tiers = (
            self.env["customer.value.tier"]
            .search_fetch(
                [("active", "in", (True, False))],
                ["name", "color", "is_unrated", "active"],
            )
            .filtered(lambda tier: tier.active or tier.id in used)
        )
        return [
            self._class(tier.id, tier.name, tier.color, not tier.is_unrated and -place)
            for place, tier in enumerate(tiers)
        ]

    @api.model
    def _stage_classes(self, used):
        return [
            self._class(stage.id, stage.name, stage.color, STAGE_RANK[stage.code])
            for stage in self.env["customer.lifecycle.stage"].search_fetch(
                [], ["name", "color", "code"]
            )
        ]

    @api.model
    def _risk_classes(self, used):
        labels = self._fields["to_risk"]._description_selection(self.env)
        return [
            self._class(code, label, RISK_COLORS[code], RISK_RANK[code])
            for code, label in labels
        ]

    @api.model
    def _heads(self, axis, end, classes):
        """Rows or columns of the classes."""
        name = ENDS[axis][end]
        return [
            {
                **head,
                "is_customer": True,
                "domain": [(f"{end}_customer", "=", True), (name, "=", head["key"])],
            }
            for head in classes
        ]

    @api.model
    def _outside(self, end):
        """The row or column of those who are no customers on that day."""
        name = {
            "from": self.env._("Not Yet a Customer"),
            "to": self.env._("No Longer a Customer"),
        }[end]
        return {
            **self._class(False, name, 0, False),
            "is_customer": False,
            "domain": [(f"{end}_customer", "=", False)],
        }

    @api.model
    def _matrix_cells(self, groups, keys):
        places = {key: place for place, key in enumerate(keys)}
        return [
            {
                "row": places[old] + 1 if was else 0,
                "column": places[new] if now else len(keys),
                "count": count,
                **dict(zip(("before", "revenue"), amounts, strict=False)),
            }
            for old, new, was, now, count, *amounts in groups
        ]
