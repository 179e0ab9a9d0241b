from odoo import api, fields, models

from .customer_profile import MONEY_GROUP
from .product_profile import (
    ABC_SELECTION,
    BAND_SELECTION,
    SALES_STAGE_SELECTION,
    XYZ_SELECTION,
)


class ProductClassChange(models.Model):
    """One move of one product from a class to another, and why.

    Append-only and written by runs in SQL. A table of its own beside
    ``classification.change``: that one is asked by customer and date, in SQL that
    knows no products.
    """

    _name = "product.class.change"
    _description = "Product Class Change"
    _order = "valid_date desc, id desc"

    product_tmpl_id = fields.Many2one(
        "product.template",
        string="Product",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    categ_id = fields.Many2one(related="product_tmpl_id.categ_id")
    axis = fields.Selection(
        [
            ("abc", "ABC"),
            ("xyz", "XYZ"),
            ("price_band", "Price band"),
            ("sales_lifecycle", "Sales lifecycle"),
        ],
        required=True,
        readonly=True,
    )
    from_class = fields.Selection(
        ABC_SELECTION + XYZ_SELECTION + BAND_SELECTION + SALES_STAGE_SELECTION,
        string="From",
        readonly=True,
    )
    to_class = fields.Selection(
        ABC_SELECTION + XYZ_SELECTION + BAND_SELECTION + SALES_STAGE_SELECTION,
        string="To",
        readonly=True,
    )
    cause = fields.Selection(
        [
            ("data", "The data changed"),
            ("rules", "The rules changed"),
            ("time", "Time passed, or others moved"),
        ],
        required=True,
        readonly=True,
    )
    revenue = fields.Monetary(
        readonly=True,
        groups=MONEY_GROUP,
        help="Net revenue in the window at the time of the change.",
    )
    valid_date = fields.Date(
        string="Valid From", required=True, readonly=True, index=True
    )
    policy_id = fields.Many2one(
        "classification.policy", readonly=True, ondelete="restrict"
    )
    run_id = fields.Many2one(
        "classification.run",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )

    _company_index = models.Index("(company_id, valid_date)")

    @api.depends("product_tmpl_id.display_name", "from_class", "to_class")
    @api.depends_context("lang")
    def _compute_display_name(self):
        words = dict(self._fields["to_class"]._description_selection(self.env))
        for change in self:
            change.display_name = self.env._(
                "%(product)s: %(old)s → %(new)s",
                product=change.product_tmpl_id.display_name,
                old=words.get(change.from_class, "-"),
                new=words.get(change.to_class, "-"),
            )
