import math
from dataclasses import replace
from typing import NamedTuple

from odoo import api, fields, models
from odoo.tools import SQL

from ...copy_frames import (
    NO_DAY,
    TOO_LARGE,
    null_free_day,
    null_free_float,
    read_frame,
    usable_float,
)
from ..source.classification_source import FIRST_PLAUSIBLE_DAY, Since
from .columns import CLASSES
from .product_profile import CLASS_FIELDS, SHADOW_FIELDS

SOLD = {
    "product_id": "int",
    "period": "int",
    "revenue": "float",
    "quantity": "float",
    "cost": "float",
    "uncosted": "float",
    "line_count": "int",
    "first_day": "day",
    "last_day": "day",
}
VARIANT = {"id": "int", "product": "int", "cost": "float", "active": "bool"}


def _code_by_numbers(axis):
    """Return SQL of the engine's code of a computed class so far."""
    return SQL(
        "array_position(%s::text[],"
        " (CASE WHEN f.is_overridden THEN %s ELSE %s END)::text)",
        list(CLASSES[axis]),
        SQL.identifier("f", SHADOW_FIELDS[axis]),
        SQL.identifier("f", CLASS_FIELDS[axis]),
    )


# Columns read of each product, {column: (kind on the wire, SQL)}: t is the product, u
# its unit, f its profile so far.
PRODUCT = {
    "category": ("int", SQL("COALESCE(t.categ_id, 0)")),
    "active": ("bool", SQL("COALESCE(t.active, FALSE)")),
    "factor": ("float", SQL("COALESCE(u.factor, 1)")),
    "has_profile": ("bool", SQL("f.id IS NOT NULL")),
    **{axis: ("int", _code_by_numbers(axis)) for axis in CLASSES},
    "abc_below_since": ("day", SQL("f.abc_below_since")),
    "xyz_above_since": ("day", SQL("f.xyz_above_since")),
    "policy": ("int", SQL("f.policy_id")),
    "lifetime_line_count": ("int", SQL("f.lifetime_line_count")),
    "lifetime_revenue": ("float", SQL("COALESCE(f.lifetime_revenue, 0)")),
    "list_price": ("float", SQL("COALESCE(f.list_price, 0)")),
    "is_sellable": ("bool", SQL("f.is_sellable")),
    "content_hash": ("big", SQL("f.content_hash")),
}
# Memory of the database for one aggregate. With more, the hash table does not fit the
# processor's cache and takes longer than one that spills to disk.
WORK_MEM = "64MB"


class Split(NamedTuple):
    """Sales by variant.

    The engine's ``Sold`` of all variants, the product of each, and whether it has
    several variants.
    """

    sold: tuple
    product: object
    is_one_of_several: object


class ProductState(NamedTuple):
    """Input of a run over products.

    The engine's ``Sold``; a frame with the state of each product, and one with the
    former classes; ids of products with a profile that are neither sold nor for sale; a
    :class:`Split`, or None; and ``[(product, reason, lines)]`` of the excluded ones.
    """

    sold: tuple
    products: object
    previous: object
    gone: list
    split: object
    problems: list


