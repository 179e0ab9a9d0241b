/** What groups of products by ABC and XYZ class say about a grid, without any text.
 *
 * A group has `abc_class` and `xyz_class` (`false` where there is none), `__count`, and
 * `revenue:sum` for who may see amounts.
 */

const ABC = ["a", "b", "c"];
const XYZ = ["x", "y", "z"];

/** Rows and columns of the nine cells, with a place for products without a class where
 * there are any, as `matrix.esm` takes them. */
export function grid(groups) {
    const axis = (keys) => [
        ...keys.map((key, rank) => ({key, rank, is_customer: true})),
        {key: false, rank: false, is_customer: false},
    ];
    const rows = axis(ABC);
    const columns = axis(XYZ);
    const place = (heads, key) =>
        heads.findIndex((head) => head.key === (key || false));
    const cells = groups.map((group) => ({
        row: place(rows, group.abc_class),
        column: place(columns, group.xyz_class),
        count: group.__count,
        revenue: group["revenue:sum"] || 0,
    }));
    return {rows, columns, cells};
}

/** From 0 (AX: sells much, evenly) to 4 (CZ), or `false` without one of the classes. */
export function tone(row, column) {
    return row.rank === false || column.rank === false ? false : row.rank + column.rank;
}

/** The cell that an arrow key leads to, `[row, column]`; stays at the edges. */
export function step(key, [row, column], [rows, columns]) {
    const [down, right] = {
        ArrowUp: [-1, 0],
        ArrowDown: [1, 0],
        ArrowLeft: [0, -1],
        ArrowRight: [0, 1],
    }[key] || [0, 0];
    const within = (value, length) => Math.min(Math.max(value, 0), length - 1);
    return [within(row + down, rows), within(column + right, columns)];
}
