"""The addons as wheels: found by an Odoo without an addons path.

They are in its Python.
"""

import os
import subprocess
import zipfile

import pytest
from odoo_commands import ADDON, complaints, connect, query, shell

from tools import environment
from tools.odoo import Session
from tools.paths import PYTHON, ROOT, TEST_ADDONS, manifest, repository_modules

# Only a build needs it.
LEFT_OUT = "pyproject.toml"


def _pip(*args):
    command = [PYTHON, "-m", "pip", "--disable-pip-version-check", *args]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    """`{addon: its wheel}`, built as `pip wheel ./ADDON` does, offline."""
    environment.need("lint")
    folder = tmp_path_factory.mktemp("wheels")
    names = repository_modules()
    sources = [f"./{name}" for name in names]
    _pip(
        "wheel", "--no-deps", "--no-build-isolation", f"--wheel-dir={folder}", *sources
    )
    found = {name: [*folder.glob(f"odoo_addon_{name}-*.whl")] for name in names}
    assert all(len(paths) == 1 for paths in found.values()), found
    return {name: path for name, [path] in found.items()}


@pytest.fixture(scope="module")
def site(wheels, tmp_path_factory):
    """Return a folder of Python packages with nothing but the wheels."""
    folder = tmp_path_factory.mktemp("site")
    _pip("install", "--no-deps", f"--target={folder}", *wheels.values())
    return folder


@pytest.fixture(scope="module")
def wheel_session(session, site):
    """Return an Odoo with the wheels in its Python.

    Its addons path does not have our folder.
    """
    own = Session(session.odoo, session.pg)
    path = [str(site), own.env.get("PYTHONPATH", "")]
    own.env["PYTHONPATH"] = os.pathsep.join(filter(None, path))
    return own


@pytest.fixture(scope="module")
def addons_path(session):
    """The option of Odoo's command line: its own addons and our test helpers."""
    return "--addons-path=" + ",".join(map(str, (TEST_ADDONS, *session.odoo.addons)))


def _metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        return archive.read(name).decode()


@pytest.mark.parametrize("name", repository_modules())
def test_each_file_is_in_the_wheel(name, site):
    command = ["git", "ls-files", "-z", name]
    listed = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    files = [path for path in listed.stdout.split("\0") if path]
    assert f"{name}/static/description/icon.png" in files
    for path in files:
        installed = site / "odoo" / "addons" / path
        if path == f"{name}/{LEFT_OUT}":
            assert not installed.exists()
        else:
            assert installed.read_bytes() == (ROOT / path).read_bytes(), path


def test_data_of_all_kinds_is_there(site):
    installed = site / "odoo" / "addons" / ADDON
    kinds = ("data/*.xml", "i18n/zh_CN.po", "migrations/*/*.py", "security/*.csv")
    kinds += ("static/src/**/*.js", "static/src/**/*.xml", "static/xls/*.xlsx")
    for kind in kinds:
        assert [*installed.glob(kind)], kind


@pytest.mark.parametrize("name", repository_modules())
def test_metadata(name, wheels):
    text = _metadata(wheels[name])
    version = manifest(ROOT / name)["version"]
    assert f"\nVersion: {version}" in text
    assert "\nRequires-Dist: odoo==19.0.*\n" in text
    needs = "pandas>=1.5" if name == ADDON else f"odoo-addon-{ADDON}"
    assert f"\nRequires-Dist: {needs}" in text
    assert "\nAuthor: Customer Classification contributors\n" in text


def test_odoo_finds_and_installs_it(wheel_session, bare_database, addons_path, site):
    assert complaints(wheel_session, bare_database, addons_path, "-i", ADDON) == []
    connection = connect(wheel_session, bare_database)
    states = dict(
        query(
            connection,
            "SELECT name, state FROM ir_module_module WHERE name LIKE %s",
            f"{ADDON}%",
        )
    )
    connection.close()
    # Odoo knows all of the wheels, and installs the glue whose app is there.
    assert states.keys() == {*repository_modules()}
    assert states[ADDON] == "installed"
    assert states[f"{ADDON}_privacy_lookup"] == "installed"
    assert states[f"{ADDON}_stock"] == "uninstalled"
    place = shell(wheel_session, bare_database, "where_from.py", addons_path)
    assert place == {"module": str(site / "odoo" / "addons" / ADDON)}
