import {Component} from "@odoo/owl";

/** A block of the overview: its title, what it says, and what is in it once it is
 * there. */
export class OverviewCard extends Component {
    static template = "customer_classification.OverviewCard";
    static props = {
        name: String,
        title: String,
        hint: {type: [String, Boolean, Object], optional: true},
        ready: {type: [Object, Boolean], optional: true},
        wide: {type: Boolean, optional: true},
        slots: Object,
    };
}
