import {Component, onMounted, onWillStart, useState} from "@odoo/owl";
import {bars, byClass, cohortRows, grid, shares, table} from "./numbers.esm";
import {deserializeDate, formatDate, serializeDate} from "@web/core/l10n/dates";
import {formatInteger, formatPercentage} from "@web/views/fields/formatters";
import {DateTimeInput} from "@web/core/datetime/datetime_input";
import {Layout} from "@web/search/layout";
import {OverviewCard} from "./card.esm";
import {OverviewChart} from "./chart.esm";
import {RecordSelector} from "@web/core/record_selectors/record_selector";
import {_t} from "@web/core/l10n/translation";
import {download} from "@web/core/network/download";
import {flow} from "./flow.esm";
import {formatCurrency} from "@web/core/currency";
import {moveOf} from "../migration_matrix/matrix.esm";
import {registry} from "@web/core/registry";
import {router} from "@web/core/browser/router";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";
import {useSetupAction} from "@web/search/action_hook";
import {user} from "@web/core/user";

const MODEL = "customer.overview";
const REPORT = "customer_classification.report_customer_grading_action";
// What is asked for together: the first part is seen before the others are there.
const PARTS = [
    ["decisions", "current", "grid"],
    ["risk", "outlook"],
    ["tiers"],
    ["bridge"],
    ["movers"],
    ["cohorts"],
    ["flow"],
    ["pareto", "playbooks", "campaigns"],
];
const DAYS = ["from_date", "to_date"];
const IDS = ["company_id", "tier_id", "team_id", "country_id", "industry_id", "tag_id"];
// Their rows open the customer by themselves.
const WITHOUT_FORM = [
    "classification.migration",
    "classification.bridge",
    "classification.cohort",
    "classification.to.fix",
];
const FLOW = {width: 560, height: 300};
const TEN_MILLIONS = 10000000;
const GOOD = "#1a7f5a";
const BAD = "#b02a37";
const PLAIN = "#4d6a8a";

/** The overview of the customers; each number opens the records behind it. */
export class Overview extends Component {
    static template = "customer_classification.Overview";
    static components = {
        DateTimeInput,
        Layout,
        OverviewCard,
        OverviewChart,
        RecordSelector,
    };
    static props = {...standardActionServiceProps};

    setup() {
        this.action = useService("action");
        this.orm = useService("orm");
        this.display = {controlPanel: {}};
        this.state = useState({
            filters: this.firstFilters(),
            companies: [],
            addsUp: true,
            currency: false,
            isKept: true,
            blocks: {},
            cohortKind: "buyers",
            gridKind: "revenue",
        });
        useSetupAction({getLocalState: () => ({filters: {...this.state.filters}})});
        onWillStart(async () => {
            this.canExport = await user.hasGroup("base.group_allow_export");
            await this.loadPart(PARTS[0]);
        });
        onMounted(() => this.loadRest());
    }

    /** The filters before a number was opened, or those of the page's address. */
    firstFilters() {
        const known = {...router.current, ...this.props.state?.filters};
        return {
            ...Object.fromEntries(DAYS.map((name) => [name, known[name] || false])),
            ...Object.fromEntries(
                IDS.map((name) => [name, Number(known[name]) || false])
            ),
        };
    }

    // Loading

    async load() {
        this.state.blocks = {};
        this.state.isKept = true;
        await this.loadPart(PARTS[0]);
        await this.loadRest();
    }

    async loadRest() {
        const started = this.turn;
        for (const names of PARTS.slice(1)) {
            if (started !== this.turn) {
                return;
            }
            await this.loadPart(names, started);
        }
    }

