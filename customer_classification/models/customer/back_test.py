"""Back-tests: classes of a past day against what was bought afterwards."""

from dateutil.relativedelta import relativedelta

from odoo.exceptions import UserError
from odoo.tools import SQL

from ...copy_frames import is_usable, read_frame
from ...engine import AXES
from .columns import RISKS
from .pipeline import CustomerPipeline
from .prediction_trial import trial_lines, try_out

DEFAULT_HORIZON_DAYS = 180
# Sums of a back-test's cells, besides those of every run.
NEXT_SUMS = ("next_revenue", "next_order_count", "next_buyer_count")


def possible_horizon(policy, as_of_date, asked):
    """Return how many of the days asked for are over, without today.

    :raises UserError: none is
    """
    if asked < 1:
        raise UserError(policy.env._("A back-test needs at least one day afterwards."))
    days_over = (policy._today() - as_of_date).days - 1
    if days_over < 1:
        raise UserError(
            policy.env._(
                "Choose a day in the past: a back-test compares the classes of "
                "that day with what was bought on the days after it."
            )
        )
    return min(asked, days_over)


class BackTest(CustomerPipeline):
    """Runs of a past day, as if nothing was known of later days.

    No class is kept, and no limit that was found later.

    *Query budget*: three besides those of every run to read what was bought, one to
    write the lines.
    """

    move_model = None

    @property
    def may_predict(self):
        return False  # the trial of predictions is a part of its own

    def collect(self):
        result = super().collect()
        self.previous = self.previous.iloc[:0]
        return result

    def given_edges(self):
        return None

    def standing_edges(self):
        return None

    def kept_edges(self, parameters):
        return None

    def find_shown(self):
        from ...engine import Shown

        axes, frame = list(AXES), self.result.frame
        numbers = self.previous.reindex(frame.index, fill_value=0)[axes]
        return Shown(numbers, frame[axes].assign(is_overridden=False))

    def summarize(self):
        self.outcome = self.read_outcome()
        self.run.prediction_trial = try_out(self)
        self._write_lines()
        return super().summarize()

    def summed_facts(self):
        own = self.outcome.reindex(self.facts.index, fill_value=0)
        return {**super().summed_facts(), **{name: own[name] for name in NEXT_SUMS}}

    def keep_rehearsal(self):
        """Keep nothing: no class changes."""

    def write_trial(self):
        """Write nothing: no class changes."""

    # Outcome

    def read_outcome(self):
        """Return each customer's purchases in the year before and the horizon.

        One query.
        """
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
        digits = self.company.currency_id.decimal_places
        outcome = outcome.round({"next_revenue": digits, "last_year_revenue": digits})
        bought = (outcome["next_order_count"] > 0).astype("int32")
        return outcome.assign(next_buyer_count=bought)

    def scope_afterwards(self):
        """Return the scope of the customers up to the last day compared."""
        return self.facts_model._scope(
            self.policy, self.run.horizon_date, self.execution.subject_ids
        )

    def _outcome_query(self):
        """Return SQL of the purchases of both periods, by commercial partner."""
        scope = self.scope_afterwards()
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
            purchases=self.facts_model._purchase_query(self.policy, scope),
        )
        return scope.with_rates(query)

    # Writing

    def _write_lines(self):
        """Write the findings of the engine as lines and as JSON: one insert."""
        from ...engine.customers.back_test import back_test

        tiers = (*self.parameters.tier_keys, self.parameters.unrated_key)
        frame = self.result.frame
        found = back_test(self.facts, frame, self.outcome, tiers, self.as_of_date)
        self.run.back_test = {
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
        if self.run.prediction_trial:
            values += trial_lines(self.run.prediction_trial)
        self.env["classification.back.test.line"].create(
            [
                {
                    "run_id": self.run.id,
                    "company_id": self.company.id,
                    "sequence": sequence,
                    **line,
                }
                for sequence, line in enumerate(values)
            ]
        )

    def _class_line(self, line):
        """Return the values of a class line; amounts have own fields."""
        money = ("revenue", "mean_revenue")
        key, axis = line["key"], line["axis"]
        stages = self.run._stage_ids()
        classes = {
            "value_tier": ("value_tier_id", lambda: key),
            "lifecycle_stage": (
                "lifecycle_stage_id",
                lambda: stages[key],
            ),
            "churn_risk": ("churn_risk", lambda: (False, *RISKS)[key]),
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

    # Showing

    def form_values(self):
        view = self.env.ref(
            "customer_classification.classification_run_view_form_back_test"
        )
        return {"views": [(view.id, "form")], "name": self.env._("Back-test")}
