"""Next products by plain loops and fractions: slow, and written apart.

From the definitions of docs/predictions.md and docs/science.md; nothing here is of the
addon, and no sum is rounded.
"""

from collections import defaultdict
from fractions import Fraction
from itertools import combinations, count

ROWS, NEIGHBOURS, LIKED = 5, 20, 300


def expected_rows(lines, today, offered):
    """Return ``{(customer, kind): [(product, numbers), ...]}`` in their order.

    :param lines: ``(customer, product, day number, quantity, amount)``, quantities as
        whole numbers or fractions
    :param offered: ids of the products that may be offered
    """
    known, visits, days, kept = _bought(lines, today)
    habits = {
        customer: _habits(own, sorted(visits[customer]), kept, customer, today)
        for customer, own in days.items()
    }
    liked = {
        customer: sorted(own, key=lambda product, own=own: _dearest(own[product]))[
            :LIKED
        ]
        for customer, own in habits.items()
    }
    near = _neighbours(liked, offered)
    rows = {}
    for customer in known:
        told = _told(habits.get(customer, {}), offered)
        told["new"] = _new(liked.get(customer, ()), known[customer], near)
        rows |= {(customer, kind): own[:ROWS] for kind, own in told.items() if own}
    return rows


def _bought(lines, today):
    known, visits = defaultdict(set), defaultdict(set)
    days = defaultdict(lambda: defaultdict(set))
    kept = defaultdict(int)
    for customer, product, day, quantity, amount in lines:
        if day > today:
            continue
        known[customer].add(product)
        kept[customer, product] += quantity
        if amount > 0 and quantity > 0:
            visits[customer].add(day)
            days[customer][product].add(day)
    return known, visits, days, kept


def _habits(own, visits, kept, customer, today):
    found = {}
    usual = _gap(visits)
    for product, days in own.items():
        if kept[customer, product] <= 0:
            continue
        later = [sum(visit > day for visit in visits) for day in days]
        span, times = max(days) - min(days), len(days)
        mixed = (span + Fraction(usual or 30)) / times
        late = Fraction(today - max(days)) / max(mixed, 1)
        weight = sum(Fraction(9, 10) ** number for number in later)
        found[product] = {
            "product": product,
            "times": times,
            "last": max(days),
            "gap": _gap(sorted(days)),
            "score": weight / max(late / 2, 1),
            "is_stopped": times >= 3
            and today - max(days) >= 2 * _gap(sorted(days))
            and max(days) < visits[-1]
            and today - visits[-1] <= Fraction(3, 2) * (usual or 0),
        }
    return found


def _gap(days):
    """Return the days between two, None for one."""
    return Fraction(days[-1] - days[0], len(days) - 1) if len(days) > 1 else None


def _dearest(habit):
    return -habit["score"], -habit["last"], habit["product"]


def _told(habits, offered):
    told = [
        habit
        for habit in habits.values()
        if habit["times"] > 1 and habit["product"] in offered
    ]
    stopped = [habit for habit in told if habit["is_stopped"]]
    due = [habit for habit in told if not habit["is_stopped"]]
    stopped.sort(key=lambda one: (-one["times"], -one["last"], one["product"]))
    return {
        kind: [
            (one["product"], (one["times"], one["last"], _tenth(one["gap"])))
            for one in own
        ]
        for kind, own in (("due", sorted(due, key=_dearest)), ("stopped", stopped))
    }


def _tenth(gap):
    """Round to tenths, half of one up."""
    return (10 * gap + Fraction(1, 2)) // 1 / 10


def _neighbours(liked, offered):
    """Return ``{product: [(other, similarity, both, buyers)]}``, sorted."""
    buyers, both = defaultdict(int), defaultdict(int)
    for own in liked.values():
        for product in own:
            buyers[product] += 1
        for one, other in combinations(own, 2):
            both[one, other] += 1
            both[other, one] += 1
    near = defaultdict(list)
    for (product, other), number in both.items():
        if number > 1 and other in offered:
            cosine = Fraction(number**2, buyers[product] * buyers[other])
            similarity = cosine * number / (number + 1)
            near[product].append((other, similarity, number, buyers[product]))
    for own in near.values():
        own.sort(key=lambda one: (-one[1], one[0]))
        del own[NEIGHBOURS:]
    return near


def _new(liked, known, near):
    scores, reasons = defaultdict(Fraction), {}
    for product in liked:
        for place, (other, similarity, *counts) in zip(
            count(), near.get(product, ()), strict=False
        ):
            scores[other] += similarity
            reason = (similarity, -place, product, *counts)
            reasons[other] = max(reasons.get(other, reason), reason)
    order = sorted(scores.keys() - known, key=lambda other: (-scores[other], other))
    return [(other, reasons[other][2:]) for other in order]
