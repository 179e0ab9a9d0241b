from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class ProductAssociation(models.Model):
    """Two products or services that belong together.

    *Recommended* products are also among Odoo's own optional products, so that the
    configurator of quotations and the shop offer it.
    """

    _name = "product.association"
    _inherit = ["classification.bounds.mixin", "classification.protected.mixin"]
    _description = "What Belongs Together"
    _order = "product_tmpl_id, sequence, id"
    _rec_name = "other_tmpl_id"

    product_tmpl_id = fields.Many2one(
        "product.template",
        string="Product",
        required=True,
        ondelete="cascade",
        index=True,
    )
    kind = fields.Selection(
        [
            ("requires", "requires"),
            ("recommends", "recommends"),
            ("includes", "includes"),
        ],
        required=True,
        default="requires",
        help="Requires: a quotation without the other says so. Recommends: it is "
        "offered. Includes: the other is part of the product and not sold beside it.",
    )
    other_tmpl_id = fields.Many2one(
        "product.template",
        string="Other Product",
        required=True,
        ondelete="cascade",
        index=True,
    )
    quantity_by = fields.Selection(
        [("order", "One an order"), ("unit", "One for each unit")],
        string="How Many",
        required=True,
        default="order",
    )
    sequence = fields.Integer(default=10)

    _pair_unique = models.Constraint(
        "UNIQUE(product_tmpl_id, other_tmpl_id)",
        "These two products are linked already: change that link.",
    )

    @api.constrains("product_tmpl_id", "other_tmpl_id")
    def _check_other(self):
        for link in self:
            if link.product_tmpl_id == link.other_tmpl_id:
                raise ValidationError(
                    self.env._(
                        "%s cannot be linked with itself.",
                        link.product_tmpl_id.display_name,
                    )
                )

    @api.depends("product_tmpl_id.display_name", "other_tmpl_id.display_name", "kind")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for link in self:
            link.display_name = self.env._(
                "%(product)s %(kind)s %(other)s",
                product=link.product_tmpl_id.display_name,
                kind=kinds.get(link.kind, ""),
                other=link.other_tmpl_id.display_name,
            )

    # Odoo's optional products

    @api.model_create_multi
    def create(self, vals_list):
        links = super().create(vals_list)
        links._offer()
        return links

    def write(self, vals):
        if {"kind", "product_tmpl_id", "other_tmpl_id"} & set(vals):
            self._withdraw()
        result = super().write(vals)
        self._offer()
        return result

    def unlink(self):
        self._withdraw()
        return super().unlink()

    def _offer(self):
        """Add recommended products to the optional ones.

        As many writes as products.
        """
        recommended = self.filtered(lambda link: link.kind == "recommends")
        for product, links in recommended.grouped("product_tmpl_id").items():
            new = links.other_tmpl_id - product.optional_product_ids
            if new:
                product.optional_product_ids |= new

    def _withdraw(self):
        """Remove the recommended products from the optional products."""
        recommended = self.filtered(lambda link: link.kind == "recommends")
        for product, links in recommended.grouped("product_tmpl_id").items():
            product.optional_product_ids -= links.other_tmpl_id

    # On quotations

    @api.model
    def _links_of(self, products, kinds):
        """Links that start from products, of some kinds: one query."""
        return self.search(
            Domain("product_tmpl_id", "in", products.ids)
            & Domain("kind", "in", kinds)
            & Domain("other_tmpl_id.active", "=", True)
            & Domain("other_tmpl_id.sale_ok", "=", True)
        )