    /** Ask for blocks, and keep the filters in the address of the page. What was asked
     * for before the filters changed is left. */
    async loadPart(names, turn = (this.turn || 0) + 1) {
        this.turn = turn;
        const answer = await this.orm.call(MODEL, "get_blocks", [names], {
            filters: this.state.filters,
        });
        if (turn !== this.turn) {
            return;
        }
        this.state.filters = answer.filters;
        this.state.companies = answer.companies;
        this.state.addsUp = answer.adds_up;
        this.state.currency = answer.currency_id;
        this.state.isKept = this.state.isKept && answer.is_kept;
        Object.assign(this.state.blocks, answer.blocks);
        this.props.updateActionState?.(this.address);
    }

    /** The filters that are set, and nothing of the others. */
    get address() {
        const entries = Object.entries(this.state.filters);
        return Object.fromEntries(
            entries.map(([name, value]) => [name, value || undefined])
        );
    }

    change(filters) {
        Object.assign(this.state.filters, filters);
        return this.load();
    }

    changeDay(name, day) {
        return this.change({[name]: day ? serializeDate(day) : false});
    }

    clear() {
        return this.change(Object.fromEntries(IDS.map((name) => [name, false])));
    }

    print() {
        window.print();
    }

    /** The customer grading report, with the filters in force. */
    async report() {
        const action = await this.action.loadAction(REPORT);
        return this.action.doAction({
            ...action,
            context: user.context,
            data: {filters: this.state.filters},
        });
    }

    exportFile() {
        return download({
            url: "/customer_classification/overview.xlsx",
            data: {
                filters: JSON.stringify(this.state.filters),
                companies: JSON.stringify(user.context.allowed_company_ids),
            },
        });
    }

    // Filters

    get days() {
        return [
            {name: "from_date", label: _t("Compared with")},
            {name: "to_date", label: _t("Up to")},
        ];
    }

    get selectors() {
        return [
            {name: "tier_id", model: "customer.value.tier", label: _t("Value Tier")},
            {name: "team_id", model: "crm.team", label: _t("Sales Team")},
            {name: "country_id", model: "res.country", label: _t("Country")},
            {name: "industry_id", model: "res.partner.industry", label: _t("Industry")},
            {name: "tag_id", model: "res.partner.category", label: _t("Tag")},
        ];
    }

    get isFiltered() {
        return IDS.some((name) => this.state.filters[name]);
    }

    date(text) {
        return text ? deserializeDate(text) : false;
    }

    day(text) {
        return text ? formatDate(deserializeDate(text)) : "";
    }

    month(text) {
        return deserializeDate(text).toFormat("yyyy-MM");
    }

    get firstDay() {
        return this.day(this.state.filters.from_date);
    }

    get lastDay() {
        return this.day(this.state.filters.to_date);
    }

    get ends() {
        return {from: this.firstDay, to: this.lastDay};
    }

    // Numbers as text

    get hasMoney() {
        return this.state.currency !== false;
    }

    count(number) {
        return formatInteger(number);
    }

    percent(share, digits = 0) {
        return formatPercentage(share, {digits: [0, digits]});
    }

    money(amount) {
        return formatCurrency(amount || 0, this.state.currency, {
            digits: [0, 0],
            humanReadable: Math.abs(amount) >= TEN_MILLIONS,
        });
    }

    exact(amount) {
        return formatCurrency(amount || 0, this.state.currency);
    }

    /** A difference: the sign before the currency, too. */
    signed(number, format) {
        const sign = number > 0 ? "+" : number < 0 ? "-" : "";
        return sign + format.call(this, Math.abs(number));
    }

    /** The amount of a cell, or nothing for who may not see it. */
    amount(cell) {
        return cell && cell.measure ? this.money(cell.sum) : "";
    }

    // Opening

    open(cell, name) {
        const form = WITHOUT_FORM.includes(cell.model) ? [] : [[false, "form"]];
        return this.action.doAction({
            type: "ir.actions.act_window",
            name,
            res_model: cell.model,
            domain: cell.domain,
            context: cell.context,
            views: [[false, "list"], ...form],
        });
    }

    // What needs a decision

