import {patiently} from "./patience.esm";
import {registry} from "@web/core/registry";

const TIERS = "div[name=tier_ids]";

/** Give the second tier, High, another limit, and save. */
function writeLimit(limit) {
    return [
        {
            content: "Open the line",
            trigger: `${TIERS} tr.o_data_row:nth-child(2) td[name=limit]`,
            run: "click",
        },
        {
            content: `From ${limit}`,
            trigger: `${TIERS} tr.o_selected_row td[name=limit] input`,
            run: `edit ${limit}`,
        },
        {content: "Save", trigger: ".o_form_button_save:enabled", run: "click"},
    ];
}

registry.category("web_tour.tours").add("classification_policy", {
    steps: () =>
        patiently([
            {
                content: "A published version stands: make a new one",
                trigger: "button[name=action_new_version]",
                run: "click",
            },
            {
                content: "It is a draft",
                trigger: ".o_arrow_button_current:contains(Draft)",
            },
            {content: "Look at the tiers", trigger: "a[name=value]", run: "click"},
            ...writeLimit("20000"),
            {
                content: "Refused, and the line is named",
                trigger:
                    ".modal:contains(High: the limit of 20,000 is not below that of VIP)",
            },
            {content: "Close", trigger: ".modal button:contains(Close)", run: "click"},
            ...writeLimit("6000"),
            {
                content: "Saved",
                trigger: ".o_form_view:not(:has(.o_form_button_save:visible))",
            },
            {content: "Look at the risk", trigger: "a[name=churn_risk]", run: "click"},
            {
                content: "Nobody could reach this",
                trigger: "div[name=risk_high_from] input",
                run: "edit 13 && press Tab",
            },
            {
                content: "It says so while one writes",
                trigger: ".alert-warning:contains(nobody can reach it)",
            },
            {
                content: "As it was",
                trigger: "div[name=risk_high_from] input",
                run: "edit 4 && press Tab",
            },
            {
                content: "Nothing to check any more",
                trigger: ".o_form_view:not(:has(.alert-warning))",
            },
            {content: "Look at what changed", trigger: "a[name=changes]", run: "click"},
            {
                content: "One limit did",
                trigger:
                    "div[name=change_html] tr:contains(from 5,000):contains(from 6,000)",
            },
            {
                content: "Publish",
                trigger: "button[name=action_ask_publish]",
                run: "click",
            },
            {
                content: "Nobody looked at it yet: see who moves first",
                trigger: ".modal button[name=action_preview]",
                run: "click",
            },
            {
                content: "The preview says what it is",
                trigger: ".alert-info:contains(no class was changed)",
            },
            {
                content: "Publish from there, without a question",
                trigger: "button[name=action_publish_rules]",
                run: "click",
            },
            {
                content: "The run by the new rules waits for its turn",
                trigger: ".o_arrow_button_current:contains(Waiting)",
            },
        ]),
});
