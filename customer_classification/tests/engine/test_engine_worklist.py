"""Allotment of the tasks of a day."""

from collections import Counter
from datetime import date, timedelta

import pytest
from engine import Task, allot, days_to_work_off
from hypothesis import given
from hypothesis import strategies as st

TODAY = date(2025, 6, 30)
VALUES = st.one_of(
    st.sampled_from([0.0, -5.0, 10.0, 10.0, float("nan"), float("inf")]),
    st.floats(-1e6, 1e6),
)


@st.composite
def worlds(draw):
    """Tasks of a few people and playbooks, what they have, and the limits."""
    people, groups = st.integers(1, 3), st.integers(1, 2)
    tasks = [
        Task(
            key,
            draw(people),
            draw(groups),
            draw(st.booleans()),
            draw(VALUES),
            TODAY - timedelta(days=draw(st.integers(0, 3))),
        )
        for key in range(draw(st.integers(0, 25)))
    ]
    used = draw(st.dictionaries(st.tuples(people, groups), st.integers(0, 4)))
    most = draw(st.integers(0, 6))
    by_group = draw(st.dictionaries(groups, st.integers(0, 3)))
    return tasks, used, most, by_group


def _counts(tasks, used):
    by_group = Counter(used) + Counter((one.person, one.group) for one in tasks)
    in_all = Counter()
    for (person, __), count in by_group.items():
        in_all[person] += count
    return in_all, by_group


def _is_room(task, chosen, used, most, by_group):
    in_all, of_group = _counts(chosen, used)
    limit = by_group.get(task.group, 0)
    return (not most or in_all[task.person] < most) and (
        not limit or of_group[task.person, task.group] < limit
    )


@given(worlds())
def test_no_limit_is_exceeded(world):
    tasks, used, most, by_group = world
    chosen = allot(tasks, used, most, by_group)
    before, before_group = _counts([], used)
    in_all, of_group = _counts(chosen, used)
    for person, count in in_all.items():
        assert not most or count <= max(most, before[person])
    for (person, group), count in of_group.items():
        limit = by_group.get(group, 0)
        assert not limit or count <= max(limit, before_group[person, group])


@given(worlds())
def test_nobody_waits_without_need(world):
    tasks, used, most, by_group = world
    chosen = allot(tasks, used, most, by_group)
    for task in set(tasks) - set(chosen):
        assert not _is_room(task, chosen, used, most, by_group)


@given(worlds())
def test_the_order_of_the_tasks_does_not_matter(world):
    tasks, used, most, by_group = world
    forward = allot(tasks, used, most, by_group)
    assert forward == allot(tasks[::-1], used, most, by_group)
    assert len(set(forward)) == len(forward)


@given(worlds(), st.integers(0, 25))
def test_interrupted_and_begun_again_is_the_same(world, done):
    """Count what was handed out before a crash as used."""
    tasks, used, most, by_group = world
    whole = allot(tasks, used, most, by_group)
    before = whole[:done]
    used_then = Counter(used) + Counter((one.person, one.group) for one in before)
    left = [task for task in tasks if task not in before]
    assert before + allot(left, used_then, most, by_group) == whole


def test_the_most_valuable_first():
    tasks = [
        Task(1, "ann", "a", False, 10, TODAY),
        Task(2, "ann", "a", False, 30, TODAY),
        Task(3, "ann", "b", False, 20, TODAY),
        Task(4, "ann", "b", True, 1, TODAY),
        Task(5, "bob", "a", False, 0, TODAY),
    ]
    keys = [one.key for one in allot(tasks, {}, 3, {})]
    assert keys == [4, 2, 3, 5]
    keys = [one.key for one in allot(tasks, {("ann", "b"): 1}, 3, {"a": 1})]
    assert keys == [4, 2, 5]


def test_among_equals_who_waits_longest():
    tasks = [
        Task(1, "ann", "a", False, 10, TODAY),
        Task(2, "ann", "a", False, 10, TODAY - timedelta(days=1)),
        Task(3, "ann", "a", False, float("nan"), TODAY - timedelta(days=9)),
    ]
    assert [one.key for one in allot(tasks, {}, 2, {})] == [2, 1]


@pytest.mark.parametrize(
    ("tasks", "a_day", "days"),
    [(0, 5, 0), (-1, 5, 0), (5, 5, 1), (6, 5, 2), (100, 0, 1), (1, 20, 1)],
)
def test_days_to_work_off(tasks, a_day, days):
    assert days_to_work_off(tasks, a_day) == days
