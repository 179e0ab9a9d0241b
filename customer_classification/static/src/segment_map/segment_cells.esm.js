/**
 * Boxes of the segment map as text, without a screen: `5 4-5 4-5; 4 5 2-5` are the
 * scores for recency, frequency and monetary value. A cell is the text of three scores,
 * `5 4 1`. The same arithmetic as the server's (`engine/segment_maps.py`), so that the
 * same text comes out.
 */

export const FIFTHS = [1, 2, 3, 4, 5];
const RANGE = "([1-5])(?:\\s*[-–]\\s*([1-5]))?";
const BOX = new RegExp(`^\\s*R?\\s*${RANGE}\\s+F?\\s*${RANGE}\\s+M?\\s*${RANGE}\\s*$`);

const product = ([first, ...rest]) =>
    rest.length
        ? first.flatMap((score) => product(rest).map((end) => `${score} ${end}`))
        : first.map(String);

export const CELLS = product([FIFTHS, FIFTHS, FIFTHS]);

function range(first, last) {
    const [low, high] = [Number(first), Number(last || first)].sort();
    return FIFTHS.filter((score) => low <= score && score <= high);
}

/** The set of cells of boxes; null where something is no box. */
export function readCells(text) {
    const cells = new Set();
    for (const box of (text || "").split(/[;；\n]/).filter((part) => part.trim())) {
        const found = BOX.exec(box);
        if (!found) {
            return null;
        }
        const [, r, r2, f, f2, m, m2] = found;
        product([range(r, r2), range(f, f2), range(m, m2)]).forEach((cell) =>
            cells.add(cell)
        );
    }
    return cells;
}

/** The box down from a cell: as many monetary scores as are there, then as many
 * frequencies that have them all, then recencies. */
function grown(cell, cells) {
    let box = cell.split(" ").map((score) => [Number(score)]);
    for (const axis of [2, 1, 0]) {
        while (box[axis][0] > 1) {
            const wider = box.map((scores, place) =>
                place === axis ? [scores[0] - 1, ...scores] : scores
            );
            if (!product(wider).every((one) => cells.has(one))) {
                break;
            }
            box = wider;
        }
    }
    return box;
}

/** The cells as boxes, each as large as it can be, the best scores first. */
export function writeCells(cells) {
    const left = new Set(cells);
    const boxes = [];
    for (const cell of CELLS.toReversed()) {
        if (left.has(cell)) {
            const box = grown(cell, left);
            product(box).forEach((one) => left.delete(one));
            boxes.push(
                box
                    .map((scores) =>
                        scores.length > 1 ? `${scores[0]}-${scores.at(-1)}` : scores[0]
                    )
                    .join(" ")
            );
        }
    }
    return boxes.join("; ");
}
