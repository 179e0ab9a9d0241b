"""Customers per class and segment: an earlier release beside this one.

Per tier, stage, risk and segment.

    ./dev bench classes [--commit COMMIT] [--data FOLDER] [--keep FILE] [--demo]

The demo, CDNOW and Online Retail, each by the default policy of its release, in two
databases that are made anew; and the demo of the earlier release before and after an
upgrade, of which the customers and documents are the same. The earlier release comes
out of the repository's own history. Prints one table (Markdown) for each data set and
class, and how many customers have another class.
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


def install(session, name, path):
    """Install the addon of a folder with its demo, in a database of its own."""
    foreign = databases.foreign_dependencies(session, [ADDON])
    databases.database_from_template(session, name, foreign, demo=True)
    databases.sql(session, FORGET, name)
    with step(f"{name}: install"):
        odoo_of(session, name, path, "-i", ADDON, "--with-demo", "--stop-after-init")


def upgrade(session, name):
    """Upgrade a database to this release, without the demo of this release."""
    databases.sql(session, "UPDATE ir_module_module SET demo = FALSE", name)
    with step(f"{name}: upgrade"):
        odoo_of(session, name, ROOT, "-u", ADDON, "--stop-after-init")


def classified(session, name, path, only_demo):
    """Return the classes by the addon of a folder; the database stays."""
    script = SCRIPT.read_text()
    if only_demo:
        script = f"ONLY_DEMO = True\n{script}"
    with step(f"{name}: script"):
        lines = odoo_of(session, name, path, "shell", stdin=script)
    found = [line for line in lines if line.startswith("RESULT ")]
    if not found:
        raise DevError("\n".join(lines[-20:]))
    return json.loads(found[0].removeprefix("RESULT "))


def odoo_of(session, name, path, *args, stdin=None):
    """Return the lines of a command of Odoo with the addon of a folder."""
    command, lines = args[:1] if stdin else (), []
    failed = session.stream(
        *(*command, "-d", name, "--no-http", f"--addons-path={path},{TEST_ADDONS}"),
        *(() if stdin else ("--max-cron-threads=0", *args)),
        on_line=lines.append,
        stdin=stdin,
        log=LOGS / f"{name}.log",
    )
    if failed:
        raise DevError("\n".join(lines[-20:]))
    return lines


def compared(session, path, only_demo):
    """Return the classes by the earlier release and by this one."""
    name = "bench_classes_before"
    install(session, name, path)
    before = classified(session, name, path, only_demo)
    upgrade(session, name)
    upgraded = classified(session, name, ROOT, only_demo=True)
    databases.drop(session, name)
    name = "bench_classes_after"
    install(session, name, ROOT)
    after = classified(session, name, ROOT, only_demo)
    databases.drop(session, name)
    title = "Demo, upgraded"
    before[title], after[title] = before["Demo"], upgraded["Demo"]
    return before, after


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
    """Compare the two releases, and keep who has which class and why."""
    parser = argparse.ArgumentParser(prog="./dev bench classes")
    parser.add_argument("--commit", default=RELEASE)
    parser.add_argument("--data", help="folder of the data sets")
    parser.add_argument("--keep", help="file for the classes of each customer, as JSON")
    parser.add_argument("--demo", action="store_true", help="the demo alone")
    args = parser.parse_args()
    if args.data:
        os.environ["CUSTOMER_CLASSIFICATION_DATA"] = args.data
    with odoo.session() as session, tempfile.TemporaryDirectory() as folder:
        before, after = compared(session, take_out(args.commit, folder), args.demo)
    if args.keep:
        Path(args.keep).write_text(json.dumps({"before": before, "after": after}))
    report(before, after)


if __name__ == "__main__":
    main()
