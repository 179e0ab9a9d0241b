/** Places of a reliability diagram, without any text.
 *
 * A group has `customers`, `buyers`, and shares from 0 to 1: `predicted`, `rate`, `low`
 * and `high`. The plot is a square of `SIZE`; 0 is at the bottom left.
 */

export const SIZE = 300;

const across = (share) => share * SIZE;
const up = (share) => (1 - share) * SIZE;

/** Where a group is drawn, and whether chance explains what happened in it. */
export function place(group) {
    return {
        ...group,
        x: across(group.predicted),
        y: up(group.rate),
        top: up(group.high),
        bottom: up(group.low),
        isOff: group.predicted < group.low || group.predicted > group.high,
    };
}

/** Marks of both axes, in shares of a hundred. */
export function marks() {
    return [0, 20, 40, 60, 80, 100].map((share) => ({
        share,
        x: across(share / 100),
        y: up(share / 100),
    }));
}

/** A share in whole parts of a hundred; an interval is rounded outwards. */
export function hundredths({predicted, low, high}) {
    const slack = 1e-9;
    return {
        predicted: Math.round(100 * predicted),
        low: Math.floor(100 * low + slack),
        high: Math.ceil(100 * high - slack),
    };
}
