from odoo import api, fields, models
from odoo.tools import SQL


class ProductClassDirty(models.Model):
    """Products to look at again for a reason that no document shows any more.

    A line was deleted, or has another product now. Emptied by the next run of the
    company.
    """

    _name = "product.class.dirty"
    _description = "Product to Look At Again"
    _log_access = False

    product_tmpl_id = fields.Many2one(
        "product.template",
        string="Product",
        required=True,
        ondelete="cascade",
        index=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, ondelete="cascade", index=True
    )

    @api.model
    def _mark(self, variants):
        """Mark the products of variants to be looked at again.

        In each company that classifies products. One query, or none without variants.
        """
        if not variants:
            return
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO product_class_dirty (product_tmpl_id, company_id)
                SELECT DISTINCT p.product_tmpl_id, c.id
                  FROM product_product p, res_company c
                 WHERE p.id = ANY(%s)
                   AND EXISTS (SELECT FROM product_profile f WHERE f.company_id = c.id)
                """,
                variants.ids,
            )
        )

    @api.model
    def _forget(self, company):
        """Forget the marks that this transaction sees: later ones stay."""
        self.env.cr.execute(
            SQL("DELETE FROM product_class_dirty WHERE company_id = %s", company.id)
        )
