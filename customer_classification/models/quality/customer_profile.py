from odoo import api, fields, models

from ..common.called_records import check_one
from ..common.punctuation import listed

# Orders from which chance does not decide alone any more.
FEW_ORDERS = 3


class CustomerProfile(models.Model):
    """Confidence in the classes of a customer, and missing data."""

    _name = "customer.profile"
    _inherit = ["customer.profile"]

    confidence_text = fields.Char(
        string="Low Confidence", compute="_compute_confidence_text"
    )

    @api.depends_context("lang")
    def _compute_confidence_text(self):
        """Compute why the classes are doubtful: two queries."""
        gaps = self.env["customer.data.gap"].search_fetch(
            [("partner_id", "in", self.partner_id.ids), ("is_doubtful", "=", True)],
            ["partner_id", "company_id", "kind"],
        )
        labels = dict(gaps._fields["kind"]._description_selection(self.env))
        found = {}
        for gap in gaps:
            key = (gap.partner_id.id, gap.company_id.id)
            found.setdefault(key, []).append(labels[gap.kind])
        for profile in self:
            reasons = found.get((profile.partner_id.id, profile.company_id.id), [])
            profile.confidence_text = listed(
                profile.env, [*profile._few_orders(), *reasons]
            )

    def _few_orders(self):
        if not 0 < self.lifetime_order_count < FEW_ORDERS:
            return []
        if self.lifetime_order_count == 1:
            return [self.env._("one order only")]
        return [self.env._("%s orders only", self.lifetime_order_count)]

    def action_open_data_gaps(self):
        """Open what is missing in the data of this customer."""
        check_one(self)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.customer_data_gap_action"
        )
        return {
            **action,
            "context": {},
            "domain": [
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
            ],
        }
