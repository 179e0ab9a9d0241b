"""Cost of the rules of smart tags, beside their unavoidable queries.

    ./dev bench tags [--customers N] [--rules N]

In the database of `./dev bench full-run` with its first full run: so many rules over
facts, classes, dates and other tags. *bare*: the selects of all rules, counted by the
database. Then a first run that gives all tags, one with nothing new, and the wizard on
100,000 contacts. All of it is rolled back.
"""

import argparse
import time
from datetime import timedelta

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL

from benchmarks import _purchases
from benchmarks._database import Measure, load, prepare
from tools.console import say, step

COMPOSITE_EVERY = 10
SELECTED = 100_000


def domains(number):
    """Conditions as people write them, each met by a few in a hundred."""
    for place in range(number):
        low = 15 * place
        yield (
            [
                ("customer_profile_id.revenue", ">", low),
                ("customer_profile_id.revenue", "<=", low + 15),
            ],
            [
                ("customer_profile_id.order_count", "=", 2 + place % 20),
                ("customer_profile_id.score_monetary", "=", 1 + place % 5),
            ],
            [
                ("customer_last_purchase_date", ">=", f"2026-{1 + place % 6:02}-01"),
                ("customer_last_purchase_date", "<", f"2026-{1 + place % 6:02}-10"),
            ],
            [
                ("customer_churn_risk", "=", ("medium", "high")[place % 2]),
                ("customer_profile_id.score_frequency", "=", 1 + place % 5),
                ("customer_profile_id.score_recency", "=", 1 + place // 5 % 5),
            ],
        )[place % 4]


def make_rules(env, company, number):
    """Tags with a rule each; every tenth asks for the tag before it."""
    tags = env["res.partner.category"].create(
        [{"name": f"Benchmark {place}"} for place in range(number)]
    )
    values = []
    for place, domain in enumerate(domains(number)):
        if place % COMPOSITE_EVERY == COMPOSITE_EVERY - 1:
            domain = [("category_id", "in", [tags[place - 1].id])]
        values.append(
            {
                "partner_tag_id": tags[place].id,
                "company_id": company,
                "domain": repr([*domain, ("parent_id", "=", False)]),
            }
        )
    rules = env["classification.tag.rule"].create(values)
    rules.write({"state": "running"})
    env.flush_all()
    return rules


def bare(env, rules):
    """Count the matches of each rule and return the total."""
    count = "SELECT count(*) FROM %s m"
    queries = (SQL(count, rule._responsible_condition().ids()) for rule in rules)
    return sum(env.execute_query(query)[0][0] for query in queries)


def tag_many(env, tag):
    """The wizard on a selection."""
    partners = env["res.partner"].search([], limit=SELECTED)
    wizards = env["classification.tag.wizard"].with_context(
        active_model="res.partner", active_ids=partners.ids
    )
    wizards.create({"mode": "add", "partner_tag_ids": tag.ids}).action_apply()
    env.flush_all()
    return len(partners)


def measure_all(name, number):
    registry = load(name)
    taken = {}

    def measure(what, function, env, *args):
        with step(what):
            queries, started = env.cr.sql_log_count, time.perf_counter()
            tags = function(env, *args)
            taken[what] = Measure(
                seconds=time.perf_counter() - started,
                queries=env.cr.sql_log_count - queries,
                written=tags,
            )

    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        company = _purchases.names_of(registry)["main"]
        classify(env, company)
        rules = make_rules(env, company, number)
        measure("bare queries", bare, env, rules)
        measure("first run", run, env)
        measure("nothing new", run, env)
        measure("bare queries again", bare, env, rules)
        tag = env["res.partner.category"].create({"name": "Benchmark wizard"})
        measure(f"wizard on {SELECTED:,}", tag_many, env, tag)
        cr.rollback()
    return taken


def classify(env, company):
    """Classes to ask for, unless there are some."""
    profiles = [("company_id", "=", company)]
    if not env["customer.profile"].search_count(profiles, limit=1):
        policy = env["res.company"].browse(company)._get_customer_policy()
        policy.recompute(as_of_date=_purchases.AS_OF + timedelta(1))


def run(env):
    env["classification.tag.rule"]._run()
    env.flush_all()
    return sum(env["classification.tag.rule"].search([]).mapped("matched_count"))


def report(taken):
    first = taken["bare queries"].seconds
    say(f"{'':24}{'seconds':>10}{'x bare':>10}{'queries':>10}{'tags':>14}")
    for what, one in taken.items():
        say(
            f"{what:24}{one.seconds:>10.2f}{one.seconds / first:>10.2f}"
            f"{one.queries:>10}{one.written:>14,}"
        )


def main():
    parser = argparse.ArgumentParser(prog="./dev bench tags")
    parser.add_argument("--customers", type=int, default=100_000, metavar="N")
    parser.add_argument("--rules", type=int, default=200, metavar="N")
    args = parser.parse_args()
    name = f"bench_{args.customers}"
    prepare(name, args.customers)
    report(measure_all(name, args.rules))


if __name__ == "__main__":
    main()
