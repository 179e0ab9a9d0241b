"""Any call by JSON-2 is answered with a result or a sentence.

``FUZZ_CALLS`` is the number of calls, 200 by default, the same ones every time.
"""

import importlib.util
import json
import os
from pathlib import Path

import pytest
import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

HOSTILE = Path(__file__).parents[2] / "customer_classification/tests/hostile.py"
CALLS = int(os.environ.get("FUZZ_CALLS", "200"))


@pytest.fixture(scope="module")
def hostile():
    """The calls that the addon's own tests make."""
    spec = importlib.util.spec_from_file_location("hostile", HOSTILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def known(client, prepared):
    """Return existing records of any name: the calls need not succeed."""
    admin = client("admin")

    def first(model):
        return admin.search_read(model, [], "id", limit=1)[0]["id"]

    [company] = admin.read("res.company", [prepared["company"]], "currency_id")
    return {
        "partner": admin.search_read("customer.profile", [], "partner_id", limit=1)[0][
            "partner_id"
        ][0],
        "policy": prepared["policy"],
        "campaign": first("utm.campaign"),
        "tier": first("customer.value.tier"),
        "scheme": first("customer.code.scheme"),
        "segment": first("customer.segment"),
        "profile": first("customer.profile"),
        "purchase": first("customer.purchase"),
        "tag": first("res.partner.category"),
        "file": {
            "format": "customer_classification.policy/1",
            "name": "Fuzz",
            "currency": company["currency_id"][1],
            "rules": {"window_months": 12},
            "scores": [{"metric": "recency", "weight": 100}],
            "tiers": [{"tier": "vip", "limit": 5}],
            "segments": [{"segment": "others", "cells": "1-5 1-5 1-5"}],
        },
    }


def answer(client, call, context):
    """Return Odoo's answer to a call, as JSON or as text."""
    model, method, ids, arguments = call
    body = {**arguments, "context": context, **({"ids": ids} if ids else {})}
    return requests.post(
        f"{client.url}/json/2/{model}/{method}",
        data=json.dumps(body),
        headers={**client.headers, "Content-Type": "application/json"},
        timeout=120,
    )


def test_answers_are_results_or_sentences(client, known, hostile):
    officer, found = client("officer"), {}

    @settings(
        max_examples=CALLS,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(hostile.calls(known), st.one_of(st.just({}), hostile.CONTEXTS))
    def fuzz(call, context):
        got = answer(officer, call, context)
        # Answers of Odoo's own code alone to nonsense are not ours.
        if got.status_code >= 500 and "customer_classification/" in got.text:
            found.setdefault(call[:2], (call, context, got.text[-1500:]))

    fuzz()
    assert not found, "\n\n".join(map(str, found.values()))
