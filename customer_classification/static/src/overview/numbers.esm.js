/** What the numbers of the overview say, without any text. */

const find = (cells, row, column) =>
    cells.find((cell) => cell.row === row && cell.column === column);

/** Rows and columns of a matrix that have customers or are classes, with the cell of
 * each place (`undefined` where nobody is). */
export function table({rows, columns, cells}) {
    const isShown = (head) => head.is_customer !== false || head.count;
    const shown = (heads) =>
        heads.map((head, place) => ({...head, place})).filter(isShown);
    const across = shown(columns);
    return {
        columns: across,
        rows: shown(rows).map((row) => ({
            ...row,
            cells: across.map((column) => ({
                row,
                column,
                cell: find(cells, row.place, column.place),
            })),
        })),
    };
}

/** Each class of a matrix with its customers on the first and on the second day. */
export function byClass({rows, columns}) {
    return columns
        .filter((column) => column.is_customer)
        .map((now) => {
            const before = rows.find((row) => row.is_customer && row.key === now.key);
            return {...now, now, before};
        });
}

/** The grid of recency and frequency, with what each place has. */
export function grid({recency, frequency, cells, segments}) {
    const most = Math.max(0, ...cells.map((cell) => cell.count));
    return recency.map((r) => ({
        score: r,
        cells: frequency.map((f) => {
            const cell = cells.find((one) => one.recency === r && one.frequency === f);
            return {
                score: f,
                cell,
                segment: cell && segments.find((one) => one.id === cell.segment_id),
                strength: cell && most ? cell.count / most : 0,
            };
        }),
    }));
}

/** Bars of the bridge with where they begin and end; amounts that are left are 0. */
export function bars({opening, movements, closing}) {
    let level = opening.sum || 0;
    const between = movements
        .filter((one) => one.sum)
        .map((one) => {
            const from = level;
            level += one.sum;
            return {...one, from, to: level};
        });
    return [
        {...opening, name: "opening", from: 0, to: opening.sum || 0},
        ...between,
        {...closing, name: "closing", from: 0, to: closing.sum || 0},
    ];
}

/** Rows of cohorts: share of the first month's buyers, or amount, in each month. */
export function cohortRows({cohorts}, kind) {
    const most = Math.max(
        0,
        ...cohorts.flatMap(({cells}) =>
            cells.slice(1).map((cell) => (cell.revenue ? cell.revenue.sum : 0))
        )
    );
    return cohorts.map(({month, cells}) => {
        const size = cells[0].buyers.count;
        return {
            month,
            size: cells[0].buyers,
            cells: cells.map((one) => {
                const cell = kind === "revenue" ? one.revenue : one.buyers;
                const share = size ? one.buyers.count / size : 0;
                const strength =
                    kind === "revenue" ? (most ? cell.sum / most : 0) : share;
                return {
                    ...one,
                    cell,
                    share,
                    strength: Math.max(0, Math.min(1, one.age ? strength : 0)),
                };
            }),
        };
    });
}

/** The points of a concentration curve as shares of all customers and revenue. */
export function shares(points) {
    const last = points[points.length - 1];
    return points.map((point) => ({
        ...point,
        customers: last.count ? point.count / last.count : 0,
        revenue: last.sum ? point.sum / last.sum : 0,
    }));
}
