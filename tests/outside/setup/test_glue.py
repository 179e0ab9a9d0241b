"""The glue addons beside the apps that they are made for.

They come by themselves, go alone, and go with the core, in this order, in one database
without demo data.
"""

import pytest
from database_snapshot import differences, snapshot
from odoo_commands import ADDON, complaints, connect, query, shell, uninstall

from tools.paths import glue_modules

GLUE = glue_modules()


@pytest.fixture(scope="module")
def connection(session, apps_database):
    """A connection, closed before Odoo may want the database for itself."""
    connection = connect(session, apps_database)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def before(connection):
    """The database with the apps, before anything of ours was in it."""
    return snapshot(connection)


@pytest.fixture(scope="module")
def install(session, apps_database, before):
    """Return Odoo's complaints when it installs and upgrades the core."""
    installed = complaints(session, apps_database, "-i", ADDON)
    shell(session, apps_database, "use_everything.py")
    return installed + complaints(session, apps_database, "-u", ADDON)


@pytest.fixture(scope="module")
def glue_uninstalled(session, apps_database, install):
    """Return Odoo's complaints when it uninstalls the glue alone."""
    return uninstall(session, apps_database, *GLUE)


@pytest.fixture(scope="module")
def core_uninstalled(session, apps_database, glue_uninstalled):
    """Return Odoo's complaints when glue and core are uninstalled.

    The glue is installed again before, and goes with the core.
    """
    back = complaints(session, apps_database, "-i", ",".join(GLUE))
    return back + uninstall(session, apps_database, ADDON)


def _states(connection):
    rows = query(
        connection,
        "SELECT name, state FROM ir_module_module WHERE name = ANY(%s)",
        [ADDON, *GLUE],
    )
    return dict(rows)


def test_glue_comes_with_the_core(install, connection):
    assert install == []
    assert _states(connection) == dict.fromkeys((ADDON, *GLUE), "installed")


def test_glue_goes_alone(glue_uninstalled, connection):
    assert glue_uninstalled == []
    gone = dict.fromkeys(GLUE, "uninstalled")
    assert _states(connection) == {ADDON: "installed", **gone}
    left = query(
        connection, "SELECT name FROM ir_model_data WHERE module = ANY(%s)", GLUE
    )
    assert not left
    noted = query(
        connection,
        """
        SELECT c.name FROM ir_model_constraint c
          JOIN ir_module_module m ON m.id = c.module WHERE m.name = ANY(%s)
        """,
        GLUE,
    )
    assert not noted


def test_core_takes_its_glue_along(core_uninstalled, before, connection):
    assert core_uninstalled == []
    assert set(_states(connection).values()) == {"uninstalled"}
    left = differences(before, snapshot(connection))
    assert not left, "\n".join(left)
