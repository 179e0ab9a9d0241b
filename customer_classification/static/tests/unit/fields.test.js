import {
    MockServer,
    contains,
    defineModels,
    fields,
    models,
    mountView,
    onRpc,
} from "@web/../tests/web_test_helpers";
import {
    advanceTime,
    animationFrame,
    beforeEach,
    describe,
    expect,
    test,
} from "@odoo/hoot";
import {defineMailModels} from "@mail/../tests/mail_test_helpers";

describe.current.tags("desktop");

class Rule extends models.Model {
    name = fields.Char();
    level = fields.Integer();
    condition = fields.Char();
    state = fields.Selection({
        selection: [
            ["queued", "Queued"],
            ["running", "Running"],
            ["done", "Done"],
        ],
    });

    _records = [
        {id: 1, name: "Origin", level: 0, condition: "[]", state: "running"},
        {id: 2, name: "Online", level: 2, condition: "[]", state: "done"},
    ];
}

defineMailModels();
defineModels([Rule]);

const form = (resId, arch) =>
    mountView({type: "form", resModel: "rule", resId, arch: `<form>${arch}</form>`});

describe("condition", () => {
    const ARCH = `
    <field name="condition" widget="classification_condition"
           options="{'model': 'rule'}"/>`;

    beforeEach(() => {
        onRpc("/web/domain/validate", () => true);
        onRpc("search_count", () => expect.step("counted"));
    });

    test("Odoo's own field counts when it opens", async () => {
        await form(1, ARCH.replace("classification_condition", "domain"));
        expect.verifySteps(["counted"]);
    });

    test("ours does not, and offers to show the records", async () => {
        await form(1, ARCH);
        expect.verifySteps([]);
        expect(".o_domain_show_selection_button").toHaveText(/^Show/);
    });
});

test("a name is indented by the level of its record", async () => {
    await mountView({
        type: "list",
        resModel: "rule",
        arch: `
      <list>
        <field name="level" column_invisible="True"/>
        <field name="name" widget="classification_indented"
               options="{'level_field': 'level'}"/>
      </list>`,
    });
    const style = (row) => `.o_data_row:nth-child(${row}) [style*=padding-left]`;
    expect(style(1)).toHaveStyle({paddingLeft: "0px"});
    expect(style(2)).toHaveAttribute("style", /padding-left: 2\.5rem/);
});

describe("a run", () => {
    const ARCH = `<field name="state"/><widget name="classification_run_refresh"/>`;

    beforeEach(() => onRpc("rule", "web_read", () => expect.step("read")));

    test("is read again while it is under way, and not afterwards", async () => {
        await form(1, ARCH);
        expect.verifySteps(["read"]);
        await advanceTime(2000);
        expect.verifySteps(["read"]);
        MockServer.env.rule.write([1], {state: "done"});
        await advanceTime(2000);
        expect.verifySteps(["read"]);
    });

    test("that is done is not read again", async () => {
        await form(2, ARCH);
        expect.verifySteps(["read"]);
        await advanceTime(10000);
        await animationFrame();
        expect.verifySteps([]);
        expect(".o_form_view").toHaveCount(1);
        await contains(".o_form_view").click();
    });
});
