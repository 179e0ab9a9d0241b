import {animationFrame, beforeEach, describe, expect, queryAll, test} from "@odoo/hoot";
import {
    contains,
    defineModels,
    fields,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";
import {browser} from "@web/core/browser/browser";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";

describe.current.tags("desktop");

class Tier extends models.Model {
    name = fields.Char();

    _records = [
        {id: 1, name: "Gold"},
        {id: 2, name: "Silver"},
    ];
}

class Customer extends models.Model {
    name = fields.Char();
    city = fields.Char();
    rank = fields.Integer();
    visits = fields.Integer({aggregator: "sum"});
    is_late = fields.Boolean();
    color = fields.Integer();
    tier_id = fields.Many2one({relation: "tier"});
    code = fields.Char({required: true});

    _records = [
        {id: 1, name: "Ada", city: "Ulm", visits: 3, tier_id: 1, code: "a", rank: 1},
        {id: 2, name: "Bo", city: "Rom", visits: 4, tier_id: 2, code: "b", rank: 2},
    ];
}

defineMailModels();
defineModels([Customer, Tier]);

const COLUMNS = `
    <field name="name"/>
    <field name="city" optional="hide"/>
    <field name="visits" optional="hide" sum="Visits"/>`;

/** Open a list of customers; the fields of each question are steps. */
async function openList(columns, attributes = "", props = {}) {
    return mountView({
        type: "list",
        resModel: "customer",
        arch: `<list js_class="classification_shown_columns" ${attributes}>${columns}</list>`,
        ...props,
    });
}

/** Switch a column on or off, and wait for its values. */
async function toggle(label) {
    const item = `.o-dropdown-item:contains(${label}) input`;
    if (!queryAll(item).length) {
        await contains(".o_optional_columns_dropdown button").click();
    }
    await contains(item).click();
    await animationFrame();
    await animationFrame();
}

const names = (specification) => Object.keys(specification).sort().join(",");

beforeEach(() => {
    onRpc("customer", "web_search_read", ({kwargs}) => {
        expect.step(names(kwargs.specification));
    });
});

test("columns that are switched off are not asked for", async () => {
    await openList(COLUMNS);
    expect.verifySteps(["name"]);
    expect(".o_data_row").toHaveCount(2);
});

test("Odoo's own list asks for them", async () => {
    await mountView({
        type: "list",
        resModel: "customer",
        arch: `<list>${COLUMNS}</list>`,
    });
    expect.verifySteps(["city,name,visits"]);
});

test("a column that is switched on shows its values and their sum", async () => {
    await openList(COLUMNS);
    expect.verifySteps(["name"]);
    await toggle("Visits");
    expect.verifySteps(["name,visits"]);
    expect(".o_data_row:first [name=visits]").toHaveText("3");
    expect(".o_list_footer .o_list_number").toHaveText("7");
    await toggle("Visits");
    expect("td[name=visits]").toHaveCount(0);
    expect.verifySteps([]);
});

test("the user's choice is known when the list opens", async () => {
    const key = "optional_fields,customer,list,100000001,city,name,visits";
    browser.localStorage.setItem(key, "city");
    await openList(COLUMNS, "", {viewId: 100000001});
    expect.verifySteps(["city,name"]);
    expect(".o_data_row:first [name=city]").toHaveText("Ulm");
});

test("a choice of another tab is asked for before it is shown", async () => {
    await openList(COLUMNS, "", {viewId: 100000001});
    expect.verifySteps(["name"]);
    const key = "optional_fields,customer,list,100000001,city,name,visits";
    browser.localStorage.setItem(key, "city");
    await contains(".o_data_row:eq(0) .o_list_record_selector input").click();
    await animationFrame();
    await animationFrame();
    expect.verifySteps(["city,name"]);
    expect(".o_data_row:first td[name=city]").toHaveText("Ulm");
});

test("fields that expressions and options need are asked for", async () => {
    const needed = `
        <field name="tier_id" options="{'color_field': 'color'}"/>
        <field name="color" optional="hide"/>
        <field name="is_late" optional="hide"/>
        <button name="call" type="object" string="city" invisible="rank == 0"/>
        <field name="rank" optional="hide"/>`;
    await openList(COLUMNS + needed, 'decoration-danger="is_late"');
    expect.verifySteps(["color,is_late,name,rank,tier_id"]);
});

test("a hidden handle is asked for", async () => {
    await openList(`${COLUMNS}<field name="rank" widget="handle" optional="hide"/>`);
    expect.verifySteps(["name,rank"]);
});

test("a field that has another, shown column is asked for", async () => {
    await openList(`${COLUMNS}<field name="city"/>`);
    expect.verifySteps(["city,name"]);
});

test("groups are opened, and summed, with the shown columns", async () => {
    onRpc("customer", "web_read_group", ({kwargs}) => {
        expect.step(
            `${kwargs.aggregates} of ${names(kwargs.unfold_read_specification)}`
        );
    });
    await openList(COLUMNS, "", {groupBy: ["tier_id"]});
    expect.verifySteps([" of name"]);
    await contains(".o_group_header:contains(Gold)").click();
    expect.verifySteps(["name"]);
    await toggle("Visits");
    expect.verifySteps(["visits:sum of name,visits"]);
    expect(".o_group_header:contains(Gold) .o_list_number").toHaveText("3");
    expect(".o_data_row [name=visits]").toHaveText("3");
    expect(".o_list_footer .o_list_number").toHaveText("7");
});

test("rows stay selected, and are edited together", async () => {
    onRpc("customer", "web_save", ({args}) => expect.step(args));
    onRpc("customer", "web_save_multi", ({args}) => expect.step(args));
    await openList(COLUMNS, 'multi_edit="1"');
    expect.verifySteps(["name"]);
    await contains(".o_data_row:eq(0) .o_list_record_selector input").click();
    await contains(".o_data_row:eq(1) .o_list_record_selector input").click();
    await toggle("City");
    expect.verifySteps(["city,name"]);
    expect(".o_data_row_selected").toHaveCount(2);
    await contains(".o_data_row:eq(0) [name=city]").click();
    await contains(".o_data_row:eq(0) [name=city] input").edit("Pau");
    await contains(".modal .btn-primary").click();
    expect.verifySteps([[[1, 2], {city: "Pau"}]]);
    expect(".o_data_row td[name=city]:contains(Pau)").toHaveCount(2);
});

test("a row is saved whose required column is switched off", async () => {
    onRpc("customer", "web_save", ({args}) => expect.step(args[1]));
    const columns = `${COLUMNS}<field name="code" optional="hide"/>`;
    await openList(columns, 'editable="bottom"');
    expect.verifySteps(["code,name"]);
    await contains(".o_data_row:eq(0) [name=name]").click();
    await contains(".o_data_row:eq(0) [name=name] input").edit("Eve");
    await contains(".o_list_button_save").click();
    expect.verifySteps([{name: "Eve"}]);
    expect(".o_data_row:eq(0) [name=name]").toHaveText("Eve");
});

test("a row that is edited is kept when a column is switched on", async () => {
    onRpc("customer", "web_save", ({args}) => expect.step(args[1]));
    await openList(COLUMNS, 'editable="bottom"');
    expect.verifySteps(["name"]);
    await contains(".o_data_row:eq(0) [name=name]").click();
    await contains(".o_data_row:eq(0) [name=name] input").edit("Eve", {confirm: false});
    await toggle("City");
    expect.verifySteps([{name: "Eve"}, "city,name"]);
    expect(".o_data_row:eq(0) td[name=name]").toHaveText("Eve");
    expect(".o_data_row:eq(0) td[name=city]").toHaveText("Ulm");
});

test("sample data has every column", async () => {
    Customer._records = [];
    const columns = `${COLUMNS}<field name="tier_id" optional="hide"/>`;
    await openList(columns, 'sample="1"', {useSampleModel: true});
    expect.verifySteps(["name"]);
    expect(".o_view_sample_data").toHaveCount(1);
    expect(".o_data_row:first [name=name]").toHaveCount(1);
    await toggle("Tier");
    expect(".o_data_row:first td[name=tier_id]").toHaveText(/\w/);
    expect.verifySteps([]);
});
