"""Cost of a run over all customers, beside its unavoidable queries.

    ./dev bench full-run [--customers N] [--rounds N]

Fills a database of its own (its contents are in ``_purchases.py``; kept for the next
time), and prints medians. Bare aggregate, facts and runs take turns, so that
whatever else the machine does hits all of them: compare them by their ratios.

*limit* is the least cost of writing: ``COPY`` of the rows that the first run wrote,
profiles and history, into tables without keys and indexes.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL

from benchmarks import _purchases
from benchmarks._database import Measure, copy_out, load, measured, prepare
from benchmarks._figures import Figure, add_argument, keep
from tools.console import say, step

# Tables that runs write; TRUNCATE also empties tables that refer to a run.
RESULT_TABLES = (
    *("customer_profile", "classification_change", "classification_first_class"),
    "classification_run",
)
# Tables with the rows of a first run.
WRITTEN_TABLES = RESULT_TABLES[:3]
# Percent of the customers; one after the other is published.
VIP_SHARES = (4, 5)
SINGLE_CUSTOMERS = 10  # in each round
WIDTH = 11  # of a column of the report

# The least that has to be read to know recency, frequency and revenue.
BARE = """
SELECT p.commercial_partner_id, max(o.date_order), count(*), sum(o.amount_untaxed)
  FROM sale_order o
  JOIN res_partner p ON p.id = o.partner_id
 WHERE o.state = 'sale' AND o.company_id = %s
 GROUP BY p.commercial_partner_id
"""
# Half of the customers who bought again in this round: 1 % of all.
CHANGE_SOME = """
UPDATE sale_order
   SET amount_untaxed = amount_untaxed + 1, write_date = now() AT TIME ZONE 'UTC'
 WHERE client_order_ref = 'AGAIN' AND id % 2 = 0
"""
SOME_BUYERS = """
SELECT partner_id
  FROM bench.customer
 WHERE company_id = %s AND orders > 5
 ORDER BY bench.chance(number, 900 + %s)
 LIMIT %s
