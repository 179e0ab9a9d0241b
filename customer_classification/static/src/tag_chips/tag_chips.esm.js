import {
    KanbanMany2ManyTagsField,
    kanbanMany2ManyTagsField,
} from "@web/views/fields/many2many_tags/kanban_many2many_tags_field";
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

export const tagChips = {
    ...kanbanMany2ManyTagsField,
    component: TagChips,
    relatedFields: (fieldInfo) => [
        ...kanbanMany2ManyTagsField.relatedFields(fieldInfo),
        {name: "name", type: "char"},
    ],
};

registry.category("fields").add("classification_tag_chips", tagChips);
