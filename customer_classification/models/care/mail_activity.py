from odoo import models


class MailActivity(models.Model):
    """Activities of occasions: what people do with them is noted."""

    _name = "mail.activity"
    _inherit = ["mail.activity"]

    def write(self, vals):
        result = super().write(vals)
        if vals.get("active") is False:
            self._customer_cares()._note_done()
        if vals.get("user_id"):
            self._customer_cares().write({"user_id": vals["user_id"]})
        return result

    def unlink(self):
        cares = self._customer_cares()
        result = super().unlink()
        cares.filtered(lambda one: one.state == "open").state = "cancelled"
        return result

    def _customer_cares(self):
        """Return the cares of these activities: a query where there are any."""
        cares = self.env["customer.care"].sudo()
        own = self.sudo().filtered(lambda one: one.res_model == "res.partner")
        return cares.search([("activity_id", "in", own.ids)]) if own else cares
