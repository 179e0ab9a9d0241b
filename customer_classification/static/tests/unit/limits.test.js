import {
    allowedCut,
    bounds,
    cutAtAxis,
    cutOf,
    cutOnAxis,
    fittingCuts,
    fromAxis,
    limitAt,
    movedCut,
    ticks,
    tierTotals,
    toAxis,
} from "@customer_classification/limits_histogram/limits.esm";
import {describe, expect, test} from "@odoo/hoot";
import {histogram, thinnedHistogram} from "./histogram.esm";

describe.current.tags("headless");

const LOG = {scale: "log", unit: 10, low: 0, high: Math.asinh(20000)};

/** A histogram in which no share of two decimals ends at the second step. */
function gappedHistogram() {
    const found = histogram();
    found.steps.percent[1] = null;
    return found;
}

describe("cut of a limit", () => {
    test("fixed limits let in who reaches them", () => {
        expect(cutOf(histogram(), "limit", 80)).toEqual({cut: 1, isExact: true});
        expect(cutOf(histogram(), "limit", 60)).toEqual({cut: 1, isExact: true});
        expect(cutOf(histogram(), "limit", 80.01)).toEqual({cut: 0, isExact: true});
    });

    test("nobody is above the highest value, everybody above the lowest", () => {
        expect(cutOf(histogram(), "limit", 101)).toEqual({cut: -1, isExact: true});
        expect(cutOf(histogram(), "limit", -5)).toEqual({cut: 4, isExact: true});
    });

    test("shares leave out equal values at their end", () => {
        // 20 % are two of ten, of whom the second is as good as the third.
        expect(cutOf(histogram(), "top_percent", 20)).toEqual({cut: 0, isExact: true});
        expect(cutOf(histogram(), "top_percent", 30)).toEqual({cut: 1, isExact: true});
        expect(cutOf(histogram(), "top_percent", 0)).toEqual({cut: -1, isExact: true});
    });

    test("shares take in equal values where the policy says so", () => {
        const found = histogram({ties: "in"});
        expect(cutOf(found, "top_percent", 20)).toEqual({cut: 1, isExact: true});
        expect(cutOf(found, "top_percent", 5)).toEqual({cut: 0, isExact: true});
    });

    test("between two steps it is not exact", () => {
        expect(cutOf(thinnedHistogram(), "limit", 70)).toEqual({
            cut: 0,
            isExact: false,
        });
        expect(cutOf(thinnedHistogram(), "limit", 90)).toEqual({cut: 0, isExact: true});
        const share = cutOf(thinnedHistogram(), "top_percent", 40);
        expect(share).toEqual({cut: 0, isExact: false});
    });

    test("without customers there is none", () => {
        const found = histogram({steps: {value: []}});
        expect(cutOf(found, "limit", 5)).toEqual({cut: -1, isExact: true});
    });

    test("each step is found again by its own number", () => {
        for (const method of ["limit", "top_percent"]) {
            for (const cut of [0, 1, 2, 3]) {
                const limit = limitAt(histogram(), method, cut);
                expect(cutOf(histogram(), method, limit)).toEqual({cut, isExact: true});
            }
        }
        expect(limitAt(histogram(), "top_percent", 4)).toBe(null);
        expect(limitAt(histogram(), "limit", 5)).toBe(null);
    });
});

describe("moving", () => {
    test("a tier stays between its neighbours", () => {
        expect(bounds(histogram(), "limit", [0, 2], 0)).toEqual({first: 0, last: 1});
        expect(bounds(histogram(), "limit", [0, 2], 1)).toEqual({first: 1, last: 4});
        expect(bounds(histogram(), "top_percent", [0, 2], 1)).toEqual({
            first: 1,
            last: 3,
        });
        expect(allowedCut(histogram(), "limit", [0, 2], 0, 9)).toBe(1);
        expect(allowedCut(histogram(), "limit", [0, 2], 1, -9)).toBe(1);
        expect(allowedCut(histogram(), "top_percent", [0, 2], 1, 4)).toBe(3);
    });

    test("without room it stays where it is", () => {
        expect(allowedCut(histogram(), "limit", [0, 1, 2], 1, 4)).toBe(1);
        expect(movedCut(histogram(), "limit", [0, 1, 2], 1, -3)).toBe(1);
    });

    test("steps without a number are passed over and not counted", () => {
        expect(movedCut(gappedHistogram(), "top_percent", [0, 3], 0, 1)).toBe(2);
        expect(movedCut(gappedHistogram(), "top_percent", [2, 3], 0, -1)).toBe(0);
        expect(allowedCut(gappedHistogram(), "top_percent", [0, 3], 0, 1)).toBe(0);
    });

    test("another method keeps the cuts, or the next that it has numbers for", () => {
        expect(fittingCuts(histogram(), "top_percent", [0, 2])).toEqual([0, 2]);
        expect(fittingCuts(gappedHistogram(), "top_percent", [1, 1])).toEqual([2, 3]);
    });
});

describe("totals", () => {
    test("each customer is in one tier, the lapsed in the last", () => {
        expect(tierTotals(histogram(), [0, 2])).toEqual([
            {customers: 1, revenue: 100},
            {customers: 5, revenue: 310},
            {customers: 7, revenue: 75},
        ]);
    });

    test("a tier above everybody is empty", () => {
        expect(tierTotals(histogram(), [-1])).toEqual([
            {customers: 0, revenue: 0},
            {customers: 13, revenue: 485},
        ]);
    });
});

describe("axis", () => {
    test("there and back", () => {
        for (const bars of [histogram().bars, LOG]) {
            for (const value of [0, 7, 100]) {
                expect(fromAxis(bars, toAxis(bars, value))).toBeCloseTo(value, {
                    margin: 1e-6,
                });
            }
        }
    });

    test("a fixed limit is drawn at its value, a share between two values", () => {
        expect(cutOnAxis(histogram(), "limit", 1)).toBeCloseTo(0.8);
        expect(cutOnAxis(histogram(), "top_percent", 1)).toBeCloseTo(0.65);
        expect(cutOnAxis(histogram(), "limit", -1)).toBe(1);
    });

    test("a place on the axis is the cut of the values above it", () => {
        expect(cutAtAxis(histogram(), 0.3)).toBe(2);
        expect(cutAtAxis(histogram(), 0)).toBe(4);
        expect(cutAtAxis(histogram(), 1.2)).toBe(-1);
    });

    test("labels are round", () => {
        expect(ticks(histogram().bars, 3)).toEqual([0, 50, 100]);
        expect(ticks({scale: "linear", low: 0.1, high: 0.45}, 4)).toEqual([
            0.1, 0.2, 0.3, 0.4,
        ]);
        expect(ticks(LOG, 3)).toEqual([10, 1000, 100000]);
    });

    test("labels of losses", () => {
        const bars = {
            scale: "log",
            unit: 10,
            low: -Math.asinh(10),
            high: Math.asinh(10),
        };
        expect(ticks(bars, 9)).toEqual([-100, -10, 0, 10, 100]);
    });
});
