import {BaseImportModel} from "@base_import/import_model";
import {_t} from "@web/core/l10n/translation";
import {patch} from "@web/core/utils/patch";

const PURCHASES = "customer.purchase";
const MOST_SENTENCES = 30;
const KINDS = {float: "number", monetary: "number", date: "date"};

/** Odoo's import screen tells how each column of a file of the addon is read, and, for
 *  purchases, what each line lacks and what became of the lines. */
patch(BaseImportModel.prototype, {
    setResModel(resModel) {
        super.setResModel(resModel);
        if (resModel === PURCHASES) {
            this.importOptionsValues.replace_purchases = {value: false};
        }
    },

    _onLoadSuccess(res) {
        this.columnReadings = res.readings || {};
        super._onLoadSuccess(res);
    },

    /** How a column is read depends on its field, which people may change. */
    _updateComments(updatedColumn) {
        super._updateComments(updatedColumn);
        this.columns.forEach((column, place) => {
            const kind = column.fieldInfo && KINDS[column.fieldInfo.type];
            const content = kind && this.columnReadings?.[place]?.[kind];
            if (content) {
                column.comments.push({type: "info", content});
            }
        });
    },

    async _callImport(dryrun, args) {
        const result = await super._callImport(dryrun, args);
        if (result.notes?.length && dryrun) {
            this._addMessage("info", result.notes);
        } else if (result.notes?.length) {
            this.notificationService.add(result.notes[0], {type: "info"});
        }
        return result;
    },

    /** Odoo shows either the sentence or the number of a line, and counts lines in its
     *  own way; here each sentence has the line that the spreadsheet shows. */
    _handleImportErrors(messages, name) {
        if (messages[0].not_matching_error) {
            this._addMessage(messages[0].type, messages[0].message.split("\n"));
            return true;
        }
        if (this.resModel !== PURCHASES) {
            return super._handleImportErrors(messages, name);
        }
        const sentences = [...new Set(messages.map((message) => message.message))];
        const lines = sentences.slice(0, MOST_SENTENCES);
        if (sentences.length > lines.length) {
            lines.push(_t("%s more.", sentences.length - lines.length));
        }
        this._addMessage("danger", [
            _t("Nothing is imported. These lines cannot be taken:"),
            ...lines,
        ]);
        this._markColumns(messages);
        return false;
    },

    /** Points out the columns. New contacts, for customers that are not known, are an
     *  option that Odoo shows below an error. */
    _markColumns(messages) {
        for (const column of this.columns) {
            const path = column.fieldInfo?.fieldPath;
            const own = messages.filter((message) => message.field === path);
            if (!path || !own.length) {
                continue;
            }
            const content = _t("Lines that cannot be taken: %s", own.length);
            if (path === "partner_id") {
                column.errors = [{...own[0], type: "danger", message: content}];
                column.resultNames = [];
            } else {
                column.comments.push({type: "danger", content});
            }
        }
    },
});
