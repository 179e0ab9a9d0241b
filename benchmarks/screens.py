"""Cost of screens at many customers, each beside one of Odoo's own.

    ./dev bench screens [--customers N] [--rounds N]

The purchases of `full-run`, each order with a line, classified by a real run. Every
question is that of the web client for a screen: pages of 80 with their count, groups,
pivots, a form. Beside it is the same question without the addon's fields, or by a
stored field of Odoo's. Prints medians on the clock and of processors, their ratio, the
queries, and the rows that PostgreSQL read for it.
"""

import argparse
import statistics

from lxml import etree

from odoo.tools import SQL
from odoo.tools.safe_eval import safe_eval

from benchmarks import _purchases
from benchmarks._database import Measure, load, measured, prepare_filled
from benchmarks._figures import Figure, add_argument, keep
from benchmarks._screens import form, groups, page, specification, took, without_ours
from tools.console import say

NAME = "bench_screens"
# One line for each order that has none, so that Sales Analysis has them.
LINES = """
SET LOCAL session_replication_role = replica;
INSERT INTO sale_order_line
       (order_id, name, product_id, product_uom_id, product_uom_qty, price_unit,
        price_subtotal, price_total, currency_id, company_id, order_partner_id, state,
        customer_lead, discount, create_uid, write_uid)
SELECT o.id, 'Goods', l.product_id, l.product_uom_id, 1, o.amount_untaxed,
       o.amount_untaxed, o.amount_total, o.currency_id, o.company_id, o.partner_id,
       o.state, 0, 0, 1, 1
  FROM sale_order o
 CROSS JOIN (SELECT product_id, product_uom_id FROM sale_order_line LIMIT 1) l
 WHERE NOT EXISTS (SELECT FROM sale_order_line own WHERE own.order_id = o.id)
"""
LIMITS = {"page": 1.2, "groups": 3.0, "form": 1.2}
ROWS_READ = """
SELECT COALESCE(sum(seq_tup_read + COALESCE(idx_tup_fetch, 0)), 0)
  FROM pg_stat_xact_all_tables
"""


def fill(registry, customers):
    """Make the purchases, their lines, and the classes of a first run."""
    _purchases.fill(registry, customers)
    with measured(registry, Measure()) as env:
        env.cr.execute(LINES)
    with measured(registry, Measure()) as env:
        policy = env.ref("base.main_company")._get_customer_policy()
        policy.recompute(as_of_date=_purchases.AS_OF)
    tables = ("customer_profile", "classification_change", "classification_first_class")
    _purchases.vacuum(registry, *tables, "sale_order_line", "res_partner")


def questions(env):
    """Return ``[(label, kind of limit, question, question beside it)]``."""
    return [*_of_customers(env), *_of_sales(env)]


def _of_customers(env):
    """Return the questions of customers and contacts."""
    profiles, partners = env["customer.profile"], env["res.partner"]
    customer_list, contact_list = specification(profiles), specification(partners)
    bought = env["customer.profile"].search([], limit=1).partner_id
    contact_form = specification(partners, "form")
    plain_contacts = page(partners, without_ours(contact_list))
    named = _searched(partners, "name", "Person 77")
    by_country = groups(partners, ["user_id"], "__count")
    tier = "customer_value_tier_id"
    return [
        ("customers, page", "page", page(profiles, customer_list), plain_contacts),
        (
            *("customers, cards", "page"),
            page(profiles, specification(profiles, "kanban")),
            page(partners, without_ours(specification(partners, "kanban"))),
        ),
        (
            *("customers by a name", "page"),
            page(profiles, customer_list, [("partner_id", "ilike", "Person 77")]),
            page(partners, without_ours(contact_list), named),
        ),
        (
            *("customers by tier", "groups"),
            groups(profiles, ["value_tier_id"], "__count"),
            by_country,
        ),
        (
            *("pivot tier x stage, revenue", "groups"),
            groups(profiles, ["value_tier_id", "lifecycle_stage_id"], "revenue:sum"),
            groups(partners, ["user_id", "is_company"], "customer_rank:sum"),
        ),
        ("contacts, page", "page", page(partners, contact_list), plain_contacts),
        (
            *("contacts by tier", "groups"),
            groups(partners, [tier], "__count"),
            by_country,
        ),
        (
            *("contact, form", "form"),
            form(bought, contact_form),
            form(bought, without_ours(contact_form)),
        ),
    ]


