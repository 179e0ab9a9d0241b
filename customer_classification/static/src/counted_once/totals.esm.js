/** Whether rows of a list may be in several of its groups, as customers by tag: the sum
 * over these groups would count such a row more than once. */
export function groupsOverlap(groupBy, fields) {
    const name = (groupBy[0] || "").split(":")[0];
    return fields[name]?.type === "many2many";
}
