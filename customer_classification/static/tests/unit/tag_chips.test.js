import {describe, expect, test} from "@odoo/hoot";
import {chips} from "@customer_classification/tag_chips/chips.esm";

describe.current.tags("headless");

test("a chip has the name, and the path where one points at it", () => {
    expect(
        chips([
            {
                id: "1",
                text: "Purchase Frequency / Frequent Buyer",
                name: "Frequent Buyer",
            },
        ])
    ).toEqual([
        {id: "1", text: "Frequent Buyer", title: "Purchase Frequency / Frequent Buyer"},
    ]);
});

test("a name with a slash stays whole, and a tag without one keeps its path", () => {
    expect(chips([{text: "A / B / C", name: "B / C"}, {text: "D"}])).toEqual([
        {text: "B / C", title: "A / B / C"},
        {text: "D", title: "D"},
    ]);
});
