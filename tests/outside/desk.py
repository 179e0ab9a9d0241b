"""A user's browser window."""

import os
import re
import time
from pathlib import Path

import polib
from odoo_commands import ADDON
from playwright.sync_api import Error, expect

from tools.paths import ROOT

# The first page of a language waits until Odoo has built style sheets and scripts.
# Both say when to give up, on a busy machine too; nothing waits longer than it must.
FIRST_PAGE, LATER = 300_000, 120_000
expect.set_options(timeout=LATER)
# A screen that asked for nothing for so long has settled; looked at in steps.
QUIET, STEP = 300, 50
# A turn of the page itself: on a slow page, requested steps come later.
TURN = f"""() => new Promise((done) =>
    requestAnimationFrame(() => setTimeout(done, {STEP})))"""
TURNS = 3
WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 400, "height": 800}
SIZES = {"wide": WIDE, "narrow": NARROW}
MANAGERS, SELLERS = ("admin", "admin_zh"), ("seller", "seller_zh")
TRANSLATION = ROOT / ADDON / "i18n" / "zh_CN.po"
# Odoo's bot greets who comes for the first time, over all of a telephone.
NO_GREETING = """addEventListener("DOMContentLoaded", () => {
    const style = document.createElement("style");
    style.textContent = ".o-mail-ChatHub {display: none}";
    document.head.append(style);
})"""
COMPLAINTS = ".o_error_dialog, .modal, .o_notification_bar.bg-danger"
# Texts of the screen itself: labels, heads, buttons, hints; not what people wrote.
OWN_TEXTS = """() => {
    const written = ".o_field_widget, .o_data_cell, .o_group_name, .o_kanban_record,"
        + " .o-mail-Chatter, .o_breadcrumb, .o_pivot table, .o_graph_renderer,"
        + " .o_calendar_view, .o_activity_view, .o_hierarchy_node, .o_kanban_header,"
        + " script, style";
    const screen = document.querySelector(".o_action_manager");
    const found = new Set();
    const walker = document.createTreeWalker(screen, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        if (!walker.currentNode.parentElement.closest(written)) {
            found.add(walker.currentNode.textContent.trim());
        }
    }
    for (const element of screen.querySelectorAll("[placeholder]")) {
        found.add(element.placeholder);
    }
    for (const name of ["title", "aria-label", "data-tooltip"]) {
        for (const element of screen.querySelectorAll(`[${name}]`)) {
            if (!element.closest(written)) {
                found.add(element.getAttribute(name).trim());
            }
        }
    }
    return [...found];
}"""
DO_ACTION = """async ([action, options]) => {
    try {
        await odoo.__WOWL_DEBUG__.root.env.services.action.doAction(action, options);
    } catch (error) {
        throw error.cause || error;
    }
}"""


