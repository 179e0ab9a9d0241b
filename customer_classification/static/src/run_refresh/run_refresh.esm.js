import {Component, useEffect, xml} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

const SECONDS = 2;

/** Reads a run again and again as long as it waits or works, so that people see its
 * progress without reloading the page. */
export class ClassificationRunRefresh extends Component {
    static template = xml`<span class="d-none"/>`;
    static props = {...standardWidgetProps};

    setup() {
        useEffect(
            (underWay) => {
                if (!underWay) {
                    return;
                }
                const timer = setInterval(() => this.refresh(), SECONDS * 1000);
                return () => clearInterval(timer);
            },
            () => [["queued", "running"].includes(this.props.record.data.state)]
        );
    }

    async refresh() {
        if (!document.hidden) {
            await this.props.record.load();
        }
    }
}

registry.category("view_widgets").add("classification_run_refresh", {
    component: ClassificationRunRefresh,
    fieldDependencies: [{name: "state", type: "selection"}],
});
