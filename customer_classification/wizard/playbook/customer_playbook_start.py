from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.customers.worklist import days_to_work_off
from ...models.common.called_records import check_one
from ...models.playbook.customer_playbook_task import ACTOR

LOOK_BACK_DAYS = 30


class CustomerPlaybookStart(models.TransientModel):
    """Preview of a playbook, and the questions before it is switched on."""

    _name = "customer.playbook.start"
    _inherit = "classification.bounds.mixin"
    _description = "Preview of a Playbook"

    playbook_id = fields.Many2one(
        "customer.playbook", required=True, readonly=True, ondelete="cascade"
    )
    takes_present = fields.Boolean(
        string="Also Who Is in the Class Now",
        help="Otherwise only customers who enter from now on.",
    )
    open_case_count = fields.Integer(
        string="Cases Under Way", compute="_compute_open_case_count"
    )
    follow_current = fields.Selection(
        [
            ("new", "For new cases only"),
            ("all", "For cases under way, too"),
        ],
        string="The Steps of Today",
        default="new",
        help="Cases under way go on as they began, or follow what the steps say now.",
    )
    present_count = fields.Integer(
        string="In the Class Now",
        readonly=True,
        help="Customers who would get a case now, the control group among them.",
    )
    control_count = fields.Integer(string="Of Them Left Out", readonly=True)
    entered_count = fields.Integer(
        string="Entered in the Last 30 Days",
        readonly=True,
        help="What to expect from now on: so many moves into the class, before "
        "condition and cool-down.",
    )
    limit_text = fields.Char(string="A Person and Day", readonly=True)
    line_ids = fields.One2many("customer.playbook.start.line", "start_id")

    @api.depends("playbook_id")
    def _compute_open_case_count(self):
        for start in self:
            # A form that is not saved may name any playbook.
            playbook = start.playbook_id._filtered_access("read")
            start.open_case_count = (
                self.env["customer.playbook.case"]
                .sudo()
                .search_count(
                    [
                        ("playbook_id", "in", playbook.ids),
                        ("episode", "=", 0),
                        ("is_control", "=", False),
                    ]
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        starts = super().create(vals_list)
        for start in starts:
            start.playbook_id._check_manager()
            start._look()
        return starts

    def _reopen(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Preview of %s", self.playbook_id.name),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    # Preview

    def _look(self):
        """Count who would get a case, and what each person would get a day.

        With the rights of the user. Two queries, and those of the condition.
        """
        playbook = self.playbook_id
        condition = playbook._condition(self.env.user)
        with condition.guarded():
            matching = SQL("p.id IN %s", condition.ids())
        everybody = playbook.sudo()
        people = self._people_now(everybody, matching)
        steps = self._first_day_activities(everybody)
        share = playbook.control_share / 100
        total = sum(people.values())
        held = round(total * share)
        self.sudo().write(
            {
                "present_count": total,
                "control_count": held,
                "entered_count": self._entered_lately(everybody),
                "limit_text": self._limit_words(),
                "line_ids": [
                    fields.Command.create(
                        self._line(user_id, count, steps, held / total)
                    )
                    for user_id, count in people.most_common()
                ],
            }
        )

    def _people_now(self, playbook, matching):
        """Return ``{user id: customers in the class now who would get a case}``."""
        names = playbook._names()
        if playbook.trigger == "stays":
            entrants = playbook._entrants_by_stay(from_start=True)
        else:
            entrants = playbook._audience(playbook._since_or_today())
        meant = playbook._meant(
            entrants=entrants, matching=matching, again=playbook._again(), **names
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT %(actor)s AS person, count(*)
                  FROM (%(meant)s) m
                  JOIN res_partner p ON p.id = m.id
                  JOIN customer_playbook k ON k.id = %(playbook)s
                  LEFT JOIN customer_playbook_step s ON s.id = (
                       SELECT id FROM customer_playbook_step
                        WHERE playbook_id = %(playbook)s AND active
                          AND kind IN ('activity', 'plan')
                        ORDER BY delay_days, sequence, id LIMIT 1)
                  LEFT JOIN mail_activity_plan_template l ON FALSE
                 GROUP BY person
                """,
                actor=SQL(ACTOR, company=playbook.company_id.id),
                meant=meant,
                playbook=playbook.id,
            )
        )
        return Counter({user_id or self.env.uid: count for user_id, count in rows})

    def _entered_lately(self, playbook):
        """Return how many customers entered in the last days: one query."""
        since = playbook._since()
        audience = playbook._audience(since)
        [(count,)] = self.env.execute_query(
            SQL(
                "SELECT count(*) FROM (%s) a (id, day) WHERE a.day > %s::date - %s",
                audience,
                playbook._today(),
                LOOK_BACK_DAYS,
            )
        )
        return count

    def _first_day_activities(self, playbook):
        """Return how many activities a case has on its first day with one."""
        counts, today = Counter(), playbook._today()
        for step in playbook.step_ids:
            if step.kind == "activity":
                counts[step.delay_days] += 1
            elif step.kind == "plan":
                for line in step.plan_id.template_ids:
                    days = line._get_date_deadline(today) - today
                    counts[max(0, step.delay_days + days.days)] += 1
        return counts[min(counts)] if counts else 0

    def _most(self):
        """Return the new activities of this playbook for a person and day."""
        limits = (
            self.playbook_id.daily_limit,
            self.playbook_id.company_id.customer_playbook_limit,
        )
        return min((limit for limit in limits if limit), default=0)

    def _limit_words(self):
        most = self._most()
        if not most:
            return self.env._("No limit of new activities.")
        return self.env._(
            "At most %s new activities, the most valuable customers first.", most
        )

    def _line(self, user_id, count, steps, held):
        treated = count - round(count * held)
        activities, most = treated * steps, self._most()
        first = min(activities, most) if most else activities
        return {
            "user_id": user_id,
            "customer_count": treated,
            "first_day_count": first,
            "waiting_count": activities - first,
            "day_count": days_to_work_off(activities, most),
        }

    def action_switch_on(self):
        """Switch the playbook on, as the answers say."""
        check_one(self)
        playbook = self.playbook_id
        playbook._check_manager()
        if playbook.state not in ("draft", "paused"):
            raise UserError(self.env._("The playbook is running already."))
        if self.open_case_count and self.follow_current == "all":
            self.env["customer.playbook.step"].sudo()._follow_current(playbook)
        playbook._switch_on(self.takes_present)
        return {"type": "ir.actions.client", "tag": "soft_reload"}


class CustomerPlaybookStartLine(models.TransientModel):
    """Work of one person by a playbook that is previewed."""

    _name = "customer.playbook.start.line"
    _description = "Person in the Preview of a Playbook"
    _order = "customer_count desc, id"

    start_id = fields.Many2one(
        "customer.playbook.start", required=True, ondelete="cascade"
    )
    user_id = fields.Many2one("res.users", string="Who Acts", readonly=True)
    customer_count = fields.Integer(string="Customers", readonly=True)
    first_day_count = fields.Integer(
        string="Activities on the First Day", readonly=True
    )
    waiting_count = fields.Integer(string="Wait", readonly=True)
    day_count = fields.Integer(
        string="Days Until All Are Handed Out", readonly=True, aggregator=None
    )
