import {
    bars,
    byClass,
    cohortRows,
    grid,
    shares,
    table,
} from "@customer_classification/overview/numbers.esm";
import {describe, expect, test} from "@odoo/hoot";
import {flow} from "@customer_classification/overview/flow.esm";

describe.current.tags("headless");

const OUTSIDE = {key: false, name: "Outside", is_customer: false};
const VIP = {key: 1, name: "VIP", is_customer: true};
const LOW = {key: 2, name: "Low", is_customer: true};

/** A matrix of `[row, column, customers]`. */
function matrix(...cells) {
    const heads = (end) =>
        [OUTSIDE, VIP, LOW].map((head, place) => ({
            ...head,
            count: cells
                .filter((cell) => cell[end] === place)
                .reduce((sum, cell) => sum + cell[2], 0),
        }));
    return {
        rows: heads(0),
        columns: heads(1),
        cells: cells.map(([row, column, count]) => ({row, column, count})),
    };
}

test("classes are shown, and who is outside where anybody is", () => {
    const {rows, columns} = table(matrix([0, 1, 3], [1, 2, 4]));
    expect(rows.map((row) => row.name)).toEqual(["Outside", "VIP", "Low"]);
    expect(columns.map((column) => column.name)).toEqual(["VIP", "Low"]);
    expect(rows[1].cells.map(({cell}) => cell && cell.count)).toEqual([undefined, 4]);
});

test("each class has its customers of both days", () => {
    const found = byClass(matrix([0, 1, 3], [1, 2, 4]));
    expect(found.map(({now, before}) => [now.count, before.count])).toEqual([
        [3, 4],
        [4, 0],
    ]);
});

test("places of the grid are as dark as they are full", () => {
    const rows = grid({
        recency: [5, 1],
        frequency: [1, 5],
        segments: [{id: 7, name: "Best"}],
        cells: [
            {recency: 5, frequency: 5, count: 10, segment_id: 7},
            {recency: 1, frequency: 1, count: 5, segment_id: false},
        ],
    });
    expect(rows.map((row) => row.cells.map((cell) => cell.strength))).toEqual([
        [0, 1],
        [0.5, 0],
    ]);
    expect(rows[0].cells[1].segment.name).toBe("Best");
    expect(rows[0].cells[0].cell).toBe(undefined);
});

test("bars of the bridge follow each other to the closing revenue", () => {
    const drawn = bars({
        opening: {sum: 100},
        movements: [
            {name: "new", sum: 30},
            {name: "same", sum: 0},
            {name: "lost", sum: -50},
        ],
        closing: {sum: 80},
    });
    expect(drawn.map(({name, from, to}) => [name, from, to])).toEqual([
        ["opening", 0, 100],
        ["new", 100, 130],
        ["lost", 130, 80],
        ["closing", 0, 80],
    ]);
});

test("cohorts are shares of their first month", () => {
    const month = (age, count, sum) => ({
        age,
        is_partial: age === 1,
        buyers: {count},
        revenue: {count, sum},
    });
    const block = {
        cohorts: [{month: "2025-01-01", cells: [month(0, 4, 9), month(1, 1, 6)]}],
    };
    const [row] = cohortRows(block, "buyers");
    expect(row.size.count).toBe(4);
    expect(row.cells.map((cell) => cell.share)).toEqual([1, 0.25]);
    expect(row.cells.map((cell) => cell.strength)).toEqual([0, 0.25]);
    const [money] = cohortRows(block, "revenue");
    expect(money.cells.map((cell) => [cell.cell.sum, cell.strength])).toEqual([
        [9, 0],
        [6, 1],
    ]);
});

test("a concentration ends with everybody", () => {
    const found = shares([
        {count: 1, sum: 60},
        {count: 4, sum: 80},
    ]);
    expect(found.map(({customers, revenue}) => [customers, revenue])).toEqual([
        [0.25, 0.75],
        [1, 1],
    ]);
    expect(shares([])).toEqual([]);
});

test("bands fill both sides without a gap", () => {
    const drawing = flow(matrix([1, 1, 6], [1, 2, 2], [0, 2, 2]), {
        width: 100,
        height: 106,
    });
    // One gap of 6 between two stages that have customers: 10 a customer.
    expect(drawing.left.map((node) => [node.name, node.top, node.height])).toEqual([
        ["Outside", 0, 20],
        ["VIP", 26, 80],
    ]);
    expect(drawing.right.map((node) => [node.name, node.top, node.height])).toEqual([
        ["VIP", 0, 60],
        ["Low", 66, 40],
    ]);
    expect(drawing.bands.map(({from, to, thick}) => [from, to, thick])).toEqual([
        [0, 66, 20],
        [26, 0, 60],
        [86, 86, 20],
    ]);
});

test("nobody flows nowhere", () => {
    const drawing = flow(matrix(), {width: 100, height: 100});
    expect([drawing.left, drawing.right, drawing.bands]).toEqual([[], [], []]);
});
