import { Component, onMounted, onWillUnmount, useEffect, useRef, useState } from "@odoo/owl";
import { formatCurrency } from "@web/core/currency";
import { deserializeDate, formatDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { formatFloat, formatInteger, formatPercentage } from "@web/views/fields/formatters";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import {
    allowedCut,
    bounds,
    cutAtAxis,
    cutOf,
    cutOnAxis,
    fittingCuts,
    limitAt,
    movedCut,
    ticks,
    tierTotals,
    toAxis,
} from "./limits";

const HEIGHT = 150;
const PAGE = 10;
const KEYS = {
    ArrowLeft: 1,
    ArrowDown: 1,
    ArrowRight: -1,
    ArrowUp: -1,
    PageDown: PAGE,
    PageUp: -PAGE,
    Home: Infinity,
    End: -Infinity,
};

/** Whether any of the values is another one in the data of a record. What the record
 * has not loaded, or holds as something else, counts as equal. */
function differs(values, data) {
    return Object.entries(values).some(([name, value]) =>
        Array.isArray(value)
            ? linesDiffer(value, data[name]?.records)
            : typeof data[name] === typeof value && data[name] !== value
    );
}

function linesDiffer(lines, records) {
    if (!records) {
        return false;
    }
    const byMetric = Object.fromEntries(records.map(({ data }) => [data.metric, data]));
    return (
        lines.length !== records.length ||
        lines.some((line) => !byMetric[line.metric] || differs(line, byMetric[line.metric]))
    );
}

/** The limits of a policy's tiers, to be moved on a histogram of the customers. Counts
 * and money of each tier follow at once, out of the last run's numbers: nothing is
 * asked of the server. */
export class ClassificationLimits extends Component {
    static template = "customer_classification.ClassificationLimits";
    static props = { ...standardWidgetProps };

    setup() {
        this.action = useService("action");
        this.notification = useService("notification");
        this.drawing = useRef("drawing");
        this.height = HEIGHT;
        this.state = useState({
            width: 0,
            cuts: [],
            isExact: [],
            method: "",
            dragged: -1,
            baseline: [],
        });
        useEffect(
            () => this.readLines(),
            () => [this.lineSignature, this.histogram?.run_id, this.histogram?.metric]
        );
        useEffect(
            () => this.keepCuts(),
            () => [this.method]
        );
        useEffect(
            (isDirty) => {
                if (this.hasSteps && !(isDirty && this.state.baseline.length)) {
                    this.state.baseline = tierTotals(this.histogram, this.lineCuts());
                }
            },
            () => [this.props.record.dirty, this.props.record.resId, this.histogram?.run_id]
        );
        const observer = new ResizeObserver(() => this.measure());
        useEffect(
            (element) => {
                if (element) {
                    observer.observe(element);
                    this.measure();
                    return () => observer.unobserve(element);
                }
            },
            () => [this.drawing.el]
        );
        onMounted(() => this.measure());
        onWillUnmount(() => observer.disconnect());
    }

    measure() {
        const width = this.drawing.el?.clientWidth || 0;
        if (width !== this.state.width) {
            this.state.width = width;
        }
    }

    // What the record says

    get data() {
        return this.props.record.data;
    }

    get histogram() {
        return this.data.limits_histogram || null;
    }

    get hasSteps() {
        return Boolean(this.histogram?.steps?.value.length);
    }

    get isOtherMetric() {
        return this.histogram.metric !== this.data.value_metric;
    }

    get method() {
        return this.data.tier_method;
    }

    /** Lines of the form, the best tier first. */
    get lines() {
        const order = this.histogram?.tiers.map((tier) => tier.id) || [];
        const place = (line) => order.indexOf(line.data.tier_id.id);
        return this.data.tier_ids.records
            .filter((line) => line.data.tier_id && place(line) >= 0)
            .sort((one, other) => place(one) - place(other));
    }

    get lineSignature() {
        return JSON.stringify(
            this.lines.map((line) => [line.data.tier_id.id, line.data.limit])
        );
    }

    /** Whether the rules of the value differ from those of the histogram's run, on the
     * server or in what is not saved yet. */
    get isStale() {
        const { is_stale: isStale, rules } = this.histogram;
        return isStale || differs(rules, this.data);
    }

    get canApply() {
        return this.data.state === "draft" && !this.props.readonly;
    }

    get hasMoved() {
        return (
            this.state.method !== this.method ||
            this.lineCuts().some((cut, place) => cut !== this.state.cuts[place])
        );
    }

    get isTooFew() {
        return (
            this.method === "top_percent" &&
            this.histogram.buyers < Math.max(this.data.min_customers || 0, 1)
        );
    }

    get isApproximate() {
        return this.state.isExact.includes(false);
    }

    lineCuts() {
        return this.lines
            .slice(0, -1)
            .map((line) => cutOf(this.histogram, this.method, line.data.limit).cut);
    }

    /** Put the handles where the lines of the form say. */
    readLines() {
        if (!this.hasSteps) {
            return;
        }
        const found = this.lines
            .slice(0, -1)
            .map((line) => cutOf(this.histogram, this.method, line.data.limit));
        this.state.cuts = found.map(({ cut }) => cut);
        this.state.isExact = found.map(({ isExact }) => isExact);
        this.state.method = this.method;
    }

    /** With another method of finding limits, the same customers are in. */
    keepCuts() {
        if (this.hasSteps && this.state.method && this.state.method !== this.method) {
            this.state.cuts = fittingCuts(this.histogram, this.method, this.state.cuts);
        }
    }

    /** What the lines of the form would say, the best tier first. */
    get limits() {
        const limits = this.state.cuts.map((_, place) => this.shownLimit(place));
        const last = this.lines.at(-1).data.limit;
        return [...limits, this.lastLimit(last, limits.at(-1))];
    }

    /** Whether each tier has a limit of its own; too few different values leave
     * handles without a place. */
    get isPossible() {
        return this.limits.every((limit) => limit !== null);
    }

    // What is drawn

    get tiers() {
        const totals = tierTotals(this.histogram, this.state.cuts);
        const all = totals.reduce(
            (sum, total) => ({
                customers: sum.customers + total.customers,
                revenue: sum.revenue + total.revenue,
            }),
            { customers: 0, revenue: 0 }
        );
        return this.lines.slice(0, totals.length).map((line, place) => ({
            id: line.data.tier_id.id,
            name: line.data.tier_id.display_name,
            color: this.colorOf(line),
            limit: this.limitText(place, totals.length),
            customers: formatInteger(totals[place].customers),
            customerShare: this.share(totals[place].customers, all.customers),
            customerDelta: this.delta(place, totals, "customers"),
            revenue: this.money(totals[place].revenue),
            revenueShare: this.share(totals[place].revenue, all.revenue),
            revenueDelta: this.delta(place, totals, "revenue"),
        }));
    }

    colorOf(line) {
        const tier = this.histogram.tiers.find(({ id }) => id === line.data.tier_id.id);
        return tier?.color || 0;
    }

    limitText(place, count) {
        if (place === count - 1) {
            return _t("everybody else");
        }
        const cut = this.state.cuts[place];
        if (cut < 0) {
            return _t("above everybody");
        }
        const limit = this.shownLimit(place);
        return this.method === "top_percent"
            ? _t("best %s", formatPercentage(limit / 100))
            : _t("from %s", this.value(limit));
    }

    /** The line's own limit as long as its handle has not been moved. */
    shownLimit(place) {
        const { cuts, method } = this.state;
        const own = this.lines[place].data.limit;
        const isUnmoved =
            method === this.method &&
            cutOf(this.histogram, method, own).cut === cuts[place];
        return isUnmoved ? own : limitAt(this.histogram, this.method, cuts[place]);
    }

    value(number) {
        return this.histogram.metric === "score"
            ? formatFloat(number, { digits: [0, 1], trailingZeros: false })
            : this.money(number, false);
    }

    money(amount, isRounded = true) {
        const currencyId = this.data.currency_id?.id;
        const isWhole = isRounded || Number.isInteger(amount);
        return formatCurrency(amount, currencyId, isWhole ? { digits: [0, 0] } : {});
    }

    share(part, whole) {
        if (!(whole > 0)) {
            return "";
        }
        return formatPercentage(part / whole, { digits: [0, 1], trailingZeros: true });
    }

    delta(place, totals, name) {
        const difference = totals[place][name] - (this.state.baseline[place]?.[name] ?? NaN);
        const format = (n) => (name === "customers" ? formatInteger(n) : this.money(n));
        const size = format(Math.abs(difference));
        if (Number.isNaN(difference) || size === format(0)) {
            return "";
        }
        return `${difference > 0 ? "+" : "−"}${size}`;
    }

    get handles() {
        const last = this.lines.length - 1;
        return this.lines.slice(0, last).map((line, place) => {
            const cut = this.state.cuts[place];
            const range = bounds(this.histogram, this.method, this.state.cuts, place);
            const name = line.data.tier_id.display_name;
            return {
                id: line.data.tier_id.id,
                place,
                name,
                color: this.colorOf(line),
                x: cutOnAxis(this.histogram, this.method, cut) * this.state.width,
                label: _t("Limit of %s", name),
                // The axis rises to the right, steps fall: sliders count from the left.
                now: -cut,
                min: -range.last,
                max: -range.first,
                text: `${name}: ${this.limitText(place, last + 1)}`,
            };
        });
    }

    /** Rectangles of the bars, cut where a tier begins and in the tier's color. */
    get pieces() {
        const { customers } = this.histogram.bars;
        const highest = Math.max(...customers, 1);
        const width = this.state.width / customers.length;
        const zones = this.zones;
        return customers.flatMap((count, bar) => {
            if (!count) {
                return [];
            }
            // Who is alone must be seen too.
            const height = Math.max(2, (count / highest) * (this.height - 14));
            const [left, right] = [bar * width + 0.5, (bar + 1) * width - 0.5];
            return zones
                .map((zone) => ({
                    x: Math.max(left, zone.left),
                    end: Math.min(right, zone.right),
                    color: zone.color,
                    key: `${bar}-${zone.id}`,
                    y: this.height - height,
                    height,
                }))
                .filter((piece) => piece.end > piece.x)
                .map((piece) => ({ ...piece, width: piece.end - piece.x }));
        });
    }

    /** From where to where each tier reaches, in pixels. */
    get zones() {
        const edges = [this.state.width, ...this.handles.map((handle) => handle.x), 0];
        return this.lines.map((line, place) => ({
            id: line.data.tier_id.id,
            name: line.data.tier_id.display_name,
            color: this.colorOf(line),
            right: edges[place],
            left: edges[place + 1],
        }));
    }

    get labels() {
        const count = Math.max(2, Math.floor(this.state.width / 90));
        return ticks(this.histogram.bars, count)
            .map((value) => ({
                value,
                x: toAxis(this.histogram.bars, value) * this.state.width,
                text: this.axisText(value),
            }))
            .map((label) => ({ ...label, anchor: this.anchor(label.x) }));
    }

    anchor(x) {
        if (x < 20) {
            return "start";
        }
        return x > this.state.width - 20 ? "end" : "middle";
    }

    axisText(value) {
        return this.histogram.metric === "score"
            ? formatFloat(value, { digits: [0, 0] })
            : formatCurrency(value, this.data.currency_id?.id, {
                  humanReadable: true,
                  digits: [0, 0],
              });
    }

    /** Who is in no bar. */
    get othersText() {
        const { lapsed, nothing, rules, unrated } = this.histogram;
        const numbers = {
            lapsed: formatInteger(lapsed.customers),
            nothing: formatInteger(nothing?.customers ?? 0),
            unrated: formatInteger(unrated.customers),
        };
        if (nothing?.customers) {
            return _t(
                "Not drawn: %(nothing)s customers with a value of 0 or less, who have a tier of their own, and %(unrated)s who are not rated.",
                numbers
            );
        }
        if (rules.share_of === "positive") {
            return _t(
                "Not drawn: %(lapsed)s customers with a value of 0 or less, who are in the lowest tier, and %(unrated)s who are not rated.",
                numbers
            );
        }
        return _t(
            "Not drawn: %(lapsed)s customers who bought nothing in the window and are in the lowest tier, and %(unrated)s who are not rated.",
            numbers
        );
    }

    get hint() {
        const day = formatDate(deserializeDate(this.histogram.as_of_date));
        return _t(
            "Customers by value, as of %s. Drag a limit, or select it and use the arrow keys.",
            day
        );
    }

    // What is done

    moveTo(place, wanted) {
        this.state.cuts[place] = allowedCut(
            this.histogram,
            this.method,
            this.state.cuts,
            place,
            wanted
        );
        this.state.isExact[place] = true;
    }

    onKeydown(ev, place) {
        const by = KEYS[ev.key];
        if (by === undefined) {
            return;
        }
        ev.preventDefault();
        ev.stopPropagation();
        const size = this.histogram.steps.value.length;
        const count = Math.max(-size, Math.min(size, by));
        this.moveTo(place, movedCut(this.histogram, this.method, this.state.cuts, place, count));
    }

    onPointerdown(ev, place) {
        if (ev.button) {
            return;
        }
        ev.preventDefault();
        ev.currentTarget.setPointerCapture(ev.pointerId);
        ev.currentTarget.focus();
        this.state.dragged = place;
    }

    onPointermove(ev, place) {
        if (this.state.dragged !== place) {
            return;
        }
        const box = this.drawing.el.getBoundingClientRect();
        const onAxis = (ev.clientX - box.left) / box.width;
        this.moveTo(place, cutAtAxis(this.histogram, onAxis));
    }

    onPointerup() {
        this.state.dragged = -1;
    }

    /** Write the limits into the lines of the form; the user saves. */
    async apply() {
        const { lines, limits } = this;
        const hasOtherUnit = this.state.method !== this.method;
        await this.data.tier_ids.leaveEditMode();
        const emptied = [];
        for (const [place, line] of lines.entries()) {
            const keep = line.data.keep_limit;
            const isKeepWrong = keep && (hasOtherUnit || !this.fits(keep, limits[place]));
            if (isKeepWrong) {
                emptied.push(line.data.tier_id.display_name);
            }
            if (isKeepWrong || line.data.limit !== limits[place]) {
                await line.update({
                    limit: limits[place],
                    ...(isKeepWrong ? { keep_limit: 0 } : {}),
                });
            }
        }
        this.readLines();
        if (emptied.length) {
            this.notification.add(
                _t(
                    "The keep limit no longer fits and was emptied: %s. The tolerance of the policy holds instead.",
                    emptied.join(", ")
                ),
                { type: "warning" }
            );
        }
    }

    /** Whether a tier is kept further down than it is entered. */
    fits(keep, limit) {
        return this.method === "top_percent" ? keep >= limit : keep <= limit;
    }

    /** The last tier takes the rest, but its number must come after the others. */
    lastLimit(own, before) {
        if (this.method === "top_percent") {
            return own > (before ?? 0) && own <= 100 ? own : 100;
        }
        return own < (before ?? Infinity) ? own : Math.min(0, Math.floor(before) - 1);
    }

    async preview() {
        const { record } = this.props;
        if (await record.save()) {
            await this.action.doActionButton({
                type: "object",
                name: "action_preview",
                resModel: record.resModel,
                resId: record.resId,
                context: record.context,
            });
        }
    }
}

export const classificationLimits = {
    component: ClassificationLimits,
    fieldDependencies: [
        { name: "limits_histogram", type: "json" },
        { name: "tier_method", type: "selection" },
        { name: "value_metric", type: "selection" },
        { name: "min_customers", type: "integer" },
        { name: "state", type: "selection" },
    ],
};

registry.category("view_widgets").add("classification_limits", classificationLimits);
