"""A person walks through each part of rules that one can trust.

By nothing but the words on the screen: menus, buttons, tabs, labels, heads of columns,
sentences.

Each walk has a company of its own, so that none depends on another.
"""

import datetime
import json
import re

import pytest
from desk import WIDE, Reader
from playwright.sync_api import expect
from scene import Scene, day, regulars


@pytest.fixture
def walk(browser, server, client):
    """Set a scene: `walk("policy")`; gives it with the person at the desk."""
    contexts = []

    def walk_of(name, group="manager"):
        scene = Scene(client("admin"), name, group)
        contexts.append(browser.new_context(viewport=WIDE, locale="en-US"))
        return scene, Reader(contexts[-1].new_page(), server.url, scene.login)

    yield walk_of
    for context in contexts:
        context.close()


def open_rules(person, name="Customer Rules"):
    """Go to the rules in force."""
    person.menu("Configuration", name)
    person.open_row("Published")


def new_version(person, name="Customer Rules"):
    """Make a draft of the rules in force."""
    open_rules(person, name)
    person.press("New Version")
    person.see("A draft classifies nobody until it is published.")


def more_vips(person):
    """Change the rules so that more customers are VIP."""
    person.tab("Value Tiers")
    person.write("VIP", "Best % of Customers", "15")
    person.save()


def publish_unseen(person):
    """Publish rules without a preview."""
    person.press("Publish")
    person.see("Nobody has looked yet at what these rules change")
    person.press("Publish without a Preview")
    person.see("Waiting for the scheduled action")


def test_policy(walk, tmp_path):
    """Rules are changed in a draft, refused, exported and imported.

    Refused where they contradict each other.
    """
    scene, person = walk("policy")
    person.log_in()
    new_version(person)
    person.tab("Scores")
    person.write("Frequency", "Weight (%)", "25")
    person.tab("Value Tiers")
    person.write("VIP", "Best % of Customers", "60")
    person.press("Save manually")
    person.see(
        "High: the best 20 % are not more customers than those of VIP (60 %).",
    )
    person.press("Close")
    person.tab("Scores")  # the line is not edited any more
    person.tab("Value Tiers")
    person.write("VIP", "Best % of Customers", "10")
    person.save()
    person.check("the corrected draft")

    person.tab("What Changed")
    person.see("Scores: Frequency", "Limits: VIP")
    with person.page.expect_download() as download:
        person.press("Export")
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert json.loads(path.read_text())["scores"][1]["weight"] == 25

    person.menu("Configuration", "Sources and Safety")
    person.press("Import a Policy")
    person.page.locator(".modal input[type=file]").set_input_files(path)
    person.press("Import")
    person.see("A draft classifies nobody until it is published.")
    person.tab("What Changed")
    person.see("Scores: Frequency", "Limits: VIP")
    person.check("the imported draft")


def test_rehearse(walk):
    """A preview shows before and after; limits are moved by keys.

    It shows who moves.
    """
    scene, person = walk("rehearse")
    scene.add(regulars(30))
    scene.classify()
    person.log_in()
    new_version(person)
    more_vips(person)
    person.press("Preview")
    person.see("Before and After", "From where to where")
    # Of the two tables, the matrix is the one with shares.
    high = person.row("High").filter(has_text="%").last
    high.get_by_role("button").first.click()
    person.settle()
    mover = person.row("Customer 03")
    expect(mover).to_contain_text("The rules changed")
    expect(mover).to_contain_text("Better")
    person.check("the movers")

    person.back_to(re.compile("version 2"))
    person.tab("Value Tiers")
    handle = person.page.get_by_role("slider", name="VIP")
    handle.focus()
    for _step in range(3):
        handle.press("ArrowRight")
    person.press("Apply to Draft")
    expect(person.cell("VIP", "Best % of Customers")).not_to_have_text("15.00")
    person.save()
    person.check("limits by keys")


def test_back_test(walk):
    """A back-test shows the rules as of a past day, and a verdict.

    The verdict is a sentence about what they would be worth.
    """
    scene, person = walk("back_test", "officer")
    scene.add(regulars(30, days_ago=range(10, 360, 30)))
    person.log_in()
    open_rules(person)
    person.press("Back-test")
    person.fill("As Of", us_date(120))
    person.fill("Days Afterwards", "90")
    person.press("Run Back-test")
    person.see(
        re.compile(r"VIP customers bought .* times as much as the average"),
        "Did the Better Tiers Buy More?",
        "Was the Warning Better Than a Simple Rule?",
    )
    person.check("the verdict")


