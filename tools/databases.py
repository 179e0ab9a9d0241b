"""Databases with file store: create, copy, drop, cache of templates.

Installing the modules that our addon depends on takes minutes, copying a database a
second. So the dependencies are installed once into a template, keyed by the build of
Odoo and the list of modules; our own addons are then installed into a copy of it:

    from tools import databases, odoo
    with odoo.session() as session:
        databases.database_from_template(session, "name", ["customer_classification"])
"""

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from . import postgres, processes
from .console import DevError, step
from .locks import exclusive
from .odoo import Session
from .paths import DATA, STATE, TEST_ADDONS, manifest, repository_modules

_KEPT_TEMPLATES = 8
_STRIPPED_FILE = "static/lib/selfie_segmentation/selfie_segmentation.js"


# SQL by psql: `./dev` itself has no packages


def sql(
    session: Session, statement: str, database: str = "postgres"
) -> list[list[str]]:
    """Run SQL and return its rows as text."""
    argv = [postgres.program("psql"), "-XqAt", "-F", "\t", "-v", "ON_ERROR_STOP=1"]
    text = processes.output([*argv, "-d", database, "-c", statement], env=session.pg)
    return [line.split("\t") for line in text.splitlines()]


def quoted(name: str) -> str:
    """Return an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def exists(session: Session, name: str) -> bool:
    """Is there a database of this name?"""
    query = f"SELECT 1 FROM pg_database WHERE datname = {literal(name)}"
    return bool(sql(session, query))


def filestore(name: str) -> Path:
    """Return the folder with the files of a database."""
    return DATA / "filestore" / name


def drop(session: Session, name: str) -> None:
    """Remove a database and its files, also while somebody is connected."""
    sql(session, f"DROP DATABASE IF EXISTS {quoted(name)} WITH (FORCE)")
    shutil.rmtree(filestore(name), ignore_errors=True)


def create(session: Session, name: str) -> None:
    """Create an empty database, ordered by code point as Odoo itself does."""
    options = "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C'"
    sql(session, f"CREATE DATABASE {quoted(name)} {options}")


def copy(session: Session, source: str, target: str) -> None:
    """Copy a database that nobody is connected to."""
    sql(session, f"CREATE DATABASE {quoted(target)} TEMPLATE {quoted(source)}")
    if filestore(source).exists():
        shutil.rmtree(filestore(target), ignore_errors=True)
        # Odoo never changes a stored file, so both databases can share them.
        shutil.copytree(filestore(source), filestore(target), copy_function=os.link)


def rename(session: Session, source: str, target: str) -> None:
    """Rename a database that nobody is connected to."""
    if filestore(source).exists():
        shutil.rmtree(filestore(target), ignore_errors=True)
        filestore(source).rename(filestore(target))
    sql(session, f"ALTER DATABASE {quoted(source)} RENAME TO {quoted(target)}")


def installed(session: Session, name: str) -> set[str]:
    """Return the names of the modules installed in a database."""
    query = "SELECT name FROM ir_module_module WHERE state = 'installed'"
    return {row[0] for row in sql(session, query, name)}


# Modules


def foreign_dependencies(session: Session, modules: Iterable[str]) -> list[str]:
    """Return the modules of Odoo itself which these modules ask for."""
    ours = {*repository_modules(), *_helpers()}
    todo, seen, foreign = list(modules), set(), set()
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        if name not in ours:
            foreign.add(name)
        elif path := session.module_path(name):
            todo += manifest(path).get("depends", [])
    return sorted(foreign | {"base"})


def _helpers() -> list[str]:
    return [path.parent.name for path in TEST_ADDONS.glob("*/__manifest__.py")]


def helpers_needed(session: Session) -> list[str]:
    """Return the test helpers that this build of Odoo needs in the browser."""
    mail = session.module_path("mail")
    broken = mail and not (mail / _STRIPPED_FILE).exists()
    return ["debian_assets_fix"] if broken and "debian_assets_fix" in _helpers() else []


# Templates


def database_from_template(
    session: Session,
    name: str,
    modules: Sequence[str] = ("base",),
    demo: bool = False,
) -> None:
    """Make a fresh database with these modules; replaces one of the same name."""
    for module in modules:
        if not session.module_path(module):
            raise DevError(f"there is no module {module} on the addons path")
    foreign = foreign_dependencies(session, modules)
    template = _template_name(session, foreign, demo)
    with exclusive(template):
        if not _is_usable(session, template):
            _build_template(session, template, foreign, demo)
        drop(session, name)
        copy(session, template, name)
    _touch(template)
    own = [module for module in modules if module not in foreign]
    if own:
        with step(f"Database {name}: {', '.join(own)}") as progress:
            session.update(name, progress, install=own, demo=demo)


def _is_usable(session: Session, template: str) -> bool:
    """Is there this template, and is it of no later day than today?"""
    made = STATE / "templates" / template
    day = made.read_text().split("\n")[0] if made.exists() else ""
    is_later = day > date.today().isoformat()
    return not is_later and exists(session, template)


def _template_name(session: Session, modules: Sequence[str], demo: bool) -> str:
    key = repr((session.odoo.build, sorted(modules), demo))
    digest = hashlib.sha256(key.encode()).hexdigest()[:10]
    return f"template_{_kind(demo)}_{digest}"


def _kind(demo: bool) -> str:
    return "demo" if demo else "bare"


def _template_files() -> list[Path]:
    """Return the description files of all templates.

    Day, build, kind, modules, a line each.
    """
    return [*(STATE / "templates").glob("template_*")]


def _build_template(
    session: Session, name: str, modules: Sequence[str], demo: bool
) -> None:
    """Build a template under another name, then rename it when complete.

    If there is one with some of the modules, the build begins with a copy of it.
    """
    new = f"{name}_new"
    drop(session, new)
    if not _copy_smaller(session, modules, demo, new):
        create(session, new)
    kind = "with" if demo else "without"
    with step(f"Template database {kind} demo data ({len(modules)}+ modules)") as line:
        session.update(new, line, install=modules, demo=demo)
    sql(session, "VACUUM ANALYZE", new)
    drop(session, name)
    rename(session, new, name)
    _touch(name)
    made = [date.today().isoformat(), session.odoo.build, _kind(demo)]
    made += sorted(modules)
    (STATE / "templates" / name).write_text("\n".join(made))
    _forget_old(session)


def _copy_smaller(
    session: Session, modules: Sequence[str], demo: bool, new: str
) -> bool:
    """Copy the usable template that has most of these modules, and no other."""
    for smaller in _smaller_templates(session, modules, demo):
        # A build waits only for smaller templates: never in a circle.
        with exclusive(smaller):
            if _is_usable(session, smaller):
                copy(session, smaller, new)
                return True
    return False


def _smaller_templates(
    session: Session, modules: Sequence[str], demo: bool
) -> list[str]:
    """Return the templates with some of these modules, those with most first."""
    found = []
    for path in _template_files():
        _day, build, kind, *known = [*path.read_text().split("\n"), "", ""]
        known = {*filter(None, known)}
        same = (build, kind) == (session.odoo.build, _kind(demo))
        if same and known and known < {*modules}:
            found.append((len(known), path.name))
    return [name for _count, name in sorted(found, reverse=True)]


def _touch(template: str) -> None:
    folder = STATE / "templates"
    folder.mkdir(exist_ok=True)
    (folder / template).touch()


def _forget_old(session: Session) -> None:
    """Drop the templates that were not used for the longest time."""
    by_age = sorted(
        _template_files(), key=lambda path: path.stat().st_mtime, reverse=True
    )
    for path in by_age[_KEPT_TEMPLATES:]:
        with contextlib.suppress(DevError):
            drop(session, path.name)
        path.unlink(missing_ok=True)
