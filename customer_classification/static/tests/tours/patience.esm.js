// The most that Odoo takes.
const LONGEST = 60_000;

/**
 * Steps that wait for what they need for as long as a busy machine takes; one that
 * never comes is found by that as well, only later.
 */
export function patiently(steps) {
    return steps.map((step) => ({timeout: LONGEST, ...step}));
}