"""
STEPS = {
    "bare": "bare aggregate",
    "facts": "facts",
    "first": "first full run",
    "limit": "limit of writing",
    "day": "a day later",
    "unchanged": "nothing changed",
    "again": "2 % bought again",
    "preview": "preview of a draft",
    "changed": "1 % changed",
    "one": "one customer",
    "publication": "publication",
}
HEAD = (
    *("", "seconds", "min-max", "x bare", "x facts"),
    *("cpu", "x bare", "x facts", "in queries", "queries", "written", "WAL MiB"),
)
# Limits of a run that writes everybody, as times the bare aggregate, as times the limit
# of writing beside the facts, and as bytes of log a customer.
TIMES_BARE, TIMES_LIMIT, WAL_BYTES = 7, 4, 1_200
STEPS_OF_LIMITS = ("bare", "facts", "limit")


class Bench:
    """The steps, each measured once by a call, and their costs by name."""

    def __init__(self, registry):
        self.registry = registry
        self.company = _purchases.names_of(registry)["main"]
        self.policy = self._policy_id()
        self.day = _purchases.AS_OF
        self.forget_warm_up()

    def _policy_id(self):
        with self.registry.cursor() as cr:
            company = api.Environment(cr, SUPERUSER_ID, {})["res.company"]
            return company.browse(self.company)._get_customer_policy().id

    def _measured(self, name, function):
        """Time a function of the environment.

        It may return how many rows it wrote.
        """
        measure = Measure()
        with measured(self.registry, measure) as env:
            measure.written = function(env) or 0
        self.taken[name].append(measure)

    def bare(self):
        self._measured("bare", lambda env: copy_out(env.cr, SQL(BARE, self.company)))

    def facts(self):
        """Read the facts as a run does: its queries, and facts from their rows."""
        self._measured("facts", self._read_facts)

    def _read_facts(self, env):
        policy, facts = self._policy(env), env["classification.facts"]
        scope = facts._scope(policy, self.day)
        facts._read(policy, policy._parameters(), scope)

    def _policy(self, env):
        return env["classification.policy"].browse(self.policy)

    def run(self, name, partner_ids=None):
        """One run of the policy."""
        self._measured(name, lambda env: self._run(env, partner_ids))

    def _run(self, env, partner_ids):
        run = self._policy(env).recompute(as_of_date=self.day, partner_ids=partner_ids)
        if run.state != "done":
            raise SystemExit(f"the run ended {run.state}: {run.error}")
        return run.written_count

    def first(self):
        """A run in a database that knows of no class yet."""
        self.forget_classes()
        self.run("first")

    def forget_classes(self):
        """Remove all results; TRUNCATE leaves no dead rows to the next step.

        It would take the policies along, which may keep the limits of a run.
        """
        tables = SQL(", ").join(map(SQL.identifier, RESULT_TABLES))
        with self.registry.cursor() as cr:
            cr.execute(
                "ALTER TABLE classification_policy"
                " DROP CONSTRAINT IF EXISTS classification_policy_kept_run_id_fkey"
            )
            cr.execute(SQL("TRUNCATE %s CASCADE", tables))

    def limit(self):
        """Copy the rows of the first run into tables without keys and indexes."""
        with tempfile.TemporaryDirectory() as folder:
            with self.registry.cursor() as cr:
                for table in WRITTEN_TABLES:
                    with (Path(folder) / table).open("wb") as rows:
                        cr.copy_expert(f"COPY {table} TO STDOUT (FORMAT binary)", rows)
            self._measured("limit", lambda env: self._copy_in(env.cr, Path(folder)))
        with self.registry.cursor() as cr:
            for table in WRITTEN_TABLES:
                cr.execute(SQL("DROP TABLE %s", SQL.identifier("bench", table)))

    def _copy_in(self, cr, folder):
        for table in WRITTEN_TABLES:
            bare, like = SQL.identifier("bench", table), SQL.identifier(table)
            cr.execute(SQL("CREATE TABLE %s (LIKE %s)", bare, like))
            with (folder / table).open("rb") as rows:
                cr.copy_expert(f"COPY bench.{table} FROM STDIN (FORMAT binary)", rows)

    def publication(self, turn):
        """The run after a version was published by which every profile is another."""
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            draft = self._policy(env).copy(
                {"approval_customer_percent": 0, "approval_revenue_percent": 0}
            )
            draft.tier_ids.sorted("tier_sequence")[0].limit = VIP_SHARES[turn % 2]
            draft._publish()
            self.policy = draft.id
        self.run("publication")

    def again(self, turn):
        """A run after others have bought on the same day."""
        _purchases.buy_again(self.registry, turn, self.day)
        self.run("again")

    def preview(self):
        """The same day by a draft that calls twice as many customers VIP."""
        self._measured("preview", self._preview)

    def _preview(self, env):
        draft = self._policy(env).copy()
        draft.tier_ids.sorted("tier_sequence")[0].limit *= 2
        run = draft.recompute(as_of_date=self.day, kind="preview")
        if run.state != "done":
            raise SystemExit(f"the preview ended {run.state}: {run.error}")
        return env["classification.move"].search_count([("run_id", "=", run.id)])

    def changed(self):
        """The hourly run after documents of 1 % of the customers were written."""
        with self.registry.cursor() as cr:
            cr.execute(CHANGE_SOME)
        self._measured("changed", self._refresh)

    def _refresh(self, env):
        runs = env["classification.run"]
        policy, day = self._policy(env), self.day
        run = runs._prepare(policy, as_of_date=day, scope="changed").execute()
        if (run.state, run.scope) != ("done", "changed"):
            raise SystemExit(f"the hourly run ended {run.state}: {run.error}")
        return run.written_count

    def single(self, turn):
        """Runs over single customers with more than five orders."""
        with self.registry.cursor() as cr:
            cr.execute(SOME_BUYERS, (self.company, turn, SINGLE_CUSTOMERS))
            partners = [row[0] for row in cr.fetchall()]
        for partner in partners:
            self.run("one", [partner])

    def round(self, turn):
        """Take all steps but the first run, one after the other.

        On days of its own: each round begins without the purchases of the one before.
        """
        _purchases.forget_again(self.registry)
        self.day = _purchases.AS_OF + timedelta(2 * turn + 1)
        self.run("settled")
        self.day += timedelta(1)
        self.bare()
        self.facts()
        self.run("day")
        self.run("unchanged")
        self.again(turn)
        self.preview()
        self.changed()
        self.single(turn)
        self.publication(turn)

    def forget_warm_up(self):
        self.taken = {name: [] for name in (*STEPS, "settled")}


def measure_all(name, rounds):
    """Measure everything and return the bench and the peak memory in MiB."""
    with step("Peak memory of a first full run"):
        peak = _peak_of_process(name)
    bench = Bench(load(name))
    _purchases.forget_again(bench.registry)
    with step("First full runs") as progress:
        for number in range(rounds):
            progress.show(f"{number + 1} of {rounds}")
            bench.first()
            bench.limit()
    first, limit = bench.taken["first"], bench.taken["limit"]
    _purchases.vacuum(bench.registry, *RESULT_TABLES)
    for turn in range(rounds + 1):
        with step(f"Round {turn} of {rounds}" if turn else "Warm-up"):
            bench.round(turn)
        if not turn:
            bench.forget_warm_up()
    bench.taken |= {"first": first, "limit": limit}
    return bench, peak


def _peak_of_process(name):
    """MiB of a fresh process that does one first full run."""
    argv = [sys.executable, __file__, "--peak", name]
    child = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(child.stdout)


def print_peak(name):
    """Print the peak that :func:`_peak_of_process` reads, in the child."""
    bench = Bench(load(name))
    _purchases.forget_again(bench.registry)
    before = _high_water()
    bench.first()
    print(json.dumps({"before": before, "peak": _high_water()}))


def _high_water():
    """Return the largest resident memory so far, in MiB.

    Not ``ru_maxrss``, which a child takes over from the process that started it.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024