def test_explain(walk):
    """A profile explains its class and outlook, and opens its documents."""
    scene, person = walk("explain", "officer")
    scene.add(regulars(30))
    scene.classify()
    person.log_in()
    person.menu("Customers", "Customers")
    person.open_row("Customer 05")
    expect(person.page.get_by_title("To reach the next tier")).to_be_visible()
    expect(person.page.get_by_title("To keep this tier")).to_be_visible()
    expect(person.page.get_by_title("Last order")).to_be_visible()
    person.see(
        re.compile("net in 12 months from 3 orders"), re.compile("^To reach VIP:")
    )
    person.press(re.compile("Documents"))
    expect(person.row("shop")).to_have_count(3)
    person.check("the documents")


def test_cause(walk):
    """Moves by new rules are shown apart from moves by new data."""
    scene, person = walk("cause")
    scene.add(regulars(30))
    scene.classify()
    # Not so much that the run would wait for an approval.
    scene.add({"Customer 30": [(0, 10_000.0)]})
    person.log_in()
    new_version(person)
    more_vips(person)
    publish_unseen(person)
    scene.run_scheduled("nightly")
    person.menu("Customers", "Changes")
    person.search_by("Value Tier", "Cause")
    person.open_group("The rules changed")
    expect(person.row("Customer 04")).to_contain_text("VIP")
    person.open_group("The data changed")
    expect(person.row("Customer 30")).to_contain_text("VIP")
    person.check("changes by cause")


def test_history(walk):
    """A past day lists its customers, and their moves since."""
    scene, person = walk("history", "officer")
    scene.add(regulars(30, days_ago=(70, 100, 130)))
    scene.classify(days_ago=60)
    scene.add({"Customer 30": [(5, 50_000.0)]})
    scene.classify()
    person.log_in()
    person.menu("Reporting", "Customers As Of")
    person.fill("Customers As Of", us_date(30))
    person.press("Show Customers")
    expect(person.cell("Customer 30", "Value Tier")).to_have_text("Low")
    person.check("customers as of")

    person.menu("Reporting", "Migration Matrix")
    person.fill("From the classes of", us_date(30))
    low = person.row("Low").first
    low.get_by_role("button").first.click()
    person.settle()
    expect(person.row("Customer 30")).to_contain_text("VIP")
    person.check("a cell of the matrix")


def test_stability(walk):
    """Customers kept below their limit are found and counted by the run."""
    scene, person = walk("stability", "officer")
    scene.add(regulars(30))
    # The dearest purchase leaves the window between the two runs.
    scene.add({"Customer 20": [(370, 50_000.0)]})
    scene.classify(days_ago=9)
    scene.classify()
    person.log_in()
    person.menu("Customers", "Customers")
    person.search_by("Kept Below the Limit")
    expect(person.row("Customer 20")).to_contain_text("VIP")
    person.open_row("Customer 20")
    person.see(re.compile("grace", re.IGNORECASE))
    person.check("a customer who keeps the tier")
    person.menu("Configuration", "Runs")
    person.open_row("Done")
    expect(person.shown("Held Back")).to_have_text("1")
    person.check("the run")


def test_override(walk):
    """A person overrides a class, shown beside the computed one, and ends it."""
    scene, person = walk("override", "officer")
    scene.add(regulars(30))
    scene.classify()
    person.log_in()
    person.menu("Customers", "Customers")
    person.open_row("Customer 29")
    person.press("Decide")
    person.choose("Tier", "VIP")
    person.fill("Until", us_date(-5))
    person.fill("Reason", "Frame contract signed")
    person.press("Save")
    person.see("A person decided.", "By the numbers:", "Low")
    person.check("a decided class")

    person.menu("Customers", "Decisions")
    person.without_filters()
    person.search_by("To Review")
    row = person.row("Customer 29")
    expect(row).to_contain_text("Frame contract signed")
    row.get_by_role("button", name="End").click()
    person.confirm("End this decision?")
    expect(row).to_have_count(0)
    person.menu("Customers", "Customers")
    expect(person.cell("Customer 29", "Value Tier")).to_have_text("Low")
    person.check("the decision has ended")


