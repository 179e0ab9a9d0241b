"""`./dev lint` runs the hooks of pre-commit, and reports failures."""

import re
import sys
import textwrap

import pytest

from tools import lint, node
from tools.lint import Check
from tools.paths import ROOT, TOOLS

CONFIG = (ROOT / ".pre-commit-config.yaml").read_text()
# Checks for files that must not exist have no program.
ONLY_NAMES = {"forbidden-files", "en-po-files", "obsolete-dotfiles"}


def python(code):
    return [sys.executable, "-c", code]


@pytest.fixture
def shown(capsys):
    return lambda: capsys.readouterr().out


def test_same_checks_as_pre_commit():
    hooks = set(re.findall(r"^ +- id: (\S+)$", CONFIG, re.MULTILINE))
    own = {check.name.split(" ")[0] for check in lint._checks()}
    own = own - {"pre-commit-hooks"} | lint._PRE_COMMIT_HOOKS.keys()
    assert hooks - ONLY_NAMES == own


def test_same_versions_as_pre_commit():
    pins = (TOOLS / "requirements-lint.txt").read_text().splitlines()
    package = (TOOLS / "node" / "package.json").read_text()
    pins += [
        f"{name}@{version}"
        for name, version in re.findall('"(.+)": "([0-9.]+)"', package)
    ]
    named = set(re.findall(r'"([^"]+(?:==|[a-z]@)[^"]+)"', CONFIG))
    assert len(named) > 10
    assert named <= {*pins}


def test_same_files_as_pre_commit():
    found = re.search(r"^exclude: \|\n((?:  .*\n)+)", CONFIG, re.MULTILINE)
    pattern = re.compile(textwrap.dedent(found[1]))
    for name in (
        "README.md",
        "customer_classification/static/description/index.html",
        "customer_classification/readme/USAGE.md",
        "LICENSE",
        "eslint.config.cjs",
        "docs/architecture.md",
        "customer_classification/views/menus.xml",
        "customer_classification/README.rst",
    ):
        assert bool(pattern.search(name)) == bool(lint.EXCLUDED.search(name)), name


def test_npm_packages_come_from_any_registry():
    """The lock has versions and hashes, and no address of a registry.

    The registry is the machine's affair.
    """
    lock = (TOOLS / "node" / "package-lock.json").read_text()
    assert '"integrity": "sha512-' in lock
    assert '"resolved"' not in lock


def test_all_run_also_after_a_failure(shown):
    checks = [
        Check("good", [python("print('quiet')")]),
        Check("bad", [python("print('what is wrong'); raise SystemExit(3)")]),
        Check("late", [python("")]),
    ]
    assert lint.run(checks, 2) == ["bad"]
    text = shown()
    assert "== good\n" in text and "== late\n" in text
    assert "== bad: FAILED\nwhat is wrong\n" in text
    assert "quiet" not in text


def test_one_failed_command_fails_its_check(shown):
    commands = [python("raise SystemExit(1)"), python("print('second')")]
    assert lint.run([Check("both", commands)], 1) == ["both"]
    assert "second" in shown()


def test_interrupted_checks_end(monkeypatch):
    def interrupted(seconds):
        raise KeyboardInterrupt

    started = []
    child = lint.processes.child
    monkeypatch.setattr(lint.time, "sleep", interrupted)
    monkeypatch.setattr(
        lint.processes,
        "child",
        lambda *args, **options: started.append(child(*args, **options)) or started[-1],
    )
    with pytest.raises(KeyboardInterrupt):
        lint.run([Check("long", [python("import time; time.sleep(60)")])], 2)
    assert len(started) == 1


def test_machine_without_network(monkeypatch, tmp_path):
    for name in ("LOGS", "FOLDER"):
        monkeypatch.setattr(node, name, tmp_path)
    monkeypatch.setattr(node, "_STAMP", tmp_path / "stamp")
    monkeypatch.setattr(node, "stream", lambda *args, **options: 1)
    with pytest.raises(lint.environment.DevError, match="npm_config_registry"):
        node._install()
    assert not (tmp_path / "stamp").exists()
