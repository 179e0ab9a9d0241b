from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..classified.kind import PRODUCT
from ..classified.profile_fields import (
    ProfileChar,
    ProfileDate,
    ProfileFloat,
    ProfileInteger,
    ProfileMany2one,
    ProfileMonetary,
    ProfileSelection,
)
from ..common.access_groups import MONEY_GROUP, USER_GROUP
from ..common.called_records import check_one, check_records

SERVICE_FIELDS = ("product_service_type_id", "product_delivery_mode")

# Numbers of a product, which its variants show, too.
COUNTED_ONCE = frozenset(
    ("product_revenue", "product_quantity_sold", "product_times_sold")
)


class ProductTemplate(models.Model):
    """Products with their profile, associations and audience."""

    _name = "product.template"
    _inherit = [
        "product.template",
        "classification.classified.mixin",
        "classification.counted.once.mixin",
    ]
    _classified_kind = PRODUCT
    _added_within = {"product_quantity_sold": "uom_id"}

    product_profile_id = fields.Many2one(
        "product.profile",
        compute="_compute_classified_profile",
        search="_search_classified_profile",
        compute_sudo=True,
        help="What is known of this product in the current company.",
        groups=USER_GROUP,
    )
    product_abc_class = ProfileSelection(
        related="product_profile_id.abc_class", string="ABC", groups=USER_GROUP
    )
    product_xyz_class = ProfileSelection(
        related="product_profile_id.xyz_class", string="XYZ", groups=USER_GROUP
    )
    product_abc_xyz = ProfileChar(
        related="product_profile_id.abc_xyz", string="ABC/XYZ", groups=USER_GROUP
    )
    product_price_band = ProfileSelection(
        related="product_profile_id.price_band",
        string="Price Band",
        groups=USER_GROUP,
    )
    product_sales_lifecycle = ProfileSelection(
        related="product_profile_id.sales_lifecycle",
        string="Sales Lifecycle",
        groups=USER_GROUP,
    )
    product_class_currency_id = ProfileMany2one(
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
    product_last_sale_date = ProfileDate(
        related="product_profile_id.last_sale_date",
        string="Last Sold",
        groups=USER_GROUP,
    )
    product_abc_explanation = ProfileChar(
        related="product_profile_id.abc_explanation",
        string="Why This ABC Class",
        groups=USER_GROUP,
    )
    product_xyz_explanation = ProfileChar(
        related="product_profile_id.xyz_explanation",
        string="Why This XYZ Class",
        groups=USER_GROUP,
    )
    product_band_explanation = ProfileChar(
        related="product_profile_id.band_explanation",
        string="Why This Price Band",
        groups=USER_GROUP,
    )
    product_lifecycle_explanation = ProfileChar(
        related="product_profile_id.lifecycle_explanation",
        string="Why This Sales Lifecycle",
        groups=USER_GROUP,
    )
    product_classified_date = ProfileDate(
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

    # Services

    product_service_type_id = fields.Many2one(
        "product.service.type",
        string="Kind of Service",
        ondelete="restrict",
        index="btree_not_null",
    )
    product_delivery_mode = fields.Selection(
        [
            ("on_site", "On site"),
            ("remote", "Remote"),
            ("self_service", "Self-service"),
            ("hybrid", "Hybrid"),
        ],
        string="Delivery Mode",
        help="How the service comes to the customer.",
    )

    # Associations

    product_association_ids = fields.One2many(
        "product.association",
        "product_tmpl_id",
        string="Belongs Together With",
        copy=True,
    )
    product_associated_ids = fields.One2many(
        "product.association", "other_tmpl_id", string="Belongs To"
    )

    # Audience

    product_target_tier_ids = fields.Many2many(
        "customer.value.tier",
        "product_target_tier_rel",
        "product_tmpl_id",
        "tier_id",
        string="Meant for Value Tiers",
        help="Nothing chosen: for everybody.",
    )
    product_target_stage_ids = fields.Many2many(
        "customer.lifecycle.stage",
        "product_target_stage_rel",
        "product_tmpl_id",
        "stage_id",
        string="Meant for Lifecycle Stages",
        help="Nothing chosen: for everybody.",
    )

    product_target_tag_ids = fields.Many2many(
        "res.partner.category",
        "product_target_tag_rel",
        "product_tmpl_id",
        "tag_id",
        string="Meant for Tags",
        help="Tags of customers; a customer with a tag below one of them counts too. "
        "Nothing chosen: for everybody.",
    )

    @api.depends_context("company")
    def _compute_classified_profile(self):
        return super()._compute_classified_profile()

    def action_open_product_profile(self):
        """Open the profile of this product."""
        check_one(self)
        return self._open_classified_profile()

    def action_open_product_changes(self):
        """Open the history of this product's classes."""
        check_one(self)
        return self.product_profile_id.action_open_changes()

    # Services

    @api.constrains("type", *SERVICE_FIELDS)
    def _check_service_fields(self):
        for product in self:
            if product.type != "service" and any(product[n] for n in SERVICE_FIELDS):
                raise ValidationError(
                    self.env._(
                        "%s is no service: only services have a service type and a "
                        "delivery mode.",
                        product.display_name,
                    )
                )

    def write(self, vals):
        """Clear the service type of products that become goods."""
        if vals.get("type", "service") != "service":
            vals = {**dict.fromkeys(SERVICE_FIELDS, False), **vals}
        return super().write(vals)

    # Audience

    def action_open_product_customers(self):
        """Open the customers who bought this product in the window."""
        check_one(self)
        return self.env["product.audience"]._open_buyers(self)

    def action_open_product_audience(self):
        """Open the actual buyers of these products."""
        check_records(self)
        action = self._audience_action()
        action["domain"] = [("product_tmpl_id", "in", self.ids)]
        return action

    @api.model
    def _audience_action(self):
        return self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.product_audience_action"
        )
