from contextlib import contextmanager
from functools import partial
from unittest.mock import patch

from psycopg2.errors import LockNotAvailable, UniqueViolation

from odoo import SUPERUSER_ID, api
from odoo.exceptions import UserError
from odoo.sql_db import db_connect
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import mute_logger

from ... import schema
from ...schema import Additions, add_foreign_keys, in_short, prepare, run_later

TABLES = ("schema_probe", "schema_other")
ADDED = Additions(
    columns={"schema_probe": {"name": "varchar DEFAULT 'none'", "other_id": "int4"}},
    indexed={"schema_probe": {"other_id": "btree_not_null"}},
    indexes={"schema_probe": {"name_index": "(name)"}},
    constraints={"schema_probe": {"check": "CHECK (id > 0)"}},
)


@tagged("post_install", "-at_install")
class TestSchema(BaseCase):
    """Tables are changed in short transactions of their own.

    They are tables of the test, which everybody sees. It has no transaction under way,
    for which an index would wait.
    """

    def setUp(self):
        super().setUp()
        self.addCleanup(self._drop_tables)
        self._drop_tables()
        for table in TABLES:
            self._apart(f"CREATE TABLE {table} (id serial PRIMARY KEY)")
        self._apart("INSERT INTO schema_probe DEFAULT VALUES")

    def _drop_tables(self):
        for table in TABLES:
            self._apart(f"DROP TABLE IF EXISTS {table} CASCADE")

    @property
    def _database(self):
        return get_db_name()

    def _apart(self, statement):
        """Execute a statement in a transaction of its own and return its rows."""
        with db_connect(self._database).cursor() as cr:
            cr.execute(statement)
            return cr.fetchall() if cr._obj.description else []

    @contextmanager
    def _used_by_others(self):
        """Somebody writes a row and does not commit."""
        with db_connect(self._database).cursor() as cr:
            cr.execute("INSERT INTO schema_probe DEFAULT VALUES")
            yield cr

    def _prepare(self):
        with db_connect(self._database).cursor() as cr:
            prepare(api.Environment(cr, SUPERUSER_ID, {}), ADDED)

    def _indexes(self):
        rows = self._apart(
            "SELECT c.relname, i.indisvalid FROM pg_index i"
            " JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE i.indrelid = 'schema_probe'::regclass AND NOT i.indisprimary"
        )
        return dict(rows)

    def test_what_is_missing_is_made(self):
        self._prepare()
        self.assertEqual(
            self._apart("SELECT name, other_id FROM schema_probe"), [("none", None)]
        )
        self.assertEqual(
            self._indexes(),
            {"schema_probe__other_id_index": True, "schema_probe_name_index": True},
        )

    def test_it_is_made_once(self):
        self._prepare()
        before = self._apart("SELECT max(oid::bigint) FROM pg_class")
        self._prepare()
        self.assertEqual(self._apart("SELECT max(oid::bigint) FROM pg_class"), before)

    def test_an_unfinished_index_is_built_again(self):
        self._prepare()
        self._apart("DROP INDEX schema_probe_name_index")
        self._apart("INSERT INTO schema_probe (name) VALUES ('none')")
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            schema.alone(self._database, lambda cr: cr.execute(UNIQUE))
        self.assertFalse(self._indexes()["schema_probe_name_index"])
        self._prepare()
        self.assertTrue(self._indexes()["schema_probe_name_index"])

    def test_a_table_in_use_is_said_in_a_sentence(self):
        refused = self.assertRaisesRegex(UserError, "Nothing was changed")
        with self._used_by_others(), self._patience(2), refused:
            self._prepare()
        self.assertNotIn("name", self._columns())

    def test_others_wait_as_long_as_the_lock_is_waited_for(self):
        """Whoever comes after the change of a table stands behind it."""
        with self._used_by_others() as other, self._patience(1):
            other.execute("SELECT clock_timestamp()")
            [[begun]] = other.fetchall()
            with self.assertRaises(LockNotAvailable):
                in_short(self._database, partial(schema.run, CHANGE))
            other.execute("SELECT clock_timestamp()")
            [[ended]] = other.fetchall()
        self.assertLess((ended - begun).total_seconds(), 1)

    def test_it_is_tried_again(self):
        with self._used_by_others() as other:

            def free(seconds):
                other.commit()

            with patch.object(schema.time, "sleep", free):
                in_short(self._database, partial(schema.run, CHANGE))
        self.assertIn("late", self._columns())

    def _columns(self):
        return self._apart_columns("schema_probe")

    def _apart_columns(self, table):
        with db_connect(self._database).cursor() as cr:
            return schema._columns(cr, table)

    @contextmanager
    def _patience(self, tries):
        with patch.object(schema, "TRIES", tries), patch.object(schema, "PAUSE", 0):
            yield

    # After Odoo's transaction

    def _key(self, ondelete="set null", replaced=None):
        self._prepare()
        key = ("schema_probe", "other_id", "schema_other", "id", ondelete, replaced)
        add_foreign_keys(self._database, [(*key, None, None)])
        return self._apart(
            "SELECT convalidated FROM pg_constraint"
            " WHERE conrelid = 'schema_probe'::regclass AND contype = 'f'"
        )

    def test_a_foreign_key_is_added_and_valid(self):
        self.assertEqual(self._key(), [(True,)])

    def test_a_foreign_key_takes_the_place_of_another(self):
        self._key()
        name = "schema_probe_other_id_fkey"
        self.assertEqual(self._key("cascade", replaced=name), [(True,)])
        [(ondelete,)] = self._apart(
            "SELECT confdeltype FROM pg_constraint WHERE contype = 'f'"
            " AND conrelid = 'schema_probe'::regclass"
        )
        self.assertEqual(ondelete, "c")

    def test_a_foreign_key_binds_what_comes_whatever_is_there(self):
        self._prepare()
        self._apart("UPDATE schema_probe SET other_id = 99")
        with self.assertLogs(schema._logger, "WARNING") as logs:
            self.assertEqual(self._key(), [(False,)])
        self.assertIn("schema_probe.other_id", logs.output[-1])

    def test_what_is_dropped_waits_for_the_commit(self):
        statements = ["DROP TABLE schema_other"]
        with db_connect(self._database).cursor() as cr:
            run_later(cr, statements)
            self.assertTrue(self._apart_columns("schema_other"))
        # Odoo commits where the block ends.
        self.assertFalse(self._apart_columns("schema_other"))

    def test_what_is_undone_drops_nothing(self):
        with db_connect(self._database).cursor() as cr:
            run_later(cr, ["DROP TABLE schema_other"])
            cr.rollback()
        self.assertTrue(self._apart_columns("schema_other"))


UNIQUE = (
    "CREATE UNIQUE INDEX CONCURRENTLY schema_probe_name_index ON schema_probe (name)"
)
CHANGE = "ALTER TABLE schema_probe ADD COLUMN late int"
