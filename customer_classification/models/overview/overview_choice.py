"""Choice of companies, days and customers of the overview."""

from dataclasses import dataclass, field
from datetime import date

from odoo import fields

# Fields with the tier of a row, by model.
_TIER_FIELDS = {
    "customer.profile": "value_tier_id",
    "classification.migration": "to_tier_id",
    "classification.bridge": "value_tier_id",
    "classification.cohort": "value_tier_id",
}
# Models with rows of no company, which concern all of them.
_SHARED = frozenset({"classification.to.fix"})
# Models whose rows depend on the days in the context.
_DATED = frozenset(_TIER_FIELDS) - {"customer.profile"}


@dataclass(frozen=True)
class Choice:
    """Choice of a reader, checked.

    :ivar company_ids: ids of the companies, all of one currency
    :ivar currency: their currency, a record
    :ivar first: day with which the last one is compared
    :ivar last: last day
    :ivar today: today, by the rules of the first company
    :ivar conditions: conditions on the contact, as a list of a domain
    :ivar tier_id: id of the only tier, or False
    :ivar has_money: whether the reader may see amounts
    :ivar found: what several blocks need and one of them has found
    """

    company_ids: tuple
    currency: object
    first: date
    last: date
    today: date
    conditions: tuple
    tier_id: int
    has_money: bool
    found: dict = field(default_factory=dict, compare=False)

    def days(self, **days):
        """Return the days for the context, as text."""
        known = {
            "history_from_date": self.first,
            "history_date": self.last,
            "history_known_date": None,
            **days,
        }
        return {key: day and fields.Date.to_string(day) for key, day in known.items()}

    def domain(self, model, *conditions):
        """Return the domain of the rows of a model, with further conditions."""
        companies = [*self.company_ids, *([False] if model in _SHARED else [])]
        found = [("company_id", "in", companies)]
        if model in _TIER_FIELDS:
            found += self.conditions
            if self.tier_id:
                found.append((_TIER_FIELDS[model], "=", self.tier_id))
        return [*found, *conditions]

    def amounts(self, *specs):
        """Return the aggregates of amounts, none for who may not see them."""
        return list(specs) if self.has_money else []

    def cell(self, model, conditions, count, measure=None, amount=None, **days):
        """Return a number with the records behind it.

        :param measure: field that adds up to the amount, for who may see it
        :param days: days of the context that differ
        :return: dict of ``model``, ``domain``, ``context``, ``count``, ``measure`` and
            ``sum``; the last two are None without an amount
        """
        has_sum = self.has_money and measure is not None
        return {
            "model": model,
            "domain": self.domain(model, *conditions),
            "context": self.days(**days) if model in _DATED else {},
            "count": count,
            "measure": measure if has_sum else None,
            "sum": self.currency.round(amount or 0) if has_sum else None,
        }
