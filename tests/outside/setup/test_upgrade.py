"""Upgrades from each earlier release to this one.

A company's data stay, and the database looks as if it had been installed today.

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
    "19.0.1.4.0": "77e0d592f9535ac2439fceb3b1c462c8e013c317",
}
# Decisions and results of a company.
KEPT = {
    "customer_profile": "partner_id, company_id, value_tier_id, lifecycle_stage_id, "
    "churn_risk, policy_id, tier_below_since, revenue, value_score, content_hash",
    "product_profile": "product_tmpl_id, company_id, policy_id, content_hash",
    "campaign_profile": "campaign_id, company_id, policy_id, content_hash",
    "customer_purchase": "reference, date, amount",
    "classification_change": "id, partner_id, axis, valid_date, policy_id, cause, "
    "from_tier_id, to_tier_id",
    "classification_policy": "id, name, state, window_months",
    "classification_run": "id, kind, state, as_of_date, policy_id",
    "customer_value_tier": "id, code",
}
# Kinds of the snapshot that the use of a database changes, not its making.
USED = ("rows", "filter", "default", "file", "external id", "parameter", "sequence")

# One of the values that each version of the rules of a kind has.
SAID = {
    "customer": "grace_days",
    "product": "product_a_percent",
    "campaign": "campaign_attribution_days",
}

# A rule of the library, as somebody switched it on in the earlier release.
_LIBRARY_RULE = """
    (SELECT res_id FROM ir_model_data WHERE name = 'tag_rule_origin_online')
"""
_SWITCH_ON = f"""
    UPDATE classification_tag_rule SET state = 'running', active = TRUE
     WHERE id = {_LIBRARY_RULE}
"""
# A text of a stage that the company had changed, and the shipped Chinese ones of
# releases before 19.0.1.4.0, as if that language had been installed.
_OWN_TEXT = "Write a letter to them."
_EDIT_STAGES = f"""
    UPDATE customer_lifecycle_stage
       SET description = description || jsonb_build_object(
               'zh_CN', CASE code WHEN 'new' THEN '不久前首次购买。'
                                  ELSE '已经很久没有购买，预计不会再回来。' END)
           || CASE code WHEN 'lost' THEN jsonb_build_object('en_US', '{_OWN_TEXT}')
                        ELSE '{{}}' END
     WHERE code IN ('new', 'lost')
"""
# A share that a run had found.
_MOVED = "UPDATE classification_run SET moved_customer_percent = 12.5"


def _archive(commit, folder):
    """Extract the addon and its users from the history."""
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
    """Create a database with the core's dependencies, without demo data."""
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
    """Return the contents after the earlier release had been used."""
    path = f"--addons-path={old},{TEST_ADDONS}"
    _forget_our_modules(connection)
    assert complaints(session, upgraded_database, path, "-i", ADDON) == []
    script = old / "tests" / "outside" / "scripts" / "use_everything.py"
    shell(session, upgraded_database, script, path)
    shell(session, upgraded_database, "publish_versions.py", path)
    # Since 19.0.1.4.0 the user who switches on a rule on the screen is its responsible.
    tables = "to_regclass('classification_tag_rule'), to_regclass('customer_segment')"
    [(has_rules, has_persons)] = query(connection, f"SELECT {tables}")
    if has_rules and not has_persons:
        query(connection, _SWITCH_ON)
    query(connection, _MOVED)
    query(connection, _EDIT_STAGES)
    return _contents(connection)


@pytest.fixture(scope="module")
def words(used, connection):
    """The segment of each customer in the earlier release."""
    table = "customer_profile f"
    if query(connection, "SELECT to_regclass('customer_segment')")[0][0]:
        table += " LEFT JOIN customer_segment s ON s.id = f.segment_id"
        return _segments(connection, f"s.code FROM {table}")
    return _segments(connection, f"rfm_segment FROM {table}")


@pytest.fixture(scope="module")
def said(used, connection):
    """Return each policy's rules and tier lines in the earlier release."""
    known = _existing(connection, "classification_policy", ", ".join(SAID.values()))
    kinds = [kind for kind, name in SAID.items() if name in known.split(", ")]
    columns = ", ".join(f"p.{SAID[kind]}" for kind in kinds)
    return kinds, _said(connection, columns, "l.policy_id = p.id", "")


@pytest.fixture(scope="module")
def upgraded(session, upgraded_database, used, words, said):
    """Return Odoo's complaints when this release takes over."""
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


