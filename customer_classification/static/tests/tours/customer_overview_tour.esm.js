import {patiently} from "./patience.esm";
import {registry} from "@web/core/registry";

const BLOCK = (name) => `.o_customer_overview [data-block=${name}]`;
const BACK = ".o_back_button, .breadcrumb-item a";

/** Read the overview, and open what is behind its numbers. */
registry.category("web_tour.tours").add("customer_overview", {
    steps: () =>
        patiently([
            {
                content: "The tiers are there, with the customers of each",
                trigger: `${BLOCK("tiers")} tbody tr:first-child:contains(VIP)`,
            },
            {
                content: "The bridge closes",
                trigger: `${BLOCK("bridge")} tbody tr:last-child:contains(Revenue up to)`,
            },
            {
                content: "Open who is new",
                trigger: `${BLOCK("bridge")} tbody tr:contains(New) a`,
                run: "click",
            },
            {
                content: "It is one customer",
                trigger: ".o_list_view .o_data_row:contains(New)",
            },
            {
                content: "Go back",
                trigger: BACK,
                run: "click",
            },
            {
                content: "The cohorts are shares of customers",
                trigger: `${BLOCK("cohorts")} tbody:contains(%)`,
            },
            {
                content: "Look at their revenue",
                trigger: `${BLOCK("cohorts")} .btn-group button:contains(Revenue)`,
                run: "click",
            },
            {
                content: "The amounts are there instead",
                trigger: `${BLOCK("cohorts")} tbody:not(:contains(%))`,
            },
            {
                content: "Open a cell of the grid",
                trigger: `${BLOCK("grid")} td button`,
                run: "click",
            },
            {
                content: "Its customers are in a list",
                trigger: ".o_list_view .o_data_row",
            },
        ]),
});
