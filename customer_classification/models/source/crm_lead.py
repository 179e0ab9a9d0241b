from odoo import models


class CrmLead(models.Model):
    _name = "crm.lead"
    _inherit = ["crm.lead", "classification.document.mixin"]

    # Used by the hourly runs over changed records.
    _customer_write_date_index = models.Index("(write_date)")
