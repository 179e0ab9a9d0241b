import {Component, onWillStart, useState} from "@odoo/owl";
import {KanbanController} from "@web/views/kanban/kanban_controller";
import {ListController} from "@web/views/list/list_controller";
import {RunAlert} from "../run_alert/run_alert.esm";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {listView} from "@web/views/list/list_view";
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

class WorkListController extends ListController {
    static template = "customer_classification.WorkListView";
    static components = {...ListController.components, RunAlert, WorkListReason};
}

class WorkListKanbanController extends KanbanController {
    static template = "customer_classification.WorkListKanbanView";
    static components = {...KanbanController.components, RunAlert, WorkListReason};
}

registry.category("views").add("customer_work_list", {
    ...listView,
    Controller: WorkListController,
});
registry.category("views").add("customer_work_list_kanban", {
    ...kanbanView,
    Controller: WorkListKanbanController,
});
