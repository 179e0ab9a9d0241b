/**
 * Where tiers begin in a histogram of customers, without a screen.
 *
 * A histogram has steps, the best value first; with each step stands how many
 * customers are at or above it (see `engine/histogram.py`). A tier's *cut* is the
 * place of the last step that is in; -1 when nobody is. Tiers are in order, the best
 * first; the last one has no cut, it takes the rest.
 */

/** What a limit is called in the steps, by the method of the policy. */
const NUMBERS = {top_percent: "percent", limit: "limit"};

/** The limit that, by a method, puts the cut here; null when none does. */
export function limitAt({steps}, method, cut) {
    return steps[NUMBERS[method]][cut] ?? null;
}

/** Of how many of the buyers a top share is, where no two have the same value. The same
 * arithmetic as the engine's, without the dust that percents have in binary. */
function shareCount(percent, buyerCount) {
    const place = ((buyerCount - 1) * (100 - percent)) / 100;
    return buyerCount - 1 - Math.floor(Number(place.toFixed(9)));
}

/** Place of the last of the steps for which something holds; -1 for none. */
function lastStep(steps, holds) {
    let [low, high] = [0, steps.value.length];
    while (low < high) {
        const middle = (low + high) >> 1;
        [low, high] = holds(middle) ? [middle + 1, high] : [low, middle];
    }
    return low - 1;
}

/** `{cut, isExact}` of a limit; not exact when customers lie between it and a step. */
export function cutOf(histogram, method, limit) {
    const {steps} = histogram;
    if (!steps.value.length) {
        return {cut: -1, isExact: true};
    }
    if (method === "limit") {
        const cut = lastStep(steps, (step) => steps.value[step] >= limit);
        const isExact =
            cut < 0 || cut === steps.value.length - 1 || limit > steps.below[cut];
        return {cut, isExact};
    }
    const buyers = shareCount(limit, histogram.buyers);
    if (histogram.ties === "in") {
        const cut = lastStep(steps, (step) => steps.buyers[step] < buyers) + 1;
        const isExact = cut === 0 || steps.next_buyers[cut - 1] >= buyers;
        return {cut: Math.min(cut, steps.value.length - 1), isExact};
    }
    const cut = lastStep(steps, (step) => steps.buyers[step] <= buyers);
    const isExact =
        cut < 0 ? buyers < steps.buyers[0] : buyers < steps.next_buyers[cut];
    return {cut, isExact: isExact || cut === steps.value.length - 1};
}

/** The first and the last cut that a tier may have beside its neighbours. */
export function bounds(histogram, method, cuts, place) {
    const first = Math.max(0, (cuts[place - 1] ?? -1) + 1);
    let last = (cuts[place + 1] ?? histogram.steps.value.length) - 1;
    while (last > first && limitAt(histogram, method, last) === null) {
        last--;
    }
    return {first, last};
}

/** The cut nearest to `wanted` that the tier at a place may have: between those of its
 * neighbours, and where the method has a number for it. */
export function allowedCut(histogram, method, cuts, place, wanted) {
    const {first, last} = bounds(histogram, method, cuts, place);
    if (first > last) {
        return cuts[place];
    }
    const clamped = Math.max(first, Math.min(last, wanted));
    for (let away = 0; away <= last - first; away++) {
        for (const cut of [clamped - away, clamped + away]) {
            if (
                cut >= first &&
                cut <= last &&
                limitAt(histogram, method, cut) !== null
            ) {
                return cut;
            }
        }
    }
    return cuts[place];
}

/** The same cuts, or the nearest ones for which a method has numbers. */
export function fittingCuts(histogram, method, cuts) {
    const size = histogram.steps.value.length;
    const fitting = [];
    for (const cut of cuts) {
        let place = Math.max(cut, (fitting.at(-1) ?? -1) + 1);
        while (place < size - 1 && limitAt(histogram, method, place) === null) {
            place++;
        }
        fitting.push(place);
    }
    return fitting;
}

