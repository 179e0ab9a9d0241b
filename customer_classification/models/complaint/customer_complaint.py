from datetime import datetime

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import html2plaintext

from ..common.access_groups import INSIGHT_GROUP
from ..common.called_records import check_one, check_records
from .customer_complaint_clock_mixin import CLOCK_FIELDS, WARNING_TYPE
from .customer_complaint_deadline import SEVERITY_SELECTION

STATE_SELECTION = [
    ("new", "Received"),
    ("in_progress", "In Progress"),
    ("waiting", "Waiting for the Customer"),
    ("solved", "Solved"),
    ("closed", "Closed"),
]
DONE = ("solved", "closed")
CHANNEL_SELECTION = [
    ("mail", "E-Mail"),
    ("phone", "Phone"),
    ("portal", "Customer Portal"),
    ("social", "Social Media"),
    ("meeting", "Meeting"),
    ("other", "Other"),
]
# {mean: field that tells whether a complaint has it}
KNOWN_BY = {"response_hours": "is_answered", "solution_hours": "is_solved"}
# Before it, nobody complained to a program.
FIRST_MOMENT = datetime(1970, 1, 1)


class CustomerComplaint(models.Model):
    """Complaint or question of a customer, until it is solved."""

    _name = "customer.complaint"
    _inherit = [
        "classification.bounds.mixin",
        "classification.protected.mixin",
        "classification.plain.fields.mixin",
        "classification.counted.once.mixin",
        "customer.complaint.clock.mixin",
        "customer.classes.mixin",
        "portal.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _description = "Complaint"
    _order = "next_deadline, open_date desc, id desc"
    _check_company_auto = True
    _mail_post_access = "read"
    _protected_fields = CLOCK_FIELDS
    _fixed_fields = frozenset({"company_id", "open_date"})
    _read_references = (
        *("partner_id", "contact_id", "order_id", "product_tmpl_id", "campaign_id"),
    )
    _technical_fields = frozenset({"warning_date", "warned_deadline", "access_token"})
    _known_by = KNOWN_BY

    name = fields.Char(string="Subject", required=True, tracking=True)
    description = fields.Text(string="What Happened")
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        ondelete="cascade",
        index=True,
        check_company=True,
        tracking=True,
    )
    contact_id = fields.Many2one(
        "res.partner",
        string="Who Complained",
        ondelete="set null",
        index="btree_not_null",
        domain="[('commercial_partner_id', '=', partner_id)]",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
        index=True,
    )
    category_id = fields.Many2one(
        "customer.complaint.category", ondelete="restrict", index=True, tracking=True
    )
    severity = fields.Selection(
        SEVERITY_SELECTION, required=True, default="normal", tracking=True
    )
    channel = fields.Selection(CHANNEL_SELECTION, required=True, default="phone")
    product_tmpl_id = fields.Many2one(
        "product.template",
        string="Product",
        ondelete="set null",
        index="btree_not_null",
        check_company=True,
    )
    service_type_id = fields.Many2one(
        "product.service.type",
        string="Kind of Service",
        compute="_compute_service_type_id",
        store=True,
        readonly=False,
        ondelete="set null",
    )
    order_id = fields.Many2one(
        "sale.order",
        string="Sales Order",
        ondelete="set null",
        index="btree_not_null",
        check_company=True,
        domain="[('partner_id.commercial_partner_id', '=', partner_id)]",
    )
    campaign_id = fields.Many2one(
        "utm.campaign", ondelete="set null", index="btree_not_null"
    )
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        ondelete="set null",
        index="btree_not_null",
        domain="[('share', '=', False), ('company_ids', 'in', company_id)]",
        tracking=True,
        help="Empty: the salesperson of the customer, else the owner of the category, "
        "else who is responsible for the rules.",
    )
    state = fields.Selection(
        STATE_SELECTION,
        required=True,
        default="new",
        copy=False,
        group_expand=True,
        tracking=True,
        index=True,
    )
    result = fields.Selection(
        [
            ("solved", "Solved"),
            ("replaced", "Replaced or Repaired"),
            ("refunded", "Refunded or Compensated"),
            ("explained", "Explained"),
            ("refused", "Refused"),
            ("gone", "Did Not Answer Any More"),
        ],
        copy=False,
        tracking=True,
    )
    result_note = fields.Text(string="What Was Done", copy=False)
    cause_id = fields.Many2one(
        "customer.complaint.cause",
        ondelete="restrict",
        index="btree_not_null",
        copy=False,
        tracking=True,
    )
    cause_kind = fields.Selection(
        related="cause_id.kind", string="Kind of Cause", store=True
    )

    @api.model
    def _bounds(self):
        return {
            "name": (0, 256),
            "description": (0, 50_000),
            "result_note": (0, 50_000),
        }

    @api.depends("product_tmpl_id", "category_id")
    def _compute_service_type_id(self):
        for complaint in self:
            complaint.service_type_id = (
                complaint.product_tmpl_id.product_service_type_id
                or complaint.category_id.service_type_id
            )

    def _compute_access_url(self):
        result = super()._compute_access_url()
        for complaint in self:
            complaint.access_url = f"/my/complaints/{complaint.id}"
        return result

    @api.constrains("open_date")
    def _check_open_date(self):
        now = fields.Datetime.now()
        if any(complaint.open_date > now for complaint in self):
            raise ValidationError(
                self.env._("Nobody complains in the future: choose an earlier time.")
            )

    @api.constrains("contact_id", "order_id", "partner_id")
    def _check_customer(self):
        for complaint in self.sudo():
            whose = complaint.contact_id | complaint.order_id.partner_id
            customers = whose.commercial_partner_id
            if customers - complaint.partner_id.commercial_partner_id:
                raise ValidationError(
                    self.env._(
                        "Contact and order of a complaint are those of its customer."
                    )
                )

    @api.constrains("user_id", "company_id")
    def _check_user_id(self):
        for complaint in self.sudo():
            user = complaint.user_id
            if user and not self._usable_owner(user, complaint.company_id):
                raise ValidationError(
                    self.env._(
                        "%s cannot own the complaint: choose a user of the company.",
                        user.name,
                    )
                )

    # Writing

    @api.model
    def _day_sentence(self, field, value):
        """Refuse moments at which there is no calendar to count hours by."""
        sentence = super()._day_sentence(field, value)
        if sentence or field.name != "open_date":
            return sentence
        if fields.Datetime.to_datetime(value) < FIRST_MOMENT:
            return self.env._("Nobody complained before 1970: choose a later time.")
        return None

    @api.model
    def _completed_for_create(self, vals_list):
        """Complete the values with the commercial partner and the owner."""
        vals_list = self._with_context_values(
            super()._completed_for_create(vals_list),
            ("partner_id", "contact_id", "company_id"),
        )
        ids = {vals.get("company_id") or self.env.company.id for vals in vals_list}
        responsible = {
            company.id: self._responsible(company)
            for company in self.env["res.company"].browse(ids)
        }
        return [self._completed(vals, responsible) for vals in vals_list]

    @api.model
    def _completed(self, vals, responsible):
        """Return the values of one complaint, with its customer and owner.

        :param responsible: ``{company id: user}``
        """
        vals = self._with_customer(vals)
        if vals.get("user_id") or not vals.get("partner_id"):
            return vals
        company = self.env["res.company"].browse(
            vals.get("company_id") or self.env.company.id
        )
        partner = self.env["res.partner"].sudo().browse(vals["partner_id"])
        category = self.env["customer.complaint.category"].sudo()
        category = category.browse(vals.get("category_id"))
        owner = self._owner_by_rule(partner, category, company)
        return {**vals, "user_id": (owner or responsible[company.id]).id}

    def _completed_for_write(self, vals):
        return self._with_customer(super()._completed_for_write(vals))

    @api.model
    def _with_customer(self, vals):
        """Put the commercial partner in the place of one of its contacts."""
        if not vals.get("partner_id"):
            return vals
        contact = self.env["res.partner"].browse(vals["partner_id"])
        customer = contact.sudo().commercial_partner_id
        who = vals.get("contact_id") or (contact != customer and contact.id)
        return {**vals, "partner_id": customer.id, "contact_id": who}

    @api.model
    def _owner_by_rule(self, partner, category, company):
        """Return who owns a complaint of a customer or category, or nobody."""
        users = (partner.user_id, category.user_id, category.parent_id.user_id)
        usable = (self._usable_owner(user, company) for user in users)
        return next(filter(None, usable), self.env["res.users"])

    @api.model
    def _usable_owner(self, user, company):
        """Return the user, or nobody where the user cannot own complaints."""
        return user.sudo().filtered(
            lambda one: one.active
            and company in one.company_ids
            and one.has_group(INSIGHT_GROUP)
        )

    @api.model
    def _responsible(self, company):
        """Return who is responsible for the rules of a company, or nobody."""
        policy = company.sudo()._get_customer_policy()
        responsible = policy and policy._responsible_user()
        return self._usable_owner(responsible or self.env["res.users"], company)

    @api.model_create_multi
    def create(self, vals_list):
        """Open complaints, and take them to the state that is asked for."""
        self._check_all_values(vals_list)
        default = self.default_get(["state"])["state"] or "new"
        states = [vals.get("state") or default for vals in vals_list]
        complaints = super().create([{**vals, "state": "new"} for vals in vals_list])
        for contact, its in complaints.sudo().grouped("contact_id").items():
            if contact:
                its.message_subscribe(contact.ids)
        for state in set(states) - {"new"}:
            places = (place for place, one in enumerate(states) if one == state)
            self.browse(complaints[place].id for place in places)._move_to(state)
        return complaints

    def write(self, vals):
        """Let a new state go through the rules of the clock."""
        self._check_values(vals)
        if not vals.get("state"):
            return super().write(vals)
        rest = {name: value for name, value in vals.items() if name != "state"}
        if rest:
            super().write(rest)
        self._move_to(vals["state"])
        return True

    # States

    def _move_to(self, state):
        """Take complaints to a state, and stop or start their clock."""
        self.check_access("write")
        moving = self.filtered(lambda one: one.state != state).sudo()
        if not moving:
            return
        if state in DONE:
            moving._check_result()
        now = fields.Datetime.now()
        moving.filtered(lambda one: one._goes_on(state))._resume(now)
        if state in (*DONE, "waiting"):
            moving._note_answer(now)
            moving.filtered(lambda one: not one.stopped_date).stopped_date = now
            moving._drop_warnings()
        moving._set_state(state, now)

    def _goes_on(self, state):
        """Return whether the clock stood and does not stand for this any more."""
        return self.state == "waiting" or self.state in DONE and state not in DONE

    def _set_state(self, state, now):
        is_done = state in DONE
        unsolved = self.filtered(lambda one: not one.solved_date or not is_done)
        super(CustomerComplaint, unsolved).write({"solved_date": is_done and now})
        closed = state == "closed" and now
        return super().write({"state": state, "closed_date": closed})

    def _check_result(self):
        for complaint in self:
            if not complaint.result:
                raise UserError(
                    self.env._(
                        "%s: choose first what came of it (Result).", complaint.name
                    )
                )

    def _note_answer(self, now):
        """Note the first answer to complaints that have none."""
        self.filtered(lambda one: not one.answered_date).answered_date = now

    def _drop_warnings(self):
        """Delete the activities that warn of a deadline."""
        self.activity_unlink([WARNING_TYPE])

    # Buttons

    def action_start(self):
        """Take the complaints up, or up again."""
        check_records(self)
        self.write({"state": "in_progress"})

    def action_answered(self):
        """Note that the customer had a first answer, by phone for instance."""
        check_records(self)
        self.check_access("write")
        self.sudo()._note_answer(fields.Datetime.now())
        self.sudo()._drop_warnings()
        self.filtered(lambda one: one.state == "new").action_start()

    def action_wait(self):
        """Stop the clock: the customer was asked."""
        check_records(self)
        self.write({"state": "waiting"})

    def action_solve(self):
        """Note that the complaints are solved."""
        check_records(self)
        self.write({"state": "solved"})

    def action_close(self):
        """End the complaints."""
        check_records(self)
        self.write({"state": "closed"})

    def action_open_order(self):
        """Open the order that the complaint is about."""
        check_one(self)
        return self.order_id.get_formview_action()

    # Messages

    @api.private
    @api.model
    def message_new(self, msg_dict, custom_values=None):
        """Open a complaint for an e-mail, of the contact with its address."""
        custom_values = custom_values or {}
        author = self.env["res.partner"].browse(msg_dict.get("author_id"))
        if not author:
            address = msg_dict.get("email_from") or msg_dict.get("from")
            author = self._partner_find_from_emails_single([address])
        values = {
            "name": (msg_dict.get("subject") or self.env._("No subject"))[:256],
            "description": html2plaintext(msg_dict.get("body") or "")[:50_000],
            "channel": "mail",
            "partner_id": author.id,
            "company_id": author.company_id.id or self.env.company.id,
            **custom_values,
        }
        return super().message_new(msg_dict, custom_values=values)

    def _message_post_after_hook(self, message, msg_values):
        """Note answers of ours, and those of the customer."""
        self.sudo()._hear(message.sudo())
        return super()._message_post_after_hook(message, msg_values)

    def _hear(self, message):
        is_talk = message.subtype_id == self.env.ref("mail.mt_comment")
        if not is_talk or message.message_type not in ("comment", "email"):
            return
        if message.author_id.commercial_partner_id == self.partner_id:
            if self.state == "waiting":
                self._move_to("in_progress")
        elif not message.author_id.partner_share and self._reaches_customer(message):
            self._note_answer(fields.Datetime.now())
            self._drop_warnings()
            if self.state == "new":
                self._move_to("in_progress")

    def _reaches_customer(self, message):
        """Return whether a message goes to somebody of the customer."""
        readers = message.partner_ids | self.message_partner_ids
        return self.partner_id in readers.commercial_partner_id
