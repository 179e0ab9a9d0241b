import {Component, onWillStart, useState} from "@odoo/owl";
import {
    ShownColumnsController,
    shownColumnsListView,
} from "../shown_columns/shown_columns.esm";
import {KanbanController} from "@web/views/kanban/kanban_controller";
import {RunAlert} from "../run_alert/run_alert.esm";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";

/** Says above the customers at risk why they are in this order. */
export class WorkListReason extends Component {
    static template = "customer_classification.WorkListReason";
    static props = {};

    setup() {
        this.orm = useService("orm");
        this.state = useState({reason: ""});
        onWillStart(async () => {
            this.state.reason = await this.orm.call(
                "customer.profile",
                "get_work_list_reason",
                []
            );
        });
    }
}

class WorkListController extends ShownColumnsController {
    static template = "customer_classification.WorkListView";
    static components = {
        ...ShownColumnsController.components,
        RunAlert,
        WorkListReason,
    };
}

class WorkListKanbanController extends KanbanController {
    static template = "customer_classification.WorkListKanbanView";
    static components = {...KanbanController.components, RunAlert, WorkListReason};
}

registry.category("views").add("customer_work_list", {
    ...shownColumnsListView,
    Controller: WorkListController,
});
registry.category("views").add("customer_work_list_kanban", {
    ...kanbanView,
    Controller: WorkListKanbanController,
});
