import {Component, onWillStart, useState} from "@odoo/owl";
import {deserializeDate, serializeDate} from "@web/core/l10n/dates";
import {formatInteger, formatPercentage} from "@web/views/fields/formatters";
import {heads, moveOf, moves, sums} from "./matrix.esm";
import {DateTimeInput} from "@web/core/datetime/datetime_input";
import {KeepLast} from "@web/core/utils/concurrency";
import {Layout} from "@web/search/layout";
import {_t} from "@web/core/l10n/translation";
import {formatCurrency} from "@web/core/currency";
import {registry} from "@web/core/registry";
import {router} from "@web/core/browser/router";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";
import {useSetupAction} from "@web/search/action_hook";

const MODEL = "classification.migration";
const ACTION = "customer_classification.classification_migration_action";
const TEN_MILLIONS = 10000000;

/** Customers from each class to each class between two days that can be
 * changed on the spot; every cell opens its customers. */
export class MigrationMatrix extends Component {
    static template = "customer_classification.MigrationMatrix";
    static components = {DateTimeInput, Layout};
    static props = {...standardActionServiceProps};

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.keepLast = new KeepLast();
        this.display = {controlPanel: {}};
        this.axes = [
            {
                name: "value_tier",
                label: _t("Value Tier"),
                ends: ["from_tier_id", "to_tier_id"],
            },
            {
                name: "lifecycle_stage",
                label: _t("Lifecycle Stage"),
                ends: ["from_stage_id", "to_stage_id"],
            },
            {
                name: "churn_risk",
                label: _t("Churn Risk"),
                ends: ["from_risk", "to_risk"],
            },
        ];
        this.state = useState({choice: this.firstChoice(), matrix: null});
        useSetupAction({getLocalState: () => ({choice: {...this.state.choice}})});
        onWillStart(() => this.load());
    }

    /** The choice before the customers were opened, or that of the page's address. */
    firstChoice() {
        const {axis, from, to, known} = {
            ...router.current,
            ...this.props.state?.choice,
        };
        const isAxis = this.axes.some(({name}) => name === axis);
        return {axis: isAxis ? axis : this.axes[0].name, from, to, known};
    }

    get context() {
        const {from, to, known} = this.state.choice;
        return {history_from_date: from, history_date: to, history_known_date: known};
    }

    /** Read the matrix, and keep the choice in the address of the page. */
    async load() {
        const call = this.orm.call(MODEL, "get_matrix", [this.state.choice.axis], {
            context: this.context,
        });
        const matrix = await this.keepLast.add(call);
        this.state.matrix = matrix;
        Object.assign(this.state.choice, {from: matrix.from_date, to: matrix.to_date});
        this.props.updateActionState?.({...this.state.choice});
    }

    change(choice) {
        Object.assign(this.state.choice, choice);
        return this.load();
    }

    // Days

    day(text) {
        return text ? deserializeDate(text) : false;
    }

    /** Without a day, the default comes back. */
    changeDay(name, day) {
        return this.change({[name]: day ? serializeDate(day) : undefined});
    }

    // What is shown

    get isBackwards() {
        return this.state.matrix.from_date > this.state.matrix.to_date;
    }

    get isEmpty() {
        return !this.state.matrix.cells.length;
    }

    get emptyText() {
        const day = this.state.matrix.first_date;
        if (day) {
            return _t(
                "The first classes are from %s. Choose that day or later ones.",
                day
            );
        }
        return _t(
            "Nobody has been classified yet. Recompute the classes first: from then on, every change is kept, and this matrix shows who went from which class to which."
        );
    }

    get legend() {
        const {from_date: from, to_date: to} = this.state.matrix;
        return _t(
            "Rows are the classes on %(from)s, columns those on %(to)s. Percentages are of the row. Click a number to see the customers.",
            {from, to}
        );
    }

    get moneyLegend() {
        return _t(
            "Amounts are what these customers brought in the window that ends on the first day, and in the one that ends on the second day, by the rules and the documents of today."
        );
    }

    get hasMoney() {
        return this.state.matrix.currency_id !== false;
    }

    /** Whether rows, columns and the total open who stands there. */
    get canOpen() {
        return true;
    }

    get columns() {
        return heads(this.state.matrix, "column").map((head) => this.texts(head));
    }

    get rows() {
        const columns = heads(this.state.matrix, "column");
        return heads(this.state.matrix, "row").map((row) => ({
            ...this.texts(row),
            cells: columns.map((column) => this.cell(row, column)),
        }));
    }

    get total() {
        return this.texts(sums(this.state.matrix.cells));
    }

    texts(item) {
        return {
            ...item,
            countText: formatInteger(item.count),
            revenueText: this.hasMoney ? this.revenueText(item) : "",
        };
    }

    /** Of the first and of the second day. */
    revenueText({before, revenue}) {
        return `${this.money(before)} → ${this.money(revenue)}`;
    }

    cell(row, column) {
        const found = row.cells.find((cell) => cell.column === column.place);
        const cell = {move: moveOf(row, column), place: column.place, isEmpty: !found};
        if (!found) {
            return cell;
        }
        const share = found.count / row.count;
        return {
            ...cell,
            ...this.texts(found),
            shareText: this.percent(share),
            // Stronger the larger the part of the class that goes this way.
            strength: (0.1 + 0.4 * share).toFixed(2),
            title: this.cellTitle(row, column, found.count, share),
            open: () => this.openCell(row, column),
        };
    }

    cellTitle(row, column, count, share) {
        return _t("%(from)s → %(to)s: %(count)s customers, %(share)s of the row", {
            from: row.name,
            to: column.name,
            count: formatInteger(count),
            share: this.percent(share),
        });
    }

    /** How many customers went which way; legend of the colours at the same time. */
    get summary() {
        const counts = moves(this.state.matrix);
        const before = sums(
            this.state.matrix.cells.filter(
                (cell) => this.state.matrix.rows[cell.row].is_customer
            )
        ).count;
        const labels = {
            same: _t("Stayed"),
            better: _t("Better"),
            worse: _t("Worse"),
            other: _t("Other"),
            gone: _t("Gone"),
            come: _t("New"),
        };
        return Object.entries(labels)
            .filter(
                ([move]) => counts[move] || ["same", "better", "worse"].includes(move)
            )
            .map(([move, label]) => ({
                move,
                label,
                count: formatInteger(counts[move]),
                share:
                    move === "come" || !before
                        ? ""
                        : this.percent(counts[move] / before),
            }));
    }

    percent(share) {
        return formatPercentage(share, {digits: [0, 0]});
    }

    money(amount) {
        return formatCurrency(amount, this.state.matrix.currency_id, {
            digits: [0, 0],
            humanReadable: Math.abs(amount) >= TEN_MILLIONS,
        });
    }

    // Opening customers

    openCell(row, column) {
        return this.open(`${row.name} → ${column.name}`, [
            ...row.domain,
            ...column.domain,
        ]);
    }

    openRow(row) {
        return this.open(_t("From %s", row.name), row.domain);
    }

    openColumn(column) {
        return this.open(_t("To %s", column.name), column.domain);
    }

    openAs(viewType) {
        const {label} = this.axes.find(({name}) => name === this.state.choice.axis);
        return this.open(label, [], viewType);
    }

    /** Standard views of the customers; the pivot begins as this matrix. */
    async open(name, domain, viewType = "list") {
        const {axis, from, to} = this.state.choice;
        const {ends} = this.axes.find((item) => item.name === axis);
        const action = await this.action.loadAction(ACTION);
        const title = _t("%(name)s, %(from)s to %(to)s", {name, from, to});
        return this.action.doAction(
            {
                ...action,
                name: title,
                display_name: title,
                domain,
                context: {
                    ...this.context,
                    pivot_row_groupby: ends.slice(0, 1),
                    pivot_column_groupby: ends.slice(1),
                    graph_groupbys: ends,
                },
            },
            {viewType}
        );
    }
}

registry
    .category("actions")
    .add("customer_classification.migration_matrix", MigrationMatrix);