# The report


def report(bench, peak):
    """Print the table and how the targets were met."""
    say("")
    say(_line(*HEAD))
    for name, label in STEPS.items():
        say(_line(label, *_cells(bench.taken[name], bench.taken)))
    say(f"Peak memory {peak['peak']:,.0f} MiB, before the run {peak['before']:,.0f}")
    for text, is_met in _targets(bench, peak):
        say(f"{'PASS' if is_met else 'MISS'}  {text}")


def _cells(measures, taken):
    """Return the medians of a step, and their ratios.

    The ratios are to those of the aggregate and the facts.
    """
    seconds = [measure.seconds for measure in measures]
    yield f"{_median(measures):.3f}"
    yield f"{min(seconds):.3f}-{max(seconds):.3f}"
    yield from _ratios(measures, taken, "seconds")
    yield f"{_median(measures, 'cpu'):.2f}"
    yield from _ratios(measures, taken, "cpu")
    yield f"{_median(measures, 'waited'):.3f}"
    yield max(measure.queries for measure in measures)
    yield f"{_median(measures, 'written'):,.0f}"
    yield f"{_median(measures, 'wal'):,.1f}"


def _ratios(measures, taken, what):
    for name in ("bare", "facts"):
        yield f"{_median(measures, what) / _median(taken[name], what):.3f}"


def _line(label, *cells):
    return f"{label:17}" + "".join(f"{cell:>{WIDTH}}" for cell in cells)


def _median(measures, what="seconds"):
    return statistics.median(getattr(measure, what) for measure in measures)


def _targets(bench, peak):
    """``(sentence, whether it is met)`` of each target of the project."""
    after, whole = _shares(bench, "seconds")
    after_cpu, whole_cpu = _shares(bench, "cpu")
    queries = max(measure.queries for measure in bench.taken["unchanged"])
    one = _median(bench.taken["one"])
    yield (
        f"after the facts {after:.2f} of the facts ({after_cpu:.2f} of cpu), 0.50"
        " allowed",
        after <= 0.5,
    )
    yield (
        f"2 % bought again {whole:.2f} of the bare aggregate ({whole_cpu:.2f} of cpu),"
        " 1.50 allowed",
        whole <= 1.5,
    )
    yield f"nothing changed: {queries} queries, 20 allowed", queries <= 20
    yield f"one customer: {1000 * one:.0f} ms, 200 allowed", one < 0.2
    yield from _beside_a_full_run(bench)
    for name in ("first", "publication"):
        yield from _of_writing(bench, name)
    yield f"peak memory: {peak['peak']:,.0f} MiB, 1,024 allowed", peak["peak"] < 1024


