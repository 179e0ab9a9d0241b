import {patiently} from "./patience.esm";
import {registry} from "@web/core/registry";

const CARD = (name) => `.o_form_view .o_field_widget[name=${name}]`;

/** Read why a customer has a class and what comes, then open the documents behind it. */
registry.category("web_tour.tours").add("classification_explanation", {
    steps: () =>
        patiently([
            {
                content: "Open a customer",
                trigger: ".o_data_row .o_data_cell:contains(Explained)",
                run: "click",
            },
            {
                content: "Why this tier, with the limit",
                trigger: `${CARD("tier_explanation")}:contains(limit of High)`,
            },
            {
                content: "What the next tier takes",
                trigger: `${CARD("tier_reach_text")}:contains(To reach VIP)`,
            },
            {
                content: "What keeps this one, and when it is lost",
                trigger: `${CARD("tier_keep_text")}:contains(Without a purchase it becomes)`,
            },
            {
                content: "Where the customer goes",
                trigger: `${CARD("value_trend_text")}:contains(in the last 6 months)`,
            },
            {
                content: "When silence makes the customer dormant",
                trigger: `${CARD("stage_outlook_text")}:contains(Dormant on)`,
            },
            {
                content: "When the risk rises",
                trigger: `${CARD("risk_outlook_text")}:contains(Medium from)`,
            },
            {
                content: "Why the classes changed",
                trigger: `${CARD("change_ids")} .o_data_cell[name=explanation_text]:contains(net in 12 months)`,
            },
            {
                content: "Open the documents",
                trigger: "button[name=action_open_documents]",
                run: "click",
            },
            {
                content: "Of two kinds, choose the orders",
                trigger: ".modal .o_data_row:contains(Orders) button[name=action_open]",
                run: "click",
            },
            {
                content: "The order that counts",
                trigger: ".o_breadcrumb:contains(Orders of Explained)",
            },
            {
                content: "With its amount",
                trigger: ".o_data_row .o_data_cell[name=amount_total]:contains(150.00)",
            },
        ]),
});
