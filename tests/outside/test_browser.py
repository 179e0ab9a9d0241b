"""A browser opens each screen as administrator and as salesperson.

In English and in Chinese; nothing may complain: no console error, no dialog, no red
toast.
"""

import functools
import re

import pytest
from desk import DO_ACTION, NARROW, OWN_TEXTS, WIDE, Desk
from odoo_commands import ADDON
from playwright.sync_api import expect

LOGINS = ("admin", "seller", "admin_zh", "seller_zh")
CHINESE = re.compile("[\u4e00-\u9fff]")
ENGLISH = re.compile(r"[A-Za-z]{2,}")
# What is the same in Chinese, and the one word that Odoo itself leaves in English.
SAME = {
    "ABC",
    "ID",
    "NPS",
    "Odoo",
    "RFM",
    "VIP",
    "XYZ",
    "champion",
    "vip",
    "xlsx",
    "View",
}
# A colon, comma or bracket of Latin texts behind or before a Chinese character.
HALF_WIDTH = re.compile("[\u4e00-\u9fff][:;,()!?]|[:;,(][\u4e00-\u9fff]")
MATRIX = ".o_migration_matrix table"
# Titles and buttons above a list: cut, or broken into two lines.
CUT_TITLES = """() => [...document.querySelectorAll(
        ".o_control_panel_main_buttons button, .o_last_breadcrumb_item span")]
    .filter((text) => text.offsetParent && (text.offsetHeight > 45
        || text.scrollWidth > text.clientWidth + 1 && text.clientWidth))
    .map((text) => text.innerText)"""
CUT_HEADS = """() => [...document.querySelectorAll(".o_list_view thead th[data-name]")]
    .filter((head) => [...head.querySelectorAll("span, div")].some(
        (text) => text.scrollWidth > text.clientWidth + 1
            && getComputedStyle(text).overflow !== "visible"))
    .map((head) => head.innerText)"""
LANGUAGE = "odoo.__WOWL_DEBUG__.root.env.services.localization.code"


@pytest.fixture(scope="module")
def desk(browser, server):
    """Log a user in: `desk("admin")`; one window for each."""
    contexts = []

    @functools.cache
    def desk_of(login):
        contexts.append(browser.new_context(viewport=WIDE))
        opened = Desk(contexts[-1].new_page(), server.url, login)
        opened.log_in()
        return opened

    yield desk_of
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def views(client):
    """`{action id: (model, [view types])}` of the addon's window actions."""
    ids = client("admin").search_read(
        "ir.model.data",
        [("module", "=", ADDON), ("model", "=", "ir.actions.act_window")],
        "res_id",
    )
    actions = client("admin").read(
        "ir.actions.act_window",
        [row["res_id"] for row in ids],
        "res_model",
        "view_mode",
    )
    return {
        action["id"]: (action["res_model"], action["view_mode"].split(","))
        for action in actions
    }


def _open_all(desk, first, login, actions):
    """Open every view of each action, the form with a record in it.

    Where there is one. For who reads Chinese, all that the screens say is Chinese.
    """
    foreign = set()
    for action, (model, types) in actions.items():
        for view in types:
            if view != "form":
                desk.open(action, turns=1, viewType=view)
                foreign |= _foreign(desk, f"{model} {view}")
        if "form" in types and (found := first(login, model)):
            desk.open_record(model, found, turns=1)
            foreign |= _foreign(desk, f"{model} form")
    desk.check("the last screen")
    assert not foreign, "\n".join(sorted(foreign))


def _foreign(desk, place):
    """Return texts of the screen with English words or half-width punctuation."""
    if not desk.login.endswith("_zh"):
        return set()
    texts = desk.page.evaluate(OWN_TEXTS)
    assert any(map(CHINESE.search, texts)), f"{place} has no Chinese text"
    return {
        f"{place}: {text!r}"
        for text in texts
        if set(ENGLISH.findall(text)) - SAME or HALF_WIDTH.search(text)
    }


@pytest.mark.parametrize("login", LOGINS)
def test_each_screen_of_the_menus(desk, first, views, login):
    window = desk(login)
    actions = {action for _xmlid, _name, action in window.menus() if action}
    minimum = 4 if login.startswith("seller") else 7
    assert len(actions) >= minimum, window.menus()
    windows = {action: views[action] for action in actions if action in views}
    _open_all(window, first, login, windows)


