import {Component, onWillStart, useState} from "@odoo/owl";
import {
    ShownColumnsController,
    shownColumnsListView,
} from "../shown_columns/shown_columns.esm";
import {CountedOnceRenderer} from "../counted_once/counted_once_renderer.esm";
import {KanbanController} from "@web/views/kanban/kanban_controller";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";

/** Tells on the first screen of the app that a run failed, so that nobody takes classes
 *  of some days ago for those of today. */
export class RunAlert extends Component {
    static template = "customer_classification.RunAlert";
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({alert: false});
        onWillStart(async () => {
            this.state.alert = await this.orm.call(
                "classification.to.fix",
                "get_alert",
                []
            );
        });
    }

    open() {
        this.action.doAction("customer_classification.classification_to_fix_action");
    }
}

class CustomerProfileListController extends ShownColumnsController {
    static template = "customer_classification.CustomerProfileListView";
    static components = {...ShownColumnsController.components, RunAlert};
}

class CustomerProfileKanbanController extends KanbanController {
    static template = "customer_classification.CustomerProfileKanbanView";
    static components = {...KanbanController.components, RunAlert};
}

registry.category("views").add("customer_profile_list", {
    ...shownColumnsListView,
    Controller: CustomerProfileListController,
    Renderer: CountedOnceRenderer,
});
registry.category("views").add("customer_profile_kanban", {
    ...kanbanView,
    Controller: CustomerProfileKanbanController,
});
