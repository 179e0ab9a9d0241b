from odoo import api, fields, models

from ..common.arguments import as_choice
from ..customer.classification_move_mixin import CLASS_FIELDS
from ..customer.columns import STAGE_RANK
from ..customer.customer_profile import RISK_COLORS

# Better is higher, as for stages.
RISK_RANK = {"low": 2, "medium": 1, "high": 0}


class ClassificationMigration(models.Model):
    """The matrix of customers from each class to each class, in one answer."""

    _inherit = "classification.migration"

    @api.model
    @api.readonly
    def get_matrix(self, axis):
        """Customers from each class to each class between the two days.

        Without amounts: the history knows the revenue of the last change of each
        customer, whose sum is the revenue of no day.

        Whoever was no customer on the first day stands in the first row, whoever is
        none on the second day in the last column. So the other rows add up to the
        customers of the first day, and the other columns to those of the second.

        :param axis: ``value_tier``, ``lifecycle_stage`` or ``churn_risk``
        :return: dict of

            - ``from_date``, ``to_date``;
            - ``first_date``: the first day with a class, False where there is none;
            - ``currency_id``: False, as no amounts are shown;
            - ``rows`` and ``columns``, in the order of the classes: dicts of
              ``name``, ``color``, ``rank`` (higher is better; False compares with
              nothing), ``is_customer``, and ``domain`` of the customers;
            - ``cells``: those with customers, dicts of ``row`` and ``column``
              (places in the lists) and ``count``
        :raise UserError: on an unknown axis and on a day that is none

        At most four queries for any number of customers with both days given, and one
        more for each time zone lookup.
        """
        self.browse().check_access("read")
        as_choice(self.env, axis, CLASS_FIELDS, self.env._("Axis"))
        first, last = self._days()
        groups = self._matrix_groups(axis)
        classes = self._matrix_classes(axis, groups)
        return {
            "from_date": fields.Date.to_string(first),
            "to_date": fields.Date.to_string(last),
            "first_date": fields.Date.to_string(self._first_day()),
            "currency_id": False,
            "rows": [self._outside("from"), *self._heads(axis, "from", classes)],
            "columns": [*self._heads(axis, "to", classes), self._outside("to")],
            "cells": self._matrix_cells(groups, [head["key"] for head in classes]),
        }

    @api.model
    def _matrix_groups(self, axis):
        """``[(from key, to key, was customer, is customer, customers)]``; a key is an
        id, a code, or False. One query."""
        groups = self._read_group(
            [],
            [*CLASS_FIELDS[axis].values(), "from_customer", "to_customer"],
            ["__count"],
        )
        return [
            (self._key(old), self._key(new), was, now, count)
            for old, new, was, now, count in groups
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
        name = CLASS_FIELDS[axis][end]
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
                "revenue": sum(filter(None, revenue)),
            }
            for old, new, was, now, count, *revenue in groups
        ]
