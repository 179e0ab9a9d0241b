"""A manager's way with playbooks, and a salesperson's day.

On the demo data, in English and in Chinese, on a desk's screen and on a telephone's.
Words are those of the translation, so that a missing one is found. With
JOB_PICTURES=FOLDER each walk leaves pictures there.
"""

import pytest
from desk import MANAGERS, SELLERS, SIZES
from odoo_commands import ADDON
from playwright.sync_api import expect
from scene import day

TEMPLATE = "Regular Offers for Medium Value"
CARDS = ".o_kanban_record:not(.o_kanban_ghost)"


def fits(worker):
    """Fail where the page is wider than the screen."""
    width = worker.page.evaluate("document.documentElement.scrollWidth")
    assert width <= worker.page.viewport_size["width"], "wider than the screen"


def cards(worker, text):
    return worker.page.locator(".o_kanban_record").filter(has_text=text)


def press(worker, name):
    """Click a button of the form, by the name of its method."""
    button = worker.page.locator(f"button[name={name}]").filter(visible=True)
    if not button.count():
        worker.click(worker.page.locator(".o_button_more"))
    worker.click(button)


# Playbooks


def use_template(worker):
    """Make a playbook of a template, from the list of all."""
    worker.open(f"{ADDON}.customer_playbook_action", viewType="kanban")
    worker.settle()
    template = cards(worker, worker.said(TEMPLATE)).filter(
        has_text=worker.said("Template")
    )
    worker.click(template)
    press(worker, "action_use_template")
    state = worker.page.locator(".o_statusbar_status, .o_arrow_button_current")
    expect(state.filter(has_text=worker.said("Draft")).first).to_be_visible()
    worker.check("the playbook of a template")


def preview_and_switch_on(worker, size):
    """Look who would get a case, take who is in the class now, and switch on."""
    press(worker, "action_preview")
    dialog = worker.page.get_by_role("dialog")
    expect(dialog).to_contain_text(worker.said("In the Class Now"))
    present = int(dialog.locator("[name=present_count]").first.inner_text())
    held = int(dialog.locator("[name=control_count]").first.inner_text())
    assert 0 < held < present
    fits(worker)
    worker.picture(f"playbook_preview_{size}")
    worker.click(dialog.locator("[name=takes_present] input"))
    worker.click(dialog.locator("button[name=action_switch_on]"))
    expect(dialog).to_have_count(0)
    worker.check("the playbook switched on")
    return present


def see_cases(worker, client, size):
    """Let the scheduled action work, and find the cases with their steps."""
    admin = client("admin")
    [job] = admin.search_read(
        "ir.model.data",
        [("module", "=", ADDON), ("name", "=", "ir_cron_playbooks")],
        "res_id",
    )
    admin.call("ir.cron", "method_direct_trigger", ids=[job["res_id"]], timeout=600)
    press(worker, "action_open_cases")
    expect(worker.page.locator(CARDS).first).to_be_visible()
    fits(worker)
    worker.picture(f"playbook_cases_{size}")
    worker.check("the cases of a playbook")


def see_result(worker, client, size):
    """Open the playbook that is over: whether it helped, with interval."""
    [proved] = client("admin").search_read(
        "customer.playbook",
        [("result_ids", "!=", False), ("state", "=", "paused")],
        "name",
        limit=1,
    )
    worker.open_record("customer.playbook", proved["id"])
    worker.settle()
    expect(worker.page.locator("[name=proof_text]").first).to_be_visible()
    press(worker, "action_open_results")
    rows = worker.page.locator(f".o_data_row, {CARDS}")
    expect(rows.first).to_be_visible()
    fits(worker)
    worker.picture(f"playbook_results_{size}")
    worker.check("the results of a playbook")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("login", MANAGERS)
