from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

from ..common.access_groups import SALES_GROUP
from ..common.called_records import check_one
from ..common.punctuation import listed
from .customer_next_product import ORDER_KEY


class SaleOrder(models.Model):
    """Quotations name the missing required products and services."""

    _name = "sale.order"
    _inherit = ["sale.order"]

    product_missing_ids = fields.Many2many(
        "product.template",
        compute="_compute_product_missing_ids",
        string="Missing Products",
        groups="base.group_user",
        help="What the products of this quotation require, and what is not on it.",
    )

    customer_next_product_count = fields.Integer(
        string="Next Products",
        compute="_compute_customer_next_product_count",
        groups=SALES_GROUP,
        aggregator=None,
        help="What the customer of this quotation may buy next.",
    )

    def _sold_variants(self):
        return self.order_line.product_id

    def _names_for_credit_notes(self):
        return self.sudo().mapped("name")

    @api.depends("state", "company_id", "order_line.product_id")
    @api.depends_context("uid")
    def _compute_product_missing_ids(self):
        """Compute the required products that an order lacks.

        Also those required by them, of the products that the reader may see: one query
        for each step from one product to the next.
        """
        open_orders = self.filtered(lambda order: order.state in ("draft", "sent"))
        links = self._association_links(open_orders.order_line.product_template_id)
        for order in self:
            order.product_missing_ids = (
                order._missing_links(links).other_tmpl_id
                if order in open_orders
                else False
            )

    @api.depends("partner_id", "company_id", "state")
    def _compute_customer_next_product_count(self):
        """One query a company."""
        rows = self.env["customer.next.product"]
        self.customer_next_product_count = 0
        open_orders = self.filtered(lambda order: order.state in ("draft", "sent"))
        for company, orders in open_orders.grouped("company_id").items():
            customers = orders.partner_id.commercial_partner_id
            counts = rows._counts_of(customers, company)
            for order in orders:
                customer = order.partner_id.commercial_partner_id
                order.customer_next_product_count = counts.get(customer, 0)

    def action_open_next_products(self):
        """Open what the customer may buy next, to add it to this quotation."""
        check_one(self)
        rows = self.env["customer.next.product"]
        action = rows._open_of(self.partner_id, self.company_id, **{ORDER_KEY: self.id})
        return {**action, "target": "new"}

    @api.model
    def _association_links(self, products):
        """Return links from products, or from those that these require."""
        model = self.env["product.association"]
        links, seen = model.browse(), products.browse()
        while products:
            new = model._links_of(products, ("requires", "includes"))
            links, seen = links | new, seen | products
            required = new.filtered(lambda link: link.kind == "requires")
            products = required.other_tmpl_id - seen
        return links

    def _missing_links(self, links):
        """Return the links that require a product missing on this order."""
        own = self.order_line.product_template_id
        from_product = links.grouped("product_tmpl_id")
        missing, to_see, present = links.browse(), list(own), own
        while to_see:
            for link in from_product.get(to_see.pop(), ()):
                other = link.other_tmpl_id
                if other in present or not self._may_sell(other):
                    continue
                present |= other
                if link.kind == "requires":
                    missing |= link
                    to_see.append(other)
        included = links.filtered(
            lambda link: link.kind == "includes" and link.product_tmpl_id in present
        )
        return missing.filtered(
            lambda link: link.other_tmpl_id not in included.other_tmpl_id
        )

    def _may_sell(self, product):
        owner = product.company_id
        return (
            not owner
            or owner == self.company_id
            or owner in (self.company_id.sudo().parent_ids)
        )

    def action_add_missing_products(self):
        """Add a line for each required product that is missing.

        :raises UserError: nothing could be added, because a variant has to be chosen
        """
        check_one(self)
        self.check_access("write")
        if self.state not in ("draft", "sent"):
            raise UserError(
                self.env._("Products are added to a quotation, not to an order.")
            )
        products = self.order_line.product_template_id
        links = self._missing_links(self._association_links(products))
        ready = links.filtered(
            lambda link: len(link.other_tmpl_id.product_variant_ids) == 1
        )
        if links and not ready:
            raise UserError(
                self.env._(
                    "%s comes in several variants: add the one that fits.",
                    listed(self.env, links.other_tmpl_id.mapped("display_name")),
                )
            )
        self.order_line = [
            Command.create(self._missing_line_values(link)) for link in ready
        ]

    def _missing_line_values(self, link):
        lines = self.order_line.filtered(
            lambda line: line.product_template_id == link.product_tmpl_id
        )
        units = sum(lines.mapped("product_uom_qty"))
        return {
            "product_id": link.other_tmpl_id.product_variant_id.id,
            "product_uom_qty": (units or 1) if link.quantity_by == "unit" else 1,
        }