def _searched(model, name, text):
    """Return the domain of a text typed into a field of the search view."""
    arch = etree.fromstring(model.get_view(view_type="search")["arch"])
    [node] = arch.xpath(f"//field[@name='{name}']")
    return safe_eval(node.get("filter_domain"), {"self": text})


def _of_sales(env):
    """Return the questions of orders and of Odoo's sales analysis."""
    orders, sales = env["sale.order"], env["sale.report"]
    order_list = specification(orders)
    tier, stage = "customer_value_tier_id", "customer_lifecycle_stage_id"
    sold = [("state", "=", "sale")]
    by_team = groups(sales, ["team_id"], "price_subtotal:sum", domain=sold)
    return [
        (
            *("orders, page", "page"),
            page(orders, order_list),
            page(orders, without_ours(order_list)),
        ),
        (
            *("orders by tier", "groups"),
            groups(orders, [tier], "amount_untaxed:sum"),
            groups(orders, ["team_id"], "amount_untaxed:sum"),
        ),
        (
            *("sales analysis by tier", "groups"),
            groups(sales, [tier], "price_subtotal:sum", domain=sold),
            by_team,
        ),
        (
            *("sales analysis by stage", "groups"),
            groups(sales, [stage], "price_subtotal:sum", domain=sold),
            by_team,
        ),
        (
            *("sales analysis by tier then", "groups"),
            groups(
                *(sales, ["customer_value_tier_then_id"], "price_subtotal:sum"),
                domain=sold,
            ),
            by_team,
        ),
    ]


def measure_all(registry, rounds):
    """Return ``{label: (limit, figures, figures beside)}``.

    Figures are ``[(seconds, busy seconds, queries, rows read)]``, one a round.
    """
    taken = {}
    with measured(registry, Measure()) as env:
        user = env.ref("base.user_admin")
        for number in range(rounds + 1):
            own = env(user=user.id, context={"lang": "en_US"})
            for label, kind, ask, beside in questions(own):
                figures = [_measured(own, one) for one in (beside, ask)]
                if number:  # the first round fills caches
                    __, theirs, ours = taken.setdefault(label, (kind, [], []))
                    theirs.append(figures[0])
                    ours.append(figures[1])
        env.cr.rollback()
    return taken


def _measured(env, ask):
    env.invalidate_all()
    before = _rows_read(env)
    figures = took(env, ask)
    return (*figures, _rows_read(env) - before)


def _rows_read(env):
    [(rows,)] = env.execute_query(SQL(ROWS_READ))
    return int(rows)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench screens")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    add_argument(parser)
    args = parser.parse_args()
    prepare_filled(
        NAME,
        f"screens {args.customers} 1",
        f"Purchases and profiles of {args.customers:,} customers",
        lambda registry: fill(registry, args.customers),
    )
    heads = ("ms", "beside", "ratio", "limit", "queries", "rows")
    say(f"{'':30}" + "".join(map("{:>{}}".format, heads, (8, 9, 7, 7, 9, 12))))
    found = []
    for label, (kind, theirs, ours) in measure_all(load(NAME), args.rounds).items():
        mine, other = (
            [statistics.median(one) for one in zip(*figures, strict=True)]
            for figures in (ours, theirs)
        )
        say(
            f"{label:30}{1000 * mine[0]:8.1f}{1000 * other[0]:9.1f}"
            f"{mine[1] / other[1]:7.2f}{LIMITS[kind]:7.1f}"
            f"{mine[2]:9.0f}{mine[3]:12,.0f}"
        )
        ratio = mine[1] / other[1]
        found.append(Figure(f"{label}: times Odoo's own", LIMITS[kind], ratio))
    keep(args.figures, found)


if __name__ == "__main__":
    main()
