"""Real order lines in a company of its own, and a second computation.

The classes of the products are worked out once more by plain pandas.
"""

import numpy as np
import pandas as pd

from odoo.tests import TransactionCase
from odoo.tools import SQL


class RealSalesCase(TransactionCase):
    """One data set as confirmed orders, under the default policy of the addon."""

    title = ""
    as_of_date = None
    currency = ""

    @classmethod
    def read_lines(cls):
        """Return ``order, day, customer, product, quantity, amount`` as a frame.

        An empty product is a line without one.

        :raises unittest.SkipTest: the data are not on this machine
        """
        raise NotImplementedError

    @classmethod
    def costs(cls):
        """Series of the cost by product."""
        return pd.Series(dtype="float64")

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lines = cls.read_lines()
        currency = cls.env.ref(f"base.{cls.currency}")
        currency.active = True
        cls.company = cls.env["res.company"].create(
            {"name": cls.title, "currency_id": currency.id, "country_id": False}
        )
        cls.env.user.company_ids |= cls.company
        context = {"tracking_disable": True, "allowed_company_ids": cls.company.ids}
        cls.env = cls.env(context={**cls.env.context, **context})
        cls.company = cls.company.with_env(cls.env)
        cls.env["product.template"].search([]).sale_ok = False
        cls.products = cls._load_products()
        cls.customers = cls._load_customers()
        cls._load_lines()
        cls.policy = cls.company._get_customer_policy()

    @classmethod
    def _load_products(cls):
        """``{name: product.product id}``."""
        names = sorted(set(cls.lines["product"]) - {""})
        costs = cls.costs()
        products = (
            cls.env["product.product"]
            .with_context(create_product_product=False)
            .create(
                [
                    {
                        "name": name,
                        "taxes_id": False,
                        "standard_price": float(costs.get(name, 0)),
                    }
                    for name in names
                ]
            )
        )
        return dict(zip(names, products.ids, strict=True))

    @classmethod
    def _load_customers(cls):
        names = sorted(set(cls.lines["customer"]))
        partners = cls.env["res.partner"].create([{"name": name} for name in names])
        return dict(zip(names, partners.ids, strict=True))

    @classmethod
    def _load_lines(cls):
        """Copies of one order and one line, in SQL: by the ORM it takes minutes."""
        pattern = cls.env["sale.order"].create(
            {
                "partner_id": next(iter(cls.customers.values())),
                "company_id": cls.company.id,
                "order_line": [
                    (0, 0, {"product_id": next(iter(cls.products.values()))})
                ],
            }
        )
        cls.env.flush_all()
        cls._trust_references()
        orders = cls.lines.groupby("order", sort=False).agg(
            {"day": "first", "customer": "first", "amount": "sum"}
        )
        ids = cls._copies(
            pattern,
            {
                "date_order": ("timestamp", orders["day"].tolist()),
                "partner_id": ("integer", orders["customer"].map(cls.customers)),
                "amount_untaxed": ("numeric", orders["amount"]),
                "state": ("varchar", ["sale"] * len(orders)),
            },
        )
        # Else a foreign key is checked as in tables as small as they were.
        cls.env.cr.execute("ANALYZE res_partner, product_product, sale_order")
        places = pd.Series(ids, orders.index)
        products = [cls.products.get(name) for name in cls.lines["product"]]
        cls._copies(
            pattern.order_line,
            {
                "order_id": ("integer", cls.lines["order"].map(places)),
                "product_id": ("integer", products),
                "product_uom_qty": ("numeric", cls.lines["quantity"]),
                "price_subtotal": ("numeric", cls.lines["amount"]),
                "order_partner_id": (
                    "integer",
                    cls.lines["customer"].map(cls.customers),
                ),
                "state": ("varchar", ["sale"] * len(cls.lines)),
            },
        )
        cls._trust_references(False)
        cls.env.cr.execute("ANALYZE sale_order, sale_order_line")
        cls.env.invalidate_all()

    @classmethod
    def _trust_references(cls, trusted=True):
        """Let PostgreSQL check no foreign key.

        For half a million copies of one line the check takes longer than all the rest.
        Only its superuser may turn it off.
        """
        [(may,)] = cls.env.execute_query(
            SQL("SELECT usesuper FROM pg_user WHERE usename = current_user")
        )
        if may:
            role = SQL("replica" if trusted else "origin")
            cls.env.cr.execute(SQL("SET LOCAL session_replication_role = %s", role))

    @classmethod
    def _copies(cls, record, columns):
        """Insert copies of a record that differ in some columns; return their ids."""
        own = ("id", *columns)
        others = [
            SQL.identifier(name)
            for name, field in record._fields.items()
            if field.store and field.column_type and name not in own
        ]
        rows = cls.env.execute_query(
            SQL(
                """
                INSERT INTO %(table)s (%(own)s, %(others)s)
                SELECT %(new)s, %(values)s
                  FROM %(table)s p, unnest(%(arrays)s) WITH ORDINALITY AS n(%(own)s, o)
                 WHERE p.id = %(pattern)s ORDER BY n.o
             RETURNING id
                """,
                table=SQL.identifier(record._table),
                own=SQL(", ").join(map(SQL.identifier, columns)),
                others=SQL(", ").join(others),
                new=SQL(", ").join(SQL.identifier("n", name) for name in columns),
                values=SQL(", ").join(SQL("p.%s", name) for name in others),
                arrays=SQL(", ").join(
                    SQL("%s::%s[]", list(values), SQL(kind))
                    for kind, values in columns.values()
                ),
                pattern=record.id,
            )
        )
        return [row[0] for row in rows]

    # The same once more

    def _in_window(self):
        end = pd.Timestamp(self.as_of_date)
        start = end - pd.DateOffset(months=12)
        lines = self.lines[self.lines["product"] != ""]
        days = lines["day"].dt.normalize()
        return lines[(days > start) & (days <= end)]

    def _abc_by_hand(self, values):
        """Return ``{product: class}`` from a series of revenues."""
        values = values.round(2)
        total = values[values > 0].sum()
        classes = {}
        for product, value in values.items():
            before = values[values > value].sum() / total if value > 0 else 1
            place = "a" if before < 0.8 else "b" if before < 0.95 else "c"
            classes[product] = place
        return classes

    def _xyz_by_hand(self):
        """``{product: class}`` over the full months of the window."""
        lines = self.lines[self.lines["product"] != ""]
        month = lines["day"].dt.to_period("M")
        end = (pd.Timestamp(self.as_of_date) + pd.Timedelta(days=1)).to_period("M") - 1
        real = lines["quantity"] > 0
        first = month[real].groupby(lines["product"][real]).min()
        table = lines.pivot_table(
            index="product", columns=month, values="quantity", aggfunc="sum"
        ).fillna(0)
        classes = {}
        for product, start in first.items():
            start = max(start, end - 11)
            months = pd.period_range(start, end, freq="M")
            demand = table.loc[product].reindex(months, fill_value=0)
            if len(months) < 6 or not demand.any():
                continue
            mean = demand.mean()
            cv = np.std(demand) / mean if mean > 0 else np.inf
            classes[product] = "x" if cv <= 0.5 else "y" if cv <= 1 else "z"
        return classes

    def _found(self, field):
        """``{product: class}`` of the profiles."""
        names = {}
        variants = self.env["product.product"].browse(self.products.values())
        for name, variant in zip(self.products, variants, strict=True):
            names[variant.product_tmpl_id.id] = name
        profiles = self.env["product.profile"].search(
            [("company_id", "=", self.company.id)]
        )
        return {
            names[profile.product_tmpl_id.id]: profile[field]
            for profile in profiles
            if profile[field]
        }
