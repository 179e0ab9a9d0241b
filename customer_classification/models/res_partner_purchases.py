from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .res_partner import USER_GROUP


class ResPartner(models.Model):
    """What a customer buys, as far as rules and filters ask for it: read from the lines
    of the confirmed orders of the current company, in the window of its policy.

    Nothing is stored; a search is one condition with one walk through the lines.
    """

    # One file for each idea of a contact.
    _inherit = "res.partner"  # pylint: disable=consider-merging-classes-inherited

    customer_bought_categ_ids = fields.Many2many(
        "product.category",
        string="Bought Categories",
        compute="_compute_customer_bought",
        search="_search_customer_bought_categ_ids",
        compute_sudo=True,
        groups=USER_GROUP,
        help="Categories of the products bought in the window.",
    )
    customer_favourite_categ_id = fields.Many2one(
        "product.category",
        string="Favourite Category",
        compute="_compute_customer_bought",
        search="_search_customer_favourite_categ_id",
        compute_sudo=True,
        groups=USER_GROUP,
        help="The category on which most was spent in the window; among equals the one "
        "known for longest.",
    )
    customer_discount_percent = fields.Float(
        string="Bought at a Discount (%)",
        compute="_compute_customer_bought",
        search="_search_customer_discount_percent",
        compute_sudo=True,
        digits=(5, 1),
        groups=USER_GROUP,
        help="Which part of the list price was let off, over all that was bought in "
        "the window.",
    )

    @api.depends_context("company")
    def _compute_customer_bought(self):
        """Two queries."""
        customers = self.commercial_partner_id
        spent = self._customer_spent(customers.ids) if customers else []
        bought, favourite = {}, {}
        for partner, category, __ in spent:
            bought.setdefault(partner, []).append(category)
            favourite.setdefault(partner, category)
        discounts = self._customer_discounts(customers.ids) if customers else {}
        for partner in self:
            customer = partner.commercial_partner_id.id
            partner.customer_bought_categ_ids = bought.get(customer, [])
            partner.customer_favourite_categ_id = favourite.get(customer)
            partner.customer_discount_percent = discounts.get(customer, 0)

    @api.model
    def _customer_spent(self, ids):
        """``(customer, category, amount)``, the most first: one query."""
        return self.env.execute_query(
            SQL(
                "SELECT customer, category, sum(amount) FROM (%s) l"
                " GROUP BY customer, category"
                " ORDER BY customer, sum(amount) DESC, category",
                self._customer_lines(SQL("c.commercial_partner_id = ANY(%s)", ids)),
            )
        )

    @api.model
    def _customer_discounts(self, ids):
        return dict(
            self.env.execute_query(
                SQL(
                    "SELECT customer, %s FROM (%s) l GROUP BY customer",
                    _DISCOUNT,
                    self._customer_lines(SQL("c.commercial_partner_id = ANY(%s)", ids)),
                )
            )
        )

    @api.model
    def _customer_lines(self, condition):
        """SQL of the lines bought in the window: customer, category, what was paid and
        what the list price would have been."""
        company = self.env.company
        policy = company._get_customer_policy()
        return SQL(
            """
            SELECT c.commercial_partner_id AS customer, t.categ_id AS category,
                   s.price_subtotal / COALESCE(NULLIF(o.currency_rate, 0), 1) AS amount,
                   s.price_unit * s.product_uom_qty AS full_price,
                   s.price_unit * s.product_uom_qty * s.discount / 100 AS let_off
              FROM sale_order o
              JOIN res_partner c ON c.id = o.partner_id
              JOIN sale_order_line s ON s.order_id = o.id
              JOIN product_product p ON p.id = s.product_id
              JOIN product_template t ON t.id = p.product_tmpl_id
             WHERE o.state = 'sale' AND o.company_id = %(company)s
               AND s.display_type IS NULL AND s.is_downpayment IS NOT TRUE
               AND s.product_uom_qty > 0
               AND o.date_order
                   > now() AT TIME ZONE 'UTC' - %(window)s * interval '1 month'
               AND %(condition)s
            """,
            company=company.id,
            window=policy.window_months or 12,
            condition=condition,
        )

    @api.model
    def _search_customer_bought_categ_ids(self, operator, value):
        return self._search_categories(
            operator, value, "SELECT customer FROM (%s) l WHERE category = ANY(%s)"
        )

    @api.model
    def _search_customer_favourite_categ_id(self, operator, value):
        return self._search_categories(
            operator,
            value,
            """
            SELECT customer FROM (
                SELECT DISTINCT ON (customer) customer, category
                  FROM (SELECT customer, category, sum(amount) AS spent FROM (%s) l
                         GROUP BY customer, category) g
                 ORDER BY customer, spent DESC, category) favourite
             WHERE category = ANY(%s)
            """,
        )

    @api.model
    def _search_categories(self, operator, value, statement):
        if operator in ("any", "any!"):
            value = self.env["product.category"].search(Domain(value)).ids
        elif operator in ("child_of", "parent_of"):
            value = self.env["product.category"].search([("id", operator, value)]).ids
        elif operator != "in":
            return NotImplemented
        ids = [item for item in value if item]
        lines = self._customer_lines(SQL("TRUE"))
        found = self._customers_among(SQL(statement, lines, ids))
        if len(ids) == len(list(value)):
            return found
        everybody = SQL("SELECT customer FROM (%s) l", lines)
        return found | ~self._customers_among(everybody)

    @api.model
    def _search_customer_discount_percent(self, operator, value):
        signs = {"<": SQL("<"), "<=": SQL("<="), ">": SQL(">"), ">=": SQL(">=")}
        if operator not in signs:
            return NotImplemented
        return self._customers_among(
            SQL(
                "SELECT customer FROM (%s) l GROUP BY customer HAVING %s %s %s",
                self._customer_lines(SQL("TRUE")),
                _DISCOUNT,
                signs[operator],
                value,
            )
        )

    @api.model
    def _customers_among(self, select):
        """The domain of contacts whose customer is among those of a select, for who
        may read what customers buy."""

        def to_sql(model, alias, query):
            field = model._fields["customer_bought_categ_ids"]
            model._check_field_access(field, "read")
            column = model._field_to_sql(alias, "commercial_partner_id", query)
            return SQL("(%s IN (%s))", column, select)

        return Domain.custom(to_sql=to_sql)


_DISCOUNT = SQL("COALESCE(100 * sum(let_off) / NULLIF(sum(full_price), 0), 0)::float8")