/** The cut that is so many steps away, over those without a number. */
export function movedCut(histogram, method, cuts, place, by) {
    const {first, last} = bounds(histogram, method, cuts, place);
    let cut = cuts[place];
    const direction = Math.sign(by);
    for (let left = Math.abs(by); left > 0; ) {
        const next = cut + direction;
        if (next < first || next > last) {
            break;
        }
        cut = next;
        left -= limitAt(histogram, method, cut) === null ? 0 : 1;
    }
    return allowedCut(histogram, method, cuts, place, cut);
}

/** `{customers, revenue}` of each tier: who is above its cut and not in a better one;
 * the last tier also has who bought nothing in the window. */
export function tierTotals(histogram, cuts) {
    const {steps, lapsed} = histogram;
    const above = (name) => (cut) => (cut < 0 ? 0 : (steps[name][cut] ?? 0));
    const last = steps.value.length - 1;
    const totals = {};
    for (const name of ["customers", "revenue"]) {
        const reached = [...cuts, last].map(above(name));
        const parts = reached.map((sum, place) => sum - (reached[place - 1] ?? 0));
        parts[parts.length - 1] += lapsed[name] ?? 0;
        totals[name] = parts;
    }
    return totals.customers.map((customers, place) => ({
        customers,
        revenue: totals.revenue[place],
    }));
}

/** From a value to its place on the axis, 0 left to 1 right; may lie outside. */
export function toAxis(bars, value) {
    const drawn = bars.scale === "log" ? Math.asinh(value / bars.unit) : value;
    return (drawn - bars.low) / (bars.high - bars.low);
}

/** From a place on the axis to the value there. */
export function fromAxis(bars, place) {
    const drawn = bars.low + place * (bars.high - bars.low);
    return bars.scale === "log" ? Math.sinh(drawn) * bars.unit : drawn;
}

/** Where on the axis a cut is drawn: at the limit, or, for shares, between the values
 * on its two sides. */
export function cutOnAxis(histogram, method, cut) {
    const {steps, bars} = histogram;
    if (cut < 0) {
        return 1;
    }
    const value = steps.value[cut];
    const limit = steps.limit[cut] ?? value;
    if (method === "limit") {
        return Math.max(0, Math.min(1, toAxis(bars, limit)));
    }
    const below = steps.below[cut] ?? value;
    const middle = (toAxis(bars, value) + toAxis(bars, below)) / 2;
    return Math.max(0, Math.min(1, middle));
}

/** The cut at a place on the axis. */
export function cutAtAxis(histogram, place) {
    const value = fromAxis(histogram.bars, place);
    const {steps} = histogram;
    return lastStep(steps, (step) => steps.value[step] >= value);
}

/** Zero and the powers of ten on both sides of it, those from about the unit on. */
function decades(low, high, unit) {
    const largest = Math.max(Math.abs(low), Math.abs(high));
    const powers = [];
    for (let e = Math.floor(Math.log10(unit)); 10 ** e <= largest; e++) {
        powers.push(10 ** e);
    }
    const all = [...powers.map((power) => -power).reverse(), 0, ...powers];
    return all.filter((value) => value >= low && value <= high);
}

function thinOut(values, count) {
    const every = Math.ceil(values.length / count);
    return values.filter((_, place) => (values.length - 1 - place) % every === 0);
}

/** Round values for the labels of the axis, about `count` of them, rising. */
export function ticks(bars, count) {
    const [low, high] = [fromAxis(bars, 0), fromAxis(bars, 1)];
    if (bars.scale === "log") {
        return thinOut(decades(low, high, bars.unit), count);
    }
    const rough = (high - low) / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((s) => s >= rough);
    const found = [];
    for (let number = Math.ceil(low / step); number * step <= high; number++) {
        found.push(Number((number * step).toPrecision(12)));
    }
    return found;
}
