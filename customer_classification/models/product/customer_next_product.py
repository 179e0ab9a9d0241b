from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command, Domain
from odoo.tools import SQL, format_date

from ..common.called_records import check_one
from ..common.keyless_many2one import KeylessMany2one

KINDS = [
    ("due", "Due Again"),
    ("stopped", "Stopped"),
    ("new", "New for Them"),
]
# Key of the context with the quotation to which products are added.
ORDER_KEY = "customer_next_order_id"


class CustomerNextProduct(models.Model):
    """A product that a customer may buy next, with the counts behind it.

    *Due again*: bought twice or more, and the next time is likely. *Stopped*: bought
    three times or more, not for twice its own gap, by a customer who goes on buying.
    *New*: those who buy what the customer has buy it.

    Written by the weekly run over products in SQL, and by nobody else. No amount is in
    it; who may not read the contact or a product does not see its rows (``ir.rule``).
    """

    _name = "customer.next.product"
    _inherit = ["classification.plain.fields.mixin"]
    _description = "Next Product of a Customer"
    _log_access = False
    _order = "partner_id, kind, rank, id"
    _rec_name = "product_tmpl_id"

    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    company_id = KeylessMany2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    product_tmpl_id = fields.Many2one(
        "product.template",
        string="Product",
        required=True,
        readonly=True,
        ondelete="cascade",
        index=True,
    )
    categ_id = fields.Many2one(
        related="product_tmpl_id.categ_id", string="Product Category"
    )
    kind = fields.Selection(KINDS, string="Why", required=True, readonly=True)
    rank = fields.Integer(
        string="Place",
        readonly=True,
        aggregator=None,
        help="Among the products of this kind, the most likely first.",
    )
    times_bought = fields.Integer(
        readonly=True,
        aggregator=None,
        help="Different days on which the customer bought it, in the window of the "
        "policy.",
    )
    last_date = fields.Date(string="Last Bought", readonly=True)
    gap_days = fields.Float(
        string="Gap (days)",
        readonly=True,
        digits=(10, 1),
        aggregator=None,
        help="Days between two purchases of it, on average.",
    )
    because_tmpl_id = fields.Many2one(
        "product.template",
        string="Because of",
        readonly=True,
        ondelete="cascade",
        index="btree_not_null",
        help="What the customer has bought: its buyers buy the other one, too.",
    )
    both_count = fields.Integer(string="Buyers of Both", readonly=True, aggregator=None)
    buyer_count = fields.Integer(
        string="Buyers of the One", readonly=True, aggregator=None
    )
    reason = fields.Char(compute="_compute_reason")
    is_offered = fields.Boolean(
        string="Can Be Offered",
        compute="_compute_is_offered",
        search="_search_is_offered",
        help="For sale today, and not sold out where its stock is known.",
    )
    is_on_order = fields.Boolean(
        string="On the Quotation", compute="_compute_is_on_order"
    )
    user_id = fields.Many2one(related="partner_id.user_id", string="Salesperson")

    _customer_unique = models.Constraint(
        "UNIQUE(partner_id, company_id, product_tmpl_id, kind)",
        "A customer has each next product once.",
    )

    # Texts

    @api.depends(
        *("kind", "times_bought", "gap_days", "last_date"),
        *("because_tmpl_id.display_name", "both_count", "buyer_count"),
    )
    @api.depends_context("lang")
    def _compute_reason(self):
        for row in self:
            row.reason = row._reason_text()

    def _reason_text(self):
        """Return the counts of a row as a sentence."""
        if self.kind == "new":
            return self.env._(
                "%(both)s of %(buyers)s who buy %(product)s buy it.",
                both=self.both_count,
                buyers=self.buyer_count,
                product=self.because_tmpl_id.display_name,
            )
        gap = round(self.gap_days)
        numbers = {
            "times": self.times_bought,
            "often": self.env._("about every %s days", gap)
            if gap > 1
            else self.env._("about every day"),
            "day": self.last_date and format_date(self.env, self.last_date),
        }
        if self.kind == "stopped":
            return self.env._(
                "Bought %(times)s times, %(often)s, but not since %(day)s.", **numbers
            )
        return self.env._(
            "Bought %(times)s times, %(often)s, last on %(day)s.", **numbers
        )

    # What can be offered

    @api.model
    def _offered_condition(self, template, company):
        """Return SQL of the products that a company may offer; addons add to it.

        :param template: SQL of the alias of a product template
        :param company: SQL of the id of the company
        """
        return SQL(
            "%(t)s.active AND %(t)s.sale_ok AND (%(t)s.company_id IS NULL OR"
            " %(t)s.company_id IN (SELECT unnest(string_to_array(rtrim("
            "c.parent_path, '/'), '/')::integer[]) FROM res_company c"
            " WHERE c.id = %(company)s))",
            t=template,
            company=company,
        )

    def _offered_query(self):
        """Return SQL of the rows whose product can be offered today."""
        self.env["product.template"].flush_model(["active", "sale_ok", "company_id"])
        return SQL(
            "SELECT n.id FROM customer_next_product n"
            " JOIN product_template t ON t.id = n.product_tmpl_id WHERE %s",
            self._offered_condition(SQL("t"), SQL("n.company_id")),
        )

    @api.depends("product_tmpl_id.active", "product_tmpl_id.sale_ok")
    def _compute_is_offered(self):
        """One query."""
        rows = self.env.execute_query(
            SQL("%s AND n.id = ANY(%s)", self._offered_query(), self.ids)
        )
        offered = {row_id for (row_id,) in rows}
        for row in self:
            row.is_offered = row.id in offered

    @api.model
    def _search_is_offered(self, operator, value):
        if operator != "in":
            return NotImplemented
        offered = Domain("id", "in", self._offered_query())
        asked = {bool(one) for one in value}
        return Domain.OR(offered if one else ~offered for one in asked)

    # Screens

    @api.model
    def _open_of(self, partner, company, **context):
        """Open what a customer may buy next from a company."""
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "customer_classification.customer_next_product_action_of_one"
        )
        name = self.env._("What %s May Buy Next", partner.display_name)
        domain = [
            ("partner_id", "=", partner.commercial_partner_id.id),
            ("company_id", "=", company.id),
            ("is_offered", "=", True),
        ]
        return {
            **action,
            **{"name": name, "display_name": name},
            **{"domain": domain, "context": context},
        }

    @api.model
    def _counts_of(self, partners, company):
        """Return ``{customer: number of products that can be offered}``.

        One query.
        """
        found = self._read_group(
            [
                ("partner_id", "in", partners.ids),
                ("company_id", "=", company.id),
                ("is_offered", "=", True),
            ],
            ["partner_id"],
            ["__count"],
        )
        return dict(found)

    # On quotations

    @api.depends("product_tmpl_id")
    @api.depends_context(ORDER_KEY)
    def _compute_is_on_order(self):
        order = self._asked_order()
        products = order.order_line.product_template_id
        for row in self:
            row.is_on_order = row.product_tmpl_id in products

    @api.model
    def _asked_order(self):
        """Return the quotation of the context, where the reader may see it."""
        orders = self.env["sale.order"]
        asked = self.env.context.get(ORDER_KEY)
        if type(asked) is not int or asked < 1:
            return orders
        return orders.browse(asked).exists()._filtered_access("read")

    def action_add_to_order(self):
        """Add the product to the quotation that the context names.

        By the rights of the caller, as if the line was entered.
        """
        check_one(self)
        order = self._asked_order()
        self._check_may_add(order)
        variant = self.product_tmpl_id.product_variant_ids
        if len(variant) != 1:
            raise UserError(
                self.env._(
                    "%s comes in several variants: add the one that fits.",
                    self.product_tmpl_id.display_name,
                )
            )
        if not self.is_on_order:
            order.write({"order_line": [Command.create({"product_id": variant.id})]})
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": self.env._(
                    "%s is on the quotation.", self.product_tmpl_id.display_name
                ),
                "type": "success",
            },
        }

    def _check_may_add(self, order):
        """Refuse orders of others, of other customers, and closed ones."""
        if not order:
            raise AccessError(self.env._("Open this list from a quotation to add it."))
        order.check_access("write")
        if order.state not in ("draft", "sent"):
            raise UserError(
                self.env._("Products are added to a quotation, not to an order.")
            )
        is_own = order.partner_id.commercial_partner_id == self.partner_id
        if not is_own or order.company_id != self.company_id:
            raise UserError(
                self.env._("This quotation is for another customer or company.")
            )
        if not self.is_offered:
            raise UserError(
                self.env._(
                    "%s cannot be sold today.", self.product_tmpl_id.display_name
                )
            )
