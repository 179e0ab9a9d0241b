"""Jobs of a sales manager and of a salesperson, their clicks counted.

On the demo data, in English and in Chinese, on a desk's screen and on a telephone's.
Words are those of the translation, so that a missing one is found. With
JOB_PICTURES=FOLDER each job leaves a picture there.
"""

import pytest
from desk import MANAGERS, SELLERS, SIZES
from odoo_commands import ADDON
from playwright.sync_api import expect


@pytest.mark.parametrize("login", (*MANAGERS, *SELLERS))
def test_lost_within_a_month_with_phone(person, login):
    """VIPs lost within a month, with phones: four clicks at most."""
    worker = person(login)
    worker.open(f"{ADDON}.customer_profile_action", viewType="list")
    worker.settle()
    panel = worker.page.locator(".o_search_panel")
    worker.click(panel.get_by_text("VIP", exact=True))
    worker.click(worker.page.locator(".o_searchview_dropdown_toggler"))
    name = worker.said("Lost within 30 Days")
    worker.click(worker.page.get_by_role("menuitemcheckbox", name=name, exact=True))
    assert worker.clicks <= 4
    vip = panel.locator(".o_search_panel_filter_value").filter(has_text="VIP").first
    expect(vip.locator("input")).to_be_checked()
    expect(worker.page.locator("th[data-name=phone]")).to_be_visible()
    worker.page.keyboard.press("Escape")
    worker.picture("lost_soon")
    worker.check("who is lost soon")


@pytest.mark.parametrize("login", MANAGERS)
def test_revenue_by_tier_this_quarter(person, login):
    """In the Sales app: Reporting, Value Tiers."""
    worker = person(login)
    worker.page.goto(f"{worker.url}/odoo/action-sale.action_quotations_with_onboarding")
    worker.page.wait_for_selector(".o_action_manager .o_list_view, .o_kanban_view")
    worker.settle()
    worker.click(worker.menu_of("sale.menu_sale_report"))
    worker.click(worker.menu_of(f"{ADDON}.menu_sale_report_value_tier"))
    assert worker.clicks <= 4
    expect(worker.page.locator(".o_graph_renderer canvas")).to_be_visible()
    facets = worker.page.locator(".o_searchview_facet")
    for words in ("This Quarter", "Value Tier"):
        found = facets.filter(has_text=worker.said(words))
        expect(found.first).to_be_visible()
    worker.picture("revenue_by_tier")
    worker.check("the revenue of the tiers")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("login", (*MANAGERS, *SELLERS))
def test_tier_while_quoting(person, first, client, login, size):
    """The tier stands on a new quotation of a customer: no click."""
    domain = [("value_tier_id.code", "=", "vip")]
    [customer] = client("admin").read(
        "customer.profile", [first("admin", "customer.profile", domain)], "partner_id"
    )
    worker = person(login, size)
    quotation = {
        "type": "ir.actions.act_window",
        "res_model": "sale.order",
        "views": [[False, "form"]],
        "target": "current",
        "context": {"default_partner_id": customer["partner_id"][0]},
    }
    worker.open(quotation)
    worker.settle()
    summary = worker.page.locator("[name=customer_summary]").first
    expect(summary).to_be_visible()
    expect(summary).to_contain_text("VIP")
    assert worker.clicks == 0
    worker.picture(f"quoting_{size}")
    worker.check("a quotation")


@pytest.mark.parametrize("login", (*MANAGERS, *SELLERS))
def test_why_did_this_customer_fall(person, login):
    """From the changes to the sentence: the row, and the customer."""
    worker = person(login)
    worker.open(f"{ADDON}.classification_change_action", viewType="list")
    worker.settle()
    worker.click(worker.page.locator(".o_data_row .o_data_cell"))
    assert worker.clicks <= 3
    expect(worker.page.locator("[name=explanation_text]").first).to_be_visible()
    worker.picture("why")
    worker.check("the reason")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("login", (*MANAGERS, *SELLERS))
def test_page_of_a_customer(person, first, login, size):
    """The page has the phone, and is not wider than the screen."""
    domain = [("value_tier_id.code", "=", "vip"), ("partner_id.phone", "!=", False)]
    worker = person(login, size)
    found = first("admin", "customer.profile", domain)
    worker.open_record("customer.profile", found)
    worker.settle()
    expect(worker.page.locator(".o_field_widget[name=phone]").first).to_be_visible()
    width = worker.page.evaluate("document.documentElement.scrollWidth")
    assert width <= SIZES[size]["width"], "the page is wider than the screen"
    worker.picture(f"customer_{size}")
    worker.check("the page of a customer")


@pytest.mark.parametrize("login", MANAGERS)
def test_customers_by_tag_have_no_false_total(person, login):
    """Below groups that overlap there is no total; below others there is one."""
    worker = person(login)
    worker.open(
        f"{ADDON}.customer_profile_action",
        viewType="list",
        additionalContext={"group_by": ["category_ids"]},
    )
    worker.settle()
    footer = worker.page.locator(".o_list_footer")
    expect(worker.page.locator(".o_group_header").first).to_be_visible()
    expect(footer.locator(".o_list_number")).to_have_count(0)
    worker.picture("by_tag")
    worker.check("customers by tag")
    worker.open(
        f"{ADDON}.customer_profile_action",
        viewType="list",
        additionalContext={"group_by": ["user_id"]},
    )
    worker.settle()
    assert footer.locator(".o_list_number").count()
