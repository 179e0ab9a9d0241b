import {
    LimitsState,
    differs,
    keepLimitFits,
    lastLimit,
} from "@customer_classification/limits_histogram/limits_state.esm";
import {describe, expect, test} from "@odoo/hoot";
import {histogram, thinnedHistogram} from "./histogram.esm";

describe.current.tags("headless");

/** Three tiers, from 100, from 50, and the rest; the first is kept down to 90. */
function form(values = {}) {
    return {
        histogram: histogram(),
        method: "limit",
        lines: [
            {id: 1, limit: 100, keepLimit: 90},
            {id: 2, limit: 50, keepLimit: 0},
            {id: 3, limit: 0, keepLimit: 0},
        ],
        ...values,
    };
}

/** The state beside a form, which a test may change. */
function opened(values) {
    const current = form(values);
    const state = new LimitsState(() => current);
    state.readLines();
    state.rememberBaseline(false);
    return {current, state};
}

describe("what the form says", () => {
    test("handles are where the lines are", () => {
        const {state} = opened();
        expect(state.cuts).toEqual([0, 2]);
        expect(state.hasMoved).toBe(false);
        expect(state.isApproximate).toBe(false);
        expect(state.limits).toEqual([100, 50, 0]);
        expect(state.updates).toEqual([{}, {}, {}]);
    });

    test("without a histogram nothing is done", () => {
        for (const found of [null, {steps: {value: []}}]) {
            const {state} = opened({histogram: found});
            state.keepCuts();
            expect(state.hasSteps).toBe(false);
            expect(state.cuts).toEqual([]);
            expect(state.baseline).toEqual([]);
        }
    });

    test("a limit between two steps is kept and called approximate", () => {
        const {state} = opened({
            histogram: thinnedHistogram(),
            lines: [
                {id: 1, limit: 70, keepLimit: 0},
                {id: 2, limit: 0, keepLimit: 0},
            ],
        });
        expect(state.isApproximate).toBe(true);
        expect(state.limits).toEqual([70, 0]);
        state.moveBy(0, 1);
        expect(state.isApproximate).toBe(false);
        expect(state.limits).toEqual([50, 0]);
    });

    test("a line that was deleted has no limit", () => {
        const {current, state} = opened();
        current.lines.splice(1, 1);
        expect(state.limits).toEqual([100, 0]);
    });
});

describe("moving", () => {
    test("counts follow, and the lines would be changed", () => {
        const {state} = opened();
        state.moveBy(0, 1);
        expect(state.cuts).toEqual([1, 2]);
        expect(state.hasMoved).toBe(true);
        expect(state.totals.map(({customers}) => customers)).toEqual([3, 3, 7]);
        expect(state.baseline.map(({customers}) => customers)).toEqual([1, 5, 7]);
        expect(state.limits).toEqual([80, 50, 0]);
    });

    test("to the ends, which are the neighbours", () => {
        const {state} = opened();
        state.moveBy(0, Infinity);
        expect(state.cuts).toEqual([1, 2]);
        state.moveBy(1, Infinity);
        expect(state.cuts).toEqual([1, 4]);
        state.moveBy(1, -Infinity);
        expect(state.cuts).toEqual([1, 2]);
    });

    test("back again nothing has moved", () => {
        const {state} = opened();
        state.moveTo(0, 1);
        state.moveTo(0, 0);
        expect(state.hasMoved).toBe(false);
        state.moveTo(0, 1);
        state.readLines();
        expect(state.hasMoved).toBe(false);
    });

    test("a keep limit that no longer fits is emptied", () => {
        const {state} = opened();
        state.moveBy(0, 1);
        expect(state.updates).toEqual([{limit: 80, keep_limit: 0}, {}, {}]);
    });

    test("the comparison stays while the form has unsaved changes", () => {
        const {current, state} = opened();
        current.lines[1].limit = 20;
        state.readLines();
        state.rememberBaseline(true);
        expect(state.baseline.map(({customers}) => customers)).toEqual([1, 5, 7]);
        state.rememberBaseline(false);
        expect(state.baseline.map(({customers}) => customers)).toEqual([1, 8, 4]);
    });
});

describe("another method", () => {
    test("the same customers are in, by shares", () => {
        const {current, state} = opened();
        current.method = "top_percent";
        state.keepCuts();
        expect(state.cuts).toEqual([0, 2]);
        expect(state.hasMoved).toBe(true);
        expect(state.limits).toEqual([20, 80, 100]);
        expect(state.updates).toEqual([
            {limit: 20, keep_limit: 0},
            {limit: 80},
            {limit: 100},
        ]);
    });

    test("handles without a place are told", () => {
        const {current, state} = opened({lines: form().lines.slice(1)});
        state.moveTo(0, 4);
        current.method = "top_percent";
        state.keepCuts();
        expect(state.isPossible).toBe(false);
    });
});

describe("limits beside each other", () => {
    test("a tier is kept further down than it is entered", () => {
        expect(keepLimitFits("limit", 90, 100)).toBe(true);
        expect(keepLimitFits("limit", 110, 100)).toBe(false);
        expect(keepLimitFits("top_percent", 25, 20)).toBe(true);
        expect(keepLimitFits("top_percent", 15, 20)).toBe(false);
    });

    test("the last tier comes after the others", () => {
        expect(lastLimit("limit", 0, 50)).toBe(0);
        expect(lastLimit("limit", 60, 50)).toBe(0);
        expect(lastLimit("limit", 0, -20)).toBe(-21);
        expect(lastLimit("limit", 0, undefined)).toBe(0);
        expect(lastLimit("top_percent", 0, 80)).toBe(100);
        expect(lastLimit("top_percent", 95, 80)).toBe(95);
        expect(lastLimit("top_percent", 120, 80)).toBe(100);
    });
});

describe("changed rules", () => {
    const lines = (...weights) => ({
        records: weights.map(([metric, weight]) => ({data: {metric, weight}})),
    });

    test("values are compared, what is not loaded is not", () => {
        expect(differs({window: 12}, {window: 12})).toBe(false);
        expect(differs({window: 12}, {window: 6})).toBe(true);
        expect(differs({window: 12}, {})).toBe(false);
        expect(differs({window: 12}, {window: false})).toBe(false);
    });

    test("lines are compared by their metric", () => {
        const rules = {
            score_ids: [
                {metric: "recency", weight: 1},
                {metric: "margin", weight: 2},
            ],
        };
        const same = lines(["margin", 2], ["recency", 1]);
        expect(differs(rules, {score_ids: same})).toBe(false);
        expect(differs(rules, {score_ids: lines(["margin", 3], ["recency", 1])})).toBe(
            true
        );
        expect(differs(rules, {score_ids: lines(["margin", 2], ["orders", 1])})).toBe(
            true
        );
        expect(differs(rules, {score_ids: lines(["margin", 2])})).toBe(true);
        expect(differs(rules, {})).toBe(false);
    });
});
