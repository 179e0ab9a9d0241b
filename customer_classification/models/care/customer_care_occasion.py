from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL

from ..common.access_groups import MANAGER_GROUP
from ..common.called_records import check_one, check_records
from ..common.classification_condition_mixin import NOT_OURS
from ..common.classification_reason_mixin import failure_reason, kept_reason_field
from ..common.language import known_language
from ..common.zones import day_in

# What an occasion says: it is changed only while it is off.
WHAT_IT_SAYS = frozenset(
    ("name", "company_id", "kind", "domain", "date_rule", "month", "day", "weekday")
    + ("place", "shift_days", "country_ids", "lang_ids", "rhythm_ids", "channel")
    + ("activity_type_id", "note", "mail_template_id", "lead_days", "daily_limit")
    + ("asks_to_check",)
)
WEEKDAYS = [
    ("0", "Monday"),
    ("1", "Tuesday"),
    ("2", "Wednesday"),
    ("3", "Thursday"),
    ("4", "Friday"),
    ("5", "Saturday"),
    ("6", "Sunday"),
]
# Days of an ordinary Easter year around which a holiday may be moved.
MOST_SHIFT = 120
PREVIEW_DAYS = 30
MOST_SHOWN = 1_000


class CustomerCareOccasion(models.Model):
    """Occasion to be in touch with customers: birthday, holiday, visit …

    Each night it is looked who has the occasion, and an activity or an e-mail is made
    for each, once. Switched on by a person, with whose rights it is carried out.
    """

    _name = "customer.care.occasion"
    _inherit = [
        "classification.bounds.mixin",
        "classification.condition.mixin",
        "classification.protected.mixin",
        "classification.reason.mixin",
        "customer.care.audience.mixin",
    ]
    _description = "Occasion of Care"
    _order = "sequence, id"
    _condition_texts = ("domain",)
    _condition_fields = WHAT_IT_SAYS
    _protected_fields = frozenset(("state", "error_reason", "responsible_id"))
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    state = fields.Selection(
        [("off", "Switched Off"), ("on", "Switched On")],
        default="off",
        required=True,
        readonly=True,
        copy=False,
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
        help="Whose customers are cared for.",
    )
    responsible_id = fields.Many2one(
        "res.users",
        default=lambda self: self.env.uid,
        copy=False,
        readonly=True,
        index=True,
        help="Who changed the occasion or switched it on last. It is carried out with "
        "the rights of this person, who also acts where a customer has no salesperson.",
    )
    error_reason = kept_reason_field()
    error = fields.Char(
        string="Why It Rests",
        compute="_compute_told_reason",
        search="_search_told_reason",
    )

    # When
    kind = fields.Selection(
        [
            ("birthday", "Birthday"),
            ("first_purchase", "Anniversary of the first purchase"),
            ("holiday", "Holiday"),
            ("visit", "Regular visit"),
        ],
        required=True,
        default="holiday",
        string="Occasion",
        help="Birthdays are those of persons, all others those of customers.",
    )
    date_rule = fields.Selection(
        [
            ("fixed", "On a fixed day"),
            ("weekday", "On a certain weekday of a month"),
            ("easter", "Around Easter"),
            ("lunar", "By the Chinese calendar"),
        ],
        required=True,
        default="fixed",
        string="Day of the Holiday",
    )
    month = fields.Integer(default=1, aggregator=None)
    day = fields.Integer(default=1, aggregator=None)
    weekday = fields.Selection(WEEKDAYS, default="6", required=True)
    place = fields.Selection(
        [
            ("1", "First"),
            ("2", "Second"),
            ("3", "Third"),
            ("4", "Fourth"),
            ("-1", "Last"),
        ],
        default="1",
        required=True,
        string="Which in the Month",
    )
    shift_days = fields.Integer(
        string="Days Later",
        aggregator=None,
        help="So many days after that day, before it where negative: -2 around Easter "
        "is Good Friday, -1 by the Chinese calendar New Year's Eve.",
    )
    next_date = fields.Date(compute="_compute_next_date")
    country_ids = fields.Many2many(
        "res.country",
        "customer_care_occasion_country_rel",
        "occasion_id",
        "country_id",
        string="Countries",
        help="Only customers there; all where none is chosen.",
    )
    lang_ids = fields.Many2many(
        "res.lang",
        "customer_care_occasion_lang_rel",
        "occasion_id",
        "lang_id",
        string="Languages",
        help="Only customers of these languages; all where none is chosen.",
    )
    rhythm_ids = fields.One2many("customer.care.rhythm", "occasion_id", copy=True)

    # Whom
    model_name = fields.Char(compute="_compute_model_name")
    domain = fields.Char(
        string="Condition",
        default="[]",
        required=True,
        help="Only contacts who meet it: fields of the contact, its classes and "
        "numbers, and tags.",
    )

    # What
    channel = fields.Selection(
        [("activity", "An activity"), ("email", "An e-mail")],
        required=True,
        default="activity",
        string="What to Do",
    )
    activity_type_id = fields.Many2one(
        "mail.activity.type",
        ondelete="restrict",
        default=lambda self: self.env.ref("mail.mail_activity_data_call", False),
    )
    note = fields.Html(
        string="Greeting",
        translate=True,
        help="What to say or to write, in the language of the customer.",
    )
    mail_template_id = fields.Many2one(
        "mail.template",
        string="E-mail Template",
        ondelete="restrict",
        domain=[("model", "=", "res.partner")],
    )
    lead_days = fields.Integer(
        string="Days Before",
        aggregator=None,
        help="The activity is made so many days before the occasion, and is due on it.",
    )
    daily_limit = fields.Integer(
        string="Activities a Person and Day",
        default=20,
        aggregator=None,
        help="At most so many new ones; 0 for no limit. Visits of the most valuable "
        "customers come first, of all others the next occasions.",
    )
    asks_to_check = fields.Boolean(
        string="Have the Data Checked",
        help="The activity lists phone, e-mail and address, and what is missing.",
    )
    care_ids = fields.One2many("customer.care", "occasion_id")
    care_count = fields.Integer(string="Done So Far", compute="_compute_care_count")

    @api.model
    def _bounds(self):
        return {
            **super()._bounds(),
            "month": (1, 12),
            "day": (1, 31),
            "shift_days": (-MOST_SHIFT, MOST_SHIFT),
            "lead_days": (0, 60),
            "daily_limit": (0, 10_000),
        }

    @api.depends("kind")
    def _compute_model_name(self):
        self.model_name = "res.partner"

    @api.depends("kind", "date_rule", "month", "day", "weekday", "place", "shift_days")
    def _compute_next_date(self):
        """Compute the day of the next holiday, where it can be known."""
        for occasion in self:
            occasion.next_date = occasion.kind == "holiday" and occasion._next_holiday()

    def _next_holiday(self):
        today = self._today()
        is_valid = self.date_rule and 1 <= self.month <= 12 and 1 <= self.day <= 31
        try:
            days = is_valid and self._holidays(today, today + timedelta(days=1_500))
        except UserError:
            return False
        return days[0][0] if days else False

    def _compute_care_count(self):
        """Count what was done: one query."""
        counts = dict(
            self.env["customer.care"]._read_group(
                [("occasion_id", "in", self.ids)], ["occasion_id"], ["__count"]
            )
        )
        for occasion in self:
            occasion.care_count = counts.get(occasion._origin, 0)

    def _today(self):
        """Today by the calendar of the company's policy."""
        policy = self.company_id[:1].sudo()._get_customer_policy()
        return policy._today() if policy else fields.Date.context_today(self)

    def _day_of(self, moment):
        """Return the SQL of the day of a moment (UTC) by that calendar."""
        return day_in(self.company_id[:1]._get_customer_zone(), moment)

    # Checks

    @api.constrains("domain", "company_id")
    def _check_domain(self):
        for occasion in self:
            occasion._condition().try_out()

    def _check_condition_rights(self):
        for occasion in self:
            occasion._condition(self.env.user).check_rights()

    @api.constrains("channel", "activity_type_id", "mail_template_id", "kind")
    def _check_channel(self):
        for occasion in self:
            if occasion.channel == "email" and occasion.kind == "visit":
                raise ValidationError(
                    self.env._("A visit is made by a person: choose an activity.")
                )
            template = occasion.mail_template_id.sudo()
            if occasion.channel == "email" and template.model != "res.partner":
                raise ValidationError(
                    self.env._("%s: choose a template for contacts.", occasion.name)
                )
            if occasion.channel == "activity" and not occasion.activity_type_id:
                raise ValidationError(
                    self.env._("%s: choose the type of the activity.", occasion.name)
                )

    @api.constrains("kind", "date_rule", "month", "day")
    def _check_day(self):
        """Refuse days that no year has."""
        for occasion in self.filtered(lambda one: one.kind == "holiday"):
            longest = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}.get(occasion.month, 31)
            longest = {"fixed": longest, "lunar": 30}.get(occasion.date_rule, 31)
            if occasion.day > longest:
                raise ValidationError(
                    self.env._("%s: this month has no such day.", occasion.name)
                )

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

    def _check_may_change(self, operation):
        self.check_access(operation)
        running = self.filtered(lambda one: one.state == "on")
        if running:
            raise UserError(
                self.env._("“%s” is on. Switch it off first.", running[0].name)
            )

    def _take_over(self):
        """Make the user who changes the rhythm responsible."""
        self._check_may_change("write")
        self._check_condition_rights()
        self.sudo().responsible_id = self.env.uid

    def _check_template(self):
        """Check that nobody else may change what is sent with these rights.

        :raises AccessError: the template belongs to somebody else
        """
        for occasion in self.sudo():
            owner = occasion.mail_template_id.user_id
            if occasion.channel == "email" and owner and owner != self.env.user:
                raise AccessError(
                    self.env._(
                        "%(step)s: the template belongs to %(user)s, who may change "
                        "what is sent. Choose one that belongs to nobody or to you.",
                        step=occasion.name,
                        user=owner.name,
                    )
                )

    # Buttons

    def _check_manager(self):
        check_records(self)
        if not self.env.user.has_group(MANAGER_GROUP):
            raise AccessError(
                self.env._("Only managers of the classification may do this.")
            )
        self.check_access("write")

    def action_switch_on(self):
        """Have the occasions looked at each night, with the rights of the user."""
        self._check_manager()
        self._check_template()
        for occasion in self:
            occasion._condition(self.env.user).try_out()
            if occasion.kind == "holiday":
                occasion._holidays(occasion._today(), occasion._today())
            if occasion.kind == "visit" and not occasion.rhythm_ids:
                raise UserError(
                    self.env._(
                        "%s: say how often customers are visited.", occasion.name
                    )
                )
        self.sudo().write(
            {
                "state": "on",
                "active": True,
                "error_reason": False,
                "responsible_id": self.env.uid,
            }
        )

    def action_switch_off(self):
        """Do nothing any more; activities that were made stay."""
        self._check_manager()
        self.sudo().state = "off"

    def action_preview(self):
        """Open the contacts who have the occasion in the next days."""
        check_one(self)
        self._check_manager()
        today = self._today()
        self.env.flush_all()
        query = self.sudo()._meant_query(
            today, today + timedelta(days=PREVIEW_DAYS), self.env.user
        )
        rows = self.env.execute_query(
            SQL(
                "SELECT m.id FROM (%s) m ORDER BY m.day, m.value DESC, m.id LIMIT %s",
                query,
                MOST_SHOWN,
            )
        )
        ids = list(dict.fromkeys(id_ for (id_,) in rows))
        return {
            "type": "ir.actions.act_window",
            "name": self.env._(
                "%(occasion)s: the next %(days)s days",
                occasion=self.name,
                days=PREVIEW_DAYS,
            ),
            "res_model": "res.partner",
            "views": [(False, "list"), (False, "kanban"), (False, "form")],
            "domain": [("id", "in", ids)],
        }

    def action_open_cares(self):
        """Open what was done on these occasions."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.customer_care_action"
        )
        return {**action, "domain": [("occasion_id", "=", self.id)]}

    # Work

    @api.model
    def _cron_care(self):
        """Look who has an occasion, and act, in many small transactions."""
        cron = self.env["ir.cron"]
        self._care(lambda count: cron._commit_progress(count, remaining=0))

    @api.model
    def _care(self, commit=lambda count: True):
        """Do for all occasions what is due today.

        Killed at any point, it goes on where it was: who is meant is noted once, and
        each batch is one transaction.

        :param commit: called after each batch, with its size; false to stop
        """
        cares = self.env["customer.care"].sudo()
        for occasion in self.sudo().search([("state", "=", "on")]):
            work = cares._work_on(occasion) if occasion._plan_or_rest() else ()
            if not commit(1) or not all(map(commit, work)):
                cron = self.env.ref("customer_classification.ir_cron_care")
                cron.sudo()._trigger()
                return

    def _plan_or_rest(self):
        """Note who is meant; an occasion that cannot is kept with its reason.

        :return: whether it can
        """
        words = self.with_context(
            lang=known_language(self.env, self.responsible_id.lang)
        )
        reason = False
        try:
            with self.env.cr.savepoint():
                self.env["customer.care"].sudo()._plan(words)
        except NOT_OURS:
            raise
        except Exception as error:
            reason = failure_reason(error)
        if self.error_reason != reason:
            self.error_reason = reason
        return not reason
