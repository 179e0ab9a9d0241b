import {ShownColumnsRenderer} from "../shown_columns/shown_columns.esm";
import {groupsOverlap} from "./totals.esm";

/** A list that shows no total below groups which overlap; each group has its own. */
export class CountedOnceRenderer extends ShownColumnsRenderer {
    computeAggregates() {
        const {isGrouped, groupBy, fields} = this.props.list;
        if (isGrouped && groupsOverlap(groupBy, fields)) {
            return {};
        }
        return super.computeAggregates();
    }
}
