"""Allotment of due tasks to people: the most valuable first."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from datetime import date
from typing import NamedTuple

__all__ = ["Task", "allot", "days_to_work_off"]


class Task(NamedTuple):
    """One activity that is due.

    :ivar key: what it is known by; among equals the lower one comes first
    :ivar person: who is to do it
    :ivar group: the playbook it belongs to
    :ivar is_begun: whether something was done for this customer already
    :ivar value: what is at stake, in money
    :ivar since: the day from which on it was due
    """

    key: int
    person: Hashable
    group: Hashable
    is_begun: bool
    value: float
    since: date


def allot(
    tasks: Iterable[Task],
    used: Mapping[tuple, int],
    most: int,
    most_by_group: Mapping[Hashable, int],
) -> list[Task]:
    """Return the tasks that people get today.

    What was begun goes on first; then the most valuable one, the one that waits
    longest, and the lowest key.

    :param used: ``{(person, group): tasks that the person got today already}``
    :param most: tasks of all groups for a person, 0 for no limit
    :param most_by_group: tasks of a group for a person, 0 or missing for no limit
    """
    in_all, by_group = Counter(), Counter(used)
    for (person, __), count in used.items():
        in_all[person] += count
    chosen = []
    for task in sorted(tasks, key=_rank):
        key, limit = (task.person, task.group), most_by_group.get(task.group, 0)
        if _is_full(in_all[task.person], most) or _is_full(by_group[key], limit):
            continue
        in_all[task.person] += 1
        by_group[key] += 1
        chosen.append(task)
    return chosen


def _rank(task):
    value = task.value if math.isfinite(task.value) else 0.0
    return not task.is_begun, -value, task.since, task.key


def _is_full(count, limit):
    return bool(limit) and count >= limit


def days_to_work_off(tasks: int, a_day: int) -> int:
    """Return the days until as many tasks are handed out.

    1 where there is no limit, 0 where there is nothing to do.
    """
    if tasks <= 0:
        return 0
    return math.ceil(tasks / a_day) if a_day > 0 else 1
