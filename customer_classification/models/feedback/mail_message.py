from odoo import models


class MailMessage(models.Model):
    _inherit = "mail.message"

    # Hourly runs look for the messages since the last one. Rows come in the order of
    # their days: an index of a few pages is enough.
    _customer_create_date_index = models.Index(
        "USING brin (create_date) WITH (autosummarize = on)"
    )
