"""Cost of a playbook whose class everybody enters at once.

    ./dev bench playbooks [--customers N] [--people N] [--limit N] [--kills N]

In the database of `./dev bench full-run` with its first full run: all customers of a
company enter a class in one run, and wait as its changes. Their cases are opened as the
scheduled action does, one transaction a batch, and the steps of the first day are
handed out. Then the same once more by a process that is killed (SIGKILL) at so many
points, each time begun again: afterwards nothing is doubled and nothing lost.
"""

import argparse
import os
import random
import signal
import sys
import time

from odoo import SUPERUSER_ID, api
from odoo.sql_db import close_all
from odoo.tools import SQL

from benchmarks import _purchases
from benchmarks._database import load, prepare
from benchmarks.tags import classify
from tools.console import say, step

MOVED = """
    INSERT INTO classification_event
           (partner_id, company_id, run_id, create_date, classes_before, change_ids)
    SELECT partner_id, company_id, %(run)s, now() AT TIME ZONE 'UTC',
           '{"value_tier_id": null}', '[]'
      FROM customer_profile WHERE company_id = %(company)s
"""
SHARED_OUT = """
    UPDATE res_partner p SET user_id = (%(users)s)[1 + p.id %% %(count)s]
      FROM customer_profile f
     WHERE f.partner_id = p.id AND f.company_id = %(company)s
"""


def make_playbook(env, company, people, limit):
    """Return a playbook for every tier, and salespeople for all customers."""
    users = env["res.users"].search([("login", "like", "bench-play-%")])
    users |= env["res.users"].create(
        [
            {
                "name": f"Seller {number}",
                "login": f"bench-play-{number}",
                "company_id": company,
                "company_ids": [company],
            }
            for number in range(len(users), people)
        ]
    )
    names = {"users": users.ids, "count": len(users), "company": company}
    env.cr.execute(SQL(SHARED_OUT, **names))
    company = env["res.company"].browse(company)
    company.customer_playbook_limit = limit
    tiers = env["customer.value.tier"].search([])
    playbook = env["customer.playbook"].create(
        {
            "name": "Benchmark",
            "company_id": company.id,
            "tier_ids": tiers.ids,
            "stops_on_leaving": False,
            "step_ids": [
                (0, 0, {"name": "Call", "delay_days": 0}),
                (0, 0, {"name": "Visit", "delay_days": 14}),
            ],
        }
    )
    playbook.write({"state": "running", "since_date": "2020-01-01"})
    return playbook


def start_over(registry, company, people, limit):
    """Have all customers enter, and nothing done; return the playbook's id."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
        env["customer.playbook"].search([("state", "=", "running")]).state = "paused"
        cr.execute("DELETE FROM classification_event")
        cr.execute("DELETE FROM mail_activity")
        cr.execute("DELETE FROM customer_playbook_task")
        cr.execute("DELETE FROM customer_playbook_case")
        playbook = make_playbook(env, company, people, limit)
        run = env["classification.run"].search(
            [("company_id", "=", company), ("state", "=", "done")], limit=1
        )
        cr.execute(SQL(MOVED, run=run.id, company=company))
        return playbook.id


def deliver(env):
    """Pass all changes on, one transaction a batch."""
    while batch := env["classification.event"]._next_batch():
        batch._deliver_or_keep()
        env.cr.commit()


def work(env):
    """Hand out what is due, one transaction a batch."""

    def commit(count):
        env.cr.commit()
        return True

    env["customer.playbook"]._work(commit)
    env.cr.commit()


def measure(registry):
    """Return ``{what: (seconds, statements)}`` of one whole day."""
    taken = {}
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        for what, function in (("cases opened", deliver), ("first day", work)):
            with step(what):
                queries, started = cr.sql_log_count, time.perf_counter()
                function(env)
                taken[what] = (
                    time.perf_counter() - started,
                    cr.sql_log_count - queries,
                )
    return taken


def kill_at_points(registry, kills, seconds):
    """Kill a process that does all of it at so many points."""
    chance, survived = random.Random(17), 0
    for __ in range(kills):
        close_all()
        child = os.fork()
        if not child:
            with registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                deliver(env)
                work(env)
            os._exit(0)
        time.sleep(0.3 + chance.random() * seconds / kills * 2)
        os.kill(child, signal.SIGKILL)
        survived += os.waitpid(child, 0)[1] == 0
    return survived


def counts(registry, playbook_id):
    """Return what is there, which two ways of doing it must agree in."""
    with registry.cursor() as cr:
        cr.execute(
            SQL(
                """
                SELECT count(*), count(DISTINCT partner_id),
                       count(*) FILTER (WHERE is_control),
                       (SELECT count(*) FROM customer_playbook_task
                         WHERE playbook_id = %(id)s),
                       (SELECT count(*) FROM customer_playbook_task
                         WHERE playbook_id = %(id)s AND state = 'open'),
                       (SELECT count(*) FROM mail_activity
                         WHERE res_model = 'customer.playbook.case'),
                       (SELECT max(n) FROM (SELECT count(*) AS n FROM mail_activity
                         WHERE res_model = 'customer.playbook.case'
                         GROUP BY user_id) a),
                       (SELECT count(*) FROM classification_event)
                  FROM customer_playbook_case WHERE playbook_id = %(id)s
                """,
                id=playbook_id,
            )
        )
        names = (
            *("cases", "customers", "control", "tasks", "handed out", "activities"),
            *("a person", "changes left"),
        )
        return dict(zip(names, cr.fetchone(), strict=True))


def main():
    parser = argparse.ArgumentParser(prog="./dev bench playbooks")
    parser.add_argument("--customers", type=int, default=50_000, metavar="N")
    parser.add_argument("--people", type=int, default=25, metavar="N")
    parser.add_argument("--limit", type=int, default=20, metavar="N")
    parser.add_argument("--kills", type=int, default=20, metavar="N")
    args = parser.parse_args()
    name = f"bench_{args.customers}"
    prepare(name, args.customers)
    registry = load(name)
    company = _purchases.names_of(registry)["main"]
    with registry.cursor() as cr:
        classify(api.Environment(cr, SUPERUSER_ID, {}), company)
    first = start_over(registry, company, args.people, args.limit)
    taken = measure(registry)
    whole = counts(registry, first)
    for what, (seconds, statements) in taken.items():
        say(f"{what:16}{seconds:>8.2f} s{statements:>8,} statements")
    say(str(whole))
    second = start_over(registry, company, args.people, args.limit)
    seconds = sum(one for one, __ in taken.values())
    survived = kill_at_points(registry, args.kills, seconds)
    measure(registry)
    killed = counts(registry, second)
    say(f"Killed {args.kills - survived} times: {killed}")
    if killed["cases"] != killed["customers"] or killed != whole:
        sys.exit("Killed and begun again is not the same.")


if __name__ == "__main__":
    main()
