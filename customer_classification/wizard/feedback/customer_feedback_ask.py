from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import email_normalize

from ...models.common.called_records import check_one
from ...models.common.punctuation import labelled
from ..tag.selection import selected_ids

_MOST = 500  # customers at once
_LONGEST_PAUSE = 3_650  # days


class CustomerFeedbackAsk(models.TransientModel):
    """Ask many customers for feedback, one mail each, and say who is left out.

    *Query budget*: the same for any number of customers, but for the mails.
    """

    _name = "customer.feedback.ask"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "Ask Customers for Feedback"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    kind = fields.Selection(
        [
            ("satisfaction", "Satisfaction"),
            ("recommendation", "Recommendation (NPS)"),
        ],
        string="Question",
        required=True,
        default="satisfaction",
    )
    pause_days = fields.Integer(
        string="Not Asked For (Days)",
        default=90,
        help="Customers who were asked for feedback in so many days before today are "
        "left out, whatever the question was.",
    )
    partner_ids = fields.Many2many("res.partner", string="Customers", readonly=True)
    ask_count = fields.Integer(string="Are Asked", compute="_compute_plan")
    left_out_text = fields.Text(string="Left Out", compute="_compute_plan")

    @api.constrains("pause_days")
    def _check_pause_days(self):
        if any(not 1 <= one.pause_days <= _LONGEST_PAUSE for one in self):
            raise ValidationError(
                self.env._("The pause is from 1 to %s days.", _LONGEST_PAUSE)
            )

    @api.model
    def default_get(self, fields_list):
        """The customers of the selected contacts or profiles."""
        values = super().default_get(fields_list)
        selected = self._selected()
        self._check_number(selected)
        values["partner_ids"] = [fields.Command.set(selected.ids)]
        return values

    @api.model
    def _check_number(self, customers):
        if len(customers) > _MOST:
            raise UserError(
                self.env._("Ask at most %s customers at once: select fewer.", _MOST)
            )

    @api.model
    def _selected(self):
        """Return the customers of the selection that the reader may read."""
        name = self.env.context.get("active_model")
        if name not in ("res.partner", "customer.profile"):
            return self.env["res.partner"]
        records = self.env[name].browse(selected_ids(self.env)).exists()
        records = records._filtered_access("read")
        partners = records if name == "res.partner" else records.partner_id
        return partners.commercial_partner_id._filtered_access("read")

    # Who is asked

    @api.depends("company_id", "pause_days", "partner_ids")
    def _compute_plan(self):
        for wizard in self:
            asked, left_out = wizard._plan()
            wizard.ask_count = len(asked)
            wizard.left_out_text = wizard._left_out_words(left_out)

    def _plan(self):
        """Return the customers to ask, and ``{reason: number}`` of the others.

        Each is left out for the first reason that holds: nine queries, one of them for
        the columns of contacts that are read by themselves.
        """
        customers = self.partner_ids._origin._filtered_access("read")
        left_out = {}
        for reason, find in self._reasons().items():
            found = find(customers)
            left_out[reason] = len(found)
            customers -= found
        return customers, left_out

    @api.model
    def _reasons(self):
        """Return the reasons to leave customers out, in their order."""
        return {
            "ours": self._ours,
            "objects": lambda some: some.filtered("customer_objects_profiling"),
            "address": lambda some: some.filtered(lambda one: not _address(one)),
            "refuses": self._refusing,
            "asked": self._asked,
            "double": self._doubles,
        }

    @api.model
    def _ours(self, customers):
        return customers & self.env["customer.feedback.request"]._our_people(customers)

    @api.model
    def _refusing(self, customers):
        blacklist = self.env["mail.blacklist"].sudo()
        addresses = list(map(_address, customers))
        refusing = {*blacklist.search([("email", "in", addresses)]).mapped("email")}
        return customers.filtered(lambda one: _address(one) in refusing)

    def _asked(self, customers):
        """Return who was asked in the pause, or can still answer this question."""
        since = fields.Datetime.now() - timedelta(days=max(self.pause_days, 1))
        requests = self.env["customer.feedback.request"].sudo()
        found = requests.search(
            [
                ("partner_id", "in", customers.ids),
                ("company_id", "=", self.company_id.id),
                "|",
                ("sent_date", ">=", since),
                "&",
                ("expiry_date", ">=", fields.Date.today()),
                ("feedback_ids", "=", False),
            ]
        )
        return customers & found.partner_id

    @api.model
    def _doubles(self, customers):
        """Return the customers whose address one before them has."""
        first = dict(reversed([(_address(one), one) for one in customers]))
        return customers.filtered(lambda one: first[_address(one)] != one)

    def _left_out_words(self, left_out):
        words = {
            "ours": self.env._("belong to us"),
            "objects": self.env._("object to profiling"),
            "address": self.env._("have no e-mail address"),
            "refuses": self.env._("do not want e-mails"),
            "asked": self.env._("were asked lately or can still answer"),
            "double": self.env._("have the address of another one"),
        }
        return "\n".join(
            labelled(self.env, word, left_out[reason])
            for reason, word in words.items()
            if left_out[reason]
        )

    # Asking

    def action_send(self):
        """Send one mail to each customer of the plan, and say how many."""
        check_one(self)
        self.check_access("write")
        if self.company_id not in self.env.companies:
            raise AccessError(
                self.env._("You are not working in %s now.", self.company_id.name)
            )
        self._check_number(self.partner_ids)
        customers, left_out = self._plan()
        if not customers:
            raise UserError(self.env._("There is nobody to ask."))
        self._send(customers)
        return self._done(len(customers), sum(left_out.values()))

    def _send(self, customers):
        requests = self.env["customer.feedback.request"]
        values = {"company_id": self.company_id.id, "kind": self.kind}
        requests.create([{**values, "partner_id": one.id} for one in customers])._send()

    def _done(self, asked, left_out):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%(asked)s customers are asked, %(left_out)s were left out.",
                    asked=asked,
                    left_out=left_out,
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }


def _address(partner):
    return email_normalize(partner.email)
