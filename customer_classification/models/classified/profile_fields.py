"""Fields of a profile as they are shown on the record itself."""

import operator as op

from odoo import fields
from odoo.fields import Domain

from ..common.searched_values import (
    COMPARISONS,
    asks_for_none,
    compared_value,
    values_among,
    whole_bound,
)

COMPARE = {"<": op.lt, "<=": op.le, ">": op.gt, ">=": op.ge}


class _NumberOfTheProfile:
    """A number shown on contacts, which is 0 without a profile.

    Compared with 0, Odoo's related fields take every contact without a profile for
    a match: *more than 0* would find all prospects.
    """

    def _search_related(self, records, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        if operator == "in":
            known = values_among(self, value)
            if asks_for_none(value) or 0 in known:
                # 0 as False: Odoo's amounts take an integer 0 for another number.
                known = [*filter(None, known), False]
            return super()._search_related(records, operator, known)
        if operator not in COMPARISONS:
            return super()._search_related(records, operator, value)
        value = compared_value(records.env, self, value)
        bound = whole_bound(operator, value) if self.type == "integer" else value
        *path, number = self.related.split(".")
        domain = self._along(path, Domain(number, operator, bound))
        if COMPARE[operator](0, value):
            domain |= ~self._along(path, Domain.TRUE)
        return domain

    def _along(self, path, domain):
        """Return a domain on the records at the end of a path."""
        for name in reversed(path):
            domain = Domain(name, "any!", domain)
        return domain


class ProfileInteger(_NumberOfTheProfile, fields.Integer):
    """An integer of the profile."""


class ProfileFloat(_NumberOfTheProfile, fields.Float):
    """A float of the profile."""


class ProfileMonetary(_NumberOfTheProfile, fields.Monetary):
    """An amount of the profile."""
