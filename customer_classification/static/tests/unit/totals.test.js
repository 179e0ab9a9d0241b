import {describe, expect, test} from "@odoo/hoot";
import {groupsOverlap} from "@customer_classification/counted_once/totals.esm";

describe.current.tags("headless");

const FIELDS = {
    category_ids: {type: "many2many"},
    lost_date: {type: "date"},
    user_id: {type: "many2one"},
};

test("groups by a many2many overlap, others do not", () => {
    expect(groupsOverlap(["category_ids"], FIELDS)).toBe(true);
    expect(groupsOverlap(["category_ids", "user_id"], FIELDS)).toBe(true);
    expect(groupsOverlap(["user_id"], FIELDS)).toBe(false);
    expect(groupsOverlap(["lost_date:month"], FIELDS)).toBe(false);
});

test("tags below a salesperson leave the totals of salespeople true", () => {
    expect(groupsOverlap(["user_id", "category_ids"], FIELDS)).toBe(false);
});

test("no groups, and groups that a list does not know", () => {
    expect(groupsOverlap([], FIELDS)).toBe(false);
    expect(groupsOverlap(["gone"], FIELDS)).toBe(false);
});
