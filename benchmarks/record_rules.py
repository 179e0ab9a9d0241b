"""What a record rule of others on contacts costs the list of customers.

    ./dev bench record-rules [--customers N] [--rounds N]

Fills a database of its own with profiles, and gives a group the rule that OCA's
sales_team_security has: contacts of one's own. One salesperson without that rule, one
whose two contacts are among them, and one with half of all; then the same without the
rule in a database with a second company, where Odoo's rule on companies is followed.
Prints medians of what the screen asks for, on the clock and of processors (of Odoo
and PostgreSQL together: less depends on what else runs); a first round is not counted.
"""

import argparse
import os
import statistics
import time

from lxml import etree

from odoo.fields import Command
from odoo.tools import SQL

from benchmarks._database import ADDON, Measure, _cpu_seconds, load, measured
from tools import databases, odoo
from tools.console import say, step

# Each its own customer; foreign keys are right by construction, and checking them a
# million times takes longer than all else.
PARTNERS = """
SET LOCAL session_replication_role = replica;
INSERT INTO res_partner (id, commercial_partner_id, name, complete_name, type, lang,
                         active, is_company, partner_share, customer_rank,
                         autopost_bills, color, user_id)
SELECT id, id, 'Customer ' || n, 'Customer ' || n, 'contact', 'en_US', TRUE, TRUE,
       TRUE, 1, 'ask', 0,
       CASE WHEN n %% 2 = 0 THEN %(half)s
            WHEN n IN (%(customers)s / 2 + 1, 1) THEN %(two)s END
  FROM (SELECT n, nextval('res_partner_id_seq') AS id
          FROM generate_series(1, %(customers)s) n) drawn;
"""
PROFILES = """
INSERT INTO customer_profile (partner_id, company_id, active, value_score,
                              value_tier_id, lifecycle_stage_id, churn_risk, revenue,
                              order_count, content_hash)
SELECT id, %(company)s, TRUE,
       round((hashint8extended(id, 1) & 1048575)::numeric / 10485.76, 1),
       (%(tiers)s::int[])[1 + id %% %(tier_count)s],
       (%(stages)s::int[])[1 + id %% %(stage_count)s], 'low', id %% 1000, 1, 0
  FROM res_partner WHERE name LIKE 'Customer %%'
"""
SALESMAN = "sales_team.group_sale_salesman"


def prepare(name, customers):
    """A fresh database with the profiles in it, unless it is there."""
    signature = f"record rules {customers} 1"
    query = (
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
        f" WHERE datname = {databases.literal(name)}"
    )
    with odoo.session() as session:
        if databases.sql(session, query) == [[signature]]:
            with step(f"Database {name}: upgrade") as progress:
                session.update(name, progress, upgrade=[ADDON])
            return
        databases.database_from_template(session, name, [ADDON])
        with step(f"Profiles of {customers:,} customers"):
            fill(load(name), customers)
        comment = f"COMMENT ON DATABASE {databases.quoted(name)}"
        databases.sql(session, f"{comment} IS {databases.literal(signature)}", name)


def fill(registry, customers):
    """Make the salespersons and their rule, partners and profiles."""
    with measured(registry, Measure()) as env:
        users = _salespersons(env)
        places = {"customers": customers, "half": users["half"], "two": users["two"]}
        env.cr.execute(SQL(PARTNERS, **places))
        tiers = env["customer.value.tier"].search([]).ids
        stages = env["customer.lifecycle.stage"].search([]).ids
        env.cr.execute(
            SQL(
                PROFILES,
                company=env.ref("base.main_company").id,
                tiers=tiers,
                tier_count=len(tiers),
                stages=stages,
                stage_count=len(stages),
            )
        )
    with registry.cursor() as cr:
        cr._cnx.autocommit = True
        cr.execute("VACUUM ANALYZE customer_profile, res_partner")


def _salespersons(env):
    """``{login: id}``; all but the first one have the rule of their own contacts."""
    own = env["res.groups"].create({"name": "Own Contacts"})
    env["ir.rule"].create(
        {
            "name": "Own contacts",
            "model_id": env["ir.model"]._get_id("res.partner"),
            "groups": [Command.set(own.ids)],
            "domain_force": "['|', ('user_id', '=', user.id),"
            " ('id', '=', user.partner_id.id)]",
        }
    )
    groups = env.ref("base.group_user") + env.ref(SALESMAN)
    users = env["res.users"].create(
        [
            {
                "name": login,
                "login": login,
                "group_ids": [Command.set((groups + more).ids)],
            }
            for login, more in (("all", own.browse()), ("two", own), ("half", own))
        ]
    )
    return {user.login: user.id for user in users}


def questions(env):
    """``{label: what a screen asks}``"""
    profiles = env["customer.profile"]
    spec = _list_specification(profiles)
    return {
        "page of 80, with count": lambda: profiles.web_search_read(
            [], spec, limit=80, count_limit=10001
        ),
        "group by tier": lambda: profiles.formatted_read_group(
            [], ["value_tier_id"], ["__count"]
        ),
    }


def _list_specification(model):
    """What the web client asks of the columns of the list."""
    arch = etree.fromstring(model.get_view(view_type="list")["arch"])
    named = {"fields": {"display_name": {}}}
    return {
        node.get("name"): named
        if model._fields[node.get("name")].type == "many2one"
        else {}
        for node in arch.findall("field")
    }


def measure_all(registry, rounds):
    """``{(who, label): [(seconds, busy seconds)]}``, without the first round."""
    taken = {}
    for turn in range(rounds + 1):
        with measured(registry, Measure()) as env:
            # Rolled back: the database stays one of one company.
            for who in ("all", "half", "two", "all, of two companies"):
                _ask(env, who, taken if turn else {})
            env.cr.rollback()
        registry.clear_cache()
    return taken


def _ask(env, who, taken):
    login, __, other = who.partition(",")
    if other:
        env["res.company"].create({"name": "Other"})
    user = env["res.users"].search([("login", "=", login)])
    own = env(user=user.id, context={"lang": "en_US"})
    for label, ask in questions(own).items():
        own.invalidate_all()
        env.cr.execute("SELECT pg_backend_pid()")
        pids = os.getpid(), *env.cr.fetchone()
        started, busy = time.perf_counter(), _cpu_seconds(*pids)
        ask()
        seconds = time.perf_counter() - started, _cpu_seconds(*pids) - busy
        taken.setdefault((who, label), []).append(seconds)


def main():
    parser = argparse.ArgumentParser(prog="./dev bench record-rules")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    name = "bench_record_rules"
    prepare(name, args.customers)
    for (who, label), figures in measure_all(load(name), args.rounds).items():
        clock, busy = (
            1000 * statistics.median(one) for one in zip(*figures, strict=True)
        )
        say(f"{who:25} {label:25} {clock:8.1f} ms, busy {busy:8.1f} ms")


if __name__ == "__main__":
    main()