    get waiting() {
        const names = {
            to_fix: _t("To fix"),
            runs: _t("Runs to approve"),
            overrides: _t("Decisions to review"),
            drift: _t("Runs that differ from those before"),
        };
        return this.state.blocks.decisions.waiting.map((one) => ({
            ...one,
            label: names[one.name],
        }));
    }

    get freshness() {
        const {fresh, never} = this.state.blocks.decisions;
        const isOne = fresh.length + never.length === 1;
        return [
            ...fresh.map((one) => ({
                key: one.company,
                text: isOne
                    ? _t("Counted up to %s", this.day(one.as_of_date))
                    : _t("%(company)s: counted up to %(day)s", {
                          company: one.company,
                          day: this.day(one.as_of_date),
                      }),
            })),
            ...never.map((company) => ({
                key: company,
                text: _t("%s: nobody has been classified yet", company),
            })),
        ];
    }

    get isEmpty() {
        const {decisions, grid: places} = this.state.blocks;
        return Boolean(
            decisions && places && !decisions.fresh.length && !places.cells.length
        );
    }

    // Tiers

    get tierHint() {
        return _t("On %(to)s, and what changed since %(from)s.", this.ends);
    }

    /** With the change as soon as it is known; until then, the tiers of today. */
    get tierRows() {
        const {tiers, current} = this.state.blocks;
        const rows = tiers
            ? byClass(tiers)
            : current.rows.map((row) => ({...row, now: row}));
        const total = {
            key: "total",
            name: _t("All"),
            now: tiers ? tiers.after : current.total,
            before: tiers && tiers.before,
        };
        return [...rows, total].map((one) => ({
            ...one,
            isTotal: one.key === "total",
            ...this.changes(one),
        }));
    }

    get hasTiers() {
        const {tiers, current} = this.state.blocks;
        return Boolean(tiers || (current && current.rows.length));
    }

    changes({now, before}) {
        if (!before) {
            return {countChange: {text: "…"}, sumChange: {text: "…"}};
        }
        const count = now.count - before.count;
        const sum = (now.sum || 0) - (before.sum || 0);
        return {
            countChange: {
                text: count ? this.signed(count, this.count) : "–",
                tone: this.tone(count),
            },
            sumChange: {
                text: sum ? this.signed(sum, this.money) : "–",
                tone: this.tone(sum),
            },
        };
    }

    tone(number) {
        if (!number) {
            return "";
        }
        return number > 0 ? "o_overview_up" : "o_overview_down";
    }

    // RFM

    get gridRows() {
        return grid(this.state.blocks.grid);
    }

    gridTitle(row, {score, cell, segment}) {
        const place = _t("Recency %(recency)s, frequency %(frequency)s", {
            recency: row.score,
            frequency: score,
        });
        return [place, segment?.name, this.customers(cell), this.amount(cell)]
            .filter(Boolean)
            .join(", ");
    }

    /** What the places of the grid can show beside the customers. */
    get gridKinds() {
        const kinds = [
            {name: "expected", label: _t("Predicted Revenue")},
            {name: "direction", label: _t("Direction")},
        ];
        return this.hasMoney
            ? [{name: "revenue", label: _t("Revenue")}, ...kinds]
            : kinds.slice(1);
    }

    get gridKind() {
        return this.state.blocks.outlook ? this.state.gridKind : "revenue";
    }

    get gridKindHint() {
        return {
            revenue: "",
            expected: _t(
                "Predicted revenue of the customers of whom a prediction has proved itself."
            ),
            direction: _t(
                "▲ customers who buy more in this half of the window of the rules than in the one before, ▼ those who buy less."
            ),
        }[this.gridKind];
    }

    outlookOf({cell}) {
        return this.state.blocks.outlook.cells.find(
            (one) => one.recency === cell.recency && one.frequency === cell.frequency
        );
    }

    get directions() {
        return [
            {name: "growing", sign: "▲", label: _t("Growing"), tone: "o_overview_up"},
            {
                name: "shrinking",
                sign: "▼",
                label: _t("Shrinking"),
                tone: "o_overview_down",
            },
        ];
    }

