"""Cost of the next products of all customers, beside a bare aggregate.

    ./dev bench next-products [--lines N] [--customers N] [--products N] [--rounds N]

Fills a database of its own (kept for the next time) with orders of three lines over
one year; customers buy most from one of a hundred groups of products. Aggregate and
next products take turns: compare them by their ratio. The limit is 60 seconds for ten
million lines.
"""

import argparse
import statistics
from datetime import date

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL

from benchmarks._database import ADDON, Measure, copy_out, load, measured
from benchmarks.product_run import PRODUCTS, copy_rows
from tools import databases, odoo
from tools.console import say, step

AS_OF = date(2026, 6, 30)
LINES_OF_AN_ORDER = 3
GROUPS = 100
# The least that has to be read to know who bought what, and when.
BARE = """
SELECT p.commercial_partner_id, v.product_tmpl_id, o.date_order::date,
       sum(l.product_uom_qty)
  FROM sale_order_line l
  JOIN sale_order o ON o.id = l.order_id
  JOIN product_product v ON v.id = l.product_id
  JOIN res_partner p ON p.id = o.partner_id
 WHERE o.state = 'sale' AND o.company_id = %s
 GROUP BY 1, 2, 3
"""
PARTNERS = {
    "id": "%(partner)s + i",
    "commercial_partner_id": "%(partner)s + i",
}
ORDERS = {
    "id": "%(order)s + i",
    "name": "'N' || i",
    "state": "'sale'",
    "partner_id": "%(partner)s + 1 + (hashint8extended(i, 7) & 2147483647)"
    " %% %(customers)s",
    "date_order": "timestamp '2025-07-02' + (hashint8extended(i, 3) & 1048575)"
    " %% 363 * interval '1 day'",
}
# Four of five lines are of the customer's group: products of equal remainder.
LINES = {
    "id": "%(line)s + i",
    "order_id": "%(order)s + 1 + (i - 1) / %(length)s",
    "product_id": "%(variant)s + 1 + CASE WHEN i %% 5 < 4 THEN"
    " (hashint8extended(1 + (i - 1) / %(length)s, 7) & 2147483647) %% %(customers)s"
    " %% %(groups)s + %(groups)s * floor(%(products)s / %(groups)s * power("
    "(hashint8extended(i, 1) & 1048575) / 1048576.0, 2))::integer"
    " ELSE floor(%(products)s * ("
    "(hashint8extended(i, 2) & 1048575) / 1048576.0))::integer END",
    "product_uom_qty": "1",
    "price_subtotal": "10",
    "state": "'sale'",
}


def prepare(name, options):
    """Make the database unless it is there."""
    with odoo.session() as session:
        query = f"SELECT 1 FROM pg_database WHERE datname = {databases.literal(name)}"
        if databases.sql(session, query):
            return
        databases.database_from_template(session, name, [ADDON])
        with step(f"{options.lines:,} lines of {options.customers:,} customers"):
            fill(load(name), options)


def fill(registry, options):
    """Copies of a product, a customer, an order and a line, in SQL."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        _without_keys(cr)
        product = env["product.product"].create({"name": "Pattern"})
        partner = env["res.partner"].create({"name": "Buyer"})
        order = env["sale.order"].create(
            {
                "partner_id": partner.id,
                "order_line": [(0, 0, {"product_id": product.id})],
            }
        )
        env.flush_all()
        start = {
            "template": product.product_tmpl_id.id,
            "variant": product.id,
            "partner": partner.id,
            "order": order.id,
            "line": order.order_line.id,
            "products": options.products,
            "customers": options.customers,
            "length": LINES_OF_AN_ORDER,
            "groups": GROUPS,
        }
        for record, columns, number in (
            (product.product_tmpl_id, PRODUCTS["product_template"], options.products),
            (product, PRODUCTS["product_product"], options.products),
            (partner, PARTNERS, options.customers),
            (order, ORDERS, 1 + options.lines // LINES_OF_AN_ORDER),
            (order.order_line, LINES, options.lines),
        ):
            copy_rows(record, columns, number, start)
        cr.execute(
            "INSERT INTO customer_profile (partner_id, company_id, active)"
            " SELECT id, 1, TRUE FROM res_partner WHERE id > %s",
            [partner.id],
        )
    with registry.cursor() as cr:
        cr.commit()
        cr._cnx.autocommit = True
        cr.execute(
            "VACUUM ANALYZE sale_order, sale_order_line, product_product,"
            " res_partner, customer_profile"
        )
        cr._cnx.autocommit = False


def _without_keys(cr):
    """Have PostgreSQL not look up the keys of the copies, where it may."""
    cr.execute("SELECT current_setting('is_superuser')")
    if cr.fetchone()[0] == "on":
        cr.execute("SET LOCAL session_replication_role = replica")


class Bench:
    """The aggregate and the next products, and their costs."""

    def __init__(self, registry):
        self.registry = registry
        self.taken = {}

    def measure(self, name, function):
        """Measure a function of the environment, which returns rows written."""
        measure = Measure()
        with measured(self.registry, measure) as env:
            measure.written = function(env) or 0
        self.taken.setdefault(name, []).append(measure)

    def bare(self):
        """Read what has to be read in any case."""
        query = SQL(BARE, 1)
        self.measure("bare aggregate", lambda env: copy_out(env.cr, query))

    def next_products(self, name):
        """Work out all next products by the window of the policy up to the day."""

        def work_out(env):
            from odoo.addons.customer_classification.models.product import (
                next_products,
            )

            run = env["classification.run"].create(
                {
                    "policy_id": env.ref("base.main_company")._get_customer_policy().id,
                    "kind": "product",
                    "scope": "all",
                    "state": "done",
                    "as_of_date": AS_OF,
                }
            )
            next_products.NextProducts(run).refresh()
            return env["customer.next.product"].search_count([])

        self.measure(name, work_out)


def main():
    """Print seconds, and times the bare aggregate."""
    parser = argparse.ArgumentParser(prog="./dev bench next-products")
    parser.add_argument("--lines", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--customers", type=int, default=100_000, metavar="N")
    parser.add_argument("--products", type=int, default=10_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    args = parser.parse_args()
    name = f"bench_next_{args.lines}_{args.customers}_{args.products}"
    prepare(name, args)
    bench = Bench(load(name))
    bench.next_products("first time")
    for number in range(args.rounds):
        with step(f"Round {number + 1} of {args.rounds}"):
            bench.bare()
            bench.next_products("nothing changed")
    bare = statistics.median(one.seconds for one in bench.taken["bare aggregate"])
    for label, measures in bench.taken.items():
        seconds = statistics.median(one.seconds for one in measures)
        say(
            f"{label:17}{seconds:9.2f} s {seconds / bare:6.2f} x bare"
            f" {statistics.median(one.cpu for one in measures):9.2f} s of processors"
            f" {max(one.queries for one in measures):5} queries"
            f" {measures[0].written:9,} rows"
        )


if __name__ == "__main__":
    main()
