"""An outside program reads and recomputes classes with an API key."""

import pytest
from json_client import Refused

CLASSES = (
    "customer_value_tier_id",
    "customer_lifecycle_stage_id",
    "customer_churn_risk",
    "customer_rfm_code",
)


@pytest.fixture(scope="module")
def customer(client):
    """Return the id of a customer with purchases."""
    domain = [("customer_value_tier_id.code", "=", "vip")]
    [found] = client("admin").search_read("res.partner", domain, "name", limit=1)
    return found["id"]


def buy(client, prepared, customer, amount):
    """An officer enters a purchase of today."""
    officer = client("officer")
    currency = officer.read("res.company", [prepared["company"]], "currency_id")
    today = officer.call(
        "classification.run", "search_read", domain=[], fields=["as_of_date"], limit=1
    )[0]["as_of_date"]
    values = {
        "partner_id": customer,
        "date": today,
        "amount": amount,
        "currency_id": currency[0]["currency_id"][0],
        "company_id": prepared["company"],
    }
    return officer.call("customer.purchase", "create", vals_list=[values])


def recompute(client, login, prepared, **arguments):
    return client(login).call(
        "classification.policy", "recompute", ids=[prepared["policy"]], **arguments
    )


@pytest.mark.parametrize("login", ["admin", "officer", "seller", "nobody"])
def test_internal_users_read_classes(client, customer, login):
    [found] = client(login).search_read(
        "res.partner", [("id", "=", customer)], *CLASSES
    )
    assert found["customer_value_tier_id"][1] == "VIP"
    assert found["customer_lifecycle_stage_id"]
    assert len(found["customer_rfm_code"].split("-")) == 3


def test_search_and_group_by_tier(client):
    groups = client("seller").call(
        "res.partner",
        "formatted_read_group",
        domain=[("customer_value_tier_id", "!=", False)],
        groupby=["customer_value_tier_id"],
        aggregates=["__count"],
    )
    assert len(groups) == 5
    assert all(group["__count"] for group in groups)


def test_recompute_one_customer(client, prepared, customer):
    [before] = client("admin").read("res.partner", [customer], "customer_revenue")
    buy(client, prepared, customer, 1234.5)
    run_ids = recompute(client, "seller", prepared, partner_ids=[customer])
    [run] = client("seller").read(
        "classification.run", run_ids, "state", "scope", "looked_at_count"
    )
    assert (run["state"], run["scope"], run["looked_at_count"]) == ("done", "some", 1)
    [after] = client("admin").read("res.partner", [customer], "customer_revenue")
    added = after["customer_revenue"] - before["customer_revenue"]
    assert added == pytest.approx(1234.5)


def test_preview_at_a_past_date(client, prepared):
    run_ids = recompute(
        client, "officer", prepared, as_of_date="2020-02-29", kind="back_test"
    )
    [run] = client("officer").read("classification.run", run_ids, "state", "as_of_date")
    assert (run["state"], run["as_of_date"]) == ("done", "2020-02-29")


@pytest.mark.parametrize(
    ("login", "arguments"),
    [
        ("seller", {}),  # everybody: not by a user
        ("nobody", {"partner_ids": [1]}),
        ("portal", {"partner_ids": [1]}),
    ],
)
def test_recompute_is_refused(client, prepared, login, arguments):
    with pytest.raises(Refused) as refused:
        recompute(client, login, prepared, **arguments)
    assert refused.value.status == 403, refused.value


@pytest.mark.parametrize("login", ["seller", "nobody"])
@pytest.mark.parametrize(
    ("model", "field"),
    [("res.partner", "customer_revenue"), ("customer.profile", "lifetime_revenue")],
)
def test_money_is_refused(client, login, model, field):
    with pytest.raises(Refused) as refused:
        client(login).search_read(model, [], field, limit=1)
    assert refused.value.status == 403, refused.value


@pytest.mark.parametrize(
    ("model", "field"),
    [
        ("res.partner", "customer_value_tier_id"),
        ("res.partner", "customer_profile_id"),
        ("customer.profile", "value_tier_id"),
        ("classification.change", "axis"),
        ("classification.policy", "name"),
        ("customer.purchase", "amount"),
    ],
)
def test_portal_is_refused(client, model, field):
    with pytest.raises(Refused) as refused:
        client("portal").search_read(model, [], field, limit=1)
    assert refused.value.status == 403, refused.value


def test_portal_cannot_search_by_tier(client):
    """Portal users cannot search by tier.

    A search that answers shows the class without reading it.
    """
    with pytest.raises(Refused) as refused:
        client("portal").call(
            "res.partner",
            "search_count",
            domain=[("customer_value_tier_id.code", "=", "vip")],
        )
    assert refused.value.status == 403, refused.value


def test_profiles_are_written_by_runs_alone(client):
    for login in ("admin", "officer"):
        with pytest.raises(Refused) as refused:
            client(login).call(
                "customer.profile", "write", ids=[1], vals={"value_score": 1}
            )
        assert refused.value.status == 403, refused.value


def test_wrong_key_is_refused(client):
    stranger = client("admin")
    stranger.headers = {**stranger.headers, "Authorization": "bearer 0123456789"}
    with pytest.raises(Refused) as refused:
        stranger.search_read("res.partner", [], "name", limit=1)
    assert refused.value.status == 401, refused.value