    customers(cell) {
        return _t("%s customers", this.count(cell.count));
    }

    // Matrices

    get matrixHint() {
        return _t(
            "Rows are the tiers on %(from)s, columns those on %(to)s.",
            this.ends
        );
    }

    get riskName() {
        return _t("At risk");
    }

    get tierMatrix() {
        return table(this.state.blocks.tiers);
    }

    get riskMatrix() {
        return table(this.state.blocks.risk);
    }

    cellMove({row, column}) {
        return moveOf(row, column);
    }

    cellStrength({row, cell}) {
        return (0.08 + 0.3 * (cell.count / (row.count || 1))).toFixed(2);
    }

    cellTitle({row, column, cell}) {
        return _t("%(from)s → %(to)s: %(count)s customers", {
            from: row.name,
            to: column.name,
            count: this.count(cell.count),
        });
    }

    rowName(row) {
        return row.name || _t("No Salesperson");
    }

    // Bridge

    get bridgeHint() {
        return _t(
            "From the revenue of the window up to %(from)s to that up to %(to)s. Entered later: documents of the first window that were not there yet on its last day.",
            this.ends
        );
    }

    get bridgeLabel() {
        return _t("Chart of the revenue bridge; the table below has its numbers");
    }

    get movementNames() {
        return {
            opening: _t("Revenue up to %s, as known then", this.firstDay),
            corrected: _t("Entered later"),
            closing: _t("Revenue up to %s", this.lastDay),
            new: _t("New"),
            won_back: _t("Won back"),
            grown: _t("Grown"),
            shrunk: _t("Shrunk"),
            lost: _t("Lost"),
            same: _t("Unchanged"),
            unknown: _t("Cannot be counted"),
        };
    }

    get bridgeRows() {
        const {opening, movements, closing} = this.state.blocks.bridge;
        return [
            {...opening, name: "opening", isEnd: true},
            ...movements,
            {...closing, name: "closing", isEnd: true},
        ].map((one) => ({
            ...one,
            label: this.movementNames[one.name],
            amountText: this.bridgeAmount(one),
            tone: one.isEnd ? "" : this.tone(one.sum),
        }));
    }

    bridgeAmount({name, sum, isEnd}) {
        if (name === "unknown") {
            return "–";
        }
        return isEnd ? this.exact(sum) : this.signed(sum, this.exact);
    }

    get bridgeBars() {
        return bars(this.state.blocks.bridge);
    }

    /** Names below the bars, where the sentences of the table have no room. */
    get barNames() {
        return {
            ...this.movementNames,
            opening: this.firstDay,
            closing: this.lastDay,
        };
    }

    get bridgeChart() {
        const drawn = this.bridgeBars;
        const color = (bar) =>
            ["opening", "closing"].includes(bar.name)
                ? PLAIN
                : bar.sum > 0
                  ? GOOD
                  : BAD;
        return {
            type: "bar",
            data: {
                labels: drawn.map((bar) => this.barNames[bar.name]),
                datasets: [
                    {
                        data: drawn.map((bar) => [bar.from, bar.to]),
                        backgroundColor: drawn.map(color),
                        minBarLength: 2,
                    },
                ],
            },
            options: {
                plugins: {
                    legend: {display: false},
                    tooltip: {
                        callbacks: {
                            label: ({dataIndex}) => this.exact(drawn[dataIndex].sum),
                        },
                    },
                },
                scales: {y: {ticks: {callback: (value) => this.money(value)}}},
            },
        };
    }

    openBar(place) {
        const bar = this.bridgeBars[place];
        return this.open(bar, this.movementNames[bar.name]);
    }

    // Movers

    get moverText() {
        return _t("Who went to another tier from %(from)s to %(to)s.", {
            from: this.day(this.state.blocks.movers.from_date),
            to: this.lastDay,
        });
    }

