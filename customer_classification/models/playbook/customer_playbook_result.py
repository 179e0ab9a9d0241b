from odoo import api, fields, models
from odoo.tools import SQL

from ...engine.campaigns.lift import lift
from ..common.access_groups import MONEY_GROUP
from ..common.called_records import check_one

CONFIDENCE = 0.95
# Windows of the goal after which tiers and stages are told apart.
ROUNDS = 2


class CustomerPlaybookResult(models.Model):
    """Effect of a playbook, compared with its control group.

    One row for all cases whose window is over, and after two rounds one for each tier
    and stage that the customers had. Cases count from the day on which they were
    opened, whatever was done: who was meant to be treated is compared with who was left
    out. Worked out anew each night.
    """

    _name = "customer.playbook.result"
    _description = "Result of a Playbook"
    _order = "playbook_id, scope, treated_count desc, id"
    _rec_name = "playbook_id"

    playbook_id = fields.Many2one(
        "customer.playbook",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    scope = fields.Selection(
        [("all", "All Customers"), ("class", "Tier and Stage")],
        required=True,
        readonly=True,
    )
    value_tier_id = fields.Many2one(
        "customer.value.tier", readonly=True, ondelete="cascade"
    )
    lifecycle_stage_id = fields.Many2one(
        "customer.lifecycle.stage", readonly=True, ondelete="cascade"
    )
    treated_count = fields.Integer(
        string="With the Playbook", readonly=True, aggregator=None
    )
    control_count = fields.Integer(
        string="Control Group", readonly=True, aggregator=None
    )
    goal_count = fields.Integer(string="Reached", readonly=True, aggregator=None)
    control_goal_count = fields.Integer(
        string="Reached Anyway", readonly=True, aggregator=None
    )
    goal_rate = fields.Float(
        string="Reached (%)", readonly=True, digits=(5, 1), aggregator=None
    )
    control_rate = fields.Float(
        string="Reached Anyway (%)", readonly=True, digits=(5, 1), aggregator=None
    )
    has_lift = fields.Boolean(string="Compared", readonly=True)
    lift = fields.Float(
        string="Difference (points)",
        readonly=True,
        digits=(5, 1),
        aggregator=None,
        help="How many more of a hundred reached the goal than in the control group.",
    )
    lift_low = fields.Float(
        string="Difference From", readonly=True, digits=(5, 1), aggregator=None
    )
    lift_high = fields.Float(
        string="Difference Up To", readonly=True, digits=(5, 1), aggregator=None
    )
    more_count = fields.Integer(
        string="More Customers Needed",
        readonly=True,
        aggregator=None,
        help="So many more, of both groups together, would show a difference of this "
        "size four times out of five.",
    )
    verdict = fields.Selection(
        [
            ("works", "Worked"),
            ("harms", "Did Harm"),
            ("unclear", "Unknown"),
            ("no_control", "No Control Group"),
        ],
        readonly=True,
    )
    verdict_text = fields.Char(string="Does It Help?", compute="_compute_verdict_text")
    reach_rate = fields.Float(
        string="Reach (%)",
        readonly=True,
        digits=(5, 1),
        aggregator=None,
        help="For so many of a hundred customers at least one step was taken.",
    )
    task_count = fields.Integer(string="Steps Taken", readonly=True, aggregator=None)
    done_rate = fields.Float(
        string="Steps Done (%)", readonly=True, digits=(5, 1), aggregator=None
    )
    touch_days = fields.Float(
        string="Days to First Touch", readonly=True, digits=(5, 1), aggregator=None
    )
    revenue = fields.Monetary(
        aggregator=None,
        string="Revenue in the Windows",
        readonly=True,
        groups=MONEY_GROUP,
    )
    average_revenue = fields.Monetary(
        string="Revenue a Customer",
        readonly=True,
        groups=MONEY_GROUP,
        aggregator=None,
    )
    control_average_revenue = fields.Monetary(
        string="Revenue a Customer Anyway",
        readonly=True,
        groups=MONEY_GROUP,
        aggregator=None,
    )
    cost = fields.Monetary(
        string="Cost of Steps", readonly=True, groups=MONEY_GROUP, aggregator=None
    )

    @api.depends("playbook_id.name", "value_tier_id.name", "lifecycle_stage_id.name")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for result in self:
            names = (result.value_tier_id.name, result.lifecycle_stage_id.name)
            place = " · ".join(name for name in names if name)
            result.display_name = place or result.playbook_id.name

    @api.depends("verdict", "lift", "lift_low", "lift_high", "more_count")
    @api.depends_context("lang")
    def _compute_verdict_text(self):
        for result in self:
            result.verdict_text = result._verdict_words()

    def _verdict_words(self):
        """Return what the comparison says, as a sentence."""
        if self.verdict == "no_control":
            return self.env._(
                "Nobody was left out, so nobody knows what would have happened anyway."
            )
        values = {
            "rate": f"{self.goal_rate:.0f}",
            "anyway": f"{self.control_rate:.0f}",
            "low": f"{self.lift_low:+.0f}",
            "high": f"{self.lift_high:+.0f}",
            "more": self.more_count,
        }
        texts = {
            "works": self.env._(
                "It helps: %(rate)s of 100 reach the goal, %(anyway)s without it "
                "(difference %(low)s to %(high)s points).",
                **values,
            ),
            "harms": self.env._(
                "It does harm: %(rate)s of 100 reach the goal, %(anyway)s without it "
                "(difference %(low)s to %(high)s points).",
                **values,
            ),
        }
        if self.verdict in texts:
            return texts[self.verdict]
        if self.more_count:
            return self.env._(
                "Too small to tell: %(rate)s of 100 reach the goal, %(anyway)s without "
                "it; about %(more)s more customers are needed.",
                **values,
            )
        return self.env._(
            "No difference so far: %(rate)s of 100 reach the goal, %(anyway)s without "
            "it.",
            **values,
        )

    # Measuring

    @api.model
    def _measure(self, playbooks):
        """Work out the results of playbooks anew: a few queries for any number."""
        self.env.flush_all()
        rows = self.env.execute_query_dict(
            SQL(_GROUPS, playbooks=playbooks.ids, rounds=ROUNDS)
        )
        self.search([("playbook_id", "in", playbooks.ids)]).unlink()
        self.create([self._values(row) for row in rows])

    @api.model
    def _values(self, row):
        """Return the values of a result.

        :param row: counts and sums of its cases
        """
        treated, control = row["treated"], row["control"]
        goal, anyway = row["goal"], row["control_goal"]
        return {
            "playbook_id": row["playbook_id"],
            "company_id": row["company_id"],
            "scope": row["scope"],
            "value_tier_id": row["tier"],
            "lifecycle_stage_id": row["stage"],
            "treated_count": treated,
            "control_count": control,
            "goal_count": goal,
            "control_goal_count": anyway,
            "goal_rate": _share(goal, treated),
            "control_rate": _share(anyway, control),
            "reach_rate": _share(row["reached"], treated),
            "task_count": row["tasks"],
            "done_rate": _share(row["done"], row["tasks"]),
            "touch_days": row["touch_days"] or 0,
            "revenue": row["revenue"],
            "average_revenue": row["revenue"] / treated if treated else 0,
            "control_average_revenue": row["control_revenue"] / control
            if control
            else 0,
            "cost": row["cost"],
            **self._lift_values(goal, treated, anyway, control),
        }

    @api.model
    def _lift_values(self, goal, treated, anyway, control):
        found = lift(goal, treated, anyway, control, CONFIDENCE)
        if found is None:
            return {"has_lift": False, "verdict": "no_control"}
        return {
            "has_lift": True,
            "lift": 100 * found.difference,
            "lift_low": 100 * found.low,
            "lift_high": 100 * found.high,
            "more_count": found.more,
            "verdict": found.verdict,
        }

    def action_open_cases(self):
        """Open the cases behind a result, the control group among them."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.customer_playbook_case_action"
        )
        domain = [
            ("playbook_id", "=", self.playbook_id.id),
            ("measured_date", "!=", False),
        ]
        if self.scope == "class":
            domain += [
                ("value_tier_id", "=", self.value_tier_id.id),
                ("lifecycle_stage_id", "=", self.lifecycle_stage_id.id),
            ]
        return {**action, "domain": domain, "context": {}}


def _share(part, whole):
    return 100 * part / whole if whole else 0.0


# All, and by class where the windows of two rounds lie behind each other. Cases that
# ended because the person objects or two contacts became one are measured by nobody.
_GROUPS = """
    WITH measured AS (
        SELECT c.*, t.tasks, t.done, t.cost,
               c.goal_date IS NOT NULL AS has_goal
          FROM customer_playbook_case c
          LEFT JOIN LATERAL (
               SELECT count(*) FILTER (WHERE act_date IS NOT NULL) AS tasks,
                      count(*) FILTER (WHERE state = 'done') AS done,
                      sum(cost) AS cost
                 FROM customer_playbook_task WHERE case_id = c.id) t ON TRUE
         WHERE c.playbook_id = ANY(%(playbooks)s) AND c.measured_date IS NOT NULL
           AND c.stop_reason IS DISTINCT FROM 'merged'
    ), proved AS (
        SELECT m.playbook_id FROM measured m
          JOIN customer_playbook k ON k.id = m.playbook_id
         GROUP BY m.playbook_id, k.goal_days
        HAVING max(m.open_date) - min(m.open_date) >= (%(rounds)s - 1) * k.goal_days
    )
    SELECT playbook_id, company_id,
           CASE WHEN grouping(value_tier_id) = 1 THEN 'all' ELSE 'class' END AS scope,
           value_tier_id AS tier, lifecycle_stage_id AS stage,
           count(*) FILTER (WHERE NOT is_control) AS treated,
           count(*) FILTER (WHERE is_control) AS control,
           count(*) FILTER (WHERE NOT is_control AND has_goal) AS goal,
           count(*) FILTER (WHERE is_control AND has_goal) AS control_goal,
           count(*) FILTER (WHERE NOT is_control AND start_date IS NOT NULL) AS reached,
           COALESCE(sum(tasks), 0)::int AS tasks, COALESCE(sum(done), 0)::int AS done,
           avg(touch_date - open_date)::float8 AS touch_days,
           COALESCE(sum(revenue) FILTER (WHERE NOT is_control), 0)::float8 AS revenue,
           COALESCE(sum(revenue) FILTER (WHERE is_control), 0)::float8
           AS control_revenue,
           COALESCE(sum(cost), 0)::float8 AS cost
      FROM measured
     GROUP BY GROUPING SETS ((playbook_id, company_id),
                             (playbook_id, company_id, value_tier_id,
                              lifecycle_stage_id))
    HAVING grouping(value_tier_id) = 1
        OR playbook_id IN (SELECT playbook_id FROM proved)
     ORDER BY playbook_id, scope
"""