@pytest.mark.parametrize("login", ["admin", "admin_zh"])
def test_each_other_action(desk, first, views, login):
    window = desk(login)
    in_menus = {action for _xmlid, _name, action in window.menus()}
    others = {action: views[action] for action in views if action not in in_menus}
    _open_all(window, first, login, others)


@pytest.mark.parametrize("login", LOGINS)
def test_contacts(desk, first, login):
    """The list, the kanban and the forms of contacts open.

    The forms of a customer, of her colleague and of a stranger.
    """
    window = desk(login)
    for view in ("list", "kanban"):
        window.open("base.action_partner_form", viewType=view)
    known = ("customer_profile_id", "!=", False)
    unknown = ("customer_profile_id", "=", False)
    for domain in (
        [known, ("customer_value_tier_id.code", "=", "vip")],
        [known, ("parent_id", "!=", False)],
        [unknown, ("company_id", "=", False)],
    ):
        found = first(login, "res.partner", domain)
        assert found, f"{login} sees no contact with {domain}"
        window.open_record("res.partner", found)


@pytest.mark.parametrize("login", ["admin", "admin_zh"])
def test_new_records(desk, login):
    """Forms with nothing in them yet."""
    window = desk(login)
    models = ("classification.policy", "customer.purchase", "customer.value.tier")
    for model in (*models, "res.partner"):
        window.open_record(model, False)


@pytest.mark.parametrize("login", ["admin_zh", "seller_zh"])
def test_chinese_is_chinese(desk, login):
    window = desk(login)
    assert window.page.evaluate(LANGUAGE) == "zh_CN"
    for xmlid, name, _action in window.menus():
        assert CHINESE.search(name), f"{xmlid} is called {name}"


@pytest.mark.parametrize("login", ["seller", "seller_zh"])
def test_salesperson_follows_the_buttons(desk, first, login):
    """From a customer to the profile and to the history, and a recompute."""
    window = desk(login)
    domain = [("customer_value_tier_id.code", "=", "vip")]
    customer = first(login, "res.partner", domain)
    for button, view in (
        ("action_open_customer_profile", "form"),
        ("action_open_customer_changes", "list"),
    ):
        window.open_record("res.partner", customer)
        window.page.click(f"button[name={button}]")
        expect(window.page.locator(".o_breadcrumb .o_back_button")).to_be_visible()
        window.page.wait_for_selector(f".o_action_manager .o_{view}_view")
        window.check(button)
    window.open_record("res.partner", customer)
    window.page.click("button[name=action_recompute_customer]")
    toast = window.page.locator(".o_notification_bar.bg-success")
    expect(toast.first).to_be_visible()
    window.check("recompute")


@pytest.mark.parametrize("login", LOGINS)
def test_customers_of_a_day(desk, login):
    """Choose a day, see the customers, and open one."""
    window = desk(login)
    page = window.page
    action = f"{ADDON}.classification_history_wizard_action"
    page.evaluate(DO_ACTION, [action, {}])
    page.click(".modal button[name=action_open]")
    page.wait_for_selector(".modal", state="detached")
    page.wait_for_selector(".o_action_manager .o_list_view")
    title = page.locator(".o_breadcrumb .o_last_breadcrumb_item")
    expect(title).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d"))
    window.check("customers of a day")
    page.locator(".o_data_row td[name=partner_id]").first.click()
    page.wait_for_selector(".o_action_manager .o_form_view")
    window.check("one of the customers")


