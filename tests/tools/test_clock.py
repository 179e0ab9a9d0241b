"""`./dev test --day`: the clock, the library, and refusals."""

import os
import subprocess
import sys
import time
from datetime import datetime

import pytest

from tools import cli, clock, paths, run_tests
from tools.console import DevError


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("2028-02-29", datetime(2028, 2, 29, 10)),
        ("2026-12-31T23:30", datetime(2026, 12, 31, 23, 30)),
        ("2026-12-31 00:00", datetime(2026, 12, 31)),
    ],
)
def test_moment(text, start):
    assert clock.moment(text) == start


@pytest.mark.parametrize("text", ["2027-02-29", "tomorrow", "31.12.2026", ""])
def test_what_is_no_day(text):
    with pytest.raises(DevError, match="is no day: write it like 2028-02-29$"):
        clock.moment(text)


def test_library_of_this_system_or_how_to_get_it(tmp_path):
    with pytest.raises(DevError, match="apt-get install libfaketime") as caught:
        clock.library(tmp_path)
    assert "\n" not in str(caught.value)
    folder = tmp_path / "usr/lib/aarch64-linux-gnu/faketime"
    folder.mkdir(parents=True)
    (folder / "libfaketimeMT.so.1").touch()
    assert clock.library(tmp_path).parent == folder


@pytest.mark.skipif(
    paths.DAY_VARIABLE in os.environ, reason="has the clock of another day already"
)
def test_programs_started_one_after_the_other_have_one_clock_that_runs():
    try:
        library = clock.library()
    except DevError as error:
        pytest.skip(str(error))
    env = clock.variables(datetime(2028, 2, 29, 10), library)
    code = "import time; time.sleep(0.1); print(time.time(), time.monotonic())"
    moments = []
    for _time in range(2):
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True
        )
        moments.append([*map(float, done.stdout.split())])
        time.sleep(0.1)
    start = datetime(2028, 2, 29, 10).timestamp()
    assert moments[0][0] - start < 600
    assert moments[1][0] - moments[0][0] == pytest.approx(
        moments[1][1] - moments[0][1], abs=0.05
    )
    assert 0 < moments[0][1] - time.monotonic() + 600 < 600


def test_made_in_a_folder_of_its_own():
    code = "from tools import paths; print(paths.STATE, paths.MADE, paths.DOWNLOADS)"
    env = {paths.DAY_VARIABLE: "2028-02-29", "PYTHONPATH": str(paths.ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True
    )
    made = paths.ROOT / ".odoo"
    assert done.stdout.split() == [
        str(made / "day"),
        str(made),
        str(made / "downloads"),
    ]


def test_server_of_the_user_is_refused(monkeypatch):
    monkeypatch.setattr(clock, "library", lambda: paths.ROOT)
    monkeypatch.setenv("PGHOST", "db.example.com")
    with pytest.raises(DevError, match="unset PGHOST"):
        clock.start_again("2028-02-29", ["test"])


def test_command_starts_again_without_the_day(monkeypatch):
    seen = []
    monkeypatch.setattr(clock, "start_again", lambda *args: seen.append(args))
    monkeypatch.setattr(run_tests, "test", lambda what: 0)
    assert cli.main(["test", "--day", "2028-02-29", "engine"]) == 0
    assert seen == [("2028-02-29", ["test", "engine"])]
