"""The command line: accepted arguments, and clear lines for errors.

Each expected error is one line.
"""

import errno
import subprocess
import sys

import pytest

from tools import bench, cli, console, paths, run_tests
from tools.console import DevError


def test_bare_command_lists_every_command(capsys):
    assert cli.main([]) == 0
    listed = capsys.readouterr().out
    for name in "demo test lint bench screenshots odoo shell psql db clean".split():
        assert f"\n  {name} " in listed


def test_every_line_of_the_list_fits_a_terminal():
    assert max(map(len, cli._USAGE.splitlines())) <= 88


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["demo"], {"no_serve": False, "odoo": None}),
        (["demo", "--no-serve", "--odoo", "/x"], {"no_serve": True, "odoo": "/x"}),
        (["test", "engine", "odoo"], {"what": ["engine", "odoo"]}),
        (["test", "--day", "2028-02-29"], {"day": "2028-02-29", "what": []}),
        (["db", "x"], {"name": "x", "demo": False, "install": "base"}),
        (["db", "x", "--demo", "--install", "sale,crm"], {"install": "sale,crm"}),
        (["shell"], {"database": "demo"}),
        (["clean", "--all"], {"all": True}),
    ],
)
def test_arguments(argv, expected):
    args = vars(cli.parser().parse_args(argv))
    assert {name: args[name] for name in expected} == expected


def test_unknown_command_is_refused():
    with pytest.raises(SystemExit):
        cli.main(["nonsense"])


def test_arguments_of_odoo_are_passed_on(monkeypatch):
    seen = []
    monkeypatch.setitem(cli._PASSED_ON, "odoo", lambda args: seen.append(args) or 0)
    assert cli.main(["odoo", "--help", "-d", "x"]) == 0
    assert seen == [["--help", "-d", "x"]]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (DevError("do this"), "do this"),
        (DevError("pip: No space left on device"), "the disk is full"),
        (OSError(errno.ENOSPC, "No space", "/x/y"), "the disk is full (/x/y)"),
        (PermissionError(errno.EACCES, "no", "/x"), "no permission to write (/x)"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
    ],
)
def test_expected_trouble_is_one_line(monkeypatch, capsys, error, sentence):
    def fail(args):
        raise error

    monkeypatch.setitem(cli._PASSED_ON, "odoo", fail)
    assert cli.main(["odoo"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"dev: {sentence}")


def test_interrupt_ends_without_traceback(monkeypatch, capsys):
    def interrupt(args):
        raise KeyboardInterrupt

    monkeypatch.setitem(cli._PASSED_ON, "odoo", interrupt)
    assert cli.main(["odoo"]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_unknown_benchmark_names_the_known_ones(monkeypatch, tmp_path):
    (tmp_path / "full_run.py").touch()
    (tmp_path / "__init__.py").touch()
    monkeypatch.setattr(bench, "FOLDER", tmp_path)
    with pytest.raises(DevError, match="choose from full-run$"):
        bench.bench("nonsense", [])


def test_unknown_test_kind_is_refused_before_any_test_runs():
    with pytest.raises(DevError, match="neither a kind"):
        run_tests.targets(["engine", "nonsense"])
    assert run_tests.targets([]) == list(run_tests.KINDS)


def test_old_python_gets_one_line():
    code = (
        "import sys, runpy; sys.version_info = (3, 9, 2, 'final', 0);"
        f"runpy.run_path({str(paths.ROOT / 'dev')!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        "dev: needs Python 3.10 to 3.13, this is 3.9: run it as `python3.12 dev ...`\n"
    )


def test_progress_prints_whole_lines_where_no_terminal_is(capsys):
    progress = console.Progress("Loading")
    progress._next = 0
    progress.show("1/3 base")
    progress.show("2/3 web")  # too soon after the first
    progress.done()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Loading 1/3 base"
    assert lines[1].startswith("Loading done (")
    assert len(lines) == 2