class Desk:
    """A user's browser window, with everything that it complained about."""

    def __init__(self, page, url, login):
        self.page = page
        self.url = url
        self.login = login
        self.errors = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("response", self._on_response)
        page.add_init_script(NO_GREETING)
        page.set_default_timeout(LATER)

    def _on_console(self, message):
        if message.type == "error":
            self.errors.append(f"console: {message.text} {message.location}")

    def _on_response(self, response):
        if response.status >= 400:
            self.errors.append(f"{response.status}: {response.url}")

    def log_in(self):
        self.page.goto(f"{self.url}/web/login", timeout=FIRST_PAGE)
        name = "admin" if self.login == "admin" else f"outside_{self.login}"
        self.page.fill("input[name=login]", name)
        self.page.fill("input[name=password]", name)
        with self.page.expect_navigation(timeout=FIRST_PAGE) as entered:
            self.page.click(".oe_login_form button[type=submit]")
        assert entered.value.ok, f"{self.login} cannot log in: {self.errors}"
        self.page.wait_for_selector(".o_main_navbar", timeout=FIRST_PAGE)
        self.page.wait_for_function("odoo.__WOWL_DEBUG__?.root?.env")

    def menus(self):
        """Menus of the addon that this user sees: `[(xmlid, name, action)]`."""
        answer = self.page.request.get(f"{self.url}/web/webclient/load_menus")
        return [
            (menu["xmlid"], menu["name"], menu["actionID"])
            for key, menu in answer.json().items()
            if key != "root" and (menu["xmlid"] or "").startswith(f"{ADDON}.")
        ]

    def open(self, action, turns=TURNS, **options):
        """Open an action as the menus do and wait for its view."""
        view = options.get("viewType", "form")
        options["clearBreadcrumbs"] = True
        self.page.evaluate(DO_ACTION, [action, options])
        self.page.wait_for_selector(f".o_action_manager .o_{view}_view")
        self.check(f"{action} {view}", turns)

    def open_page(self, action, selector):
        """Open an action with a page of its own, and wait for it."""
        self.page.evaluate(DO_ACTION, [action, {"clearBreadcrumbs": True}])
        self.page.wait_for_selector(f".o_action_manager {selector}")
        self.check(action)

    def open_record(self, model, record_id, turns=TURNS):
        """Open one record in its form."""
        self.open(
            {
                "type": "ir.actions.act_window",
                "res_model": model,
                "res_id": record_id,
                "views": [[False, "form"]],
                "target": "current",
            },
            turns,
        )

    def open_list(self, model, domain):
        """Open the records of a domain as a list, without other tests' records."""
        self.open(
            {
                "type": "ir.actions.act_window",
                "name": "Found",
                "res_model": model,
                "domain": domain,
                "views": [[False, "list"], [False, "form"]],
                "target": "current",
            },
            viewType="list",
        )
        self.settle()

    def turn(self):
        """Let the page finish its next step; False if it goes to another page."""
        try:
            self.page.evaluate(TURN)
        except Error:
            self.page.wait_for_load_state()
            return False
        return True

    def check(self, where, turns=TURNS):
        """Fail when something on the screen or in the console complained.

        :param turns: errors that code throws later come with the next frames, or are
            found by the next check
        """
        for _time in range(turns):
            self.turn()
        found = self.page.locator(COMPLAINTS)
        texts = [found.nth(place).inner_text() for place in range(found.count())]
        assert not self.errors and not texts, (
            f"{self.login}, {where}: {[*self.errors, *texts]}"
        )


