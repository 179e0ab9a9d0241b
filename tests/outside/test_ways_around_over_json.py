"""Ways around the rights that were found and closed, tried over HTTP.

Each as a portal user, an internal user, a salesperson and an officer who may not see
amounts: refused in words or without an effect, and never a failure of the server.
"""

import pytest
from json_client import Refused

LOGINS = ("portal", "nobody", "seller", "plain_officer")
REFUSED = (403, 404, 422)
# Parts of a message that only a program can read.
INSIDE = ("psycopg2", "SELECT ", "Traceback", 'File "')
CAN_TRANSLATE = "update_field_translations"


def tried(node, model, method, **arguments):
    """Return the answer of a call, or None where it is refused in a sentence."""
    try:
        return node.call(model, method, **arguments)
    except Refused as error:
        assert error.status in REFUSED, error
        assert error.message
        assert not [part for part in INSIDE if part in error.message], error
        return None


def refused(node, model, method, **arguments):
    """Assert that a call is refused in a sentence."""
    answer = tried(node, model, method, **arguments)
    assert answer is None, f"{model}.{method} answered {str(answer)[:200]}"


@pytest.fixture(params=LOGINS)
def attacker(client, request):
    return client(request.param)


@pytest.fixture(scope="module")
def known(client):
    """Ids of records that an administrator sees, by model."""

    def find(model, *domain):
        found = client("admin").search_read(model, list(domain), "id", limit=1)
        assert found, model
        return found[0]["id"]

    return find


# Default values that a user keeps for himself


@pytest.mark.parametrize(
    ("model", "field", "value"),
    [
        ("classification.policy", "state", "retired"),
        ("classification.policy", "version", 77),
        ("classification.run", "problem_count", 77),
        ("classification.tag.merge", "state", "done"),
        ("customer.playbook", "state", "running"),
        ("customer.care.occasion", "state", "on"),
        ("customer.report.schedule", "error_reason", {"code": "busy"}),
        ("utm.campaign", "campaign_error_reason", {"code": "busy"}),
        ("utm.campaign", "campaign_salt", "0"),
    ],
)
def test_defaults_of_users_reach_no_protected_field(attacker, model, field, value):
    kept = {"model_name": model, "field_name": field, "value": value, "user_id": True}
    tried(attacker, "ir.default", "set", **kept)
    after = tried(attacker, model, "default_get", fields=[field]) or {}
    assert after.get(field) != value


# Lists for numbers and halves of characters fail in Odoo's own method.
UNKEPT = ("a\0b", 2**70, "x" * 99_999)


@pytest.mark.parametrize("value", UNKEPT, ids=range(len(UNKEPT)))
def test_defaults_that_cannot_be_kept(attacker, value):
    for model, field in (
        ("customer.complaint.category", "name"),
        ("classification.policy", "grace_days"),
        ("utm.campaign", "campaign_budget"),
    ):
        kept = {"model_name": model, "field_name": field, "value": value}
        tried(attacker, "ir.default", "set", **kept, user_id=True)
        tried(attacker, model, "default_get", fields=[field])
        tried(attacker, "ir.default", "set", **{**kept, "value": False}, user_id=True)


# Translations, which are written past `write`


@pytest.mark.parametrize(
    ("model", "field", "domain"),
    [
        ("customer.playbook", "name", ("state", "=", "template")),
        ("customer.playbook.step", "name", ("playbook_id.state", "=", "template")),
    ],
)
def test_templates_are_not_translated(attacker, known, model, field, domain):
    ids = [known(model, domain)]
    words = {"field_name": field, "translations": {"en_US": "Forged"}}
    refused(attacker, model, CAN_TRANSLATE, ids=ids, **words)


