"""Cost of a run over all products, beside the unavoidable aggregate.

    ./dev bench product-run [--products N] [--lines N] [--rounds N]

Fills a database of its own (kept for the next time) with orders of ten lines over
three years, most lines on few products. Aggregate and run take turns: compare them by
their ratio.
"""

import argparse
import statistics
from datetime import date

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL

from benchmarks._database import ADDON, Measure, copy_out, load, measured
from benchmarks._figures import Figure, add_argument, keep
from tools import databases, odoo
from tools.console import say, step

AS_OF = date(2026, 6, 30)
LINES_OF_AN_ORDER = 10
# The least that has to be read to know revenue, and the demand by month.
BARE = """
SELECT l.product_id, date_trunc('month', o.date_order), sum(l.price_subtotal),
       sum(l.product_uom_qty), count(*), min(o.date_order), max(o.date_order)
  FROM sale_order_line l
  JOIN sale_order o ON o.id = l.order_id
 WHERE o.state = 'sale' AND o.company_id = %s AND l.product_id IS NOT NULL
 GROUP BY 1, 2
"""
# Columns that differ from one product, order and line to the next.
PRODUCTS = {
    "product_template": {
        "id": "%(template)s + i",
        "list_price": "(1 + i %% 1000)::numeric",
    },
    "product_product": {
        "id": "%(variant)s + i",
        "product_tmpl_id": "%(template)s + i",
        "combination_indices": "''",
    },
}
ORDERS = {
    "id": "%(order)s + i",
    "name": "'B' || i",
    "state": "'sale'",
    "date_order": "timestamp '2023-07-01' + (i %% 1095) * interval '1 day'",
}
LINES = {
    "id": "%(line)s + i",
    "order_id": "%(order)s + 1 + (i - 1) / %(length)s",
    # The square has few products sold often and many now and then.
    "product_id": "%(variant)s + 1 + floor(%(products)s * power("
    "(hashint8extended(i, 1) & 1048575) / 1048576.0, 2))::integer",
    "product_uom_qty": "1 + i %% 5",
    "price_subtotal": "(1 + i %% 5) * (1 + i %% 97)",
    "state": "'sale'",
}


def prepare(name, products, lines):
    """Make the database unless it is there."""
    with odoo.session() as session:
        query = f"SELECT 1 FROM pg_database WHERE datname = {databases.literal(name)}"
        if databases.sql(session, query):
            return
        databases.database_from_template(session, name, [ADDON])
        with step(f"{products:,} products with {lines:,} lines"):
            fill(load(name), products, lines)


