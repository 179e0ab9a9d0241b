from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .called_records import check_one
from .customer_profile import MONEY_GROUP
from .res_partner import USER_GROUP, ProfileFloat, ProfileInteger, ProfileMonetary
from .searched_values import asks_for_none, ids_among

# Numbers of a product, which its variants show, too.
COUNTED_ONCE = frozenset(
    ("product_revenue", "product_quantity_sold", "product_times_sold")
)


class ProductTemplate(models.Model):
    """Shows the profile of a product in the user's company.

    Nothing is stored on ``product_template``: the classes differ by company, and a
    run cannot collide with someone who edits a product. The fields are searched,
    sorted and grouped through one join, as on contacts.
    """

    _name = "product.template"
    _inherit = ["product.template", "classification.counted.once.mixin"]
    _added_within = {"product_quantity_sold": "uom_id"}

    product_profile_id = fields.Many2one(
        "product.profile",
        compute="_compute_product_profile_id",
        search="_search_product_profile_id",
        compute_sudo=True,
        help="What is known of this product in the current company.",
        groups=USER_GROUP,
    )
    product_abc_class = fields.Selection(
        related="product_profile_id.abc_class", string="ABC", groups=USER_GROUP
    )
    product_xyz_class = fields.Selection(
        related="product_profile_id.xyz_class", string="XYZ", groups=USER_GROUP
    )
    product_abc_xyz = fields.Char(
        related="product_profile_id.abc_xyz", string="ABC/XYZ", groups=USER_GROUP
    )
    product_price_band = fields.Selection(
        related="product_profile_id.price_band",
        string="Price Band",
        groups=USER_GROUP,
    )
    product_sales_lifecycle = fields.Selection(
        related="product_profile_id.sales_lifecycle",
        string="Sales Lifecycle",
        groups=USER_GROUP,
    )
    product_class_currency_id = fields.Many2one(
        related="product_profile_id.currency_id",
        string="Currency of the Product's Classes",
        groups=USER_GROUP,
    )
    product_revenue = ProfileMonetary(
        related="product_profile_id.revenue",
        currency_field="product_class_currency_id",
        string="Revenue in the Window",
        groups=MONEY_GROUP,
    )
    product_quantity_sold = ProfileFloat(
        related="product_profile_id.quantity",
        string="Quantity in the Window",
        groups=USER_GROUP,
    )
    product_times_sold = ProfileInteger(
        related="product_profile_id.line_count",
        string="Times Sold in the Window",
        groups=USER_GROUP,
    )
    product_last_sale_date = fields.Date(
        related="product_profile_id.last_sale_date",
        string="Last Sold",
        groups=USER_GROUP,
    )
    product_abc_explanation = fields.Char(
        related="product_profile_id.abc_explanation",
        string="Why This ABC Class",
        groups=USER_GROUP,
    )
    product_xyz_explanation = fields.Char(
        related="product_profile_id.xyz_explanation",
        string="Why This XYZ Class",
        groups=USER_GROUP,
    )
    product_band_explanation = fields.Char(
        related="product_profile_id.band_explanation",
        string="Why This Price Band",
        groups=USER_GROUP,
    )
    product_lifecycle_explanation = fields.Char(
        related="product_profile_id.lifecycle_explanation",
        string="Why This Sales Lifecycle",
        groups=USER_GROUP,
    )
    product_classified_date = fields.Date(
        related="product_profile_id.as_of_date",
        string="Product Classified As Of",
        groups=USER_GROUP,
    )
    product_change_count = fields.Integer(
        related="product_profile_id.change_count",
        string="Class Changes of the Product",
        groups=USER_GROUP,
        aggregator=None,
    )

    @api.depends_context("company")
    def _compute_product_profile_id(self):
        """The profile of each product in the current company: one query."""
        profiles = (
            self.env["product.profile"]
            .with_context(active_test=False)
            .search(
                [
                    ("product_tmpl_id", "in", self.ids),
                    ("company_id", "=", self.env.company.id),
                ],
                order="id",
            )
        )
        by_product = {profile.product_tmpl_id: profile for profile in profiles}
        for product in self:
            product.product_profile_id = by_product.get(product._origin)

    def _product_profile_join(self, alias, query):
        """Join the profile to a query on products, once; return its alias."""
        profile_alias = query.make_alias(alias, "product_profile")
        query.add_join(
            "LEFT JOIN",
            profile_alias,
            "product_profile",
            SQL(
                "%s = %s AND %s = %s",
                SQL.identifier(profile_alias, "product_tmpl_id"),
                SQL.identifier(alias, "id"),
                SQL.identifier(profile_alias, "company_id"),
                self.env.company.id,
            ),
        )
        return profile_alias

    def _field_to_sql(self, alias, field_expr, query=None):
        """The profile and its fields, for sorting and grouping, through that join."""
        field = self._fields.get(field_expr)
        if query is None or field is None:
            return super()._field_to_sql(alias, field_expr, query)
        if field.name == "product_profile_id":
            self._check_field_access(field, "read")
            return SQL.identifier(self._product_profile_join(alias, query), "id")
        path = (field.related or "").split(".")
        if path[0] == "product_profile_id" and len(path) == 2:
            self._check_field_access(field, "read")
            profile = self.env["product.profile"].sudo()
            return profile._field_to_sql(
                self._product_profile_join(alias, query), path[1], query
            )
        return super()._field_to_sql(alias, field_expr, query)

    @api.model
    def _search_product_profile_id(self, operator, value):
        """Search on the profile's fields through the join.

        Who may not read a field may not search by it either: an answer would tell as
        much.
        """
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        if operator in ("any", "any!"):
            return Domain.custom(to_sql=self._product_profile_matcher(value))
        if operator == "in":
            return Domain.custom(to_sql=self._product_profile_finder(value))
        return Domain("name", operator, value) & Domain(
            "product_profile_id", "!=", False
        )

    def _product_profile_matcher(self, domain):
        def to_sql(model, alias, query):
            model._check_field_access(model._fields["product_profile_id"], "read")
            profile_alias = model._product_profile_join(alias, query)
            # As the user: fields of money are refused to who may not see them.
            profiles = model.env["product.profile"]
            condition = Domain(domain).optimize_full(profiles)
            return SQL(
                "(%s IS NOT NULL AND %s)",
                SQL.identifier(profile_alias, "id"),
                condition._to_sql(profiles, profile_alias, query),
            )

        return to_sql

    def _product_profile_finder(self, values):
        def to_sql(model, alias, query):
            column = model._field_to_sql(alias, "product_profile_id", query)
            found = SQL("%s = ANY(%s)", column, ids_among(values))
            if not asks_for_none(values):
                return found
            return SQL("(%s OR %s IS NULL)", found, column)

        return to_sql

    def action_open_product_profile(self):
        """Open the profile of this product."""
        check_one(self)
        return {
            "type": "ir.actions.act_window",
            "res_model": "product.profile",
            "res_id": self.product_profile_id.id,
            "view_mode": "form",
        }

    def action_open_product_changes(self):
        """Open the history of this product's classes."""
        check_one(self)
        return self.product_profile_id.action_open_changes()
