"""Builders for the tests of products: sales in one line each."""

from datetime import date

from odoo import fields

from ..common import AS_OF, ClassificationCase


class ProductCase(ClassificationCase):
    """The company of the tests with a rule book that judges from one month on."""

    policy_values = {"product_min_months": 3, "product_new_days": 0}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # Other records in the database are not looked at.
        others = cls.env["product.template"].search([])
        others.sale_ok = False
        cls.customer = cls._customer("Buyer")

    @classmethod
    def _product(cls, name="Product", price=10, **values):
        """A product of one variant, for sale, untaxed."""
        return cls.env["product.template"].create(
            {"name": name, "list_price": price, "taxes_id": False, **values}
        )

    @classmethod
    def _sell(cls, product, day, amount, quantity=1, **values):
        """Create an order of one line: a quantity for a total amount."""
        return cls._order_of([(product, quantity, amount)], day, **values)

    @classmethod
    def _variant(cls, product):
        is_variant = product._name == "product.product"
        return product if is_variant else product.product_variant_id

    @classmethod
    def _order_of(cls, lines, day, **values):
        """An order of ``(product or variant, quantity, amount)`` lines."""
        return cls._order(
            cls.customer,
            day,
            0,
            **{
                "order_line": [
                    fields.Command.create(
                        {
                            "product_id": cls._variant(product).id,
                            "product_uom_qty": quantity,
                            "price_unit": amount / quantity if quantity else 0,
                            "tax_ids": False,
                        }
                    )
                    for product, quantity, amount in lines
                ],
                **values,
            },
        )

    @classmethod
    def _months(cls, first=(2024, 7), count=12):
        """Return the 15th of consecutive months."""
        start = first[0] * 12 + first[1] - 1
        return [
            date(number // 12, number % 12 + 1, 15)
            for number in range(start, start + count)
        ]

    @classmethod
    def _classify(cls, as_of_date=AS_OF, policy=None):
        run = (policy or cls.company._get_customer_policy()).recompute_products(
            as_of_date=as_of_date
        )
        if run.state != "done":
            raise AssertionError(f"The run is {run.state}: {run.error}")
        return run

    @classmethod
    def _class_of(cls, product, company=None):
        return (
            cls.env["product.profile"]
            .with_context(active_test=False)
            .search(
                [
                    ("product_tmpl_id", "=", product.id),
                    ("company_id", "=", (company or cls.company).id),
                ]
            )
        )
