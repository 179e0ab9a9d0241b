"""All benchmarks that have a limit, in one table.

    ./dev bench all [--customers N] [--keep]

Runs one after the other and prints what was measured, its limit, ours, the machine and
the command of each. ``--keep`` writes the table into `table.json` and the README;
``./dev bench check`` compares later runs with it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from benchmarks import _figures
from tools.console import say

HERE = Path(__file__).parent
TABLE = HERE / "table.json"
README = HERE / "README.md"
BEGIN, END = "<!-- table of ./dev bench all -->\n", "<!-- end of the table -->\n"


def commands(customers):
    """Return ``[(benchmark, arguments)]`` of a size."""
    some = max(customers // 10, 1_000)
    return [
        ("full-run", ["--customers", customers, "--rounds", 1]),
        ("product-run", ["--products", some, "--lines", 10 * customers]),
        ("screens", ["--customers", customers, "--rounds", 5]),
        ("overview", ["--customers", customers, "--rounds", 5]),
        ("others", ["--customers", some, "--turns", 60]),
        ("installing", ["--customers", customers]),
    ]


def measured(customers):
    """Run them all and return ``[{"what", "limit", "ours", "command"}]``."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, args in commands(customers):
            args = [str(arg) for arg in args]
            script, found = HERE / f"{name.replace('-', '_')}.py", Path(folder) / name
            argv = [sys.executable, script, *args, "--figures", found]
            subprocess.run(argv, check=True)
            command = " ".join(["./dev bench", name, *args])
            for figure in _figures.read(found):
                rows.append({**figure._asdict(), "command": command})
    return rows


def table(rows):
    """Return the lines of the table in Markdown."""
    cells = [
        (
            row["what"],
            "" if row["limit"] is None else f"{row['limit']:,g}",
            f"{row['ours']:,.2f}".rstrip("0").rstrip("."),
            f"`{row['command']}`",
        )
        for row in rows
    ]
    heads = ("what", "limit", "ours", "command")
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    lines = [heads, tuple("-" * width for width in widths), *cells]
    return ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines]


def keep(kept):
    """Write the table into its file and into the README."""
    TABLE.write_text(json.dumps(kept, indent=2) + "\n")
    before, rest = README.read_text().split(BEGIN)
    after = rest.split(END)[1]
    head = f"{kept['customers']:,} customers, {kept['date']}, {kept['machine']}:"
    body = "\n".join([head, "", *table(kept["rows"])])
    README.write_text(f"{before}{BEGIN}\n{body}\n\n{END}{after}")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench all")
    parser.add_argument("--customers", type=int, default=100_000, metavar="N")
    parser.add_argument("--keep", action="store_true", help="as what later ones equal")
    args = parser.parse_args()
    kept = {
        "customers": args.customers,
        "rows": measured(args.customers),
        "machine": _figures.machine(),
        "date": date.today().isoformat(),
    }
    say("\n".join(table(kept["rows"])))
    say(f"{kept['machine']}")
    if args.keep:
        keep(kept)


if __name__ == "__main__":
    main()