@pytest.mark.parametrize(
    ("field", "translations"),
    [
        *(("name", {"en_US": "a\0b"}), ("name", {"en_US": "\ud800"})),
        *(("name", {"en_US": 5}), ("name", "x"), ("name", None), ("name", [1])),
        *(("nope", {"en_US": "x"}), (["name"], {"en_US": "x"})),
    ],
)
def test_translations_that_cannot_be_kept(attacker, known, field, translations):
    model = "customer.complaint.category"
    words = {"field_name": field, "translations": translations}
    refused(attacker, model, CAN_TRANSLATE, ids=[known(model)], **words)


# Amounts that are guessed by conditions


@pytest.mark.parametrize(
    ("model", "condition"),
    [
        ("crm.lead", ["message_partner_ids.customer_revenue", ">", 1]),
        ("crm.lead", ["message_partner_ids.customer_profile_id.revenue", ">", 1]),
        ("crm.lead", ["message_partner_ids", "any", [["customer_revenue", ">", 1]]]),
        (
            "res.partner",
            ["message_partner_ids", "not any", [["customer_revenue", ">", 1]]],
        ),
        ("ir.attachment", ["create_uid.customer_revenue", ">", 1]),
        ("ir.attachment", ["write_uid.partner_id.customer_revenue", ">", 1]),
        (
            "account.move.line",
            ["search_account_id.company_ids.partner_id.customer_revenue", ">", 1],
        ),
        ("mail.activity", ["user_id.customer_revenue", ">", 1]),
        ("mail.message", ["author_id.customer_revenue", ">", 1]),
    ],
)
def test_amounts_are_not_guessed(attacker, model, condition):
    for method, arguments in (
        ("search_count", {"domain": [condition]}),
        ("search", {"domain": ["!", condition]}),
        ("search_read", {"domain": [condition], "fields": ["id"]}),
        ("formatted_read_group", {"domain": [condition], "aggregates": ["__count"]}),
        ("web_search_read", {"domain": [condition], "specification": {}}),
    ):
        refused(attacker, model, method, **arguments)


@pytest.mark.parametrize(
    ("model", "path"),
    [
        *(("mail.message", "author_id"), ("mail.activity", "user_id")),
        *(("ir.attachment", "create_uid"), ("crm.lead", "partner_id")),
        *(("sale.order", "partner_id"), ("res.partner", "parent_id")),
    ],
)
def test_amounts_are_not_grouped_by(attacker, model, path):
    for field in ("customer_revenue", "customer_revenue_at_risk"):
        groups = [f"{path}.{field}"]
        options = {"domain": [], "groupby": groups, "aggregates": ["__count"]}
        # Of what nobody could be shown there are no groups.
        assert not tried(attacker, model, "formatted_read_group", **options)


# Forms that are not saved


@pytest.mark.parametrize(
    ("model", "field", "shown"),
    [
        ("res.partner", "customer_profile_id", "customer_tier_explanation"),
        ("res.partner", "customer_profile_id", "customer_revenue"),
        ("sale.order", "customer_profile_id", "customer_summary"),
        ("crm.lead", "customer_profile_id", "customer_summary"),
        ("customer.complaint", "customer_profile_id", "customer_summary"),
        ("customer.feedback", "customer_profile_id", "customer_summary"),
        ("utm.campaign", "campaign_profile_id", "campaign_performance_text"),
        ("product.template", "product_profile_id", "product_abc_class"),
    ],
)
def test_forms_show_no_profile_that_a_client_names(
    attacker, known, model, field, shown
):
    kind = {"utm.campaign": "campaign", "product.template": "product"}.get(model)
    profile = known(f"{kind or 'customer'}.profile")
    values, spec = {field: profile}, {field: {}, shown: {}}
    form = {"values": values, "field_names": [], "fields_spec": spec}
    answer = tried(attacker, model, "onchange", ids=[], **form) or {}
    assert not answer.get("value", {}).get(shown)


