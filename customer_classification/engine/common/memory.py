"""Memory of rule versions: which earlier classes still count.

The limits in force, and how long somebody has been below one, belong to the rules that
made them and not to the version: all that a new version leaves unchanged goes on. Rules
are compared without the parts that do not concern them, so that a rule that is added
later ends a memory too much rather than one too few.
"""

from __future__ import annotations

from dataclasses import fields

# The id of a version, and its memory, are not rules.
IDENTITY = frozenset({"policy", "remembers"})


def are_same(rules, others) -> bool:
    """Return whether two versions have the same rules."""
    return without(rules, IDENTITY) == without(others, IDENTITY)


def without(rules, names) -> dict:
    """``{name: value}`` of rules but for some."""
    return {
        field.name: getattr(rules, field.name)
        for field in fields(rules)
        if field.name not in names
    }
