import {
    SIZE,
    hundredths,
    marks,
    place,
} from "@customer_classification/reliability_diagram/reliability.esm";
import {describe, expect, test} from "@odoo/hoot";

describe.current.tags("headless");

const group = (predicted, low, rate, high) => ({predicted, low, rate, high});

test("0 is at the bottom left and 1 at the top right", () => {
    const zero = place(group(0, 0, 0, 0));
    expect([zero.x, zero.y]).toEqual([0, SIZE]);
    const one = place(group(1, 1, 1, 1));
    expect([one.x, one.y]).toEqual([SIZE, 0]);
    expect(marks().map(({share}) => share)).toEqual([0, 20, 40, 60, 80, 100]);
});

test("a bar goes from the low end up to the high end", () => {
    const {top, bottom, y} = place(group(0.5, 0.4, 0.5, 0.7));
    expect(top).toBeLessThan(y);
    expect(bottom).toBeGreaterThan(y);
});

test("chance explains what is within the interval, ends included", () => {
    expect(place(group(0.4, 0.4, 0.5, 0.6)).isOff).toBe(false);
    expect(place(group(0.6, 0.4, 0.5, 0.6)).isOff).toBe(false);
    expect(place(group(0.39, 0.4, 0.5, 0.6)).isOff).toBe(true);
    expect(place(group(0.61, 0.4, 0.5, 0.6)).isOff).toBe(true);
});

test("intervals are rounded outwards", () => {
    expect(hundredths({predicted: 0.345, low: 0.349, high: 0.401})).toEqual({
        predicted: Math.round(34.5),
        low: 34,
        high: 41,
    });
    expect(hundredths({predicted: 0.3, low: 0.29, high: 0.31})).toEqual({
        predicted: 30,
        low: 29,
        high: 31,
    });
});
