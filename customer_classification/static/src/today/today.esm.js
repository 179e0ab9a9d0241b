import {Component, onWillStart, useState} from "@odoo/owl";
import {Dropdown} from "@web/core/dropdown/dropdown";
import {DropdownItem} from "@web/core/dropdown/dropdown_item";
import {Layout} from "@web/search/layout";
import {_t} from "@web/core/l10n/translation";
import {formatCurrency} from "@web/core/currency";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";

const MODEL = "customer.today";
const ICONS = {
    activity: "fa-clock-o",
    birthday: "fa-birthday-cake",
    quotation: "fa-file-text-o",
    moved: "fa-arrow-down",
    overdue: "fa-hourglass-half",
    visit: "fa-handshake-o",
    next_tier: "fa-trophy",
};

/** What a salesperson does today: a line a customer, with its reason and buttons. */
export class Today extends Component {
    static template = "customer_classification.Today";
    static components = {Dropdown, DropdownItem, Layout};
    static props = {...standardActionServiceProps};

    setup() {
        this.action = useService("action");
        this.notification = useService("notification");
        this.orm = useService("orm");
        this.display = {controlPanel: {}};
        this.state = useState({whose: "own", day: null, busy: ""});
        onWillStart(() => this.load());
    }

    async load() {
        this.state.day = await this.orm.call(MODEL, "get_lines", [], {
            whose: this.state.whose,
        });
    }

    async show(whose) {
        this.state.whose = whose;
        await this.load();
    }

    // What is shown

    get kindNames() {
        return {
            activity: _t("Activity due"),
            birthday: _t("Birthday"),
            quotation: _t("Quotation waits"),
            moved: _t("Fell, or at risk"),
            overdue: _t("Overdue"),
            visit: _t("Visit due"),
            next_tier: _t("Near the next tier"),
        };
    }

    get lines() {
        return this.state.day.lines.map((line) => ({
            ...line,
            icon: ICONS[line.kind],
            kindName: this.kindNames[line.kind],
            amountText:
                line.amount === null
                    ? ""
                    : formatCurrency(line.amount, line.currency_id, {digits: [69, 0]}),
            amountTitle:
                line.kind === "quotation"
                    ? _t("Untaxed amount of the quotation")
                    : _t("Revenue in the window"),
        }));
    }

    get moreText() {
        const more = this.state.day.more;
        return more ? _t("At least %s more wait until these are done.", more) : "";
    }

    // Buttons

    open(line) {
        this.action.doAction({
            type: "ir.actions.act_window",
            res_model: line.res_model,
            res_id: line.res_id,
            views: [[false, "form"]],
        });
    }

    openCustomer(line) {
        this.open({...line, res_model: "customer.profile", res_id: line.profile_id});
    }

    async run(line, method) {
        const action = await this.orm.call("customer.profile", method, [
            [line.profile_id],
        ]);
        await this.action.doAction(action, {onClose: () => this.load()});
    }

    async answer(line, answer, reason = null) {
        if (this.state.busy) {
            return;
        }
        this.state.busy = line.key;
        try {
            await this.orm.call(
                MODEL,
                "answer",
                [line.kind, line.record_id, answer],
                reason ? {reason} : {}
            );
        } finally {
            this.state.busy = "";
            await this.load();
        }
    }
}

registry.category("actions").add("customer_classification.today", Today);