class Reader(Desk):
    """A person who knows only the words on the screen and clicks on them."""

    def __init__(self, page, url, login):
        super().__init__(page, url, login)
        self._asked = set()
        page.on("request", self._on_request)
        page.on("requestfinished", lambda asked: self._asked.discard(asked))
        page.on("requestfailed", lambda asked: self._asked.discard(asked))
        page.on("framenavigated", lambda frame: self._asked.clear())

    def _on_request(self, asked):
        # Workers and images may be reported as begun and never as ended.
        if asked.resource_type in ("xhr", "fetch"):
            self._asked.add(asked)

    def open_app(self):
        """Go to the app by the menu of apps."""
        self.page.locator(".o_navbar_apps_menu button").click()
        # The last one is in the menu of apps; the bar may have it, too.
        app = f'[data-menu-xmlid="{ADDON}.customer_classification_menu"]'
        self.page.locator(app).last.click()
        bar = self.page.locator(".o_menu_sections")
        section = f'[data-menu-xmlid="{ADDON}.customer_menu"]'
        expect(bar.locator(section).first).to_be_visible()

    def menu(self, *names):
        """Go to a screen by the app menu and by the names of the menus below."""
        self.open_app()
        sections = self.page.locator(".o_menu_sections")
        expect(sections.get_by_text(names[0], exact=True)).to_be_visible()
        self.settle()
        sections.get_by_text(names[0], exact=True).click()
        below = self.page.locator(".o-dropdown--menu")
        for name in names[1:]:
            below.get_by_role("menuitem", name=name, exact=True).click()
        self.settle()

    def settle(self):
        """Wait until the screen has loaded and asks for nothing more."""
        end = time.monotonic() + LATER / 1000
        quiet = 0
        while quiet < QUIET:
            assert time.monotonic() < end, f"still asks for {self._asked}"
            quiet = quiet + STEP if self.turn() and not self._asked else 0

    def see(self, *texts):
        """Return the text to read, in the dialog if there is one."""
        for text in texts:
            expect(self.place.get_by_text(text).first).to_be_visible()

    @property
    def place(self):
        """The dialog on top, or the page."""
        dialogs = self.page.get_by_role("dialog")
        return dialogs.last if dialogs.count() else self.page

    def press(self, name):
        """Press the button of this name; an icon may precede it."""
        if isinstance(name, str):
            name = re.compile(rf"^\W*{re.escape(name)}$")
        buttons = self.place.get_by_role("button", name=name)
        buttons.filter(visible=True).first.click()
        self.settle()

    def confirm(self, question, answer="Ok"):
        """Answer the question that the screen asks."""
        dialog = self.page.get_by_role("dialog")
        expect(dialog).to_contain_text(question)
        dialog.get_by_role("button", name=answer, exact=True).click()
        expect(dialog).to_have_count(0)
        self.settle()

    def tab(self, name):
        """Open a page of the form."""
        self.place.get_by_role("tab", name=name, exact=True).click()

    def back_to(self, name):
        """Go back by the breadcrumb above the screen."""
        crumbs = self.page.locator(".o_breadcrumb, .o_control_panel")
        crumbs.get_by_role("link", name=name).last.click()
        self.settle()

    def field(self, label):
        """The field with this label, behind which there may be a sign for help."""
        words = re.compile(rf"^\s*{re.escape(label)}\s*\??\s*$")
        return self.place.get_by_label(words)

    def shown(self, label):
        """Return the read-only text beside this label."""
        words = re.compile(rf"^\s*{re.escape(label)}\s*\??\s*$")
        return (
            self.place.locator("label")
            .filter(has_text=words)
            .locator("xpath=ancestor::*[contains(@class, 'o_wrap_label')]")
            .locator("xpath=following-sibling::*[1]")
        )

    def fill(self, label, text):
        """Write into the field with this label."""
        field = self.field(label)
        # A day is a button until it is clicked.
        field.click()
        expect(field).to_be_editable()
        field.fill(text)
        field.press("Tab")

    def choose(self, label, text):
        """Write into a field and take its suggestion."""
        self.field(label).fill(text)
        self.page.get_by_role("option", name=text).first.click()

    def row(self, text):
        """Return the line of a list with this text."""
        rows = self.place.locator("tbody").get_by_role("row")
        return rows.filter(has_text=text)

    def cell(self, text, column):
        """Return the text of a line under the head of a column."""
        row = self.row(text).first
        table = row.locator("xpath=ancestor::table")
        heads = [head.strip() for head in table.locator("thead th").all_inner_texts()]
        return row.locator("td").nth(heads.index(column))

    def write(self, text, column, value):
        """Write into a line, under the head of a column."""
        cell = self.cell(text, column).element_handle()
        cell.click()
        # The words of the line are in fields now, so it is not found by them.
        field = cell.wait_for_selector("input")
        field.fill(value)
        field.press("Tab")

    def open_row(self, text):
        """Open the record of this line."""
        self.row(text).first.locator("td").nth(1).click()
        self.settle()

    def search_by(self, *names):
        """Choose filters and groupings from the search menu."""
        self.page.locator(".o_searchview_dropdown_toggler").click()
        for name in names:
            menu = self.page.locator(".o_search_bar_menu")
            menu.get_by_text(name, exact=True).first.click()
            self.settle()
        self.page.keyboard.press("Escape")

    def without_filters(self):
        """Remove the screen's own filters."""
        while self.page.locator(".o_facet_remove").count():
            self.page.locator(".o_facet_remove").first.click()
            self.settle()

    def save(self):
        """Save the form."""
        self.page.get_by_role("button", name="Save manually").click()
        self.settle()

    def open_group(self, name):
        """Unfold a group of a list."""
        self.page.locator(".o_group_header").filter(has_text=name).click()
        self.settle()


class Counting(Reader):
    """A person whose clicks are counted.

    :ivar clicks: how many so far
    :ivar in_chinese: whether the words on the screen are Chinese
    """

    def __init__(self, page, url, login):
        super().__init__(page, url, login)
        self.clicks = 0
        self.in_chinese = login.endswith("_zh")

    def click(self, locator):
        """Click, wait until the screen has followed, and count."""
        locator.first.click()
        self.clicks += 1
        self.settle()

    def said(self, text):
        """Return a text in the language of this person."""
        if not self.in_chinese:
            return text
        entry = polib.pofile(str(TRANSLATION)).find(text)
        return entry.msgstr or text

    def menu_of(self, xmlid):
        """Return an entry of the bar, or of the menu below it."""
        return self.page.locator(f'[data-menu-xmlid="{xmlid}"]')

    def picture(self, name):
        """Leave a picture of the screen where one was asked for."""
        if folder := os.environ.get("JOB_PICTURES"):
            path = Path(folder, f"{name}_{self.login}.png")
            self.page.screenshot(path=str(path))
