"""A policy as a file: to keep, to compare, to carry to another database.

Users, companies and runs are left out; tiers and segments go by their codes.
"""

import json

from odoo import fields
from odoo.exceptions import UserError

from .rule_fields import NO_VALUE_TIER

FILE_FORMAT = "customer_classification.policy/1"
SCORE_NAMES = ("metric", "weight", "method", "bins", "limits")
TIER_NAMES = ("tier", "limit", "keep_limit", "benefit_percent", "benefit_amount")
SEGMENT_NAMES = ("segment", "cells", "claim_activity", "claim_value", "otherwise")
# Range of an integer column.
_BIGGEST = 2**31 - 1
# Largest amount that a float keeps to the cent.
_BIGGEST_FLOAT = 10**13


def to_file(policy):
    """The rules as values that JSON takes; the inverse of :class:`PolicyFile`."""
    policy.ensure_one()
    return {
        "format": FILE_FORMAT,
        "name": policy.name,
        "currency": policy.currency_id.name,
        "rules": {name: _to_plain(policy, name) for name in policy._file_rules()},
        "scores": [
            {
                **{name: line[name] for name in SCORE_NAMES},
                "limits": line._limit_numbers(),
            }
            for line in policy.metric_ids
        ],
        "tiers": [
            {"tier": line.tier_id.code}
            | {name: line[name] for name in TIER_NAMES if name != "tier"}
            for line in policy.tier_ids.sorted("tier_sequence")
        ],
        "segments": [
            {
                "segment": line.segment_id.code,
                "cells": line.cells or "",
                "claim_activity": line.claim_activity,
                "claim_value": line.claim_value,
                "otherwise": line.otherwise_id.code or "",
            }
            for line in policy.segment_ids
        ],
    }


def _to_plain(policy, name):
    value = policy[name]
    if name == NO_VALUE_TIER:
        return value.code or ""
    return value or "" if policy._fields[name].type == "char" else value


