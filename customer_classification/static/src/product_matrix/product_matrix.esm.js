import {Component, onWillStart, useRef, useState} from "@odoo/owl";
import {formatInteger, formatPercentage} from "@web/views/fields/formatters";
import {grid, step, tone} from "./grid.esm";
import {heads, sums} from "../migration_matrix/matrix.esm";
import {Layout} from "@web/search/layout";
import {_t} from "@web/core/l10n/translation";
import {formatCurrency} from "@web/core/currency";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";
import {user} from "@web/core/user";

const MODEL = "product.profile";
const PRODUCTS = "customer_classification.product_profile_action";
const PIVOT = "customer_classification.product_profile_matrix_action";
const AXES = ["abc_class", "xyz_class"];
const TEN_MILLIONS = 10000000;

/** Products that were sold in the window, by ABC and XYZ class; every cell opens its
 * products. */
export class ProductMatrix extends Component {
    static template = "customer_classification.ProductMatrix";
    static components = {Layout};
    static props = {...standardActionServiceProps};

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.table = useRef("table");
        this.display = {controlPanel: {}};
        this.state = useState({matrix: null, focus: [0, 0]});
        onWillStart(() => this.load());
    }

    get domain() {
        return [["line_count", ">", 0]];
    }

    async load() {
        const fields = await this.orm.call(MODEL, "fields_get", [
            ["revenue"],
            ["type"],
        ]);
        this.hasMoney = "revenue" in fields && Boolean(this.currency);
        const sum = this.hasMoney ? ["revenue:sum"] : [];
        const aggregates = ["__count", ...sum];
        const groups = await this.orm.formattedReadGroup(
            MODEL,
            this.domain,
            AXES,
            aggregates
        );
        this.state.matrix = grid(groups);
    }

    /** The one currency of all companies that are switched on, if they have one. */
    get currency() {
        const ids = new Set(user.activeCompanies.map((company) => company.currency_id));
        return ids.size === 1 ? [...ids][0] : false;
    }

    // What is shown

    get names() {
        return {
            a: _t("A: most of the value"),
            b: _t("B: the next"),
            c: _t("C: little value"),
            x: _t("X: sold evenly"),
            y: _t("Y: with ups and downs"),
            z: _t("Z: now and then"),
        };
    }

    named(head) {
        return {
            ...head,
            name: head.key ? this.names[head.key] : _t("No class yet"),
            ...this.texts(head),
        };
    }

    get isEmpty() {
        return !this.state.matrix.cells.length;
    }

    get legend() {
        return this.hasMoney
            ? _t(
                  "Products sold in the window of the product rules. Percentages are of all their revenue. Click a number to see the products, or walk by the arrow keys."
              )
            : _t(
                  "Products sold in the window of the product rules. Percentages are of all these products. Click a number to see them, or walk by the arrow keys."
              );
    }

    get columns() {
        return heads(this.state.matrix, "column").map((head) => this.named(head));
    }

    get rows() {
        const columns = heads(this.state.matrix, "column");
        return heads(this.state.matrix, "row").map((row) => ({
            ...this.named(row),
            cells: columns.map((column) => this.cell(row, column)),
        }));
    }

    get total() {
        return this.texts(sums(this.state.matrix.cells));
    }

    texts(item) {
        const all = sums(this.state.matrix.cells);
        const [part, whole] = this.hasMoney
            ? [item.revenue, all.revenue]
            : [item.count, all.count];
        return {
            countText: formatInteger(item.count),
            revenueText: this.hasMoney ? this.money(item.revenue) : "",
            shareText:
                whole > 0 ? formatPercentage(part / whole, {digits: [0, 0]}) : "",
        };
    }

    cell(row, column) {
        const found = row.cells.find((cell) => cell.column === column.place);
        const code = `${row.key || ""}${column.key || ""}`.toUpperCase();
        const cell = {
            code: row.key && column.key ? code : "",
            tone: tone(row, column),
            place: column.place,
            count: 0,
            ...this.texts(found || {count: 0, revenue: 0}),
        };
        return found ? {...cell, count: found.count, title: this.title(cell)} : cell;
    }

    title({code, countText, shareText}) {
        return this.hasMoney
            ? _t("%(code)s: %(count)s products, %(share)s of the revenue", {
                  code,
                  count: countText,
                  share: shareText,
              })
            : _t("%(code)s: %(count)s products", {code, count: countText});
    }

    money(amount) {
        return formatCurrency(amount, this.currency, {
            digits: [0, 0],
            humanReadable: Math.abs(amount) >= TEN_MILLIONS,
        });
    }

    // By keyboard: one stop for Tab, arrows inside

    isStop(row, column) {
        const [atRow, atColumn] = this.state.focus;
        return row === atRow && column === atColumn;
    }

    onKeydown(ev) {
        const sizes = [this.rows.length, this.columns.length];
        const next = step(ev.key, this.state.focus, sizes);
        if (next.join() !== this.state.focus.join()) {
            ev.preventDefault();
            this.focus(...next);
        }
    }

    focus(row, column) {
        this.state.focus = [row, column];
        const lines = this.table.el.querySelectorAll("tbody tr");
        lines[row].querySelectorAll("td button")[column].focus();
    }

    // Opening products

    open(row, column) {
        const domain = [...this.domain];
        for (const [place, head] of [row, column].entries()) {
            if (head) {
                domain.push([AXES[place], "=", head.key]);
            }
        }
        const name = [row, column].map((head) => head && head.name).filter(Boolean);
        return this.openProducts(name.join(" · ") || _t("Sold Products"), domain);
    }

    async openProducts(name, domain) {
        const action = await this.action.loadAction(PRODUCTS);
        return this.action.doAction(
            {...action, name, display_name: name, domain, context: {}},
            {viewType: "list"}
        );
    }

    openPivot() {
        return this.action.doAction(PIVOT, {viewType: "pivot"});
    }
}

registry
    .category("actions")
    .add("customer_classification.product_matrix", ProductMatrix);
