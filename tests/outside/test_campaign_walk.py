"""A person takes a campaign from the idea to the verdict.

By nothing but the words on the screen.
"""

import re

import pytest
from desk import WIDE, Reader
from playwright.sync_api import expect
from scene import Scene, day, regulars

CUSTOMERS = 20
BUYERS = 6


@pytest.fixture
def scene(client):
    """A company with customers who bought long ago, and are classified."""
    scene = Scene(client("admin"), "campaign", "officer")
    scene.add(regulars(CUSTOMERS, days_ago=(100, 140, 170)))
    scene.classify()
    return scene


@pytest.fixture
def person(browser, server, scene):
    """Return a planner of campaigns at the desk."""
    context = browser.new_context(viewport=WIDE, locale="en-US")
    person = Reader(context.new_page(), server.url, scene.login)
    person.log_in()
    yield person
    context.close()


def start_from_the_list(person):
    """Add all customers of the list, a random third as control group."""
    person.menu("Customers", "Customers")
    person.page.locator(".o_switch_view.o_list").click()
    person.settle()
    person.page.locator("thead .o_list_record_selector").click()
    person.press("Actions")
    person.page.get_by_role("menuitem", name="Start a Campaign").click()
    person.settle()
    expect(person.shown("Customers")).to_have_text(str(CUSTOMERS))
    person.fill("Name", "Walk Spring Offer")
    person.fill("Control Group (%)", "30")
    person.press("Start")
    person.see("Walk Spring Offer")


def plan(person):
    """Enter the goals and the costs of the campaign."""
    person.tab("Plan")
    person.fill("Target: Revenue", "1000")
    person.tab("Costs")
    person.press("Add a line")
    line = person.place.locator("tr.o_selected_row")
    line.locator("[name=name] input").fill("Printed letters")
    line.locator("[name=amount] input").fill("120")
    person.save()
    person.tab("Audience")
    person.press("They Were Addressed Today")
    person.confirm("Note for the whole audience")


def let_time_pass(scene):
    """Let the campaign end three weeks ago, with purchases.

    Some of those addressed bought.
    """
    [campaign] = scene.find(
        "utm.campaign", [("title", "=", "Walk Spring Offer")], "campaign_control_share"
    )
    assert campaign["campaign_control_share"] == 30
    found = scene.find(
        "campaign.participant",
        [("campaign_id", "=", campaign["id"])],
        *("partner_id", "is_control", "addressed_date"),
    )
    reached = [row for row in found if not row["is_control"]]
    assert len(found) == CUSTOMERS and 0 < len(found) - len(reached) < CUSTOMERS
    assert {row["addressed_date"] for row in reached} == {day(0)}
    scene.write(
        "campaign.participant",
        [row["id"] for row in reached],
        {"addressed_date": day(30)},
    )
    scene.write(
        "utm.campaign",
        [campaign["id"]],
        {"campaign_start_date": day(30), "campaign_end_date": day(20)},
    )
    buyers = [row["partner_id"][1] for row in reached[:BUYERS]]
    scene.add({name: [(25, 100.0)] for name in buyers})
    scene.call("classification.policy", "recompute_campaigns", [scene.policy])
    return len(reached)


def test_campaign_from_idea_to_verdict(scene, person):
    start_from_the_list(person)
    button = person.page.get_by_role("button", name=re.compile("Participants"))
    expect(button.first).to_contain_text(str(CUSTOMERS))
    plan(person)
    reached = let_time_pass(scene)
    person.menu("Campaigns", "Campaigns")
    card = person.page.locator(".o_kanban_record").filter(has_text="Walk Spring Offer")
    expect(card).to_contain_text("Weak")
    card.click()
    person.settle()
    person.tab("Result")
    revenue = person.row("Revenue")
    for text in ("1,000.00", "600.00", "60 %"):
        expect(revenue).to_contain_text(text)
    expect(person.row("Cost")).to_contain_text("120.00")
    person.see(
        re.compile("60.* of the target"),
        re.compile("Too small to conclude"),
        f"{100 * BUYERS / reached:.1f} % bought with it, 0.0 % without it",
    )
    person.check("the verdict")
    person.press("All Figures")
    person.see("Weak", "120.00")
    person.check("all figures")
    person.menu("Reporting", "Compare Campaigns")
    expect(person.row("Walk Spring Offer")).to_contain_text("600.00")
    person.check("the comparison")
