from datetime import timedelta

from odoo import api, fields, models
from odoo.tools.constants import GC_UNLINK_LIMIT

from ..common.called_records import check_one
from ..customer.classification_move import KEPT_DAYS


class ProductClassMove(models.Model):
    """A move of a product that a run found and did not make: of a preview, or of a run
    that waits for its approval. Gone with the run, or after a month."""

    _name = "product.class.move"
    _inherit = "product.class.move.mixin"
    _description = "Rehearsed Move of a Product"
    _order = "run_id desc, id desc"

    run_id = fields.Many2one(
        "classification.run",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    ends_grace = fields.Boolean(
        string="Falls With the Old Limit",
        readonly=True,
        help="Only because the rules changed a limit, or what is compared with it: "
        "tolerance and grace period by the rules before end with them.",
    )

    @api.autovacuum
    def _gc_moves(self):
        """Forget old rehearsals: what was decided stands in the history."""
        limit = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        old = self.search([("create_date", "<", limit)], limit=GC_UNLINK_LIMIT)
        old.unlink()
        return len(old), len(old) == GC_UNLINK_LIMIT

    def action_open_profile(self):
        """Open what is known of this product, or the product where there is nothing
        yet."""
        check_one(self)
        profile = self.env["product.profile"].search(
            [
                ("product_tmpl_id", "=", self.product_tmpl_id.id),
                ("company_id", "=", self.company_id.id),
                ("active", "in", (True, False)),
            ]
        )
        return (profile or self.product_tmpl_id).get_formview_action()
