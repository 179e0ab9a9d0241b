import {ImportDataSidepanel} from "@base_import/import_data_sidepanel/import_data_sidepanel";
import {patch} from "@web/core/utils/patch";

const OF_TEXT_FILES = ["encoding", "separator", "quoting"];

patch(ImportDataSidepanel.prototype, {
    get isTextFile() {
        return this.fileExtension.toLowerCase() === ".csv";
    },

    get isPurchaseFile() {
        return this.props.options.replace_purchases !== undefined;
    },

    get shownFormattingOptions() {
        const options = Object.entries(this.props.formattingOptions);
        return this.isTextFile
            ? options
            : options.filter(([name]) => !OF_TEXT_FILES.includes(name));
    },
});
