import logging

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ...engine.customers.worklist import Task, allot
from ..common.access_groups import MONEY_GROUP
from ..common.classification_condition_mixin import NOT_OURS
from ..common.classification_reason_mixin import failure_reason, kept_reason_field
from ..common.keyless_many2one import KeylessMany2one
from ..common.language import known_language
from ..common.own_context import with_own_context

_logger = logging.getLogger(__name__)

CASE = "customer.playbook.case"
# Tasks that one transaction carries out.
BATCH = 500


class CustomerPlaybookTask(models.Model):
    """Step of a case: planned, handed out as an activity, done, or failed.

    Steps are carried out with the rights of the playbook's responsible, a batch in one
    transaction with the note that they are done: a killed server has done all of a
    batch or nothing of it. One that fails keeps its reason and stops nothing else.
    """

    _name = "customer.playbook.task"
    _inherit = "classification.reason.mixin"
    _description = "Step of a Case"
    _order = "case_id, delay_days, id"

    # Without a key: tasks are the contact's own rows, and outlive a case that is
    # withheld while a person objects.
    case_id = KeylessMany2one(
        CASE, required=True, readonly=True, ondelete="cascade", index=True
    )
    playbook_id = fields.Many2one(
        "customer.playbook",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    step_id = fields.Many2one(
        "customer.playbook.step", readonly=True, ondelete="restrict", index=True
    )
    line_id = fields.Many2one(
        "mail.activity.plan.template",
        string="Line of the Plan",
        readonly=True,
        ondelete="set null",
    )
    name = fields.Char(string="What to Do", compute="_compute_name", compute_sudo=True)
    delay_days = fields.Integer(string="After Days", readonly=True, aggregator=None)
    state = fields.Selection(
        [
            ("planned", "Planned"),
            ("open", "To Do"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("cancelled", "Dropped"),
        ],
        required=True,
        readonly=True,
        default="planned",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Who Acts",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    act_date = fields.Date(string="Handed Out", readonly=True)
    done_date = fields.Date(string="Done On", readonly=True)
    done_days = fields.Integer(
        string="Days Until Done", readonly=True, aggregator="avg"
    )
    done_share = fields.Float(
        string="Done (%)",
        compute="_compute_done_share",
        store=True,
        aggregator="avg",
        help="Of a hundred activities handed out, so many are done.",
    )
    activity_id = fields.Many2one(
        "mail.activity", readonly=True, ondelete="set null", index="btree_not_null"
    )
    cost = fields.Monetary(readonly=True, groups=MONEY_GROUP)
    error_reason = kept_reason_field()
    error = fields.Char(
        string="Why It Failed",
        compute="_compute_told_reason",
        search="_search_told_reason",
    )

    _due_index = models.Index("(company_id, playbook_id) WHERE state = 'planned'")
    _day_index = models.Index("(company_id, act_date) WHERE act_date IS NOT NULL")

    @api.depends("step_id.name", "line_id.summary")
    @api.depends_context("lang")
    def _compute_name(self):
        for task in self:
            line = task.line_id
            task.name = line.summary or line.activity_type_id.name or task.step_id.name

    @api.depends("name")
    def _compute_display_name(self):
        for task in self:
            task.display_name = task.name

    @api.depends("state")
    def _compute_done_share(self):
        for task in self:
            task.done_share = 100.0 if task.state == "done" else 0.0

    # Work

    @api.model
    def _work_on(self, company, playbooks, today):
        """Carry out what is due, batch by batch; yield the size of each.

        What needs no person comes first, so that a case has its salesperson before its
        first activity. What people cannot do today waits, with the reason.
        """
        while tasks := self._next_immediate(playbooks, today):
            tasks._carry_out(today)
            yield len(tasks)
        chosen = self._allotted(company, playbooks, today)
        for start in range(0, len(chosen), BATCH):
            batch = chosen[start : start + BATCH]
            self._hand_out(batch, today)
            yield len(batch)
        self._note_waiting(company, playbooks, today)
        yield 1

    @api.model
    def _next_immediate(self, playbooks, today):
        """Lock tasks of the next step that is not an activity and is due."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                WITH due AS (
                    SELECT t.id, t.step_id, t.delay_days
                      FROM customer_playbook_task t
                      JOIN customer_playbook_case c ON c.id = t.case_id
                      JOIN customer_playbook_step s ON s.id = t.step_id
                     WHERE %(due)s AND s.kind = ANY(%(kinds)s))
                SELECT t.id FROM customer_playbook_task t
                 WHERE t.id IN (SELECT id FROM due WHERE step_id = (
                       SELECT d.step_id FROM due d
                         JOIN customer_playbook_step s ON s.id = d.step_id
                        ORDER BY d.delay_days, s.kind IN ('email', 'feedback'),
                                 s.sequence, s.id
                        LIMIT 1))
                 ORDER BY t.id LIMIT %(batch)s FOR UPDATE SKIP LOCKED
                """,
                due=self._is_due(playbooks, today),
                kinds=["assign", "action", "email", "feedback"],
                batch=BATCH,
            )
        )
        return self.browse(id_ for (id_,) in rows)

    @api.model
    def _is_due(self, playbooks, today):
        """Return SQL that keeps the due tasks t of open cases c."""
        return SQL(
            "t.state = 'planned' AND t.playbook_id = ANY(%s) AND c.episode = 0"
            " AND NOT c.is_control"
            " AND COALESCE(c.start_date, c.open_date) + t.delay_days <= %s",
            playbooks.ids,
            today,
        )

    def _carry_out(self, today):
        """Carry out tasks of one step, each by itself if they fail together."""
        if self._try(today):
            return
        for task in self if len(self) > 1 else ():
            task._try(today)

    def _try(self, today):
        """Carry out these tasks; return whether it went well."""
        try:
            with self.env.cr.savepoint():
                self._do(today)
                self.env.flush_all()
            return True
        except NOT_OURS:
            raise
        except Exception as error:
            self.env.invalidate_all(flush=False)
            if len(self) == 1:
                self._fail(error)
            return False

    def _fail(self, error):
        _logger.info("A step of a playbook failed: %s", error)
        self.write({"state": "failed", "error_reason": failure_reason(error)})

    def _do(self, today):
        """Carry out tasks of one step with the rights of its responsible."""
        step = self.step_id
        records = step.playbook_id._condition_eyes(
            "res.partner", step.company_id, step.playbook_id.name
        )
        partners = records.browse(self.partner_id.ids)
        partners.check_access("read")
        step.with_env(records.env)._check_rights()
        getattr(self, f"_do_{step.kind}")(step, partners)
        self._note_done(today, self.env["res.users"])

    def _do_assign(self, step, partners):
        """Give customers a salesperson, in turn."""
        users = (step.user_ids | step.team_id.member_ids).filtered("active")
        users = users.sorted("id")
        if not users:
            raise UserError(self.env._("None of the salespeople is there any more."))
        if not step.replaces_salesperson:
            partners = partners.filtered(lambda one: not one.user_id)
        turn = self.search_count([("step_id", "=", step.id), ("state", "=", "done")])
        for place, user in enumerate(users):
            own = partners[(place - turn) % len(users) :: len(users)]
            if own:
                own.write({"user_id": user.id})
        self.case_id._take_actors()

    def _do_email(self, step, partners):
        """Queue the e-mails of a template; Odoo's mail queue sends them."""
        template = step.mail_template_id.with_env(partners.env)
        unreached = partners.filtered(lambda one: not one.email)
        if unreached:
            raise UserError(
                self.env._("%s has no e-mail address.", unreached[0].display_name)
            )
        template.send_mail_batch(partners.ids, force_send=False)

    def _do_feedback(self, step, partners):
        """Ask for feedback, after a complaint for that on its solution."""
        requests = partners.env["customer.feedback.request"]
        complaints = self._solved_complaints(step, partners)
        requests.create(
            [
                {
                    "partner_id": partner.id,
                    "company_id": step.company_id.id,
                    "kind": step.feedback_kind,
                    "complaint_id": complaints.get(partner),
                }
                for partner in partners
            ]
        )._send()

    def _solved_complaints(self, step, partners):
        """Return ``{customer: id of the complaint solved last}``: one query.

        Empty where the playbook is not about complaints, or the question is another.
        """
        by_complaint = step.playbook_id.axis == "complaint"
        if not by_complaint or step.feedback_kind != "satisfaction":
            return {}
        found = partners.env["customer.complaint"].search(
            [
                ("partner_id", "in", partners.ids),
                ("company_id", "=", step.company_id.id),
                ("state", "in", ("solved", "closed")),
            ],
            order="solved_date, id",
        )
        return {complaint.partner_id: complaint.id for complaint in found}

    def _do_action(self, step, partners):
        """Run a server action, which Odoo refuses where the responsible may not."""
        context = {
            "active_model": "res.partner",
            "active_ids": partners.ids,
            "active_id": partners.ids[0],
        }
        action = step.sudo().server_action_id.with_env(partners.env)
        action.with_context(**context).run()

    def _note_done(self, today, user):
        """Note that tasks are done without a person: two queries."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE customer_playbook_task t
                   SET state = 'done', done_share = 100, act_date = %(today)s,
                       done_date = %(today)s, done_days = 0, error_reason = NULL,
                       cost = s.cost
                  FROM customer_playbook_step s
                 WHERE s.id = t.step_id AND t.id = ANY(%(ids)s)
                """,
                today=today,
                ids=self.ids,
            )
        )
        self.env.cr.execute(
            SQL(
                """
                UPDATE customer_playbook_case c
                   SET status = 'running',
                       start_date = COALESCE(c.start_date, %(today)s - t.delay_days),
                       touch_date = CASE WHEN s.kind IN ('email', 'feedback')
                           THEN COALESCE(c.touch_date, %(today)s)
                           ELSE c.touch_date END
                  FROM customer_playbook_task t
                  JOIN customer_playbook_step s ON s.id = t.step_id
                 WHERE t.case_id = c.id AND t.id = ANY(%(ids)s)
                """,
                today=today,
                ids=self.ids,
            )
        )
        self.env.invalidate_all(flush=False)

    # Activities, within what people can do

    @api.model
    def _allotted(self, company, playbooks, today):
        """Return ``(task id, user id)`` of the activities to hand out now.

        Two queries.
        """
        most = company.customer_playbook_limit
        self.env.flush_all()
        used = {
            (person, playbook): count
            for person, playbook, count in self.env.execute_query(
                SQL(_USED, company=company.id, today=today)
            )
        }
        rows = self.env.execute_query(
            SQL(
                _CANDIDATES,
                due=self._is_due(playbooks, today),
                company=company.id,
                today=today,
                most=most or None,
            )
        )
        limits = {one.id: one.daily_limit for one in playbooks}
        tasks = (Task(*row) for row in rows)
        return [(one.key, one.person) for one in allot(tasks, used, most, limits)]

    @api.model
    def _hand_out(self, chosen, today):
        """Make activities of tasks, each by itself where they cannot go together.

        :param chosen: ``[(task id, user id)]``
        """
        people = dict(chosen)
        tasks = self._locked(list(people))
        for playbook, own in tasks.grouped("playbook_id").items():
            users = {task: people[task.id] for task in own}
            if not own._try_to_hand_out(playbook, users, today):
                for task in own if len(own) > 1 else ():
                    task._try_to_hand_out(playbook, users, today)

    @api.model
    def _locked(self, ids):
        """Lock tasks that are still planned; others were done meanwhile."""
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM customer_playbook_task WHERE id = ANY(%s)"
                " AND state = 'planned' ORDER BY id FOR UPDATE SKIP LOCKED",
                ids,
            )
        )
        return self.browse(id_ for (id_,) in rows)

    def _try_to_hand_out(self, playbook, users, today):
        try:
            with self.env.cr.savepoint():
                records = playbook._condition_eyes(
                    "res.partner", playbook.company_id, playbook.name
                )
                records.browse(self.partner_id.ids).check_access("read")
                self._make_activities(records.env, users, today)
                self.env.flush_all()
            return True
        except NOT_OURS:
            raise
        except Exception as error:
            self.env.invalidate_all(flush=False)
            if len(self) == 1:
                self._fail(error)
            return False

    def _make_activities(self, env, users, today):
        """Create the activities in the name of the responsible, and note them.

        Without an e-mail for each: they are in the list of who acts.
        """
        activities = with_own_context(
            env["mail.activity"], mail_activity_quick_update=True
        )
        case_model = self.env["ir.model"]._get_id(CASE)
        languages = {
            user.id: known_language(self.env, user.lang)
            for user in self.env["res.users"].browse(users.values())
        }
        made = activities.create(
            [
                {
                    **task.with_context(lang=languages[users[task]])._activity_values(),
                    "res_model_id": case_model,
                    "res_id": task.case_id.id,
                    "user_id": users[task],
                    "date_deadline": today,
                    "automated": True,
                }
                for task in self
            ]
        )
        self._note_handed_out(made, [users[task] for task in self], today)

    def _activity_values(self):
        line, step = self.line_id, self.step_id
        kind = line.activity_type_id or step.activity_type_id
        return {
            "activity_type_id": kind.id
            or self.env.ref("mail.mail_activity_data_todo").id,
            "summary": self.name,
            "note": line.note or step.note,
        }

    def _note_handed_out(self, activities, user_ids, today):
        """Two queries."""
        self.env.flush_all()
        names = {
            "ids": self.ids,
            "activities": activities.ids,
            "users": user_ids,
            "today": today,
        }
        self.env.cr.execute(SQL(_HANDED_OUT, **names))
        self.env.cr.execute(SQL(_STARTED, **names))
        self.env.invalidate_all(flush=False)

    @api.model
    def _note_waiting(self, company, playbooks, today):
        """Note which cases wait for the limit, and that others do not: one query."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                _WAITING,
                company=company.id,
                due=self._is_due(playbooks, today),
                today=today,
            )
        )
        self.env[CASE].invalidate_model()

    # What people do with the activities

    @api.model
    def _of_activities(self, activities):
        return self.sudo().search([("activity_id", "in", activities.ids)])

    def _activities_done(self):
        """Note that people did these tasks: two queries."""
        self.env.flush_all()
        today = fields.Date.context_today(self)
        names = {"ids": self.ids, "today": today}
        self.env.cr.execute(SQL(_DONE, **names))
        self.env.cr.execute(SQL(_TOUCHED, **names))
        self.env[CASE].invalidate_model()
        self.invalidate_model()

    @api.model
    def _take_back(self, case_ids):
        """Drop what is still to do for cases, with its activities."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE customer_playbook_task SET state = 'cancelled'"
                " WHERE case_id = ANY(%s) AND state IN ('planned', 'open', 'failed')",
                list(case_ids),
            )
        )
        self.invalidate_model()
        activities = self.env["mail.activity"].sudo()
        activities.search(
            [("res_model", "=", CASE), ("res_id", "in", list(case_ids))]
        ).unlink()


