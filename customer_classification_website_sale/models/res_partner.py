from odoo import api, models
from odoo.tools import SQL


class ResPartner(models.Model):
    """Customers whose first contact was an order in the web shop came online."""

    _inherit = "res.partner"

    @api.model
    def _is_online_order(self):
        self.env["sale.order"].flush_model(["website_id"])
        return SQL("website_id IS NOT NULL")
