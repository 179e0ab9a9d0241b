"""Customers per class and segment: an earlier release beside this one.

Per tier, stage, risk and segment.

    ./dev bench classes [--commit COMMIT] [--data FOLDER]

The demo, CDNOW and Online Retail, each by the default policy of its release, in two
databases that are made anew. The earlier release comes out of the repository's own
history. Prints one table (Markdown) for each data set and class, and how many
customers have another class.
"""

import argparse
import json
import os
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks._database import ADDON
from tools import databases, odoo
from tools.console import DevError, say, step
from tools.paths import LOGS, ROOT, TEST_ADDONS

RELEASE = "157967688c76897050618333f9dc4ebab96bc0cd"  # 19.0.1.3.0
AXES = ("tier", "stage", "risk", "segment")
SCRIPT = ROOT / "benchmarks" / "_classes_script.py"
# Addons that came after the earlier release must not be known to its database.
FORGET = (
    f"DELETE FROM ir_module_module WHERE name LIKE '{ADDON}%';"
    "DELETE FROM ir_model_data WHERE model = 'ir.module.module'"
    f" AND name LIKE 'module_{ADDON}%'"
)


def take_out(commit, folder):
    """Put the addon of a commit into a folder."""
    command = ["git", "-C", ROOT, "archive", commit, ADDON]
    made = subprocess.run(command, capture_output=True, check=False)
    if made.returncode:
        raise DevError(f"the history has no {commit}")
    subprocess.run(["tar", "-x", "-C", folder], input=made.stdout, check=True)
    return Path(folder)


def classified(session, name, path):
    """The classes by the addon of a folder, in a database with its demo."""
    lines = shell(session, name, path, SCRIPT.read_text(), demo=True)
    found = [line for line in lines if line.startswith("RESULT ")]
    if not found:
        raise DevError("\n".join(lines[-20:]))
    return json.loads(found[0].removeprefix("RESULT "))


def shell(session, name, path, script, demo=False):
    """Return what a script prints where the addon of a folder is installed.

    In a database of its own, which is dropped.
    """
    foreign = databases.foreign_dependencies(session, [ADDON])
    databases.database_from_template(session, name, foreign, demo=demo)
    databases.sql(session, FORGET, name)
    addons = f"--addons-path={path},{TEST_ADDONS}"
    lines = []
    with step(f"{name}: install"):
        install = ("-i", ADDON, *(["--with-demo"] if demo else []), "--stop-after-init")
        if session.stream(
            *("-d", name, "--no-http", "--max-cron-threads=0", addons, *install),
            on_line=lines.append,
            log=LOGS / f"{name}.log",
        ):
            raise DevError("\n".join(lines[-20:]))
    with step(f"{name}: script"):
        failed = session.stream(
            *("shell", "-d", name, "--no-http", addons),
            on_line=lines.append,
            stdin=script,
            log=LOGS / f"{name}.log",
        )
    if failed:
        raise DevError("\n".join(lines[-20:]))
    databases.drop(session, name)
    return lines


def report(before, after):
    """Print the counts of each class, and the moves of customers."""
    for title in after:
        old, new = before[title], after[title]
        say(f"\n## {title}: {len(old):,} customers before, {len(new):,} after")
        for place, axis in enumerate(AXES):
            say(f"\n| {axis} | before | after | difference |\n|---|---|---|---|")
            counts = [
                Counter(words[place] for words in one.values()) for one in (old, new)
            ]
            for word in sorted({*counts[0], *counts[1]}):
                pair = [count[word] for count in counts]
                say(f"| {word} | {pair[0]:,} | {pair[1]:,} | {pair[1] - pair[0]:+,} |")
            say_moves(old, new, place)


def say_moves(old, new, place):
    """Print the customers with another class.

    By name, as ids differ between the databases.
    """
    old, new = (
        {name.rpartition(" (")[0]: w for name, w in o.items()} for o in (old, new)
    )
    both = old.keys() & new.keys()
    moves = Counter(
        (old[name][place], new[name][place])
        for name in both
        if old[name][place] != new[name][place]
    )
    listed = ", ".join(f"{a} → {b} {n:,}" for (a, b), n in moves.most_common(12))
    say(f"\nAnother one: {sum(moves.values()):,} of {len(both):,}. {listed}")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench classes")
    parser.add_argument("--commit", default=RELEASE)
    parser.add_argument("--data", help="folder of the data sets")
    args = parser.parse_args()
    if args.data:
        os.environ["CUSTOMER_CLASSIFICATION_DATA"] = args.data
    with odoo.session() as session, tempfile.TemporaryDirectory() as folder:
        path = take_out(args.commit, folder)
        before = classified(session, "bench_classes_before", path)
        after = classified(session, "bench_classes_after", ROOT)
    report(before, after)


if __name__ == "__main__":
    main()
