from odoo import api, fields, models

from ..common.called_records import check_one
from .classification_policy_rules import SHARE_FIELDS

# Rules that decide about the value of a customer or about who is rated: with other
# ones, another histogram holds.
VALUE_RULES = (
    *("tz", "revenue_source", "subtract_credit_notes", "sale_domain"),
    *("subtract_unlinked_credit_notes", "invoice_domain", "window_months"),
    *("value_metric", "min_orders", "min_tenure_days", *SHARE_FIELDS),
)
SCORE_RULES = ("metric_ids", "customers_per_bin", "growth_min_orders")


class ClassificationPolicy(models.Model):
    """Rehearsing a draft: what it would do to the customers, and where limits could
    stand."""

    # One file for each idea of a policy.
    _inherit = "classification.policy"  # pylint: disable=consider-merging-classes-inherited

    limits_histogram = fields.Json(
        string="Movable Limits", compute="_compute_limits_histogram"
    )

    def action_preview(self):
        """Run the draft on the real data without changing a class, and show what it
        would change."""
        check_one(self)
        return self.recompute(kind="preview")._open_form()

    def _value_rules(self):
        """``{name: value}`` of the rules by which customers have their values, as
        JSON takes it; lines as a list of the values of each."""
        self.ensure_one()
        names = VALUE_RULES + (SCORE_RULES if self.value_metric == "score" else ())
        return {name: self._plain_rule(name) for name in names}

    def _plain_rule(self, name):
        if self._fields[name].type != "one2many":
            return self[name]
        lines = self[name]
        names = sorted(lines._rule_fields() - {"policy_id"})
        return [{key: line[key] for key in names} for line in lines.sorted("metric")]

    def _tier_benefits(self):
        """``{tier id: (percent of the revenue, amount for each customer)}`` of what
        the tiers grant, tiers without a benefit left out."""
        return {
            line.tier_id.id: (line.benefit_percent, line.benefit_amount)
            for line in self.tier_ids
            if line.benefit_percent or line.benefit_amount
        }

    @api.depends_context("uid", "lang")
    def _compute_limits_histogram(self):
        """The spread of values that fits this policy best: of its own last preview or
        run, or of the company's last run when only that had the same rules. Three
        queries a policy; it is read on a form."""
        tiers = self.env["customer.value.tier"].with_context(active_test=False)
        ordered = tiers.search([("is_unrated", "=", False)])
        colors = [{"id": tier.id, "color": tier.color} for tier in ordered]
        sees_money = self.env["classification.run"]._sees_money()
        for policy in self:
            run, is_stale = policy._histogram_run()
            policy.limits_histogram = run and {
                **run._histogram_to_show(sees_money),
                "run_id": run.id,
                "as_of_date": fields.Date.to_string(run.as_of_date),
                "is_stale": is_stale,
                "has_money": sees_money,
                "tiers": colors,
            }

    def _histogram_run(self):
        """The run of which the histogram is shown, and whether its values came by
        other rules than those of now; (no run, False) before the first."""
        run_model = self.env["classification.run"].sudo()
        # A policy on a form that is not saved may name any company.
        done = [
            ("company_id", "in", (self.company_id & self.env.companies).ids),
            ("scope", "=", "all"),
            ("kind", "in", ("preview", "production")),
            ("histogram", "!=", False),
        ]
        own = run_model.search([*done, ("policy_id", "=", self._origin.id)], limit=1)
        last = run_model.search([*done, ("kind", "=", "production")], limit=1)
        rules = self._value_rules()
        for run in own | last:
            if run.histogram["rules"] == rules:
                return run, False
        return (own or last), True
