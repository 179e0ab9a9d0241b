from odoo import models


class CrmLead(models.Model):
    _name = "crm.lead"
    _inherit = ["crm.lead", "classification.document.mixin"]

    # Runs that look only at what changed ask for it every hour.
    _customer_write_date_index = models.Index("(write_date)")
