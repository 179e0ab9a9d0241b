from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..common.access_groups import USER_GROUP
from ..common.profiling import OBJECTING
from ..common.searched_values import asks_for_none, ids_among, searched_by_sql


class CustomerBoughtMixin(models.AbstractModel):
    """Buying habits of a customer, read from the lines of its documents.

    The documents are those that the policy of the current company counts, in its
    window. Discounts come from the lines of confirmed orders, the only ones that have
    them.

    Nothing is stored; a search is one condition with one walk through the lines.
    """

    _name = "customer.bought.mixin"
    _inherit = "classification.sql.fields.mixin"
    _description = "What a Customer Buys"

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
    customer_frequent_categ_id = fields.Many2one(
        "product.category",
        string="Category Bought Most Often",
        compute="_compute_customer_bought",
        search="_search_customer_frequent_categ_id",
        compute_sudo=True,
        groups=USER_GROUP,
        help="The category bought most often in the window; among equals the one known "
        "for longest.",
    )
    customer_discount_percent = fields.Float(
        string="Bought at a Discount (%)",
        aggregator=None,
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
        """Compute all with three queries, besides those that read the policy."""
        customers = self._shown_customers()
        rows = self._customer_categories(customers.ids) if customers else []
        bought = {}
        for customer, category, *__ in rows:
            bought.setdefault(customer, []).append(category)
        favourites = self._favourites_of(rows)
        discounts = self._customer_discounts(customers.ids) if customers else {}
        for partner in self:
            customer = partner.commercial_partner_id.id
            favourite, frequent = favourites.get(customer, (False, False))
            partner.customer_bought_categ_ids = bought.get(customer, [])
            partner.customer_favourite_categ_id = favourite
            partner.customer_frequent_categ_id = frequent
            partner.customer_discount_percent = discounts.get(customer, 0)

    @api.model
    def _customer_favourites(self, ids):
        """Return the favourite categories of customers in the current company.

        ``{customer: (category of most money, category bought most often)}``. One query.
        """
        return self._favourites_of(self._customer_categories(ids))

    @api.model
    def _favourites_of(self, rows):
        """Return the favourite categories among the rows of one customer.

        On a tie, the older category; False if nothing was spent.
        """
        favourites = {}
        for customer, category, amount, times in rows:
            favourite, frequent = favourites.get(customer, ((0, False), (0, False)))
            favourites[customer] = (
                max(favourite, (amount, category), key=lambda pair: pair[0]),
                max(frequent, (times, category), key=lambda pair: pair[0]),
            )
        return {
            customer: (favourite[1], frequent[1])
            for customer, (favourite, frequent) in favourites.items()
        }

    @api.model
    def _customer_categories(self, ids):
        """Return rows ``(customer, category, amount, times)``.

        Older categories come first. One query.
        """
        return self.env.execute_query(
            SQL("%s ORDER BY customer, category", self._categories_query(ids))
        )

    @api.model
    def _categories_query(self, ids=None):
        """Return SQL of the purchases by customer and category.

        :param ids: ids of customers, all by default

        Columns: customer, category, amount net of returns, times. A product of which
        everything was returned does not count as bought.
        """
        return SQL(
            """
            SELECT c.commercial_partner_id AS customer, t.categ_id AS category,
                   sum(l.amount) AS amount,
                   count(*) FILTER (WHERE l.quantity > 0) AS times
              FROM (%(lines)s) l
              JOIN res_partner c ON c.id = l.partner_id
              JOIN product_product p ON p.id = l.product_id
              JOIN product_template t ON t.id = p.product_tmpl_id
             WHERE l.company_id = %(company)s AND t.categ_id IS NOT NULL
               AND c.commercial_partner_id NOT IN %(objecting)s
             GROUP BY c.commercial_partner_id, t.categ_id
            HAVING sum(l.quantity) > 0
            """,
            lines=self.env["classification.product.facts"]._window_lines(
                self.env.company, ids
            ),
            company=self.env.company.id,
            objecting=OBJECTING,
        )

    @api.model
    def _customer_discounts(self, ids):
        query = self._discounts_query(SQL("c.commercial_partner_id = ANY(%s)", ids))
        return dict(self.env.execute_query(query))

    @api.model
    def _discounts_query(self, condition):
        """SQL of the discount of each customer, with the decimals that are shown."""
        return SQL(
            "SELECT customer, %s AS percent FROM (%s) l GROUP BY customer",
            _DISCOUNT,
            self._customer_lines(condition),
        )

    @api.model
    def _customer_lines(self, condition):
        """Return SQL of the order lines in the window with their discounts.

        Columns: customer, amount at list price, discount granted.
        """
        company = self.env.company
        policy = company._get_customer_policy()
        return SQL(
            """
            SELECT c.commercial_partner_id AS customer,
                   s.price_unit * s.product_uom_qty AS full_price,
                   s.price_unit * s.product_uom_qty * s.discount / 100 AS let_off
              FROM sale_order o
              JOIN res_partner c ON c.id = o.partner_id
              JOIN sale_order_line s ON s.order_id = o.id
             WHERE o.state = 'sale' AND o.company_id = %(company)s
               AND s.product_id IS NOT NULL
               AND %(is_sold)s AND s.product_uom_qty > 0
               AND o.date_order
                   > now() AT TIME ZONE 'UTC' - %(window)s * interval '1 month'
               AND c.commercial_partner_id NOT IN %(objecting)s AND %(condition)s
               AND %(matching)s
            """,
            matching=policy._matching("sale_domain", SQL("o.id"), policy._today()),
            company=company.id,
            objecting=OBJECTING,
            is_sold=self.env["classification.source"]._is_sold(SQL("s")),
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
            operator, value, _FIRST_CATEGORY.format(size="amount")
        )

    @api.model
    def _search_customer_frequent_categ_id(self, operator, value):
        return self._search_categories(
            operator, value, _FIRST_CATEGORY.format(size="times")
        )

    @api.model
    def _search_categories(self, operator, value, statement):
        if operator in ("any", "any!"):
            value = self.env["product.category"].search(Domain(value)).ids
        elif operator in ("child_of", "parent_of"):
            value = self.env["product.category"].search([("id", operator, value)]).ids
        elif operator != "in":
            return NotImplemented
        ids = ids_among(value)
        lines = self._categories_query()
        found = self._customers_among(SQL(statement, lines, ids))
        if not asks_for_none(value):
            return found
        everybody = SQL("SELECT customer FROM (%s) l", lines)
        return found | ~self._customers_among(everybody)

    @api.model
    def _search_customer_discount_percent(self, operator, value):
        return searched_by_sql(self, "customer_discount_percent", operator, value)

    @api.model
    def _customer_sql_fields(self):
        return {
            **super()._customer_sql_fields(),
            "customer_discount_percent": self._customer_discount_sql,
        }

    @api.model
    def _customer_discount_sql(self, alias, query):
        """Return SQL of the discount of each customer, 0 without purchases."""
        joined = query.make_alias(alias, "customer_discount")
        query.add_join(
            "LEFT JOIN",
            joined,
            SQL("(%s)", self._discounts_query(SQL("TRUE"))),
            SQL(
                "%s = %s",
                SQL.identifier(joined, "customer"),
                self._field_to_sql(alias, "commercial_partner_id", query),
            ),
        )
        return SQL("COALESCE(%s, 0)", SQL.identifier(joined, "percent"))

    @api.model
    def _customers_among(self, select):
        """Return the domain of contacts whose customer is in a select.

        Only users with access to what customers buy get it.
        """

        def to_sql(model, alias, query):
            field = model._fields["customer_bought_categ_ids"]
            model._check_field_access(field, "read")
            column = model._field_to_sql(alias, "commercial_partner_id", query)
            return SQL("(%s IN (%s))", column, select)

        return Domain.custom(to_sql=to_sql)


_DISCOUNT = SQL(
    "round(COALESCE(100 * sum(let_off) / NULLIF(sum(full_price), 0), 0)::numeric, 1)"
    "::float8"
)
# Customers whose first category by a column is among given ones.
_FIRST_CATEGORY = """
    SELECT customer FROM (
        SELECT DISTINCT ON (customer) customer, category
          FROM (%s) l WHERE {size} > 0
         ORDER BY customer, {size} DESC, category) first
     WHERE category = ANY(%s)
"""