def _contents(connection, kept=None):
    """Return ``{(table, columns): rows}`` of the data to be kept.

    As far as a release has it.

    :param kept: the tables and columns, by default those that there are now
    """
    kept = kept or [
        (table, columns)
        for table, wanted in KEPT.items()
        if (columns := _existing(connection, table, wanted))
    ]
    return {
        (table, columns): {*query(connection, f"SELECT {columns} FROM {table}")}
        for table, columns in kept
    }


def _existing(connection, table, wanted):
    """Return the wanted columns that a table has, separated by commas."""
    known = query(
        connection,
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s",
        table,
    )
    names = [name for name in wanted.split(", ") if (name,) in known]
    return ", ".join(names)


def _segments(connection, source):
    return {*query(connection, f"SELECT f.partner_id, f.company_id, {source}")}


def _said(connection, columns, lines, joins):
    """``{(policy, values of its rules, its limits)}``"""
    limits = f"""
        ARRAY(SELECT l.tier_id || ':' || l."limit" FROM classification_policy_tier l
               WHERE {lines} ORDER BY l.tier_id)::text
    """
    source = f"SELECT p.id, {columns}, {limits} FROM classification_policy p {joins}"
    return {*query(connection, source)}


def test_rules_of_each_policy_say_what_it_said(said, upgraded, connection):
    kinds, before = said
    joins = "".join(
        f" JOIN {kind}_rules {kind} ON {kind}.id = p.{kind}_rules_id" for kind in SAID
    )
    columns = ", ".join(f"{kind}.{SAID[kind]}" for kind in kinds)
    assert len(before) == 7
    assert _said(connection, columns, "l.rules_id = customer.id", joins) == before


def test_one_record_for_each_version_that_differed(said, upgraded, connection):
    """Each version that differed has one record.

    Six were published, of which one was about each kind; and there is a draft.
    """
    differed = [(1, "retired"), (2, "published"), (3, "draft")]
    for kind in SAID:
        states = query(
            connection, f"SELECT version, state FROM {kind}_rules ORDER BY version"
        )
        same = [(1, "published"), (2, "draft")]
        assert states == (differed if kind in said[0] else same), kind


def test_upgrade_keeps_what_was_known(used, upgraded, connection):
    assert upgraded == []
    # The first releases had neither products nor campaigns.
    late = ("product_profile", "campaign_profile")
    assert all(rows for (table, __), rows in used.items() if table not in late)
    assert _contents(connection, used) == used


def test_shares_of_runs_keep_their_values(used, upgraded, connection):
    """The field has another name."""
    moved = query(
        connection, "SELECT id FROM classification_run WHERE moved_percent = 12.5"
    )
    runs = next(rows for (table, __), rows in used.items() if table.endswith("_run"))
    assert len(moved) == len(runs)
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
    lines = "SELECT FROM classification_policy_segment s WHERE s.rules_id = r.id"
    missing = f"SELECT id FROM customer_rules r WHERE NOT EXISTS ({lines})"
    assert query(connection, missing) == []


def test_shipped_texts_of_stages_are_of_today(upgraded, connection):
    """Shipped texts of stages are current after an upgrade.

    Each language for itself, and only texts that nobody edited.
    """
    source = "SELECT code, description ->> %s FROM customer_lifecycle_stage"
    english, chinese = (
        dict(query(connection, source, language)) for language in ("en_US", "zh_CN")
    )
    assert "longer ago than customers usually wait" in english["new"]
    assert english["dormant"] == "Has not bought for several times the own rhythm."
    assert english["lost"] == _OWN_TEXT
    assert chinese["new"].endswith("尚未超过客户的通常间隔。")
    assert chinese["lost"] == "未购买的时间已是自身购买节奏的许多倍。"


def test_upgraded_is_like_new(upgraded, connection, fresh):
    found = snapshot(connection)
    made = [kind for kind in fresh if kind not in USED]
    left = differences(
        {kind: fresh[kind] for kind in made}, {kind: found[kind] for kind in made}
    )
    # Odoo installs new glue by itself with the core, not with its upgrade.
    new = ("privacy_lookup", "spreadsheet_dashboard")
    left = [line for line in left if not any(name in line for name in new)]
    assert not left, "\n".join(left)


def test_nobody_moves_by_the_upgrade(upgraded, upgraded_database, session, request):
    """An upgrade moves nobody.

    A run on the same day moves nobody, and fills new columns of profiles once;
    releases before 19.0.1.4.0 worked out other numbers.
    """
    found = shell(session, upgraded_database, "recompute_after_upgrade.py")
    assert {state for state, *__ in found.values()} == {"done"}
    if "19.0.1.4.0" in request.node.name:
        assert {changes for __, changes, __ in found.values()} == {0}
        assert found["product"][2] == 0  # participants get the hashes of their touches
