"""Compare the benchmarks with the kept table.

    ./dev bench check

Runs what `./dev bench all` does, at the size of the kept table, and fails where a
figure is 20 % worse than there.
"""

import json
import sys

from benchmarks import _figures
from benchmarks.all import TABLE, measured, table
from tools.console import say


def main():
    if not TABLE.exists():
        sys.exit("There is no table to compare with: ./dev bench all --keep makes it.")
    kept = json.loads(TABLE.read_text())
    rows = measured(kept["customers"])
    say("\n".join(table(rows)))
    numbers = [
        {row["what"]: row["ours"] for row in own} for own in (kept["rows"], rows)
    ]
    worse = _figures.worse(*numbers)
    for what, before, now in worse:
        say(
            f"WORSE  {what}: {before:.2f} kept, {now if now is None else round(now, 2)}"
        )
    say(_figures.machine())
    sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()
