/** What the server's answer says about a matrix, without any text or colour.
 *
 * The answer has `rows` and `columns`, the classes with `rank` (higher is better,
 * `false` compares with nothing) and `is_customer` (`false` for the row of those who
 * were no customers and the column of those who are none any more), and `cells` with
 * the places of their row and column, `count`, and `revenue` where it is known, with
 * that of the first day as `before` where the matrix has both.
 */

const sum = (cells, name) =>
    cells.reduce((total, cell) => total + (cell[name] || 0), 0);

export function sums(cells) {
    return {
        count: sum(cells, "count"),
        before: sum(cells, "before"),
        revenue: sum(cells, "revenue"),
    };
}

/** Whether it is `better`, `worse` or the `same` to come from a class to another;
 * `other` where they compare with nothing; `come` and `gone` at the edges. */
export function moveOf(row, column) {
    if (!row.is_customer || !column.is_customer) {
        return column.is_customer ? "come" : "gone";
    }
    if (row.key === column.key) {
        return "same";
    }
    if (row.rank === false || column.rank === false || row.rank === column.rank) {
        return "other";
    }
    return column.rank > row.rank ? "better" : "worse";
}

/** Customers by kind of move. */
export function moves({rows, columns, cells}) {
    const counts = {same: 0, better: 0, worse: 0, other: 0, gone: 0, come: 0};
    for (const cell of cells) {
        counts[moveOf(rows[cell.row], columns[cell.column])] += cell.count;
    }
    return counts;
}

/** The rows or columns to show, with their place, cells and sums: all classes, and the
 * edge where anybody stands there. */
export function heads({rows, columns, cells}, end) {
    return (end === "row" ? rows : columns)
        .map((head, place) => {
            const own = cells.filter((cell) => cell[end] === place);
            return {...head, place, cells: own, ...sums(own)};
        })
        .filter((head) => head.is_customer || head.count);
}
