from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL
from odoo.tools.misc import format_date

from ..common.access_groups import MONEY_GROUP
from ..common.called_records import check_one, check_records
from ..common.punctuation import labelled
from ..customer.selections import RISK_SELECTION

STATUS_SELECTION = [
    ("waiting", "Waiting"),
    ("running", "In Progress"),
    ("reached", "Reached"),
    ("missed", "Not Reached"),
    ("stopped", "Stopped"),
]
STOP_SELECTION = [
    ("goal", "The goal was reached"),
    ("window", "The time was over"),
    ("left", "The customer left the audience"),
    ("objects", "The customer objects to profiling"),
    ("blacklisted", "The e-mail address is on the blacklist"),
    ("archived", "The contact is archived"),
    ("merged", "The contact was merged with another one"),
    ("person", "A person stopped it"),
]


class CustomerPlaybookCase(models.Model):
    """Follow-up of one customer by one playbook, from entry to outcome.

    Opened and followed up in SQL; people work through its activities and buttons. The
    open case of a customer and playbook has the episode 0, an ended one its own id: so
    there is one open case at most.
    """

    _name = "customer.playbook.case"
    _inherit = [
        "mail.thread",
        "mail.activity.mixin",
        "classification.plain.fields.mixin",
        "classification.referred.mixin",
        "customer.playbook.outcome.mixin",
    ]
    _description = "Playbook Case"
    _order = "open_date desc, id"
    _mail_post_access = "read"
    _technical_fields = frozenset({"episode"})

    playbook_id = fields.Many2one(
        "customer.playbook",
        required=True,
        readonly=True,
        ondelete="restrict",
        index=True,
    )
    playbook_name = fields.Char(
        string="Name of the Playbook",
        related="playbook_id.name",
        related_sudo=True,
    )
    description = fields.Text(related="playbook_id.description", related_sudo=True)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade", index=True
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
    episode = fields.Integer(readonly=True, required=True, aggregator=None)
    status = fields.Selection(
        STATUS_SELECTION,
        required=True,
        readonly=True,
        default="waiting",
        group_expand=True,
    )
    stop_reason = fields.Selection(
        STOP_SELECTION, string="Ended Because", readonly=True
    )
    stop_note = fields.Char(string="Note", readonly=True)
    is_control = fields.Boolean(
        string="Control Group",
        readonly=True,
        help="Left out by chance: shows what happens without the playbook.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Who Acts",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )

    # Days
    entered_date = fields.Date(string="In the Class Since", readonly=True)
    again_date = fields.Date(
        string="Entered Again",
        readonly=True,
        help="The customer entered once more while the case was open.",
    )
    open_date = fields.Date(string="Opened", required=True, readonly=True)
    start_date = fields.Date(string="Started", readonly=True)
    touch_date = fields.Date(
        string="First Touch",
        readonly=True,
        help="The first activity done or e-mail sent.",
    )
    window_end = fields.Date(string="Goal Until", required=True, readonly=True)
    answered_date = fields.Date(string="Answered", readonly=True)
    goal_date = fields.Date(string="Goal Reached On", readonly=True)
    close_date = fields.Date(string="Ended", readonly=True)
    measured_date = fields.Date(
        string="Measured",
        readonly=True,
        help="From then on revenue and goal of the case stand.",
    )
    waiting_since = fields.Date(readonly=True)
    wait_reason = fields.Selection(
        [("limit", "The limit of new activities is used up")],
        string="Waits Because",
        readonly=True,
    )
    wait_text = fields.Char(string="Why It Waits", compute="_compute_wait_text")

    # The customer then, and what came of it
    value_tier_id = fields.Many2one(
        "customer.value.tier",
        string="Value Tier Then",
        readonly=True,
        ondelete="set null",
    )
    lifecycle_stage_id = fields.Many2one(
        "customer.lifecycle.stage",
        string="Lifecycle Stage Then",
        readonly=True,
        ondelete="set null",
    )
    churn_risk = fields.Selection(
        RISK_SELECTION, string="Churn Risk Then", readonly=True
    )
    value = fields.Monetary(
        aggregator=None,
        string="At Stake",
        readonly=True,
        groups=MONEY_GROUP,
        help="Revenue at risk, else predicted revenue, else revenue, when the case was "
        "opened: the most valuable comes first.",
    )
    revenue = fields.Monetary(
        aggregator=None,
        string="Revenue in the Window",
        readonly=True,
        groups=MONEY_GROUP,
        help="Net revenue from the day after the case was opened to the end of its "
        "window.",
    )
    task_ids = fields.One2many("customer.playbook.task", "case_id", string="Steps")
    done_count = fields.Integer(string="Steps Done", compute="_compute_tasks")
    task_count = fields.Integer(string="Number of Steps", compute="_compute_tasks")
    error = fields.Char(string="What Failed", compute="_compute_tasks")

    # Not partial: Odoo's merge of contacts knows constraints only.
    _episode_unique = models.Constraint(
        "UNIQUE(playbook_id, partner_id, episode)",
        "A customer has one open case of a playbook.",
    )
    _open_index = models.Index("(company_id, playbook_id) WHERE episode = 0")
    _unmeasured_index = models.Index("(company_id) WHERE measured_date IS NULL")

    @api.depends("partner_id.display_name", "playbook_id.name")
    @api.depends_context("lang")
    def _compute_display_name(self):
        """Name the customer first, who is seen where the end is cut off."""
        for case in self:
            case.display_name = labelled(
                self.env,
                case.partner_id.display_name,
                case.sudo().playbook_id.name,
            )

    @api.depends("task_ids.state", "task_ids.error_reason")
    @api.depends_context("lang")
    def _compute_tasks(self):
        """Count the steps and tell the first that failed: two queries."""
        tasks = self.env["customer.playbook.task"].sudo()
        counts = {}
        for case, state, count in tasks._read_group(
            [("case_id", "in", self.ids)], ["case_id", "state"], ["__count"]
        ):
            counts.setdefault(case.id, {})[state] = count
        failed = tasks.search(
            [("case_id", "in", self.ids), ("state", "=", "failed")], order="id desc"
        )
        errors = {task.case_id.id: task.with_env(self.env).sudo() for task in failed}
        for case in self:
            own = counts.get(case._origin.id, {})
            case.done_count = own.get("done", 0)
            case.task_count = sum(own.values())
            task = errors.get(case._origin.id)
            case.error = task and labelled(self.env, task.name, task.error)

    @api.depends("status", "wait_reason", "waiting_since", "playbook_id.state")
    @api.depends_context("lang")
    def _compute_wait_text(self):
        for case in self:
            case.wait_text = case._wait_words()

    def _wait_words(self):
        """Return why the case waits and since when, or nothing."""
        playbook = self.sudo().playbook_id
        if self.close_date or self.is_control:
            return False
        if playbook.state != "running":
            return self.env._("The playbook is paused.")
        if playbook.error:
            return self.env._("The playbook rests: %s", playbook.error)
        if self.wait_reason:
            return self.env._(
                "Since %(day)s: %(person)s has all new activities of the day already, "
                "for customers with more at stake.",
                day=format_date(self.env, self.waiting_since),
                person=self.user_id.name or playbook.responsible_id.name,
            )
        if self.status == "waiting":
            return self.env._("The first step is not due yet.")
        return False

    def message_subscribe(self, partner_ids=None, subtype_ids=None):
        """Let who reads a case give an activity of it to a colleague."""
        if self.env.su:
            return super().message_subscribe(partner_ids, subtype_ids)
        check_records(self)
        if not partner_ids:
            return True
        self._check_numbers(partner_ids)
        self._check_numbers(subtype_ids or [])
        kept = self if self._has_others(partner_ids) else self.sudo()
        return super(CustomerPlaybookCase, kept).message_subscribe(
            partner_ids, subtype_ids
        )

    @api.model
    def _check_numbers(self, ids):
        """Refuse what is no list of record numbers."""
        is_list = isinstance(ids, list | tuple)
        if not is_list or not all(type(one) is int and 0 < one < 2**31 for one in ids):
            raise UserError(self.env._("A list of record numbers is needed."))

    @api.model
    def _has_others(self, partner_ids):
        """Return whether some of these contacts are no users of the company."""
        users = self.env["res.users"].sudo()
        inside = users.search([("partner_id", "in", partner_ids)])
        inside = inside.filtered(lambda one: not one.share)
        return bool(set(partner_ids) - set(inside.partner_id.ids))

    # Buttons

    def _check_open(self):
        check_records(self)
        if any(case.close_date for case in self):
            raise UserError(self.env._("The case has ended already."))
        if any(case.is_control for case in self.sudo()):
            raise UserError(
                self.env._("Nothing is done for the control group: it is the measure.")
            )

    def action_stop(self):
        """End the cases, because a person says so."""
        self._check_open()
        today = fields.Date.context_today(self)
        self.sudo()._close("person", today)
        self.sudo().stop_note = self.env._("Stopped by %s", self.env.user.name)

    def action_answered(self):
        """Note that the customer answered."""
        self._check_open()
        today = fields.Date.context_today(self)
        for playbook, cases in self.sudo().grouped("playbook_id").items():
            cases.filtered(lambda one: not one.answered_date).answered_date = today
            if playbook.goal_kind == "answer":
                fresh = cases.filtered(lambda one: not one.goal_date)
                fresh.goal_date = today
                cases._close("goal", today)

    def action_try_again(self):
        """Do once more what failed, with the next work of the playbook."""
        self._check_open()
        self.env["customer.playbook"].browse()._check_manager()
        tasks = self.sudo().task_ids.filtered(lambda one: one.state == "failed")
        tasks.write({"state": "planned", "error_reason": False})
        self.env["customer.playbook"]._wake()

    def action_open_customer(self):
        """Open the customer."""
        check_one(self)
        return self.partner_id.get_formview_action()

    # Contacts that become one

    @api.model
    def _keep_one_open(self, partner_ids):
        """End all but one of the open cases of merged contacts.

        The first of the contacts keeps its own. A few queries.
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM (
                    SELECT id, row_number() OVER (
                               PARTITION BY playbook_id
                               ORDER BY array_position(%(partners)s, partner_id), id
                           ) AS place
                      FROM customer_playbook_case
                     WHERE partner_id = ANY(%(partners)s) AND episode = 0) own
                 WHERE place > 1
                """,
                partners=list(partner_ids),
            )
        )
        cases = self.sudo().browse(id_ for (id_,) in rows)
        if cases:
            cases._close("merged", fields.Date.context_today(self))

    @api.model
    def _stop_objecting(self, partners):
        """End the open cases of persons who object from now on."""
        cases = self.sudo().search(
            [("partner_id", "in", partners.ids), ("episode", "=", 0)]
        )
        if cases:
            cases._close("objects", fields.Date.context_today(self))

    def _take_actors(self):
        """Take over the salespeople of the customers: one query."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE customer_playbook_case c SET user_id = p.user_id"
                " FROM res_partner p WHERE p.id = c.partner_id AND c.id = ANY(%s)",
                self.ids,
            )
        )
        self.invalidate_model(["user_id"])
