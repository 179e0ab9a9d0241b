"""Comparison of the results of two versions, row by row.

    ./dev bench results [--commit COMMIT] [--to COMMIT] [--customers N]

Generated customers in two databases that are made anew, one by each version. In both,
customers, products and campaigns are classified in many ways
(``tests/outside/scripts/hash_results.py``). Prints, of each table, the number of its
rows and whether the hash of their contents is the same.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks.classes import shell, take_out
from tools import odoo
from tools.console import say
from tools.paths import ROOT

SCRIPT = ROOT / "tests" / "outside" / "scripts" / "hash_results.py"
# The last version without rooms, and the first one with rooms, pipelines and rules by
# kind.
BEFORE, AFTER = "77e0d59", "03d89ef"
FILL = """
import sys
sys.path.insert(0, {root!r})
from benchmarks import _purchases
_purchases.fill(env.registry, {customers})
env.cr.rollback()
env.invalidate_all()
"""


def hashes(session, name, path, customers):
    """Return ``{table: (number of rows, hash)}`` by the addon of a folder."""
    fill = FILL.format(root=str(ROOT), customers=customers)
    lines = shell(session, name, path, fill + SCRIPT.read_text())
    found = [line.split() for line in lines if line.startswith("HASH ")]
    return {table: (int(count), digest) for __, table, count, digest in found}


def report(before, after):
    """Print each table with its rows, before and after."""
    say("\n| table | rows before | rows after | content |\n|---|---|---|---|")
    for table, (count, digest) in before.items():
        rows, other = after[table]
        word = "the same" if digest == other else "**differs**"
        say(f"| `{table}` | {count:,} | {rows:,} | {word} |")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench results")
    parser.add_argument("--commit", default=BEFORE)
    parser.add_argument("--to", default=AFTER)
    parser.add_argument("--customers", type=int, default=100_000)
    args = parser.parse_args()
    found = []
    with odoo.session() as session:
        for commit in (args.commit, args.to):
            with tempfile.TemporaryDirectory() as folder:
                path = take_out(commit, Path(folder))
                name = f"bench_results_{len(found)}"
                found.append(hashes(session, name, path, args.customers))
    report(*found)


if __name__ == "__main__":
    main()
