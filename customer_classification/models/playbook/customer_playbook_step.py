from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from .customer_playbook_opening_mixin import DELAY

# Changes of these are those of what is done: running cases may keep the former step.
_WHAT_IS_DONE = frozenset(
    ("name", "kind", "delay_days", "activity_type_id", "note", "plan_id")
    + ("mail_template_id", "server_action_id", "actor", "user_id", "user_ids")
    + ("replaces_salesperson", "cost", "feedback_kind", "team_id")
)


class CustomerPlaybookStep(models.Model):
    """One step of a playbook, some days after the beginning of a case.

    A step that cases have as their task is not overwritten: an archived copy keeps what
    it said for them, until somebody has them follow the new one.
    """

    _name = "customer.playbook.step"
    _inherit = ["classification.bounds.mixin"]
    _description = "Step of a Playbook"
    _order = "playbook_id, delay_days, sequence, id"

    playbook_id = fields.Many2one(
        "customer.playbook", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="playbook_id.company_id")
    currency_id = fields.Many2one(related="company_id.currency_id")
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    name = fields.Char(string="What to Do", required=True, translate=True)
    kind = fields.Selection(
        [
            ("activity", "An activity"),
            ("plan", "Activity plan"),
            ("email", "E-mail"),
            ("assign", "Salesperson"),
            ("action", "Server action"),
            ("feedback", "Request for feedback"),
        ],
        required=True,
        default="activity",
    )
    delay_days = fields.Integer(
        aggregator=None,
        string="After Days",
        default=0,
        help="Days after the beginning of the case; 0 at once.",
    )
    activity_type_id = fields.Many2one(
        "mail.activity.type",
        ondelete="restrict",
        default=lambda self: self.env.ref("mail.mail_activity_data_call", False),
    )
    note = fields.Html(translate=True, help="For who does it: what to say or to ask.")
    plan_id = fields.Many2one("mail.activity.plan", ondelete="restrict")
    mail_template_id = fields.Many2one(
        "mail.template",
        string="E-mail Template",
        ondelete="restrict",
        domain=[("model", "=", "res.partner")],
    )
    server_action_id = fields.Many2one(
        "ir.actions.server",
        ondelete="restrict",
        domain=[("model_id.model", "=", "res.partner")],
        groups="base.group_system",
        help="Runs on the contact with the rights of the playbook's responsible.",
    )
    feedback_kind = fields.Selection(
        [
            ("satisfaction", "Satisfaction"),
            ("recommendation", "Recommendation (NPS)"),
        ],
        string="Question",
        default="satisfaction",
        help="By e-mail, with one click on the scale and without a login. After a "
        "complaint the question is about its solution. Who was asked already and can "
        "still answer is not asked twice.",
    )
    actor = fields.Selection(
        [
            ("salesperson", "The customer's salesperson"),
            ("responsible", "The playbook's responsible"),
            ("user", "A certain person"),
            ("team", "A member of a sales team"),
        ],
        required=True,
        default="salesperson",
        string="Who Acts",
        help="Where the customer has no salesperson, the playbook's responsible. In a "
        "team the customer's salesperson, else its members by chance, each customer "
        "always the same one.",
    )
    user_id = fields.Many2one(
        "res.users", string="Person", domain=[("share", "=", False)]
    )
    team_id = fields.Many2one(
        "crm.team",
        string="Sales Team",
        ondelete="restrict",
        index="btree_not_null",
        help="Its members act, or get the customers in turn.",
    )
    user_ids = fields.Many2many(
        "res.users",
        "customer_playbook_step_user_rel",
        "step_id",
        "user_id",
        string="Salespeople",
        domain=[("share", "=", False)],
        help="They get the customers in turn.",
    )
    replaces_salesperson = fields.Boolean(
        string="Also Instead of Another One",
        help="Otherwise only customers without a salesperson get one.",
    )
    former_of_id = fields.Many2one(
        "customer.playbook.step",
        ondelete="set null",
        readonly=True,
        index="btree_not_null",
        help="The step whose former words this one keeps for running cases.",
    )
    cost = fields.Monetary(
        aggregator=None,
        string="Cost Each",
        groups=MONEY_GROUP,
        help="What this step costs each time, for the comparison with what it brings.",
    )

    @api.model
    def _bounds(self):
        return {
            **super()._bounds(),
            "delay_days": (0, 3_650),
            "cost": (0, 1_000_000_000),
        }

    @api.constrains(
        *("kind", "activity_type_id", "plan_id", "mail_template_id", "user_ids"),
        *("server_action_id", "actor", "user_id", "team_id"),
    )
    def _check_kind(self):
        needed = {
            "activity": "activity_type_id",
            "plan": "plan_id",
            "email": "mail_template_id",
            "assign": "user_ids",
            "action": "server_action_id",
            "feedback": "feedback_kind",
        }
        for step in self.sudo():
            name = needed[step.kind]
            if step.kind != "assign" and not step[name]:
                raise ValidationError(
                    self.env._(
                        "%(step)s: choose “%(field)s”.",
                        step=step.name,
                        field=self._fields[name]._description_string(self.env),
                    )
                )
            if step.kind in ("activity", "plan") and step.actor == "user":
                if not step.user_id:
                    raise ValidationError(
                        self.env._("%s: choose the person who acts.", step.name)
                    )
            if step.kind in ("activity", "plan") and step.actor == "team":
                if not step.team_id:
                    raise ValidationError(
                        self.env._("%s: choose the sales team that acts.", step.name)
                    )
            step._check_team()
            if step.kind == "email" and step.mail_template_id.model != "res.partner":
                raise ValidationError(
                    self.env._("%s: choose a template for contacts.", step.name)
                )

    def _check_team(self):
        owner = self.team_id.company_id
        if owner and self.company_id and owner != self.company_id:
            raise ValidationError(
                self.env._(
                    "%(step)s: the sales team %(team)s belongs to another company.",
                    step=self.name,
                    team=self.team_id.name,
                )
            )

    def _check_salespeople(self):
        """Refuse to hand out customers to nobody; templates leave them open."""
        for step in self:
            if step.kind == "assign" and not (step.user_ids or step.team_id):
                raise UserError(
                    self.env._("%s: choose who gets the customers.", step.name)
                )

    # Clients change steps only of playbooks that do not run, and answer for them

    @api.model_create_multi
    def create(self, vals_list):
        steps = super().create(vals_list)
        steps._taken_over()
        return steps

    def write(self, vals):
        self._taken_over()
        if "playbook_id" in vals and not self.env.su:
            raise AccessError(self.env._("A step stays in its playbook."))
        if _WHAT_IS_DONE & set(vals):
            self._keep_former()
        result = super().write(vals)
        self._taken_over()
        return result

    def _check_may_translate(self, field_name):
        self._taken_over()

    def unlink(self):
        """Archive steps that cases have as their tasks, and delete the others."""
        self._taken_over()
        used = self._used()
        if used:
            used.active = False
        return super(CustomerPlaybookStep, self - used).unlink()

    def _taken_over(self):
        if not self.env.su:
            self.playbook_id._take_over()
            self._check_rights()

    def _check_rights(self):
        """Check that the user may carry out these steps.

        :raises AccessError: a template that somebody else may change, or an action of a
            group that the user does not have
        """
        for step in self.sudo():
            owner = step.mail_template_id.user_id
            if step.kind == "email" and owner and owner != self.env.user:
                raise AccessError(
                    self.env._(
                        "%(step)s: the template belongs to %(user)s, who may change "
                        "what is sent. Choose one that belongs to nobody or to you.",
                        step=step.name,
                        user=owner.name,
                    )
                )
            groups = step.server_action_id.group_ids
            if groups and not groups & self.env.user.all_group_ids:
                raise AccessError(
                    self.env._("%s: you may not run this action.", step.name)
                )

    def _used(self):
        """Return those of these steps that cases have as their tasks: one query."""
        groups = (
            self.env["customer.playbook.task"]
            .sudo()
            ._read_group([("step_id", "in", self.ids)], ["step_id"])
        )
        return self.browse(step.id for (step,) in groups)

    def _keep_former(self):
        """Let running cases keep what these steps say now."""
        tasks = self.env["customer.playbook.task"].sudo()
        for step in self._used().sudo():
            open_tasks = tasks.search(
                [("step_id", "=", step.id), ("state", "=", "planned")]
            )
            if open_tasks:
                former = step.copy({"active": False, "former_of_id": step.id})
                open_tasks.step_id = former

    @api.model
    def _follow_current(self, playbooks):
        """Have running cases follow the steps of today: two queries.

        What was done stays; what a step that is still there has not done yet is planned
        by what it says now.
        """
        self.env.flush_all()
        for statement in (_DROP_FORMER, _PLAN_CURRENT):
            self.env.cr.execute(
                SQL(statement, playbooks=playbooks.ids, user=self.env.uid, delay=DELAY)
            )
        self.env.invalidate_all()


