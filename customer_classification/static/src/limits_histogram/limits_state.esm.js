/**
 * The limits of tiers while somebody tries them on a histogram, without a screen.
 *
 * What the form says comes from a function that returns `{histogram, method, lines}`: the
 * histogram of the last run, the way in which limits are entered, and the tiers, the best
 * one first, as `{id, limit, keepLimit}`. What is tried are cuts, see `limits.esm.js`.
 */

import {
    allowedCut,
    cutOf,
    fittingCuts,
    limitAt,
    movedCut,
    tierTotals,
} from "./limits.esm";

/** Whether two values of a form differ. What the form has not loaded, or holds as
 * something else, counts as equal. */
function valueDiffers(value, own) {
    if (Array.isArray(value)) {
        // eslint-disable-next-line no-use-before-define -- they call each other
        return linesDiffer(value, own?.records);
    }
    return typeof own === typeof value && own !== value;
}

/** Whether any of the values is another one in the data of a record. */
export function differs(values, data) {
    return Object.entries(values).some(([name, value]) =>
        valueDiffers(value, data[name])
    );
}

function linesDiffer(lines, records) {
    if (!records) {
        return false;
    }
    const byMetric = Object.fromEntries(records.map(({data}) => [data.metric, data]));
    return (
        lines.length !== records.length ||
        lines.some(
            (line) => !byMetric[line.metric] || differs(line, byMetric[line.metric])
        )
    );
}

/** Whether a tier is kept further down than it is entered. */
export function keepLimitFits(method, keepLimit, limit) {
    return method === "top_percent" ? keepLimit >= limit : keepLimit <= limit;
}

/** The last tier takes the rest, but its number must come after the one before. */
export function lastLimit(method, own, before) {
    if (method === "top_percent") {
        return own > (before ?? 0) && own <= 100 ? own : 100;
    }
    return own < (before ?? Infinity) ? own : Math.min(0, Math.floor(before) - 1);
}

export class LimitsState {
    cuts = [];
    isExact = [];
    /** The method for which the cuts were found. */
    foundBy = "";
    /** Customers and revenue of the tiers before anything was tried. */
    baseline = [];

    constructor(readForm) {
        this.readForm = readForm;
    }

    get histogram() {
        return this.readForm().histogram;
    }

    get method() {
        return this.readForm().method;
    }

    get lines() {
        return this.readForm().lines;
    }

    get hasSteps() {
        return Boolean(this.histogram?.steps?.value.length);
    }

    /** Cuts of the lines that have one, as the form has them. */
    get lineCuts() {
        const {histogram, method, lines} = this.readForm();
        return lines.slice(0, -1).map(({limit}) => cutOf(histogram, method, limit));
    }

    // Following the form

    /** Put the handles where the lines of the form say. */
    readLines() {
        if (this.hasSteps) {
            const found = this.lineCuts;
            this.cuts = found.map(({cut}) => cut);
            this.isExact = found.map(({isExact}) => isExact);
            this.foundBy = this.method;
        }
    }

    /** With another method, keep the same customers in, as well as it can. */
    keepCuts() {
        if (this.hasSteps && this.foundBy && this.foundBy !== this.method) {
            this.cuts = fittingCuts(this.histogram, this.method, this.cuts);
        }
    }

    /** Compare with the saved limits from now on, unless a comparison is under way. */
    rememberBaseline(isDirty) {
        if (this.hasSteps && !(isDirty && this.baseline.length)) {
            const cuts = this.lineCuts.map(({cut}) => cut);
            this.baseline = tierTotals(this.histogram, cuts);
        }
    }

    // Moving

    moveTo(place, wanted) {
        const {histogram, method} = this.readForm();
        this.cuts[place] = allowedCut(histogram, method, this.cuts, place, wanted);
        this.isExact[place] = true;
    }

    /** Move by so many steps; by infinitely many to the end. */
    moveBy(place, by) {
        const {histogram, method} = this.readForm();
        const size = histogram.steps.value.length;
        const count = Math.max(-size, Math.min(size, by));
        this.moveTo(place, movedCut(histogram, method, this.cuts, place, count));
    }

    // What is tried

    get totals() {
        return tierTotals(this.histogram, this.cuts);
    }

    get hasMoved() {
        return (
            this.foundBy !== this.method ||
            this.lineCuts.some(({cut}, place) => cut !== this.cuts[place])
        );
    }

    get isApproximate() {
        return this.isExact.includes(false);
    }

    /** The line's own limit as long as its handle has not been moved. */
    shownLimit(place) {
        const {histogram, method, lines} = this.readForm();
        const own = lines[place].limit;
        const isUnmoved =
            this.foundBy === method &&
            cutOf(histogram, method, own).cut === this.cuts[place];
        return isUnmoved ? own : limitAt(histogram, method, this.cuts[place]);
    }

    /** What the lines of the form would say. */
    get limits() {
        // A line may have come or gone since the cuts were found.
        const cuts = this.cuts.slice(0, this.lines.length - 1);
        const limits = cuts.map((_, place) => this.shownLimit(place));
        const own = this.lines.at(-1).limit;
        return [...limits, lastLimit(this.method, own, limits.at(-1))];
    }

    /** Whether each tier has a limit of its own; too few different values leave
     * handles without a place. */
    get isPossible() {
        return this.limits.every((limit) => limit !== null);
    }

    /** Values to write into each line; a keep limit that no longer fits is emptied. */
    get updates() {
        const {method, lines} = this.readForm();
        const hasOtherUnit = this.foundBy !== method;
        return this.limits.map((limit, place) => {
            const {limit: own, keepLimit} = lines[place];
            const isWrong =
                Boolean(keepLimit) &&
                (hasOtherUnit || !keepLimitFits(method, keepLimit, limit));
            if (isWrong) {
                return {limit, keep_limit: 0};
            }
            return limit === own ? {} : {limit};
        });
    }
}
