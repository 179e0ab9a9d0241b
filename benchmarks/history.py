"""Cost of asking for customers of a past day and the migration matrix.

    ./dev bench history [--customers N] [--later N] [--rounds N]

Fills a database of its own: each customer has a first tier, stage and risk within the
first hundred days, and ``--later`` changes afterwards, one in a hundred recorded 60
days late; and ten orders within two and a half years, one in ten in another currency.
Prints medians of the screens' questions; a first round is not counted.
"""

import argparse
import os
import statistics
import threading
import time
from datetime import date
from pathlib import Path

from odoo.tools import SQL

from benchmarks._database import ADDON, Measure, load, measured
from tools import databases, odoo
from tools.console import say, step

FIRST, LAST, KNOWN = date(2025, 3, 31), date(2025, 6, 30), date(2025, 12, 1)

# Chance from hashes, as in the other benchmarks: the same rows on every machine.
HELPER = """
CREATE OR REPLACE FUNCTION pg_temp.chance(number bigint, use int) RETURNS float8
IMMUTABLE LANGUAGE SQL AS $$
SELECT (hashint8extended(number, use) & 4503599627370495)::float8 / 4503599627370496
$$;
"""
PARTNERS = """
INSERT INTO res_partner (name, complete_name, type, lang, active, is_company,
                         partner_share, customer_rank, autopost_bills, color)
SELECT 'History ' || n, 'History ' || n, 'contact', 'en_US', TRUE, TRUE, TRUE, 1, 'ask',
       0
  FROM generate_series(1, %(customers)s) n;
UPDATE res_partner SET commercial_partner_id = id
 WHERE commercial_partner_id IS NULL;
"""
CHANGES = """
WITH customer AS (SELECT id, row_number() OVER (ORDER BY id) AS n FROM res_partner
                   WHERE name LIKE 'History %%'),
     drawn AS (
        SELECT id, 3 * n + axis AS number, axis, (n %% 100)::int AS day
          FROM customer, generate_series(1, 3) axis
         UNION ALL
        SELECT id, -(n * %(later)s + k), 1 + (n + k) %% 3,
               100 + (700 * pg_temp.chance(n * %(later)s + k, 1))::int
          FROM customer, generate_series(1, %(later)s) k),
     dated AS (
        SELECT *, DATE '2024-01-01' + day AS valid_date,
               (1000 * pg_temp.chance(number, 2))::int AS die,
               pg_temp.chance(number, 3) < 0.01 AS is_late
          FROM drawn)
INSERT INTO classification_change
       (partner_id, company_id, axis, to_tier_id, to_stage_id,
        to_risk, cause, valid_date, revenue, create_date)
SELECT id, %(company)s, (ARRAY['value_tier', 'lifecycle_stage', 'churn_risk'])[axis],
       CASE axis WHEN 1 THEN (%(tiers)s::int[])[1 + die %% %(tier_count)s] END,
       CASE axis WHEN 2 THEN (%(stages)s::int[])[1 + die %% %(stage_count)s] END,
       CASE axis WHEN 3 THEN (ARRAY['low', 'medium', 'high'])[1 + die %% 3] END,
       'data', valid_date, 10 * die,
       valid_date + INTERVAL '2 hours'
           + CASE WHEN is_late THEN INTERVAL '60 days' ELSE INTERVAL '0' END
  FROM dated
 ORDER BY valid_date, number
"""
ORDERS = 10
SALES = """
INSERT INTO res_currency_rate (currency_id, company_id, name, rate)
SELECT %(foreign)s, NULL, DATE '2023-01-01' + d, 0.92 + 0.0001 * d
  FROM generate_series(0, 1000) d;
INSERT INTO sale_order
       (name, partner_id, partner_invoice_id, partner_shipping_id, company_id,
        currency_id, currency_rate, date_order, state, locked, invoice_status,
        amount_untaxed, amount_tax, amount_total, user_id, access_token,
        require_signature, require_payment, prepayment_percent, create_uid, write_uid,
        create_date, write_date)
SELECT 'H' || key, id, id, id, %(company)s,
       CASE WHEN pg_temp.chance(key, 11) < 0.1 THEN %(foreign)s ELSE %(home)s END, 1,
       at, 'sale', FALSE, 'invoiced', amount, 0, amount, 2, md5(key::text), TRUE,
       FALSE, 1, 1, 1, at, at
  FROM (SELECT id, key, round((1000 * pg_temp.chance(key, 12))::numeric, 2) AS amount,
               TIMESTAMP '2023-01-01' + INTERVAL '1 day' * 910 * pg_temp.chance(key, 13)
               AS at
          FROM (SELECT p.id, p.id * 100::bigint + k AS key
                  FROM res_partner p, generate_series(1, %(orders)s) k
                 WHERE p.name LIKE 'History %%') drawn) sale
 ORDER BY at
"""
NAMED = {"fields": {"display_name": {}}}
LIST_PAGE = {
    **dict.fromkeys(("partner_id", "value_tier_id", "lifecycle_stage_id"), NAMED),
    **dict.fromkeys(("value_tier_since", "lifecycle_stage_since"), {}),
    **dict.fromkeys(("churn_risk", "revenue", "as_of_date"), {}),
}