_DROP_FORMER = """
    DELETE FROM customer_playbook_task t USING customer_playbook_case c
     WHERE c.id = t.case_id AND c.episode = 0 AND t.state = 'planned'
       AND t.playbook_id = ANY(%(playbooks)s)
"""

# A step is done where it, or a former wording of it, has a task that is not planned.
_PLAN_CURRENT = """
    INSERT INTO customer_playbook_task
           (case_id, playbook_id, company_id, partner_id, step_id, line_id, delay_days,
            state, create_uid, create_date, write_uid, write_date)
    SELECT c.id, c.playbook_id, c.company_id, c.partner_id, s.id, l.id, %(delay)s,
           'planned', %(user)s, now() AT TIME ZONE 'UTC', %(user)s,
           now() AT TIME ZONE 'UTC'
      FROM customer_playbook_case c
      JOIN customer_playbook_step s ON s.playbook_id = c.playbook_id AND s.active
      LEFT JOIN mail_activity_plan_template l
        ON s.kind = 'plan' AND l.plan_id = s.plan_id
     WHERE c.playbook_id = ANY(%(playbooks)s) AND c.episode = 0 AND NOT c.is_control
       AND (s.kind <> 'plan' OR l.id IS NOT NULL)
       AND NOT EXISTS (
           SELECT FROM customer_playbook_task t
             JOIN customer_playbook_step d ON d.id = t.step_id
            WHERE t.case_id = c.id AND COALESCE(d.former_of_id, d.id) = s.id
              AND t.line_id IS NOT DISTINCT FROM l.id)
"""