    get moveNames() {
        return {better: _t("Better"), worse: _t("Worse"), other: _t("Neutral")};
    }

    // Cohorts

    get cohortTable() {
        return cohortRows(this.state.blocks.cohorts, this.state.cohortKind);
    }

    get ages() {
        const [first] = this.cohortTable.slice(-1);
        return first ? first.cells.map((cell) => cell.age) : [];
    }

    cohortText({cell, share, age}) {
        if (this.state.cohortKind === "revenue") {
            return this.money(cell.sum);
        }
        return age ? this.percent(share) : this.count(cell.count);
    }

    cohortTitle(row, {age, cell, is_partial: isPartial}) {
        const title = _t(
            "%(month)s, %(age)s months later: %(count)s customers bought",
            {
                month: this.month(row.month),
                age,
                count: this.count(cell.count),
            }
        );
        return isPartial ? `${title} (${_t("running month")})` : title;
    }

    // Flow

    get flowHint() {
        return _t(
            "From the stages on %(from)s to those on %(to)s. The table has the ten widest ways to another stage.",
            this.ends
        );
    }

    get flowDrawing() {
        return {...flow(this.state.blocks.flow, FLOW), ...FLOW};
    }

    get flowRows() {
        const {rows, columns, cells} = this.state.blocks.flow;
        return cells
            .map((cell) => ({...cell, from: rows[cell.row], to: columns[cell.column]}))
            .filter(({from, to}) => from.key !== to.key)
            .map((cell) => ({...cell, move: moveOf(cell.from, cell.to)}))
            .sort((a, b) => b.count - a.count)
            .slice(0, 10);
    }

    bandMove(band) {
        const {rows, columns} = this.state.blocks.flow;
        return moveOf(rows[band.row], columns[band.column]);
    }

    bandTitle(band) {
        const {rows, columns} = this.state.blocks.flow;
        return this.cellTitle({
            row: rows[band.row],
            column: columns[band.column],
            cell: band,
        });
    }

    // Concentration

    get paretoLabel() {
        return _t("Chart of the concentration; the table below has its numbers");
    }

    get points() {
        return shares(this.state.blocks.pareto.points);
    }

    get paretoChart() {
        const {points} = this;
        return {
            type: "line",
            data: {
                datasets: [
                    {
                        data: [{x: 0, y: 0}].concat(
                            points.map(({customers, revenue}) => ({
                                x: customers,
                                y: revenue,
                            }))
                        ),
                        borderColor: PLAIN,
                        backgroundColor: "rgba(77, 106, 138, 0.15)",
                        fill: true,
                        pointRadius: 4,
                    },
                ],
            },
            options: {
                plugins: {legend: {display: false}, tooltip: {enabled: false}},
                scales: {
                    x: {
                        type: "linear",
                        max: 1,
                        ticks: {callback: (value) => this.percent(value)},
                        title: {display: true, text: _t("Customers, the best first")},
                    },
                    y: {
                        max: 1,
                        min: 0,
                        ticks: {callback: (value) => this.percent(value)},
                        title: {display: true, text: _t("Revenue")},
                    },
                },
            },
        };
    }

    openPoint(place) {
        const point = this.points[place - 1];
        return point && this.open(point, this.pointName(point));
    }

    pointName(point) {
        return _t("The best %s of the customers", this.percent(point.customers));
    }

    // Campaigns

    /** Until it is known, and for who may read results. */
    get hasCampaigns() {
        const {campaigns} = this.state.blocks;
        return !campaigns || campaigns.is_readable;
    }

    // Playbooks

    /** Until it is known, and for who may read results. */
    get hasPlaybooks() {
        const {playbooks} = this.state.blocks;
        return !playbooks || playbooks.is_readable;
    }

    get verdicts() {
        return {
            works: _t("Worked"),
            harms: _t("Did harm"),
            unclear: _t("Unknown"),
            no_control: _t("No control group"),
        };
    }
}

registry.category("actions").add("customer_classification.overview", Overview);