_USED = """
    SELECT t.user_id, t.playbook_id, count(*)
      FROM customer_playbook_task t JOIN customer_playbook_step s ON s.id = t.step_id
     WHERE t.company_id = %(company)s AND t.act_date = %(today)s
       AND s.kind IN ('activity', 'plan') AND t.user_id IS NOT NULL
     GROUP BY t.user_id, t.playbook_id
"""

# The customer's salesperson, else a member by the hash of both: each customer keeps its
# member, and members who come or leave move no others.
_MEMBER = """
    (SELECT m.user_id
       FROM crm_team_member m JOIN res_users o ON o.id = m.user_id
      WHERE m.crm_team_id = s.team_id AND m.active AND o.active
        AND EXISTS (SELECT FROM res_company_users_rel r
                     WHERE r.user_id = o.id AND r.cid = %(company)s)
      ORDER BY m.user_id IS NOT DISTINCT FROM p.user_id DESC,
               md5(p.id || ':' || m.user_id), m.user_id
      LIMIT 1)
"""
# Who acts has to be active and to work in the company; else the responsible does. Of
# each person and playbook, no more than could be handed out today.
ACTOR = (
    """
    COALESCE((SELECT u.id FROM res_users u
               WHERE u.active AND u.share IS NOT TRUE
                 AND u.id = CASE WHEN l.responsible_type = 'other'
                                 THEN l.responsible_id
                                 WHEN s.actor = 'user' THEN s.user_id
                                 WHEN s.actor = 'salesperson' THEN p.user_id
                                 WHEN s.actor = 'team' THEN """
    + _MEMBER
    + """ END
                 AND EXISTS (SELECT FROM res_company_users_rel r
                              WHERE r.user_id = u.id AND r.cid = %(company)s)),
             k.responsible_id)
"""
)
_CANDIDATES = (
    """
    SELECT id, person, playbook_id, is_begun, value, since
      FROM (SELECT d.*, row_number() OVER (
                       PARTITION BY person, playbook_id
                       ORDER BY is_begun DESC, value DESC, since, id) AS place
              FROM (SELECT t.id, t.playbook_id,
                           COALESCE(c.start_date < %(today)s, FALSE) AS is_begun,
                           COALESCE(c.value, 0)::float8 AS value,
                           COALESCE(c.start_date, c.open_date) + t.delay_days AS since,
"""
    + ACTOR
    + """ AS person
                      FROM customer_playbook_task t
                      JOIN customer_playbook_case c ON c.id = t.case_id
                      JOIN customer_playbook k ON k.id = t.playbook_id
                      JOIN customer_playbook_step s ON s.id = t.step_id
                      JOIN res_partner p ON p.id = t.partner_id
                      LEFT JOIN mail_activity_plan_template l ON l.id = t.line_id
                     WHERE %(due)s AND s.kind IN ('activity', 'plan')) d) ranked
     WHERE place <= COALESCE(%(most)s, place)
"""
)

