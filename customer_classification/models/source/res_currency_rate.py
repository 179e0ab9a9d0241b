from odoo import api, models


class ResCurrencyRate(models.Model):
    """Currency rates: a change of a rate changes amounts already counted.

    The same goes for a new rate and for a deleted one.
    """

    _inherit = "res.currency.rate"

    @api.model_create_multi
    def create(self, vals_list):
        rates = super().create(vals_list)
        rates._record_change()._follow()
        return rates

    def write(self, vals):
        before = self._record_change()
        result = super().write(vals)
        (before + self._record_change())._follow()
        return result

    def unlink(self):
        changes = self._record_change()
        result = super().unlink()
        changes._follow()
        return result

    def _record_change(self):
        return self.env["classification.rate.change"].sudo()._record(self)
