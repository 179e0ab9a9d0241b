"""Changes of Odoo's tables in short transactions of their own.

Odoo installs, upgrades and uninstalls a module in one transaction: whatever table it
changes, or refers to by a new foreign key, is closed until all views, data and
translations are there. So columns, indexes and constraints on Odoo's tables are made
before it, foreign keys after it, and what an uninstallation drops goes after it.

An installation that fails leaves empty columns and indexes, which the next one finds. A
process that is killed between Odoo's transaction and those after it leaves tables
without their foreign keys, which the next upgrade adds, or empty tables behind an
uninstallation.
"""

import logging
import time
from dataclasses import dataclass, field
from functools import partial

from psycopg2.errors import DeadlockDetected, LockNotAvailable

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.sql_db import db_connect
from odoo.tools import SQL
from odoo.tools.sql import (
    constraint_definition,
    get_foreign_keys,
    index_definition,
    make_index_name,
)

_logger = logging.getLogger(__name__)

ADDONS = "customer_classification"  # this one and its glue addons
# Others wait for us at most so long, each time that we wait for them.
WAIT, PAUSE, TRIES = "300ms", 0.2, 150


@dataclass(frozen=True)
class Additions:
    """Additions of an addon to tables of Odoo, by table.

    :ivar columns: ``{column: type with its default}``
    :ivar indexed: ``{column: kind of index}``
    :ivar indexes: ``{name: definition}``, as attributes of the models
    :ivar constraints: ``{name: definition}``, as attributes of the models
    """

    columns: dict = field(default_factory=dict)
    indexed: dict = field(default_factory=dict)
    indexes: dict = field(default_factory=dict)
    constraints: dict = field(default_factory=dict)


def prepare(env, additions, without=()):
    """Make what is missing on Odoo's tables, before Odoo's transaction.

    Commits: Odoo has done nothing for the module yet, and a lock that it holds would be
    waited for in vain.

    :param without: names of columns that Odoo is to make and fill
    """
    cr = env.cr
    cr.commit()  # pylint: disable=invalid-commit  # by intent, see above
    try:
        _add(cr.dbname, additions, without)
        run_later(cr, in_short(cr.dbname, partial(_defaults, additions.columns)))
    except LockNotAvailable as error:
        raise UserError(
            env._(
                "A table of Odoo is being used without a break. Nothing was changed;"
                " please try again when fewer people are working."
            )
        ) from error


def _add(database, additions, without):
    for table, columns in additions.columns.items():
        wanted = {name: columns[name] for name in columns if name not in without}
        _add_columns(database, table, wanted)
    for table, constraints in additions.constraints.items():
        for name, definition in constraints.items():
            in_short(database, partial(_replace_constraint, table, name, definition))
    _add_indexes(database, additions)


def is_of_addons(module):
    """Return whether a module is this addon or one of its glue addons."""
    return (module or "").startswith(ADDONS)


# Short transactions


def in_short(database, work):
    """Run ``work(cr)`` in a transaction that never waits long for a lock.

    Whoever comes after it would wait as long.
    """
    for left in reversed(range(TRIES)):
        try:
            with db_connect(database).cursor() as cr:
                cr.execute(SQL("SELECT set_config('lock_timeout', %s, true)", WAIT))
                return work(cr)
        except (LockNotAvailable, DeadlockDetected):
            if not left:
                raise
            time.sleep(PAUSE)


def run(statement, cr):
    """Execute a statement; a lock that is not had is no error in the log."""
    cr.execute(statement, log_exceptions=False)


# Before Odoo's transaction


def _add_columns(database, table, columns):
    """Add the missing columns of a table at once, without writing rows.

    Defaults fill the rows that there are, and new ones until Odoo knows the columns.
    """
    with db_connect(database).cursor() as cr:
        missing = columns.keys() - _columns(cr, table)

    def work(cr):
        if missing:
            new = [name for name in columns if name in missing]
            run(_alter(table, [_added(name, columns[name]) for name in new]), cr)
        if "parent_path" in columns:
            run(SQL(ROOTS, table=SQL.identifier(table)), cr)

    in_short(database, work)


# Rows from before the tree.
ROOTS = """
UPDATE %(table)s SET parent_path = id || '/'
 WHERE parent_path IS NULL AND parent_id IS NULL
"""


def _defaults(columns, cr):
    """Return statements that drop defaults, which Odoo's columns do not have."""
    cr.execute(
        SQL(
            """
            SELECT r.relname, array_agg(a.attname) FROM pg_attribute a
              JOIN pg_class r ON r.oid = a.attrelid
             WHERE a.atthasdef AND r.relnamespace = current_schema::regnamespace
               AND (r.relname, a.attname) IN %s
             GROUP BY r.relname
            """,
            tuple((table, name) for table in columns for name in columns[table])
            or ((None, None),),
        )
    )
    return [
        _alter(table, [_without_default(name) for name in names])
        for table, names in cr.fetchall()
    ]


def _columns(cr, table):
    cr.execute(
        SQL(
            """
            SELECT attname FROM pg_attribute
             WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
            """,
            table,
        )
    )
    return {name for (name,) in cr.fetchall()}


def _alter(table, actions):
    return SQL("ALTER TABLE %s %s", SQL.identifier(table), SQL(", ").join(actions))


def _added(name, kind):
    return SQL("ADD COLUMN %s %s", SQL.identifier(name), SQL(kind))


