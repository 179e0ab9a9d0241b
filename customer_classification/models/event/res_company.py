from datetime import timedelta

from odoo import api, fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    customer_notes_moves = fields.Boolean(
        string="Note Moves of Customers",
        help="The conversation of a contact says to which value tier, lifecycle stage "
        "or churn risk the customer moved.",
    )
    customer_mails_moves = fields.Boolean(
        string="Weekly Mail of Moves",
        help="On Mondays, salespeople get a mail about their customers whose value "
        "tier, lifecycle stage or churn risk changed in the week before, and managers "
        "one about all customers.",
    )
    customer_moves_mailed_until = fields.Date(
        string="Moves Mailed Until",
        compute="_compute_customer_moves_mailed_until",
        store=True,
        help="The mails about the weeks before this day are written. Who switches them "
        "on gets the first one on the next Monday.",
    )

    @api.depends("customer_mails_moves")
    def _compute_customer_moves_mailed_until(self):
        """Leave out the weeks before the mails are switched on."""
        today = fields.Date.context_today(self)
        self.customer_moves_mailed_until = today - timedelta(days=today.weekday())