@pytest.mark.parametrize(
    "values",
    [
        {"customer_profile_id": 2**40},
        {"customer_profile_id": "x"},
        {"customer_profile_id": [1, 2]},
        {"customer_referrer_id": -1},
        {"customer_birthday": "\0"},
        {"category_id": [[6, 0, [2**31]]]},
        {"nope": 1},
    ],
)
def test_forms_with_hostile_values(attacker, values):
    """They are Odoo's own method: refused, or nothing of it is shown."""
    spec = {"name": {}, "customer_tier_explanation": {}}
    form = {"values": values, "field_names": [*values], "fields_spec": spec}
    answer = tried(attacker, "res.partner", "onchange", ids=[], **form) or {}
    assert not answer.get("value", {}).get("customer_tier_explanation")


@pytest.mark.parametrize("model", ["customer.profile", "res.partner"])
@pytest.mark.parametrize("ids", [[], [0], [-1], [2**31], [False]])
def test_reading_what_is_no_record(attacker, model, ids):
    spec = {"display_name": {}}
    answer = tried(attacker, model, "web_read", ids=ids, specification=spec)
    assert not [row for row in answer or () if row.get("display_name")]


# The chance that draws a campaign's control group


def test_chance_is_the_programs(attacker, known):
    campaign = [known("utm.campaign")]
    values = {"title": "Own", "campaign_salt": "0"}
    refused(attacker, "utm.campaign", "create", vals_list=[values])
    refused(attacker, "utm.campaign", "write", ids=campaign, vals=values)
    copied = {"ids": campaign, "default": {"campaign_salt": "0"}}
    for new in tried(attacker, "utm.campaign", "copy", **copied) or ():
        [row] = attacker.read("utm.campaign", [new], "campaign_salt")
        assert row["campaign_salt"] != "0"


# Templates that cannot be filled in


def _own(admin, name):
    """Return the id of a record of the core by its external id."""
    domain = [("module", "=", "customer_classification"), ("name", "=", name)]
    [found] = admin.search_read("ir.model.data", domain, "res_id")
    return found["res_id"]


@pytest.fixture
def broken_report(client, prepared):
    """A scheduled report whose page cannot be filled in, after it was due."""
    admin = client("admin")
    view, action = (
        _own(admin, name) for name in ("report_sheets_mail", "ir_cron_report_schedule")
    )
    [before] = admin.read("ir.ui.view", [view], "arch_db")
    broken = "<t t-name='broken'><t t-out='1 / 0'/></t>"
    admin.call("ir.ui.view", "write", ids=[view], vals={"arch_db": broken})
    [me] = admin.search_read("res.users", [("login", "=", "admin")], "id")
    address = {"email": "admin@example.com"}
    admin.call("res.users", "write", ids=[me["id"]], vals=address)
    values = {"company_id": prepared["company"], "start_date": "2020-01-01"}
    [schedule] = admin.call(
        "customer.report.schedule",
        "create",
        vals_list=[{**values, "user_ids": [[6, 0, [me["id"]]]]}],
    )
    admin.call("ir.cron", "method_direct_trigger", ids=[action])
    yield schedule
    admin.call("customer.report.schedule", "unlink", ids=[schedule])
    arch = {"arch_db": before["arch_db"]}
    admin.call("ir.ui.view", "write", ids=[view], vals=arch)


def test_a_broken_template_is_told_in_a_sentence(client, broken_report):
    """Officers read why it was not sent, without the program's insides."""
    own = [("kind", "=", "report"), ("res_id", "=", broken_report)]
    for login in LOGINS:
        found = tried(
            client(login),
            "classification.to.fix",
            "search_read",
            domain=own,
            fields=["reason"],
        )
        assert bool(found) == (login == "plain_officer"), login
        for row in found or ():
            assert "got no report" in row["reason"]
            assert "ZeroDivisionError" in row["reason"]
            assert not [part for part in INSIDE if part in row["reason"]]
        ids = [broken_report]
        for method in ("_send", "_cron_send", "_send_or_rest", "_set_error"):
            refused(client(login), "customer.report.schedule", method, ids=ids)
        words = {"error_reason": {"code": "busy"}}
        refused(client(login), "customer.report.schedule", "write", ids=ids, vals=words)
