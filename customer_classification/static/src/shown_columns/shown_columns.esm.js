import {toRaw, useEffect} from "@odoo/owl";
import {ListController} from "@web/views/list/list_controller";
import {ListRenderer} from "@web/views/list/list_renderer";
import {RelationalModel} from "@web/model/relational_model/relational_model";
import {leftOut} from "./left_out.esm";
import {listView} from "@web/views/list/list_view";
import {omit} from "@web/core/utils/objects";
import {registry} from "@web/core/registry";

/** A model that asks for the values of shown columns. Its `activeFields` are those of
 * Odoo, so that keys, onchanges and saves are, too; only what is read is less. The names
 * that a root was read without are in its `config.leftOut`.
 */
export class ShownColumnsModel extends RelationalModel {
    setup(params, services) {
        super.setup(params, services);
        this.getLeftOut = params.getLeftOut;
    }

    hasValuesOf(name) {
        return !this.config.leftOut?.includes(name);
    }

    _loadUngroupedList(config, cache) {
        return super._loadUngroupedList(this._narrowed(config), cache);
    }

    _webReadGroup(config, cache) {
        return super._webReadGroup(this._narrowed(config), cache);
    }

    _loadRecords(config, ...others) {
        return super._loadRecords(this._narrowed(config), ...others);
    }

    _narrowed(config) {
        if (toRaw(config.activeFields) !== toRaw(this.config.activeFields)) {
            // Records of a field of our records
            return config;
        }
        if (config.isRoot) {
            config.leftOut = this.orm.isSample ? [] : this.getLeftOut(config);
        }
        const names = (config.isRoot ? config : this.config).leftOut || [];
        return {
            ...config,
            activeFields: omit(config.activeFields, ...names),
            fieldsToAggregate: config.fieldsToAggregate?.filter(
                (name) => !names.includes(name)
            ),
        };
    }
}

/** Shows a column that was switched on when its values are there. */
export class ShownColumnsRenderer extends ListRenderer {
    setup() {
        super.setup();
        useEffect(
            (missing, isEdited) => {
                if (missing && isEdited) {
                    // Then it is asked for
                    this.props.list.leaveEditMode();
                } else if (missing) {
                    this.reload();
                }
            },
            () => [this.missing.join(), Boolean(this.editedRecord)]
        );
    }

    getActiveColumns() {
        const {model} = this.props.list;
        const isMissing = ({type, name}) =>
            type === "field" && !model.hasValuesOf(name);
        const columns = super.getActiveColumns();
        this.missing = columns.filter(isMissing).map(({name}) => name);
        return columns.filter((column) => !isMissing(column));
    }

    /** Read again; rows that were selected are selected afterwards. */
    async reload() {
        const {model, selection, isDomainSelected} = this.props.list;
        const selected = new Set(selection.map(({resId}) => resId));
        await model.load();
        for (const record of model.root.records) {
            if (selected.has(record.resId)) {
                record.toggleSelection(true);
            }
        }
        if (isDomainSelected) {
            await model.root.selectDomain(true);
        }
    }
}

export class ShownColumnsController extends ListController {
    get modelParams() {
        return {...super.modelParams, getLeftOut: this.getLeftOut.bind(this)};
    }

    getLeftOut({activeFields, fields, groupBy}) {
        const active = this.getSwitches(Object.keys(activeFields));
        return leftOut(this.archInfo, fields, active, groupBy);
    }

    /** Return which optional columns the user chose. The first question is asked before
     * there is a renderer, so its functions are asked without one.
     */
    getSwitches(fieldNames) {
        const renderer = Object.assign(Object.create(this.props.Renderer.prototype), {
            props: {list: {fieldNames, resModel: this.props.resModel}},
            env: this.env,
            allColumns: this.archInfo.columns,
        });
        renderer.keyOptionalFields = `optional_fields,${renderer.createViewKey()}`;
        return renderer.computeOptionalActiveFields();
    }
}

export const shownColumnsListView = {
    ...listView,
    Model: ShownColumnsModel,
    Renderer: ShownColumnsRenderer,
    Controller: ShownColumnsController,
};

registry.category("views").add("classification_shown_columns", shownColumnsListView);
