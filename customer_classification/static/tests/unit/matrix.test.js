import {describe, expect, test} from "@odoo/hoot";
import {
    heads,
    moveOf,
    moves,
    sums,
} from "@customer_classification/migration_matrix/matrix.esm";

describe.current.tags("headless");

const OUTSIDE = {key: false, name: "Outside", rank: false, is_customer: false};
const VIP = {key: 1, name: "VIP", rank: 3, is_customer: true};
const LOW = {key: 2, name: "Low", rank: 1, is_customer: true};
const UNRATED = {key: 3, name: "Not Rated", rank: false, is_customer: true};
const CLASSES = [OUTSIDE, VIP, LOW, UNRATED];

/** `[from, to, customers, revenue]` of each cell that has customers. */
function matrix(...cells) {
    return {
        rows: CLASSES,
        columns: CLASSES,
        cells: cells.map(([row, column, count, revenue]) => ({
            row,
            column,
            count,
            revenue,
        })),
    };
}

test("better and worse follow the rank", () => {
    expect(moveOf(LOW, VIP)).toBe("better");
    expect(moveOf(VIP, LOW)).toBe("worse");
    expect(moveOf(VIP, VIP)).toBe("same");
});

test("a class without a rank is neither better nor worse", () => {
    expect(moveOf(LOW, UNRATED)).toBe("other");
    expect(moveOf(UNRATED, VIP)).toBe("other");
    expect(moveOf(UNRATED, UNRATED)).toBe("same");
    expect(moveOf(VIP, {...LOW, rank: VIP.rank})).toBe("other");
});

test("customers come and go at the edges", () => {
    expect(moveOf(OUTSIDE, LOW)).toBe("come");
    expect(moveOf(LOW, OUTSIDE)).toBe("gone");
});

test("moves are counted by customers", () => {
    const found = matrix(
        [1, 1, 5],
        [2, 1, 2],
        [1, 2, 3],
        [0, 1, 4],
        [2, 0, 1],
        [3, 2, 7]
    );
    expect(moves(found)).toEqual({
        same: 5,
        better: 2,
        worse: 3,
        come: 4,
        gone: 1,
        other: 7,
    });
});

test("sums take an unknown revenue as none", () => {
    expect(sums(matrix([1, 1, 5, 100], [2, 1, 2]).cells)).toEqual({
        count: 7,
        before: 0,
        revenue: 100,
    });
    expect(sums([])).toEqual({count: 0, before: 0, revenue: 0});
});

test("all classes are shown, the edge only where somebody is", () => {
    const found = matrix([1, 1, 5, 100], [1, 0, 2, 30]);
    expect(heads(found, "row").map(({name, count}) => [name, count])).toEqual([
        ["VIP", 7],
        ["Low", 0],
        ["Not Rated", 0],
    ]);
    const [edge, vip] = heads(found, "column");
    expect([edge.name, edge.place, edge.count, edge.revenue]).toEqual([
        "Outside",
        0,
        2,
        30,
    ]);
    expect([vip.name, vip.place, vip.cells.length]).toEqual(["VIP", 1, 1]);
});
