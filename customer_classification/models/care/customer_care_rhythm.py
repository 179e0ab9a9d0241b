from odoo import api, fields, models


class CustomerCareRhythm(models.Model):
    """Days between two visits of customers of a tier and stage."""

    _name = "customer.care.rhythm"
    _inherit = ["classification.bounds.mixin"]
    _description = "Rhythm of Visits"
    _order = "occasion_id, sequence, id"

    occasion_id = fields.Many2one(
        "customer.care.occasion", required=True, ondelete="cascade", index=True
    )
    sequence = fields.Integer(default=10)
    tier_id = fields.Many2one(
        "customer.value.tier",
        string="Value Tier",
        ondelete="cascade",
        help="Any where none is chosen.",
    )
    stage_id = fields.Many2one(
        "customer.lifecycle.stage",
        ondelete="cascade",
        help="Any where none is chosen.",
    )
    days = fields.Integer(
        string="Days Between Visits",
        required=True,
        default=90,
        aggregator=None,
        help="0: these customers are not visited.",
    )

    @api.model
    def _bounds(self):
        return {**super()._bounds(), "days": (0, 3_650)}

    # Clients change rows only of occasions that are off, and answer for them

    @api.model_create_multi
    def create(self, vals_list):
        rows = super().create(vals_list)
        rows._taken_over()
        return rows

    def write(self, vals):
        self._taken_over()
        result = super().write(vals)
        self._taken_over()
        return result

    def unlink(self):
        self._taken_over()
        return super().unlink()

    def _taken_over(self):
        if not self.env.su:
            self.occasion_id._take_over()
