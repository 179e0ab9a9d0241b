from odoo import fields, models

KINDS = [
    ("activity", "Activity due"),
    ("birthday", "Birthday"),
    ("quotation", "Quotation of a customer at risk"),
    ("moved", "Fell, or at risk now"),
    ("overdue", "Overdue"),
    ("next_tier", "One order from the next tier"),
    ("visit", "Visit due"),
]
ANSWERS = [
    ("done", "Done"),
    ("tomorrow", "Tomorrow"),
    ("not_useful", "Not useful"),
]
REASONS = [
    ("known", "Known already"),
    ("wrong", "Not true"),
    ("no_chance", "No chance"),
    ("not_mine", "Not my customer"),
    ("other", "Other"),
]


class CustomerTodayAnswer(models.Model):
    """Answer of a person to a line of the page Today.

    Written by :meth:`CustomerToday.answer` alone. The customer is not shown again for
    the same reason before the day; all answers together say which reasons help.
    """

    _name = "customer.today.answer"
    _inherit = "classification.protected.mixin"
    _description = "Answer on the Page Today"
    _order = "create_date desc, id desc"
    _rec_name = "partner_id"
    _protected_fields = frozenset(
        {
            *("partner_id", "company_id", "user_id", "kind", "answer", "reason"),
            *("text", "hidden_until"),
        }
    )

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    user_id = fields.Many2one(
        "res.users", string="Answered By", readonly=True, ondelete="set null"
    )
    kind = fields.Selection(KINDS, string="Shown For", required=True, readonly=True)
    answer = fields.Selection(ANSWERS, required=True, readonly=True)
    reason = fields.Selection(REASONS, string="Not Useful, Because", readonly=True)
    text = fields.Char(string="Customer Then", readonly=True)
    hidden_until = fields.Date(
        string="Shown Again From", required=True, readonly=True, index=True
    )
