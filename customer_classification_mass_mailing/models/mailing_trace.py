from odoo import models


class MailingTrace(models.Model):
    """Finds the reactions of one customer without reading all traces."""

    _inherit = "mailing.trace"

    _customer_reaction_idx = models.Index(
        "(res_id, model) WHERE open_datetime IS NOT NULL"
    )
