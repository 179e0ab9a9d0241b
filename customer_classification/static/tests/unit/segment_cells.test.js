import {
    CELLS,
    readCells,
    writeCells,
} from "@customer_classification/segment_map/segment_cells.esm";
import {describe, expect, test} from "@odoo/hoot";

describe.current.tags("headless");

const written = (text) => writeCells(readCells(text));

test("there are 125 cells", () => {
    expect(new Set(CELLS).size).toBe(125);
});

test("boxes are read with ranges, letters and both kinds of separators", () => {
    const expected = ["4 5 1", "4 5 2", "5 5 1", "5 5 2"];
    for (const text of ["4-5 5 1-2", "R4–5 F5 M2-1", "4 5 1-2；5 5 1-2\n"]) {
        expect([...readCells(text)].sort()).toEqual(expected);
    }
    expect(readCells("").size).toBe(0);
    expect(readCells(false).size).toBe(0);
});

test("what is no box is refused as a whole", () => {
    for (const text of ["6 1 1", "0 1 1", "5 5", "5 5 5 5", "5 5 5; x", "1-2-3 1 1"]) {
        expect(readCells(text)).toBe(null);
    }
});

test("cells are written as few boxes, the best scores first", () => {
    expect(writeCells(new Set())).toBe("");
    expect(writeCells(new Set(CELLS))).toBe("1-5 1-5 1-5");
    expect(written("5 4 2-5; 5 5 2-5; 4 5 2-5")).toBe("5 4-5 2-5; 4 5 2-5");
    expect(written("1 1 1; 3 3 3")).toBe("3 3 3; 1 1 1");
});

test("what is written is read as the same cells", () => {
    // Every third, every fourth ... cell.
    for (let every = 3; every < 40; every++) {
        const cells = CELLS.filter((_, place) => place % every === 0);
        expect([...readCells(writeCells(cells))].sort()).toEqual(cells);
    }
});
