import {Component, onWillStart, useEffect, useRef, useState} from "@odoo/owl";
import {FIFTHS, readCells, writeCells} from "./segment_cells.esm";
import {KeepLast, Mutex} from "@web/core/utils/concurrency";
import {deserializeDate, formatDate} from "@web/core/l10n/dates";
import {_t} from "@web/core/l10n/translation";
import {formatCurrency} from "@web/core/currency";
import {formatInteger} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useService} from "@web/core/utils/hooks";

const MODEL = "customer.rules";
const ARROWS = {
    ArrowUp: [1, 0],
    ArrowDown: [-1, 0],
    ArrowLeft: [0, -1],
    ArrowRight: [0, 1],
};

/** The segments of rules on the scores for recency and frequency, for all monetary
 * scores or one of them, with the customers of the last run. On a draft, a segment is
 * chosen and put on cells; the lines of the form follow, and the user saves. */
export class SegmentMap extends Component {
    static template = "customer_classification.SegmentMap";
    static props = {...standardWidgetProps};

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.table = useRef("table");
        this.keepLast = new KeepLast();
        this.mutex = new Mutex();
        this.scores = FIFTHS;
        this.recencies = FIFTHS.toReversed();
        // A monetary score of 0 stands for all.
        this.state = useState({monetary: 0, brush: false, grid: null});
        onWillStart(() => this.load());
        useEffect(
            (id) => {
                if (id !== this.loadedId) {
                    this.load();
                }
            },
            () => [this.props.record.resId]
        );
    }

    /** Ask who is where. A version that is not saved has nobody on its map. */
    async load() {
        this.loadedId = this.props.record.resId;
        this.state.grid = this.loadedId
            ? await this.keepLast.add(
                  this.orm.call(MODEL, "get_segment_grid", [[this.loadedId]])
              )
            : null;
    }

    // What the form says

    get data() {
        return this.props.record.data;
    }

    get canPaint() {
        return this.data.state === "draft" && !this.props.readonly;
    }

    get lines() {
        return this.data.segment_ids.records.filter((line) => line.data.segment_id);
    }

    /** Lines by cell, of which each should have one. */
    get owners() {
        const owners = new Map();
        for (const line of this.lines) {
            for (const cell of readCells(line.data.cells) || []) {
                owners.set(cell, [...(owners.get(cell) || []), line]);
            }
        }
        return owners;
    }

    // What is shown

    get palette() {
        return this.lines.map((line) => ({
            id: line.data.segment_id.id,
            name: line.data.segment_id.display_name,
            color: line.data.segment_color || 0,
            isChosen: this.state.brush === line.data.segment_id.id,
        }));
    }

    get switches() {
        return [0, ...FIFTHS].map((score) => ({
            score,
            label: score ? `M${score}` : _t("All"),
            isChosen: this.state.monetary === score,
        }));
    }

    get monetaries() {
        return this.state.monetary ? [this.state.monetary] : FIFTHS;
    }

    get rows() {
        const owners = this.owners;
        return this.recencies.map((recency) => ({
            recency,
            cells: FIFTHS.map((frequency) => this.cell(recency, frequency, owners)),
        }));
    }

    cell(recency, frequency, owners) {
        const found = this.monetaries.map(
            (monetary) => owners.get(`${recency} ${frequency} ${monetary}`) || []
        );
        const parts = this.parts(found);
        const where = `R${recency} F${frequency}`;
        return {
            key: where,
            recency,
            frequency,
            parts,
            isWrong: found.some((lines) => lines.length !== 1),
            title: `${where}: ${parts.map(({label}) => label).join("; ")}`,
            ...this.customers(recency, frequency),
        };
    }

    /** Neighbours of one segment as one part, the lowest monetary score first. */
    parts(found) {
        const parts = [];
        for (const [place, lines] of found.entries()) {
            const names = lines.map((line) => line.data.segment_id.display_name);
            const name = names.join(" + ") || _t("No segment");
            const monetary = this.monetaries[place];
            const last = parts.at(-1);
            if (last?.name === name) {
                last.last = monetary;
            } else {
                const color =
                    lines.length === 1 ? lines[0].data.segment_color || 0 : false;
                parts.push({name, color, first: monetary, last: monetary});
            }
        }
        return parts.map((part) => ({...part, ...this.partTexts(part, parts.length)}));
    }

    partTexts({name, first, last}, count) {
        const scores = first === last ? `M${first}` : `M${first}–${last}`;
        return {
            scores: count > 1 ? scores : "",
            label: count > 1 ? `${scores} ${name}` : name,
            size: last - first + 1,
        };
    }

    /** How many customers have these scores, and their revenue for those who may see
     * amounts. */
    customers(recency, frequency) {
        const own = (this.state.grid?.cells || []).filter(
            ([r, f, m]) =>
                r === recency && f === frequency && this.monetaries.includes(m)
        );
        const sum = (place) => own.reduce((total, cell) => total + cell[place], 0);
        const currencyId = this.state.grid?.currency_id;
        return {
            count: sum(3),
            countText: formatInteger(sum(3)),
            revenueText: currencyId
                ? formatCurrency(sum(4), currencyId, {
                      digits: [0, 0],
                      humanReadable: true,
                  })
                : "",
        };
    }

    get hint() {
        if (!this.canPaint) {
            return _t("Click a number to see the customers.");
        }
        if (!this.state.brush) {
            return _t("Choose a segment, then click the boxes that it shall have.");
        }
        return _t(
            "Click the boxes that it shall have. Arrow keys move, Enter puts it there."
        );
    }

    get legend() {
        const day = this.state.grid?.as_of_date;
        if (!day) {
            return _t(
                "Nobody has been counted yet: the numbers come with the first run."
            );
        }
        return _t("Customers by their scores, as of the run of %s.", [
            formatDate(deserializeDate(day)),
        ]);
    }

    // Painting

    choose(id) {
        this.state.brush = this.state.brush === id ? false : id;
    }

    /** Give the cells under a box to the chosen segment; the others lose them. */
    paint({recency, frequency}) {
        const {brush} = this.state;
        if (this.canPaint && brush) {
            const painted = this.monetaries.map(
                (score) => `${recency} ${frequency} ${score}`
            );
            return this.mutex.exec(() => this.give(painted, brush));
        }
    }

    /** All lines at once: who saves in between must not find half of it. */
    async give(painted, brush) {
        await this.data.segment_ids.leaveEditMode();
        const updates = this.lines.map((line) => {
            const cells = readCells(line.data.cells) || new Set();
            const isChosen = line.data.segment_id.id === brush;
            painted.forEach((cell) => cells[isChosen ? "add" : "delete"](cell));
            return [line, writeCells(cells)];
        });
        await Promise.all(
            updates
                .filter(([line, text]) => text !== (line.data.cells || ""))
                .map(([line, text]) => line.update({cells: text}))
        );
    }

    /** Arrow keys go from box to box. */
    onKeydown(ev, {recency, frequency}) {
        const way = ARROWS[ev.key];
        if (way) {
            ev.preventDefault();
            const key = `R${recency + way[0]} F${frequency + way[1]}`;
            this.table.el.querySelector(`[data-box="${key}"]`)?.focus();
        }
    }

    async open({recency, frequency}) {
        const scores = [recency, frequency, this.state.monetary || false];
        const action = await this.orm.call(MODEL, "action_open_segment_cell", [
            [this.props.record.resId],
            ...scores,
        ]);
        return this.action.doAction(action);
    }
}

export const segmentMap = {
    component: SegmentMap,
    fieldDependencies: [{name: "state", type: "selection"}],
};

registry.category("view_widgets").add("segment_map", segmentMap);
