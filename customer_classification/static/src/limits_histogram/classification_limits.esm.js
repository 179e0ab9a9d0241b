import {
    Component,
    onMounted,
    onWillUnmount,
    useEffect,
    useRef,
    useState,
} from "@odoo/owl";
import {HEIGHT, handlePlaces, labelsOf, piecesOf, zonesOf} from "./limits_drawing.esm";
import {LimitsState, differs} from "./limits_state.esm";
import {deserializeDate, formatDate} from "@web/core/l10n/dates";
import {
    formatFloat,
    formatInteger,
    formatPercentage,
} from "@web/views/fields/formatters";
import {_t} from "@web/core/l10n/translation";
import {cutAtAxis} from "./limits.esm";
import {formatCurrency} from "@web/core/currency";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";
import {useService} from "@web/core/utils/hooks";

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

/** The limits of a policy's tiers, to be moved on a histogram of the customers. Counts
 * and money of each tier follow at once, out of the last run's numbers: nothing is
 * asked of the server. */
export class ClassificationLimits extends Component {
    static template = "customer_classification.ClassificationLimits";
    static props = {...standardWidgetProps};

    setup() {
        this.action = useService("action");
        this.notification = useService("notification");
        this.drawing = useRef("drawing");
        this.height = HEIGHT;
        this.limits = useState(new LimitsState(() => this.form));
        this.state = useState({width: 0, dragged: -1});
        useEffect(
            () => this.limits.readLines(),
            () => [this.lineSignature, this.histogram?.run_id, this.histogram?.metric]
        );
        useEffect(
            () => this.limits.keepCuts(),
            () => [this.method]
        );
        useEffect(
            (isDirty) => this.limits.rememberBaseline(isDirty),
            () => [
                this.props.record.dirty,
                this.props.record.resId,
                this.histogram?.run_id,
            ]
        );
        this.followWidth();
    }

