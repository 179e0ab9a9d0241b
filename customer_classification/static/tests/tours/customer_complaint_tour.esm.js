import {patiently} from "./patience.esm";
import {registry} from "@web/core/registry";

/** Take up a complaint that came by mail, wait for the customer, and solve it. */
registry.category("web_tour.tours").add("customer_complaint", {
    steps: () =>
        patiently([
            {
                content: "An overdue card is red",
                trigger: ".o_kanban_record:contains(Overdue printer) .text-danger",
            },
            {
                content: "Open what came by mail",
                trigger: ".o_kanban_record:contains(Broken printer)",
                run: "click",
            },
            {
                content: "It says what happened",
                trigger: ".o_field_widget[name=description] textarea:value(ten pages)",
            },
            {
                content: "Wait for the customer",
                trigger: "button[name=action_wait]",
                run: "click",
            },
            {
                content: "The clock stands",
                trigger: ".o_field_widget[name=deadline_state]:contains(Clock Stopped)",
            },
            {
                content: "Go on",
                trigger: "button[name=action_start]:contains(Go On)",
                run: "click",
            },
            {
                content: "The clock goes on",
                trigger: ".o_field_widget[name=deadline_state]:contains(In Time)",
            },
            {
                content: "Say what came of it",
                trigger: ".o_notebook_headers a[name=result]",
                run: "click",
            },
            {
                content: "Replaced",
                trigger: ".o_field_widget[name=result] input",
                run: "click",
            },
            {
                content: "Choose it",
                trigger: ".o_select_menu_item:contains(Replaced or Repaired)",
                run: "click",
            },
            {
                content: "Solved",
                trigger: "button[name=action_solve]",
                run: "click",
            },
            {
                content: "In time",
                trigger: ".o_field_widget[name=deadline_state]:contains(Done in Time)",
            },
        ]),
});
