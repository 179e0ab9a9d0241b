import {animationFrame} from "@odoo/hoot-dom";
import {patiently} from "./patience.esm";
import {registry} from "@web/core/registry";

const LIMITS = ".o_classification_limits";
const COUNTS = `${LIMITS} tbody .o_classification_count`;
const SECOND = 1000;

function texts(selector) {
    return [...document.querySelectorAll(selector)].map((element) =>
        element.textContent.trim()
    );
}

function assertEqual(found, expected, what) {
    if (JSON.stringify(found) !== JSON.stringify(expected)) {
        throw new Error(
            `${what}: ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`
        );
    }
}

/**
 * Move a limit step by step and see the numbers follow, half of the times under a
 * second: another program may hold up some of the moves, whatever they take.
 */
async function moveWithKeys({anchor}) {
    const before = texts(COUNTS);
    const took = [];
    anchor.focus();
    for (const key of [...Array(25).fill("ArrowLeft"), "PageDown", "ArrowRight"]) {
        const text = anchor.getAttribute("aria-valuetext");
        const start = performance.now();
        const options = {key, bubbles: true, cancelable: true};
        anchor.dispatchEvent(new KeyboardEvent("keydown", options));
        while (anchor.getAttribute("aria-valuetext") === text) {
            await animationFrame();
        }
        took.push(performance.now() - start);
    }
    const median = took.sort((a, b) => a - b)[took.length >> 1];
    if (median > SECOND) {
        throw new Error(`The numbers followed after ${median} ms only`);
    }
    console.log(
        `Limits: half of ${took.length} moves took ${Math.round(median)} ms at most`
    );
    assertEqual(texts(COUNTS).join() === before.join(), false, "Counts stayed");
}

let seen = null;

registry.category("web_tour.tours").add("classification_rehearsal", {
    steps: () =>
        patiently([
            {content: "Look at the value", trigger: "a[name=value]", run: "click"},
            {
                content: "Nothing is known yet: it says what to do",
                trigger: `${LIMITS}:contains(Try limits before you set them)`,
            },
            {
                content: "Preview",
                trigger: `${LIMITS} .o_classification_preview`,
                run: "click",
            },
            {
                content: "Before and after, and from where to where",
                trigger: ".o_classification_rehearsal .o_migration_matrix_cell",
            },
            {content: "Back", trigger: ".o_back_button", run: "click"},
            {content: "Look at the value", trigger: "a[name=value]", run: "click"},
            {
                content: "Move the limit of the best tier",
                trigger: `${LIMITS} .o_classification_handle:first`,
                run: moveWithKeys,
            },
            {
                content: "Apply",
                trigger: `${LIMITS} .o_classification_apply`,
                run: "click",
            },
            {
                content: "Nothing is left to apply",
                trigger: `${LIMITS}:not(:has(.o_classification_apply))`,
                run() {
                    seen = texts(
                        `${LIMITS} tbody td:nth-child(2) .o_classification_count`
                    );
                },
            },
            {
                content: "Save",
                trigger: ".o_form_button_save:enabled",
                run: "click",
            },
            {
                content: "Preview again when it is saved",
                trigger:
                    ".o_form_saved button[name=action_preview], .o_form_readonly button[name=action_preview], .o_form_view:not(:has(.o_form_button_save:visible)) button[name=action_preview]",
                run: "click",
            },
            {
                content: "A run over everybody finds as many as were shown",
                trigger: ".o_classification_rehearsal .o_classification_before_after",
                run() {
                    const after = texts(".o_classification_after").slice(
                        0,
                        seen.length
                    );
                    assertEqual(after, seen, "Customers after");
                },
            },
            {
                content: "Who moves?",
                trigger:
                    ".o_migration_matrix_better .o_migration_matrix_cell, .o_migration_matrix_worse .o_migration_matrix_cell",
                run: "click",
            },
            {trigger: ".o_list_view .o_data_row"},
        ]),
});
