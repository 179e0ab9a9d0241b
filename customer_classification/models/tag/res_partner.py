from odoo import api, fields, models


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "classification.tagged.mixin"]

    customer_tag_link_ids = fields.One2many(
        "classification.tag.link",
        "partner_id",
        string="Where the Tags Come From",
        groups="base.group_user",
    )

    @api.onchange("category_id")
    def _onchange_category_id(self):
        return self._drop_rivals()
