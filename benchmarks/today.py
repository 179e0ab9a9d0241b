"""Time of a salesperson's page Today.

    ./dev bench today [--customers N] [--own N] [--rounds N]

In the database of `./dev bench full-run` with its first full run: a salesperson has so
many customers, an occasion of regular visits is on, every twelfth customer has a
birthday, and the salesperson has due calls and waiting quotations. The median of the
rounds is that of a new registry cache: each begins with nothing read.
"""

import argparse
import statistics
import time

from odoo import SUPERUSER_ID, api, fields
from odoo.tools import SQL

from benchmarks import _purchases
from benchmarks._database import load, prepare
from benchmarks.tags import classify
from tools.console import say

LOGIN = "bench-today"
GROUP = "customer_classification.group_user"
OWN = """
    UPDATE res_partner p SET user_id = %(user)s
      FROM (SELECT partner_id FROM customer_profile WHERE company_id = %(company)s
             ORDER BY md5(partner_id::text) LIMIT %(own)s) f
     WHERE p.id = f.partner_id
"""
BIRTHDAYS = """
    UPDATE res_partner SET customer_birthday =
           to_char(DATE '2000-01-01' + (id %% 366), 'MM-DD')
     WHERE id %% 12 = 0 AND customer_birthday IS NULL
"""


def seat(env, company, own):
    """Return a salesperson with so many customers, and what waits for her."""
    users = env["res.users"].with_context(no_reset_password=True)
    user = users.search([("login", "=", LOGIN)]) or users.create(
        {
            "name": "Today",
            "login": LOGIN,
            "company_id": company,
            "company_ids": [company],
            "group_ids": [
                fields.Command.link(env.ref(name).id)
                for name in (GROUP, "sales_team.group_sale_salesman")
            ],
        }
    )
    env.cr.execute(
        SQL("UPDATE res_partner SET user_id = NULL WHERE user_id = %s", user.id)
    )
    env.cr.execute(SQL(OWN, user=user.id, company=company, own=own))
    env.cr.execute(SQL(BIRTHDAYS))
    occasions = env["customer.care.occasion"]
    if not occasions.search([("kind", "=", "visit"), ("state", "=", "on")]):
        occasion = occasions.create(
            {
                "name": "Visits",
                "kind": "visit",
                "company_id": company,
                "rhythm_ids": [fields.Command.create({"days": 60})],
            }
        )
        occasion.state = "on"
    env.invalidate_all()
    customers = env["res.partner"].search([("user_id", "=", user.id)], limit=10)
    for customer in customers:
        customer.activity_schedule("mail.mail_activity_data_call", user_id=user.id)
    env.flush_all()
    env.cr.execute("ANALYZE res_partner, customer_profile, mail_activity")
    return user


def measure(registry, user_id, company, rounds):
    """Return the seconds of each round, and the statements of the last one."""
    seconds = []
    for __ in range(rounds):
        with registry.cursor() as cr:
            env = api.Environment(cr, user_id, {"allowed_company_ids": [company]})
            before, started = cr.sql_log_count, time.perf_counter()
            day = env["customer.today"].get_lines()
            seconds.append(time.perf_counter() - started)
            statements = cr.sql_log_count - before
    return seconds, statements, day


def main():
    parser = argparse.ArgumentParser(prog="./dev bench today")
    parser.add_argument("--customers", type=int, default=50_000, metavar="N")
    parser.add_argument("--own", type=int, default=300, metavar="N")
    parser.add_argument("--rounds", type=int, default=15, metavar="N")
    args = parser.parse_args()
    name = f"bench_{args.customers}"
    prepare(name, args.customers)
    registry = load(name)
    company = _purchases.names_of(registry)["main"]
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
        classify(env, company)
        user = seat(env, company, args.own).id
    seconds, statements, day = measure(registry, user, company, args.rounds)
    say(
        f"{args.customers:,} customers, {args.own} own: first"
        f" {1000 * seconds[0]:.0f} ms, then {1000 * statistics.median(seconds[1:]):.0f}"
        f" ms ({1000 * min(seconds):.0f} to {1000 * max(seconds[1:]):.0f}),"
        f" {statements} statements, {len(day['lines'])} lines, {day['more']} wait"
    )


if __name__ == "__main__":
    main()
