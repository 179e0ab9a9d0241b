import {patiently} from "./patience.esm";
import {registry} from "@web/core/registry";

const CELL = (place) => `.o_product_matrix td.o_product_matrix_${place} button`;

/** See at once which products sell much and evenly, by mouse and by keyboard. */
registry.category("web_tour.tours").add("product_matrix", {
    steps: () =>
        patiently([
            {
                content: "One product sells much, evenly, with all the revenue",
                trigger: `${CELL(0)}:contains(AX):contains(1):contains(1,200)`,
            },
            {
                content: "Nothing is in the worst cell",
                trigger: `${CELL(4)}[aria-disabled]:contains(–)`,
            },
            {
                content: "An arrow leads to the next cell",
                trigger: CELL(0),
                async run() {
                    this.anchor.focus();
                    this.anchor.dispatchEvent(
                        new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true})
                    );
                },
            },
            {
                content: "The next cell has the focus and is where Tab comes back to",
                trigger: `.o_product_matrix tbody tr:first-child td:nth-of-type(2) button:focus[tabindex="0"]`,
            },
            {
                content: "Open the products of a cell",
                trigger: CELL(0),
                run: "click",
            },
            {
                content: "They are in a list",
                trigger: ".o_list_view .o_data_row:contains(Evenly Sold)",
            },
            {
                content: "And back",
                trigger: ".o_breadcrumb .o_back_button, .o_breadcrumb a",
                run: "click",
            },
            {content: "To the matrix", trigger: CELL(0)},
            {
                content: "Open the pivot",
                trigger: "button:contains(Pivot)",
                run: "click",
            },
            {content: "It has the same products", trigger: ".o_pivot_view"},
        ]),
});
