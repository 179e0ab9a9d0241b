from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.customer_classification.models.common.access_groups import MONEY_GROUP
from odoo.addons.customer_classification.models.common.searched_values import (
    searched_by_sql,
)
from odoo.addons.customer_classification.models.product.product_profile import (
    ADDED_WITHIN,
)

# Field: the column of the sums by product and company.
STOCK_COLUMNS = {"stock_quantity": "quantity", "stock_value": "amount"}
STOCK = """
    SELECT p.product_tmpl_id, q.company_id, sum(q.quantity)::float8 AS quantity,
           round(sum(CASE WHEN q.owner_id IS NULL OR q.owner_id = c.partner_id
               THEN q.quantity * COALESCE(
                   p.standard_price->>(q.company_id::text), '0')::numeric
               ELSE 0 END)::numeric, u.decimal_places) AS amount
      FROM stock_quant q
      JOIN stock_location l ON l.id = q.location_id AND l.usage = 'internal'
      JOIN res_company c ON c.id = q.company_id
      JOIN res_currency u ON u.id = c.currency_id
      JOIN product_product p ON p.id = q.product_id
     WHERE %s
     GROUP BY p.product_tmpl_id, q.company_id, u.decimal_places
"""


class ProductProfile(models.Model):
    """Stock of a product in the company's internal locations.

    With its value at today's cost.

    Nothing is stored: stock moves all day. The fields are read, searched, sorted and
    summed up through one join with the sums of ``stock_quant``. Stock owned by
    somebody else, in consignment, is a quantity without a value.
    """

    _inherit = "product.profile"
    _added_within = {**ADDED_WITHIN, "stock_quantity": "uom_id"}

    stock_quantity = fields.Float(
        string="In Stock",
        compute="_compute_stock",
        search="_search_stock_quantity",
        compute_sudo=True,
        digits="Product Unit",
        help="On hand now in the internal locations of the company, in the product's "
        "own unit.",
    )
    stock_value = fields.Monetary(
        compute="_compute_stock",
        search="_search_stock_value",
        compute_sudo=True,
        groups=MONEY_GROUP,
        help="What is on hand and belongs to the company, at today's cost.",
    )

    @api.depends("product_tmpl_id", "company_id")
    def _compute_stock(self):
        """Compute both numbers of all profiles.

        One query.
        """
        sums = self._stock_query(
            SQL(
                "p.product_tmpl_id = ANY(%s) AND q.company_id = ANY(%s)",
                self.product_tmpl_id.ids,
                self.company_id.ids,
            )
        )
        found = {
            (product, company): numbers
            for product, company, *numbers in self.env.execute_query(sums)
        }
        for profile in self:
            key = profile.product_tmpl_id.id, profile.company_id.id
            profile.stock_quantity, profile.stock_value = found.get(key, (0, 0))

    @api.model
    def _stock_query(self, condition):
        """SQL of product, company, quantity and value."""
        self.env["stock.quant"].flush_model()
        self.env["product.product"].flush_model(["standard_price"])
        return SQL(STOCK, condition)

    def _stock_join(self, alias, query):
        """Join the sums to a query on profiles, once; return their alias."""
        joined = query.make_alias(alias, "stock")
        query.add_join(
            "LEFT JOIN",
            joined,
            SQL("(%s)", self._stock_query(SQL("TRUE"))),
            SQL(" AND ").join(
                SQL("%s = %s", SQL.identifier(joined, key), SQL.identifier(alias, key))
                for key in ("product_tmpl_id", "company_id")
            ),
        )
        return joined

    def _field_to_sql(self, alias, field_expr, query=None):
        """Return SQL of the stock numbers by that join; 0 without stock."""
        column = STOCK_COLUMNS.get(field_expr)
        if column is None or query is None:
            return super()._field_to_sql(alias, field_expr, query)
        self._check_field_access(self._fields[field_expr], "read")
        joined = self._stock_join(alias, query)
        return SQL("COALESCE(%s, 0)", SQL.identifier(joined, column))

    @api.model
    def _search_stock_quantity(self, operator, value):
        return searched_by_sql(self, "stock_quantity", operator, value)

    @api.model
    def _search_stock_value(self, operator, value):
        return searched_by_sql(self, "stock_value", operator, value)
