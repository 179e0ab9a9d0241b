"""Sales Analysis by the customer's tier, beside a grouping by a column.

    ./dev bench reports [--customers N] [--rounds N]

Generated orders, five a customer on average, of one line each, classified by a real
run. Grouped by the salesperson (a column of the order), by the tier of today and by
the tier on the day of each line, as a manager who sees all sales. Prints medians of
the CPU seconds of Odoo and PostgreSQL together, and how many times the grouping by
the column they are.
"""

import argparse
import statistics

from odoo.fields import Command
from odoo.tools import SQL

from benchmarks import _purchases
from benchmarks._database import Measure, load, measured, prepare_filled
from tools.console import say

LINES = """
SET LOCAL session_replication_role = replica;
INSERT INTO sale_order_line
       (order_id, company_id, currency_id, order_partner_id, salesman_id, name, state,
        product_id, product_uom_id, product_uom_qty, qty_delivered, qty_invoiced,
        qty_to_invoice, customer_lead, price_unit, discount, price_subtotal,
        price_total,
        untaxed_amount_to_invoice, untaxed_amount_invoiced)
SELECT id, company_id, currency_id, partner_id, user_id, 'Thing', state, %(product)s,
       %(uom)s, 1, 1, 1, 0, 0, amount_untaxed, 0, amount_untaxed, amount_total, 0, 0
  FROM sale_order
"""
LOGIN = "bench_reports"
GROUPINGS = {
    "by a column of the order": "user_id",
    "by the value tier of today": "customer_value_tier_id",
    "by the lifecycle stage of today": "customer_lifecycle_stage_id",
    "by the value tier then": "customer_value_tier_then_id",
}
ALLOWED = 3


def fill(registry, customers):
    """Make orders with a line each, classes of two days, and the manager."""
    _purchases.fill(registry, customers, has_second_company=False)
    with measured(registry, Measure()) as env:
        product = env["product.product"].create({"name": "Thing"})
        values = {"product": product.id, "uom": product.uom_id.id}
        env.cr.execute(SQL(LINES, **values))
        policy = env.ref("base.main_company")._get_customer_policy()
        policy.recompute(as_of_date=_purchases.AS_OF)
        groups = [env.ref("sales_team.group_sale_manager").id]
        values = {"name": LOGIN, "login": LOGIN, "group_ids": [Command.set(groups)]}
        env["res.users"].create(values)
    tables = ("customer_profile", "sale_order", "sale_order_line", "res_partner")
    _purchases.vacuum(registry, *tables)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench reports")
    parser.add_argument("--customers", type=int, default=20_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    args = parser.parse_args()
    name = f"bench_reports_{args.customers}"
    title = f"Orders of {args.customers:,} customers"
    signature = f"reports {args.customers} 1"
    prepare_filled(name, signature, title, lambda r: fill(r, args.customers))
    registry = load(name)
    taken = {title: [] for title in GROUPINGS}
    for number in range(args.rounds + 1):
        for title, field in GROUPINGS.items():
            measure = Measure()
            with measured(registry, measure) as env:
                user = env["res.users"].search([("login", "=", LOGIN)])
                report = env["sale.report"].with_user(user)
                report._read_group([], [field], ["price_subtotal:sum", "__count"])
            if number:  # the first one fills caches
                taken[title].append(measure)
    _report(registry, taken)


def _report(registry, taken):
    with measured(registry, Measure()) as env:
        say(f"{env['sale.report'].search_count([]):,} lines of orders\n")
    say("|  | CPU s | s | × a column |\n| --- | --- | --- | --- |")
    medians = {
        title: [
            statistics.median(getattr(m, what) for m in measures)
            for what in ("cpu", "seconds")
        ]
        for title, measures in taken.items()
    }
    base, *__ = medians.values()
    for title, (cpu, seconds) in medians.items():
        say(f"| {title} | {cpu:.2f} | {seconds:.2f} | {seconds / base[1]:.1f} |")
    say(f"\n{ALLOWED} × are allowed for the classes of today.")


if __name__ == "__main__":
    main()
