import {patiently} from "./patience.esm";
import {registry} from "@web/core/registry";

const INPUT = "input.o_input_file:not(:visible)";
const RIGHT = [
    "Customer;Date;Amount;Reference",
    "Tour Customer;14.03.2025;12,50;T-1",
    ";;;",
    "tour@example.com;15.03.2025;1.234,50;T-2",
];
const WRONG = [
    "Customer;Date;Amount;Reference",
    "Tour Customer;14.03.2025;12,50;T-3",
    "",
    "Nobody of the tour;15.03.2025;7,50;T-4",
    "Tour Customer;16.03.2025;12.50;T-5",
    "Total;;32,50;",
];

function upload(lines) {
    return {
        content: "Upload a file",
        trigger: INPUT,
        run() {
            const transfer = new DataTransfer();
            const file = new File([lines.join("\n")], "tour.csv", {type: "text/csv"});
            transfer.items.add(file);
            this.anchor.files = transfer.files;
            this.anchor.dispatchEvent(new Event("change", {bubbles: true}));
        },
    };
}

function see(text, kind = "info") {
    return {content: `It says: ${text}`, trigger: `.alert-${kind}:contains(${text})`};
}

function press(text) {
    return {
        content: `Press ${text}`,
        trigger: `.o_control_panel button:contains(${text})`,
        run: "click",
    };
}

registry.category("web_tour.tours").add("classification_purchase_import", {
    steps: () =>
        patiently([
            {
                content: "What can be done with the list",
                trigger: ".o_cp_action_menus button",
                run: "click",
            },
            {content: "Import", trigger: ".o_import_menu", run: "click"},
            upload(WRONG),
            see("Read with a decimal comma"),
            press("Test"),
            see("Line 4: There is no customer “Nobody of the tour”.", "danger"),
            see("Line 5: “12.50” in the column Amount", "danger"),
            see("Line 6: This looks like a line of totals (“Total”)", "danger"),
            upload(RIGHT),
            {
                content: "It is this file",
                trigger: ".o_import_preview:contains(T-1)",
            },
            see("Read as day first"),
            press("Test"),
            see("2 new, 0 to be changed, 0 unchanged."),
            see("Lines left out because they are empty: 3."),
            see("Everything seems valid"),
            press("Import"),
            {
                content: "Both stand in the list",
                trigger: ".o_data_row:contains(T-2)",
            },
        ]),
});
