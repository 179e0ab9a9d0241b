import { Component, useState } from "@odoo/owl";
import { formatCurrency } from "@web/core/currency";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatInteger, formatPercentage } from "@web/views/fields/formatters";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

/** What a run would change: customers and money of each class before and after, and
 * the matrix from where to where; its cells open the customers. */
export class ClassificationRehearsal extends Component {
    static template = "customer_classification.ClassificationRehearsal";
    static props = { ...standardWidgetProps };

    setup() {
        this.action = useService("action");
        this.state = useState({ axis: "value_tier", measure: "customers" });
    }

    get data() {
        return this.props.record.data.rehearsal_view;
    }

    get axis() {
        return this.data.axes.find(({ name }) => name === this.state.axis);
    }

    get costs() {
        return this.state.axis === "value_tier" ? this.data.costs : null;
    }

    /** A line for each class with customers before or after, and one for all. */
    get rows() {
        const rows = this.axis.classes
            .map((item) => this.row(item, this.sums("from", item), this.sums("to", item)))
            .filter((row) => row.isUsed);
        const all = { name: _t("All"), color: 0, isTotal: true };
        return [...rows, this.row(all, this.sums(), this.sums())];
    }

    /** Customers and money of the cells that come from, or go to, a class. */
    sums(end, item) {
        const cells = this.axis.cells.filter((cell) => !end || cell[end] === item.key);
        const costs = this.costs?.[end === "from" ? "before" : "after"];
        return {
            customers: cells.reduce((sum, cell) => sum + cell.customers, 0),
            revenue: cells.reduce((sum, cell) => sum + cell.revenue, 0),
            cost: costs ? costs[item?.key] || 0 : 0,
        };
    }

    row(item, before, after) {
        if (item.isTotal && this.costs) {
            const total = (side) => Object.values(side).reduce((sum, cost) => sum + cost, 0);
            before.cost = total(this.costs.before);
            after.cost = total(this.costs.after);
        }
        return {
            ...item,
            key: String(item.key),
            isUsed: before.customers > 0 || after.customers > 0,
            customers: this.pair(before.customers, after.customers, formatInteger),
            revenue: this.pair(before.revenue, after.revenue, (n) => this.money(n)),
            cost: this.pair(before.cost, after.cost, (n) => this.money(n)),
        };
    }

    pair(before, after, format) {
        const difference = after - before;
        const size = format(Math.abs(difference));
        const isEqual = size === format(0);
        return {
            before: format(before),
            after: format(after),
            delta: isEqual ? "" : `${difference > 0 ? "+" : "−"}${size}`,
        };
    }

    /** Classes from which, and to which, anybody goes. */
    ends(end) {
        const used = new Set(this.axis.cells.map((cell) => cell[end]));
        return this.axis.classes.filter((item) => used.has(item.key));
    }

    get matrix() {
        const columns = this.ends("to");
        return this.ends("from").map((from) => ({
            ...from,
            key: String(from.key),
            cells: columns.map((to) => this.matrixCell(from, to)),
        }));
    }

    matrixCell(from, to) {
        const cell = this.axis.cells.find(
            (item) => item.from === from.key && item.to === to.key
        );
        const size = this.sums("from", from).customers;
        return {
            from,
            to,
            key: `${from.key}-${to.key}`,
            isStay: from.key === to.key,
            customers: cell?.customers || 0,
            text: cell ? this.cellText(cell) : "",
            // Darker the larger the part of the class that goes this way.
            strength: cell ? 0.08 + 0.42 * (cell.customers / size) : 0,
            title: cell ? this.cellTitle(cell, from, to, size) : "",
        };
    }

    cellText(cell) {
        return this.state.measure === "revenue"
            ? this.money(cell.revenue, true)
            : formatInteger(cell.customers);
    }

    cellTitle(cell, from, to, size) {
        return _t("%(from)s → %(to)s: %(customers)s customers (%(share)s of %(from)s)", {
            from: from.name,
            to: to.name,
            customers: formatInteger(cell.customers),
            share: formatPercentage(cell.customers / size, { digits: [0, 1] }),
        });
    }

    money(amount, humanReadable = false) {
        return formatCurrency(amount, this.data.currency_id, {
            digits: [0, 0],
            humanReadable: humanReadable && Math.abs(amount) >= 10000,
        });
    }

    openCell(cell) {
        const { record } = this.props;
        return this.action.doActionButton({
            type: "object",
            name: "action_open_cell",
            args: JSON.stringify([this.state.axis, cell.from.id, cell.to.id]),
            resModel: record.resModel,
            resId: record.resId,
            context: record.context,
        });
    }
}

registry.category("view_widgets").add("classification_rehearsal", {
    component: ClassificationRehearsal,
    fieldDependencies: [{ name: "rehearsal_view", type: "json" }],
});
