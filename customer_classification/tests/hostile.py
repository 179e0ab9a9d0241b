"""Calls as a hostile or careless client makes them, for hypothesis.

Nothing of Odoo is imported here: the tests from outside make the same calls by JSON-2.
"""

import base64
import json

from hypothesis import strategies as st

TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            *("", " ", "\0", "a\0b", "\ud800", "x" * 9_000, "abc", "12.50", "1e308"),
            *("NaN", "Infinity", "-1", "%s", "%(name)s", "'; --", "<b>", "名前", "/"),
        ]
    ),
)
NUMBERS = st.one_of(
    st.integers(-5, 50_000),
    st.floats(),
    st.sampled_from([2**31 - 1, 2**31, -(2**31), 2**63, 10**400, 1e308, 0.1, -0.0]),
)
DAYS = st.sampled_from(
    [
        *("2026-01-15", "2025-02-29", "1969-12-31", "0001-01-01", "9999-12-31"),
        *("junk", "2062-01-01", "1899-12-30", "2026-01-15 23:59:59", "", "0000-00-00"),
    ]
)
PLAIN = st.one_of(TEXTS, NUMBERS, DAYS, st.booleans(), st.none())
VALUES = st.one_of(
    PLAIN, st.lists(PLAIN, max_size=3), st.dictionaries(TEXTS, PLAIN, max_size=2)
)
FIELDS_OF_DOMAINS = st.sampled_from(
    [
        *("id", "name", "category_id", "customer_value_tier_id", "customer_rfm_code"),
        *("customer_value_tier_id.code", "customer_lifecycle_stage_id", "nope"),
        *("customer_churn_risk", "parent_id.parent_id.name", "create_date", "active"),
        *("customer_origin", "company_id", "child_ids", "category_id.name", "ref"),
    ]
)
OPERATORS = st.sampled_from(
    ["=", "!=", "in", "not in", "like", "ilike", "child_of", "<", ">=", "any", "=?"]
)
LEAVES = st.tuples(FIELDS_OF_DOMAINS, OPERATORS, VALUES).map(list)
DOMAINS = st.one_of(
    st.lists(LEAVES, max_size=3),
    st.lists(st.one_of(LEAVES, st.sampled_from(["&", "|", "!"]), PLAIN), max_size=4),
    VALUES,
)
DOMAIN_TEXTS = st.one_of(DOMAINS.map(repr), TEXTS, st.just("[('id', '=', uid)]"))


def values(known, /, **strategies):
    """Generate values of a record, each hostile half of the time.

    Some of a model's fields.

    :param known: values with which the record can be created
    """
    given = {
        name: st.one_of(st.just(known.get(name)), strategy, VALUES)
        if name in known
        else st.one_of(strategy, VALUES)
        for name, strategy in strategies.items()
    }
    optional = {name: given.pop(name) for name in list(given) if name not in known}
    return st.fixed_dictionaries(given, optional=optional)


def policy_files(good):
    """Generate files of policies: one replaced entry, or no file at all.

    :param good: the document of a policy
    """

    def replaced(place, value):
        document = json.loads(json.dumps(good))
        part = document
        *way, last = place
        for name in way:
            part = part[name]
        part[last] = value
        return json.dumps(document).encode("utf-8", "surrogatepass")

    places = [(name,) for name in good]
    places += [("rules", name) for name in good["rules"]]
    places += [("scores", 0, name) for name in good["scores"][0]]
    places += [("tiers", 0, name) for name in good["tiers"][0]]
    places += [("segments", 0, name) for name in good["segments"][0]]
    files = st.one_of(
        st.builds(replaced, st.sampled_from(places), VALUES),
        st.binary(max_size=40),
        st.just(b'{"format": ' + b"9" * 5_000 + b"}"),
        st.just(b"[" * 100_000),
        VALUES.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")),
    )
    return st.one_of(files.map(lambda file: base64.b64encode(file).decode()), TEXTS)