def prepare(name, customers, later):
    """A fresh database with the history in it, unless it is there."""
    signature = f"history {customers} {later} 2"
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
        with step(f"History of {customers:,} customers"):
            fill(load(name), customers, later)
        comment = f"COMMENT ON DATABASE {databases.quoted(name)}"
        databases.sql(session, f"{comment} IS {databases.literal(signature)}", name)


def fill(registry, customers, later):
    """Write partners and changes, and have the tables vacuumed."""
    with measured(registry, Measure()) as env:
        tiers = env["customer.value.tier"].search([]).ids
        stages = env["customer.lifecycle.stage"].search([]).ids
        env.cr.execute(HELPER)
        env.cr.execute(SQL(PARTNERS, customers=customers))
        env.cr.execute(
            SQL(
                CHANGES,
                later=later,
                company=env.company.id,
                tiers=tiers,
                tier_count=len(tiers),
                stages=stages,
                stage_count=len(stages),
            )
        )
        foreign = env.ref("base.EUR")
        if foreign == env.company.currency_id:
            foreign = env.ref("base.USD")
        env.cr.execute(
            SQL(
                SALES,
                orders=ORDERS,
                company=env.company.id,
                home=env.company.currency_id.id,
                foreign=foreign.id,
            )
        )
    with registry.cursor() as cr:
        cr._cnx.autocommit = True
        cr.execute("VACUUM ANALYZE classification_change, res_partner, sale_order")


def questions(env):
    """Return ``{label: question of a screen}``."""
    history = env["classification.history"].with_context(history_date=str(LAST))
    known = history.with_context(history_known_date=str(KNOWN))
    migration = env["classification.migration"].with_context(
        history_from_date=str(FIRST), history_date=str(LAST)
    )
    last_row = history.search([], limit=1, order="id desc")
    best = env["customer.value.tier"].search([], limit=1)
    group = {
        "group by tier": (["value_tier_id"], ["__count"]),
        "group by tier, revenue": (["value_tier_id"], ["__count", "revenue:sum"]),
    }
    return {
        "list page of 80, with count": lambda: _page(history, []),
        "list page, as known on a day": lambda: _page(known, []),
        "count": lambda: history.search_count([]),
        **{
            label: lambda spec=spec: history.formatted_read_group([], *spec)
            for label, spec in group.items()
        },
        "list page by revenue": lambda: history.web_search_read(
            [], LIST_PAGE, limit=80, order="revenue desc"
        ),
        "one row": lambda: history.browse(last_row.id).web_read(LIST_PAGE),
        "migration matrix with amounts": lambda: migration.get_matrix("value_tier"),
        "list of one cell, with count": lambda: migration.web_search_read(
            [("from_tier_id", "=", best.id), ("to_tier_id", "=", best.id)],
            {"partner_id": NAMED, "to_stage_id": NAMED, "to_revenue": {}},
            limit=80,
            count_limit=10001,
        ),
    }


def _page(model, domain):
    return model.web_search_read(domain, LIST_PAGE, limit=80, count_limit=10001)


def measure_all(registry, rounds):
    """Return ``{label: [(seconds, busy seconds, queries)]}``.

    Without the first round.
    """
    taken = {}
    for turn in range(rounds + 1):
        with measured(registry, Measure()) as env:
            for label, ask in questions(env).items():
                env.invalidate_all()
                figures = _timed(env.cr, ask)
                if turn:
                    taken.setdefault(label, []).append(figures)
    return taken


def _timed(cr, ask):
    thread = threading.current_thread()
    cr.execute("SELECT pg_backend_pid()")
    [pid] = cr.fetchone()
    queries, busy, started = thread.query_count, _busy(pid), time.perf_counter()
    ask()
    seconds = time.perf_counter() - started
    return seconds, _busy(pid) - busy, thread.query_count - queries


def _busy(pid):
    """Return the processor seconds of this process and PostgreSQL's.

    Of PostgreSQL's, where it is near. Unlike the time that passes, they do not grow
    with other programs.
    """
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return time.process_time()
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    ticks = int(user) + int(system)
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench history")
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--later", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    name = "bench_history"
    prepare(name, args.customers, args.later)
    taken = measure_all(load(name), args.rounds)
    say(f"{args.customers:,} customers, {args.customers * (3 + args.later):,} changes")
    say(f"{'':34}{'seconds':>10}{'busy':>10}{'queries':>10}")
    for label, figures in taken.items():
        seconds, busy, queries = map(statistics.median, zip(*figures, strict=True))
        say(f"{label:34}{seconds:10.3f}{busy:10.3f}{queries:10.0f}")


if __name__ == "__main__":
    main()