class ClassificationProductFacts(models.AbstractModel):
    """Sales of each product up to a day, beside its former classes.

    *How it works*: the sources give selects of lines; one aggregate over them, by
    variant and period, leaves the database. Variants are rolled up to their product in
    memory, where quantities become those of the product's unit and costs that the
    documents lack are added.

    *Query budget*: seven, whatever the number of products and lines.
    """

    _name = "classification.product.facts"
    _description = "Facts about Products"

    @api.model
    def _read(self, policy, parameters, as_of_date, product_ids=None):
        """The :class:`ProductState` of a company's products.

        :param product_ids: the only products that are read, all by default
        """
        import pandas as pd

        from ...engine import PRODUCT_PREVIOUS, Periods, product_facts

        self.env.flush_all()
        variants = self._read_variants(policy.company_id, product_ids)
        scope = self.env["classification.facts"]._scope(policy, as_of_date)
        if product_ids is not None:
            scope = replace(scope, variant_ids=tuple(variants.index.tolist()))
        window_start = policy._parameters().window_start(as_of_date)
        periods = Periods(as_of_date, window_start, parameters)
        products, previous = self._read_products(policy, as_of_date, product_ids)
        rows = pd.DataFrame(self._read_sold(policy, scope, periods), copy=False)
        rows = self._by_product(rows, products["factor"], variants)
        problems = self._problems(rows, products, variants)
        products, previous, rows, variants = self._without(
            {product for product, *__ in problems}, products, previous, rows, variants
        )
        sold = rows["product"].unique()
        kept = products["is_offered"] | products.index.isin(sold)
        gone = products.index[products["has_profile"] & ~kept]
        products, previous = products[kept], previous[kept]
        facts = product_facts(rows, products, periods, parameters)
        days = ("abc_below_since", "xyz_above_since")
        previous = previous.assign(
            **{name: _day_numbers(previous[name]) for name in days}
        )
        previous = previous[[*PRODUCT_PREVIOUS, "content_hash"]]
        split = self._split(rows, products, variants, periods, parameters)
        return ProductState(facts, products, previous, gone.tolist(), split, problems)

    @api.model
    def _problems(self, rows, products, variants):
        """Return products with unusable numbers.

        ``[(product, reason, lines)]``; without products that are neither offered, sold
        nor classified.
        """
        import numpy as np

        looked_at = products["is_offered"] | products["has_profile"]
        looked_at |= products.index.isin(rows["product"])
        amounts = rows[["revenue", "quantity"]].isna().any(axis=1)
        early = rows["first_day"] < np.datetime64(FIRST_PLAUSIBLE_DAY)
        early |= rows["first_day"].isna() & (rows["line_count"] > 0)
        factor = products["factor"]
        found = {
            "bad_unit": products.index[~(factor > 0)],
            "bad_price": products.index[products["list_price"].isna()],
            "bad_cost": variants["product"][variants["cost"].isna()],
            "bad_date": rows["product"][early],
        }
        convertible = rows["product"].isin(products.index[factor > 0])
        found["bad_line"] = rows["product"][amounts & convertible]
        known = set(products.index[looked_at])
        return [
            (product, reason, 0)
            for reason, ids in found.items()
            for product in sorted(known.intersection(np.unique(ids).tolist()))
        ]

    @api.model
    def _without(self, set_aside, products, previous, rows, variants):
        """Return the same frames without excluded products."""
        if not set_aside:
            return products, previous, rows, variants
        kept = ~products.index.isin(set_aside)
        return (
            products[kept],
            previous[kept],
            rows[~rows["product"].isin(set_aside)],
            variants[~variants["product"].isin(set_aside)],
        )

    @api.model
    def _split(self, rows, products, variants, periods, parameters):
        """Return the :class:`Split` of the sales by variant.

        None where no product has several variants.
        """
        import numpy as np

        from ...engine import product_facts

        place = products.index.get_indexer(variants["product"])
        sold = variants.index.isin(rows["product_id"].unique())
        kept = (place >= 0) & (variants["active"].to_numpy() | sold)
        place, own = place[kept], variants[kept]
        several = np.bincount(place, minlength=len(products))[place] > 1
        if not several.any():
            return None
        frame = products[["category", "list_price", "is_sellable"]]
        frame = frame.take(place).set_axis(own.index)
        rows = rows.assign(product=rows["product_id"])
        facts = product_facts(rows, frame, periods, parameters)
        return Split(facts, own["product"], several)

    # Changes

    @api.model
    def _changed_product_ids(self, policy, scope, last):
        """Return the ids of the products to look at again: one query.

        Those on documents that were written, those that were written themselves, those
        that were marked because a line left a document, and the excluded ones.

        :param last: the run that looked at all products, or at all that had changed
        """
        self.env.flush_all()
        since = Since(last.watermark, last.as_of_date)
        lines = [
            query
            for name in self.env["classification.facts"]._source_names(policy)
            for query in self.env[name]._sold_changed_queries(policy, scope, since)
        ]
        found = SQL(
            """
            SELECT product_tmpl_id FROM product_product WHERE write_date >= %(moment)s
             UNION
            SELECT id FROM product_template WHERE write_date >= %(moment)s
             UNION
            SELECT product_tmpl_id FROM product_class_dirty WHERE company_id = %(own)s
             UNION
            SELECT product_tmpl_id FROM classification_problem
             WHERE company_id = %(own)s AND product_tmpl_id IS NOT NULL
            """,
            moment=since.written,
            own=scope.company_id,
        )
        if lines:
            found = SQL(
                """
                SELECT p.product_tmpl_id
                  FROM (%s) d
                  JOIN product_product p ON p.id = d.product_id
                 UNION %s
                """,
                SQL(" UNION ALL ").join(lines),
                found,
            )
        return sorted(row[0] for row in self.env.execute_query(found))

    @api.model
    def _all_may_differ(self, company, last):
        """Check if units or rates of prices changed since a run.

        One query.
        """
        currencies = company.sudo().parent_ids.currency_id
        currencies |= self.env["res.company"].sudo()._get_main_company().currency_id
        foreign = currencies - company.currency_id
        self.env["uom.uom"].flush_model()
        rates = (currencies | company.currency_id).ids if foreign else []
        [(differ,)] = self.env.execute_query(
            SQL(
                """
                SELECT EXISTS (SELECT FROM uom_uom WHERE write_date >= %(moment)s)
                    OR EXISTS (SELECT FROM classification_rate_change
                                WHERE recorded_at >= %(moment)s
                                  AND currency_id = ANY(%(currencies)s))
                """,
                moment=last.watermark,
                currencies=rates,
            )
        )
        return differ

    # Sales

    @api.model
    def _read_sold(self, policy, scope, periods):
        """Return sales by variant and period: three queries."""
        cr = self.env.cr
        cr.execute(SQL("SELECT set_config('work_mem', %s, TRUE)", WORK_MEM))
        columns = read_frame(cr, self._sold_query(policy, scope, periods), SOLD)
        cr.execute("SET LOCAL work_mem TO DEFAULT")
        return columns

    @api.model
    def _sold_query(self, policy, scope, periods):
        """Return the SQL of the aggregate of sales.

        Returns count in the sums, not in the number of lines and not in the days.
        ``OFFSET 0`` has amount and quantity worked out once a line, not where they are
        named.
        """

        def period(day):
            return SQL("width_bucket(%s, %s::date[])", day, periods.starts)

        query = SQL(
            """
            SELECT d.product_id, d.period, sum(d.amount), sum(d.quantity),
                   COALESCE(sum(d.cost), 0),
                   COALESCE(sum(d.quantity) FILTER (WHERE d.cost IS NULL), 0),
                   count(*) FILTER (WHERE d.quantity > 0)::integer, %(first)s, %(last)s
              FROM (%(lines)s OFFSET 0) d
             WHERE d.amount IS NOT NULL AND d.quantity IS NOT NULL
             GROUP BY d.product_id, d.period
            """,
            first=null_free_day(SQL("min(d.day) FILTER (WHERE d.quantity > 0)")),
            last=null_free_day(SQL("max(d.day) FILTER (WHERE d.quantity > 0)")),
            lines=self._sold_lines(policy, scope, period),
        )
        return scope.with_rates(query)

    @api.model
    def _sold_lines(self, policy, scope, period):
        """Return the SQL of the sold lines of all sources, before ``with_rates``."""
        queries = [
            query
            for name in self.env["classification.facts"]._source_names(policy)
            for query in self.env[name]._sold_queries(policy, scope, period)
        ]
        return SQL(" UNION ALL ").join(queries) if queries else self._nothing()

    @api.model
    def _window_lines(self, companies, customer_ids=None, variant_ids=None):
        """Return the SQL of the lines in the window of companies, with buyers.

        Those that a run over products counts, in the window of the last one, or of
        today before the first: product, company, contact, amount, quantity and day.
        Lines without a buyer, or with an unusable amount, are left out. Three queries.

        :param customer_ids: ids of commercial partners, all by default
        :param variant_ids: ids of product variants, all by default
        """
        self.env.flush_all()
        return SQL(" UNION ALL ").join(
            [
                self._window_lines_of(policy, *days, customer_ids, variant_ids)
                for policy, *days in self._windows(companies)
            ]
            or [self._no_window_lines()]
        )

    @api.model
    def _window_lines_of(self, policy, first, last, customer_ids, variant_ids):
        """Return the SQL of the lines of a policy between two days."""
        return SQL(
            """
            SELECT d.product_id, %(company)s AS company_id, d.partner_id,
                   d.amount::numeric AS amount, d.quantity, d.day
              FROM (%(lines)s) d
             WHERE d.day <= %(last)s AND d.amount <> 'NaN' AND d.quantity <> 'NaN'
            """,
            company=policy.company_id.id,
            last=last,
            lines=self._bought_lines(policy, first, last, customer_ids, variant_ids),
        )

    @api.model
    def _bought_lines(self, policy, first, last, customer_ids=None, variant_ids=None):
        """Return the SQL of the lines with a buyer, unusable amounts among them.

        These are NaN: who reads lines by the million looks for them in memory, because
        PostgreSQL works out an amount once more wherever it is named. The sources leave
        later days out: of a day between two, it would expect one line in 200.
        """
        scope = self.env["classification.facts"]._scope(policy, last, customer_ids)
        if variant_ids is not None:
            scope = replace(scope, variant_ids=tuple(variant_ids))
        lines = self._sold_lines(policy, scope, lambda day: SQL("0"))
        return SQL(
            """
            SELECT d.product_id, d.partner_id, d.amount, d.quantity, d.day
              FROM (%(lines)s) d
             WHERE d.partner_id IS NOT NULL AND d.day >= %(first)s
            """,
            lines=scope.with_rates(lines),
            first=first,
        )

    @api.model
    def _no_window_lines(self):
        return SQL(
            "SELECT 0 AS product_id, 0 AS company_id, 0 AS partner_id, 0 AS amount,"
            " 0::float8 AS quantity, NULL::date AS day WHERE FALSE"
        )

    @api.model
    def _windows(self, companies):
        """Return ``[(policy, first day, last day)]`` of companies: one query."""
        policies = self.env["classification.policy"].sudo()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT y.id, (w.day - make_interval(months => y.window_months))::date
                             + 1, w.day
                  FROM classification_policy y
                 CROSS JOIN LATERAL (
                       SELECT COALESCE(max(r.as_of_date), %s) AS day
                         FROM classification_run r
                        WHERE r.company_id = y.company_id AND r.kind = 'product'
                          AND r.scope <> 'some' AND r.state = 'done') w
                 WHERE y.state = 'published' AND y.company_id = ANY(%s)
                 ORDER BY y.id
                """,
                fields.Date.context_today(self),
                companies.ids,
            )
        )
        return [(policies.browse(id_), *days) for id_, *days in rows]

    @api.model
    def _nothing(self):
        return SQL(
            "SELECT 0 AS product_id, NULL::date AS day, 0 AS period, 0::float8 AS"
            " amount, 0::float8 AS quantity, 0::float8 AS cost, 0 AS partner_id"
            " WHERE FALSE"
        )

    @api.model
    def _read_variants(self, company, product_ids=None):
        """Product, cost and state of the variants, by id: one query."""
        import pandas as pd

        columns = read_frame(
            self.env.cr,
            SQL(
                "SELECT id, product_tmpl_id,"
                " CASE jsonb_typeof(standard_price->%s)"
                " WHEN 'number' THEN %s WHEN 'null' THEN 0"
                " ELSE CASE WHEN standard_price ? %s THEN 'NaN'::float8 ELSE 0 END END,"
                " COALESCE(active, FALSE) FROM product_product WHERE %s",
                str(company.id),
                usable_float(SQL("(standard_price->>%s)::numeric", str(company.id))),
                str(company.id),
                _among(SQL("product_tmpl_id"), product_ids),
            ),
            VARIANT,
        )
        index = pd.Index(columns.pop("id"), name="variant")
        return pd.DataFrame(columns, index)

    @api.model
    def _by_product(self, rows, factors, variants):
        """Return the rows by product, in its unit, with the margin.

        The margin is unknown where neither document nor variant knows a cost.

        :param factors: reference units in the unit of each product
        :param variants: frame of :meth:`_read_variants`
        """
        import numpy as np

        place = variants.index.get_indexer(rows["product_id"])
        rows, place = rows[place >= 0], place[place >= 0]
        product = variants["product"].to_numpy()[place]
        cost = variants["cost"].to_numpy()[place]
        factor = factors.reindex(product).to_numpy()
        uncosted = rows["uncosted"].to_numpy() / factor
        known = np.where(cost > 0, cost * uncosted, np.nan)
        cost = rows["cost"] + np.where(uncosted == 0, 0.0, known)
        return rows.assign(
            product=product,
            quantity=rows["quantity"] / factor,
            margin=rows["revenue"] - cost,
        )

    # Products

    @api.model
    def _read_products(self, policy, as_of_date, product_ids=None):
        """Return the products, and their former classes, by id.

        One query, and one for each currency of the prices.
        """
        import pandas as pd

        kinds = {
            "product": "int",
            "is_offered": "bool",
            "price": "float",
            **{name: kind for name, (kind, __) in PRODUCT.items()},
        }
        query = self._product_query(policy, as_of_date, product_ids)
        columns = read_frame(self.env.cr, query, kinds)
        index = pd.Index(columns.pop("product"), name="product")
        previous = pd.DataFrame(columns, index)
        products = previous[["category", "active", "factor", "has_profile"]].assign(
            is_offered=previous["is_offered"],
            is_sellable=previous["is_offered"],
            list_price=previous["price"].round(policy.currency_id.decimal_places),
        )
        return products, previous

    @api.model
    def _product_query(self, policy, as_of_date, product_ids=None):
        rates = self._price_rates(policy.company_id, as_of_date)
        facts = self.env["classification.facts"]
        return SQL(
            """
            SELECT t.id,
                   COALESCE(t.active AND t.sale_ok
                            AND (t.company_id IS NULL OR r.id IS NOT NULL), FALSE),
                   %(price)s, %(columns)s
              FROM product_template t
              LEFT JOIN uom_uom u ON u.id = t.uom_id
              LEFT JOIN unnest(%(companies)s::integer[], %(rates)s::float8[])
                        AS r(id, rate) ON r.id = COALESCE(t.company_id, 0)
              LEFT JOIN product_profile f
                ON f.product_tmpl_id = t.id AND f.company_id = %(company)s
             WHERE %(chosen)s
            """,
            chosen=_among(SQL("t.id"), product_ids),
            price=null_free_float(
                SQL(
                    "COALESCE(%s, 0) * COALESCE(r.rate, 1)",
                    usable_float(SQL("t.list_price")),
                )
            ),
            columns=SQL(", ").join(
                facts._null_free(kind, code) for kind, code in PRODUCT.values()
            ),
            companies=list(rates),
            rates=list(rates.values()),
            company=policy.company_id.id,
        )

    @api.model
    def _price_rates(self, company, as_of_date):
        """Return the rate of the prices by owning company.

        ``{company id: rate}``, 0 for products of all companies, whose prices are in the
        main company's currency.
        """
        main = self.env["res.company"].sudo()._get_main_company()
        owners = {0: main} | {one.id: one for one in company.sudo().parent_ids}
        return {
            key: self._rate(owner.currency_id, company, as_of_date)
            for key, owner in owners.items()
        }

    @api.model
    def _rate(self, currency, company, as_of_date):
        """Return a conversion rate as Odoo does; NaN for an unusable one."""
        try:
            rate = currency._get_conversion_rate(
                currency, company.currency_id, company, as_of_date
            )
        except ZeroDivisionError:
            return math.nan
        return rate if 0 < rate <= TOO_LARGE else math.nan


def _among(column, ids):
    """SQL that keeps some records, all by default."""
    return SQL("TRUE") if ids is None else SQL("%s = ANY(%s)", column, list(ids))


def _day_numbers(days):
    """Return days as float64 day numbers, NaN for missing ones."""
    import numpy as np

    values = days.to_numpy("datetime64[D]")
    numbers = values.astype("int64").astype("float64")
    return np.where(np.isnat(values) | (numbers == NO_DAY), np.nan, numbers)
