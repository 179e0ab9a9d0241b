from odoo import api, fields, models
from odoo.exceptions import ValidationError


class CustomerComplaintCategory(models.Model):
    """Category of complaints: technical support, quality, enquiry ...

    Categories are a tree, so that reports can be as fine as wanted.
    """

    _name = "customer.complaint.category"
    _inherit = "classification.bounds.mixin"
    _description = "Category of Complaints"
    _parent_store = True
    _rec_name = "complete_name"
    _rec_names_search = ["name"]
    _order = "sequence, name, id"

    name = fields.Char(required=True, translate=True)
    complete_name = fields.Char(
        string="Category",
        compute="_compute_complete_name",
        recursive=True,
    )
    parent_id = fields.Many2one(
        "customer.complaint.category", string="Above", ondelete="cascade", index=True
    )
    parent_path = fields.Char(index=True)
    service_type_id = fields.Many2one(
        "product.service.type",
        string="Kind of Service",
        ondelete="set null",
        help="Complaints of this category are about this kind of service, unless their "
        "product is of another one.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Owner",
        ondelete="set null",
        domain="[('share', '=', False)]",
        help="Gets the complaints of customers without a salesperson.",
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)

    @api.depends("name", "parent_id.complete_name")
    @api.depends_context("lang")
    def _compute_complete_name(self):
        for category in self:
            above = category.parent_id.complete_name
            name = category.name or ""
            category.complete_name = f"{above} / {name}" if above else name

    @api.constrains("parent_id")
    def _check_parent_id(self):
        if self._has_cycle():
            raise ValidationError(
                self.env._("A category cannot be below one of those below it.")
            )

    def _depth(self):
        """Return how many categories are above; -1 for no category."""
        return (self.parent_path or "").count("/") - 1
