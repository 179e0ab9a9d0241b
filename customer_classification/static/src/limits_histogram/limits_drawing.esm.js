/**
 * Where the parts of the histogram are drawn, in pixels, without a screen.
 *
 * Steps fall and the axis rises: the best tier, the first one, is on the right.
 */

import {bounds, cutOnAxis, ticks, toAxis} from "./limits.esm";

export const HEIGHT = 150;
const TOP = 14;
const LABEL = 90;
const EDGE = 20;

/** The handle of each tier but the last: where it is drawn, and its range as a slider
 * that counts from the left. */
export function handlePlaces(histogram, method, cuts, width) {
    return cuts.map((cut, place) => {
        const {first, last} = bounds(histogram, method, cuts, place);
        return {
            x: cutOnAxis(histogram, method, cut) * width,
            now: -cut,
            min: -last,
            max: -first,
        };
    });
}

/** From where to where each tier reaches. */
export function zonesOf(handles, width) {
    const edges = [width, ...handles.map(({x}) => x), 0];
    return edges.slice(1).map((left, place) => ({left, right: edges[place]}));
}

/** Rectangles of the bars, cut where a tier begins; `zone` is the place of the tier. */
export function piecesOf(customers, zones, width) {
    const highest = Math.max(...customers, 1);
    const size = width / customers.length;
    return customers.flatMap((count, bar) => {
        if (!count) {
            return [];
        }
        // A single customer must be visible too.
        const height = Math.max(2, (count / highest) * (HEIGHT - TOP));
        const [start, end] = [bar * size + 0.5, (bar + 1) * size - 0.5];
        return zones
            .map(({left, right}, zone) => ({
                key: `${bar}-${zone}`,
                zone,
                x: Math.max(start, left),
                width: Math.min(end, right) - Math.max(start, left),
                y: HEIGHT - height,
                height,
            }))
            .filter((piece) => piece.width > 0);
    });
}

function anchorAt(x, width) {
    if (x < EDGE) {
        return "start";
    }
    return x > width - EDGE ? "end" : "middle";
}

/** Values at the axis, as many as find room. */
export function labelsOf(bars, width) {
    const count = Math.max(2, Math.floor(width / LABEL));
    return ticks(bars, count).map((value) => {
        const x = toAxis(bars, value) * width;
        return {value, x, anchor: anchorAt(x, width)};
    });
}
