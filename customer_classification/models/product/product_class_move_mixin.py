from odoo import api, fields, models

from ..classified.kind import PRODUCT
from ..common.access_groups import MONEY_GROUP
from .product_profile import (
    ABC_SELECTION,
    BAND_SELECTION,
    SALES_STAGE_SELECTION,
    XYZ_SELECTION,
)

PRODUCT_AXIS_SELECTION = [
    ("abc", "ABC"),
    ("xyz", "XYZ"),
    ("price_band", "Price band"),
    ("sales_lifecycle", "Sales lifecycle"),
]
# The words of all axes; no two axes share one.
PRODUCT_CLASS_SELECTION = (
    ABC_SELECTION + XYZ_SELECTION + BAND_SELECTION + SALES_STAGE_SELECTION
)


class ProductClassMoveMixin(models.AbstractModel):
    """A product goes from one class to another on one axis."""

    _name = "product.class.move.mixin"
    _inherit = "classification.class.move.mixin"
    _description = "Move of a Product Between Classes"
    _classified_kind = PRODUCT

    product_tmpl_id = fields.Many2one(
        "product.template",
        string="Product",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    categ_id = fields.Many2one(related="product_tmpl_id.categ_id")
    axis = fields.Selection(PRODUCT_AXIS_SELECTION, required=True, readonly=True)
    from_class = fields.Selection(PRODUCT_CLASS_SELECTION, string="From", readonly=True)
    to_class = fields.Selection(PRODUCT_CLASS_SELECTION, string="To", readonly=True)
    cause = fields.Selection(
        [
            ("data", "The data changed"),
            ("rules", "The rules changed"),
            ("time", "Time passed, or others moved"),
            ("person", "A person decided"),
        ]
    )
    revenue = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        aggregator=None,  # a product changes more than once
        help="Net revenue in the window at the time of the change.",
    )
    valid_date = fields.Date(
        string="Valid From", required=True, readonly=True, index=True
    )

    @api.depends("product_tmpl_id.display_name", "from_class", "to_class")
    @api.depends_context("lang")
    def _compute_display_name(self):
        return super()._compute_display_name()
