/* global Chart */
import {Component, onWillStart, onWillUnmount, useEffect, useRef} from "@odoo/owl";
import {loadBundle} from "@web/core/assets";

/** A chart of Chart.js whose elements open what is behind them. What it shows stands
 * in a table beside it, for keyboards and screen readers. */
export class OverviewChart extends Component {
    static template = "customer_classification.OverviewChart";
    static props = {
        config: Object,
        label: String,
        onOpen: Function,
    };

    setup() {
        this.canvas = useRef("canvas");
        onWillStart(() => loadBundle("web.chartjs_lib"));
        useEffect(
            () => this.draw(),
            () => [this.props.config]
        );
        onWillUnmount(() => this.chart?.destroy());
    }

    draw() {
        this.chart?.destroy();
        const {config} = this.props;
        this.chart = new Chart(this.canvas.el, {
            ...config,
            options: {
                animation: false,
                maintainAspectRatio: false,
                onClick: (event, elements) => {
                    if (elements.length) {
                        this.props.onOpen(elements[0].index);
                    }
                },
                onHover: (event, elements) => {
                    this.canvas.el.style.cursor = elements.length ? "pointer" : "";
                },
                ...config.options,
            },
        });
    }
}
