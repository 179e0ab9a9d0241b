"""Rights of the table, tried by programs with API keys, and attacks."""

from pathlib import Path

import pytest
from json_client import Refused

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "customer_classification" / "tests" / "rights" / "models.txt"
# {login of the served database: role of the table}
LOGINS = {
    "portal": "portal",
    "nobody": "internal",
    "seller": "user",
    "plain_officer": "officer",
    "officer": "officer_amounts",
    "admin": "manager",
}
REFUSED = (403, 422)
OPERATIONS = {"c": "create", "r": "read", "w": "write", "u": "unlink"}


def rights():
    """`{model: {role: letters}}` as the addon's own tests know them."""
    head, *lines = TABLE.read_text().splitlines()
    rows = [line.split() for line in lines]
    return {
        model: dict(zip(head.split(), cells, strict=True)) for model, *cells in rows
    }


# The administrator of the tests is one of the system as well.
READ_BY_SYSTEM = {
    *("classification.dirty", "product.class.dirty", "classification.rate.change"),
    "classification.withheld.row",
    "customer.profile.total",
    # Has rows for the customer of the context alone, and the table of none.
    "customer.timeline",
}


@pytest.mark.parametrize("login", LOGINS)
def test_models_answer_as_the_table_says(client, login):
    node, wrong = client(login), []
    for model, cells in rights().items():
        letters = cells[LOGINS[login]]
        for letter, operation in OPERATIONS.items():
            may = node.call(model, "has_access", ids=[], operation=operation)
            if may != (letter in letters) and model not in READ_BY_SYSTEM:
                wrong.append((model, operation, letters))
    assert wrong == []


@pytest.mark.parametrize("login", LOGINS)
def test_models_are_read_as_the_table_says(client, login):
    for model, cells in rights().items():
        if "r" in cells[LOGINS[login]]:
            client(login).search_read(model, [], "id", limit=1)
        elif model not in READ_BY_SYSTEM:
            refused(client(login), model, "search_read", domain=[], fields=["id"])


def refused(node, model, method, **arguments):
    """Assert that a call is refused in a sentence, and return the sentence."""
    with pytest.raises(Refused) as error:
        node.call(model, method, **arguments)
    assert error.value.status in REFUSED, error.value
    assert "psycopg2" not in error.value.message
    assert "SELECT" not in error.value.message
    return error.value.message


def test_officer_cannot_smuggle_an_undo(client):
    """An officer cannot smuggle in an undo.

    A merge whose log names the groups of a user would make an administrator.
    """
    node = client("plain_officer")
    [me] = node.search_read(
        "res.users", [("login", "=", "outside_plain_officer")], "id"
    )
    [system] = client("admin").search_read(
        "ir.model.data",
        [("module", "=", "base"), ("name", "=", "group_system")],
        "res_id",
    )
    log = [
        {
            "model": "res.users",
            "id": me["id"],
            "field": "group_ids",
            "old": [system["res_id"]],
            "new": [],
        }
    ]
    values = {"kind": "partner", "mode": "merge"}
    refused(node, "classification.tag.batch", "create", vals_list=[values])
    values = {"kind": "partner", "state": "done", "log": log}
    refused(node, "classification.tag.merge", "create", vals_list=[values])
    [user] = client("admin").read("res.users", [me["id"]], "all_group_ids")
    assert system["res_id"] not in user["all_group_ids"]


@pytest.mark.parametrize(
    "domain",
    [
        [("customer_revenue", ">", 1000)],
        [("customer_profile_id.revenue", ">", 1000)],
        [("customer_profile_id", "any", [("lifetime_revenue", ">", 1)])],
        ["!", ("customer_profile_id.margin", "=", 0)],
        [("credit", ">", 1)],
    ],
)
def test_rule_asks_nothing_that_its_author_may_not_read(client, domain):
    node = client("plain_officer")
    tag = node.call(
        "res.partner.category", "create", vals_list=[{"name": f"Oracle {domain}"[:60]}]
    )[0]
    values = {"partner_tag_id": tag, "domain": repr(domain)}
    refused(node, "classification.tag.rule", "create", vals_list=[values])


def test_live_campaign_asks_nothing_that_its_author_may_not_read(client):
    node = client("seller")
    values = {"title": "Oracle", "campaign_audience_mode": "live"}
    values["campaign_target_domain"] = repr([("customer_revenue", ">", 1000)])
    refused(node, "utm.campaign", "create", vals_list=[values])


@pytest.mark.parametrize(
    ("login", "method", "arguments"),
    [
        ("seller", "recompute", {"kind": "product", "partner_ids": [1]}),
        ("seller", "recompute", {"kind": "campaign", "partner_ids": [1]}),
        ("seller", "recompute_products", {}),
        ("seller", "recompute_campaigns", {}),
        ("officer", "recompute", {"as_of_date": "2099-01-01"}),
        ("officer", "recompute_products", {"as_of_date": "2099-01-01"}),
        ("officer", "recompute", {"as_of_date": "junk"}),
        ("officer", "recompute", {"partner_ids": ["x"]}),
        ("officer", "recompute", {"kind": "xx"}),
        ("officer", "action_publish", {}),
        ("officer", "write", {"vals": {"state": "draft"}}),
        ("admin", "write", {"vals": {"state": "draft"}}),
        ("admin", "write", {"vals": {"version": 99}}),
        ("admin", "write", {"vals": {"window_months": 3}}),
        ("admin", "write", {"vals": {"published_date": "2001-01-01 00:00:00"}}),
    ],
)
def test_runs_and_policies_do_not_believe_clients(
    client, prepared, login, method, arguments
):
    policy = [prepared["policy"]]
    refused(client(login), "classification.policy", method, ids=policy, **arguments)


def test_portal_cannot_run_the_rules(client):
    refused(client("portal"), "classification.tag.rule", "action_run", ids=[])


@pytest.mark.parametrize(
    ("model", "field"),
    [
        ("classification.run", "edges"),
        ("customer.purchase", "amount"),
        ("customer.purchase", "margin"),
        ("campaign.cost", "amount"),
        ("customer.profile", "revenue"),
    ],
)
def test_amounts_are_for_those_who_see_all_sales(client, model, field):
    node = client("plain_officer")
    refused(node, model, "search_read", domain=[], fields=[field])
    refused(node, model, "search_count", domain=[(field, "!=", False)])
