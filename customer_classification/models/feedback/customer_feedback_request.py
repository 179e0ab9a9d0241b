from datetime import timedelta
from urllib.parse import quote

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize, hash_sign, verify_hash_signed

from ..common.called_records import check_one
from .customer_feedback_about_mixin import SCALES

_SCOPE = "customer_classification.feedback"
_TEMPLATE = "customer_classification.mail_template_feedback_request"
# For how long a request can be answered.
_DAYS = 30
LONGEST_TEXT = 2_000


class CustomerFeedbackRequest(models.Model):
    """A mail that asks a customer for feedback, answered without a login.

    The link holds the number of the request, signed with the secret of the database. It
    shows the scale; only the button on that page answers, because programs that check
    mails follow links.
    """

    _name = "customer.feedback.request"
    _inherit = ["customer.feedback.about.mixin", "classification.referred.mixin"]
    _description = "Request for Feedback"
    _order = "id desc"
    _rec_name = "partner_id"
    _protected_fields = frozenset({"sent_date", "expiry_date", "user_id"})

    kind = fields.Selection(
        [
            ("satisfaction", "Satisfaction"),
            ("recommendation", "Recommendation (NPS)"),
        ],
        string="Question",
        required=True,
        default="satisfaction",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Asked By",
        readonly=True,
        ondelete="set null",
        default=lambda self: self.env.user,
    )
    email = fields.Char(string="To", compute="_compute_email")
    sent_date = fields.Datetime(string="Sent", readonly=True, copy=False)
    expiry_date = fields.Date(
        string="Answered Until", readonly=True, copy=False, help="Then the link ends."
    )
    feedback_ids = fields.One2many(
        "customer.feedback", "request_id", string="Feedback", readonly=True
    )
    is_answered = fields.Boolean(string="Answered", compute="_compute_is_answered")

    @api.depends("contact_id.email", "partner_id.email")
    def _compute_email(self):
        for one in self:
            one.email = one.contact_id.email or one.partner_id.email

    @api.depends("feedback_ids")
    def _compute_is_answered(self):
        for one in self:
            one.is_answered = bool(one.sudo().feedback_ids)

    @api.model
    def _open_new(self, values):
        """Return the window in which a person asks for feedback."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Ask for Feedback"),
            "res_model": self._name,
            "view_mode": "form",
            "target": "new",
            "context": {f"default_{name}": value for name, value in values.items()},
        }

    # Sending

    def action_send(self):
        """Send the request, once."""
        check_one(self)
        self._send()
        return {"type": "ir.actions.act_window_close"}

    def _send(self):
        """Send requests, each once: ten queries and those of the mails."""
        self.check_access("write")
        self._check_may_send()
        now = fields.Datetime.now()
        self.sudo().write(
            {"sent_date": now, "expiry_date": now.date() + timedelta(days=_DAYS)}
        )
        template = self.env.ref(_TEMPLATE)
        template.sudo().send_mail_batch(self.ids)

    def _check_may_send(self):
        """Refuse what cannot or must not be sent, with a sentence."""
        if any(one.sent_date for one in self):
            raise UserError(self.env._("This request was sent already."))
        self._check_addresses()
        self._check_may_count(self.sudo().partner_id | self.sudo().contact_id)
        asked = self._asked_already()
        for one in self:
            if one._question_key() in asked:
                raise UserError(
                    self.env._(
                        "%s was asked already and can still answer: do not ask twice.",
                        one.partner_id.display_name,
                    )
                )

    def _check_addresses(self):
        """Refuse customers without an address, and those who want no mails."""
        addresses = {one: email_normalize(one.email) for one in self}
        for one, address in addresses.items():
            if not address:
                raise UserError(
                    self.env._("%s has no e-mail address.", one.partner_id.display_name)
                )
        blacklist = self.env["mail.blacklist"].sudo()
        refusing = blacklist.search([("email", "in", list(addresses.values()))])
        for address in refusing.mapped("email"):
            raise UserError(
                self.env._("%s does not want e-mails of this kind.", address)
            )

    def _question_key(self):
        return self.partner_id, self.contact_id, self.company_id, self.kind

    def _asked_already(self):
        """Return the keys of the questions to these customers that are open."""
        found = self.sudo().search(
            [
                ("partner_id", "in", self.partner_id.ids),
                ("expiry_date", ">=", fields.Date.today()),
                ("feedback_ids", "=", False),
                ("id", "not in", self.ids),
            ]
        )
        return {one._question_key() for one in found}

    # Link

    def _token(self):
        """Return the signed number of the request."""
        return hash_sign(self.sudo().env, _SCOPE, self.id)

    def _link(self, score=None):
        """Return the address of the page, with an answer chosen on it."""
        address = f"{self.get_base_url()}/feedback/{quote(self._token())}"
        return address if score is None else f"{address}?score={score}"

    @api.model
    def _of_token(self, token):
        """Return the request of a signed number; none for any other text."""
        try:
            number = verify_hash_signed(self.sudo().env, _SCOPE, token)
        except ValueError:  # what is no token at all
            number = None
        return self.sudo().browse(number or []).exists()

    def _question(self):
        """Return the question, for the mail and the page."""
        company = self.company_id.name
        if self.kind == "recommendation":
            return self.env._(
                "How likely is it that you recommend %s to others?", company
            )
        if self.complaint_id:
            return self.env._(
                "How satisfied are you with how %s solved your problem?", company
            )
        if self.order_id:
            return self.env._("How satisfied are you with your order at %s?", company)
        return self.env._("How satisfied are you with %s?", company)

    def _scores(self):
        """Return the answers from which the customer chooses."""
        low, high = SCALES[self._scale()]
        return range(low, high + 1)

    def _scale(self):
        return "10" if self.kind == "recommendation" else "5"

    def _chosen(self, text):
        """Return the answer that a text names, or None."""
        scores = {str(score): score for score in self._scores()}
        return scores.get(text)

    def _closed_word(self):
        """Return why the request cannot be answered: a word, or None."""
        if not self or not self.sent_date:
            return "wrong"
        if self.feedback_ids:
            return "answered"
        return "expired" if self.expiry_date < fields.Date.today() else None

    def _own_references(self):
        """Return what the question was about and is still the customer's.

        A contact may work elsewhere by now, and an order be another one's.
        """
        customer = self.partner_id.commercial_partner_id
        whose = {
            "contact_id": self.contact_id,
            "order_id": self.order_id.partner_id,
            "complaint_id": self.complaint_id.partner_id,
        }
        return {
            name: self[name].id
            for name, partner in whose.items()
            if partner.commercial_partner_id == customer
        }

    def _answer(self, score, text):
        """Keep the answer of the customer; two at once make one.

        :param score: one of the answers of the scale
        """
        self.lock_for_update()
        return self.env["customer.feedback"].create(
            {
                "partner_id": self.partner_id.id,
                "company_id": self.company_id.id,
                "product_tmpl_id": self.product_tmpl_id.id,
                **self._own_references(),
                "request_id": self.id,
                "user_id": False,
                "kind": self.kind,
                "scale": self._scale(),
                "original_score": score,
                "channel": "mail",
                "text": text[:LONGEST_TEXT].replace("\0", ""),
            }
        )
