/** The drawing of a flow from stages to stages, without any text or colour: places of
 * the stages on both sides, and of the bands between them. */

const GAP = 6;
const BAR = 14;

/** Places of the stages of one side, from top to bottom, as high as they have
 * customers. */
function stack(heads, scale) {
    let top = 0;
    return heads.map((head, place) => {
        const height = head.count * scale;
        const node = {...head, place, top, height};
        top += height ? height + GAP : 0;
        return node;
    });
}

/** A band between two heights on the left and on the right. */
function path(left, right, width, thick) {
    const middle = width / 2;
    const [start, end] = [BAR, width - BAR];
    return [
        `M${start},${left}`,
        `C${middle},${left} ${middle},${right} ${end},${right}`,
        `L${end},${right + thick}`,
        `C${middle},${right + thick} ${middle},${left + thick} ${start},${left + thick}`,
        "Z",
    ].join(" ");
}

/** Draw `rows`, `columns` and `cells` of a matrix of the overview into a box. */
export function flow({rows, columns, cells}, {width, height}) {
    const total = cells.reduce((sum, cell) => sum + cell.count, 0);
    const shown = (heads) => heads.filter((head) => head.count).length;
    const gaps = GAP * (Math.max(shown(rows), shown(columns)) - 1);
    const scale = total ? (height - gaps) / total : 0;
    const [left, right] = [stack(rows, scale), stack(columns, scale)];
    const used = {left: {}, right: {}};
    const bands = [...cells]
        .sort((a, b) => a.row - b.row || a.column - b.column)
        .map((cell) => {
            const thick = cell.count * scale;
            const from = left[cell.row].top + (used.left[cell.row] || 0);
            const to = right[cell.column].top + (used.right[cell.column] || 0);
            used.left[cell.row] = (used.left[cell.row] || 0) + thick;
            used.right[cell.column] = (used.right[cell.column] || 0) + thick;
            return {...cell, thick, from, to, path: path(from, to, width, thick)};
        });
    const isSeen = (node) => node.height > 0;
    return {left: left.filter(isSeen), right: right.filter(isSeen), bands, bar: BAR};
}
