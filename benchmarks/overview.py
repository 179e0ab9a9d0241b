"""Time of the overview of a company.

    ./dev bench overview [--customers N] [--rounds N] [--figures FILE]

In the database of `./dev bench record-rules`: a sales manager who sees all customers
opens the overview. What is painted first is asked for alone, by the totals that runs
keep, by the profiles themselves (as where totals are in doubt), and with a filter on
the contact; then each other block. Each round begins with nothing read.
"""

import argparse
import statistics
import time

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL

from benchmarks import _figures
from benchmarks._database import load, prepare_filled
from benchmarks.record_rules import fill
from tools.console import say

FIRST_PAINT = ["decisions", "current", "grid"]
# Seconds and statements of the first paint, and seconds with a filter.
LIMIT, STATEMENTS, FILTERED = 1.5, 12, 3


def seat(env, customers):
    """Give the reader what she needs, and bring the totals up to date.

    :return: ``(id of the user, id of the company, id of a country)``
    """
    company = env.ref("base.main_company")
    user = env["res.users"].search([("login", "=", "all")])
    user.group_ids |= env.ref("customer_classification.group_manager")
    country = env.ref("base.se")
    env.cr.execute(
        SQL("UPDATE res_partner SET country_id = %s WHERE id %% 5 = 0", country.id)
    )
    started = time.perf_counter()
    totals = env["customer.profile.total"]
    totals._add_up(company)
    say(f"All profiles added up: {time.perf_counter() - started:.2f} s")
    say(f"Totals equal the profiles: {not totals._differences(company)}")
    env.cr.execute("ANALYZE res_partner, customer_profile, customer_profile_total")
    return user.id, company.id, country.id


def questions(country, others):
    """Return ``{what: (blocks, filters, whether totals are in doubt)}``."""
    return {
        "first paint": (FIRST_PAINT, {}, False),
        "first paint, profiles counted": (FIRST_PAINT, {}, True),
        "first paint, one country": (FIRST_PAINT, {"country_id": country}, False),
        **{name: ([name], {}, False) for name in others},
    }


def ask(registry, user, company, blocks, filters, is_doubtful):
    """Return seconds and statements of a question."""
    with registry.cursor() as cr:
        if is_doubtful:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["customer.profile.total"]._doubt(SQL("SELECT %s::integer", company))
        env = api.Environment(cr, user, {"allowed_company_ids": [company]})
        before, started = cr.sql_log_count, time.perf_counter()
        env["customer.overview"].get_blocks(blocks, filters)
        seconds = time.perf_counter() - started
        statements = cr.sql_log_count - before
        cr.rollback()
    return seconds, statements


def main():
    parser = argparse.ArgumentParser(prog="./dev bench overview")
    parser.add_argument("--customers", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    _figures.add_argument(parser)
    args = parser.parse_args()
    name = "bench_record_rules"
    prepare_filled(
        name,
        f"record rules {args.customers} 3",
        f"Profiles of {args.customers:,} customers",
        lambda registry: fill(registry, args.customers),
    )
    registry = load(name)
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
        user, company, country = seat(env, args.customers)
    found = {}
    others = ("risk", "outlook", "tiers", "bridge", "cohorts", "flow", "pareto")
    for what, question in questions(country, others).items():
        taken = [ask(registry, user, company, *question) for __ in range(args.rounds)]
        found[what] = tuple(map(statistics.median, zip(*taken, strict=True)))
        seconds, statements = found[what]
        say(f"{what:32}{seconds:8.3f} s, {statements:3.0f} statements")
    first, counted = found["first paint"], found["first paint, one country"]
    _figures.keep(
        args.figures,
        [
            _figures.Figure("overview, first paint: seconds", LIMIT, first[0]),
            _figures.Figure("overview, first paint: statements", STATEMENTS, first[1]),
            _figures.Figure("overview, one country: seconds", FILTERED, counted[0]),
        ],
    )


if __name__ == "__main__":
    main()
