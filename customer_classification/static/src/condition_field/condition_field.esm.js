import {DomainField, domainField} from "@web/views/fields/domain/domain_field";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";

/** Odoo's editor of domains, which does not count what matches when it opens: a rule over
 *  a million contacts is run when someone asks for it. */
export class ConditionField extends DomainField {
    async checkProps(props = this.props) {
        const isValid = await this.quickValidityCheck(props);
        this.updateState({isValid, recordCount: isValid ? _t("Show") : 0});
    }
}

export const conditionField = {...domainField, component: ConditionField};

registry.category("fields").add("classification_condition", conditionField);
