"""`./dev demo`: a classified database and a web server on it."""

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from . import databases, ports
from .console import DevError, say, step
from .locks import exclusive
from .odoo import Session, session
from .paths import DEMO_APPS, LOGS, ROOT, TEST_ADDONS, TOOLS, demo_modules

DATABASE = "demo"
_PREFIX = "customer_classification"
_IGNORED = ("tests", "__pycache__", "readme")


def demo(serve: bool = True, path: str | None = None) -> int:
    """Prepare the demo database, show its classes, serve it until Ctrl-C."""
    say("Odoo 19 and PostgreSQL ...")
    with session(path) as odoo:
        with exclusive(DATABASE):
            changed = _prepare(odoo)
            tables = _classify(odoo, changed)
        for table in tables:
            say("\n" + format_table(table))
        if serve:
            return _serve(odoo)
    return 0


def _modules() -> list[str]:
    modules = [name for name in demo_modules() if name.startswith(_PREFIX)]
    if not modules:
        raise DevError(f"{ROOT} has no addon {_PREFIX}")
    return modules


# The database


def _prepare(odoo: Session) -> bool:
    """Create the database or upgrade it to the addon's files.

    Return True if it changed.
    """
    state = files_digest(_addon_folders())
    if not databases.exists(odoo, DATABASE):
        _create(odoo)
    elif _recorded_state(odoo) != state:
        _upgrade(odoo)
    else:
        return False
    databases.sql(
        odoo,
        f"COMMENT ON DATABASE {DATABASE} IS {databases.literal(state)}",
    )
    return True


def _create(odoo: Session) -> None:
    """Install under another name and rename: a demo database is complete."""
    new = f"{DATABASE}_new"
    modules = [*_modules(), *DEMO_APPS, *databases.helpers_needed(odoo)]
    databases.database_from_template(odoo, new, modules, demo=True)
    databases.rename(odoo, new, DATABASE)


def _upgrade(odoo: Session) -> None:
    """Upgrade our modules, and install those that are new."""
    present = databases.installed(odoo, DATABASE)
    old = [name for name in _modules() if name in present]
    new = [name for name in (*_modules(), *DEMO_APPS) if name not in present]
    with step("The addon changed: upgrading the demo database") as progress:
        odoo.update(DATABASE, progress, install=new, upgrade=old, demo=True)


def _recorded_state(odoo: Session) -> str:
    query = (
        "SELECT shobj_description(oid, 'pg_database') FROM pg_database "
        f"WHERE datname = '{DATABASE}'"
    )
    return databases.sql(odoo, query)[0][0]


def _addon_folders() -> list[Path]:
    helpers = [path.parent for path in TEST_ADDONS.glob("*/__manifest__.py")]
    return [*(ROOT / name for name in _modules()), *sorted(helpers)]


def files_digest(folders: Iterable[Path]) -> str:
    """Return a digest of all files from which a database is made."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.is_file() and not set(inside.parts) & set(_IGNORED):
                digest.update(f"{folder.name}/{inside}\0".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


# The result


def _classify(odoo: Session, changed: bool) -> list[dict]:
    """Run the script in `odoo shell` and return the tables which it prints."""
    log = LOGS / f"{DATABASE}-classify.log"
    log.unlink(missing_ok=True)
    found: list[str] = []

    def on_line(line: str) -> None:
        if line.startswith("RESULT "):
            found.append(line.removeprefix("RESULT "))

    if changed:
        odoo.env["DEMO_PREPARE_PAGES"] = "1"
    script = (TOOLS / "demo_script.py").read_text()
    title = "Classifying the customers" + (", preparing the pages" if changed else "")
    with step(title):
        args = ("shell", "-d", DATABASE, "--no-http")
        code = odoo.stream(*args, on_line=on_line, log=log, stdin=script)
    if code or not found:
        raise DevError(f"the customers could not be classified: see {log}")
    return json.loads(found[0])


def format_table(table: dict) -> str:
    """Return a company's table: stages down, value tiers across."""
    cells = table["cells"]
    shown = {cell[0] for cell in cells}
    tiers = [t for t in (*table["tiers"], [False, "Not rated"]) if t[0] in shown]
    rows = [["", *(name for _id, name in tiers), "Total"]]
    for stage, name in (*table["stages"], [False, "No stage"]):
        inside = [cell for cell in cells if cell[1] == stage]
        if inside:
            rows.append(_row(name, inside, tiers, 2))
    rows.append(_row("Customers", cells, tiers, 2))
    rows.append(_row("Revenue", cells, tiers, 3))
    title = f"{table['company']}, as of {table['as_of']}, in {table['currency']}"
    if table["waits"]:
        title += " (so many would move that a manager has to approve the run first)"
    return title + "\n" + _aligned(rows)


def _row(name: str, cells: list, tiers: list, column: int) -> list[str]:
    """Add up one column of the cells, for each tier and for all."""
    sums = [sum(cell[column] for cell in cells if cell[0] == tier) for tier, _ in tiers]
    return [name, *map(_number, sums), _number(sum(sums))]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value else "-"


def _aligned(rows: list[list[str]]) -> str:
    """Set the first column left and the numbers right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(w) for cell, w in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    return "\n".join("  " + line for line in lines)


# The server


def _serve(odoo: Session) -> int:
    wanted = ports.wanted_port()
    port = ports.free_port(wanted)
    if port != wanted:
        say(f"\nPort {wanted} is taken, using {port}.")
    say("\nStarting the web server ...")
    with odoo.serve(DATABASE, port=port) as server, suppress(KeyboardInterrupt):
        say(f"Open       {server.url}")
        say("Log in     admin / admin   or, as a salesperson, demo / demo")
        say("Ctrl-C     ends it")
        return server.process.wait()
    return 0