class PolicyFile:
    """Reader of a policy file from an untrusted source."""

    def __init__(self, env, content):
        self.env = env
        self.policy = env["classification.policy"]
        self.document = self._load(content)

    def values(self):
        """Values with which the policy is created."""
        known = ("format", "name", "currency", "rules", "scores", "tiers", "segments")
        self._refuse_unknown("", self.document, known)
        if self.document.get("format") != FILE_FORMAT:
            raise UserError(
                self.env._(
                    "This is no file of a policy: its format is “%(found)s”, not "
                    "“%(known)s”.",
                    found=self.document.get("format"),
                    known=FILE_FORMAT,
                )
            )
        rules = self._part("rules", dict, {})
        self._refuse_unknown("rules", rules, self.policy._file_rules())
        return {
            "name": self._text("name"),
            **{
                name: self._read_rule(name, value, f"rules → {name}")
                for name, value in rules.items()
            },
            **self._lines("metric_ids", "scores", self._score),
            **self._lines("tier_ids", "tiers", self._tier),
            **self._segments(),
        }

    def _load(self, content):
        try:
            document = json.loads(
                content.decode("utf-8-sig"), object_pairs_hook=self._no_double_keys
            )
        # Python refuses to read integers of thousands of digits with a ValueError.
        except (ValueError, RecursionError) as error:
            raise UserError(
                self.env._("This is no file of a policy: %s", error)
            ) from error
        if not isinstance(document, dict):
            raise UserError(self.env._("This is no file of a policy."))
        return document

    def _no_double_keys(self, pairs):
        found = {}
        for name, value in pairs:
            if name in found:
                raise UserError(self.env._("“%s” stands twice in the file.", name))
            found[name] = value
        return found

    def _refuse_unknown(self, place, found, known):
        for name in found:
            if name not in known:
                path = f"{place} → {name}" if place else name
                raise UserError(self.env._("%s: there is no such entry.", path))

    def _missing(self, name):
        return UserError(self.env._("%s: this entry is missing.", name))

    def _part(self, name, kind, default):
        part = self.document.get(name, default)
        if not isinstance(part, kind):
            raise self._wrong_type(name, part, self._kind_label(kind))
        return part

    def _text(self, name):
        text = self._part(name, str, "").strip()
        if not text:
            raise self._missing(name)
        self._refuse_unprintable(name, text)
        return text

    def _refuse_unprintable(self, place, text):
        """A database keeps neither NUL nor half of a character."""
        if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
            raise UserError(
                self.env._("%s: this text has characters that cannot be kept.", place)
            )

    def _lines(self, field, name, read):
        """Return ``{field: commands}`` of a list of at least one line."""
        commands = self._commands(name, read)
        if not commands:
            raise self._missing(name)
        return {field: commands}

    def _commands(self, name, read):
        commands = []
        for number, line in enumerate(self._part(name, list, []), 1):
            place = f"{name} → {number}"
            if not isinstance(line, dict):
                raise self._wrong_type(place, line, self._kind_label(dict))
            commands.append(fields.Command.create(read(place, line)))
        return commands

    def _segments(self):
        """Return commands of the segments, of which a file may have none.

        A file from before there were segments gets the usual ones.
        """
        if "segments" not in self.document:
            return {}
        commands = self._commands("segments", self._segment)
        for place, (*__, values) in enumerate(commands, 1):
            values["sequence"] = place
        return {"segment_ids": [fields.Command.clear(), *commands]}

    def _score(self, place, line):
        self._refuse_unknown(place, line, SCORE_NAMES)
        model = self.env["classification.policy.metric"]
        limits = line.get("limits", [])
        if not isinstance(limits, list):
            raise self._wrong_type(f"{place} → limits", limits, self._kind_label(list))
        numbers = [self._number(f"{place} → limits", limit) for limit in limits]
        values = {
            name: self._read(model, name, value, f"{place} → {name}")
            for name, value in line.items()
            if name != "limits"
        }
        return {**values, "limits": model._limits_of_numbers(numbers)}

    def _tier(self, place, line):
        self._refuse_unknown(place, line, TIER_NAMES)
        model = self.env["classification.policy.tier"]
        values = {
            name: self._read(model, name, value, f"{place} → {name}")
            for name, value in line.items()
            if name != "tier"
        }
        return {**values, "tier_id": self._tier_id(place, line.get("tier"))}

    def _tier_id(self, place, code):
        tier = self._coded("customer.value.tier", code)
        if not tier:
            raise UserError(
                self.env._(
                    "%(place)s: there is no value tier with the code “%(code)s”.",
                    place=place,
                    code=code,
                )
            )
        return tier.id

    def _read_rule(self, name, value, place):
        """Return the value of a rule.

        A tier is named by its code, empty for none.
        """
        if name == NO_VALUE_TIER:
            return self._tier_id(place, value) if value != "" else False
        return self._read(self.policy, name, value, place)

    def _segment(self, place, line):
        self._refuse_unknown(place, line, SEGMENT_NAMES)
        model = self.env["classification.policy.segment"]
        values = {
            name: self._read(model, name, value, f"{place} → {name}")
            for name, value in line.items()
            if name not in ("segment", "otherwise")
        }
        otherwise = line.get("otherwise", "")
        return {
            **values,
            "segment_id": self._segment_id(place, line.get("segment")),
            "otherwise_id": otherwise != "" and self._segment_id(place, otherwise),
        }

    def _segment_id(self, place, code):
        segment = self._coded("customer.segment", code)
        if not segment:
            raise UserError(
                self.env._(
                    "%(place)s: there is no segment with the code “%(code)s”.",
                    place=place,
                    code=code,
                )
            )
        return segment.id

    def _coded(self, model, code):
        """Return the record with a code, archived or not; empty for others."""
        records = self.env[model].with_context(active_test=False)
        return isinstance(code, str) and records.search([("code", "=", code)])

    def _read(self, model, name, value, place):
        """A value of a field; refused unless it is of the field's own type."""
        field = model._fields[name]
        if field.type == "selection":
            return self._choice(model, field, value, place)
        if field.type in ("float", "monetary"):
            return self._number(place, value)
        kind = {"integer": int, "boolean": bool, "char": str}[field.type]
        is_right = isinstance(value, kind)
        if field.type == "integer":
            is_right = is_right and not isinstance(value, bool)
            is_right = is_right and abs(value) <= _BIGGEST
        if not is_right:
            raise self._wrong_type(place, value, self._kind_label(kind))
        if kind is str:
            self._refuse_unprintable(place, value)
        return value

    def _choice(self, model, field, value, place):
        choices = field.get_values(self.env)
        if value not in choices:
            raise UserError(
                self.env._(
                    "%(place)s: there is no choice “%(value)s”.",
                    place=place,
                    value=value,
                )
            )
        return value

    def _number(self, place, value):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        # NaN is within no bounds.
        if not is_number or not -_BIGGEST_FLOAT <= value <= _BIGGEST_FLOAT:
            raise self._wrong_type(place, value, self._kind_label(float))
        return value

    def _wrong_type(self, place, value, wanted):
        return UserError(
            self.env._(
                "%(place)s: %(wanted)s is needed, not “%(value)s”.",
                place=place,
                wanted=wanted,
                value=json.dumps(value, ensure_ascii=False)[:80],
            )
        )

    def _kind_label(self, kind):
        return {
            int: self.env._("a whole number"),
            float: self.env._("a number"),
            bool: self.env._("true or false"),
            str: self.env._("a text"),
            list: self.env._("a list"),
            dict: self.env._("a group of entries"),
        }[kind]
