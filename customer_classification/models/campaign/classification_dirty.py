from odoo import api, models
from odoo.tools import SQL


class ClassificationDirty(models.Model):
    """Purchases of participants that are gone, to be looked for again."""

    _inherit = "classification.dirty"

    @api.model
    def _mark(self, partners):
        """Have the campaigns of the customers worked out again: one more query."""
        super()._mark(partners)
        if not partners:
            return
        self.env.cr.execute(
            SQL(
                """
                UPDATE campaign_profile SET touches_hash = 0
                 WHERE touches_hash <> 0 AND campaign_id IN (
                       SELECT m.campaign_id
                         FROM campaign_participant m
                         JOIN res_partner p
                           ON p.commercial_partner_id = m.partner_id
                        WHERE p.id = ANY(%s))
                """,
                partners.ids,
            )
        )
