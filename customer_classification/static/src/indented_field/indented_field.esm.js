import {CharField, charField} from "@web/views/fields/char/char_field";
import {registry} from "@web/core/registry";

/** A name that stands as far to the right as its record is deep in the tree. */
export class IndentedField extends CharField {
    static template = "customer_classification.IndentedField";

    /** Asked for when they are checked: other modules patch the props of CharField. */
    static get props() {
        return {...CharField.props, levelField: {type: String}};
    }

    get indent() {
        return `padding-left: ${1.25 * (this.props.record.data[this.props.levelField] || 0)}rem`;
    }
}

export const indentedField = {
    ...charField,
    component: IndentedField,
    extractProps(fieldInfo, dynamicInfo) {
        return {
            ...charField.extractProps(fieldInfo, dynamicInfo),
            levelField: fieldInfo.options.level_field,
        };
    },
};

registry.category("fields").add("classification_indented", indentedField);
