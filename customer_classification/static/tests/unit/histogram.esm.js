/**
 * Ten buyers with the values 100, 80, 80, 50, 50, 50, 20, 20, 20 and 10, and three who
 * bought nothing in the window, as the engine tells them to the browser.
 */
export function histogram(values = {}) {
    return {
        metric: "revenue",
        buyers: 10,
        ties: "out",
        steps: {
            value: [100, 80, 50, 20, 10],
            below: [80, 50, 20, 10, null],
            limit: [100, 80, 50, 20, 10],
            percent: [20, 50, 80, 90, null],
            buyers: [1, 3, 6, 9, 10],
            next_buyers: [3, 6, 9, 10, 10],
            customers: [1, 3, 6, 9, 10],
            revenue: [100, 260, 410, 470, 480],
        },
        lapsed: {customers: 3, revenue: 5},
        bars: {scale: "linear", unit: 1, low: 0, high: 100, customers: [4, 3, 0, 3]},
        ...values,
    };
}

/** The same, where not every value is a step: customers lie between 100 and 50. */
export function thinnedHistogram() {
    const steps = {
        value: [100, 50, 10],
        below: [80, 20, null],
        limit: [100, 50, 10],
        percent: [20, 80, null],
        buyers: [1, 6, 10],
        next_buyers: [3, 9, 10],
        customers: [1, 6, 10],
        revenue: [100, 410, 480],
    };
    return histogram({steps});
}
