"""A salesperson completes a quotation, an officer decides.

The quotation lacks a product; the decision is about a product; by nothing but the words
on the screen.
"""

import pytest
from desk import WIDE, Reader
from playwright.sync_api import expect
from scene import Scene


@pytest.fixture
def scene(client, request):
    """Create a company that lets a machine with its installation.

    The machine requires the installation: both are services, for goods would ask for a
    warehouse where there is a stock.
    """
    scene = Scene(client("admin"), request.node.name, "officer")
    values = {"company_id": scene.company, "taxes_id": [[6, 0, []]]}
    scene.machine, scene.service = scene.create(
        "product.template",
        {**values, "name": "Walk Machine", "list_price": 900, "type": "service"},
        {**values, "name": "Walk Set-Up", "list_price": 90, "type": "service"},
    )
    scene.create(
        "product.association",
        {
            "product_tmpl_id": scene.machine,
            "other_tmpl_id": scene.service,
            "kind": "requires",
        },
    )
    [scene.customer] = scene.partners("Walk Café")
    return scene


@pytest.fixture
def person(browser, server, scene):
    """Somebody at the desk."""
    context = browser.new_context(viewport=WIDE, locale="en-US")
    person = Reader(context.new_page(), server.url, scene.login)
    person.log_in()
    yield person
    context.close()


def order(scene, *templates):
    """A quotation over products; its id."""
    products = scene.find(
        "product.product", [("product_tmpl_id", "in", templates)], "id"
    )
    [order] = scene.create(
        "sale.order",
        {
            "company_id": scene.company,
            "partner_id": scene.customer,
            "order_line": [[0, 0, {"product_id": row["id"]}] for row in products],
        },
    )
    return order


def test_what_a_quotation_lacks(scene, person):
    quotation = order(scene, scene.machine)
    person.open_record("sale.order", quotation)
    person.see("Required, and not on this quotation:", "Walk Set-Up")
    person.press("Add")
    expect(person.row("Walk Set-Up")).to_contain_text("90.00")
    expect(person.place.get_by_text("Required, and not")).to_have_count(0)
    person.check("a quotation that lacks nothing")


def test_a_decision_about_a_product(scene, person):
    """Classified, decided otherwise, and still so after the next run."""
    quotation = order(scene, scene.machine, scene.service)
    scene.call("sale.order", "action_confirm", [quotation])
    scene.call("classification.policy", "recompute_products", [scene.policy])
    person.menu("Products", "Product Classes")
    person.page.locator(".o_switch_view.o_list").click()
    person.settle()
    person.open_row("Walk Machine")
    person.see("Introduction")
    person.press("Decide")
    person.page.get_by_role("radio", name="Sales lifecycle").check()
    person.field("Sales Lifecycle").last.click()
    person.page.get_by_role("menuitem", name="End of Life").click()
    person.fill("Reason", "The maker gave it up")
    person.press("Save")
    person.see("A person decided.", "End of Life")
    scene.call("classification.policy", "recompute_products", [scene.policy])
    person.menu("Products", "Product Classes")
    person.page.locator(".o_switch_view.o_list").click()
    person.settle()
    person.press("Changes")
    person.settle()
    person.press("Decided Classes")
    expect(person.row("Walk Machine")).to_contain_text("End of Life")
    person.check("the decision")
