from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import SQL

from ..common.access_groups import MANAGER_GROUP
from ..common.called_records import check_one, check_records
from ..common.classification_condition_mixin import NOT_OURS
from ..common.classification_reason_mixin import (
    failure_reason,
    kept_reason_field,
    reason_of,
)
from ..common.language import known_language
from ..common.punctuation import listed
from ..common.sentences import plain_number
from ..customer.selections import RISK_SELECTION
from .customer_playbook_opening_mixin import HEARD_AXES

# What a playbook says: it is changed only while the playbook does not run.
WHAT_IT_SAYS = frozenset(
    ("name", "company_id", "trigger", "axis", "tier_ids", "stage_ids", "risk", "tag_id")
    + ("from_tier_ids", "from_stage_ids", "from_risk", "stay_days", "domain")
    + ("repeat_days", "opens_by_decision", "goal_kind", "goal_tier_ids")
    + ("goal_stage_ids", "goal_risk", "goal_days", "stops_on_leaving", "may_reenter")
    + ("cooldown_days", "daily_limit", "control_share", "step_ids")
    + ("score_below", "silence_ratio", "segment_ids")
)


class CustomerPlaybook(models.Model):
    """Steps for customers who enter a class, and their proof.

    A playbook is drafted or made from a template, looked at in a preview, and switched
    on. It opens a case (``customer.playbook.case``) for each customer who enters, hands
    out its steps within what people can do, and leaves a control group out, so that its
    effect can be measured.
    """

    _name = "customer.playbook"
    _inherit = [
        "classification.bounds.mixin",
        "classification.condition.mixin",
        "classification.protected.mixin",
        "classification.reason.mixin",
        "customer.playbook.opening.mixin",
    ]
    _description = "Customer Playbook"
    _order = "sequence, id"
    _condition_texts = ("domain",)
    _condition_fields = WHAT_IT_SAYS
    _protected_fields = frozenset(
        ("state", "error_reason", "since_date", "takes_present", "looked_date")
        + ("responsible_id",)
    )
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    description = fields.Text(
        string="What It Is For", translate=True, help="For who meets its cases."
    )
    state = fields.Selection(
        [
            ("template", "Template"),
            ("draft", "Draft"),
            ("running", "Running"),
            ("paused", "Paused"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
    )
    company_id = fields.Many2one(
        "res.company",
        index=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
        help="Whose classes and numbers it looks at. Templates have none.",
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    responsible_id = fields.Many2one(
        "res.users",
        default=lambda self: self.env.uid,
        copy=False,
        readonly=True,
        index=True,
        help="Who changed the playbook or switched it on last. Its condition and its "
        "steps have the rights of this person, who also acts where a customer has no "
        "salesperson.",
    )
    error_reason = kept_reason_field()
    error = fields.Char(
        string="Why It Rests",
        compute="_compute_told_reason",
        search="_search_told_reason",
        help="A playbook that cannot be read opens no cases and does no steps.",
    )

    # When
    trigger = fields.Selection(
        [("enters", "Enters"), ("stays", "Has Been in It For")],
        required=True,
        default="enters",
        string="When a Customer",
    )
    axis = fields.Selection(
        [
            ("value_tier", "Value tier"),
            ("lifecycle_stage", "Lifecycle stage"),
            ("churn_risk", "Churn risk"),
            ("tag", "Smart tag"),
            ("complaint", "A complaint that was solved"),
            ("answer", "A bad answer"),
            ("silence", "Silence"),
            ("segment", "Segment"),
            ("referred", "A recommendation: the customer brought"),
            ("referrer", "A recommendation: who brought a customer"),
        ],
        required=True,
        default="value_tier",
        string="Of What",
    )
    tier_ids = fields.Many2many(
        "customer.value.tier",
        "customer_playbook_tier_rel",
        "playbook_id",
        "tier_id",
        string="Value Tiers",
    )
    stage_ids = fields.Many2many(
        "customer.lifecycle.stage",
        "customer_playbook_stage_rel",
        "playbook_id",
        "stage_id",
        string="Lifecycle Stages",
    )
    risk = fields.Selection(RISK_SELECTION, string="Churn Risk")
    segment_ids = fields.Many2many(
        "customer.segment",
        "customer_playbook_segment_rel",
        "playbook_id",
        "segment_id",
        string="Customer Segments",
        ondelete="restrict",
        help="Segments have no history: a playbook begins when a run moves a customer "
        "into one of them.",
    )
    tag_id = fields.Many2one(
        "res.partner.category", string="Tag", ondelete="restrict", index=True
    )
    from_tier_ids = fields.Many2many(
        "customer.value.tier",
        "customer_playbook_from_tier_rel",
        "playbook_id",
        "tier_id",
        string="Coming From Tiers",
        help="Any where none is chosen.",
    )
    from_stage_ids = fields.Many2many(
        "customer.lifecycle.stage",
        "customer_playbook_from_stage_rel",
        "playbook_id",
        "stage_id",
        string="Coming From Stages",
        help="Any where none is chosen.",
    )
    from_risk = fields.Selection(
        RISK_SELECTION, string="Coming From Risk", help="Any where none is chosen."
    )
    score_below = fields.Float(
        string="Answer Below",
        default=50,
        digits=(5, 1),
        aggregator=None,
        help="Of 100: the last answer of the customer is worse. A better one ends it.",
    )
    silence_ratio = fields.Float(
        string="Silent After",
        default=2,
        digits=(6, 2),
        aggregator=None,
        help="Times the customer's own rhythm without any interaction or purchase. "
        "Customers of whom no interaction is known are not silent.",
    )
    stay_days = fields.Integer(
        aggregator=None,
        string="Days in It",
        default=30,
        help="Counted from the day from which on the class is valid, looked at each "
        "night.",
    )
    repeat_days = fields.Integer(
        aggregator=None,
        string="Again After (days)",
        help="Who is still in the class so many days after a case was opened gets the "
        "next one. 0: no repetition.",
    )
    model_name = fields.Char(compute="_compute_model_name")
    domain = fields.Char(
        string="Condition",
        default="[]",
        required=True,
        help="Only customers who meet it: fields of the contact, its classes and "
        "numbers, tags, and dates such as “today -30d”.",
    )
    opens_by_decision = fields.Boolean(
        string="Also by Decisions of People",
        help="Open a case also where a person decided the class.",
    )

    # Until
    goal_kind = fields.Selection(
        [
            ("order", "The customer buys"),
            ("tier_up", "One value tier up or more"),
            ("tier", "A value tier is reached"),
            ("stage", "A lifecycle stage is reached"),
            ("risk", "A churn risk is reached"),
            ("answer", "The customer answers"),
        ],
        required=True,
        default="order",
        string="Goal",
    )
    goal_tier_ids = fields.Many2many(
        "customer.value.tier",
        "customer_playbook_goal_tier_rel",
        "playbook_id",
        "tier_id",
        string="Tiers to Reach",
    )
    goal_stage_ids = fields.Many2many(
        "customer.lifecycle.stage",
        "customer_playbook_goal_stage_rel",
        "playbook_id",
        "stage_id",
        string="Stages to Reach",
    )
    goal_risk = fields.Selection(RISK_SELECTION, string="Risk to Reach")
    goal_days = fields.Integer(
        aggregator=None,
        string="Within Days",
        default=90,
        required=True,
        help="From the day on which the case is opened, for the control group too.",
    )
    stops_on_leaving = fields.Boolean(
        string="Stop When the Customer Leaves the Audience", default=True
    )

    # Limits
    may_reenter = fields.Boolean(
        string="May Come Again",
        default=True,
        help="A customer who enters again later gets another case.",
    )
    cooldown_days = fields.Integer(
        aggregator=None,
        string="Cool-Down (days)",
        default=30,
        help="So many days after a case ended there is no new one for the customer.",
    )
    daily_limit = fields.Integer(
        aggregator=None,
        string="New Activities a Person and Day",
        help="Of this playbook; 0 for none but the company's own limit. The most "
        "valuable customers come first.",
    )
    control_share = fields.Float(
        aggregator=None,
        string="Control Group (%)",
        default=10.0,
        digits=(5, 1),
        help="So many of a hundred customers, in each value tier, are left out by "
        "chance: only they show what would have happened anyway.",
    )

    step_ids = fields.One2many("customer.playbook.step", "playbook_id", copy=True)
    result_ids = fields.One2many("customer.playbook.result", "playbook_id")
    since_date = fields.Date(string="Running Since", readonly=True, copy=False)
    takes_present = fields.Boolean(readonly=True, copy=False)
    looked_date = fields.Date(string="Looked At", readonly=True, copy=False)
    when_text = fields.Char(string="Begins When", compute="_compute_when_text")
    waiting_count = fields.Integer(string="Waiting", compute="_compute_counts")
    running_count = fields.Integer(string="In Progress", compute="_compute_counts")
    ended_count = fields.Integer(string="Ended", compute="_compute_counts")
    reached_count = fields.Integer(string="Reached", compute="_compute_counts")
    proof_text = fields.Char(string="Does It Help?", compute="_compute_proof_text")

    @api.model
    def _bounds(self):
        days = (0, 3_650)
        return {
            **super()._bounds(),
            "stay_days": days,
            "score_below": (0, 100),
            "silence_ratio": (0.1, 1000),
            "repeat_days": days,
            "goal_days": (1, 3_650),
            "cooldown_days": days,
            "daily_limit": (0, 10_000),
            "control_share": (0, 50),
        }

    # What it says

    @api.depends("axis")
    def _compute_model_name(self):
        self.model_name = "res.partner"

    @api.depends(
        *("trigger", "axis", "tier_ids", "stage_ids", "risk", "tag_id", "stay_days"),
        *("from_tier_ids", "from_stage_ids", "from_risk", "repeat_days"),
        *("score_below", "silence_ratio", "segment_ids"),
    )
    @api.depends_context("lang")
    def _compute_when_text(self):
        for playbook in self:
            playbook.when_text = playbook._when_words()

    def _when_words(self):
        """Return the trigger as a sentence."""
        into, origin = self._class_words(""), self._class_words("from_")
        if self.axis in HEARD_AXES:
            text = self._heard_words()
        elif self.trigger == "stays":
            text = self.env._(
                "Has been in %(into)s for %(days)s days",
                into=into,
                days=self.stay_days,
            )
        elif origin and self.axis != "tag":
            text = self.env._(
                "Enters %(into)s, from %(origin)s", into=into, origin=origin
            )
        else:
            text = self.env._("Enters %s", into)
        if self.repeat_days:
            again = self.env._("again after %s days", self.repeat_days)
            return self.env._("%(first)s, %(again)s", first=text, again=again)
        return text

    def _heard_words(self):
        """Return what has to be heard, in words."""
        what = {
            "complaint": self.env._("A complaint is solved"),
            "answer": self.env._(
                "The last answer is below %s of 100",
                plain_number(self.env, self.score_below),
            ),
            "silence": self.env._(
                "No interaction or purchase for %s times the own rhythm",
                plain_number(self.env, self.silence_ratio),
            ),
            "referred": self.env._("A customer who was recommended buys first"),
            "referrer": self.env._("Somebody whom the customer recommended buys first"),
        }[self.axis]
        if self.trigger != "stays":
            return what
        return self.env._("%(what)s, for %(days)s days", what=what, days=self.stay_days)

    def _class_words(self, prefix):
        if self.axis in HEARD_AXES:
            return ""
        if self.axis == "tag":
            return self.tag_id.display_name or "…"
        if self.axis == "churn_risk":
            risks = dict(self._fields["risk"]._description_selection(self.env))
            word = risks.get(self[f"{prefix}risk"])
            return word and self.env._("churn risk %s", word)
        if self.axis == "segment":
            return "" if prefix else listed(self.env, self.segment_ids.mapped("name"))
        name = "tier_ids" if self.axis == "value_tier" else "stage_ids"
        return listed(self.env, self[f"{prefix}{name}"].mapped("name"))

    @api.depends("state")
    def _compute_counts(self):
        """Count the cases that the reader may see: one query."""
        counts = {}
        for playbook, status, count in self.env["customer.playbook.case"]._read_group(
            [("playbook_id", "in", self.ids), ("is_control", "=", False)],
            ["playbook_id", "status"],
            ["__count"],
        ):
            counts[playbook.id, status] = count
        for playbook in self:
            waiting, running, reached, missed, stopped = (
                counts.get((playbook._origin.id, status), 0)
                for status in ("waiting", "running", "reached", "missed", "stopped")
            )
            playbook.waiting_count = waiting
            playbook.running_count = running
            playbook.reached_count = reached
            playbook.ended_count = reached + missed + stopped

    @api.depends("result_ids")
    @api.depends_context("lang")
    def _compute_proof_text(self):
        totals = self.result_ids.filtered(lambda one: one.scope == "all")
        texts = {one.playbook_id: one.verdict_text for one in totals}
        for playbook in self:
            playbook.proof_text = texts.get(playbook) or False

    # Checks

    @api.constrains(
        *("axis", "tier_ids", "stage_ids", "risk", "tag_id", "state", "company_id"),
        *("segment_ids", "trigger"),
    )
    def _check_class(self):
        for playbook in self:
            if playbook.state != "template" and not playbook.company_id:
                raise ValidationError(self.env._("Choose the company."))
            if playbook.axis in HEARD_AXES:
                continue
            if not (playbook.axis == "tag" and playbook.tag_id or playbook._targets()):
                raise ValidationError(
                    self.env._(
                        "%s: choose the class or the tag that customers enter.",
                        playbook.name,
                    )
                )
            if playbook.axis == "segment" and playbook.trigger == "stays":
                raise ValidationError(
                    self.env._(
                        "%s: segments have no history. Choose “Enters”.", playbook.name
                    )
                )

    @api.constrains("goal_kind", "goal_tier_ids", "goal_stage_ids", "goal_risk")
    def _check_goal(self):
        needed = {
            "tier": "goal_tier_ids",
            "stage": "goal_stage_ids",
            "risk": "goal_risk",
        }
        for playbook in self:
            name = needed.get(playbook.goal_kind)
            if name and not playbook[name]:
                raise ValidationError(
                    self.env._("%s: choose the class to reach.", playbook.name)
                )

    @api.constrains("domain", "company_id")
    def _check_domain(self):
        for playbook in self.filtered("company_id"):
            playbook._condition().try_out()

    def _check_condition_rights(self):
        for playbook in self.filtered("company_id"):
            playbook._condition(self.env.user).check_rights()

    def write(self, vals):
        if not self.env.su and set(vals) & WHAT_IT_SAYS:
            self._check_may_change("write")
        return super().write(vals)

    def _check_may_translate(self, field_name):
        if field_name in WHAT_IT_SAYS:
            self._check_may_change("write")

    def unlink(self):
        if not self.env.su:
            self._check_may_change("unlink")
        return super().unlink()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_cases(self):
        if (
            self.env["customer.playbook.case"]
            .sudo()
            .search_count([("playbook_id", "in", self.ids)], limit=1)
        ):
            raise UserError(
                self.env._(
                    "A playbook with cases is kept for its results. Archive it instead."
                )
            )

    def _check_may_change(self, operation):
        """Refuse changes of templates, and of playbooks that run."""
        self.check_access(operation)
        if self.filtered(lambda one: one.state == "template"):
            raise UserError(
                self.env._("Templates are not changed: make a playbook of it first.")
            )
        running = self.filtered(lambda one: one.state == "running")
        if running:
            raise UserError(
                self.env._(
                    "“%s” is running. Pause it, change it, look at the preview, and "
                    "switch it on again.",
                    running[0].name,
                )
            )

    def _take_over(self):
        """Make the user who changes steps their responsible."""
        self._check_may_change("write")
        self._check_condition_rights()
        self.sudo().responsible_id = self.env.uid

    # Buttons

    def _check_manager(self):
        check_records(self)
        if not self.env.user.has_group(MANAGER_GROUP):
            raise AccessError(
                self.env._("Only managers of the classification may do this.")
            )
        self.check_access("write")

    def action_use_template(self):
        """Make a playbook of a template, in the company of the user."""
        check_one(self)
        self._check_manager()
        # Without a name among the values, its translations are copied as well.
        copied = self.sudo().copy({"company_id": self.env.company.id})
        copied.responsible_id = self.env.uid
        copied.with_env(self.env)._check_condition_rights()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": copied.id,
            "views": [(False, "form")],
        }

    def action_preview(self):
        """Open the preview, from which the playbook is switched on."""
        check_one(self)
        self._check_manager()
        if self.state == "template":
            raise UserError(self.env._("Make a playbook of the template first."))
        wizard = self.env["customer.playbook.start"].create({"playbook_id": self.id})
        return wizard._reopen()

    def _switch_on(self, takes_present):
        """Have the playbook run with the rights of the user.

        :param takes_present: whether who is in the class now gets a case, too
        """
        self._check_manager()
        if not self.step_ids:
            raise UserError(self.env._("Add at least one step first."))
        self._condition(self.env.user).try_out()
        self.step_ids._check_rights()
        self.step_ids._check_salespeople()
        self.sudo().write(
            {
                "state": "running",
                "active": True,
                "error_reason": False,
                "since_date": self._today(),
                "takes_present": takes_present,
                "looked_date": False,
                "responsible_id": self.env.uid,
            }
        )
        if takes_present and self.trigger == "enters":
            words = self.sudo()
            words._open_cases(words._audience(words._since_or_today()))
        self._wake()

    def _since_or_today(self):
        return SQL("COALESCE(%s, %s)", self._since(), self._today())

    def action_pause(self):
        """Open no cases and do no steps until it is switched on again."""
        self._check_manager()
        self.filtered(lambda one: one.state == "running").sudo().state = "paused"

    def _action_cases(self, name, **more):
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"customer_classification.{name}"
        )
        return {**action, "domain": [("playbook_id", "in", self.ids)], **more}

    def action_open_cases(self):
        """Open the cases of this playbook."""
        check_one(self)
        return self._action_cases("customer_playbook_case_action", context={})

    def action_open_results(self):
        """Open the results, in all and by tier and stage."""
        check_one(self)
        return self._action_cases("customer_playbook_result_action", context={})

    def action_open_people(self):
        """Open what each person did of the steps."""
        check_one(self)
        return self._action_cases("customer_playbook_task_action", context={})

    # Cases

    def _leaving_cases(self):
        """Return ids of the open cases whose customers are not meant any more."""
        try:
            with self.env.cr.savepoint():
                rows = self.env.execute_query(
                    SQL(
                        """
                        SELECT c.id
                          FROM customer_playbook_case c
                          JOIN res_partner p ON p.id = c.partner_id
                          LEFT JOIN customer_profile f ON f.partner_id = p.id
                           AND f.company_id = c.company_id
                         WHERE c.playbook_id = %s AND c.episode = 0
                           AND (%s AND %s) IS NOT TRUE
                        """,
                        self.id,
                        self._in_class(),
                        self._matching(),
                    )
                )
        except NOT_OURS:
            raise
        except Exception as error:
            self._rest(failure_reason(error))
            return []
        return [id_ for (id_,) in rows]

    def _today(self):
        """Today by the calendar of the company's policy."""
        policy = self.company_id[:1].sudo()._get_customer_policy()
        return policy._today() if policy else fields.Date.context_today(self)

    def _zone(self):
        """Return the time zone of that calendar."""
        return self.company_id[:1]._get_customer_zone()

    # Work

    @api.model
    def _listening(self, company, axes):
        """Return the running playbooks that open cases by changes."""
        return self.sudo().search(
            Domain("state", "=", "running")
            & Domain("trigger", "=", "enters")
            & Domain("axis", "in", axes)
            & (Domain("company_id", "=", company.id) if company else Domain.TRUE)
        )

    @api.model
    def _wake(self):
        """Have the scheduled action look, once the transaction is through."""
        self.env.ref("customer_classification.ir_cron_playbooks").sudo()._trigger()

    @api.model
    def _cron_work(self):
        """Open, follow up and work on cases, in many small transactions."""
        cron = self.env["ir.cron"]
        self._work(lambda count: cron._commit_progress(count, remaining=0))

    @api.model
    def _work(self, commit=lambda count: True):
        """Do for all companies what is due today.

        Killed at any point, it goes on where it was: each batch is one transaction.

        :param commit: called after each batch, with its size; false to stop
        """
        companies = self.sudo().search([("state", "in", ("running", "paused"))])
        for company in companies.company_id:
            if not self._work_for(company, commit):
                self._wake()
                return

    @api.model
    def _work_for(self, company, commit):
        """Work for one company; return whether there is time left."""
        playbooks = self.search(
            [("company_id", "=", company.id), ("state", "in", ("running", "paused"))]
        )
        today = playbooks[:1]._today()
        due = playbooks.filtered(lambda one: one.looked_date != today)
        due.filtered(lambda one: one._failed_unexpectedly())._rest(False)
        if not playbooks._follow_up_or_rest(company, today):
            return commit(1)
        running = playbooks.filtered(lambda one: one.state == "running")
        usable = running._usable()
        (due & usable)._open_by_time()
        if due:
            self.env["customer.playbook.result"]._measure(playbooks)
        due.looked_date = today
        if not commit(1):
            return False
        tasks = self.env["customer.playbook.task"]
        for count in tasks._work_on(company, usable, today):
            if not commit(count):
                return False
        return True

    def _follow_up_or_rest(self, company, today):
        """Measure and end the cases of a company, whose playbooks these are.

        Where its documents cannot be read, for instance because the filter of its
        policy names a deleted field, those that run rest with the reason: nobody knows
        whether a goal was reached.

        :return: whether it could
        """
        try:
            with self.env.cr.savepoint():
                self.env["customer.playbook.case"]._follow_up(company, today)
        except NOT_OURS:
            raise
        except Exception as error:
            self.env.invalidate_all(flush=False)
            running = self.filtered(lambda one: one.state == "running")
            running._rest(failure_reason(error))
            return False
        return True

    def _in_words(self):
        """Return the playbook in the language of its responsible."""
        lang = known_language(self.env, self.responsible_id.lang)
        return self.with_context(lang=lang)

    def _failed_unexpectedly(self):
        """Return whether the playbook rests for no sentence of its condition."""
        return (self.error_reason or {}).get("code") == "unexpected_error"

    def _usable(self):
        """Return the playbooks whose condition the responsible may still use.

        Those that failed today for reasons that nobody expected rest until tomorrow.
        """
        usable = self.browse()
        for playbook in self.filtered(lambda one: not one._failed_unexpectedly()):
            words = playbook._in_words()
            try:
                words._condition(playbook.responsible_id).try_out()
            except UserError as error:
                playbook._rest(reason_of(error))
            else:
                playbook._rest(False)
                usable += playbook
        return usable
