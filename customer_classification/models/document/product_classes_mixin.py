from odoo import api, fields, models
from odoo.tools import SQL

from ..classified.kind import PRODUCT
from ..common.access_groups import USER_GROUP


class ProductClassesMixin(models.AbstractModel):
    """Reports on customers and products that show the classes of the product.

    Of today, in the company of the row; see ``customer.classes.mixin``.
    """

    _name = "product.classes.mixin"
    _inherit = "customer.classes.mixin"
    _description = "Record With the Classes of Its Product"

    product_profile_id = fields.Many2one(
        "product.profile",
        compute="_compute_product_profile_id",
        search="_search_product_profile_id",
        groups=USER_GROUP,
        help="What is known of the product today, in the company of this record.",
    )
    product_abc_class = fields.Selection(
        related="product_profile_id.abc_class",
        related_sudo=False,
        string="ABC",
        groups=USER_GROUP,
    )
    product_xyz_class = fields.Selection(
        related="product_profile_id.xyz_class",
        related_sudo=False,
        string="XYZ",
        groups=USER_GROUP,
    )

    @api.model
    def _shown_kinds(self):
        return (*super()._shown_kinds(), PRODUCT)

    @api.depends_context("uid", "su", "company", "allowed_company_ids")
    def _compute_product_profile_id(self):
        """Find the profiles that the reader may see: one query."""
        self._show_profiles(PRODUCT)

    @api.model
    def _search_product_profile_id(self, operator, value):
        return self._search_profile(PRODUCT, operator, value)

    @api.model
    def _classified_search_field(self, kind):
        if kind is PRODUCT:
            return "product_id"
        return super()._classified_search_field(kind)

    def _classified_subjects(self, kind):
        if kind is not PRODUCT:
            return super()._classified_subjects(kind)
        return self.sudo().product_id.product_tmpl_id

    def _classified_key(self, kind):
        subject, company = super()._classified_key(kind)
        if kind is PRODUCT:
            subject = self.sudo().product_id.product_tmpl_id.with_env(self.env)
        return subject, company

    @api.model
    def _classified_subject_sql(self, kind, alias, query):
        if kind is not PRODUCT:
            return super()._classified_subject_sql(kind, alias, query)
        joined = query.make_alias(alias, "classified_product")
        product = self._field_to_sql(alias, "product_id", query)
        condition = SQL("%s = %s", SQL.identifier(joined, "id"), product)
        query.add_join("LEFT JOIN", joined, "product_product", condition)
        return SQL.identifier(joined, "product_tmpl_id")