def fill(registry, products, lines):
    """Copies of one product, one order and one line, in SQL."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        product = env["product.product"].create({"name": "Pattern"})
        order = env["sale.order"].create(
            {
                "partner_id": env["res.partner"].create({"name": "Buyer"}).id,
                "order_line": [(0, 0, {"product_id": product.id})],
            }
        )
        env.flush_all()
        start = {
            "template": product.product_tmpl_id.id,
            "variant": product.id,
            "order": order.id,
            "line": order.order_line.id,
            "products": products,
            "length": LINES_OF_AN_ORDER,
        }
        patterns = (
            (product.product_tmpl_id, PRODUCTS["product_template"], products),
            (product, PRODUCTS["product_product"], products),
            (order, ORDERS, 1 + lines // LINES_OF_AN_ORDER),
            (order.order_line, LINES, lines),
        )
        for record, columns, number in patterns:
            copy_rows(record, columns, number, start)
    with registry.cursor() as cr:
        cr.commit()
        cr._cnx.autocommit = True
        cr.execute("VACUUM ANALYZE sale_order, sale_order_line, product_product")
        cr._cnx.autocommit = False


def copy_rows(record, columns, number, start):
    others = [
        SQL.identifier(name)
        for name, field in record._fields.items()
        if field.store and field.column_type and name not in columns
    ]
    cr = record.env.cr
    values = [cr.mogrify(value, start) for value in columns.values()]
    cr.execute(
        SQL(
            "INSERT INTO %s (%s, %s) SELECT %s, %s FROM %s p,"
            " generate_series(1, %s) i WHERE p.id = %s",
            SQL.identifier(record._table),
            SQL(", ").join(map(SQL.identifier, columns)),
            SQL(", ").join(others),
            SQL(", ").join(SQL(value.decode().replace("%", "%%")) for value in values),
            SQL(", ").join(SQL("p.%s", name) for name in others),
            SQL.identifier(record._table),
            number,
            record.id,
        )
    )


class Bench:
    """The aggregate and the run, and their costs."""

    def __init__(self, registry):
        self.registry = registry
        self.taken = {}

    def _measured(self, name, function):
        measure = Measure()
        with measured(self.registry, measure) as env:
            measure.written = function(env) or 0
        self.taken.setdefault(name, []).append(measure)

    def _policy(self, env):
        return env.ref("base.main_company")._get_customer_policy()

    def bare(self):
        company = SQL(BARE, 1)
        self._measured("bare aggregate", lambda env: copy_out(env.cr, company))

    def facts(self):
        def read(env):
            policy = self._policy(env)
            facts = env["classification.product.facts"]
            facts._read(policy, policy._product_parameters(), AS_OF)

        self._measured("facts", read)

    def run(self, name):
        def run(env):
            run = self._policy(env).recompute_products(as_of_date=AS_OF)
            if run.state != "done":
                raise SystemExit(f"the run ended {run.state}: {run.error}")
            return run.written_count

        self._measured(name, run)

    def refresh(self, percent):
        """Run over the products of written orders, a share of all."""

        def run(env):
            run = env["classification.run"]._prepare_of_kind(
                self._policy(env), "product", AS_OF, scope="changed"
            )
            run = run.execute()
            if (run.state, run.scope) != ("done", "changed"):
                raise SystemExit(f"{run.scope}, {run.state}: {run.error}")
            return run.looked_at_count

        self._touch(percent)
        self._measured(f"{percent} % changed", run)

    def _touch(self, percent):
        """Have all been written long ago, but for the latest run of some products."""
        with self.registry.cursor() as cr:
            cr.execute(
                SQL(
                    """
                    UPDATE product_template SET write_date = CASE
                        WHEN id %% 1000 < %s THEN now() AT TIME ZONE 'UTC'
                        ELSE '2000-01-01' END
                    """,
                    percent * 10,
                )
            )
            for table in ("product_product", "sale_order", "uom_uom"):
                cr.execute(
                    SQL(
                        "UPDATE %(table)s SET write_date = '2000-01-01'"
                        " WHERE write_date > '2000-01-01'",
                        table=SQL.identifier(table),
                    )
                )


def main():
    parser = argparse.ArgumentParser(prog="./dev bench product-run")
    parser.add_argument("--products", type=int, default=20_000, metavar="N")
    parser.add_argument("--lines", type=int, default=2_000_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    add_argument(parser)
    args = parser.parse_args()
    name = f"bench_products_{args.products}_{args.lines}"
    prepare(name, args.products, args.lines)
    bench = Bench(load(name))
    bench.run("first run")
    for number in range(args.rounds):
        with step(f"Round {number + 1} of {args.rounds}"):
            bench.bare()
            bench.facts()
            bench.run("nothing changed")
            bench.refresh(1)
    bare = statistics.median(one.seconds for one in bench.taken["bare aggregate"])
    for label, measures in bench.taken.items():
        seconds = statistics.median(one.seconds for one in measures)
        say(
            f"{label:17}{seconds:9.2f} s {seconds / bare:6.2f} x bare"
            f" {statistics.median(one.cpu for one in measures):8.2f} cpu"
            f" {max(one.queries for one in measures):5} queries"
            f" {measures[0].written:9,} written"
        )
    keep(args.figures, figures(bench.taken))


def figures(taken):
    """Return the figures: a refresh by a full run, and that by bare."""
    cpu = {
        name: statistics.median(one.cpu for one in measures)
        for name, measures in taken.items()
    }
    bare, full = cpu["bare aggregate"], cpu["nothing changed"]
    yield Figure("products, nothing changed: times bare", None, full / bare)
    yield Figure(
        "products, 1 % changed: of a run over all", 0.1, cpu["1 % changed"] / full
    )


if __name__ == "__main__":
    main()
