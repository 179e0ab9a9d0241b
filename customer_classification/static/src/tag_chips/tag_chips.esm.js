import {
    KanbanMany2ManyTagsField,
    kanbanMany2ManyTagsField,
} from "@web/views/fields/many2many_tags/kanban_many2many_tags_field";
import {
    Many2ManyTagsFieldColorEditable,
    many2ManyTagsFieldColorEditable,
} from "@web/views/fields/many2many_tags/many2many_tags_field";
import {chips} from "./chips.esm";
import {registry} from "@web/core/registry";

/** Tags as short chips, three at most and the number of the others: on cards, the path
 * of each is in its tooltip. */
export class TagChips extends KanbanMany2ManyTagsField {
    static template = "customer_classification.TagChips";

    getTagProps(record) {
        return {...super.getTagProps(record), name: record.data.name};
    }

    get tags() {
        return chips(super.tags);
    }
}

/** Tags to choose, as short chips: on forms, the path of each is in its tooltip. */
export class ShortTags extends Many2ManyTagsFieldColorEditable {
    getTagProps(record) {
        return {...super.getTagProps(record), name: record.data.name};
    }

    get tags() {
        return chips(super.tags);
    }
}

/** The description of a field of tags that has their names as well. */
function withNames(field, component) {
    return {
        ...field,
        component,
        relatedFields: (fieldInfo) => [
            ...field.relatedFields(fieldInfo),
            {name: "name", type: "char"},
        ],
    };
}

export const tagChips = withNames(kanbanMany2ManyTagsField, TagChips);
export const shortTags = withNames(many2ManyTagsFieldColorEditable, ShortTags);

registry.category("fields").add("classification_tag_chips", tagChips);
registry.category("fields").add("classification_short_tags", shortTags);