    followWidth() {
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
        return this.limits.hasSteps;
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

    /** What the limits are tried on. */
    get form() {
        const lines = this.lines.map(({data}) => ({
            id: data.tier_id.id,
            limit: data.limit,
            keepLimit: data.keep_limit,
        }));
        return {histogram: this.histogram, method: this.method, lines};
    }

    get lineSignature() {
        return JSON.stringify(
            this.lines.map((line) => [line.data.tier_id.id, line.data.limit])
        );
    }

    /** Whether the rules of the value differ from those of the histogram's run, on the
     * server or in what is not saved yet. */
    get isStale() {
        const {is_stale: isStale, rules} = this.histogram;
        return isStale || differs(rules, this.data);
    }

    get canApply() {
        return this.data.state === "draft" && !this.props.readonly;
    }

    get isTooFew() {
        return (
            this.method === "top_percent" &&
            this.histogram.buyers < Math.max(this.data.min_customers || 0, 1)
        );
    }

    // What is drawn

    /** Place, name and color of each tier. */
    get heads() {
        const colors = Object.fromEntries(
            this.histogram.tiers.map(({id, color}) => [id, color])
        );
        return this.lines.map(({data: {tier_id: tier}}, place) => ({
            place,
            id: tier.id,
            name: tier.display_name,
            color: colors[tier.id] || 0,
        }));
    }

    get places() {
        // A line may have come or gone since the cuts were found.
        const cuts = this.limits.cuts.slice(0, this.lines.length - 1);
        return handlePlaces(this.histogram, this.method, cuts, this.state.width);
    }

    get handles() {
        const heads = this.heads;
        return this.places.map((handle, place) => ({
            ...heads[place],
            ...handle,
            label: _t("Limit of %s", heads[place].name),
            text: _t("%(label)s: %(text)s", {
                label: heads[place].name,
                text: this.limitText(place, heads.length),
            }),
        }));
    }

    get zones() {
        const heads = this.heads;
        return zonesOf(this.places, this.state.width).map((zone, place) => ({
            ...heads[place],
            ...zone,
        }));
    }

    get pieces() {
        const zones = this.zones;
        return piecesOf(this.histogram.bars.customers, zones, this.state.width).map(
            (piece) => ({...piece, color: zones[piece.zone].color})
        );
    }

    get labels() {
        return labelsOf(this.histogram.bars, this.state.width).map((label) => ({
            ...label,
            text: this.axisText(label.value),
        }));
    }

    // What is written

    get tiers() {
        const totals = this.limits.totals;
        const sum = (name) => totals.reduce((all, total) => all + total[name], 0);
        const [customers, revenue] = [sum("customers"), sum("revenue")];
        return this.heads.slice(0, totals.length).map((head, place) => ({
            ...head,
            limit: this.limitText(place, totals.length),
            customers: formatInteger(totals[place].customers),
            customerShare: this.share(totals[place].customers, customers),
            customerDelta: this.delta(place, totals, "customers"),
            revenue: this.money(totals[place].revenue),
            revenueShare: this.share(totals[place].revenue, revenue),
            revenueDelta: this.delta(place, totals, "revenue"),
        }));
    }

    limitText(place, count) {
        if (place === count - 1) {
            return _t("everybody else");
        }
        if (this.limits.cuts[place] < 0) {
            return _t("above everybody");
        }
        const limit = this.limits.shownLimit(place);
        return this.method === "top_percent"
            ? _t("best %s", formatPercentage(limit / 100))
            : _t("from %s", this.value(limit));
    }

    value(number) {
        return this.histogram.metric === "score"
            ? formatFloat(number, {digits: [0, 1], trailingZeros: false})
            : this.money(number, false);
    }

    money(amount, isRounded = true) {
        const currencyId = this.data.currency_id?.id;
        const isWhole = isRounded || Number.isInteger(amount);
        return formatCurrency(amount, currencyId, isWhole ? {digits: [0, 0]} : {});
    }

    share(part, whole) {
        if (!(whole > 0)) {
            return "";
        }
        return formatPercentage(part / whole, {digits: [0, 1], trailingZeros: true});
    }

    delta(place, totals, name) {
        const before = this.limits.baseline[place]?.[name] ?? NaN;
        const difference = totals[place][name] - before;
        const format = (n) => (name === "customers" ? formatInteger(n) : this.money(n));
        const size = format(Math.abs(difference));
        if (Number.isNaN(difference) || size === format(0)) {
            return "";
        }
        return `${difference > 0 ? "+" : "−"}${size}`;
    }

    axisText(value) {
        return this.histogram.metric === "score"
            ? formatFloat(value, {digits: [0, 0]})
            : formatCurrency(value, this.data.currency_id?.id, {
                  humanReadable: true,
                  digits: [0, 0],
              });
    }

    /** Who is in no bar. */
    get othersText() {
        const {lapsed, nothing, rules, unrated} = this.histogram;
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

    onKeydown(ev, place) {
        const by = KEYS[ev.key];
        if (by === undefined) {
            return;
        }
        ev.preventDefault();
        ev.stopPropagation();
        this.limits.moveBy(place, by);
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
        this.limits.moveTo(place, cutAtAxis(this.histogram, onAxis));
    }

    onPointerup() {
        this.state.dragged = -1;
    }

    reset() {
        this.limits.readLines();
    }

    /** Write the limits into the lines of the form; the user saves. */
    async apply() {
        const {heads, lines} = this;
        const {updates} = this.limits;
        await this.data.tier_ids.leaveEditMode();
        for (const [place, values] of updates.entries()) {
            if (Object.keys(values).length) {
                await lines[place].update(values);
            }
        }
        this.limits.readLines();
        const emptied = heads.filter(({place}) => "keep_limit" in updates[place]);
        if (emptied.length) {
            this.notification.add(
                _t(
                    "The keep limit no longer fits and was emptied: %s. The tolerance of the policy holds instead.",
                    emptied.map(({name}) => name).join(", ")
                ),
                {type: "warning"}
            );
        }
    }

    async preview() {
        const {record} = this.props;
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
        {name: "limits_histogram", type: "json"},
        {name: "tier_method", type: "selection"},
        {name: "value_metric", type: "selection"},
        {name: "min_customers", type: "integer"},
        {name: "state", type: "selection"},
    ],
};

registry.category("view_widgets").add("classification_limits", classificationLimits);
