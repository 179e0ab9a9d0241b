"""A person keeps the tags clean, by nothing but the words on the screen."""

import re

import pytest
from desk import WIDE, Reader
from playwright.sync_api import expect
from scene import Scene


@pytest.fixture
def walk(browser, server, client):
    """Set a scene: `walk("tree")`; gives it with the person at the desk."""
    contexts = []

    def walk_of(name):
        scene = Scene(client("admin"), f"tag_{name}", "officer")
        contexts.append(browser.new_context(viewport=WIDE, locale="en-US"))
        person = Reader(contexts[-1].new_page(), server.url, scene.login)
        person.log_in()
        return scene, person

    yield walk_of
    for context in contexts:
        context.close()


def drag(person, name, onto):
    """Take the card of a tag and let it fall on another."""
    page = person.page
    cards = page.locator(".o_hierarchy_node")
    cards.filter(has_text=onto).first.scroll_into_view_if_needed()
    start = middle(cards.filter(has_text=name).first)
    end = middle(cards.filter(has_text=onto).first)
    page.mouse.move(*start)
    page.mouse.down()
    for part in (0.05, 0.3, 0.7, 1.0):
        place = [a + part * (b - a) for a, b in zip(start, end, strict=True)]
        page.mouse.move(*place, steps=5)
        for _time in range(4):
            person.turn()
    page.mouse.up()
    person.settle()


def middle(locator):
    """Return the point of an element at which to aim the pointer."""
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + 30


def test_a_tree_and_a_branch_that_is_moved(walk):
    """Tags are created, and one is dragged below another with its branch."""
    scene, person = walk("tree")
    needs, service = scene.tags("Walk Needs", "Walk Service")
    [repair] = scene.tags("Walk Repair", parent_id=service)
    person.menu("Tags", "Contact Tags")
    person.press("New")
    person.fill("Name", "Walk Advice")
    person.save()
    person.menu("Tags", "Contact Tags")
    person.see("Walk Advice", "Walk Needs", "Walk Service")
    drag(person, "Walk Service", "Walk Needs")
    moved = scene.read("res.partner.category", [service, repair], "display_name")
    assert [tag["display_name"] for tag in moved] == [
        "Walk Needs / Walk Service",
        "Walk Needs / Walk Service / Walk Repair",
    ]
    person.page.locator(".o_switch_view.o_list").click()
    person.settle()
    person.see("Walk Repair")
    person.check("the moved branch")


def test_smart_tag(walk):
    """A rule is written, previewed, switched on; its members are opened."""
    scene, person = walk("smart")
    [tag] = scene.tags("Walk Berliners")
    partners = scene.partners("Walk One", "Walk Two", city="Walkstadt")
    scene.create(
        "classification.tag.rule",
        {
            "partner_tag_id": tag,
            "company_id": scene.company,
            "domain": "[('city', '=', 'Walkstadt')]",
        },
    )
    person.menu("Tags", "Smart Tags")
    person.open_row("Walk Berliners")
    person.press("Preview")
    expect(person.shown("Would Get It")).to_contain_text("2")
    person.press("Switch On")
    person.see("Running")
    expect(person.shown("Matched")).to_contain_text("2")
    assert scene.read("res.partner", partners, "category_id")[0]["category_id"] == [tag]
    person.menu("Tags", "Contact Tags")
    person.page.locator(".o_switch_view.o_list").click()
    person.settle()
    person.open_row("Walk Berliners")
    person.press(re.compile("Tagged"))
    person.see("Walk One", "Walk Two")
    person.check("the members of a smart tag")


def test_merge_with_what_names_them_and_undo(walk):
    """A merge of two tags with their references is done and undone.

    A saved filter follows, and all of it is taken back.
    """
    scene, person = walk("merge")
    old, new = scene.tags("Walk Wholesale", "Walk Whole-sale Trade")
    [partner] = scene.partners("Walk Dealer", category_id=[[6, 0, [old]]])
    [saved] = scene.create(
        "ir.filters",
        {
            "name": "Walk dealers",
            "model_id": "res.partner",
            "domain": f"[('category_id', 'in', [{old}])]",
        },
    )
    person.menu("Tags", "Contact Tags")
    person.page.locator(".o_switch_view.o_list").click()
    person.settle()
    for name in ("Walk Wholesale", "Walk Whole-sale Trade"):
        person.row(name).first.get_by_role("checkbox").first.check()
    person.press("Where Used")
    person.see("Walk dealers")
    person.page.go_back()
    person.settle()
    for name in ("Walk Wholesale", "Walk Whole-sale Trade"):
        person.row(name).first.get_by_role("checkbox").first.check()
    person.page.locator(".o_control_panel").get_by_role("button", name="Merge").click()
    person.settle()
    person.choose("Into", "Walk Whole-sale Trade")
    person.press("Merge")
    person.see("Merged")
    person.check("the merge")
    assert str(new) in scene.read("ir.filters", [saved], "domain")[0]["domain"]
    assert scene.read("res.partner", [partner], "category_id")[0]["category_id"] == [
        new
    ]
    person.press("Undo")
    person.see("The merge is undone.")
    assert str(old) in scene.read("ir.filters", [saved], "domain")[0]["domain"]
    assert scene.read("res.partner", [partner], "category_id")[0]["category_id"] == [
        old
    ]


def test_many_at_once_and_undo(walk):
    """A selection is tagged after a preview, and untagged again."""
    scene, person = walk("many")
    [tag] = scene.tags("Walk Many")
    partners = scene.partners("Walk A of many", "Walk B of many")
    person.open_list("res.partner", [("id", "in", partners)])
    for name in ("Walk A of many", "Walk B of many"):
        person.row(name).first.get_by_role("checkbox").first.check()
    person.press("Actions")
    person.page.get_by_role("menuitem", name="Tag", exact=True).click()
    person.settle()
    person.choose("Tags", "Walk Many")
    expect(person.shown("Tags Given")).to_contain_text("2")
    person.press("Apply")
    assert scene.read("res.partner", partners, "category_id")[1]["category_id"] == [tag]
    person.menu("Tags", "Tags Changed Together")
    person.row("Walk Many").get_by_role("button", name="Undo").click()
    person.settle()
    assert scene.read("res.partner", partners, "category_id")[1]["category_id"] == []
