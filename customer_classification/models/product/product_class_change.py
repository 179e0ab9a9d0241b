from odoo import fields, models


class ProductClassChange(models.Model):
    """One move of one product from a class to another, and why.

    Append-only and written by runs in SQL. A table of its own beside
    ``classification.change``: that one is asked by customer and date, in SQL that
    knows no products.
    """

    _name = "product.class.change"
    _inherit = "product.class.move.mixin"
    _description = "Product Class Change"
    _order = "valid_date desc, id desc"

    run_id = fields.Many2one(
        "classification.run",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )

    _company_index = models.Index("(company_id, valid_date)")
