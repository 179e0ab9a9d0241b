"""The demo customers fill every class, on whatever day they are made."""

import datetime
import importlib
import sys
import types
from pathlib import Path

import pytest
from builders import KEYS, UNRATED, ranked, segments_of, template
from engine import RISKS, STAGES, classify
from reference import Document, facts_of, frame_of

DEMO = Path(__file__).parents[2] / "demo"
# Ends of months and years, a leap day, days of daylight saving, and all weekdays.
DAYS = [
    *("2026-10-25", "2026-11-29", "2026-12-31", "2027-01-01", "2027-02-28"),
    *("2027-03-14", "2027-03-28", "2027-06-30", "2027-10-31", "2027-11-07"),
    # Days on which few bought about a month ago.
    *("2027-12-18", "2028-02-07", "2028-02-29"),
    *(str(datetime.date(2027, 1, 1) + datetime.timedelta(23 * n)) for n in range(16)),
]


@pytest.fixture(scope="module")
def personas():
    """The plan of the demo, without the models beside it, which need Odoo."""
    package = types.ModuleType("demo_without_odoo")
    package.__path__ = [str(DEMO)]
    sys.modules[package.__name__] = package
    yield importlib.import_module("demo_without_odoo.personas")
    for name in [name for name in sys.modules if name.startswith(package.__name__)]:
        del sys.modules[name]


@pytest.mark.parametrize("day", DAYS)
def test_every_class_has_demo_customers(personas, day):
    day = datetime.date.fromisoformat(day)
    customers = personas.plan(day)
    for company in (0, 1):
        frame = _facts(customers, company, day)
        segments, words = template("classes")
        rules = ranked(segments=segments)
        result = classify(frame, None, rules, day)
        found = result.frame
        assert set(found["value_tier"]) == {*KEYS, UNRATED}
        assert set(found["lifecycle_stage"]) == {*range(1, len(STAGES) + 1)}
        assert set(found["churn_risk"]) == {*range(len(RISKS) + 1)}
        keys = segments_of(result, rules)
        assert {words.get(key) for key in keys} == {*words.values(), None}


def _facts(customers, company, day):
    """Facts of a company's customers; the interested have an opportunity."""
    rows = {}
    for number, customer in enumerate(customers, 1):
        log = [
            Document(number, purchase.day, round(purchase.amount * 100))
            for purchase in customer.purchases
            if purchase.company == company
        ]
        if (log or customer.company == company) and not customer.archived:
            asked = int(customer.persona == "interested")
            rows[number] = {**facts_of(log, day, 12), "open_opportunity_count": asked}
    return frame_of(rows)
