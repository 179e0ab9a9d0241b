"""Screens for keyboards, screen readers and weak eyes, by axe-core.

On the main screens, in both widths and languages, nothing of ours has a serious or
critical violation. What Odoo's own widgets do (tabs, tags, avatars, the search bar) is
not ours to change and is left out by name. axe-core comes from npm, with the packages
of `tools/node`: without it these tests fail, none is skipped.
"""

import pytest
from desk import DO_ACTION, NARROW, WIDE, Reader
from odoo_commands import ADDON

from tools import environment, node
from tools.console import DevError

SERIOUS = ("serious", "critical")
# Odoo's: chatter, tabs, tags, pictures of users, inputs with suggestions, columns.
OF_ODOO = (
    ".o-mail-Chatter",
    ".o_list_renderer",
    ".o_notebook_headers",
    ".o_tag",
    ".o-mail-Avatar",
    ".o-autocomplete--input",
    ".o_select_menu_toggler",
    ".o_field_daterange",
    ".o_field_statusbar",
    ".o_optional_columns_dropdown",
    ".o_field_kanban_activity",
    ".o_field_domain",
    ".o-dropdown",
    ".o_kanban_header",
    '[data-tooltip-template="web.FieldTooltip"]',
)
VIOLATIONS = """async (excluded) => {
    const there = excluded.filter((name) => document.querySelector(name));
    const found = await axe.run(
        {include: [[".o_action_manager .o_content"]], exclude: there.map((n) => [n])},
        {resultTypes: ["violations"]}
    );
    return found.violations.flatMap(({id, impact, nodes}) =>
        nodes.map(({html}) => [impact, id, html.slice(0, 200)]));
}"""
# {screen: (model, domain) of the record, or (action, its element)}
FORMS = {
    "customer": (
        "customer.profile",
        [["value_tier_id.code", "=", "vip"], ["churn_risk", "!=", False]],
    ),
    "rules": ("customer.rules", [["state", "=", "published"]]),
    "campaign": ("utm.campaign", [["campaign_performance", "!=", False]]),
}
PAGES = {
    "overview": ("customer_overview_action", ".o_customer_overview td button"),
    "today": ("customer_today_action", ".o_customer_today"),
    "complaints": ("customer_complaint_action", ".o_kanban_record"),
}


@pytest.fixture(scope="module")
def axe():
    """Return the path of axe-core, which npm gets once, as those of lint."""
    try:
        environment.need("lint")
        node.need()
    except DevError as error:
        pytest.fail(str(error))
    return str(node.library("axe-core/axe.min.js"))


@pytest.fixture(scope="module")
def reader(browser, server):
    """Open a window of a person in a width: `reader("admin", WIDE)`."""
    contexts = []

    def reader_of(login, size):
        contexts.append(browser.new_context(viewport=size))
        opened = Reader(contexts[-1].new_page(), server.url, login)
        opened.log_in()
        return opened

    yield reader_of
    for context in contexts:
        context.close()


def _screens(person, first):
    """Open one screen after the other, and yield its name."""
    for name, (model, domain) in FORMS.items():
        person.open_record(model, first(person.login, model, domain))
        yield name
    for name, (action, element) in PAGES.items():
        options = {"clearBreadcrumbs": True}
        person.page.evaluate(DO_ACTION, [f"{ADDON}.{action}", options])
        person.page.wait_for_selector(f".o_action_manager {element}")
        yield name


def _violations(person, axe):
    person.page.add_script_tag(path=axe)
    found = person.page.evaluate(VIOLATIONS, list(OF_ODOO))
    return [violation for violation in found if violation[0] in SERIOUS]


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("login", ["admin", "admin_zh"])
def test_no_serious_violation(reader, first, axe, login, size):
    person = reader(login, size)
    found = {}
    for name in _screens(person, first):
        person.settle()
        if violations := _violations(person, axe):
            found[name] = violations
    assert not found


def test_violations_are_found(reader, axe):
    """Grey on white and a picture without a text are found."""
    person = reader("admin", WIDE)
    person.open_page(f"{ADDON}.customer_overview_action", ".o_customer_overview")
    person.settle()
    person.page.evaluate(
        """() => document.querySelector(".o_customer_overview").insertAdjacentHTML(
            "afterbegin",
            '<p style="color: #999; background: #fff">Grey</p><img src="#"/>')"""
    )
    names = {name for _impact, name, _html in _violations(person, axe)}
    assert names == {"color-contrast", "image-alt"}
