import {describe, expect, test} from "@odoo/hoot";
import {grid, step, tone} from "@customer_classification/product_matrix/grid.esm";
import {heads, sums} from "@customer_classification/migration_matrix/matrix.esm";

describe.current.tags("headless");

/** `[ABC, XYZ, products, revenue]` as the server groups them. */
function groups(...rows) {
    return rows.map(([abc, xyz, count, revenue]) => ({
        abc_class: abc,
        xyz_class: xyz,
        __count: count,
        "revenue:sum": revenue,
    }));
}

test("products stand in the cell of their classes", () => {
    const found = grid(groups(["a", "x", 2, 900], ["c", "z", 5, 10]));
    expect(found.cells).toEqual([
        {row: 0, column: 0, count: 2, revenue: 900},
        {row: 2, column: 2, count: 5, revenue: 10},
    ]);
    expect(sums(found.cells)).toEqual({count: 7, before: 0, revenue: 910});
});

test("nine cells are shown, and a place for no class where one is needed", () => {
    const keys = (found, end) => heads(found, end).map(({key}) => key);
    const nine = grid(groups(["a", "x", 2, 900]));
    expect(keys(nine, "row")).toEqual(["a", "b", "c"]);
    expect(keys(nine, "column")).toEqual(["x", "y", "z"]);
    const some = grid(groups(["a", false, 2, 900]));
    expect(keys(some, "row")).toEqual(["a", "b", "c"]);
    expect(keys(some, "column")).toEqual(["x", "y", "z", false]);
    expect(keys(grid([]), "column")).toEqual(["x", "y", "z"]);
});

test("amounts that a reader does not get are none", () => {
    const [cell] = grid([{abc_class: "b", xyz_class: "y", __count: 3}]).cells;
    expect(cell).toEqual({row: 1, column: 1, count: 3, revenue: 0});
});

test("the tone goes from AX to CZ", () => {
    const {rows, columns} = grid([]);
    expect(tone(rows[0], columns[0])).toBe(0);
    expect(tone(rows[1], columns[1])).toBe(2);
    expect(tone(rows[0], columns[2])).toBe(2);
    expect(tone(rows[2], columns[2])).toBe(4);
    expect(tone(rows[3], columns[0])).toBe(false);
});

test("arrows walk and stay at the edges", () => {
    const sizes = [3, 4];
    expect(step("ArrowDown", [0, 0], sizes)).toEqual([1, 0]);
    expect(step("ArrowRight", [1, 2], sizes)).toEqual([1, 3]);
    expect(step("ArrowRight", [1, 3], sizes)).toEqual([1, 3]);
    expect(step("ArrowUp", [0, 1], sizes)).toEqual([0, 1]);
    expect(step("Enter", [2, 1], sizes)).toEqual([2, 1]);
});
