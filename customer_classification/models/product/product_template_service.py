from odoo import api, fields, models
from odoo.exceptions import ValidationError

SERVICE_FIELDS = ("product_service_type_id", "product_delivery_mode")


class ProductTemplate(models.Model):
    """Services: what kind of work, and how it comes to the customer."""

    # One file for each idea of a product.
    _inherit = "product.template"  # pylint: disable=consider-merging-classes-inherited

    product_service_type_id = fields.Many2one(
        "product.service.type",
        string="Service Type",
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
        """What becomes a good is no service of any type."""
        if vals.get("type", "service") != "service":
            vals = {**dict.fromkeys(SERVICE_FIELDS, False), **vals}
        return super().write(vals)
