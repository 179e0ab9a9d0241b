"""Fields of a profile as they are shown on the record itself."""

import operator as op

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Domain

from ..common.searched_values import (
    COMPARISONS,
    asks_for_none,
    compared_value,
    values_among,
    whole_bound,
)

COMPARE = {"<": op.lt, "<=": op.le, ">": op.gt, ">=": op.ge}


class _OfTheProfile:
    """A field of the profile, shown for many records at once.

    Odoo assigns related values one by one, as if each were written. Without a column,
    an assignment comes to a value in the cache: it is put there directly.
    """

    def _compute_related(self, records):
        if self.store or not all(records._ids):
            return super()._compute_related(records)
        *path, name = self.related.split(".")
        shown = list(records)
        try:
            for hop in path:
                shown = [next(iter(one := record[hop]), one) for record in shown]
        except AccessError:  # Odoo names the document in its message
            return super()._compute_related(records)
        for record, source in zip(records, shown, strict=True):
            value = self._process_related(source[name], record.env)
            self._update_cache(record, self.convert_to_cache(value, record))
        return None


class ProfileChar(_OfTheProfile, fields.Char):
    """A line of the profile."""


class ProfileDate(_OfTheProfile, fields.Date):
    """A day of the profile."""


class ProfileSelection(_OfTheProfile, fields.Selection):
    """A word of the profile."""


class ProfileMany2one(_OfTheProfile, fields.Many2one):
    """A record that the profile refers to."""


class _NumberOfTheProfile(_OfTheProfile):
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