@pytest.mark.parametrize("login", ["admin", "admin_zh"])
def test_heads_are_whole(desk, views, login):
    """At 1440 px no head of a column, title or button of a list is cut."""
    window = desk(login)
    window.page.set_viewport_size(WIDE)
    cut = {}
    for action, (model, types) in views.items():
        if "list" in types:
            window.open(action, turns=1, viewType="list")
            cut[model] = window.page.evaluate(CUT_HEADS)
            cut[model] += window.page.evaluate(CUT_TITLES)
    assert len(cut) > 40
    assert not {model: heads for model, heads in cut.items() if heads}


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_product_matrix(desk, login, size):
    """Nine cells, the products of a number, and back."""
    window = desk(login)
    page = window.page
    page.set_viewport_size(size)
    try:
        action = f"{ADDON}.product_matrix_action"
        page.evaluate(DO_ACTION, [action, {"clearBreadcrumbs": True}])
        cells = page.locator(".o_product_matrix td[class*=o_product_matrix_]")
        expect(cells).to_have_count(9)
        window.check("product matrix")
        box = cells.nth(2).bounding_box()
        assert box["x"] + box["width"] <= size["width"], "the nine cells fit"
        page.locator(
            ".o_product_matrix tbody button:not([aria-disabled])"
        ).first.click()
        # A telephone shows them as cards.
        page.wait_for_selector(
            ".o_list_view .o_data_row, .o_kanban_record:not(.o_kanban_ghost)"
        )
        window.check("products of a cell")
        page.locator(".o_back_button, .o_breadcrumb a").first.click()
        expect(cells).to_have_count(9)
    finally:
        page.set_viewport_size(WIDE)


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_migration_matrix(desk, login, size):
    """The migration matrix opens with all its ways in and out.

    Another axis, another day, the customers of a number, back to the matrix as it
    was, and its pivot.
    """
    window = desk(login)
    page = window.page
    page.set_viewport_size(size)
    try:
        action = f"{ADDON}.classification_migration_matrix_action"
        page.evaluate(DO_ACTION, [action, {"clearBreadcrumbs": True}])
        page.wait_for_selector(MATRIX)
        page.locator(".o_migration_matrix .btn-group button").nth(1).click()
        expect(page.locator(f"{MATRIX} tbody tr")).to_have_count(9)
        first_day = page.locator(".o_migration_matrix_day").first
        today = page.locator(".o_migration_matrix_day").nth(1).input_value()
        first_day.fill(today)
        first_day.press("Enter")
        expect(page.locator(f"{MATRIX} tbody tr")).to_have_count(8)
        window.check("migration matrix")
        page.locator(f"{MATRIX} tbody button:enabled").first.click()
        page.wait_for_selector(".o_action_manager .o_list_view .o_data_row")
        window.check("customers of a cell")
        page.locator(".o_back_button, .o_breadcrumb a").first.click()
        page.wait_for_selector(MATRIX)
        expect(page.locator(".o_migration_matrix_day").first).to_have_value(today)
        page.locator(".o_control_panel button:has(.fa-table)").first.click()
        page.wait_for_selector(".o_action_manager .o_pivot_view")
        window.check("pivot of the matrix")
    finally:
        page.set_viewport_size(WIDE)


@pytest.mark.parametrize("login", LOGINS)
@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_overview(desk, login, size):
    """The overview loads block by block, opens a number and comes back."""
    window = desk(login)
    page = window.page
    page.set_viewport_size(size)
    waiting = page.locator(".o_customer_overview .o_overview_wait")
    try:
        action = f"{ADDON}.customer_overview_action"
        page.evaluate(DO_ACTION, [action, {"clearBreadcrumbs": True}])
        page.wait_for_selector(".o_customer_overview [data-block=grid] td button")
        expect(waiting).to_have_count(0)
        window.check("overview")
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= size["width"], "nothing is wider than the screen"
        page.locator("[data-block=grid] td button").first.click()
        page.wait_for_selector(
            ".o_list_view .o_data_row, .o_kanban_record:not(.o_kanban_ghost)"
        )
        window.check("customers of a cell of the grid")
        page.locator(".o_back_button, .o_breadcrumb a").first.click()
        page.wait_for_selector(".o_customer_overview")
        expect(waiting).to_have_count(0)
    finally:
        page.set_viewport_size(WIDE)


@pytest.mark.parametrize("login", ["admin", "seller"])
def test_narrow_screen(desk, first, views, login):
    """The same screens on a telephone."""
    window = desk(login)
    window.page.set_viewport_size(NARROW)
    try:
        for action, (model, types) in views.items():
            if model == "customer.profile" and "kanban" in types:
                window.open(action, viewType="kanban")
        for model in ("customer.profile", "res.partner", "classification.run"):
            window.open_record(model, first(login, model))
    finally:
        window.page.set_viewport_size(WIDE)
