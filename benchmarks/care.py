"""Time of care, and whether kills double or lose any of it.

    ./dev bench care [--customers N] [--meant N] [--kills N]

In the database of `./dev bench full-run` with its first full run: a holiday is today,
for which so many customers and their contacts get an activity, and an e-mail. First as
the scheduled action does it, one transaction a batch; then by a process that is killed
(SIGKILL) at so many points, each time begun again. Afterwards nothing is doubled and
nothing lost: each contact has one care of each occasion, one activity, one e-mail.
"""

import argparse
import os
import random
import signal
import sys
import time

from odoo import SUPERUSER_ID, api, fields
from odoo.sql_db import close_all
from odoo.tools import SQL

from benchmarks import _purchases
from benchmarks._database import load, prepare
from benchmarks.tags import classify
from tools.console import say, step

NAMES = ("activity", "email")
ADDRESSES = """
    UPDATE res_partner SET email = 'c' || id || '@example.com',
           email_normalized = 'c' || id || '@example.com'
     WHERE id <= %s AND email_normalized IS NULL
"""


def start_over(registry, company, meant):
    """Have the two occasions today, and nothing done; return their ids."""
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
        occasions = env["customer.care.occasion"]
        occasions.search([("state", "=", "on")]).state = "off"
        for table in ("customer_care", "mail_activity", "mail_mail"):
            cr.execute(SQL("DELETE FROM %s", SQL.identifier(table)))
        profiles = env["customer.profile"].search([("company_id", "=", company)])
        last = sorted(profiles.partner_id.ids)[:meant][-1]
        cr.execute(SQL(ADDRESSES, last))
        env.invalidate_all()
        return [_occasion(env, company, name, last).id for name in NAMES]


def _occasion(env, company, channel, last):
    """Return a holiday of today for the customers up to an id."""
    today = fields.Date.today()
    template = env["mail.template"].create(
        {
            "name": "Wishes",
            "model_id": env["ir.model"]._get_id("res.partner"),
            "subject": "Best wishes",
            "partner_to": "{{ object.id }}",
            "email_from": "us@example.com",
            "body_html": "<p>All the best</p>",
            "user_id": False,
        }
    )
    occasion = env["customer.care.occasion"].create(
        {
            "name": f"Benchmark: {channel}",
            "kind": "holiday",
            "company_id": company,
            "month": today.month,
            "day": today.day,
            "channel": channel,
            "mail_template_id": template.id if channel == "email" else False,
            "domain": repr([("id", "<=", last)]),
            "daily_limit": 0,
        }
    )
    occasion.write({"responsible_id": env.ref("base.user_admin").id, "state": "on"})
    return occasion


def work(env):
    """Do what is due as the scheduled action does, one transaction a batch."""

    def commit(count):
        env.cr.commit()
        return True

    env["customer.care.occasion"]._care(commit)
    env.cr.commit()


def measure(registry):
    """Return the seconds of the rest, or of all of it."""
    started = time.perf_counter()
    with registry.cursor() as cr:
        work(api.Environment(cr, SUPERUSER_ID, {}))
    return time.perf_counter() - started


def kill_at_points(registry, kills, seconds):
    """Kill a process that does all of it; return what was left each time."""
    chance, left = random.Random(17), []
    for __ in range(kills):
        close_all()
        child = os.fork()
        if not child:
            measure(registry)
            os._exit(0)
        time.sleep(0.2 + chance.random() * seconds / kills * 2)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with registry.cursor() as cr:
            cr.execute("SELECT count(*) FROM customer_care WHERE state = 'planned'")
            left.append(cr.fetchone()[0])
    return left


def counts(registry, occasion_ids):
    """Return what is there, which two ways of doing it must agree in."""
    with registry.cursor() as cr:
        cr.execute(
            SQL(
                """
                SELECT count(*), count(DISTINCT (occasion_id, partner_id)),
                       count(*) FILTER (WHERE state = 'open'),
                       count(*) FILTER (WHERE state = 'sent'),
                       count(*) FILTER (WHERE state NOT IN ('open', 'sent')),
                       (SELECT count(*) FROM mail_activity
                         WHERE res_model = 'res.partner'),
                       (SELECT count(DISTINCT res_id) FROM mail_activity
                         WHERE res_model = 'res.partner'),
                       (SELECT count(*) FROM mail_mail),
                       (SELECT count(DISTINCT res_partner_id)
                          FROM mail_mail_res_partner_rel)
                  FROM customer_care WHERE occasion_id = ANY(%s)
                """,
                occasion_ids,
            )
        )
        names = (
            *("cares", "different", "to do", "written", "others", "activities"),
            *("customers with one", "e-mails", "customers with one e-mail"),
        )
        return dict(zip(names, cr.fetchone(), strict=True))


def main():
    parser = argparse.ArgumentParser(prog="./dev bench care")
    parser.add_argument("--customers", type=int, default=20_000, metavar="N")
    parser.add_argument("--meant", type=int, default=5_000, metavar="N")
    parser.add_argument("--kills", type=int, default=20, metavar="N")
    args = parser.parse_args()
    name = f"bench_{args.customers}"
    prepare(name, args.customers)
    registry = load(name)
    company = _purchases.names_of(registry)["main"]
    with registry.cursor() as cr:
        classify(api.Environment(cr, SUPERUSER_ID, {}), company)
    first = start_over(registry, company, args.meant)
    with step("all of it"):
        seconds = measure(registry)
    whole = counts(registry, first)
    say(f"{seconds:.1f} s: {whole}")
    second = start_over(registry, company, args.meant)
    with step("killed"):
        left = kill_at_points(registry, args.kills, seconds)
    measure(registry)
    killed = counts(registry, second)
    say(f"Left after each kill: {left}")
    say(f"Begun again: {killed}")
    if killed != whole or killed["cares"] != killed["different"] or killed["others"]:
        sys.exit("Killed and begun again is not the same.")


if __name__ == "__main__":
    main()