def test_playbook_from_template_to_result(person, client, login, size):
    worker = person(login, size)
    use_template(worker)
    present = preview_and_switch_on(worker, size)
    [own] = client("admin").search_read(
        "customer.playbook",
        [("state", "=", "running")],
        *("name", "takes_present"),
        order="id desc",
        limit=1,
    )
    assert own["takes_present"]
    see_cases(worker, client, size)
    cases = client("admin").search_read(
        "customer.playbook.case", [("playbook_id", "=", own["id"])], "is_control"
    )
    assert len(cases) == present
    assert any(case["is_control"] for case in cases)
    see_result(worker, client, size)
    assert worker.clicks <= 9


# Today

ANSWERS = ("Done", "Tomorrow", "Not Useful")
# Customers with a line, and the reasons of each.
MOST_LINES = 6 * 7


@pytest.fixture
def morning(client, prepared):
    """Give a salesperson customers, with a call and a birthday today."""

    def morning_of(login, born):
        admin = client("admin")
        [user] = admin.search_read(
            "res.users", [("login", "=", f"outside_{login}")], "id"
        )
        found = admin.search_read(
            "customer.profile",
            [
                ("company_id", "=", prepared["company"]),
                ("partner_id.phone", "!=", False),
                ("partner_id.user_id.login", "not =like", "outside%"),
                ("lifecycle_stage_id.code", "in", ["loyal", "active"]),
            ],
            "partner_id",
            limit=3,
        )
        partners = [row["partner_id"][0] for row in found]
        admin.call("res.partner", "write", ids=partners, vals={"user_id": user["id"]})
        admin.call(
            "res.partner",
            "create",
            vals_list=[
                {
                    "name": born,
                    "parent_id": partners[1],
                    "customer_birthday": day(0)[5:],
                }
            ],
        )
        admin.call(
            "mail.activity",
            "create",
            vals_list=[
                {
                    "res_model_id": admin.search_read(
                        "ir.model", [("model", "=", "res.partner")], "id"
                    )[0]["id"],
                    "res_id": partners[0],
                    "user_id": user["id"],
                    "summary": "Ask for the spring order",
                    "date_deadline": day(0),
                }
            ],
        )
        return partners

    return morning_of


def answer_all(worker, lines):
    """Answer the first line in turns, until nothing is left.

    A customer who is done comes back where there is another reason.
    """
    for number in range(MOST_LINES):
        if not lines.count():
            return
        name = lines.first.locator("a").first.inner_text()
        said = lines.first.locator(".o_customer_today_text > div").first.inner_text()
        answer = ANSWERS[number % len(ANSWERS)]
        worker.click(lines.first.get_by_role("button", name=worker.said(answer)))
        if answer == "Not Useful":
            reason = worker.said("Known already")
            worker.click(worker.page.get_by_role("menuitem", name=reason))
        answered = lines.filter(has_text=name).filter(has_text=said)
        expect(answered).to_have_count(0)
        worker.check(f"{answer} on the page Today")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("login", SELLERS)
def test_today_from_morning_to_done(person, client, morning, login, size):
    """Each line is answered, done first; then the page is empty."""
    born = f"Bertha of {login} {size}"
    partners = morning(login, born)
    worker = person(login, size)
    worker.open_page(f"{ADDON}.customer_today_action", ".o_customer_today")
    lines = worker.page.locator(".o_customer_today_line")
    expect(lines.first).to_contain_text("Ask for the spring order")
    expect(lines.filter(has_text=born)).to_have_count(1)
    fits(worker)
    worker.picture(f"today_{size}")
    answer_all(worker, lines)
    expect(worker.page.locator(".o_customer_today")).to_contain_text(
        worker.said("Nothing waits for you today")
    )
    worker.picture(f"today_done_{size}")
    answered = client("admin").search_read(
        "customer.today.answer", [("partner_id", "in", partners)], "answer", "user_id"
    )
    assert len(answered) >= 2
    left = client("admin").search_read(
        "mail.activity",
        [("res_model", "=", "res.partner"), ("res_id", "in", partners[:1])],
        "id",
    )
    assert not left