def _without_default(name):
    return SQL("ALTER COLUMN %s DROP DEFAULT", SQL.identifier(name))


def _replace_constraint(table, name, definition, cr):
    """Make a constraint as Odoo does, with its definition as comment."""
    name = f"{table}_{name}"
    if constraint_definition(cr, table, name) == definition:
        return
    names = {"table": SQL.identifier(table), "name": SQL.identifier(name)}
    for statement in (
        SQL("ALTER TABLE %(table)s DROP CONSTRAINT IF EXISTS %(name)s", **names),
        SQL(
            "ALTER TABLE %(table)s ADD CONSTRAINT %(name)s %(definition)s",
            definition=SQL(definition),
            **names,
        ),
        SQL(
            "COMMENT ON CONSTRAINT %(name)s ON %(table)s IS %(comment)s",
            comment=definition,
            **names,
        ),
    ):
        run(statement, cr)


# Indexes


def _add_indexes(database, additions):
    """Build missing indexes while others write.

    Outside of transactions, as PostgreSQL wants it.
    """
    with db_connect(database).cursor() as cr:
        missing = [index for index in _wanted(additions) if _is_missing(cr, *index)]
    if missing:
        alone(database, partial(_build, missing))


def alone(database, work):
    """Run ``work(cr)`` with a commit after each statement."""
    with db_connect(database).cursor() as cr:
        cr.rollback()
        cr._cnx.autocommit = True
        try:
            work(cr)
        finally:
            cr._cnx.autocommit = False


def _wanted(additions):
    """Yield table, name, definition and comment of each index."""
    for table, columns in additions.indexed.items():
        for column, kind in columns.items():
            where = f' WHERE "{column}" IS NOT NULL' if kind == "btree_not_null" else ""
            name = make_index_name(table, column)
            yield table, name, f'USING btree ("{column}"){where}', None
    for table, indexes in additions.indexes.items():
        for name, definition in indexes.items():
            yield table, f"{table}_{name}", definition, f"INDEX {definition}"


def _is_missing(cr, table, name, definition, comment):
    """Return whether an index is missing, another one or unfinished."""
    found, its_comment = index_definition(cr, name)
    if not found:
        return True
    cr.execute(
        SQL("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", name)
    )
    [valid] = cr.fetchone()
    return not valid or bool(comment and its_comment and its_comment != comment)


def _build(indexes, cr):
    for table, name, definition, comment in indexes:
        names = {"table": SQL.identifier(table), "name": SQL.identifier(name)}
        cr.execute(SQL("DROP INDEX CONCURRENTLY IF EXISTS %(name)s", **names))
        cr.execute(
            SQL(
                "CREATE INDEX CONCURRENTLY %(name)s ON %(table)s %(definition)s",
                definition=SQL(definition),
                **names,
            )
        )
        if comment:
            cr.execute(
                SQL("COMMENT ON INDEX %(name)s IS %(text)s", text=comment, **names)
            )


# After Odoo's transaction


def add_foreign_keys(database, keys):
    """Add foreign keys, each in two short transactions.

    The first one binds what is written from then on, the second one looks at the rows
    that there are, while others write.

    :param keys: ``[(table, column, table, column, what on deleting, name of the key
        that it replaces, if any, model and module of Odoo's note of it, if any)]``
    """
    for *key, model, module in keys:
        table = key[0]

        def work(cr, key=key, model=model, module=module):
            _add_foreign_key(*key, cr)
            if module:
                _note_foreign_key(*key[:5], model, module, cr)

        added = _tried(database, work)
        if not (added and _tried(database, partial(_validate_foreign_keys, table))):
            _logger.warning("Foreign key of %s.%s: an upgrade tries again", *key[:2])


def _add_foreign_key(table, column, other, other_column, ondelete, replaced, cr):
    action = SQL(
        "ADD FOREIGN KEY (%s) REFERENCES %s (%s) ON DELETE %s NOT VALID",
        *map(SQL.identifier, (column, other, other_column)),
        SQL(ondelete),
    )
    dropped = [SQL("DROP CONSTRAINT %s", SQL.identifier(replaced))] if replaced else []
    run(_alter(table, [*dropped, action]), cr)


def _note_foreign_key(table, column, other, other_column, ondelete, model, module, cr):
    """Note a key as Odoo does where it adds one itself."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    [name, *__] = get_foreign_keys(cr, table, column, other, other_column, ondelete)
    notes = env["ir.model.constraint"]
    notes._reflect_constraint(env[model], name, "f", None, module)


def _validate_foreign_keys(table, cr):
    cr.execute(
        SQL(
            """
            SELECT conname FROM pg_constraint
             WHERE contype = 'f' AND NOT convalidated AND conrelid = to_regclass(%s)
            """,
            table,
        )
    )
    for (name,) in cr.fetchall():
        names = map(SQL.identifier, (table, name))
        run(SQL("ALTER TABLE %s VALIDATE CONSTRAINT %s", *names), cr)


def _tried(database, work):
    """Run work in a short transaction and return whether it succeeded.

    Odoo's transaction is over: what fails stops only itself.
    """
    try:
        in_short(database, work)
    except Exception:
        _logger.warning("A change of the database failed", exc_info=True)
        return False
    return True


def run_later(cr, statements):
    """Run statements after Odoo's transaction, each in a short one."""
    for statement in statements:
        cr.postcommit.add(partial(_tried, cr.dbname, partial(run, statement)))