def test_approval(walk):
    """A run that would move too many waits; the manager looks and approves."""
    scene, person = walk("approval")
    scene.add(regulars(60))
    scene.classify(days_ago=1)
    person.log_in()
    new_version(person, "Sources and Safety")
    person.tab("Safety")
    person.fill("Max. Customers Moved (%)", "1")
    person.save()
    publish_unseen(person)
    new_version(person)
    more_vips(person)
    publish_unseen(person)
    scene.run_scheduled("nightly")

    open_rules(person)
    person.see("The last run has changed nothing yet.")
    person.page.reload()
    person.settle()
    person.press(re.compile("Activit"))
    person.page.get_by_text("Classification Run").click()
    person.settle()
    person.open_row("To Approve")
    person.see("This run waits for a manager.")
    person.press(re.compile("Movers"))
    expect(person.row("Customer 05")).to_contain_text("VIP")
    person.check("who would move")
    person.back_to(re.compile("as of"))
    person.press("Approve")
    scene.run_scheduled("nightly")
    person.menu("Configuration", "Runs")
    person.open_row(re.compile("Production.*Done", re.DOTALL))
    person.see("Tier Changes")
    person.tab("Drift")
    person.see("What Moved Most", "Last 28 Days")
    person.check("the approved run")


def test_freshness(walk):
    """A purchase that comes in is in the classes an hour later."""
    scene, person = walk("freshness", "officer")
    scene.add(regulars(30))
    scene.classify(days_ago=1)
    person.log_in()
    person.menu("Customers", "Customers")
    person.open_row("Customer 30")
    person.see("Purchases up to", odoo_date(1))
    person.menu("Customers", "Purchases")
    person.press("New")
    person.choose("Customer", "Customer 30")
    person.fill("Date", us_date(0))
    person.fill("Amount", "10000")
    person.save()
    person.check("a new purchase")

    scene.run_scheduled("hourly")
    person.menu("Customers", "Customers")
    expect(person.cell("Customer 30", "Value Tier")).to_have_text("VIP")
    expect(person.cell("Customer 30", "Revenue")).to_contain_text("10,300.00")
    person.open_row("Customer 30")
    person.see(odoo_date(0))
    person.check("the customer follows")


def us_date(days_ago):
    """Return that day as a person in the United States types it."""
    return datetime.date.fromisoformat(day(days_ago)).strftime("%m/%d/%Y")


def odoo_date(days_ago):
    """Return that day as Odoo's screens write it."""
    moment = datetime.date.fromisoformat(day(days_ago))
    return f"{moment:%b} {moment.day}"


def test_vips_lost_within_a_month_with_phone(walk):
    """VIPs lost within a month are three clicks from the list."""
    scene, person = walk("lost_soon")
    rhythm = (0, 30, 60, 90, 120)
    scene.add(regulars(20))
    # Bought every 30 days, the last time long ago: lost soon, later, or already.
    scene.add(
        {
            name: [(silent + before, amount) for before in rhythm]
            for name, silent, amount in (
                ("Vip Going", 165, 9_000.0),
                ("Vip Staying", 20, 9_500.0),
                ("Small Going", 165, 1.0),
            )
        }
    )
    phone = "+1 555 0142"
    scene.write("res.partner", [scene.customers["Vip Going"]], {"phone": phone})
    scene.classify()
    person.log_in()
    person.menu("Customers", "Customers")
    panel = person.page.locator(".o_search_panel")
    panel.get_by_text("VIP", exact=True).click()
    person.settle()
    person.search_by("Lost within 30 Days")
    expect(person.row("Vip Going")).to_have_count(1)
    expect(person.row("Vip Going")).to_contain_text("555 0142")
    for name in ("Vip Staying", "Small Going"):
        expect(person.row(name)).to_have_count(0)
    person.check("the customers to call")
    person.open_row("Vip Going")
    for button in ("Call", "Email", "Activity"):
        expect(person.page.get_by_role("button", name=button).first).to_be_visible()
    chatter = person.page.locator(".o_customer_contact_chatter")
    expect(chatter.get_by_role("button", name="Log note")).to_be_visible()
    person.check("the page of a customer")
