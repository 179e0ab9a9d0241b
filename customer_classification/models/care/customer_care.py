import logging

from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import SQL

from ..common.called_records import check_one
from ..common.classification_condition_mixin import NOT_OURS
from ..common.classification_reason_mixin import failure_reason, kept_reason_field
from ..common.language import known_language
from ..common.own_context import with_own_context
from ..common.punctuation import labelled

_logger = logging.getLogger(__name__)

# Cares that one transaction carries out.
BATCH = 500
# Fields of a contact that are checked at a visit.
CHECKED = ("phone", "email", "street", "zip", "city")


class CustomerCare(models.Model):
    """Care of a contact on an occasion, once each round.

    Written by the program alone. First it is noted who is meant, by one statement an
    occasion; then activities and e-mails are made, a batch in one transaction with the
    note that they are made. What fails keeps its reason and stops nothing else.
    """

    _name = "customer.care"
    _inherit = "classification.reason.mixin"
    _description = "Care of a Customer"
    _order = "date desc, id desc"
    _rec_name = "partner_id"

    occasion_id = fields.Many2one(
        "customer.care.occasion",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Contact",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    round = fields.Integer(
        readonly=True,
        aggregator=None,
        help="The year of the occasion, or the day on which a visit was due.",
    )
    date = fields.Date(string="Occasion On", required=True, readonly=True)
    state = fields.Selection(
        [
            ("planned", "Planned"),
            ("open", "To Do"),
            ("sent", "E-mail Written"),
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
    made_date = fields.Date(string="Made On", readonly=True)
    done_date = fields.Date(string="Done On", readonly=True)
    activity_id = fields.Many2one(
        "mail.activity", readonly=True, ondelete="set null", index="btree_not_null"
    )
    error_reason = kept_reason_field()
    error = fields.Char(
        string="Why It Failed",
        compute="_compute_told_reason",
        search="_search_told_reason",
    )

    # A constraint, not a unique index: the merge of contacts asks for it.
    _once = models.Constraint(
        "UNIQUE(occasion_id, partner_id, round)",
        "A contact has each round of an occasion once.",
    )
    _planned_index = models.Index("(occasion_id) WHERE state = 'planned'")

    @api.depends("occasion_id.name", "partner_id")
    @api.depends_context("lang")
    def _compute_display_name(self):
        """Name the occasion also for salespersons, who may not read its rules."""
        for care in self:
            care.display_name = labelled(
                care.env, care.sudo().occasion_id.name, care.partner_id.name
            )

    def action_open_contact(self):
        """Open the contact."""
        check_one(self)
        return self.partner_id.get_formview_action()

    # Planning

    @api.model
    def _plan(self, occasion):
        """Note who is meant today: two statements.

        And those of the condition.
        """
        self.env.flush_all()
        today = occasion._today()
        first, last = occasion._window(today)
        is_visit = occasion.kind == "visit"
        names = {
            "occasion": occasion.id,
            "company": occasion.company_id.id,
            "today": today,
            "first": first,
            "user": self.env.uid,
        }
        self.env.cr.execute(SQL(_FORGET, reachable=occasion._reachable(), **names))
        self.env.cr.execute(
            SQL(
                _PLAN,
                meant=occasion._meant_query(first, last),
                limit=(occasion.channel == "activity" and occasion.daily_limit) or None,
                order=SQL("m.value DESC" if is_visit else "m.day, m.value DESC"),
                **names,
            )
        )
        self.invalidate_model()

    # Work

    @api.model
    def _work_on(self, occasion):
        """Make what is planned, batch by batch; yield the size of each."""
        while cares := self._next_planned(occasion):
            cares._carry_out()
            yield len(cares)

    @api.model
    def _next_planned(self, occasion):
        """Lock the next batch of an occasion."""
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM customer_care WHERE occasion_id = %s"
                " AND state = 'planned' ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED",
                occasion.id,
                BATCH,
            )
        )
        return self.browse(id_ for (id_,) in rows)

    def _carry_out(self):
        """Make the cares of one occasion, each by itself if they fail together."""
        if self._try():
            return
        for care in self if len(self) > 1 else ():
            care._try()

    def _try(self):
        """Make these cares; return whether it went well."""
        try:
            with self.env.cr.savepoint():
                self._make()
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
        _logger.info("An occasion of care failed: %s", error)
        self.write({"state": "failed", "error_reason": failure_reason(error)})

    def _make(self):
        """Make activities or e-mails with the rights of the responsible."""
        occasion = self.occasion_id
        records = occasion._condition_eyes(
            "res.partner", occasion.company_id, occasion.name
        )
        partners = records.browse(self.partner_id.ids)
        partners.check_access("read")
        today = occasion._today()
        if occasion.channel == "email":
            occasion.with_env(records.env)._check_template()
            template = occasion.mail_template_id.with_env(records.env)
            # Odoo's mail queue sends them.
            template.send_mail_batch(partners.ids, force_send=False)
            self.write({"state": "sent", "made_date": today, "done_date": today})
        else:
            self._note_open(self._make_activities(records.env, today), today)

    def _make_activities(self, env, today):
        """Create the activities, without an e-mail for each."""
        activities = with_own_context(
            env["mail.activity"], mail_activity_quick_update=True
        )
        model = self.env["ir.model"]._get_id("res.partner")
        return activities.create(
            [
                {
                    "res_model_id": model,
                    "res_id": care.partner_id.id,
                    "user_id": care.user_id.id,
                    "activity_type_id": care.occasion_id.activity_type_id.id,
                    "date_deadline": max(care.date, today),
                    "summary": care._in_words_of(care.user_id)._summary(),
                    "note": care._note(),
                    "automated": True,
                }
                for care in self
            ]
        )

    def _summary(self):
        """Return the name of the occasion, and who of a company has it."""
        name, partner = self.occasion_id.name, self.partner_id
        if partner == partner.commercial_partner_id:
            return name
        return labelled(self.env, name, partner.name)

    def _in_words_of(self, person):
        return self.with_context(lang=known_language(self.env, person.lang))

    def _note(self):
        """Return the greeting in the customer's language, and what to check."""
        note = self._in_words_of(self.partner_id).occasion_id.note or Markup("")
        if not self.occasion_id.asks_to_check:
            return note
        return note + self._in_words_of(self.user_id)._check_list()

    def _check_list(self):
        """Return the data to check with the customer, and what is missing."""
        partner = self.partner_id
        names = CHECKED if partner.is_company else (*CHECKED, "customer_birthday")
        missing = self.env._("missing")
        rows = Markup("").join(
            Markup("<li>%s: %s</li>")
            % (
                partner._fields[name]._description_string(self.env),
                partner[name] or missing,
            )
            for name in names
        )
        title = self.env._("Please check these data with the customer:")
        return Markup("<p>%s</p><ul>%s</ul>") % (title, rows)

    def _note_open(self, activities, today):
        """Note the activities of these cares: one query."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                UPDATE customer_care k
                   SET state = 'open', made_date = %s, activity_id = n.activity
                  FROM unnest(%s::int[], %s::int[]) n (id, activity)
                 WHERE k.id = n.id
                """,
                today,
                self.ids,
                activities.ids,
            )
        )
        self.invalidate_model()

    # What becomes of them

    def _note_done(self):
        """Note that people did what was open."""
        today = fields.Date.context_today(self)
        found = self.filtered(lambda one: one.state == "open")
        found.write({"state": "done", "done_date": today})

    @api.model
    def _drop_of(self, partners):
        """Drop what is planned and to do for persons and their contacts."""
        cares = self.sudo().search(
            [
                "|",
                ("partner_id", "in", partners.ids),
                ("partner_id.commercial_partner_id", "in", partners.ids),
                ("state", "in", ("planned", "open")),
            ]
        )
        activities = cares.activity_id
        cares.state = "cancelled"
        activities.unlink()


