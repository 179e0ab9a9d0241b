from odoo import api, models
from odoo.tools import SQL


class BasePartnerMergeAutomaticWizard(models.TransientModel):
    """A merged customer has one past, not two that contradict each other."""

    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        self._keep_one_history(src_partners, dst_partner)
        return super()._update_foreign_keys(src_partners, dst_partner)

    @api.model
    def _keep_one_history(self, src_partners, dst_partner):
        """In each company, the history of the contact that remains stays, or that of
        the first one that is classified there; the others' goes with them. One query.
        """
        self.env["classification.change"].flush_model()
        partners = [dst_partner.id, *sorted(src_partners.ids)]
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM classification_change c
                 USING (SELECT DISTINCT ON (company_id) company_id, partner_id
                          FROM customer_profile
                         WHERE partner_id = ANY(%(partners)s)
                         ORDER BY company_id,
                                  array_position(%(partners)s, partner_id)) keeper
                 WHERE c.company_id = keeper.company_id
                   AND c.partner_id = ANY(%(partners)s)
                   AND c.partner_id <> keeper.partner_id
                """,
                partners=partners,
            )
        )
