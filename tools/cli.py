"""The commands of `./dev`."""

import argparse
import sys
from collections.abc import Sequence

from . import (
    bench,
    clean,
    clock,
    databases,
    demo,
    i18n,
    lint,
    postgres,
    processes,
    readme,
    run_tests,
    screenshots,
)
from .console import DevError, explain_os_error, say
from .odoo import session

_NEWEST_PYTHON = (3, 13)  # Odoo 19 is made for these
_DISK_FULL = "No space left on device"

_USAGE = """\
usage: ./dev COMMAND

  demo [--no-serve] [--odoo PATH]        a classified database, served for a browser
  test [--day DAY] [KIND|PATH ...]       of all kinds: tools engine odoo glue ...,
                                         and by name only: odoo-own all-apps
  lint [--fix]                           style, Odoo's conventions, XML, translations
  readme [--check]                       README.rst and the page in Apps of each addon
  i18n [--traditional]                   export the terms, update the translations; or
                                         traditional Chinese of simplified alone
  bench NAME [--customers N ...]         a benchmark of benchmarks/
  screenshots [FOLDER] [--all ...]       pictures of the README, or of every screen
  odoo ARGS ...                          Odoo's own command line, connection set
  shell [DB]                             Python prompt in a database (demo)
  psql [DB] [ARGS ...]                   SQL prompt in a database
  db NAME [--demo] [--install MODULES]   a fresh database, in place of an older one
  clean [--all]                          remove what these made; --all: downloads too

test --day 2028-02-29 has the clock of that day, from 10:00 (or 2028-02-29T23:30), in
Odoo, PostgreSQL and pytest, by libfaketime. All kinds run; browsers keep the true day.
ODOO_HOME=PATH uses an Odoo 19 of yours; PGHOST, PGPORT, PGUSER a PostgreSQL of yours.
"""


def main(argv: Sequence[str]) -> int:
    """Run one command; expected errors become one line, not a traceback."""
    processes.end_by_exception()
    try:
        return _run(list(argv))
    except DevError as error:
        return _complain(str(error))
    except OSError as error:
        return _complain(explain_os_error(error))
    except KeyboardInterrupt:
        return _complain("interrupted; the next start goes on from here", 130)


def _run(argv: list[str]) -> int:
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(_USAGE, end="")
        return 0
    if sys.version_info[:2] > _NEWEST_PYTHON:
        say("Note: Odoo 19 is made for Python 3.10 to 3.13, this one is newer.")
    command, *rest = argv
    if command in _PASSED_ON:
        return _PASSED_ON[command](rest)
    args = parser().parse_args(argv)
    return args.run(args)


def _complain(text: str, code: int = 1) -> int:
    if _DISK_FULL in text:
        text = f"the disk is full: free about 4 GB, then run it again ({text})"
    print(f"dev: {text}", file=sys.stderr)
    return code


def parser() -> argparse.ArgumentParser:
    """Return the parser of the commands that have options of ours."""
    top = argparse.ArgumentParser(prog="./dev", usage="./dev COMMAND (see ./dev)")
    commands = top.add_subparsers(required=True)

    command = commands.add_parser("demo")
    command.add_argument("--no-serve", action="store_true")
    command.add_argument("--odoo", metavar="PATH")
    command.set_defaults(run=lambda args: demo.demo(not args.no_serve, args.odoo))

    command = commands.add_parser("test")
    command.add_argument("--day", metavar="YYYY-MM-DD")
    command.add_argument("what", nargs="*")
    command.set_defaults(run=_test)

    command = commands.add_parser("lint")
    command.add_argument("--fix", action="store_true")
    command.set_defaults(run=lambda args: lint.lint(args.fix))

    command = commands.add_parser("i18n")
    command.add_argument("--traditional", action="store_true")
    command.set_defaults(run=lambda args: i18n.i18n(args.traditional))

    command = commands.add_parser("shell")
    command.add_argument("database", nargs="?", default=demo.DATABASE)
    command.set_defaults(run=lambda args: _odoo(["shell", "-d", args.database]))

    command = commands.add_parser("db")
    command.add_argument("name")
    command.add_argument("--demo", action="store_true")
    command.add_argument("--install", default="base", metavar="MODULES")
    command.set_defaults(run=_db)

    command = commands.add_parser("clean")
    command.add_argument("--all", action="store_true")
    command.set_defaults(run=lambda args: clean.clean(args.all))
    return top


def _test(args: argparse.Namespace) -> int:
    if args.day:
        run_tests.targets(args.what)
        clock.start_again(args.day, ["test", *args.what])
    return run_tests.test(args.what)


def _db(args: argparse.Namespace) -> int:
    modules = [name for name in args.install.split(",") if name]
    with session() as odoo:
        databases.database_from_template(odoo, args.name, modules, args.demo)
    say(f"Database {args.name} is ready: ./dev odoo shell -d {args.name}")
    return 0


# Commands whose arguments belong to the program that they start


def _odoo(args: list[str]) -> int:
    with session() as odoo:
        return odoo.run(*args)


def _psql(args: list[str]) -> int:
    with postgres.server() as env:
        argv = [postgres.program("psql"), *(args or ["postgres"])]
        return processes.run(argv, env=env)


def _bench(args: list[str]) -> int:
    if not args:
        raise DevError("which benchmark? ./dev bench NAME")
    return bench.bench(args[0], args[1:])


_PASSED_ON = {
    "odoo": _odoo,
    "psql": _psql,
    "bench": _bench,
    "screenshots": screenshots.screenshots,
    "readme": readme.readme,
}
