import {patiently} from "./patience.esm";
import {registry} from "@web/core/registry";

const box = (key) => `.o_segment_map [data-box="${key}"]`;
const chip = (name) => `.o_segment_map_palette button:contains(${name})`;
const cells = (name) => `div[name=segment_ids] tr:contains(${name}) td[name=cells]`;

registry.category("web_tour.tours").add("classification_segments", {
    steps: () =>
        patiently([
            {
                content: "Look at the segments",
                trigger: "a[name=segments]",
                run: "click",
            },
            {
                content: "Champions have the best box, but for little money",
                trigger: `${box("R5 F5")}:contains(Champions):contains(M2–5)`,
            },
            {
                content: "Who is there can be counted",
                trigger: ".o_segment_map td:has([data-box]) .o_segment_map_count",
            },
            {content: "Choose Champions", trigger: chip("Champions"), run: "click"},
            {content: "Put them on a box", trigger: box("R4 F5"), run: "click"},
            {
                content: "The line follows",
                trigger: `${cells("Champions")}:contains(5 4-5 2-5; 4 5 1-5)`,
            },
            {
                content: "For the lowest monetary scores alone",
                trigger: ".o_segment_map .btn-group button:contains(M1)",
                run: "click",
            },
            {content: "Choose Small Spenders", trigger: chip("Small"), run: "click"},
            {content: "Give the box back", trigger: box("R5 F5"), run: "click"},
            {content: "And the other", trigger: box("R4 F5"), run: "click"},
            {
                content: "Both lines follow",
                trigger: `${cells("Champions")}:contains(5 4-5 2-5; 4 5 2-5)`,
            },
            {content: "Save", trigger: ".o_form_button_save:enabled", run: "click"},
            {
                content: "Saved",
                trigger: ".o_form_view:not(:has(.o_form_button_save:visible))",
            },
            {
                content: "Open the customers of a box",
                trigger: ".o_segment_map .btn-group button:contains(All)",
                run: "click",
            },
            {
                content: "By the number",
                trigger: ".o_segment_map_count",
                run: "click",
            },
            {content: "There they are", trigger: ".o_list_view .o_data_row"},
        ]),
});
