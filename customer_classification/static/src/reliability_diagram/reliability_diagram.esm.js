import {SIZE, hundredths, marks, place} from "./reliability.esm";
import {Component} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {formatInteger} from "@web/views/fields/formatters";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** Groups of customers by what was predicted of them, against what then happened, as
 * a drawing and as a table. */
export class ReliabilityDiagram extends Component {
    static template = "customer_classification.ReliabilityDiagram";
    static props = {...standardFieldProps};

    setup() {
        this.size = SIZE;
        this.marks = marks();
    }

    get groups() {
        const {bins} = this.props.record.data[this.props.name] || {};
        return (bins || []).map((bin) => {
            const group = {...place(bin), ...this.texts(bin)};
            return {...group, title: this.title(group)};
        });
    }

    texts(bin) {
        const {predicted, low, high} = hundredths(bin);
        return {
            customersText: formatInteger(bin.customers),
            buyersText: formatInteger(bin.buyers),
            predictedText: predicted,
            rangeText: _t("%(low)s to %(high)s", {low, high}),
        };
    }

    title({customersText, buyersText, predictedText, rangeText}) {
        return _t(
            "Predicted %(predicted)s of 100: of %(customers)s customers %(buyers)s bought (%(range)s of 100)",
            {
                predicted: predictedText,
                customers: customersText,
                buyers: buyersText,
                range: rangeText,
            }
        );
    }

    get summary() {
        return _t("Share of customers who bought, by what was predicted");
    }
}

export const reliabilityDiagram = {
    component: ReliabilityDiagram,
    supportedTypes: ["json"],
};

registry.category("fields").add("reliability_diagram", reliabilityDiagram);
