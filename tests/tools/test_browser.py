"""A machine without a browser gets one or instructions, never a pass."""

import pytest

from tools import browser, run_tests
from tools.console import DevError
from tools.counts import Counts


@pytest.fixture
def bare(monkeypatch, tmp_path):
    """Set up a machine without Chromium; return the programs it starts."""
    for name in ("FOLDER", "BIN", "LOGS"):
        monkeypatch.setattr(browser, name, tmp_path / name)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setattr(browser.environment, "need", lambda *names: None)
    monkeypatch.setattr(browser.os, "getuid", lambda: 1000)
    programs = []

    def stream(argv, on_line, **options):
        programs.append([str(word) for word in argv])
        return 1

    monkeypatch.setattr(browser, "stream", stream)
    return programs


def make_program(path, code=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nexit {code}\n")
    path.chmod(0o755)


def playwright(monkeypatch, code=0):
    """Let Playwright's download succeed; the browser ends with a code."""

    def stream(argv, on_line, env, **options):
        folder = env["PLAYWRIGHT_BROWSERS_PATH"]
        make_program(browser.Path(folder, "chromium-1", "chrome-linux", "chrome"), code)
        return 0

    monkeypatch.setattr(browser, "stream", stream)


def test_one_of_the_machine_is_used(bare, monkeypatch, tmp_path):
    make_program(tmp_path / "usr" / "chromium")
    monkeypatch.setenv("PATH", str(tmp_path / "usr"))
    assert browser.need() == str(tmp_path / "usr" / "chromium")
    assert bare == []


def test_playwright_downloads_one_and_odoo_finds_it(bare, monkeypatch):
    playwright(monkeypatch)
    assert browser.need() == str(browser.BIN / "chromium")
    assert str(browser.BIN) in browser.os.environ["PATH"]


def test_one_that_lacks_libraries_is_none(bare, monkeypatch):
    playwright(monkeypatch, code=127)
    with pytest.raises(DevError, match="apt-get install chromium"):
        browser.need()


def test_nothing_is_installed_for_who_is_not_root(bare):
    with pytest.raises(DevError, match="tests in a browser cannot run"):
        browser.need()
    assert [words[2] for words in bare] == ["playwright"]


def test_root_gets_debians_package(bare, monkeypatch, tmp_path):
    monkeypatch.setattr(browser.os, "getuid", lambda: 0)
    make_program(tmp_path / "nothing" / "apt-get")

    def stream(argv, on_line, **options):
        if argv[-1] == "chromium" and argv[0] == "apt-get":
            make_program(tmp_path / "nothing" / "chromium")
        return 1  # a source out of reach, a font that is not there

    monkeypatch.setattr(browser, "stream", stream)
    assert browser.need() == str(tmp_path / "nothing" / "chromium")


def test_tests_without_a_browser_are_no_pass(bare, monkeypatch, capsys):
    monkeypatch.setattr(run_tests, "_run", lambda target: Counts(passed=3, skipped=2))
    monkeypatch.setattr(run_tests.environment, "need", lambda *names: None)
    assert run_tests.test(["odoo"]) == 1
    text = capsys.readouterr().out
    assert "tests in a browser did not run: no Chromium here" in text
    assert text.endswith("3 passed, 1 failed, 2 skipped\n")


def test_others_need_none(bare, monkeypatch):
    monkeypatch.setattr(run_tests, "_run", lambda target: Counts(passed=3))
    monkeypatch.setattr(run_tests.environment, "need", lambda *names: None)
    assert run_tests.test(["engine", "tools", "tests/tools/test_cli.py"]) == 0
    assert bare == []


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("odoo", True),
        ("setup", False),
        ("odoo-rest", True),
        ("all-apps", True),
        ("tests/outside/test_browser.py::test_contacts", True),
        ("customer_classification/tests/test_tours.py", True),
        ("customer_classification/tests/engine", False),
    ],
)
def test_which_tests_look_at_screens(target, expected):
    assert run_tests._uses_browser(target) == expected