def calls(known):
    """Strategies of ``(model, method, ids, arguments)``.

    :param known: ids that are there: ``partner``, ``policy``, ``campaign``, ``tier``,
        ``scheme``, ``profile``, ``purchase``, ``tag``; and ``file``, that of a policy
    """

    def create(model, good, /, **strategies):
        return st.builds(
            lambda one: (model, "create", [], {"vals_list": [one]}),
            values(good, **strategies),
        )

    def write(model, ids, /, **strategies):
        return st.builds(
            lambda one: (model, "write", ids, {"vals": one}),
            values({}, **strategies),
        )

    def method(model, name, ids=(), /, **arguments):
        return st.builds(
            lambda given: (model, name, list(ids), given),
            st.fixed_dictionaries({}, optional=arguments),
        )

    partner, day = known["partner"], "2026-01-15"
    purchase = {
        "partner_id": st.just(partner),
        **{"date": DAYS, "amount": NUMBERS, "margin": NUMBERS, "reference": TEXTS},
        **{"channel": TEXTS, "currency_id": NUMBERS},
    }
    rule_numbers = (
        *("window_months", "grace_days", "new_days", "shrinkage", "keep_margin"),
        *("min_gap_days", "dormant_ratio", "refund_share", "approval_min_customers"),
        *("product_grace_days", "product_min_months", "product_a_percent"),
        *("campaign_attribution_days", "campaign_strong_percent", "drift_limit"),
    )
    campaign = {
        **{"title": TEXTS, "campaign_start_date": DAYS, "campaign_end_date": DAYS},
        **{"campaign_target_domain": DOMAIN_TEXTS, "campaign_budget": NUMBERS},
        **{"campaign_target_participants": NUMBERS, "campaign_goal": TEXTS},
        **{"campaign_attribution_days": NUMBERS, "campaign_control_share": NUMBERS},
    }
    return st.one_of(
        create(
            "customer.purchase",
            {"partner_id": partner, "date": day, "amount": 5},
            **purchase,
        ),
        write("customer.purchase", [known["purchase"]], **purchase),
        method(
            "customer.purchase",
            "load",
            fields=st.one_of(
                st.just(["partner_id", "date", "amount", "reference"]), VALUES
            ),
            data=st.lists(st.one_of(st.lists(PLAIN, max_size=5), PLAIN), max_size=3),
        ),
        create(
            "classification.policy",
            {"name": "Fuzz"},
            name=TEXTS,
            tz=TEXTS,
            sale_domain=DOMAIN_TEXTS,
            **{name: NUMBERS for name in rule_numbers},
        ),
        create(
            "classification.policy.segment",
            {
                "rules_id": known.get("rules", known["policy"]),
                "segment_id": known["segment"],
            },
            **{"rules_id": NUMBERS, "segment_id": NUMBERS, "cells": TEXTS},
            **{"claim_activity": TEXTS, "claim_value": TEXTS},
            otherwise_id=NUMBERS,
        ),
        create(
            "customer.segment",
            {"name": "Fuzz", "code": "fuzz"},
            **{"name": TEXTS, "code": TEXTS, "action": TEXTS, "color": NUMBERS},
        ),
        method(
            "classification.policy",
            "action_open_segment_cell",
            [known["policy"]],
            **{"recency": NUMBERS, "frequency": NUMBERS, "monetary": VALUES},
        ),
        create(
            "classification.policy.import",
            {"file": "e30="},
            file=policy_files(known["file"]),
        ),
        create(
            "classification.tag.rule",
            {"kind": "partner", "partner_tag_id": known["tag"], "domain": "[]"},
            kind=TEXTS,
            partner_tag_id=NUMBERS,
            domain=DOMAIN_TEXTS,
            note=TEXTS,
        ),
        create("res.partner.category", {"name": "Fuzz"}, name=TEXTS, parent_id=NUMBERS),
        method("res.partner.category", "name_create", name=st.one_of(TEXTS, VALUES)),
        create(
            "customer.code.scheme",
            {"name": "Fuzz"},
            name=TEXTS,
            next_number=NUMBERS,
            separator=TEXTS,
        ),
        write(
            "customer.code.scheme",
            [known["scheme"]],
            next_number=NUMBERS,
            separator=TEXTS,
        ),
        create(
            "customer.code",
            {"partner_id": partner, "code": "F-1"},
            partner_id=NUMBERS,
            code=TEXTS,
        ),
        create("utm.campaign", {"title": "Fuzz"}, **campaign),
        write("utm.campaign", [known["campaign"]], **campaign),
        create(
            "campaign.cost",
            {
                "campaign_id": known["campaign"],
                "name": "Cost",
                "amount": 5,
                "date": day,
            },
            **{"campaign_id": NUMBERS, "name": TEXTS, "amount": NUMBERS, "date": DAYS},
        ),
        create(
            "campaign.participant",
            {"campaign_id": known["campaign"], "partner_id": partner},
            **{"campaign_id": NUMBERS, "partner_id": NUMBERS, "source": TEXTS},
            **{"addressed_date": DAYS, "feedback_score": NUMBERS, "note": TEXTS},
        ),
        create(
            "classification.override",
            {"partner_id": partner, "tier_id": known["tier"], "reason": "Fuzz"},
            **{"partner_id": NUMBERS, "tier_id": NUMBERS, "reason": TEXTS},
            **{"end_date": DAYS, "axis": TEXTS},
        ),
        method("customer.profile", "search_read", domain=DOMAINS, limit=st.just(3)),
        method("res.partner", "search_count", domain=DOMAINS),
        method("classification.to.fix", "search_read", domain=DOMAINS),
        method("classification.to.fix", "get_alert"),
        method("customer.profile", "action_open_documents", [known["profile"]]),
        method(
            "customer.overview",
            "get_blocks",
            names=st.one_of(
                st.just(["tiers", "grid", "bridge", "cohorts", "pareto"]), VALUES
            ),
            filters=st.one_of(
                st.fixed_dictionaries(
                    {},
                    optional={
                        **{"from_date": DAYS, "to_date": DAYS, "tier_id": NUMBERS},
                        **{"company_id": NUMBERS, "tag_id": VALUES},
                    },
                ),
                VALUES,
            ),
        ),
        method(
            "classification.policy",
            "recompute",
            [known["policy"]],
            as_of_date=st.one_of(DAYS, VALUES),
            partner_ids=st.one_of(st.just([partner]), st.lists(PLAIN, max_size=2)),
            kind=st.one_of(st.just("preview"), TEXTS),
            horizon_days=NUMBERS,
        ),
    )


CONTEXTS = st.dictionaries(
    st.sampled_from(
        [
            *("active_ids", "active_id", "active_model", "active_domain"),
            *("customer_ids", "last_run_id", "import_file", "history_customer_ids"),
            *("customer_product_company_id", "customer_product_partner_id"),
            "timeline_customer_id",
            *("tag_origin", "tag_batch_id", "default_company_id", "default_state"),
            *("as_of_date", "bin_size", "default_partner_id", "default_date"),
        ]
    ),
    VALUES,
    max_size=2,
)
