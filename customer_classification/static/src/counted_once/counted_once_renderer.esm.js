import {ListRenderer} from "@web/views/list/list_renderer";
import {groupsOverlap} from "./totals.esm";

/** A list that shows no total below groups which overlap; each group has its own. */
export class CountedOnceRenderer extends ListRenderer {
    computeAggregates() {
        const {isGrouped, groupBy, fields} = this.props.list;
        if (isGrouped && groupsOverlap(groupBy, fields)) {
            return {};
        }
        return super.computeAggregates();
    }
}
