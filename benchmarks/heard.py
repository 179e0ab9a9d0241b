"""Cost of what customers say and do in a run in which nothing changed.

    ./dev bench heard [--customers N] [--interactions N] [--rounds N]

In the database of `./dev bench full-run`: so many messages of customers over two years,
an answer for every customer, a complaint for every tenth, and rules that read nothing
of it beside rules that read all of it (signals, scores and enquiries). Each version
runs over everybody until nothing changes any more; the rounds after that are timed.
"""

import argparse
import statistics
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields
from odoo.tools import SQL

from benchmarks import _purchases
from benchmarks._database import Measure, load, measured, prepare
from tools.console import say, step

MARK = "bench-heard"
MESSAGES = """
    INSERT INTO mail_message (subject, model, res_id, message_type, author_id, date,
                              create_date, write_date, is_internal)
    SELECT %(mark)s, 'res.partner', c.id, 'email', c.id, d.moment, d.moment, d.moment,
           FALSE
      FROM generate_series(1, %(number)s) n
      JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place
              FROM res_partner WHERE id IN (SELECT partner_id FROM customer_profile)) c
        ON c.place = (n * 7919::bigint) %% %(customers)s
      CROSS JOIN LATERAL (
           SELECT %(today)s::timestamp - (n * 104729::bigint %% 730) * interval '1 day'
                  AS moment) d
"""
ANSWERS = """
    INSERT INTO customer_feedback (partner_id, company_id, date, kind, scale,
                                   original_score, score, channel, text, create_date,
                                   write_date)
    SELECT partner_id, company_id, %(today)s::date - (id %% 700), 'satisfaction', '5',
           1 + id %% 5, 25 * (id %% 5), 'phone', %(mark)s, %(today)s, %(today)s
      FROM customer_profile WHERE company_id = %(company)s
"""
COMPLAINTS = """
    INSERT INTO customer_complaint (name, partner_id, company_id, open_date, state,
                                    severity, channel, create_date, write_date)
    SELECT %(mark)s, partner_id, company_id,
           %(today)s::timestamp - (n * 200 + id %% 200) * interval '1 day', 'closed',
           'normal', 'phone', %(today)s, %(today)s
      FROM customer_profile, generate_series(0, 2) n
     WHERE company_id = %(company)s AND id %% 10 = 0
"""
OFF = {
    "risk_complaints": 0,
    "risk_dissatisfied": 0,
    "risk_silent": 0,
    "interested_by_enquiry": False,
}
SCORES = ("interactions", "satisfaction")
DAY = _purchases.AS_OF + timedelta(1)


def fill(env, company, interactions):
    """Write what is heard of the customers, once."""
    cr = env.cr
    cr.execute("SELECT count(*) FROM mail_message WHERE subject = %s", [MARK])
    if cr.fetchone()[0] == interactions:
        return
    cr.execute("DELETE FROM mail_message WHERE subject = %s", [MARK])
    cr.execute("DELETE FROM customer_feedback WHERE text = %s", [MARK])
    cr.execute("DELETE FROM customer_complaint WHERE name = %s", [MARK])
    cr.execute("SELECT count(DISTINCT partner_id) FROM customer_profile")
    names = {
        "mark": MARK,
        "number": interactions,
        "customers": cr.fetchone()[0],
        "today": DAY,
        "company": company,
    }
    for statement in (MESSAGES, ANSWERS, COMPLAINTS):
        cr.execute(SQL(statement, **names))
    cr.execute("ANALYZE mail_message, customer_feedback, customer_complaint")


def versions(env, company):
    """Return the ids of policies: one reads nothing, one reads all."""
    policy = env["res.company"].browse(company)._get_customer_policy()
    without = policy.copy(OFF)
    on = {name: 1 for name in OFF} | {"interested_by_enquiry": True}
    reading = policy.copy(on)
    reading.metric_ids = [
        fields.Command.create({"metric": metric, "weight": 10}) for metric in SCORES
    ]
    return without.id, reading.id


def run(registry, policy_id):
    """Return the measure of a run over everybody by a policy."""
    measure = Measure()
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
        policy = env["classification.policy"].browse(policy_id)
        if policy.state == "draft":
            policy._publish()
    with measured(registry, measure) as env:
        policy = env["classification.policy"].browse(policy_id)
        done = policy.recompute(as_of_date=DAY)
        if done.state != "done":
            raise SystemExit(f"the run ended {done.state}: {done.error}")
        measure.written = done.written_count
    return measure


def settled(registry, policy_id, rounds):
    """Return the measures of runs in which nothing changes any more."""
    for __ in range(4):
        if not run(registry, policy_id).written:
            return [run(registry, policy_id) for __ in range(rounds)]
    raise SystemExit("the runs write in each round")


def line(name, taken):
    seconds, cpu = (
        [getattr(one, what) for one in taken] for what in ("seconds", "cpu")
    )
    say(
        f"{name}: {statistics.median(seconds):.2f} s ({min(seconds):.2f} to"
        f" {max(seconds):.2f}), {statistics.median(cpu):.2f} s of processors,"
        f" {taken[0].queries} queries"
    )
    return statistics.median(seconds), statistics.median(cpu)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench heard")
    parser.add_argument("--customers", type=int, default=50_000, metavar="N")
    parser.add_argument("--interactions", type=int, default=500_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    args = parser.parse_args()
    name = f"bench_{args.customers}"
    prepare(name, args.customers)
    registry = load(name)
    company = _purchases.names_of(registry)["main"]
    with registry.cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {"tracking_disable": True})
        if not env["customer.profile"].search_count([], limit=1):
            policy = env["res.company"].browse(company)._get_customer_policy()
            policy.recompute(as_of_date=DAY)
        with step(f"{args.interactions:,} interactions"):
            fill(env, company, args.interactions)
        without, reading = versions(env, company)
    before = line("Without", settled(registry, without, args.rounds))
    after = line("With", settled(registry, reading, args.rounds))
    longer, more = (one / other for one, other in zip(after, before, strict=True))
    say(
        f"Times as long: {longer:.2f} (at most 1.5); by the processors, without"
        f" parallel workers: {more:.2f}"
    )
    return int(longer > 1.5)


if __name__ == "__main__":
    raise SystemExit(main())
