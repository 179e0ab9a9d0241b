from datetime import timedelta

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...copy_frames import is_usable, read_frame
from ..common.access_groups import MONEY_GROUP
from ..common.called_records import check_one

DEFAULT_HORIZON_DAYS = 180
RISKS = (False, "low", "medium", "high")
# Sums that the cells of a back-test's result have beside those of every run.
NEXT_SUMS = ("next_revenue", "next_order_count", "next_buyer_count")


class ClassificationRun(models.Model):
    """Back-test: the classes of a past day against what was bought afterwards.

    *Query budget*: one beside those of every run to read what was bought, one to
    write the lines.
    """

    _inherit = "classification.run"  # pylint: disable=consider-merging-classes-inherited

    horizon_days = fields.Integer(
        string="Days Afterwards",
        readonly=True,
        aggregator=None,
        help="Purchases of so many days after the day of a back-test tell what its "
        "classes were worth.",
    )
    asked_horizon_days = fields.Integer(
        string="Days Asked For", readonly=True, aggregator=None
    )
    horizon_date = fields.Date(
        string="Up To",
        compute="_compute_horizon_date",
        help="Last day of which purchases were compared.",
    )
    back_test = fields.Json(
        readonly=True,
        help="Warnings of a back-test by name, and the share of those who first "
        "bought afterwards.",
    )
    back_test_line_ids = fields.One2many(
        "classification.back.test.line", "run_id", readonly=True
    )
    back_test_tier_ids = fields.One2many(
        "classification.back.test.line",
        "run_id",
        string="Value Tiers",
        domain=[("axis", "=", "value_tier")],
        readonly=True,
    )
    back_test_stage_ids = fields.One2many(
        "classification.back.test.line",
        "run_id",
        string="Lifecycle Stages",
        domain=[("axis", "=", "lifecycle_stage")],
        readonly=True,
    )
    back_test_risk_ids = fields.One2many(
        "classification.back.test.line",
        "run_id",
        string="Churn Risks",
        domain=[("axis", "=", "churn_risk")],
        readonly=True,
    )
    back_test_warning_ids = fields.One2many(
        "classification.back.test.line",
        "run_id",
        string="Warnings",
        domain=[("axis", "=", "warning")],
        readonly=True,
    )

    @api.depends("as_of_date", "horizon_days")
    def _compute_horizon_date(self):
        for run in self:
            run.horizon_date = run.horizon_days and run.as_of_date + timedelta(
                days=run.horizon_days
            )

    # Starting

    @api.model
    def _prepare(self, policy, as_of_date=None, horizon_days=None, **values):
        if values.get("kind") == "back_test":
            as_of_date = fields.Date.to_date(as_of_date) or policy._today()
            asked = DEFAULT_HORIZON_DAYS if horizon_days is None else horizon_days
            values["asked_horizon_days"] = asked
            values["horizon_days"] = self._possible_horizon(policy, as_of_date, asked)
        return super()._prepare(policy, as_of_date=as_of_date, **values)

    @api.model
    def _possible_horizon(self, policy, as_of_date, asked):
        """How many of the days asked for are over: today is not.

        :raises UserError: none is
        """
        if asked < 1:
            raise UserError(
                self.env._("A back-test needs at least one day afterwards.")
            )
        days_over = (policy._today() - as_of_date).days - 1
        if days_over < 1:
            raise UserError(
                self.env._(
                    "Choose a day in the past: a back-test compares the classes of "
                    "that day with what was bought on the days after it."
                )
            )
        return min(asked, days_over)

    # Executing

    def _given_edges(self, parameters):
        """The limits of the last run were found later, so a back-test finds its own."""
        if self.kind == "back_test":
            return None
        return super()._given_edges(parameters)

    def _write_summary(self, facts, previous, result, moves, parameters, shown):
        if self.kind == "back_test":
            outcome = self._read_outcome()
            self._write_back_test(facts, result.frame, outcome, parameters)
            own = outcome.reindex(facts.index, fill_value=0)
            facts = facts.assign(**{name: own[name] for name in NEXT_SUMS})
        return super()._write_summary(facts, previous, result, moves, parameters, shown)

    def _summed_facts(self, facts):
        sums = super()._summed_facts(facts)
        if self.kind == "back_test":
            sums |= {name: facts[name] for name in NEXT_SUMS}
        return sums

    def _read_outcome(self):
        """Frame of what each customer bought in the year before and in the horizon:
        one query."""
        import pandas as pd

        kinds = {
            "partner_id": "int",
            "next_revenue": "float",
            "next_order_count": "int",
            "last_year_revenue": "float",
            "had_bought": "bool",
        }
        columns = read_frame(self.env.cr, self._outcome_query(), kinds)
        outcome = pd.DataFrame(columns).set_index("partner_id")
        digits = self.company_id.currency_id.decimal_places
        outcome = outcome.round({"next_revenue": digits, "last_year_revenue": digits})
        bought = (outcome["next_order_count"] > 0).astype("int32")
        return outcome.assign(next_buyer_count=bought)

    def _outcome_query(self):
        """SQL of the purchases of both periods, by commercial partner."""
        facts = self.env["classification.facts"]
        scope = facts._scope(
            self.policy_id, self.horizon_date, self.env.context.get("customer_ids")
        )
        query = SQL(
            """
            SELECT p.commercial_partner_id,
                   COALESCE(sum(d.amount) FILTER (WHERE %(after)s), 0)::float8,
                   (count(*) FILTER (WHERE %(after)s AND d.amount > 0))::int4,
                   COALESCE(sum(d.amount) FILTER (WHERE %(last_year)s), 0)::float8,
                   bool_or(NOT (%(after)s) AND d.amount > 0)
              FROM (%(purchases)s) d
              JOIN res_partner p ON p.id = d.partner_id
             WHERE COALESCE(%(usable)s, TRUE)
               AND NOT EXISTS (SELECT FROM res_company own
                                WHERE own.partner_id = p.commercial_partner_id)
             GROUP BY p.commercial_partner_id
            """,
            usable=is_usable(SQL("d.amount")),
            after=SQL("d.day > %s", self.as_of_date),
            last_year=SQL(
                "d.day > %s AND d.day <= %s",
                self.as_of_date - relativedelta(years=1),
                self.as_of_date,
            ),
            purchases=facts._purchase_query(self.policy_id, scope),
        )
        return scope.with_rates(query)

    # Writing

    def _write_back_test(self, facts, frame, outcome, parameters):
        """What the engine finds, as lines and as JSON: one insert."""
        from ...engine.customers.back_test import back_test

        tiers = (*parameters.tier_keys, parameters.unrated_key)
        found = back_test(facts, frame, outcome, tiers, self.as_of_date)
        self.back_test = {
            "warnings": {one["warning"]: one for one in found.warnings},
            "newcomer_count": found.newcomers["customers"],
            "newcomer_share": found.newcomers["share"],
        }
        values = [self._class_line(line) for line in found.lines]
        values += [
            {
                "axis": "warning",
                "warning": one["warning"],
                "customer_count": one["warned"],
                "measures": one,
            }
            for one in found.warnings
        ]
        self.env["classification.back.test.line"].create(
            [
                {
                    "run_id": self.id,
                    "company_id": self.company_id.id,
                    "sequence": sequence,
                    **line,
                }
                for sequence, line in enumerate(values)
            ]
        )

    def _class_line(self, line):
        """Values of the line of a class; money apart, for those who may see it."""
        money = ("revenue", "mean_revenue")
        key, axis = line["key"], line["axis"]
        classes = {
            "value_tier": ("value_tier_id", lambda: key),
            "lifecycle_stage": ("lifecycle_stage_id", lambda: self._stage_ids()[key]),
            "churn_risk": ("churn_risk", lambda: RISKS[key]),
        }
        field, value = classes[axis]
        return {
            "axis": axis,
            "is_total": key is None,
            "customer_count": line["customers"],
            "buyer_count": line["buyers"],
            "revenue": line["revenue"],
            "measures": {n: v for n, v in line.items() if n not in money},
            **({} if key is None else {field: value()}),
        }

    # Reading

    def _open_form(self):
        action = super()._open_form()
        if self.kind == "back_test":
            view = self.env.ref(
                "customer_classification.classification_run_view_form_back_test"
            )
            action["views"] = [(view.id, "form")]
            action["name"] = self.env._("Back-test")
        return action

    def action_open_back_test(self):
        """Open the screen of this back-test."""
        check_one(self)
        return self._open_form()

    def action_open_back_test_pivot(self):
        """Open tier, stage and risk against what was bought, to turn about."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.classification_run_result_action_back_test"
        )
        action["domain"] = [("run_id", "=", self.id)]
        return action


class ClassificationRunResult(models.Model):
    """Cells of a back-test also tell what was bought afterwards."""

    _inherit = "classification.run.result"

    next_revenue = fields.Monetary(string="Revenue Afterwards", groups=MONEY_GROUP)
    next_order_count = fields.Integer(string="Orders Afterwards")
    next_buyer_count = fields.Integer(string="Bought Afterwards")