def figures(bench, peak):
    """Return the figures of the targets, from the CPU seconds."""
    bare, facts, limit = (_median(bench.taken[n], "cpu") for n in STEPS_OF_LIMITS)
    for name in ("first", "publication"):
        taken, label = bench.taken[name], STEPS[name]
        ours = _median(taken, "cpu")
        written = _median(taken, "written")
        wal = _median(taken, "wal") * 2**20 / written if written else 0
        times = (ours - facts) / limit
        yield Figure(f"{label}: times bare", TIMES_BARE, ours / bare)
        yield Figure(f"{label}: times limit beside the facts", TIMES_LIMIT, times)
        yield Figure(f"{label}: bytes of WAL a customer", WAL_BYTES, wal)
    again = _median(bench.taken["again"], "cpu")
    queries = max(measure.queries for measure in bench.taken["unchanged"])
    yield Figure("2 % bought again: times bare", 1.5, again / bare)
    for name, share in (("preview", 1.3), ("changed", 0.1)):
        ours = _median(bench.taken[name], "cpu") / again
        yield Figure(f"{STEPS[name]}: of a run over all", share, ours)
    yield Figure("nothing changed: queries", 20, queries)
    yield Figure("first full run: MiB of memory", 1024, peak["peak"])


def _of_writing(bench, name):
    """Targets of a run that writes everybody."""
    taken = bench.taken
    for what in ("seconds", "cpu"):
        bare, facts, limit = (
            _median(taken[step], what) for step in ("bare", "facts", "limit")
        )
        ours = _median(taken[name], what)
        times = (ours - facts) / limit
        yield (
            f"{STEPS[name]}: {ours / bare:.1f} of the bare aggregate ({what}),"
            f" {TIMES_BARE} allowed",
            ours / bare <= TIMES_BARE,
        )
        yield (
            f"{STEPS[name]}: the facts and {times:.1f} of the limit ({what}),"
            f" {TIMES_LIMIT} allowed",
            times <= TIMES_LIMIT,
        )
    wal = _median(taken[name], "wal") * 2**20 / _median(taken[name], "written")
    yield (
        f"{STEPS[name]}: {wal:,.0f} bytes of WAL a customer, 1,200 allowed",
        wal <= WAL_BYTES,
    )


def _beside_a_full_run(bench):
    """Return the targets of runs measured against a run over everybody.

    The preview, and a run over some customers who bought.
    """
    for name, share in (("preview", 1.3), ("changed", 0.1)):
        part = statistics.median(
            one.seconds / full.seconds
            for one, full in zip(bench.taken[name], bench.taken["again"], strict=True)
        )
        yield f"{STEPS[name]}: {part:.2f} of a run, {share} allowed", part <= share


def _shares(bench, what):
    """Return median costs of a run with 2 % new orders.

    Time after the facts, relative to the facts of its round; and the whole, relative to
    the bare aggregate of its round.
    """
    rounds = [
        tuple(getattr(measure, what) for measure in measures)
        for measures in zip(
            *(bench.taken[name] for name in ("again", "facts", "bare")), strict=True
        )
    ]
    return (
        statistics.median((run - facts) / facts for run, facts, __ in rounds),
        statistics.median(run / bare for run, __, bare in rounds),
    )


def main():
    parser = argparse.ArgumentParser(prog="./dev bench full-run")
    parser.add_argument("--customers", type=int, default=100_000, metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    add_argument(parser)
    parser.add_argument("--peak", metavar="DATABASE", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.peak:
        print_peak(args.peak)
        return
    name = f"bench_{args.customers}"
    prepare(name, args.customers)
    found = measure_all(name, args.rounds)
    report(*found)
    keep(args.figures, figures(*found))


if __name__ == "__main__":
    main()
