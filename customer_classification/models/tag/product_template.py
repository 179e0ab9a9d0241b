from odoo import api, fields, models


class ProductTemplate(models.Model):
    _name = "product.template"
    _inherit = ["product.template", "classification.tagged.mixin"]

    product_tag_link_ids = fields.One2many(
        "classification.tag.link",
        "product_tmpl_id",
        string="Where the Tags Come From",
        groups="base.group_user",
    )

    @api.onchange("product_tag_ids")
    def _onchange_product_tag_ids(self):
        return self._drop_rivals()
