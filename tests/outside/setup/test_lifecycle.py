"""Install, use, upgrade and uninstall the core.

In this order, in one database without demo data.
"""

import pytest
from database_snapshot import differences, snapshot
from lock_watch import watched_locks
from odoo_commands import (
    ADDON,
    complaints,
    connect,
    query,
    shell,
    uninstall,
)

from tools.paths import core_modules, repository_modules

# Decisions and results of a company: must survive an upgrade unchanged.
KEPT = ("customer_profile", "customer_purchase", "classification_first_class")
KEPT += ("classification_policy", "classification_policy_tier", "classification_run")
KEPT += ("customer_rules", "product_rules", "campaign_rules")
KEPT += ("classification_run_result", "customer_value_tier")
KEPT += ("customer_lifecycle_stage", "product_profile", "product_class_change")


@pytest.fixture(scope="module")
def connection(session, bare_database):
    """A connection, closed before Odoo may want the database for itself."""
    connection = connect(session, bare_database)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def before(connection):
    """The database before anything of ours was in it."""
    return snapshot(connection)


@pytest.fixture(scope="module")
def closed():
    """Seconds for which tables were closed to writers, by step and table."""
    return {}


@pytest.fixture(scope="module")
def failed(session, bare_database, connection, before):
    """Return Odoo's complaints of an installation that cannot succeed.

    A view has the name of a table. Meanwhile somebody made a campaign and a tag.
    """
    query(connection, "CREATE VIEW customer_feedback AS SELECT 1 AS id")
    complained = complaints(session, bare_database, "-i", ADDON)
    query(connection, "DROP VIEW customer_feedback")
    shell(session, bare_database, "make_meanwhile.py")
    return complained


@pytest.fixture(scope="module")
def install(session, bare_database, failed, closed):
    """Return Odoo's complaints when it installs the core."""
    with watched_locks(session, bare_database) as closed["install"]:
        return complaints(session, bare_database, "-i", ",".join(core_modules()))


@pytest.fixture(scope="module")
def used(session, bare_database, install):
    """The addon has been used: customers, two dates, a draft, a filter."""
    return shell(session, bare_database, "use_everything.py")


@pytest.fixture(scope="module")
def upgrade(session, bare_database, connection, used, before, closed):
    """Return the contents before the upgrade, and Odoo's complaints."""
    contents = _contents(connection)
    with watched_locks(session, bare_database, before) as closed["upgrade"]:
        return contents, complaints(session, bare_database, "-u", ADDON)


@pytest.fixture(scope="module")
def uninstalled(session, bare_database, upgrade, before, closed):
    """Return Odoo's complaints when it uninstalls the addon."""
    with watched_locks(session, bare_database, before) as closed["uninstall"]:
        return uninstall(session, bare_database, ADDON)


def _contents(connection):
    """All rows of the addon's tables as text."""
    return {
        table: {row for (row,) in query(connection, f"SELECT t::text FROM {table} t")}
        for table in KEPT
    }


def test_a_failed_installation_leaves_only_columns(failed, install, connection):
    assert failed
    [(mode, goal, salt)] = query(
        connection,
        "SELECT campaign_audience_mode, campaign_goal, campaign_salt"
        " FROM utm_campaign WHERE title->>'en_US' = 'Meanwhile'",
    )
    assert (mode, goal) == ("frozen", "sales")
    assert salt
    [(tag, path, active, key)] = query(
        connection,
        "SELECT id, parent_path, active, tag_sort_key FROM product_tag"
        " WHERE name->>'en_US' = 'Meanwhile'",
    )
    assert (path, active) == (f"{tag}/", True)
    assert key
    query(connection, "DELETE FROM product_tag WHERE id = %s", tag)


def test_no_default_of_the_installation_is_left(install, connection):
    left = query(
        connection,
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE column_default IS NOT NULL AND (column_name LIKE 'campaign\\_%%'"
        " OR column_name LIKE 'customer\\_%%') AND table_name IN ('utm_campaign',"
        " 'res_company', 'res_country_group')",
    )
    assert not left


def test_install_without_demo_data(install, connection):
    assert install == []
    [(state, demo)] = query(
        connection, "SELECT state, demo FROM ir_module_module WHERE name = %s", ADDON
    )
    assert (state, demo) == ("installed", False)


def test_install_classifies_nobody_by_itself(install, connection):
    assert query(connection, "SELECT count(*) FROM customer_profile") == [(0,)]
    states = query(connection, "SELECT DISTINCT state FROM classification_policy")
    assert states == [("published",)]


def test_every_record_of_ours_has_an_external_id_of_ours(install, before, connection):
    """Every record of ours has an external id of ours.

    Else an uninstall cannot know that it is ours. Additions of other modules to our
    models carry their name, and ours in it.
    """
    # Odoo's Privacy Lookup is everywhere, and our glue to it comes along.
    ours = {*repository_modules(), "base"}
    new = snapshot(connection)["external id"] - before["external id"]
    strange = [
        name
        for name in new
        if name.split(".")[0] not in ours
        and not any(one in name for one in ("__classification_", "__customer_"))
    ]
    assert not strange, strange


def test_upgrade_keeps_everything(upgrade, connection):
    before_upgrade, complained = upgrade
    assert complained == []
    assert all(before_upgrade[table] for table in KEPT)
    after = _contents(connection)
    for table in KEPT:
        assert after[table] == before_upgrade[table], table


def test_uninstall_leaves_nothing_behind(uninstalled, before, connection):
    assert uninstalled == []
    left = differences(before, snapshot(connection))
    assert not left, "\n".join(left)


def test_tables_of_odoo_are_open_while_it_is_installed(install, closed):
    assert not _long(closed["install"])


def test_tables_of_odoo_are_open_while_it_is_upgraded(upgrade, closed):
    assert not _long(closed["upgrade"])


def test_tables_of_odoo_are_open_while_it_is_uninstalled(
    uninstalled, closed, connection
):
    # Where a module that extended them is gone, Odoo makes sure of this index and
    # closes the table until it has loaded all modules.
    rows = query(
        connection,
        "SELECT tablename FROM pg_indexes"
        " WHERE indexname LIKE '%analytic_distribution_accounts_gin_index'",
    )
    lines = {table for (table,) in rows}
    assert _long(closed["uninstall"]).keys() <= lines


def _long(closed):
    """Tables that were closed to writers longer than a second."""
    return {table: seconds for table, seconds in closed.items() if seconds > 1}
