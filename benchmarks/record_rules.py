"""Cost of other addons' record rule on contacts in customer lists.

    ./dev bench record-rules [--customers N] [--rounds N]

Lists of customers and of contacts.
Classifies 2,000 generated customers by a real run, gives their profiles to all others,
and gives a group the rule that OCA's sales_team_security has: contacts of one's own.
One salesperson without that rule, one whose two contacts are among them, and one with
half of all; then the same without the rule in a database with a second company, where
Odoo's rule on companies is followed. Prints medians of the screens' questions, on the
clock and of processors (of Odoo and PostgreSQL together: less depends on what else
runs). Each question is asked before it is measured, so that Odoo's own caches are
filled, as on a server; its cached records are forgotten.
"""

import argparse
import statistics

from odoo.fields import Command
from odoo.tools import SQL

from benchmarks import _purchases
from benchmarks._database import Measure, load, measured, prepare_filled
from benchmarks._screens import page, specification, took, without_ours
from tools.console import say

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
# Each has the profile of one of the classified customers.
PROFILES = """
INSERT INTO customer_profile (partner_id, %(columns)s)
SELECT contact, %(columns)s
  FROM (SELECT id AS contact FROM res_partner WHERE name LIKE 'Customer %%') p
  JOIN (SELECT row_number() OVER (ORDER BY id) - 1 AS place, count(*) OVER () AS of, *
          FROM customer_profile) s
    ON s.place = abs(hashint8(contact)::bigint) %% s.of
"""
SAMPLE = 2_000
SALESMAN = "sales_team.group_sale_salesman"
# They see amounts: five columns more.
ALL_SALES = "sales_team.group_sale_salesman_all_leads"


def fill(registry, customers):
    """Make the salespersons and their rule, partners and profiles."""
    _purchases.fill(registry, SAMPLE, has_second_company=False)
    with measured(registry, Measure()) as env:
        policy = env.ref("base.main_company")._get_customer_policy()
        policy.recompute(as_of_date=_purchases.AS_OF)
        users = _salespersons(env)
        places = {"customers": customers, "half": users["half"], "two": users["two"]}
        env.cr.execute(SQL(PARTNERS, **places))
        env.cr.execute(SQL(PROFILES, columns=_copied_columns(env)))
    _purchases.vacuum(registry, "customer_profile", "res_partner")


def _copied_columns(env):
    """Return SQL of the columns that profiles copy, without the owner."""
    names = (
        name
        for name, field in sorted(env["customer.profile"]._fields.items())
        if field.store and field.column_type and name not in ("id", "partner_id")
    )
    return SQL(", ").join(map(SQL.identifier, names))


def _salespersons(env):
    """Return ``{login: id}`` of the salespersons.

    All but the first one have the rule of their own contacts.
    """
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
    groups = env.ref("base.group_user")
    salesman = groups + env.ref(SALESMAN)
    users = env["res.users"].create(
        [
            {
                "name": login,
                "login": login,
                "group_ids": [Command.set(its.ids)],
            }
            for login, its in (
                ("all", groups + env.ref(ALL_SALES)),
                ("two", salesman + own),
                ("half", salesman + own),
            )
        ]
    )
    return {user.login: user.id for user in users}


def questions(env):
    """Return ``{label: question of a screen}``."""
    profiles, partners = env["customer.profile"], env["res.partner"]
    columns = specification(partners)
    others = without_ours(columns)
    return {
        "page of 80, with count": page(profiles, specification(profiles)),
        "contacts of 80, with count": page(partners, columns),
        "the same without our columns": page(partners, others),
        "group by tier": lambda: profiles.formatted_read_group(
            [], ["value_tier_id"], ["__count"]
        ),
    }


def measure_all(registry, rounds):
    """Return ``{(who, label): [(seconds, busy seconds, queries)]}``."""
    taken = {}
    for __ in range(rounds):
        with measured(registry, Measure()) as env:
            # Rolled back: the database stays one of one company.
            for who in ("all", "half", "two", "all, of two companies"):
                _ask(env, who, taken)
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
        ask()
        own.invalidate_all()
        taken.setdefault((who, label), []).append(took(own, ask))


def main():
    parser = argparse.ArgumentParser(prog="./dev bench record-rules")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    name = "bench_record_rules"
    prepare_filled(
        name,
        f"record rules {args.customers} 3",
        f"Profiles of {args.customers:,} customers",
        lambda registry: fill(registry, args.customers),
    )
    for (who, label), figures in measure_all(load(name), args.rounds).items():
        clock, busy, queries = (
            statistics.median(one) for one in zip(*figures, strict=True)
        )
        say(
            f"{who:25}{label:30}{1000 * clock:8.1f} ms, busy {1000 * busy:7.1f} ms,"
            f" {queries:3.0f} queries"
        )


if __name__ == "__main__":
    main()
