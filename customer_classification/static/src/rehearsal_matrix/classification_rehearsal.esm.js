import {heads, sums} from "../migration_matrix/matrix.esm";
import {MigrationMatrix} from "../migration_matrix/migration_matrix.esm";
import {_t} from "@web/core/l10n/translation";
import {formatInteger} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useService} from "@web/core/utils/hooks";
import {useState} from "@odoo/owl";

/** What a run would change: customers or products, money and costs of each class before
 * and after, and the matrix from where to where; who moves is a click away. */
export class ClassificationRehearsal extends MigrationMatrix {
    static template = "customer_classification.ClassificationRehearsal";
    static components = {};
    static props = {...standardWidgetProps};

    setup() {
        this.action = useService("action");
        this.choice = useState({
            axis: this.data ? this.data.axes[0].name : "value_tier",
        });
    }

    get data() {
        return this.props.record.data.rehearsal_view;
    }

    get axis() {
        const {axes} = this.data;
        return axes.find(({name}) => name === this.choice.axis) || axes[0];
    }

    /** The matrix of the chosen axis, as the migration matrix has it. */
    get state() {
        return {matrix: this.axis.matrix};
    }

    get costs() {
        return this.choice.axis === "value_tier" ? this.data.costs : false;
    }

    /** A line for each class with customers before or after, and one for all. */
    get lines() {
        const {matrix} = this.axis;
        const [before, after] = ["row", "column"].map((end) =>
            Object.fromEntries(
                heads(matrix, end).map((head) => [this.keyOf(head), head])
            )
        );
        const none = {count: 0, revenue: 0};
        const [outside, ...classes] = matrix.rows;
        const lines = [...classes, outside]
            .map((head) => ({...head, key: this.keyOf(head)}))
            .map((item) =>
                this.line(item, before[item.key] || none, after[item.key] || none)
            )
            .filter((line) => line.isUsed);
        const all = sums(matrix.cells);
        return [
            ...lines,
            this.line({name: _t("All"), key: "all", isTotal: true}, all, all),
        ];
    }

    revenueText({revenue}) {
        return this.money(revenue);
    }

    keyOf(head) {
        return head.is_customer ? String(head.key) : "outside";
    }

    line(item, before, after) {
        const cost = (side) => this.costOf(item, side);
        const money = (amount) => this.money(amount);
        return {
            ...item,
            isUsed: before.count > 0 || after.count > 0,
            customers: this.pair(before.count, after.count, formatInteger),
            revenue: this.hasMoney && this.pair(before.revenue, after.revenue, money),
            cost: this.costs && this.pair(cost("before"), cost("after"), money),
        };
    }

    costOf(item, side) {
        const costs = this.costs[side];
        return item.isTotal
            ? Object.values(costs).reduce((total, cost) => total + cost, 0)
            : costs[item.key] || 0;
    }

    pair(before, after, format) {
        const difference = after - before;
        const size = format(Math.abs(difference));
        const sign = difference > 0 ? "+" : "−";
        return {
            before: format(before),
            after: format(after),
            delta: size === format(0) ? "" : sign + size,
        };
    }

    /** Segments have no history, and no list of movers. */
    get canOpen() {
        return this.axis.has_movers !== false;
    }

    /** Who stays is in no list of movers. */
    cell(row, column) {
        const cell = super.cell(row, column);
        const isListed = this.canOpen && cell.move !== "same";
        return isListed ? cell : {...cell, open: undefined};
    }

    /** A run over products says what it counts. */
    cellTitle(row, column, count, share) {
        if (!this.data.counts) {
            return super.cellTitle(row, column, count, share);
        }
        return _t("%(from)s → %(to)s: %(count)s products, %(share)s of the row", {
            from: row.name,
            to: column.name,
            count: formatInteger(count),
            share: this.percent(share),
        });
    }

    openCell(row, column) {
        return this.openMovers({from: row.key, to: column.key});
    }

    openRow(row) {
        return this.openMovers({from: row.key});
    }

    openColumn(column) {
        return this.openMovers({to: column.key});
    }

    openAs() {
        return this.openMovers({});
    }

    openMovers(ends) {
        const {record} = this.props;
        return this.action.doActionButton({
            type: "object",
            name: "action_open_movers",
            args: JSON.stringify([this.choice.axis, ends]),
            resModel: record.resModel,
            resId: record.resId,
            context: record.context,
        });
    }
}

registry.category("view_widgets").add("classification_rehearsal", {
    component: ClassificationRehearsal,
    fieldDependencies: [{name: "rehearsal_view", type: "json"}],
});