# What was planned and never made: too late now, or nobody may be approached any more.
_FORGET = """
    DELETE FROM customer_care k USING res_partner p, res_partner c
     WHERE k.occasion_id = %(occasion)s AND k.state = 'planned'
       AND p.id = k.partner_id AND c.id = p.commercial_partner_id
       AND (k.date < %(first)s OR (%(reachable)s) IS NOT TRUE)
"""
_PLAN = """
    WITH meant AS MATERIALIZED (%(meant)s),
    used AS (
        SELECT user_id, count(*) AS count FROM customer_care
         WHERE occasion_id = %(occasion)s AND made_date = %(today)s
           AND user_id IS NOT NULL
         GROUP BY user_id
    ), ranked AS (
        SELECT m.id, m.day, m.round, m.user_id, m.value, COALESCE(u.count, 0)
               + row_number() OVER (PARTITION BY m.user_id ORDER BY %(order)s, m.id)
               AS place
          FROM meant m LEFT JOIN used u ON u.user_id = m.user_id
    )
    INSERT INTO customer_care
           (occasion_id, company_id, partner_id, round, date, made_date, state,
            user_id, create_uid, create_date, write_uid, write_date)
    SELECT %(occasion)s, %(company)s, id, round, day, %(today)s, 'planned', user_id,
           %(user)s, now() AT TIME ZONE 'UTC', %(user)s, now() AT TIME ZONE 'UTC'
      FROM ranked WHERE %(limit)s::int IS NULL OR place <= %(limit)s::int
     ORDER BY day, value DESC, id
        ON CONFLICT (occasion_id, partner_id, round) DO NOTHING
"""
