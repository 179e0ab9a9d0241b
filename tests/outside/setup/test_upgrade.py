"""From each earlier release to this one: what a company had stays, and the database
looks as if it had been installed today.

The releases come out of the repository's own history; where that is not at hand (a
copy without it), there is nothing to upgrade from.
"""

import subprocess

import pytest
from database_snapshot import differences, snapshot
from odoo_commands import ADDON, complaints, connect, query, shell, temporary_name

from tools import databases
from tools.paths import ROOT, TEST_ADDONS, core_modules

RELEASES = {
    "19.0.1.1.0": "3060f950679bd3b95df2e37852877a98d2acb2a5",
    "19.0.1.2.0": "dbb12eac8456b241654451b34d2871c369224c87",
    "19.0.1.3.0": "157967688c76897050618333f9dc4ebab96bc0cd",
}
# What a company has decided and learned.
KEPT = {
    "customer_profile": "partner_id, company_id, value_tier_id, lifecycle_stage_id",
    "customer_purchase": "reference, date, amount",
    "classification_change": "id, partner_id, axis, valid_date",
    "classification_policy": "id, name, state, window_months",
    "classification_run": "id, kind, state, as_of_date",
    "customer_value_tier": "id, code",
}
# Kinds of the snapshot that the use of a database changes, not its making.
USED = ("rows", "filter", "default", "file", "external id", "parameter", "sequence")

# A rule of the library, as somebody switched it on in the earlier release.
_LIBRARY_RULE = """
    (SELECT res_id FROM ir_model_data WHERE name = 'tag_rule_origin_online')
"""
_SWITCH_ON = f"""
    UPDATE classification_tag_rule SET state = 'running', active = TRUE
     WHERE id = {_LIBRARY_RULE}
"""
# A share that a run had found.
_MOVED = "UPDATE classification_run SET moved_customer_percent = 12.5"


def _archive(commit, folder):
    """Take the addon and what uses it out of the history."""
    command = ["git", "-C", ROOT, "archive", commit, ADDON, "tests/outside/scripts"]
    made = subprocess.run(command, capture_output=True, check=False)
    if made.returncode:
        pytest.skip("the history of the repository is not at hand")
    subprocess.run(["tar", "-x", "-C", folder], input=made.stdout, check=True)
    return folder


@pytest.fixture(scope="module", params=RELEASES)
def old(request, tmp_path_factory):
    """The folder with an earlier release."""
    return _archive(RELEASES[request.param], tmp_path_factory.mktemp("release"))


def _make_database(session, purpose):
    """A database with what the core depends on, without demo data."""
    name = temporary_name(purpose)
    foreign = databases.foreign_dependencies(session, core_modules())
    databases.database_from_template(session, name, foreign)
    return name


def _forget_our_modules(connection):
    """Let the database know no addon that came after the earlier release."""
    query(connection, "DELETE FROM ir_module_module WHERE name LIKE %s", f"{ADDON}%")
    query(
        connection,
        "DELETE FROM ir_model_data WHERE model = 'ir.module.module' AND name LIKE %s",
        f"module_{ADDON}%",
    )


@pytest.fixture(scope="module")
def upgraded_database(session, old):
    """One for each release."""
    name = _make_database(session, "upgrade")
    yield name
    databases.drop(session, name)


@pytest.fixture(scope="module")
def connection(session, upgraded_database):
    connection = connect(session, upgraded_database)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def used(session, upgraded_database, old, connection):
    """What stood in the database after the earlier release had been used."""
    path = f"--addons-path={old},{TEST_ADDONS}"
    _forget_our_modules(connection)
    assert complaints(session, upgraded_database, path, "-i", ADDON) == []
    script = old / "tests" / "outside" / "scripts" / "use_everything.py"
    shell(session, upgraded_database, script, path)
    if query(connection, "SELECT to_regclass('classification_tag_rule')")[0][0]:
        query(connection, _SWITCH_ON)
    query(connection, _MOVED)
    return _contents(connection)


@pytest.fixture(scope="module")
def words(used, connection):
    """The segment of each customer in the earlier release."""
    return _segments(connection, "rfm_segment FROM customer_profile f")


@pytest.fixture(scope="module")
def upgraded(session, upgraded_database, used, words):
    """What Odoo complains about when this release takes over."""
    return complaints(session, upgraded_database, "-u", ADDON)


@pytest.fixture(scope="module")
def fresh(session):
    """A snapshot of a database in which this release was installed."""
    name = _make_database(session, "fresh")
    assert complaints(session, name, "-i", ADDON) == []
    connection = connect(session, name)
    yield snapshot(connection)
    connection.close()
    databases.drop(session, name)


def _contents(connection):
    return {
        table: {*query(connection, f"SELECT {columns} FROM {table}")}
        for table, columns in KEPT.items()
    }


def _segments(connection, source):
    return {*query(connection, f"SELECT f.partner_id, f.company_id, {source}")}


def test_upgrade_keeps_what_was_known(used, upgraded, connection):
    assert upgraded == []
    assert all(used.values())
    assert _contents(connection) == used


def test_shares_of_runs_keep_their_values(used, upgraded, connection):
    """The field has another name."""
    moved = query(
        connection, "SELECT id FROM classification_run WHERE moved_percent = 12.5"
    )
    assert {row[0] for row in moved} == {row[0] for row in used["classification_run"]}
    names = query(
        connection,
        "SELECT name FROM ir_model_fields WHERE model = 'classification.run'"
        " AND name LIKE 'moved%percent'",
    )
    assert {*names} == {("moved_percent",), ("moved_revenue_percent",)}


def test_rules_of_the_library_run_on(upgraded, connection):
    """Somebody answers for the conditions that are ours."""
    [(state, person)] = query(
        connection,
        "SELECT state, responsible_id FROM classification_tag_rule"
        f" WHERE id = {_LIBRARY_RULE}",
    )
    assert state == "draft" or person not in (None, 1)


def test_segments_become_records(words, upgraded, connection):
    """Customers keep their word until the next run, and each policy has a map."""
    table = "customer_profile f LEFT JOIN customer_segment s ON s.id = f.segment_id"
    assert words
    assert _segments(connection, f"s.code FROM {table}") == words
    lines = "SELECT FROM classification_policy_segment s WHERE s.policy_id = p.id"
    missing = f"SELECT id FROM classification_policy p WHERE NOT EXISTS ({lines})"
    assert query(connection, missing) == []


def test_upgraded_is_like_new(upgraded, connection, fresh):
    found = snapshot(connection)
    made = [kind for kind in fresh if kind not in USED]
    left = differences(
        {kind: fresh[kind] for kind in made}, {kind: found[kind] for kind in made}
    )
    assert not left, "\n".join(left)
