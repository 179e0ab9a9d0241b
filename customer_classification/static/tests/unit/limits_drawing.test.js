import {
    HEIGHT,
    handlePlaces,
    labelsOf,
    piecesOf,
    zonesOf,
} from "@customer_classification/limits_histogram/limits_drawing.esm";
import {describe, expect, test} from "@odoo/hoot";
import {histogram} from "./histogram.esm";

describe.current.tags("headless");

test("handles are at their limits, and are sliders from left to right", () => {
    const handles = handlePlaces(histogram(), "limit", [0, 2], 300);
    expect(handles).toEqual([
        {x: 300, now: 0, min: -1, max: 0},
        {x: 150, now: -2, min: -4, max: -1},
    ]);
});

test("zones cover the whole width, the best tier on the right", () => {
    expect(zonesOf([{x: 200}, {x: 50}], 300)).toEqual([
        {left: 200, right: 300},
        {left: 50, right: 200},
        {left: 0, right: 50},
    ]);
    expect(zonesOf([], 300)).toEqual([{left: 0, right: 300}]);
});

test("bars are as high as they have customers; empty ones are not drawn", () => {
    const pieces = piecesOf([5, 0, 10], zonesOf([], 300), 300);
    expect(pieces.map(({x, width}) => [x, width])).toEqual([
        [0.5, 99],
        [200.5, 99],
    ]);
    expect(pieces[0].height * 2).toBe(pieces[1].height);
    expect(pieces[1].y + pieces[1].height).toBe(HEIGHT);
    expect(pieces[1].y).toBeGreaterThan(0);
});

test("a bar is cut where a tier begins", () => {
    const pieces = piecesOf([4], zonesOf([{x: 150}], 300), 300);
    expect(pieces.map(({x, width, zone}) => [x, width, zone])).toEqual([
        [150, 149.5, 0],
        [0.5, 149.5, 1],
    ]);
    expect(new Set(pieces.map(({key}) => key)).size).toBe(2);
});

test("one customer beside very many is visible", () => {
    const [single] = piecesOf([1, 100000], zonesOf([], 300), 300);
    expect(single.height).toBe(2);
});

test("labels at the edges stay inside", () => {
    const labels = labelsOf(histogram().bars, 300);
    expect(labels).toEqual([
        {value: 0, x: 0, anchor: "start"},
        {value: 50, x: 150, anchor: "middle"},
        {value: 100, x: 300, anchor: "end"},
    ]);
});
