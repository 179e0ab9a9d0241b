from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.i18n import format_list

from ..common.access_groups import SALES_GROUP
from ..common.language import known_language
from ..common.searched_values import asks_for_none, ids_among

# Products that a placeholder names.
NAMED = 3
_TOLD = [("kind", "in", ("due", "new")), ("is_offered", "=", True)]


class ResPartner(models.Model):
    """Next products of a contact in the current company.

    Due again or new, and for sale today; what was stopped is not among it.
    """

    _name = "res.partner"
    _inherit = ["res.partner"]

    customer_next_product_ids = fields.Many2many(
        "product.template",
        string="Next Products",
        compute="_compute_customer_next_products",
        search="_search_customer_next_product_ids",
        groups=SALES_GROUP,
        help="Products that are due again, and what those buy who buy the same.",
    )
    customer_next_product_text = fields.Char(
        string="Next Products (Text)",
        compute="_compute_customer_next_products",
        groups=SALES_GROUP,
        help="The names of the three most likely ones in the contact's language, as a "
        "placeholder in mailings.",
    )

    @api.depends("commercial_partner_id", "lang")
    @api.depends_context("company", "lang", "uid")
    def _compute_customer_next_products(self):
        """One query, and those of the products for each language of contacts."""
        customers = self._shown_customers()
        rows = self.env["customer.next.product"].search(
            [*self._next_product_domain(), ("partner_id", "in", customers.ids)],
            order="partner_id, kind, rank, id",
        )
        of_customer = rows.grouped("partner_id")
        for partner in self:
            own = of_customer.get(partner.commercial_partner_id, rows.browse())
            products = own.product_tmpl_id
            partner.customer_next_product_ids = products
            partner.customer_next_product_text = partner._named_for_contact(products)

    def _named_for_contact(self, products):
        """Return the names of the first products in the language of the contact."""
        lang = known_language(self.env, self.lang)
        named = products[:NAMED].with_context(lang=lang)
        return bool(named) and format_list(named.env, named.mapped("name"))

    @api.model
    def mail_allowed_qweb_expressions(self):
        """Let also those write the placeholder who may not write any other code."""
        expressions = super().mail_allowed_qweb_expressions()
        return (*expressions, "object.customer_next_product_text")

    @api.model
    def _next_product_domain(self):
        """Return the domain of the rows that contacts show."""
        return [*_TOLD, ("company_id", "=", self.env.company.id)]

    @api.model
    def _search_customer_next_product_ids(self, operator, value):
        products = self.env["product.template"]
        if operator in ("any", "any!"):
            value = products.search(Domain(value)).ids
        elif operator != "in":
            return NotImplemented
        domain = Domain(self._next_product_domain())
        ids = ids_among(value)
        found = self._with_next_products(domain & Domain("product_tmpl_id", "in", ids))
        if not asks_for_none(value):
            return found
        return found | ~self._with_next_products(domain)

    @api.model
    def _with_next_products(self, domain):
        """Return the domain of contacts whose customer has rows of a domain.

        Only users with access to next products get it.
        """

        def to_sql(model, alias, query):
            field = model._fields["customer_next_product_ids"]
            model._check_field_access(field, "read")
            rows = model.env["customer.next.product"]._search(domain)
            column = model._field_to_sql(alias, "commercial_partner_id", query)
            return SQL("(%s IN %s)", column, rows.subselect("partner_id"))

        return Domain.custom(to_sql=to_sql)
