from odoo import api, fields, models
from odoo.tools import SQL

from ..common.access_groups import MONEY_GROUP
from ..common.keyless_many2one import KeylessMany2one
from .product_profile import ABC_SELECTION, XYZ_SELECTION


class ProductVariantClass(models.Model):
    """ABC and XYZ of a variant, to compare it with its product.

    Ranked among all variants of all products, by the rules and the numbers of the last
    run, which writes it in SQL where something differs. Variants have no history, no
    tolerance and no decisions: those are the product's.
    """

    _name = "product.variant.class"
    _inherit = "classification.counted.once.mixin"
    _description = "Classes of a Variant"
    _log_access = False
    _order = "product_tmpl_id, abc_class nulls last, id"
    _rec_name = "product_id"
    # Pieces and kilograms have no sum.
    _added_within = {"quantity": "uom_id"}

    product_id = fields.Many2one(
        "product.product",
        string="Variant",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    product_tmpl_id = fields.Many2one(
        "product.template",
        string="Product",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = KeylessMany2one(
        "res.company", required=True, readonly=True, ondelete="cascade", index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    categ_id = fields.Many2one(related="product_tmpl_id.categ_id")
    uom_id = fields.Many2one(related="product_tmpl_id.uom_id")
    abc_class = fields.Selection(ABC_SELECTION, string="ABC", readonly=True)
    xyz_class = fields.Selection(XYZ_SELECTION, string="XYZ", readonly=True)
    product_abc_class = fields.Selection(
        ABC_SELECTION, string="ABC of the Product", compute="_compute_product_classes"
    )
    product_xyz_class = fields.Selection(
        XYZ_SELECTION, string="XYZ of the Product", compute="_compute_product_classes"
    )
    differs = fields.Boolean(
        string="Differs From Its Product",
        readonly=True,
        help="Another ABC or XYZ class than the product.",
    )
    line_count = fields.Integer(string="Times Sold", readonly=True)
    quantity = fields.Float(
        readonly=True,
        digits="Product Unit",
        help="Net of returns, in the window, in the product's own unit.",
    )
    revenue = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        help="Untaxed and net of refunds, in the window of the policy.",
    )
    cv = fields.Float(
        string="Variation",
        readonly=True,
        digits=(12, 2),
        aggregator="avg",
        help="Coefficient of variation of the quantity by month: standard deviation "
        "divided by mean. Months without a sale count.",
    )
    last_sale_date = fields.Date(string="Last Sold", readonly=True)

    _variant_company_unique = models.Constraint(
        "UNIQUE(product_id, company_id)", "A variant has one row in a company."
    )

    @api.depends("product_tmpl_id", "company_id")
    def _compute_product_classes(self):
        """The classes of each variant's product in its company: one query."""
        profiles = (
            self.env["product.profile"]
            .with_context(active_test=False)
            .search(
                [
                    ("product_tmpl_id", "in", self.product_tmpl_id.ids),
                    ("company_id", "in", self.company_id.ids),
                ]
            )
        )
        found = {(one.product_tmpl_id, one.company_id): one for one in profiles}
        for variant in self:
            profile = found.get((variant.product_tmpl_id, variant.company_id))
            variant.product_abc_class = profile and profile.abc_class
            variant.product_xyz_class = profile and profile.xyz_class

    @api.model
    def _forget(self, company, product_ids=None):
        """Forget the variants of products without several of them.

        One query.

        :param product_ids: which products, all by default
        """
        chosen = SQL("TRUE")
        if product_ids is not None:
            chosen = SQL("product_tmpl_id = ANY(%s)", list(product_ids))
        self.env.cr.execute(
            SQL(
                "DELETE FROM product_variant_class WHERE company_id = %s AND %s",
                *(company.id, chosen),
            )
        )
        self.invalidate_model()