_HANDED_OUT = """
    UPDATE customer_playbook_task t
       SET state = 'open', act_date = %(today)s, user_id = n.user_id,
           activity_id = n.activity, error_reason = NULL, cost = s.cost
      FROM unnest(%(ids)s, %(activities)s, %(users)s) n (id, activity, user_id),
           customer_playbook_step s
     WHERE t.id = n.id AND s.id = t.step_id
"""
_STARTED = """
    UPDATE customer_playbook_case c
       SET status = 'running', user_id = n.user_id, wait_reason = NULL,
           waiting_since = NULL,
           start_date = COALESCE(c.start_date, %(today)s - n.delay_days)
      FROM (SELECT DISTINCT ON (t.case_id) t.case_id, t.delay_days, n.user_id
              FROM unnest(%(ids)s, %(activities)s, %(users)s) n (id, activity, user_id)
              JOIN customer_playbook_task t ON t.id = n.id
             ORDER BY t.case_id, t.delay_days, t.id) n
     WHERE c.id = n.case_id
"""
_WAITING = """
    UPDATE customer_playbook_case c
       SET wait_reason = CASE WHEN w.waits THEN 'limit' END,
           waiting_since = CASE WHEN w.waits
                                THEN COALESCE(c.waiting_since, %(today)s) END
      FROM (SELECT c.id, EXISTS (
                       SELECT FROM customer_playbook_task t
                         JOIN customer_playbook_step s ON s.id = t.step_id
                        WHERE t.case_id = c.id AND %(due)s
                          AND s.kind IN ('activity', 'plan')) AS waits
              FROM customer_playbook_case c
             WHERE c.company_id = %(company)s AND c.episode = 0) w
     WHERE c.id = w.id AND (w.waits <> (c.wait_reason IS NOT NULL))
"""
_DONE = """
    UPDATE customer_playbook_task t
       SET state = 'done', done_share = 100, done_date = %(today)s,
           done_days = %(today)s - t.act_date
     WHERE t.id = ANY(%(ids)s) AND t.state = 'open'
"""
_TOUCHED = """
    UPDATE customer_playbook_case c SET touch_date = %(today)s
     WHERE c.touch_date IS NULL
       AND c.id IN (SELECT case_id FROM customer_playbook_task
                     WHERE id = ANY(%(ids)s) AND state = 'done')
"""
