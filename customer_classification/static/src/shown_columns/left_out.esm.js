import {extractFieldsFromArchInfo} from "@web/model/relational_model/utils";
import {visitXML} from "@web/core/utils/xml";

/** Attributes of texts: a word in them names no field. */
const TEXTS = new Set(["string", "help", "confirm", "sum", "avg", "widget"]);
const WORD = /[A-Za-z_]\w*/g;

function isAlwaysFalse(expression) {
    return ["", "False", "0"].includes(expression || "");
}

/** Names of the fields whose columns are all optional and switched off. */
function switchedOff({columns, editable, multiEdit}, fields, active) {
    const [off, on] = [new Set(), new Set()];
    for (const column of columns.filter(({type}) => type === "field")) {
        const isNeeded =
            column.isHandle ||
            fields[column.name].type === "properties" ||
            // A row without the value of a required field could not be saved.
            ((editable || multiEdit) && !isAlwaysFalse(column.required));
        const isOff = column.optional && !active[column.name] && !isNeeded;
        (isOff ? off : on).add(column.name);
    }
    return new Set([...off].filter((name) => !on.has(name)));
}

/** Words of the expressions, options and buttons of all nodes but the given fields'. */
function wordsOfArch(xmlDoc, off) {
    const words = [];
    visitXML(xmlDoc, (node) => {
        if (node.tagName === "field" && off.has(node.getAttribute("name"))) {
            return false;
        }
        for (const {name, value} of node.attributes) {
            if (!TEXTS.has(name)) {
                words.push(...(value.match(WORD) || []));
            }
        }
    });
    return words;
}

/** Names of fields that the definition of a field refers to. */
function wordsOfField({currency_field, model_field, definition_record, domain, type}) {
    const named = [currency_field, model_field, definition_record, domain];
    if (type === "monetary") {
        // Odoo's choice where none is named
        named.push("currency_id");
    }
    return named
        .filter((name) => typeof name === "string")
        .flatMap((name) => name.match(WORD) || []);
}

/** Names of the fields that a list need not ask for: all of their columns are optional
 * and switched off (`active` has the switches), and nothing that is shown needs them.
 */
export function leftOut(archInfo, fields, active, groupBy = []) {
    const off = switchedOff(archInfo, fields, active);
    const fieldNodes = Object.values(archInfo.fieldNodes).filter(
        ({name}) => !off.has(name)
    );
    const {activeFields} = extractFieldsFromArchInfo(
        {fieldNodes, widgetNodes: archInfo.widgetNodes},
        {...fields}
    );
    const needed = new Set([
        ...Object.keys(activeFields),
        ...wordsOfArch(archInfo.xmlDoc, off),
        ...fieldNodes.flatMap(({name}) => wordsOfField(fields[name])),
        ...groupBy.map((by) => by.split(/[:.]/)[0]),
    ]);
    return [...off].filter((name) => !needed.has(name));
}
